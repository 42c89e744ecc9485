"""The data that all completions share, from the description of the program and from the catalogue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import BOOLEAN, credential_type

if TYPE_CHECKING:
    from integrations_cli.catalogue.credential_fields import Provider
    from integrations_cli.reference.describe import Argument, Command, Flag, Program

HEADER: Final = """Made by scripts/generate_docs.py; do not edit.

This file contains the commands, flags, choices, channels, providers and credential keys: completing them starts no
program. The program itself prints profiles and identifiers; its output is offered, and never run or expanded."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.+/-]+")


class Key(NamedTuple):
    """A credential key of a provider; `values` are its choices, if it has any."""

    name: str
    about: str
    values: tuple[str, ...]


class Tables:
    """The commands by their name without the program's (`profiles add`), the flags and the providers."""

    def __init__(self, program: Program) -> None:
        """Collect the data, and check that every shell can express it."""
        every = {" ".join(command.path[1:]): command for command in program.root.walk()}
        self.program = program
        self.groups = {path: command for path, command in every.items() if command.commands}
        self.leaves = {path: command for path, command in every.items() if not command.commands}
        self.providers: tuple[Provider, ...] = catalogue.providers()
        self._check()

    @property
    def commands(self) -> dict[str, Command]:
        """Groups and leaves."""
        return {**self.groups, **self.leaves}

    def valued(self) -> list[str]:
        """Return the names of all flags that take a value."""
        return sorted({name for flag in self._flags() if flag.kind != "none" for name in flag.names})

    def names(self, kind: str) -> list[str]:
        """Return the names of the flags with this kind of value."""
        return sorted({name for flag in self._flags() if flag.kind == kind for name in flag.names})

    def settings_flags(self) -> tuple[list[str], list[str]]:
        """Return the flags that choose the server: the names with a value, and those without."""
        chosen = [
            flag
            for flag in self.program.shared_flags
            if flag.kind == "profile" or {"--api-url", "--sandbox"} & {*flag.names}
        ]
        with_value = [name for flag in chosen if flag.kind != "none" for name in flag.names]
        return with_value, [name for flag in chosen if flag.kind == "none" for name in flag.names]

    def keys_with_choices(self) -> list[tuple[str, Key]]:
        """Return each provider's id with each of its credential keys that has choices other than true and false."""
        keys = [(provider.id, key) for provider in self.providers for key in keys_of(provider)]
        return [(provider, key) for provider, key in keys if key.values and key.values != BOOLEAN.choices]

    def _flags(self) -> list[Flag]:
        return [flag for command in self.commands.values() for flag in command.flags]

    def _check(self) -> None:
        """Refuse what the completions cannot express: a flag with and without a value, words that need quotes."""
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
    """Return the credential keys of one provider."""
    return tuple(
        Key(
            field.key, f"{field.label} (required)" if field.required else field.label, _values(field.key, field.choices)
        )
        for field in provider.credentials
    )


def every_key() -> tuple[Key, ...]:
    """Return the credential keys of all providers, to offer before a provider is chosen."""
    found: dict[str, str] = {}
    for provider in catalogue.providers():
        for field in provider.credentials:
            found.setdefault(field.key, field.label)
    return tuple(Key(name, about, _values(name, ())) for name, about in sorted(found.items()))


def boolean_keys() -> list[str]:
    """Return the credential keys that are true or false in every provider."""
    return [key.name for key in every_key() if key.values]


def kind_text(parameter: Flag | Argument) -> str:
    """Return the kind of value, or `=` and the choices."""
    return f"={' '.join(parameter.choices)}" if parameter.choices else parameter.kind


def with_flags(logic: str, tables: Tables, separator: str) -> str:
    """Fill in the names of the flags that the shell code itself looks for."""
    with_value, switches = tables.settings_flags()
    names = {"@PROVIDER@": tables.names("provider"), "@SETTINGS@": with_value, "@SWITCHES@": switches}
    for placeholder, flags in names.items():
        logic = logic.replace(placeholder, separator.join(flags))
    return logic


def comment() -> str:
    """Return the header as a comment."""
    return "\n".join(f"# {line}".rstrip() for line in HEADER.splitlines())


def _values(key: str, choices: tuple[str | None, ...]) -> tuple[str, ...]:
    listed = tuple(choice for choice in choices if choice)
    return listed or credential_type(key).choices
