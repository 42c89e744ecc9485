"""`integrations get`: one integration."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli.api.find import find
from integrations_cli.terminal.views import Text, View, integration_view

from .options import Reference, run_context


def get(
    context: typer.Context,
    reference: Reference,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the _id alone.")] = False,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Do not mask the credentials.")] = False,
) -> View:
    """Show one integration.

    Credentials are shown as far as the server gives them, and masked.
    """
    with run_context(context).api() as api:
        integration = find(reference, api.list(), api.environment())
    if quiet:
        return Text(integration.id, json=integration.id)
    return integration_view(integration, show_secrets=show_secrets)
