"""Reads plain TOML, such as `export` writes, in a fraction of the time that `tomllib` takes for it.

Plain is: headers of bare keys, and lines of `key = value` whose value is a string without escapes, true, false, a whole
number, or `{ env = "NAME" }`. Of anything else, and of anything that is wrong, this module has no opinion: it gives
None, and `tomllib` has the word. A large manifest is plain or it is not read within the time that people wait.
"""

from __future__ import annotations

import re
from typing import Any, Final

_TEXT: Final = r'"([^"\\\x00-\x08\x0a-\x1f\x7f]*)"'
_END: Final = r"[ \t]*(?:#[^\x00-\x08\x0a-\x1f\x7f]*)?(?:\r?\n|\Z)"
_LINE: Final = re.compile(
    r"[ \t]*(?:"
    r"\[([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\]"
    rf"|([A-Za-z0-9_-]+)[ \t]*=[ \t]*(?:{_TEXT}|(true|false)|(0|[1-9][0-9]{{0,17}})"
    rf"|\{{[ \t]*env[ \t]*=[ \t]*{_TEXT}[ \t]*\}})"
    rf")?{_END}"
)


def loads(text: str) -> dict[str, Any] | None:
    """What `tomllib.loads` gives for this text, or None if it is not plain."""
    document: dict[str, Any] = {}
    table = document
    headers: set[str] = set()
    end = 0
    for match in _LINE.finditer(text):
        if match.start() != end:
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
        if kind == 3:
            table[key] = match[3]
        elif kind == 4:
            table[key] = match[4] == "true"
        elif kind == 5:
            table[key] = int(match[5])
        else:
            table[key] = _Reference(env=match[6])
    return document if end == len(text) else None


class _Reference(dict[str, Any]):
    """A table that stands on one line: no header can add to it."""


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
