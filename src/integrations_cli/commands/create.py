"""`integrations create`: from flags, a file or prompts to an integration that is there exactly once."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli.terminal.views import View

from .options import run_context


def create(
    context: typer.Context,
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", metavar="PROVIDER", help="The provider: mailgun, twilio, …")
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(
            "--channel", "-c", metavar="CHANNEL", help="The channel; left out where the provider has only one."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", "-n", metavar="NAME", help="The name that the dashboard shows.")
    ] = None,
    identifier: Annotated[
        str | None,
        typer.Option("--identifier", "-i", metavar="IDENTIFIER", help="Its unique identifier; generated if left out."),
    ] = None,
    environment_id: Annotated[
        str | None, typer.Option("--environment-id", metavar="ID", help="The environment, if not the key's own.")
    ] = None,
    credential: Annotated[
        list[str] | None,
        typer.Option(
            "--credential",
            "-C",
            metavar="KEY=VALUE",
            help="A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.",
        ),
    ] = None,
    credentials_file: Annotated[
        str | None, typer.Option("--credentials-file", metavar="FILE", help="Credentials as a JSON or TOML object.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether it delivers at once (default: inactive).")
    ] = None,
    check_: Annotated[
        bool | None,
        typer.Option("--check/--no-check", help="Whether the server tries the credentials (default: no)."),
    ] = None,
    conditions_file: Annotated[
        str | None, typer.Option("--conditions-file", metavar="FILE", help="Conditions as a JSON or TOML list.")
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", metavar="ON.FIELD=VALUE", help="Use it only where this holds (!= too); all must."),
    ] = None,
    from_file: Annotated[
        str | None,
        typer.Option(
            "--from-file", "-f", metavar="FILE", help="All of it from a JSON or TOML file; - is standard input."
        ),
    ] = None,
    extra: Annotated[
        list[str] | None, typer.Option("--extra", metavar="KEY=JSON", help="Another field, sent as it is.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", metavar="KEY", help="Send this key; generated if left out.")
    ] = None,
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="Show the one of this identifier if it is there; create nothing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the request, and send nothing.")] = False,
    skip_validation: Annotated[
        bool, typer.Option("--skip-validation", help="Send what the catalogue does not know.")
    ] = False,
    interactive: Annotated[bool, typer.Option("--interactive", "-I", help="Ask for everything.")] = False,
    retries: Annotated[
        int | None, typer.Option("--retries", metavar="N", min=0, max=100, help="How often to try again (default: 3).")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the _id alone.")] = False,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Do not mask the credentials.")] = False,
) -> View:
    """Create an integration from flags, a file or prompts."""
    from integrations_cli.create.draft import DraftInputs

    from .creation import CreateOptions, carry_out

    sources = DraftInputs(
        from_file=from_file,
        provider=provider,
        channel=channel,
        name=name,
        identifier=identifier,
        environment_id=environment_id,
        credentials=credential or (),
        credentials_file=credentials_file,
        active=active,
        check=check_,
        conditions_file=conditions_file,
        conditions=condition or (),
        extra=extra or (),
    )
    options = CreateOptions(
        idempotency_key, if_not_exists, dry_run, skip_validation, interactive, retries, quiet, show_secrets
    )
    return carry_out(run_context(context), sources, options)
