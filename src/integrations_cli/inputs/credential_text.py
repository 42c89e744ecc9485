"""Decodes and checks the text of one credential value."""

from __future__ import annotations

from typing import Final

from integrations_cli.errors import InputError
from integrations_cli.inputs.decode import DecodeError, check_size, decode_utf8

LARGEST: Final = 1024 * 1024
"""Bytes of one value at most: ten times what a server takes as a whole body."""


def decode_text(content: bytes, what: str, place: str) -> str:
    """Return the text of `content` without a byte order mark and one final line end.

    `what` (`credentials.apiKey`) and `place` (`standard input`) begin the message of every InputError.
    """
    try:
        text = decode_utf8(check_size(content, LARGEST))
    except DecodeError as error:
        raise InputError(f"{what}: {place}: {error}", hint=error.hint) from None
    if text.endswith("\n"):
        text = text[:-2] if text.endswith("\r\n") else text[:-1]
    return check_text(text, what, place)


def check_text(text: str, what: str, place: str = "the value") -> str:
    """Return `text`; raise InputError if it is empty, or holds a NUL or a lone surrogate (a byte outside of UTF-8)."""
    if not text:
        raise InputError(f"{what}: {place} is empty")
    if "\0" in text:
        raise InputError(f"{what}: {place} holds a NUL character", hint="text files are saved as UTF-8, not as UTF-16")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{what}: {place} is not valid Unicode text", hint="give it as UTF-8") from None
    return text
