"""Decodes JSON and TOML that somebody else wrote, within bounds: what they cost is not for the text to choose.

Three bytes of `[],` become a hundred in memory, and a thousand brackets end the interpreter's patience: a file or an
answer of some megabytes could take gigabytes and minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from integrations_cli.models import Json

MAX_DEPTH: Final = 60
"""Levels of nesting that are believed; an integration has three or four."""

LONGEST_KEY: Final = 100
"""Dots in a key of TOML that are believed: the time that the parser takes grows with their square."""

_APART: Final = (
    r'(?s)"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}' + r"|'''(?:[^']++|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]++|\\.)*+"' + r"|'[^'\n]*+'|#[^\n]*+"
)
"""Strings and comments."""


class LimitError(ValueError):
    """It is more than is believed; the text says in what respect, and holds nothing of what was read."""


Limits = tuple[int, int]
"""How many objects, lists and tables a document may have, and how many values in all."""

RESPONSE_LIMITS: Final = (80_000, 500_000)
"""For an answer: one of 10 MB with 17,000 integrations has 51,000 and 360,000."""

MANIFEST_LIMITS: Final = (100_000, 250_000)
"""For one file of a manifest: an export of 10,000 integrations has 70,000 and 230,000."""

FILE_LIMITS: Final = (20_000, 50_000)
"""For one integration, or the settings."""


def load_json(
    text: str | bytes,
    bounds: Limits,
    *,
    parse_constant: Callable[[str], Any] | None = None,
    parse_float: Callable[[str], Any] | None = None,
    object_pairs_hook: Callable[[list[tuple[str, Json]]], Any] | None = None,
) -> Json:
    """The decoded JSON; the hooks are those of `json.loads`.

    Raises:
        LimitError: It has more values, or is nested deeper, than is believed.
        ValueError: It is no JSON, or holds a number of thousands of digits.
    """
    import json

    if isinstance(text, bytes):
        containers, commas = text.count(b"{") + text.count(b"["), text.count(b",")
    else:
        containers, commas = text.count("{") + text.count("["), text.count(",")
    _check(containers, commas, bounds)
    try:
        value = json.loads(
            text, parse_constant=parse_constant, parse_float=parse_float, object_pairs_hook=object_pairs_hook
        )
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value)
    return value


def load_toml(text: str, bounds: Limits) -> dict[str, Json]:
    """Return the decoded TOML.

    Raises:
        LimitError: It has more values, or is nested deeper, than is believed.
        ValueError: It is no TOML (a TOMLDecodeError), or holds a number of thousands of digits.
    """
    _check(text.count("{") + text.count("["), text.count("=") + text.count(","), bounds)
    lines = text.split("\n")
    if max(map(len, lines)) > 2 * LONGEST_KEY and any(line.count(".") > LONGEST_KEY for line in lines):
        import re

        bare = re.sub(_APART, "", text)
        if any(piece.count(".") > LONGEST_KEY for piece in re.split(r"[=,\[\]{}\n]", bare)):
            raise _too_deep()
    import tomllib

    try:
        value = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value)
    return value


def _check(containers: int, values: int, bounds: Limits) -> None:
    most_containers, most_values = bounds
    if containers > most_containers or containers + values > most_values:
        raise LimitError("it holds too many values")


def _check_depth(value: Json) -> None:
    """Refuse what is nested deeper than `MAX_DEPTH`; without recursion, since that is what it protects from."""
    level: list[Json] = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
    raise _too_deep()


def _too_deep() -> LimitError:
    return LimitError("it is nested too deeply")


def type_name(value: Json, table: str = "a table") -> str:
    """What a decoded value is, in words: never the value itself, which may be a secret in the wrong place."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, dict):
        return table
    return "a list" if isinstance(value, list) else "a date or a time"
