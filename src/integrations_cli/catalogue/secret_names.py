"""Which names belong to secrets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from integrations_cli.catalogue.lookup import document, entries, find
from integrations_cli.models import Json


@cache
def credential_keys() -> frozenset[str]:
    """Every credential key that some provider has."""
    return frozenset(field["key"] for entry in entries().values() for field in entry["credentials"])


@cache
def secret_keys() -> frozenset[str]:
    """The keys that servers encrypt, and every key that some provider marks as secret."""
    marked = (field["key"] for entry in entries().values() for field in entry["credentials"] if field["secret"])
    return frozenset(document()["secret_keys"]).union(marked)


@cache
def is_secret(provider_id: str | None, key: str) -> bool:
    """Whether the value of `key` must be masked.

    It must when servers encrypt that key, and when nobody knows what it is: a key that this provider does not have, or,
    without a provider that the catalogue knows, that no provider has.
    """
    if key in secret_keys():
        return True
    provider = find(provider_id) if provider_id is not None else None
    if provider is not None:
        return provider.field(key) is None
    return key not in credential_keys()


def sounds_secret(name: str) -> bool:
    """Whether a member of this name, of some object that nobody has described, holds a secret: `private_key`, `pfx`."""
    return name.lower().endswith(("key", "secret", "token", "password", "passphrase", "pfx"))


def secrets_within(value: Json) -> Iterator[str]:
    """The texts below every name that sounds secret, in a decoded JSON value."""
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
