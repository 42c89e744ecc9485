"""Parses the address of a server and checks the API key for it. No message repeats either: both may hold a secret."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from integrations_cli.errors import ConfigError, IntegrationsError

# A text, compiled when it is first used: many runs parse no address.
_URL: Final = r"(?i)(https?)://(\[[0-9a-f:.]+\]|[^][:/%]+)(?::([0-9]{1,5}))?(/.*)?"

_OCTET: Final = r"25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9]"

_URL_HINT: Final = "example: https://api.novu.co or https://novu.example.com"


class Origin(NamedTuple):
    """The server that requests go to: `host` in ASCII and without brackets, `prefix` the path before `/v1`."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        """Host and port as in a URL, without the default port of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"{self.scheme}://{self.authority}{self.prefix}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine without looking a name up: `localhost`, 127.0.0.0/8 or ::1."""
        if ":" in self.host:
            from ipaddress import IPv6Address

            return IPv6Address(self.host) == IPv6Address("::1")
        return self.host == "localhost" or bool(re.fullmatch(rf"127(\.({_OCTET})){{3}}", self.host))


def parse_origin(
    text: str, what: str = "the API's address", error: type[IntegrationsError] = ConfigError, *, allow_http: bool
) -> Origin:
    """Parse a base URL, with or without `/v1` at its end; `what` names it in messages.

    Raises:
        IntegrationsError: As the class `error`: this is no http or https URL, or has a part that it must not have.
        ConfigError: Plain HTTP to another machine, and `allow_http` is false.
    """
    text = text.strip()
    if any(character <= " " or character in '\\<>"^`{|}' or not character.isprintable() for character in text):
        raise error(f"{what} contains a character that no URL may contain", hint=_URL_HINT)
    if "@" in text:
        raise error(f"{what} must not contain a user name or password", hint="the API key is the only credential")
    if "?" in text or "#" in text:
        raise error(f"{what} must not have a query (?) or a fragment (#)", hint=_URL_HINT)
    if not text.lower().startswith(("https://", "http://")):
        raise error(f"{what} must begin with https:// (or http:// for this machine)", hint=_URL_HINT)
    parts = re.fullmatch(_URL, text)
    host = _parse_host(parts[2].lower()) if parts is not None else ""
    if parts is None or not host or not 0 < int(parts[3] or 443) <= 65535:
        raise error(f"{what} has no valid host name or port", hint=_URL_HINT)
    prefix = (parts[4] or "").rstrip("/").removesuffix("/v1").rstrip("/")
    if not prefix.isascii():
        raise error(f"{what} has a path with characters outside of ASCII", hint="percent-encode them")
    if parts[1].lower() == "https":
        return Origin("https", host, int(parts[3] or 443), prefix)
    origin = Origin("http", host, int(parts[3] or 80), prefix)
    if not allow_http and not origin.is_loopback:
        raise ConfigError(
            f"{what} is plain http://, which would send the API key unencrypted",
            hint="use https://, or, if the network is your own, set allow_http = true in the profile "
            "(profiles add: --allow-http)",
        )
    return origin


def _parse_host(text: str) -> str:
    """Return a host name in ASCII, or an IPv6 address without its brackets; nothing if it is not valid."""
    if text.startswith("["):
        from ipaddress import IPv6Address

        try:
            IPv6Address(text[1:-1])
        except ValueError:
            return ""
        return text[1:-1]
    try:
        host = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return host if host.strip(".") and all(letter.isalnum() or letter in "-._" for letter in host) else ""


def check_api_key(key: str, what: str = "the API key") -> None:
    """Check that a key can be sent in a header: printable ASCII without spaces; `what` names it in the message."""
    hint = "copy it again from the dashboard (API Keys)"
    if not key:
        raise ConfigError(f"{what} is empty", hint=hint)
    if not all("!" <= letter <= "~" for letter in key):
        message = f"{what} contains a space, a line end or another character that no key contains"
        raise ConfigError(message, hint=f"{hint}, the key alone, without ApiKey or quotation marks")
