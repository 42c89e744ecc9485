"""`integrations delete`: one integration goes away for good."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli import catalogue
from integrations_cli.api.find import find
from integrations_cli.commands.options import Reference, run_context
from integrations_cli.context import RunContext
from integrations_cli.models import Integration
from integrations_cli.terminal.views import Text, View, integration_view


def delete(
    context: typer.Context,
    reference: Reference,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the _id alone.")] = False,
) -> View:
    """Delete an integration.

    Its credentials cannot be got back from the server.
    """
    return _delete(run_context(context), reference, yes=yes, quiet=quiet)


def _delete(run: RunContext, reference: str, *, yes: bool, quiet: bool) -> View:
    run.require_answer(yes=yes)
    with run.api() as api:
        environment = api.environment()
        integration = find(reference, api.list(), environment)
        where = f" from {environment.name}" if environment is not None and environment.name else ""
        question = f"Delete {integration.identifier} ({_described(integration)}){where}?"
        run.confirm(question, yes=yes)
        api.delete(integration.id)
    if integration.primary:
        run.render.hint(
            f"no integration of {integration.channel} is primary now; integrations set-primary makes one so"
        )
    gone = Integration({**integration.raw, "deleted": True})
    return Text(gone.id, json=gone.id) if quiet else integration_view(gone)


def _described(integration: Integration) -> str:
    words = [integration.provider, integration.channel]
    if integration.primary:
        words.append("the primary one")
    elif integration.active:
        words.append("active")
    if integration.provider in catalogue.BUILT_IN:
        words.append("it belongs to the service itself")
    return ", ".join(words)
