"""Looks up the providers that the API knows, in `providers.json` beside this file; no network.

`scripts/refresh_catalogue.py` makes that file from the npm package `@novu/shared`, the API's own source. It is read at
the first lookup, and only the providers that are asked for become objects.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from integrations_cli.catalogue.credential_fields import CredentialField, Provider
from integrations_cli.models import Json

BUILT_IN: Final = frozenset({"novu", "novu-email", "novu-email-agent", "novu-slack", "novu-sms"})
"""Providers that are built into the service: their credentials, if any, are on the server."""


def providers() -> tuple[Provider, ...]:
    """Return all providers, by channel, then by id."""
    return tuple(_provider(provider_id) for provider_id in entries())


def provider_ids() -> tuple[str, ...]:
    """Return the ids of all providers, in the same order."""
    return tuple(entries())


def find(provider_id: str) -> Provider | None:
    """Return the provider with exactly this id, or None."""
    return _provider(provider_id) if provider_id in entries() else None


def channels() -> tuple[str, ...]:
    """Return all channels, in the order in which they are shown."""
    return tuple(document()["channels"])


def channels_with_primary() -> tuple[str, ...]:
    """Return the channels that have a primary integration in each environment."""
    return tuple(document()["channels_with_primary"])


def source() -> dict[str, str]:
    """Return the npm `package` and its `version` that the catalogue comes from."""
    return dict(document()["source"])


@cache
def document() -> Json:
    """Return the whole catalogue, decoded."""
    return json.loads(Path(__file__).with_name("providers.json").read_bytes())


@cache
def entries() -> dict[str, Json]:
    """Return the raw entries by id, in order."""
    return {entry["id"]: entry for entry in document()["providers"]}


@cache
def _provider(provider_id: str) -> Provider:
    entry = entries()[provider_id]
    link = entry["docs"] or ""
    return Provider(
        id=entry["id"],
        name=entry["name"],
        channel=entry["channel"],
        docs="" if link.startswith("https://localhost/") else link,  # works only on the machine of its author
        beta=entry["beta"],
        credentials=tuple(_field(field) for field in entry["credentials"]),
    )


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
