"""What all completions need to know, drawn from the description of the program and from the catalogue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type

if TYPE_CHECKING:
    from integrations_cli.catalogue.credential_fields import Provider
    from integrations_cli.reference.describe import Command, Flag, Program

HEADER: Final = """Made by scripts/generate_docs.py; do not edit.

Commands, flags, choices, channels, providers and the keys of their credentials stand in this file: completing them
starts no program. Profiles and identifiers are asked of the program itself; what it answers is offered, and never
run or expanded."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.+/-]+")


class Key(NamedTuple):
    """A credential that a provider takes, and the values to choose from if there are such."""

    name: str
    about: str
    values: tuple[str, ...]


class Tables:
    """`groups` and `leaves` have their commands by what is typed after the program's name (`profiles add`)."""

    def __init__(self, program: Program) -> None:
        """Draw the tables."""
        every = {" ".join(command.path[1:]): command for command in program.root.walk()}
        self.program = program
        self.groups = {path: command for path, command in every.items() if command.commands}
        self.leaves = {path: command for path, command in every.items() if not command.commands}
        self.providers: tuple[Provider, ...] = catalogue.providers()
        self._hold()

    @property
    def commands(self) -> dict[str, Command]:
        """Groups and leaves."""
        return {**self.groups, **self.leaves}

    def valued(self) -> list[str]:
        """Every name of a flag that takes a value."""
        return sorted({name for flag in self._flags() if flag.kind != "none" for name in flag.names})

    def names(self, kind: str) -> list[str]:
        """The names of the flags whose value is of this kind."""
        return sorted({name for flag in self._flags() if flag.kind == kind for name in flag.names})

    def settings_flags(self) -> tuple[list[str], list[str]]:
        """The flags that say which server is meant: those with a value, and those without."""
        meant = [
            flag
            for flag in self.program.shared_flags
            if flag.kind == "profile" or {"--api-url", "--sandbox"} & {*flag.names}
        ]
        with_value = [name for flag in meant if flag.kind != "none" for name in flag.names]
        return with_value, [name for flag in meant if flag.kind == "none" for name in flag.names]

    def _flags(self) -> list[Flag]:
        return [flag for command in self.commands.values() for flag in command.flags]

    def _hold(self) -> None:
        """Refuse what the completions could not say: a flag with two natures, a word that a shell would read."""
        without = {name for flag in self._flags() if flag.kind == "none" for name in (*flag.names, *flag.off)}
        if both := without.intersection(self.valued()):
            raise SystemExit(f"these flags take a value in one command and none in another: {sorted(both)}")
        words = [*self.commands, *(name for flag in self._flags() for name in (*flag.names, *flag.off, *flag.choices))]
        for provider in self.providers:
            words.append(provider.id)
            words += [word for key in keys_of(provider) for word in (key.name, *key.values)]
        if odd := [word for word in words if any(not _PLAIN.fullmatch(part) for part in word.split())]:
            raise SystemExit(f"these words would need quotes in a shell: {odd}")


def keys_of(provider: Provider) -> tuple[Key, ...]:
    """The credentials of one provider."""
    return tuple(
        Key(
            field.key, f"{field.label} (required)" if field.required else field.label, _values(field.key, field.choices)
        )
        for field in provider.credentials
    )


def every_key() -> tuple[Key, ...]:
    """The credentials of all providers: what can be offered before a provider is named."""
    found: dict[str, str] = {}
    for provider in catalogue.providers():
        for field in provider.credentials:
            found.setdefault(field.key, field.label)
    return tuple(Key(name, about, _values(name, ())) for name, about in sorted(found.items()))


def comment(mark: str = "#") -> str:
    """The header as a comment; `mark` begins each line of it."""
    return "\n".join(f"{mark} {line}".rstrip() for line in HEADER.splitlines())


def _values(key: str, choices: tuple[str | None, ...]) -> tuple[str, ...]:
    listed = tuple(choice for choice in choices if choice)
    return listed or credential_type(key).choices
