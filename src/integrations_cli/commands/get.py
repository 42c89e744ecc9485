"""`integrations get`: show one integration."""

from __future__ import annotations

import typer

from integrations_cli.api.find import find
from integrations_cli.commands.options import Quiet, Reference, ShowSecrets, run_context
from integrations_cli.terminal.views import Text, View, integration_view


def get(context: typer.Context, reference: Reference, quiet: Quiet = False, show_secrets: ShowSecrets = False) -> View:
    """Show one integration.

    Credentials are masked, and shown only as far as the server returns them.
    """
    with run_context(context).api() as api:
        integration = find(reference, api.list(), api.environment())
    if quiet:
        return Text(integration.id, json=integration.id)
    return integration_view(integration, show_secrets=show_secrets)
