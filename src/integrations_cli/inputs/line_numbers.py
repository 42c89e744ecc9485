"""Finds the line on which a key is written in TOML or JSON text, for messages: the parsers keep no positions.

One scanner reads both languages, since TOML has all that JSON has but the top level. It runs only when there is
something to report. It skips what it does not understand: the parser decides what is valid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Final, Literal, NamedTuple

from integrations_cli.inputs.decode import STRING

Key = str | int
"""A step of a path: the name of a member, or the index of an element."""

Path = tuple[Key, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SEPARATORS: Final = re.compile(r"(?:[ \t\r\n,]++|#[^\n]*+)*+")
_NAME: Final = re.compile(rf"[ \t]*+([A-Za-z0-9_-]++|{STRING})[ \t]*+", re.DOTALL)
_EQUALS: Final = re.compile(r"[ \t\r\n]*+[=:][ \t\r\n]*+")
_SCALAR: Final = re.compile(rf"{STRING}|[^,\]}}#\n]+", re.DOTALL)
_LINE: Final = re.compile(r"[^\n]*\n?")


class KeyLocation(NamedTuple):
    """A key and the line, counted from 1, on which it is given a value or a table of its own."""

    path: Path
    line: int


def find_keys(text: str, form: Literal["toml", "json"]) -> list[KeyLocation]:
    """Return every place where a key is written, in the order of the text; a key that is written twice is there twice.

    Text that is nested too deeply for the interpreter's stack has none.
    """
    scanner = _Scanner(text)
    read = scanner.toml_document if form == "toml" else scanner.json_document
    try:
        read()
    except RecursionError:
        return []
    return scanner.found


def first_lines(locations: Sequence[KeyLocation]) -> dict[Path, int]:
    """Return the first line of every path, and of every table that exists only because of a key below it."""
    lines: dict[Path, int] = {}
    for location in locations:
        path, line = location
        while path and path not in lines:
            lines[path] = line
            path = path[:-1]
    return lines


def duplicate_keys(locations: Sequence[KeyLocation]) -> Iterator[tuple[KeyLocation, KeyLocation]]:
    """Yield the first place and the later one of each key that is written again."""
    first: dict[Path, KeyLocation] = {}
    for location in locations:
        earlier = first.setdefault(location.path, location)
        if earlier is not location:
            yield earlier, location


class _Scanner:
    """Reads a text from the beginning to the end, and notes every key in `found`."""

    def __init__(self, text: str) -> None:
        self.found: list[KeyLocation] = []
        self._text = text
        self._position = 0
        self._line, self._line_position = 1, 0
        self._array_indexes: dict[Path, int] = {}
        """The index of the last element of each TOML array of tables."""

    def json_document(self) -> None:
        self._skip(_BLANK)
        self._value(())

    def toml_document(self) -> None:
        table: Path = ()
        while self._skip(_BLANK) and self._position < len(self._text):
            start = self._position
            is_array = self._take("[[")
            if is_array or self._take("["):
                if names := self._key():
                    table = self._table(names, is_array=is_array)
                    self._add(table, start)
            else:
                self._pair(table)
            self._skip(_LINE)

    def _table(self, names: Sequence[str], *, is_array: bool) -> Path:
        """Return the path of the table that a TOML header names; in an array of tables the last element is meant."""
        path: Path = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self._array_indexes:
                path = (*path, self._array_indexes[path])
        path = (*path, names[-1])
        if is_array:
            index = self._array_indexes[path] = self._array_indexes.get(path, -1) + 1
            path = (*path, index)
        return path

    def _pair(self, table: Path) -> None:
        start = self._position
        names = self._key()
        if names and self._skip(_EQUALS):
            self._add((*table, *names), start)
            self._value((*table, *names))
        else:
            self._position = start

    def _key(self) -> list[str]:
        """Read a key, of several names with dots between them in TOML; empty if there is none."""
        names: list[str] = []
        while match := _NAME.match(self._text, self._position):
            names.append(_decoded_name(match[1]))
            self._position = match.end()
            if not self._take("."):
                return names
        return []

    def _value(self, path: Path) -> None:
        if self._take("["):
            for index in self._items("]"):
                self._add((*path, index), self._position)
                self._value((*path, index))
        elif self._take("{"):
            for _ in self._items("}"):
                self._pair(path)
        else:
            self._skip(_SCALAR)

    def _items(self, closing: str) -> Iterator[int]:
        """Yield the index of each item up to the closing bracket; stop where the caller cannot read an item."""
        for index in count():
            self._skip(_SEPARATORS)
            start = self._position
            if self._take(closing) or start == len(self._text):
                return
            yield index
            if self._position == start:
                return

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._position)
        if match is not None:
            self._position = match.end()
        return match is not None

    def _take(self, mark: str) -> bool:
        found = self._text.startswith(mark, self._position)
        self._position += len(mark) * found
        return found

    def _add(self, path: Path, position: int) -> None:
        self._line += self._text.count("\n", self._line_position, position)
        self._line_position = position
        self.found.append(KeyLocation(path, self._line))


def _decoded_name(token: str) -> str:
    """Return the name that a token means: bare, in single quotes, or in double quotes with escapes."""
    if token[0] not in "\"'":
        return token
    if token[0] == '"' and "\\" in token:
        import tomllib

        with suppress(ValueError):
            return str(json.loads(token))
        with suppress(ValueError):
            return str(tomllib.loads(f"name = {token}")["name"])
    return token[1:-1]
