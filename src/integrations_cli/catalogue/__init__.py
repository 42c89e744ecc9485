"""The providers that the API knows, read from `providers.json` beside this file: facts only, no network.

`scripts/refresh_catalogue.py` makes that file from the npm package `@novu/shared`, the API's own source of them. It is
read when the first question is asked, and only the providers that are asked for become objects.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from integrations_cli.models import CredentialField, Json, Provider

BOOLEAN_KEYS: Final = frozenset({"secure", "requireTls", "ignoreTls", "hmac", "authenticateByToken"})
"""Credentials that go over the wire as true or false."""

OBJECT_KEYS: Final = frozenset({"tlsOptions"})
"""Credentials that go over the wire as an object. Every other one is a string, `port` too."""

BUILT_IN: Final = frozenset({"novu", "novu-email", "novu-email-agent", "novu-slack", "novu-sms"})
"""Providers that the service itself brings along: their credentials, if any, live on the server."""


def providers() -> tuple[Provider, ...]:
    """All providers, in the catalogue's order: by channel, then by id."""
    return tuple(_provider(provider_id) for provider_id in _entries())


def provider_ids() -> tuple[str, ...]:
    """The ids of all providers, in the same order, without building the rest of them."""
    return tuple(_entries())


def provider_names() -> dict[str, str]:
    """The display name of each provider by its id."""
    return {provider_id: entry["name"] for provider_id, entry in _entries().items()}


def find(provider_id: str) -> Provider | None:
    """The provider with exactly this id, or None."""
    return _provider(provider_id) if provider_id in _entries() else None


def channels() -> tuple[str, ...]:
    """All channels, in the order in which they are shown."""
    return tuple(_document()["channels"])


def channels_with_primary() -> tuple[str, ...]:
    """The channels in which one integration of an environment comes first."""
    return tuple(_document()["channels_with_primary"])


def source() -> dict[str, str]:
    """Where the facts come from: the npm `package` and its `version`."""
    return dict(_document()["source"])


@cache
def known_keys() -> frozenset[str]:
    """Every credential key that some provider has."""
    return frozenset(field["key"] for entry in _entries().values() for field in entry["credentials"])


@cache
def secret_keys() -> frozenset[str]:
    """The keys that servers encrypt, and every key that some provider marks as secret."""
    marked = (field["key"] for entry in _entries().values() for field in entry["credentials"] if field["secret"])
    return frozenset(_document()["secret_keys"]).union(marked)


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
    return key not in known_keys()


@cache
def _document() -> Json:
    return json.loads(Path(__file__).with_name("providers.json").read_bytes())


@cache
def _entries() -> dict[str, Json]:
    """The raw entries by id, in order."""
    return {entry["id"]: entry for entry in _document()["providers"]}


@cache
def _provider(provider_id: str) -> Provider:
    entry = _entries()[provider_id]
    return Provider(
        id=entry["id"],
        name=entry["name"],
        channel=entry["channel"],
        docs=_link(entry["docs"]),
        beta=entry["beta"],
        credentials=tuple(_field(field) for field in entry["credentials"]),
    )


def _link(url: str | None) -> str:
    """The link, or nothing where the source has none that anybody else could follow."""
    return "" if url is None or url.startswith("https://localhost/") else url


def _field(field: Json) -> CredentialField:
    return CredentialField(
        key=field["key"],
        label=field["label"],
        type=field["type"],
        required=field["required"],
        secret=field["secret"],
        choices=tuple(field.get("choices", ())),
        default=field.get("default"),
        hidden=field.get("hidden", False),
        links=field.get("links"),
    )
