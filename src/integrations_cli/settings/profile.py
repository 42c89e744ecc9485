"""Check and type one profile of `config.toml`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from integrations_cli.errors import ConfigError, IntegrationsError
from integrations_cli.inputs.decode import type_name
from integrations_cli.inputs.endpoint import parse_origin
from integrations_cli.models import Json

SANDBOX: Final = "sandbox"
"""The built-in profile; its name is reserved."""

REGIONS: Final = {"us": "https://api.novu.co", "eu": "https://eu.api.novu.co"}
DEFAULT_URL: Final = REGIONS["us"]

DEFAULT_TIMEOUT: Final = 30.0
LONGEST_TIMEOUT: Final = 3600.0
"""Seconds."""

KEY_SOURCES: Final = ("api_key", "api_key_env", "api_key_command", "api_key_keyring")
PROFILE_KEYS: Final = ("api_url", "region", *KEY_SOURCES, "timeout", "ca_bundle", "allow_http")

# A text, compiled when it is first used: most runs need no pattern.
_VARIABLE: Final = r"[A-Z_][A-Z0-9_]{0,63}"

Locate = Callable[[str], str]
"""Returns the place of a key for a message: `/…/config.toml, line 4, column 1: timeout of profile staging`."""


class KeySource(NamedTuple):
    """Where a profile's API key comes from; `value` is the key, a variable, or a command (a line or its words)."""

    kind: Literal["text", "env", "command", "keyring"]
    value: str | tuple[str, ...] = ""

    def __repr__(self) -> str:
        """Leave out the value, which may be the key itself."""
        return f"KeySource({self.kind!r})"

    @property
    def words(self) -> str:
        """The source in words. What does not look like the name of a variable is hidden: it may be the key itself."""
        is_name = isinstance(self.value, str) and re.fullmatch(_VARIABLE, self.value)
        return {
            "text": "api_key",
            "env": f"environment variable {self.value if is_name else 'named by api_key_env'}",
            "command": "the output of api_key_command",
            "keyring": "the system keyring",
        }[self.kind]


class Profile(NamedTuple):
    """A checked profile; None is "not set". `notes` are warnings for the user."""

    name: str
    api_url: str | None = None
    key: KeySource | None = None
    timeout: float | None = None
    ca_bundle: str | None = None
    allow_http: bool = False
    notes: tuple[str, ...] = ()


def read_profile(name: str, table: Mapping[str, Json], locate: Locate) -> Profile:
    """Check the table of a profile; raise ConfigError for a wrong type or value, or keys that exclude each other."""
    return Profile(
        name=name,
        api_url=_read_api_url(table, locate),
        key=_read_key_source(table, locate),
        timeout=_read_timeout(table["timeout"], locate("timeout")) if "timeout" in table else None,
        ca_bundle=_text(table, "ca_bundle", locate) if "ca_bundle" in table else None,
        allow_http=_flag(table, "allow_http", locate),
        notes=tuple(unknown_keys(table, PROFILE_KEYS, locate)),
    )


def _read_api_url(table: Mapping[str, Json], locate: Locate) -> str | None:
    if "region" not in table:
        if "api_url" not in table:
            return None
        return parse_origin(_text(table, "api_url", locate), locate("api_url"), allow_http=True).url
    if "api_url" in table:
        hint = "keep one of them: region is short for one of Novu's own addresses"
        raise ConfigError(f"{locate('region')} cannot be combined with api_url", hint=hint)
    region = _text(table, "region", locate)
    if region not in REGIONS:
        raise ConfigError(f'{locate("region")} must be "us" or "eu"', hint="for any other server use api_url")
    return REGIONS[region]


def _read_timeout(value: Json, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, where, "a number of seconds")
    return check_timeout(value, where)


def _read_key_source(table: Mapping[str, Json], locate: Locate) -> KeySource | None:
    named = [key for key in KEY_SOURCES if key in table and (key, table[key]) != ("api_key_keyring", False)]
    if len(named) > 1:
        hint = "keep one source for the API key"
        raise ConfigError(f"{locate(named[1])} cannot be combined with {named[0]}", hint=hint)
    if "api_key" in named:
        if not isinstance(table["api_key"], str):
            raise wrong_type(table["api_key"], locate("api_key"), "text")
        return KeySource("text", table["api_key"])  # an empty one is reported when the key is needed
    if "api_key_env" in named:
        return KeySource("env", _text(table, "api_key_env", locate))
    if "api_key_command" in named:
        return KeySource("command", _read_command(table["api_key_command"], locate))
    return KeySource("keyring") if _flag(table, "api_key_keyring", locate) else None


def _read_command(value: Json, locate: Locate) -> str | tuple[str, ...]:
    if isinstance(value, str) and value.strip():
        return value
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        expected = "a command line, or a list of texts with the program first"
        raise wrong_type(value, locate("api_key_command"), expected)
    if not value or not value[0]:
        raise ConfigError(f"{locate('api_key_command')} names no program", hint="put the program first in the list")
    return tuple(value)


def _flag(table: Mapping[str, Json], key: str, locate: Locate) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise wrong_type(value, locate(key), "true or false")
    return value


def _text(table: Mapping[str, Json], key: str, locate: Locate) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise wrong_type(value, locate(key), "text")
    if not value.strip():
        raise ConfigError(f"{locate(key)} is empty", hint="set a value or remove the line")
    return value


def wrong_type(value: Json, where: str, expected: str, *, hint: str | None = None) -> ConfigError:
    """Return the error for a value of the wrong type, without the value: it may be an API key."""
    return ConfigError(f"{where} must be {expected}, not {type_name(value)}", hint=hint)


def unknown_keys(table: Mapping[str, Json], known: tuple[str, ...], locate: Locate) -> list[str]:
    """Return a warning for each unknown key that resembles a known one; others may belong to other tools."""
    unknown = [key for key in table if key not in known]
    if not unknown:
        return []
    from integrations_cli.catalogue.suggest import nearest

    return [
        f"{locate(key)} is an unknown key and has no effect; did you mean {near[0]}?"
        for key in unknown
        if (near := nearest(key, known, limit=1))
    ]


def check_timeout(
    seconds: float, what: str = "the flag --timeout", error: type[IntegrationsError] = ConfigError
) -> float:
    """Return `seconds` as a float if it is a valid timeout; `what` names it in the error."""
    if not math.isfinite(seconds) or not 0 < seconds <= LONGEST_TIMEOUT:
        raise error(f"{what} must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds", hint="the default is 30")
    return float(seconds)
