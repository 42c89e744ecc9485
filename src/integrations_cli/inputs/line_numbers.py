"""Finds the line on which a key stands in TOML or JSON text, for messages: the parsers keep no positions.

It runs only when there is something to complain about. The text is valid or nearly so: what it does not understand it
steps over, since the parser has the word on what is wrong.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from integrations_cli.inputs.decode import STRING

Key = str | int
"""A step of a path: the name of a member, or the index of an element."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(STRING, re.DOTALL)
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE: Final = re.compile(r"[ \t]*")
_LINE: Final = re.compile(r"[^\n]*\n?")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_JSON_BLANK: Final = re.compile(r"[ \t\r\n]*")
_JSON_SCALAR: Final = re.compile(r"[^,\]}\s]+")
_LETTERS: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


class KeyLocation(NamedTuple):
    """A key and the line, counted from 1, on which it is given a value or a table of its own."""

    path: tuple[Key, ...]
    line: int


def find_keys(text: str, form: Literal["toml", "json"]) -> list[KeyLocation]:
    """Every place where a key is written, in the order of the text; one that is written twice is there twice."""
    starts = [match.end() for match in re.finditer("\n", text)]
    try:
        found = _Toml(text).places() if form == "toml" else _json(text, _skip(_JSON_BLANK, text, 0), ())[0]
    except RecursionError:  # nested as no manifest is: the message then names no line
        return []
    return [KeyLocation(path, bisect_right(starts, position) + 1) for path, position in found]


def first_lines(found: Sequence[KeyLocation]) -> dict[tuple[Key, ...], int]:
    """The first line of every path, and of every table that is there only because something below it is."""
    known: dict[tuple[Key, ...], int] = {}
    for place in found:
        path = place.path
        while path and path not in known:
            known[path] = place.line
            path = path[:-1]
    return known


def duplicate_keys(found: Sequence[KeyLocation]) -> Iterator[tuple[KeyLocation, KeyLocation]]:
    """Each key that is written a second time: the first place and the later one."""
    first: dict[tuple[Key, ...], KeyLocation] = {}
    for place in found:
        earlier = first.setdefault(place.path, place)
        if earlier is not place:
            yield earlier, place


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _unquoted(token: str) -> str:
    if token.startswith("'"):
        return token[1:-1]

    def character(match: re.Match[str]) -> str:
        digits = match[1] or match[2]
        return chr(int(digits, 16) % 0x110000) if digits else _LETTERS.get(match[3], match[3])

    return _ESCAPE.sub(character, token[1:-1])


def _json_text(token: str) -> str:
    try:
        decoded = json.loads(token)
    except ValueError:
        return token
    return decoded if isinstance(decoded, str) else token


_Found = tuple[tuple[Key, ...], int]


class _Toml:
    """A walk over one TOML text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: list[_Found] = []
        self._counts: dict[tuple[Key, ...], int] = {}

    def places(self) -> list[_Found]:
        text, position, table = self._text, 0, ()  # type: str, int, tuple[Key, ...]
        while (position := _skip(_BLANK, text, position)) < len(text):
            start = position
            if text.startswith("[", position):
                many = text.startswith("[[", position)
                names, position = self._key(position + (2 if many else 1))
                if names:
                    table = self._within(names[:-1]) + names[-1:]
                    if many:
                        index = self._counts[table] = self._counts.get(table, -1) + 1
                        table = (*table, index)
                    self._found.append((table, start))
                position = _skip(_LINE, text, position)
            else:
                position = self._pair(position, table)
                if position == start:
                    position = _skip(_LINE, text, position)
        return self._found

    def _within(self, names: Sequence[Key]) -> tuple[Key, ...]:
        """The path of a table below arrays of tables: their last element is meant."""
        path: tuple[Key, ...] = ()
        for name in names:
            path = (*path, name)
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _key(self, position: int) -> tuple[tuple[Key, ...], int]:
        """A key, dotted or not, and where it ends; empty if there is none."""
        names: list[Key] = []
        while True:
            position = _skip(_SPACE, self._text, position)
            if match := _BARE.match(self._text, position):
                names.append(match.group())
            elif match := _STRING.match(self._text, position):
                names.append(_unquoted(match.group()))
            else:
                return (), position
            position = _skip(_SPACE, self._text, match.end())
            if not self._text.startswith(".", position):
                return tuple(names), position
            position += 1

    def _pair(self, position: int, table: tuple[Key, ...]) -> int:
        start = position
        names, position = self._key(position)
        if not names or not self._text.startswith("=", position):
            return start
        path = (*table, *names)
        self._found.append((path, start))
        return self._value(_skip(_SPACE, self._text, position + 1), path)

    def _value(self, position: int, path: tuple[Key, ...]) -> int:
        text = self._text
        if text.startswith("[", position):
            index, position = 0, _skip(_BLANK, text, position + 1)
            while position < len(text) and text[position] != "]":
                start = position
                self._found.append(((*path, index), position))
                position = _skip(_BLANK, text, self._value(position, (*path, index)))
                position = _skip(_BLANK, text, position + text.startswith(",", position))
                index += 1
                if position == start:
                    return position
            return position + 1
        if text.startswith("{", position):
            position = _skip(_BLANK, text, position + 1)
            while position < len(text) and text[position] != "}":
                start = position
                position = _skip(_BLANK, text, self._pair(position, path))
                position = _skip(_BLANK, text, position + text.startswith(",", position))
                if position == start:
                    return position
            return position + 1
        return _skip(_STRING, text, position) if text[position : position + 1] in {'"', "'"} else self._scalar(position)

    def _scalar(self, position: int) -> int:
        return _skip(_SCALAR, self._text, position)


def _json(text: str, position: int, path: tuple[Key, ...]) -> tuple[list[_Found], int]:
    """The keys below one JSON value that starts at `position`, and where the value ends."""
    found: list[_Found] = []
    opening = text[position : position + 1]
    if opening not in {"{", "["}:
        pattern = _STRING if opening == '"' else _JSON_SCALAR
        return found, _skip(pattern, text, position)
    closing, index = ("}", 0) if opening == "{" else ("]", 0)
    position = _skip(_JSON_BLANK, text, position + 1)
    while position < len(text) and text[position] != closing:
        start, key = position, index  # type: int, Key
        if opening == "{":
            match = _STRING.match(text, position)
            if match is None:
                return found, position
            key, position = _json_text(match.group()), _skip(_JSON_BLANK, text, match.end())
            position = _skip(_JSON_BLANK, text, position + text.startswith(":", position))
        found.append(((*path, key), start))
        below, position = _json(text, position, (*path, key))
        found += below
        position = _skip(_JSON_BLANK, text, position)
        position = _skip(_JSON_BLANK, text, position + text.startswith(",", position))
        index += 1
        if position == start:
            return found, position
    return found, position + 1
