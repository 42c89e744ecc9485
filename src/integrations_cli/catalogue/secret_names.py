"""Decides which names belong to secrets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from integrations_cli.catalogue.lookup import document, entries, find
from integrations_cli.models import Json


@cache
def credential_keys() -> frozenset[str]:
    """Return the credential keys of all providers."""
    return frozenset(field["key"] for entry in entries().values() for field in entry["credentials"])


@cache
def secret_keys() -> frozenset[str]:
    """Return the keys that servers encrypt, and those that some provider marks as secret."""
    marked = (field["key"] for entry in entries().values() for field in entry["credentials"] if field["secret"])
    return frozenset(document()["secret_keys"]).union(marked)


@cache
def is_secret(provider_id: str | None, key: str) -> bool:
    """Return whether the value of a credential must be masked.

    It must if servers encrypt that key, or if its meaning is not known: a key that this provider does not have or, for
    an unknown provider, that no provider has.
    """
    if key in secret_keys():
        return True
    provider = find(provider_id) if provider_id is not None else None
    if provider is not None:
        return provider.field(key) is None
    return key not in credential_keys()


def sounds_secret(name: str) -> bool:
    """Return whether a member with this name, in an object that the catalogue does not describe, holds a secret."""
    return name.lower().endswith(("key", "secret", "token", "password", "passphrase", "pfx"))


def secrets_within(value: Json) -> Iterator[str]:
    """Yield the texts below every secret name in a decoded JSON value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item) if sounds_secret(name) else secrets_within(item)
    elif isinstance(value, list):
        for item in value:
            yield from secrets_within(item)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
