"""The providers that the API knows, and which of their credentials are secret."""

from integrations_cli.catalogue.lookup import (
    BOOLEAN_KEYS,
    BUILT_IN,
    OBJECT_KEYS,
    channels,
    channels_with_primary,
    find,
    provider_ids,
    provider_names,
    providers,
    source,
)
from integrations_cli.catalogue.secret_names import is_secret, known_keys, secret_keys

__all__ = [
    "BOOLEAN_KEYS",
    "BUILT_IN",
    "OBJECT_KEYS",
    "channels",
    "channels_with_primary",
    "find",
    "is_secret",
    "known_keys",
    "provider_ids",
    "provider_names",
    "providers",
    "secret_keys",
    "source",
]
