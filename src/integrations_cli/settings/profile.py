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

# Patterns are compiled when they are first used: most runs need none of them.

_VARIABLE: Final = r"[A-Z_][A-Z0-9_]{0,63}"

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

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
        """The source in words, without secrets."""
        return {
            "text": "api_key",
            "env": f"environment variable {shown_variable(str(self.value))}",
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
    """Check the table of a profile.

    Raises:
        ConfigError: A value has the wrong type or is out of range, or two keys exclude each other.
    """
    return Profile(
        name=name,
        api_url=_read_api_url(table, locate),
        key=_read_key_source(table, locate),
        timeout=_read_timeout(table, locate),
        ca_bundle=_text(table, "ca_bundle", locate) if "ca_bundle" in table else None,
        allow_http=_flag(table, "allow_http", locate),
        notes=tuple(unknown_keys(table, PROFILE_KEYS, locate)),
    )


def shown_variable(name: str) -> str:
    """Return a variable's name for a message. What does not look like one is hidden: it may be the key itself."""
    return name if re.fullmatch(_VARIABLE, name) else "named by api_key_env"


def _read_api_url(table: Mapping[str, Json], locate: Locate) -> str | None:
    if "region" not in table:
        if "api_url" not in table:
            return None
        return parse_origin(_text(table, "api_url", locate), locate("api_url"), allow_http=True).url
    if "api_url" in table:
        raise ConfigError(
            f"{locate('region')} cannot be combined with api_url",
            hint="keep one of them: region is short for one of Novu's own addresses",
        )
    region = _text(table, "region", locate)
    if region not in REGIONS:
        raise ConfigError(f'{locate("region")} must be "us" or "eu"', hint="for any other server use api_url")
    return REGIONS[region]


def _read_timeout(table: Mapping[str, Json], locate: Locate) -> float | None:
    if "timeout" not in table:
        return None
    timeout = table["timeout"]
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise _wrong_type(table, "timeout", locate, "a number of seconds")
    return check_timeout(timeout, locate("timeout"))


def _read_key_source(table: Mapping[str, Json], locate: Locate) -> KeySource | None:
    named = [key for key in KEY_SOURCES if key in table and (key, table[key]) != ("api_key_keyring", False)]
    if len(named) > 1:
        raise ConfigError(
            f"{locate(named[1])} cannot be combined with {named[0]}", hint="keep one source for the API key"
        )
    if "api_key" in named:
        if not isinstance(table["api_key"], str):
            raise _wrong_type(table, "api_key", locate, "text")
        return KeySource("text", table["api_key"])  # an empty one is reported when the key is needed
    if "api_key_env" in named:
        return KeySource("env", _text(table, "api_key_env", locate))
    if "api_key_command" in named:
        return KeySource("command", _read_command(table, locate))
    return KeySource("keyring") if _flag(table, "api_key_keyring", locate) else None


def _read_command(table: Mapping[str, Json], locate: Locate) -> str | tuple[str, ...]:
    command = table["api_key_command"]
    if isinstance(command, str) and command.strip():
        return command
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        expected = "a command line, or a list of texts with the program first"
        raise _wrong_type(table, "api_key_command", locate, expected)
    if not command or not command[0]:
        raise ConfigError(f"{locate('api_key_command')} names no program", hint="put the program first in the list")
    return tuple(command)


def _flag(table: Mapping[str, Json], key: str, locate: Locate) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise _wrong_type(table, key, locate, "true or false")
    return value


def _text(table: Mapping[str, Json], key: str, locate: Locate) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise _wrong_type(table, key, locate, "text")
    if not value.strip():
        raise ConfigError(f"{locate(key)} is empty", hint="set a value or remove the line")
    return value


def _wrong_type(table: Mapping[str, Json], key: str, locate: Locate, expected: str) -> ConfigError:
    """Return the error for a value of the wrong type, without the value: it may be an API key."""
    return ConfigError(f"{locate(key)} must be {expected}, not {type_name(table[key])}")


def unknown_keys(table: Mapping[str, Json], known: tuple[str, ...], locate: Locate) -> list[str]:
    """Return a warning for each unknown key that resembles a known one; others may belong to other tools."""
    notes = []
    for key in table:
        if key not in known:
            from integrations_cli.catalogue.suggest import nearest

            near = nearest(key, known)
            if near:
                notes.append(f"{locate(key)} is an unknown key and has no effect; did you mean {near[0]}?")
    return notes


def check_name(name: str) -> str:
    """Return `name` if it is a valid profile name.

    Raises:
        ConfigError: It is reserved for the sandbox, or has other characters than the message lists.
    """
    if name.lower() == SANDBOX:
        raise ConfigError(
            f"the profile name {SANDBOX} is reserved for the built-in sandbox", hint="choose another name"
        )
    if not re.fullmatch(_NAME, name):
        raise ConfigError(
            "a profile name consists of letters, digits, dots, underscores and hyphens, starts with a letter or digit, "
            "and has at most 64 characters"
        )
    return name


def check_timeout(
    seconds: float, what: str = "the flag --timeout", error: type[IntegrationsError] = ConfigError
) -> float:
    """Return `seconds` as a float if it is a valid timeout; `what` names it in the error."""
    if not math.isfinite(seconds) or not 0 < seconds <= LONGEST_TIMEOUT:
        raise error(f"{what} must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds", hint="the default is 30")
    return float(seconds)
