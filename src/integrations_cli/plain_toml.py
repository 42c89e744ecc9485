"""Reads plain TOML, such as `export` and most people write, in a fraction of the time that `tomllib` takes for it.

Plain is: headers of bare keys, and lines of `key = value` whose value is a string without escapes, true, false, a whole
number, or a table in braces of such values, `{ env = "NAME" }` among them. Of anything else, and of anything that is
wrong, this module has no opinion: it gives None, and `tomllib` has the word. A manifest of thousands of entries is read
within the time that people wait only if it is plain.
"""

from __future__ import annotations

import re
from typing import Any, Final

_KEY: Final = r"[A-Za-z0-9_-]+"
_INNER: Final = r'[^"\\\x00-\x08\x0a-\x1f\x7f]*'
_PLAIN: Final = rf'"({_INNER})"|(true|false)|(0|[1-9][0-9]{{0,17}})'
_OTHER: Final = r'[^"\\{}#\x00-\x08\x0a-\x1f\x7f]'
# Possessive (++): what is no table in braces is found out at once, not after trying every way to cut it up.
_BRACES: Final = rf'\{{((?:{_OTHER}++|"{_INNER}"|\{{(?:{_OTHER}++|"{_INNER}")*\}})*)\}}'
_END: Final = r"[ \t]*(?:#[^\x00-\x08\x0a-\x1f\x7f]*)?(?:\r?\n|\Z)"
_LINE: Final = re.compile(
    rf"[ \t]*(?:\[({_KEY}(?:\.{_KEY})*)\]|({_KEY})[ \t]*=[ \t]*(?:{_PLAIN}|{_BRACES}))?{_END}",
)
_MEMBER: Final = re.compile(
    rf"[ \t]*({_KEY})[ \t]*=[ \t]*(?:{_PLAIN}|\{{[ \t]*({_KEY})[ \t]*=[ \t]*\"({_INNER})\"[ \t]*\}})[ \t]*(,|\Z)"
)


def loads(text: str) -> dict[str, Any] | None:
    """What `tomllib.loads` gives for this text, or None if it is not plain."""
    document: dict[str, Any] = {}
    table: dict[str, Any] = document
    headers: set[str] = set()
    end, size = 0, len(text)
    while end < size:
        match = _LINE.match(text, end)
        if match is None:
            return None
        end = match.end()
        kind = match.lastindex
        if kind is None:
            continue
        if kind == 1:
            header = match[1]
            found = None if header in headers else _table(document, header)
            if found is None:
                return None
            headers.add(header)
            table = found
            continue
        key = match[2]
        if key in table:
            return None
        if kind == 6:
            members = _members(match[6])
            if members is None:
                return None
            table[key] = members
        else:
            table[key] = match[3] if kind == 3 else match[4] == "true" if kind == 4 else int(match[5])
    return document


class _Braces(dict[str, Any]):
    """A table in braces: no header can add to it."""


def _members(text: str) -> _Braces | None:
    """What stands between braces, or None if it is not plain."""
    table = _Braces()
    end, more = 0, False
    while (match := _MEMBER.match(text, end)) is not None:
        key = match[1]
        if key in table:
            return None
        end, more = match.end(), match[7] == ","
        if match[5] is not None:
            table[key] = _Braces({match[5]: match[6]})
        elif match[2] is not None:
            table[key] = match[2]
        else:
            table[key] = match[3] == "true" if match[3] is not None else int(match[4])
    # A comma at the end is not TOML; blanks alone are an empty table.
    return None if more or (end != len(text) and (table or text.strip(" \t"))) else table


def _table(document: dict[str, Any], header: str) -> dict[str, Any] | None:
    """The table of a header, made if it is not there yet; None where there is something else."""
    table = document
    for key in header.split("."):
        inner = table.get(key)
        if inner is None:
            inner = table[key] = {}
        elif type(inner) is not dict:
            return None
        table = inner
    return table
