"""The flags that every command takes, and what a command is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, cast

import typer

from integrations_cli.context import CommonFlags, RunContext

if TYPE_CHECKING:
    from integrations_cli.terminal.render import ColorChoice

COLORS = ("auto", "always", "never")


def one_of(choices: tuple[str, ...]) -> Callable[[str | None], str | None]:
    """A reader of option values that takes only these words."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}.")
        return value

    return check


def common_flags(
    profile: Annotated[
        str | None, typer.Option("--profile", "-P", metavar="PROFILE", help="Use this profile of the settings.")
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use the built-in API: no account, no key, no network.")
    ] = False,
    api_url: Annotated[str | None, typer.Option("--api-url", metavar="URL", help="Where the API answers.")] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="How long one attempt may take.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document; errors too.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; fail where something is missing.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say where each setting comes from, and show every attempt.")
    ] = False,
    color: Annotated[
        str, typer.Option("--color", metavar="|".join(COLORS), callback=one_of(COLORS), help="When to colour.")
    ] = "auto",
) -> CommonFlags:
    """Describe the flags that every command takes; the command line is built from this signature."""
    return CommonFlags(profile, sandbox, api_url, timeout, json, no_input, verbose, cast("ColorChoice", color))


Reference = Annotated[str, typer.Argument(metavar="REF", help="Its identifier, or its _id.")]
"""The argument of the commands that are about one integration."""


def run_context(context: typer.Context) -> RunContext:
    """The run that this command belongs to."""
    return cast("RunContext", context.obj)
