"""`integrations set-primary`: make an integration the primary one of its channel."""

from __future__ import annotations

import typer

from integrations_cli import catalogue
from integrations_cli.api.find import find
from integrations_cli.commands.options import Quiet, Reference, run_context
from integrations_cli.errors import RejectedError
from integrations_cli.terminal.views import Text, View, integration_view


def set_primary(context: typer.Context, reference: Reference, quiet: Quiet = False) -> View:
    """Make an integration the primary one of its channel.

    It becomes active and loses its conditions, since the primary integration is used for all messages.
    """
    run = run_context(context)
    with run.api() as api:
        before = find(reference, api.list(), api.environment())
        try:
            after = api.set_primary(before.id)
        except RejectedError as error:
            if before.channel not in catalogue.channels_with_primary():
                error.hint = f"only {' and '.join(catalogue.channels_with_primary())} have a primary integration"
            raise
    if before.primary:
        run.render.note("it was primary already")
    if not before.active:
        run.render.note("it was inactive and is active now")
    if before.conditions and not after.conditions:
        run.render.note("its conditions were removed")
    return Text(after.id, json=after.id) if quiet else integration_view(after)
