"""Ids, slugs and the tokens that stand for secrets, made from the caller's random bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from integrations_cli import catalogue
from integrations_cli.catalogue.secret_names import sounds_secret

Randomness = Callable[[int], bytes]
"""Returns this many random bytes; `os.urandom` outside tests."""

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"

_SPELLINGS: Final = (
    "$=dollar %=percent &=and <=less >=greater |=or ¢=cent £=pound ¤=currency ¥=yen €=euro "
    "æ=ae ø=o œ=oe ß=ss đ=d ł=l þ=th \u0131=i"
)
_SPELLED_OUT: Final = {pair[0]: pair[2:] for pair in _SPELLINGS.split()}


def object_id(now: float, randomness: Randomness) -> str:
    """Return 24 hexadecimal digits that begin with the time in seconds, as the API's database makes them."""
    return f"{int(now) & 0xFFFFFFFF:08x}{randomness(8).hex()}"


def short_id(randomness: Randomness, length: int = 10) -> str:
    """Return a random suffix for an identifier."""
    return "".join(_ALPHABET[byte & 63] for byte in randomness(length))


def error_id(randomness: Randomness) -> str:
    """Return a UUID of version 4."""
    import uuid

    return str(uuid.UUID(bytes=randomness(16), version=4))


def slug(name: str) -> str:
    """Return the part of a generated identifier that comes from the name: `Crème & Co` becomes `creme-and-co`."""
    text = "".join(_SPELLED_OUT.get(char, char) for char in name.lower())
    if not text.isascii():
        import unicodedata

        text = unicodedata.normalize("NFKD", text)
    return re.sub(r"\s+", "-", re.sub(r"[^a-z0-9\s]", "", text, flags=re.ASCII).strip())


def token(randomness: Randomness) -> str:
    """Return what is stored instead of a secret value: random, so that it says nothing about the value."""
    return f"nvsk.{randomness(16).hex()}:{randomness(16).hex()}"


def hide_credentials(credentials: Mapping[str, Any], randomness: Randomness) -> dict[str, Any]:
    """Return the credentials with a token for each that is secret for some provider."""
    secret = catalogue.secret_keys()
    return {
        key: token(randomness) if key in secret else hide_secrets(value, randomness)
        for key, value in credentials.items()
    }


def hide_secrets(value: Any, randomness: Randomness) -> Any:
    """Return the value with a token for each string or list in it whose name sounds secret, such as `privateKey`."""
    if isinstance(value, dict):
        return {
            key: token(randomness)
            if sounds_secret(key) and isinstance(inner, str | list)
            else hide_secrets(inner, randomness)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [hide_secrets(inner, randomness) for inner in value]
    return value
