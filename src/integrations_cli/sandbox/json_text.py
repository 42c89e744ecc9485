"""JSON as V8 reads it, so that what is wrong with a body is said in the server's own words.

Used only where the standard library's parser gives up: on text that is not JSON, and on text nested deeper than
Python's recursion allows, which servers take. It keeps its own stack, so depth costs memory and nothing else.
"""

from __future__ import annotations

import re
from typing import Any, Final

_CONTEXT: Final = 10
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_HEX: Final = re.compile(r"[0-9a-fA-F]{0,4}")
_DIGITS: Final = re.compile(r"[0-9]*")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LITERALS: Final[dict[str, tuple[str, Any]]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


class JsonSyntaxError(ValueError):
    """The text is not JSON; the message is V8's."""


def number(text: str) -> int | float | None:
    """A JSON number as JavaScript holds it: whole ones without a point, and null for what is too large for it."""
    if len(text) < 16 and text.lstrip("-").isdigit():
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def parse(text: str) -> Any:
    """The value of a JSON text of any depth.

    Raises:
        JsonSyntaxError: It is not JSON.
    """
    return _Parser(text).parse()


def strict_violation(text: str) -> str:
    """The message for a text that starts with neither `{` nor `[`: a bare value, which servers refuse."""
    units = _units(text)
    start = _SPACE.match(units).end()  # type: ignore[union-attr]  # the pattern matches the empty text
    return _unexpected(units, start) if start < len(units) else "Unexpected end of JSON input"


class _Parser:
    """One pass over one text; containers that are still open stand on a stack."""

    def __init__(self, text: str) -> None:
        self._text = _units(text)
        self._at = 0

    def parse(self) -> Any:
        stack: list[tuple[Any, str | None]] = []
        while True:
            value, opened = self._value()
            if opened:
                key = self._first_key() if isinstance(value, dict) else None
                if isinstance(value, dict) and key is None:
                    pass  # an empty object is a value like any other
                elif isinstance(value, list) and self._peek() == "]":
                    self._at += 1
                else:
                    stack.append((value, key))
                    continue
            while stack:
                container, key = stack.pop()
                if isinstance(container, list):
                    container.append(value)
                    if self._more("]", "Expected ',' or ']' after array element in JSON"):
                        stack.append((container, None))
                        break
                else:
                    container[key] = value
                    if self._more("}", "Expected ',' or '}' after property value in JSON"):
                        if self._peek() != '"':
                            raise self._error("Expected double-quoted property name in JSON")
                        stack.append((container, self._key(first=False)))
                        break
                value = container
            else:
                if self._peek():
                    raise self._error("Unexpected non-whitespace character after JSON")
                return value

    def _value(self) -> tuple[Any, bool]:
        """The value that starts here, and whether it is a container of which only the bracket was read."""
        char = self._peek()
        if char == "{":
            self._at += 1
            return {}, True
        if char == "[":
            self._at += 1
            return [], True
        if char == '"':
            return self._string(), False
        if char in _LITERALS and char:
            return self._literal(*_LITERALS[char]), False
        if char == "-" or "0" <= char <= "9":
            return self._number(), False
        raise self._unexpected()

    def _first_key(self) -> str | None:
        char = self._peek()
        if char == "}":
            self._at += 1
            return None
        if char != '"':
            raise self._error("Expected property name or '}' in JSON")
        return self._key(first=True)

    def _key(self, *, first: bool) -> str:
        key = self._string()
        if self._peek() != ":":
            raise self._error("Expected ':' after property name in JSON") if first else self._unexpected()
        self._at += 1
        return key

    def _more(self, end: str, otherwise: str) -> bool:
        char = self._peek()
        if char not in (",", end) or not char:
            raise self._error(otherwise)
        self._at += 1
        return char == ","

    def _literal(self, word: str, value: Any) -> Any:
        for expected in word:
            if self._text[self._at : self._at + 1] != expected:
                raise self._unexpected()
            self._at += 1
        return value

    def _number(self) -> int | float | None:
        text, start = self._text, self._at
        if text[self._at] == "-":
            self._at += 1
        if not self._digits():
            raise self._error("No number after minus sign in JSON")
        first = start + (text[start] == "-")
        if text[first] == "0" and self._at > first + 1:
            self._at = first + 1
            raise self._error("Unexpected number in JSON")
        if text[self._at : self._at + 1] == ".":
            self._at += 1
            if not self._digits():
                raise self._error("Unterminated fractional number in JSON")
        if text[self._at : self._at + 1] in ("e", "E"):
            self._at += 1
            if text[self._at : self._at + 1] in ("+", "-"):
                self._at += 1
            if not self._digits():
                raise self._error("Exponent part is missing a number in JSON")
        return number(text[start : self._at])

    def _digits(self) -> bool:
        start = self._at
        self._at = _DIGITS.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches the empty text
        return self._at > start

    def _string(self) -> str:
        parts: list[str] = []
        self._at += 1
        while True:
            plain = _PLAIN.match(self._text, self._at)
            assert plain is not None
            parts.append(plain.group())
            self._at = plain.end()
            char = self._text[self._at : self._at + 1]
            if char == '"':
                self._at += 1
                text = "".join(parts)
                return text if text.isascii() else _joined(text)
            if not char:
                raise self._error("Unterminated string in JSON")
            if char != "\\":
                raise self._error("Bad control character in string literal in JSON")
            parts.append(self._escape())

    def _escape(self) -> str:
        self._at += 1
        char = self._text[self._at : self._at + 1]
        if char == "u":
            digits = _HEX.match(self._text, self._at + 1)
            assert digits is not None  # it matches the empty text
            self._at = digits.end()
            if len(digits.group()) < 4:
                raise self._error("Bad Unicode escape in JSON")
            return chr(int(digits.group(), 16))
        if char not in _ESCAPES:
            known = "" < char <= "\xff"  # V8 looks no further than these in its table
            raise self._error("Bad escaped character in JSON") if known else self._unexpected()
        self._at += 1
        return _ESCAPES[char]

    def _peek(self) -> str:
        """The next character that is no white space, or nothing at the end."""
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches the empty text
        return self._text[self._at : self._at + 1]

    def _error(self, what: str) -> JsonSyntaxError:
        return JsonSyntaxError(f"{what} at position {self._at}")

    def _unexpected(self) -> JsonSyntaxError:
        if self._at >= len(self._text):
            return JsonSyntaxError("Unexpected end of JSON input")
        char = self._text[self._at]
        if char == '"':
            return self._error("Unexpected string in JSON")
        if char == "-" or "0" <= char <= "9":
            return self._error("Unexpected number in JSON")
        return JsonSyntaxError(_unexpected(self._text, self._at))


def _unexpected(text: str, at: int) -> str:
    """V8's words for a character that may not stand here, with up to ten characters on either side of it."""
    start, end = 0, len(text)
    before = after = ""
    if end > 2 * _CONTEXT:
        if at < end - _CONTEXT:
            end, after = at + _CONTEXT, "..."
        if at >= _CONTEXT:
            start, before = at - _CONTEXT, "..."
    return _joined(f"Unexpected token '{text[at]}', {before}\"{text[start:end]}\"{after} is not valid JSON")


def _joined(text: str) -> str:
    """The text with the two halves of every character put together."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _units(text: str) -> str:
    """The text as JavaScript has it: a character beyond the first 65,536 is two."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[at] | raw[at + 1] << 8) for at in range(0, len(raw), 2))
