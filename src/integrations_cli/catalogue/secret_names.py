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


def is_secret_name(name: str) -> bool:
    """Return whether a member with this name holds a secret, in an object that may be anything."""
    return sounds_secret(name) or name in secret_keys()


def secrets_within(value: Json, *, secret: bool = False) -> Iterator[str]:
    """Yield the texts below every secret name in a decoded JSON value; with `secret` all of its texts."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from secrets_within(item, secret=secret or sounds_secret(name))
    elif isinstance(value, list):
        for item in value:
            yield from secrets_within(item, secret=secret)
    elif secret and isinstance(value, str):
        yield value
