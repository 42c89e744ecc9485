"""`integrations commands`: every command, flag and exit code, for programs and for people who look for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import typer  # read at run time, out of the annotation

from integrations_cli.reference.describe import Flag, Program, describe, description_json
from integrations_cli.terminal.views import Text, View

if TYPE_CHECKING:
    from typer.core import TyperGroup


def commands(context: typer.Context) -> View:
    """Describe every command, for programs.

    With --json it is one document: commands, arguments, flags with their types, choices and defaults, exit codes,
    environment variables and files. Without, it is an outline to read.
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
    lines += ["", "every command also takes", *map(_shown, shared), "", "exit codes"]
    lines += [f"    {code.code:<4} {', '.join(code.types):<21} {code.meaning}" for code in program.exit_codes]
    return "\n".join(lines)


def _shown(flag: Flag) -> str:
    names = ", ".join(reversed(flag.names)) + "".join(f" / {name}" for name in flag.off)
    return f"    {names} {flag.metavar or ''}".rstrip() + f"  {flag.help}"
