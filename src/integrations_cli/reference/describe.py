"""Describe the whole command line as data, read from the command tree itself.

`integrations commands`, the man pages and the completions are made from it. What the tree does not contain is in
`examples` (command lines) and `environment` (variables and files).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from integrations_cli import __version__, errors
from integrations_cli.models import CHANNELS, Json
from integrations_cli.reference.environment import FILES, VARIABLES, File, Variable
from integrations_cli.reference.examples import EXAMPLES, Example

if TYPE_CHECKING:
    from typer._click import Command as ClickCommand
    from typer._click import Context as ClickContext
    from typer._click import Parameter as ClickParameter

Kind = Literal[
    "none", "text", "file", "profile", "provider", "channel", "credential", "identifier", "variable", "choice"
]
"""How a value can be completed; `none` is a flag that takes no value."""

KINDS: Final[dict[str, Kind]] = {
    "FILE": "file",
    "PROFILE": "profile",
    "PROVIDER": "provider",
    "CHANNEL": "channel",
    "KEY=VALUE": "credential",
    "REF": "identifier",
    "VAR": "variable",
}
"""The kind of value by metavar; `a|b|c` is a choice, and everything else is text."""

_TYPES: Final = {"str": "text", "int": "integer", "float": "number", "bool": "boolean"}
"""Our names for Typer's types."""


class Flag(NamedTuple):
    """One flag: `names` (long ones first) turn it on or take its value, `off` (as in --inactive) turns it off."""

    names: tuple[str, ...]
    off: tuple[str, ...]
    metavar: str | None
    type: str
    kind: Kind
    choices: tuple[str, ...]
    default: Json
    repeatable: bool
    required: bool
    help: str


class Argument(NamedTuple):
    """One positional argument."""

    name: str
    type: str
    kind: Kind
    choices: tuple[str, ...]
    repeatable: bool
    required: bool
    help: str


class Command(NamedTuple):
    """One command, or a group of `commands`."""

    path: tuple[str, ...]
    summary: str
    about: tuple[str, ...]
    usage: str
    arguments: tuple[Argument, ...]
    flags: tuple[Flag, ...]
    examples: tuple[Example, ...]
    commands: tuple[Command, ...]

    @property
    def name(self) -> str:
        """The full name: `integrations profiles add`."""
        return " ".join(self.path)

    def walk(self) -> list[Command]:
        """Return this command and all below it, in the order of the help."""
        return [self, *(found for child in self.commands for found in child.walk())]


class ExitCode(NamedTuple):
    """One exit code: the `type` values of JSON errors, and its meaning."""

    code: int
    types: tuple[str, ...]
    meaning: str


class Program(NamedTuple):
    """The description of the whole program."""

    name: str
    version: str
    root: Command
    exit_codes: tuple[ExitCode, ...]
    variables: tuple[Variable, ...]
    files: tuple[File, ...]

    @property
    def shared_flags(self) -> tuple[Flag, ...]:
        """The flags that every command takes."""
        leaves = [command for command in self.root.walk() if not command.commands]
        return tuple(flag for flag in leaves[0].flags if all(flag in leaf.flags for leaf in leaves))


def describe(root: TyperGroup, name: str) -> Program:
    """Describe the command line that starts at `root`. This imports every command."""
    context = typer.Context(root, info_name=name, **root.context_settings)
    return Program(name, __version__, _command(root, context, (name,)), exit_codes(), VARIABLES, FILES)


def exit_codes() -> tuple[ExitCode, ...]:
    """Return the exit codes, with the meanings in the docstrings of the error classes."""
    top = errors.IntegrationsError
    kinds: list[type[errors.IntegrationsError]] = [top, *top.__subclasses__()]
    codes = [ExitCode(0, (), "Success.")]
    for code in sorted({kind.exit_code for kind in kinds}):
        same = [kind for kind in kinds if kind.exit_code == code]
        meanings = [" ".join((kind.__doc__ or "").partition("\n\n")[0].split()) for kind in same]
        codes.append(ExitCode(code, tuple(kind.type for kind in same), " Or: ".join(meanings)))
    return tuple(codes)


def description_json(program: Program) -> Json:
    """Return the description as one JSON document."""
    return {
        "name": program.name,
        "version": program.version,
        "summary": program.root.summary,
        "commands": [_command_document(command) for command in program.root.walk()[1:]],
        "flags": [flag._asdict() for flag in program.root.flags],
        "exit_codes": [code._asdict() for code in program.exit_codes],
        "environment": [variable._asdict() for variable in program.variables],
        "files": [file._asdict() for file in program.files],
    }


def _command_document(command: Command) -> Json:
    return {
        "command": " ".join(command.path[1:]),
        "group": bool(command.commands),
        "summary": command.summary,
        "description": "\n\n".join(command.about),
        "usage": command.usage,
        "arguments": [argument._asdict() for argument in command.arguments],
        "flags": [flag._asdict() for flag in command.flags],
        "examples": [example._asdict() for example in command.examples],
    }


def _command(command: ClickCommand, context: ClickContext, path: tuple[str, ...]) -> Command:
    parameters = command.get_params(context)
    children: list[Command] = []
    if isinstance(command, TyperGroup):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            inner = typer.Context(child, info_name=name, parent=context, **child.context_settings)
            children.append(_command(child, inner, (*path, name)))
    paragraphs = [" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n")]
    return Command(
        path=path,
        summary=paragraphs[0],
        about=tuple(paragraphs),
        usage=" ".join((" ".join(path), *command.collect_usage_pieces(context))),
        arguments=tuple(_argument(one, context) for one in parameters if isinstance(one, TyperArgument)),
        flags=tuple(_flag(one, context) for one in parameters if isinstance(one, TyperOption)),
        examples=EXAMPLES.get(" ".join(path[1:]), ()),
        commands=tuple(children),
    )


def _flag(option: TyperOption, context: ClickContext) -> Flag:
    metavar = None if option.is_flag else option.make_metavar(ctx=context)
    choices = _choices(metavar)
    return Flag(
        names=tuple(sorted(option.opts, key=lambda name: (not name.startswith("--"), name))),
        off=tuple(option.secondary_opts),
        metavar=metavar,
        type=_type(option),
        kind="none" if option.is_flag else _kind(metavar, choices),
        choices=choices,
        default=None if callable(option.default) else option.default,
        repeatable=bool(option.multiple),
        required=bool(option.required),
        help=" ".join((option.help or "").split()),
    )


def _argument(argument: TyperArgument, context: ClickContext) -> Argument:
    metavar = (argument.metavar or argument.make_metavar(ctx=context)).strip("[]").removesuffix("...")
    choices = _choices(metavar)
    return Argument(
        name=metavar,
        type=_type(argument),
        kind=_kind(metavar, choices),
        choices=choices,
        repeatable=argument.nargs == -1,
        required=bool(argument.required),
        help=" ".join((argument.help or "").split()),
    )


def _type(parameter: ClickParameter) -> str:
    name = str(parameter.type.name).removesuffix(" range")
    return _TYPES.get(name, name)


def _choices(metavar: str | None) -> tuple[str, ...]:
    if metavar == "CHANNEL":
        return CHANNELS
    return tuple(metavar.split("|")) if metavar and "|" in metavar else ()


def _kind(metavar: str | None, choices: tuple[str, ...]) -> Kind:
    return KINDS.get(metavar or "") or ("choice" if choices else "text")
