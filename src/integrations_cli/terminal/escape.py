"""Escapes the characters in text from outside that could steer a terminal or hide text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

# C0 and C1 controls and DEL; soft hyphen, Arabic letter mark, Mongolian vowel separator; zero-width characters and
# direction marks; line and paragraph separators; direction embeddings, overrides and isolates; invisible operators;
# byte-order mark; interlinear annotation; lone surrogates; language tags.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def _sub(escape: Callable[[re.Match[str]], str], text: str, *, lines: bool = False) -> str:
    """Return the text with unsafe characters replaced by `escape`; with `lines` its line ends stay."""
    # No printable character is unsafe. Most texts are printable, and then the pattern is not even compiled.
    if (text.replace("\n", "") if lines else text).isprintable():
        return text
    return re.sub(f"(?!\n){_UNSAFE}" if lines else _UNSAFE, escape, text)


def escape(text: str) -> str:
    """Return the text on one line, with every control, direction and zero-width character as an escape."""
    return _sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def escape_json(document: str, *, indented: bool = True) -> str:
    """Return an encoded JSON document with JSON escapes, which decode to the same strings.

    The line ends of an indented document stay: a JSON string has none that are not escaped.
    """
    return _sub(lambda match: json.dumps(match[0])[1:-1], document, lines=indented)


def _escape_toml(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def escape_toml(document: str) -> str:
    """Return a TOML document with TOML escapes; every string in it must be quoted and on one line."""
    return _sub(_escape_toml, document, lines=True)
