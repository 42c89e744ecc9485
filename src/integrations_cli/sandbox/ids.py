"""Ids, slugs and the tokens that stand for secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Final

from integrations_cli import catalogue
from integrations_cli.catalogue.secret_names import sounds_secret

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"

_SPELLINGS: Final = (
    "$=dollar %=percent &=and <=less >=greater |=or ¢=cent £=pound ¤=currency ¥=yen €=euro "
    "æ=ae ø=o œ=oe ß=ss đ=d ł=l þ=th \u0131=i"
)
_SPELLED_OUT: Final = {pair[0]: pair[2:] for pair in _SPELLINGS.split()}


def object_id(now: float) -> str:
    """Return 24 hexadecimal digits that begin with the time in seconds, as the API's database makes them."""
    return f"{int(now) & 0xFFFFFFFF:08x}{os.urandom(8).hex()}"


def short_id(length: int = 10) -> str:
    """Return a random suffix for an identifier."""
    return "".join(_ALPHABET[byte & 63] for byte in os.urandom(length))


def slug(name: str) -> str:
    """Return the part of a generated identifier that comes from the name: `Crème & Co` becomes `creme-and-co`."""
    text = "".join(_SPELLED_OUT.get(char, char) for char in name.lower())
    if not text.isascii():
        import unicodedata

        text = unicodedata.normalize("NFKD", text)
    return re.sub(r"\s+", "-", re.sub(r"[^a-z0-9\s]", "", text, flags=re.ASCII).strip())


def token() -> str:
    """Return what is stored instead of a secret value: random, so that it says nothing about the value."""
    return f"nvsk.{os.urandom(16).hex()}:{os.urandom(16).hex()}"


def hide_credentials(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the credentials with a token for each that is secret for some provider."""
    secret = catalogue.secret_keys()
    return {key: token() if key in secret else hide_secrets(value) for key, value in credentials.items()}


def hide_secrets(value: Any) -> Any:
    """Return the value with a token for each string or list in it whose name sounds secret, such as `privateKey`."""
    if isinstance(value, dict):
        return {
            key: token() if sounds_secret(key) and isinstance(inner, str | list) else hide_secrets(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [hide_secrets(inner) for inner in value]
    return value
