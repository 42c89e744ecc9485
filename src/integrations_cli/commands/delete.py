"""`integrations delete`: delete one integration."""

from __future__ import annotations

import typer

from integrations_cli import catalogue
from integrations_cli.api.find import find
from integrations_cli.commands.options import Quiet, Reference, Yes, run_context
from integrations_cli.models import Integration
from integrations_cli.terminal.views import Text, View, integration_view


def delete(context: typer.Context, reference: Reference, yes: Yes = False, quiet: Quiet = False) -> View:
    """Delete an integration.

    The server does not give its credentials back.
    """
    run = run_context(context)
    run.require_confirmation(yes=yes)
    with run.api() as api:
        environment = api.environment()
        integration = find(reference, api.list(), environment)
        where = f" from {environment.name}" if environment is not None and environment.name else ""
        run.confirm(f"Delete {integration.identifier} ({_describe(integration)}){where}?", yes=yes)
        api.delete(integration.id)
    if integration.primary:
        run.render.hint(
            f"{integration.channel} has no primary integration now; choose one with: integrations set-primary REF"
        )
    deleted = Integration({**integration.raw, "deleted": True})
    return Text(deleted.id, json=deleted.id) if quiet else integration_view(deleted)


def _describe(integration: Integration) -> str:
    words = [integration.provider, integration.channel]
    if integration.primary:
        words.append("primary")
    elif integration.active:
        words.append("active")
    if integration.provider in catalogue.BUILT_IN:
        words.append("built into the service")
    return ", ".join(words)
