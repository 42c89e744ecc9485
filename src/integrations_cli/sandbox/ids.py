"""Ids, identifiers and tokens, made from bytes that the caller's source of randomness gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

Randomness = Callable[[int], bytes]
"""Gives so many random bytes; `os.urandom` outside tests."""

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"

_SPELLED: Final = {
    "$": "dollar",
    "%": "percent",
    "&": "and",
    "<": "less",
    ">": "greater",
    "|": "or",
    "¢": "cent",
    "£": "pound",
    "¤": "currency",
    "¥": "yen",
    "€": "euro",
    "Æ": "AE",
    "æ": "ae",
    "Ø": "O",
    "ø": "o",
    "Œ": "OE",
    "œ": "oe",
    "ß": "ss",
    "Đ": "D",
    "đ": "d",
    "Ł": "L",
    "ł": "l",
    "Þ": "TH",
    "þ": "th",
    "\u0131": "i",
}


def object_id(now: float, randomness: Randomness) -> str:
    """24 hexadecimal digits that start with the time in seconds, as the API's database makes them."""
    return f"{int(now) & 0xFFFFFFFF:08x}{randomness(8).hex()}"


def short_id(randomness: Randomness, length: int = 10) -> str:
    """A random end for an identifier."""
    return "".join(_ALPHABET[byte & 63] for byte in randomness(length))


def error_id(randomness: Randomness) -> str:
    """The number of a failure, in the form of a UUID of version 4."""
    digits = bytearray(randomness(16))
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def token(randomness: Randomness) -> str:
    """What stands for a secret value. It is random: nothing leads from it back to the value, nor shows its length."""
    return f"nvsk.{randomness(16).hex()}:{randomness(16).hex()}"


def slug(name: str) -> str:
    """`Crème Brûlée & Co` → `creme-brulee-and-co`: what servers put before a generated identifier's random end."""
    if not name.isascii():
        import unicodedata

        name = unicodedata.normalize("NFC", name)
        name = "".join(_SPELLED.get(char) or unicodedata.normalize("NFKD", char) for char in name)
    else:
        name = "".join(_SPELLED.get(char, char) for char in name)
    kept = re.sub(r"[^A-Za-z0-9\s]", "", name, flags=re.ASCII)
    return re.sub(r"\s+", "-", kept.strip()).lower()
