"""The providers that the API knows, and which of their credentials are secret."""

from integrations_cli.catalogue.lookup import (
    BUILT_IN,
    channels,
    channels_with_primary,
    find,
    provider_ids,
    providers,
    source,
)
from integrations_cli.catalogue.secret_names import credential_keys, is_secret, secret_keys

__all__ = [
    "BUILT_IN",
    "channels",
    "channels_with_primary",
    "credential_keys",
    "find",
    "is_secret",
    "provider_ids",
    "providers",
    "secret_keys",
    "source",
]
