"""Writes the manual in mdoc: a page for the program and one for each command."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations_cli.reference.describe import Argument, Command, Flag, Program

HEADER: Final = '.\\" Made by scripts/generate_docs.py; do not edit.'


def manual(program: Program, date: str) -> dict[str, str]:
    """Return the pages by file name; `date` is the day of the release, as `November 23, 2026`."""
    return {f"{page_name(command)}.1": _page(program, command, date) for command in program.root.walk()}


def page_name(command: Command) -> str:
    """Return the name of a command's page: `integrations-profiles-add`."""
    return "-".join(command.path)


def _page(program: Program, command: Command, date: str) -> str:
    top = len(command.path) == 1
    lines = [HEADER, f".Dd {date}", f".Dt {page_name(command).upper()} 1", f".Os {program.name} {program.version}"]
    lines += [".Sh NAME", f".Nm {page_name(command)}", f".Nd {_text(_uncapitalised(command.summary).rstrip('.'))}"]
    lines += [".Sh SYNOPSIS", *_synopsis(command)]
    lines += [".Sh DESCRIPTION", *_paragraphs(command.about)]
    if command.commands:
        lines += _commands(program, command)
    shared = () if command.commands else program.shared_flags
    own = [flag for flag in command.flags if flag not in shared]
    lines += [".Sh OPTIONS", *_arguments(command.arguments), *_flags(own)]
    lines += [".Ss Options of every command", *_flags(shared)] if shared else []
    if top or not command.commands:
        lines += _environment(program) + _files(program)
    lines += _exit_status(program) + _examples(command) + _see_also(program, command)
    return "\n".join(lines) + "\n"


def _synopsis(command: Command) -> list[str]:
    lines = [f".Nm {' '.join(command.path)}", ".Op Ar options"]
    if command.commands:
        return [*lines, ".Ar command", ".Op Ar arguments"]
    for argument in command.arguments:
        more = " ..." if argument.repeatable else ""
        lines.append(f".Ar {argument.name}{more}" if argument.required else f".Op Ar {argument.name}{more}")
    return lines


def _commands(program: Program, command: Command) -> list[str]:
    lines = ["The commands are:", ".Bl -tag -width Ds"]
    listed = command.walk()[1:] if command is program.root else command.commands
    for child in listed:
        if not child.commands:
            lines += [f".It Cm {' '.join(child.path[len(command.path) :])}", *_sentences(child.summary)]
            lines += ["See", f"{_cross_reference(child)} ."]
    return [*lines, ".El"]


def _arguments(arguments: Iterable[Argument]) -> list[str]:
    listed = [line for one in arguments for line in (f".It Ar {one.name}", *_sentences(one.help or "Required."))]
    return [".Bl -tag -width Ds", *listed, ".El"] if listed else []


def _flags(flags: Iterable[Flag]) -> list[str]:
    lines: list[str] = []
    for flag in flags:
        value = f" Ar {_text(flag.metavar)}" if flag.metavar else ""
        names = [f"Fl {_option(name)}{value}" for name in reversed(flag.names)]
        names += [f"Fl {_option(name)}" for name in flag.off]
        lines += [f".It {' , '.join(names)}", *_sentences(flag.help)]
        if flag.repeatable:
            lines.append("It can be given more than once.")
        if flag.kind == "choice" and flag.default is not None:
            lines.append(f"The default is {_text(str(flag.default))}.")
    return [".Bl -tag -width Ds", *lines, ".El"] if lines else []


def _environment(program: Program) -> list[str]:
    lines = [".Sh ENVIRONMENT", ".Bl -tag -width Ds"]
    for variable in program.variables:
        lines += [f".It Ev {variable.name}", *_sentences(variable.about)]
    return [*lines, ".El"]


def _files(program: Program) -> list[str]:
    lines = [".Sh FILES", ".Bl -tag -width Ds"]
    for file in program.files:
        lines += [f".It Pa {_text(file.linux)}", *_sentences(file.about)]
        lines += ["On macOS it is", f".Pa {_quoted(file.macos)} ,", "on Windows", f".Pa {_quoted(file.windows)} ."]
    return [*lines, ".El"]


def _exit_status(program: Program) -> list[str]:
    lines = [".Sh EXIT STATUS", ".Bl -tag -width Ds"]
    for code in program.exit_codes:
        lines += [f".It {code.code}", *_sentences(code.meaning)]
    return [*lines, ".El"]


def _examples(command: Command) -> list[str]:
    lines = [".Sh EXAMPLES"] if command.examples else []
    for number, example in enumerate(command.examples):
        lines += [".Pp"] if number else []
        lines += [*_sentences(f"{example.about.rstrip('.')}:"), ".Pp", f".Dl {_text(example.line)}"]
    return lines


def _see_also(program: Program, command: Command) -> list[str]:
    if command is program.root:
        others = [child for child in command.walk()[1:] if not child.commands]
    else:
        parent = next(one for one in program.root.walk() if one.path == command.path[:-1])
        others = [program.root, *(one for one in (*parent.commands, *command.commands) if one is not command)]
        others += [parent] if parent is not program.root else []
    others.sort(key=page_name)
    rows = [_cross_reference(one) for one in others]
    return [".Sh SEE ALSO", *(f"{row} ," for row in rows[:-1]), rows[-1]]


def _cross_reference(command: Command) -> str:
    return f".Xr {page_name(command)} 1"


def _paragraphs(about: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for paragraph in about:
        lines += [".Pp"] if lines else []
        lines += _sentences(paragraph)
    return lines


def _sentences(text: str) -> list[str]:
    """Split a text as mdoc wants it: each sentence starts a line, and no line is long."""
    sentences = re.split(r"(?<=[.!?]) +(?=[A-Z])", text) if text else []
    wrapped = (textwrap.wrap(one, 72, break_on_hyphens=False, break_long_words=False) for one in sentences)
    return [_text(line) for lines in wrapped for line in lines]


def _option(name: str) -> str:
    """Return a flag without its first hyphen, which the macro adds."""
    return _text(name.removeprefix("-"))


def _quoted(text: str) -> str:
    return '"' + _text(text).replace('"', r"\(dq") + '"' if " " in text else _text(text)


def _text(text: str) -> str:
    """Escape what the macros would interpret."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti").replace("^", r"\(ha")
    text = "".join(letter if ord(letter) < 0x7F else f"\\[u{ord(letter):04X}]" for letter in text)
    return rf"\&{text}" if text.startswith((".", "'")) else text


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]
