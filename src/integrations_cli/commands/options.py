"""The flags that every command takes, and the options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, cast

import typer

from integrations_cli.context import CommonFlags, RunContext

if TYPE_CHECKING:
    from integrations_cli.terminal.render import ColorChoice

COLORS = ("auto", "always", "never")


def one_of(choices: tuple[str, ...]) -> Callable[[str | None], str | None]:
    """Return a callback for an option that takes only these values."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}.")
        return value

    return check


def common_flags(
    profile: Annotated[
        str | None, typer.Option("--profile", "-P", metavar="PROFILE", help="Use this profile of the settings file.")
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use the built-in API: no account, no key, no network.")
    ] = False,
    api_url: Annotated[str | None, typer.Option("--api-url", metavar="URL", help="The address of the API.")] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="The time limit of one attempt.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document; errors too.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never prompt; fail if something is missing.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every attempt, and where each setting comes from.")
    ] = False,
    color: Annotated[
        str, typer.Option("--color", metavar="|".join(COLORS), callback=one_of(COLORS), help="When to use colour.")
    ] = "auto",
) -> CommonFlags:
    """Return the values of the flags that every command takes; the command line is built from this signature."""
    return CommonFlags(profile, sandbox, api_url, timeout, json, no_input, verbose, cast("ColorChoice", color))


Channel = Annotated[str | None, typer.Option("--channel", "-c", metavar="CHANNEL", help="Only this channel.")]
Reference = Annotated[str, typer.Argument(metavar="REF", help="Its identifier or _id.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the _id.")]
ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="Do not mask credentials.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Retries = Annotated[
    int | None, typer.Option("--retries", metavar="N", min=0, max=100, help="How many times to retry (default: 3).")
]


def run_context(context: typer.Context) -> RunContext:
    """Return the run that this command belongs to."""
    return cast("RunContext", context.obj)
