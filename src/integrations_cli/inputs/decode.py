"""Reads files and decodes JSON and TOML that somebody else wrote, within limits.

Three bytes of `[],` take a hundred in memory, and a thousand nested brackets exhaust the interpreter's stack: without
limits, a file or a response of a few megabytes could take gigabytes and minutes.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from integrations_cli.models import Json, is_nested_deeper

MAX_DEPTH: Final = 60
"""Levels of nesting; an integration has three or four."""

MAX_KEY_PARTS: Final = 100
"""Dots in a TOML key: the time that the parser takes grows with their square."""

STRING: Final = (
    # Possessive (+): the pattern keeps no other way to read it, which for megabytes of text would take gigabytes.
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}' + r"|'''(?:[^']++|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]++|\\.)*+"' + r"|'[^'\n]*+'"
)
"""A TOML or JSON string; to be compiled with DOTALL."""


class Limits(NamedTuple):
    """How many objects, lists and tables a document may have, and how many values in all."""

    containers: int
    values: int


RESPONSE_LIMITS: Final = Limits(80_000, 500_000)
"""For a response: one of 10 MB with 17,000 integrations has 51,000 and 360,000."""

MANIFEST_LIMITS: Final = Limits(100_000, 250_000)
"""For one file of a manifest: an export of 10,000 integrations has 70,000 and 230,000."""

FILE_LIMITS: Final = Limits(20_000, 50_000)
"""For one integration, or the settings."""


class DecodeError(ValueError):
    """A file or text that cannot be used.

    `reason` says why, and holds nothing of the text but names of keys; `hint` says what to do about it. `line` and
    `column` count from 1, and are 0 where they are not known.
    """

    def __init__(self, reason: str, *, hint: str | None = None, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"{self.reason} (line {self.line}, column {self.column})" if self.line else self.reason


class DuplicateKeyError(DecodeError):
    """An object has a key twice."""


def read_bytes(path: Path, largest: int) -> bytes:
    """Return the content of a file; raise DecodeError if it cannot be read, or has more than `largest` bytes."""
    import os

    try:
        with path.open("rb") as stream:
            return check_size(stream.read(largest + 1), largest)
    except (OSError, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        if os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where it may not look
            raise DecodeError("it is a folder, not a file") from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise DecodeError(f"cannot read it: {reason}", hint="check the path; - is standard input") from None


def check_size(content: bytes, largest: int) -> bytes:
    """Return the content; raise DecodeError if it has more than `largest` bytes."""
    if len(content) > largest:
        raise DecodeError(f"it is bigger than {largest // 1024 // 1024} MiB")
    return content


def decode_utf8(content: bytes) -> str:
    """Return the text, without a byte order mark; raise DecodeError if it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        looks = ": it looks like UTF-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ""
        raise DecodeError("not UTF-8 text", hint=f"save it as UTF-8{looks}", line=line, column=column) from None


def load_json(text: str | bytes, limits: Limits, *, unique_keys: bool = False) -> Json:
    """Return the decoded JSON; with `unique_keys` an object with a key twice is refused.

    Raises:
        DecodeError: It is not JSON, holds what servers do not read (NaN, numbers that are too large), or is beyond the
            limits.
        DuplicateKeyError: A key is there twice.
    """
    import json

    if isinstance(text, bytes):
        containers, commas = text.count(b"{") + text.count(b"["), text.count(b",")
    else:
        containers, commas = text.count("{") + text.count("["), text.count(",")
    _check_counts(containers, commas, limits)
    hook = _unique if unique_keys else None
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=hook)
    except json.JSONDecodeError as error:
        raise DecodeError(f"not valid JSON: {_lowered(error.msg)}", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise _too_deep() from None
    except DecodeError:
        raise
    except ValueError:  # a number of thousands of digits, or bytes that are not UTF-8
        raise DecodeError("not usable: a number in it is too long") from None
    if is_nested_deeper(value, MAX_DEPTH):
        raise _too_deep()
    return value


def load_toml(text: str, limits: Limits) -> dict[str, Json]:
    """Return the decoded TOML; raise DecodeError if it is not TOML, has too long a number, or is beyond the limits."""
    import re
    import tomllib

    _check_counts(text.count("{") + text.count("["), text.count("=") + text.count(","), limits)
    lines = text.split("\n")
    if max(map(len, lines)) > 2 * MAX_KEY_PARTS and any(line.count(".") > MAX_KEY_PARTS for line in lines):
        bare = re.sub(rf"(?s){STRING}|#[^\n]*+", "", text)
        if any(piece.count(".") > MAX_KEY_PARTS for piece in re.split(r"[=,\[\]{}\n]", bare)):
            raise _too_deep()
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # What the library says holds names of keys and single characters, never a value.
        found = re.fullmatch(r"(?s)(.*) \(at line (\d+), column (\d+)\)", str(error))
        if found:
            reason, line, column = found[1], int(found[2]), int(found[3])
        else:
            reason = str(error).removesuffix(" (at end of document)") + " at the end of the file"
            line, column = len(lines), len(lines[-1].removesuffix("\r")) + 1
        # A table that is there twice is named as a Python tuple.
        reason = re.sub(r"\(('[^']*'(?:, '[^']*')*),?\)", lambda keys: keys[1].replace("', '", ".").strip("'"), reason)
        raise DecodeError(f"not valid TOML: {_lowered(reason)}", line=line, column=column) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise DecodeError("not usable: a number in it is too long") from None
    if is_nested_deeper(value, MAX_DEPTH):
        raise _too_deep()
    return value


def type_name(value: Json) -> str:
    """Return the type of a decoded value in words, never the value: it may be a secret in the wrong place."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    names = {int: "a number", float: "a number", dict: "an object", list: "a list"}
    return names.get(type(value), "a date or a time")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members: dict[str, Json] = {}
    for name, value in pairs:
        if name in members:
            raise DuplicateKeyError(f"not usable: {name} is written twice in one object")
        members[name] = value
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise DecodeError(f"not usable: {name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise DecodeError("not usable: a number in it is too large")
    return number


def _check_counts(containers: int, values: int, limits: Limits) -> None:
    if containers > limits.containers or containers + values > limits.values:
        raise DecodeError("not usable: it holds too many values")


def _too_deep() -> DecodeError:
    return DecodeError("not usable: it is nested too deeply")


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
