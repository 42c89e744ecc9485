"""Secret values become tokens before anything is stored: the sandbox's disk never holds one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from integrations_cli import catalogue
from integrations_cli.sandbox.ids import Randomness, token

_SOUNDS_SECRET: Final = re.compile(r"(key|secret|token|password|passphrase|pfx)$", re.IGNORECASE)


def with_tokens(credentials: Mapping[str, Any], randomness: Randomness) -> dict[str, Any]:
    """The credentials with a token in place of every secret one, whichever provider calls it secret."""
    secret = catalogue.secret_keys()
    return {
        key: token(randomness) if key in secret else with_tokens_inside(value, randomness)
        for key, value in credentials.items()
    }


def with_tokens_inside(value: Any, randomness: Randomness) -> Any:
    """The value with a token in place of every text in it whose name sounds secret, such as `key` in `tlsOptions`."""
    if isinstance(value, dict):
        return {
            key: token(randomness)
            if _SOUNDS_SECRET.search(key) and isinstance(inner, str | list)
            else with_tokens_inside(inner, randomness)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [with_tokens_inside(inner, randomness) for inner in value]
    return value
