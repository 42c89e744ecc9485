"""The flags that `create` and `update` share."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli.context import RunContext
from integrations_cli.models import Draft, Integration
from integrations_cli.terminal.views import Text, View, integration_view

Name = Annotated[str | None, typer.Option("--name", "-n", metavar="NAME", help="The name shown in the dashboard.")]
Credentials = Annotated[
    list[str] | None,
    typer.Option(
        "--credential",
        "-C",
        metavar="KEY=VALUE",
        help="A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.",
    ),
]
CredentialsFile = Annotated[
    str | None, typer.Option("--credentials-file", metavar="FILE", help="Credentials as a JSON or TOML object.")
]
Check = Annotated[
    bool | None,
    typer.Option("--check/--no-check", help="Whether the server tries the credentials first (default: no)."),
]
ConditionsFile = Annotated[
    str | None,
    typer.Option("--conditions-file", metavar="FILE", help="Conditions as a JSON list, or `conditions` in TOML."),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--condition", metavar="ON.FIELD=VALUE", help="Use it only if this holds (!= too); repeat it for AND."
    ),
]
Extra = Annotated[list[str] | None, typer.Option("--extra", metavar="KEY=JSON", help="Any other field, sent as it is.")]
SkipValidation = Annotated[
    bool, typer.Option("--skip-validation", help="Skip the checks against the catalogue of providers.")
]


def changed_view(integration: Integration, draft: Draft, *, quiet: bool, show_secrets: bool) -> View:
    """Return the view of an integration that was created or updated with this draft."""
    if quiet:
        return Text(integration.id, json=integration.id)
    return integration_view(integration, masked=draft.masked, show_secrets=show_secrets)


def warn_of_literal_secrets(run: RunContext) -> None:
    """Warn of secrets that are on the command line, and say how to keep them out."""
    keys = run.values.literal_secrets
    if keys:
        verb = "is" if len(keys) == 1 else "are"
        run.render.warn(f"{', '.join(keys)} {verb} on the command line, where process lists and shell history show it")
        run.render.hint(f"use {keys[0]}=@FILE, {keys[0]}=@- (standard input) or {keys[0]}=env:NAME")
