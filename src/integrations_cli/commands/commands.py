"""`integrations commands`: the whole command line as an outline or as one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import typer  # Typer evaluates the annotation at run time

from integrations_cli.reference.describe import Flag, Program, describe, description_json
from integrations_cli.terminal.views import Text, View

if TYPE_CHECKING:
    from typer.core import TyperGroup


def commands(context: typer.Context) -> View:
    """List every command, flag and exit code.

    With --json, print one document with the commands, arguments, flags (types, choices, defaults), exit codes,
    environment variables and files. Without it, print an outline.
    """
    top = context.find_root()
    program = describe(cast("TyperGroup", top.command), top.info_name or "")
    return Text(_outline(program), json=description_json(program), lines=True)


def _outline(program: Program) -> str:
    shared = program.shared_flags
    lines = [f"{program.name} {program.version}: {program.root.summary}"]
    for command in program.root.walk()[1:]:
        lines += ["", command.name, f"    {command.summary}"]
        lines += [f"    {argument.name}  {argument.help}".rstrip() for argument in command.arguments]
        if not command.commands:
            lines += [_shown(flag) for flag in command.flags if flag not in shared]
    lines += ["", "common flags", *map(_shown, shared), "", "exit codes"]
    lines += [f"    {code.code:<4} {', '.join(code.types):<21} {code.meaning}" for code in program.exit_codes]
    return "\n".join(lines)


def _shown(flag: Flag) -> str:
    names = ", ".join(reversed(flag.names)) + "".join(f" / {name}" for name in flag.off)
    return f"    {names} {flag.metavar or ''}".rstrip() + f"  {flag.help}"
