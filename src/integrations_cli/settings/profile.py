"""One profile of the settings: its table in `config.toml`, checked and typed, and the addresses that it may name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from integrations_cli.errors import ConfigError, IntegrationsError
from integrations_cli.inputs.decode import type_name
from integrations_cli.models import Json

SANDBOX: Final = "sandbox"
"""The profile that is always there; no profile of the user's may be called so."""

REGIONS: Final = {"us": "https://api.novu.co", "eu": "https://eu.api.novu.co"}

DEFAULT_URL: Final = REGIONS["us"]

DEFAULT_TIMEOUT: Final = 30.0

LONGEST_TIMEOUT: Final = 3600.0
"""Seconds. Nobody waits longer on purpose."""

KEY_SOURCES: Final = ("api_key", "api_key_env", "api_key_command", "api_key_keyring")

PROFILE_KEYS: Final = ("api_url", "region", *KEY_SOURCES, "timeout", "ca_bundle", "allow_http")

# Patterns are text here, and compiled when they are first used: most runs need none of them.

_VARIABLE: Final = r"[A-Z_][A-Z0-9_]{0,63}"

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

_URL: Final = r"(?i)(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^][:/%]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/.*)?"

Locate = Callable[[str], str]
"""Where a key of the profile stands, for a message: `/…/config.toml, line 4, column 1: timeout of profile staging`."""


class KeySource(NamedTuple):
    """Where the API key of a profile is: a text, a variable's name, a command (words or a line), or the keyring."""

    kind: Literal["text", "env", "command", "keyring"]
    value: str | tuple[str, ...] = ""

    def __repr__(self) -> str:
        """Return a text without the value, which may be the key itself."""
        return f"KeySource({self.kind!r})"

    @property
    def words(self) -> str:
        """The source in words, without anything secret."""
        return {
            "text": "api_key",
            "env": f"environment variable {shown_variable(str(self.value))}",
            "command": "the output of api_key_command",
            "keyring": "the system's keyring",
        }[self.kind]


class Profile(NamedTuple):
    """What a profile says; None is "not said". `notes` are things that look wrong and do no harm."""

    name: str
    api_url: str | None = None
    key: KeySource | None = None
    timeout: float | None = None
    ca_bundle: str | None = None
    allow_http: bool = False
    notes: tuple[str, ...] = ()


def read_profile(name: str, table: Mapping[str, Json], locate: Locate) -> Profile:
    """The profile that `table` describes.

    Raises:
        ConfigError: A value is of the wrong type or out of range, or two of them exclude each other.
    """
    if "region" in table and "api_url" in table:
        raise ConfigError(
            f"{locate('region')} cannot go with api_url",
            hint="keep one of them: region is short for one of Novu's own addresses",
        )
    api_url = None
    if "api_url" in table:
        api_url = normalize_url(_text(table, "api_url", locate), locate("api_url"))
    if "region" in table:
        region = _text(table, "region", locate)
        if region not in REGIONS:
            raise ConfigError(f'{locate("region")} must be "us" or "eu"', hint="for any other server use api_url")
        api_url = REGIONS[region]
    allow_http = table.get("allow_http", False)
    if not isinstance(allow_http, bool):
        raise _wrong_type(table, "allow_http", locate, "true or false")
    timeout = table.get("timeout")
    if "timeout" in table:
        if isinstance(timeout, bool) or not isinstance(timeout, int | float):
            raise _wrong_type(table, "timeout", locate, "a number of seconds")
        timeout = check_timeout(timeout, locate("timeout"))
    return Profile(
        name=name,
        api_url=api_url,
        key=_key_source(table, locate),
        timeout=timeout,
        ca_bundle=_text(table, "ca_bundle", locate) if "ca_bundle" in table else None,
        allow_http=allow_http,
        notes=tuple(unknown_keys(table, PROFILE_KEYS, locate)),
    )


def shown_variable(name: str) -> str:
    """The name of a variable for a message; what does not look like one is not shown: it may be the key itself."""
    return name if re.fullmatch(_VARIABLE, name) else "that api_key_env names"


def _key_source(table: Mapping[str, Json], locate: Locate) -> KeySource | None:
    given = [key for key in KEY_SOURCES if key in table]
    if table.get("api_key_keyring") is False:
        given.remove("api_key_keyring")
    if len(given) > 1:
        raise ConfigError(
            f"{locate(given[1])} cannot go with {given[0]}", hint="a profile has one source for its API key"
        )
    if not given:
        return None
    key, value = given[0], table[given[0]]
    if key == "api_key_env":
        return KeySource("env", _text(table, key, locate))
    if key == "api_key" and isinstance(value, str):
        return KeySource("text", value)
    if key == "api_key_keyring" and value is True:
        return KeySource("keyring")
    if key == "api_key_command" and isinstance(value, str) and value.strip():
        return KeySource("command", value)
    if key == "api_key_command" and isinstance(value, list) and all(isinstance(word, str) for word in value):
        if value and value[0]:
            return KeySource("command", tuple(value))
        raise ConfigError(f"{locate(key)} names no program", hint="the first word of the list is the program")
    wanted = {
        "api_key": "a text",
        "api_key_keyring": "true or false",
        "api_key_command": "a command line, or a list of texts with the program first",
    }
    raise _wrong_type(table, key, locate, wanted[key])


def _text(table: Mapping[str, Json], key: str, locate: Locate) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise _wrong_type(table, key, locate, "a text")
    if not value.strip():
        raise ConfigError(f"{locate(key)} is empty", hint="give it a value, or remove the line")
    return value


def _wrong_type(table: Mapping[str, Json], key: str, locate: Locate, wanted: str) -> ConfigError:
    """The error for a value of the wrong type; the value is not shown, for it may be a key."""
    return ConfigError(f"{locate(key)} must be {wanted}, not {type_name(table[key])}")


def unknown_keys(table: Mapping[str, Json], known: tuple[str, ...], locate: Locate) -> list[str]:
    """A note for each unknown key that is nearly a known one; others may belong to other tools, and are let be."""
    notes = []
    for key in table:
        if key not in known:
            from integrations_cli.catalogue.suggest import nearest

            near = nearest(key, known)
            if near:
                notes.append(f"{locate(key)} is unknown and has no effect; did you mean {near[0]}?")
    return notes


def check_name(name: str) -> str:
    """`name`, if a profile may be called so.

    Raises:
        ConfigError: It is the sandbox's name, or not made of letters, digits, dots, underscores and hyphens.
    """
    if name.lower() == SANDBOX:
        raise ConfigError(
            f"a profile cannot be called {SANDBOX}: that name belongs to the built-in sandbox",
            hint="choose another name",
        )
    if not re.fullmatch(_NAME, name):
        raise ConfigError(
            "the name of a profile is made of letters, digits, dots, underscores and hyphens, starts with a letter or "
            "a digit, and has at most 64 characters"
        )
    return name


def check_timeout(
    seconds: float, what: str = "the flag --timeout", error: type[IntegrationsError] = ConfigError
) -> float:
    """`seconds` as a float, if a request may take so long; `what` names it in the message."""
    if not math.isfinite(seconds) or not 0 < seconds <= LONGEST_TIMEOUT:
        raise error(f"{what} must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds", hint="the default is 30")
    return float(seconds)


def normalize_url(text: str, what: str, error: type[IntegrationsError] = ConfigError) -> str:
    """The base URL in `text`, without a trailing `/v1` or slash; `what` names it in messages.

    Nothing of an address that could hold a password or a key is repeated.

    Raises:
        IntegrationsError: As the class `error`: it is no http or https URL, or has a part that does not belong there.
    """
    text = text.strip()
    hint = "it looks like https://api.novu.co or https://novu.example.com"
    if any(ord(letter) <= 0x20 or letter in '\\<>"^`{|}' or not letter.isprintable() for letter in text):
        raise error(f"{what} holds a character that no address has", hint=hint)
    if "@" in text:
        raise error(f"{what} must not hold a user name or password", hint="the API key alone says who you are")
    if "?" in text or "#" in text:
        raise error(f"{what} must not have a query (?) or a fragment (#)", hint=hint)
    if not text.lower().startswith(("https://", "http://")):
        raise error(f"{what} must begin with https:// (or http:// for this machine)", hint=hint)
    parts = re.fullmatch(_URL, text)
    if parts is None or not parts["host"].strip(".") or not 0 < int(parts["port"] or "443") <= 65535:
        raise error(f"{what} has no valid host name or port", hint=hint)
    path = (parts["path"] or "").rstrip("/").removesuffix("/v1").rstrip("/")
    port = f":{int(parts['port'])}" if parts["port"] else ""
    return f"{parts['scheme'].lower()}://{parts['host'].lower()}{port}{path}"


def refuse_plain_http(url: str, what: str, *, allowed: bool) -> None:
    """Refuse a clean `url` that would send the key over the network unencrypted, unless the profile allows it.

    Raises:
        ConfigError: It is plain HTTP to something other than this machine.
    """
    if url.startswith("http://") and not allowed and not is_loopback(url):
        raise ConfigError(
            f"{what} is plain http://, which would send the API key unencrypted",
            hint="use https://, or, if the network is your own, say allow_http = true in the profile "
            "(profiles add: --allow-http)",
        )


def is_loopback(url: str) -> bool:
    """Whether a clean `url` can only mean this machine: `localhost`, 127.0.0.0/8 or `::1`; no name is looked up."""
    parts = re.fullmatch(_URL, url)
    host = parts["host"] if parts is not None else ""
    if host.startswith("["):
        from ipaddress import IPv6Address

        try:
            return IPv6Address(host[1:-1]) == IPv6Address("::1")
        except ValueError:
            return False
    numbers = host.split(".")
    if len(numbers) == 4 and all(
        re.fullmatch("0|[1-9][0-9]{0,2}", number) and int(number) <= 255 for number in numbers
    ):
        return numbers[0] == "127"
    return host == "localhost"
