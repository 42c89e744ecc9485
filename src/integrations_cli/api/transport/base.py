"""How one request leaves and one answer comes back, over a network or inside the program.

    network     sockets: time limits, sizes, reuse of connections; every failure has a name
    streams     the bytes of one connection under one deadline
    proxies     which proxy, if any, stands between
    trust       whose certificates are believed
    in_process  the sandbox, without a socket

This file holds what the rest of the program sees of it and imports none of these until a transport is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from integrations_cli import __version__
from integrations_cli.errors import ConfigError
from integrations_cli.models import Secret

MAX_RESPONSE: Final = 10 * 1024 * 1024
"""Bytes of an answer's body that are read; what comes after is not."""

USER_AGENT: Final = f"integrations-cli/{__version__}"


# Named tuples: on the way of every command a frozen dataclass costs four times as much to define, 0.8 ms each.
class Request(NamedTuple):
    """One request: `path` starts with a slash and is already quoted; `headers` are those that not every one has."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        """Without the body, which holds credentials."""
        return f"Request({self.method!r}, {self.path!r})"


class Response(NamedTuple):
    """One answer: the names of `headers` in lower case, `elapsed` in seconds since the request was begun.

    `overlong` says that the body was larger than `MAX_RESPONSE` and was left unread.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float = 0.0
    overlong: bool = False

    def __repr__(self) -> str:
        """Without headers and body, which may repeat what was sent."""
        return f"Answer({self.status})"


FailureKind = Literal["name", "connect", "certificate", "tls", "proxy", "timeout", "disconnected", "protocol"]


class TransportFailure(Exception):  # noqa: N818 - it is no error yet: a retry may follow
    """No answer, or only a part of one.

    `sent` says that the server may have got the request; `timed_out` that it may still work on it; `permanent` that
    repeating cannot help. `message` is one line without anything secret, `hint` says what to do.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        sent: bool,
        timed_out: bool = False,
        permanent: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.sent = sent
        self.timed_out = timed_out
        self.permanent = permanent
        self.hint = hint


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an exchange; `sent` says that the server may have got the request."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent


class Transport(Protocol):
    """Sends requests to one server; threads may share it."""

    @property
    def base_url(self) -> str:
        """Where the paths of the requests start, without a slash at the end."""

    def send(self, request: Request, timeout: float) -> Response:
        """The server's answer, whatever its status; the whole exchange takes at most `timeout` seconds.

        Raises:
            TransportFailure: No whole answer came.
            Interrupted: Ctrl-C.
        """

    def close(self) -> None:
        """Close the connections that are kept for further requests."""


def request_headers(request: Request, api_key: Secret, user_agent: str = USER_AGENT) -> dict[str, str]:
    """The headers that go over the wire with this request, the key among them, but for Host and Content-Length."""
    headers = {
        "Authorization": f"ApiKey {api_key.reveal()}",
        "Accept": "application/json",
        # Bodies are small, and what is not packed cannot unpack to more than was read.
        "Accept-Encoding": "identity",
        "User-Agent": user_agent,
    }
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return headers | dict(request.headers)


def check_key(api_key: Secret) -> None:
    """Refuse an API key that cannot stand in a header, without showing it.

    Raises:
        ConfigError: It is empty, or holds a space, a line end, a control character or one outside of ASCII.
    """
    text = api_key.reveal()
    if not text:
        raise ConfigError("the API key is empty", hint="copy it again from the dashboard")
    if not all("!" <= character <= "~" for character in text):
        raise ConfigError(
            "the API key holds a space, a line end or another character that no API key has",
            hint="copy it again from the dashboard; a file that holds it should have it on one line and nothing else",
        )


class Origin(NamedTuple):
    """The server that requests go to: `prefix` is the path before `/v1`, often empty."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    prefix: str

    @property
    def authority(self) -> str:
        """Host and port as in a URL: the port left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, without a slash at the end."""
        return f"{self.scheme}://{self.authority}{self.prefix}"


def is_loopback(host: str) -> bool:
    """Whether this host name or address can only mean the machine itself."""
    if host == "localhost" or host.endswith(".localhost") or host == "::1":
        return True
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdecimal() for part in parts)


def parse_origin(base_url: str, *, allow_http: bool) -> Origin:
    """Where `base_url` points to.

    Raises:
        ConfigError: It is no http or https address, it holds a name and password, or it is plain HTTP to another
            machine and `allow_http` is false.
    """
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
        prefix = parts.path.rstrip("/")
        prefix.encode("ascii")
    except ValueError:  # UnicodeError, too
        raise ConfigError(
            "the API's address is not a URL", hint="it looks like https://api.novu.co; see --api-url and NOVU_API_URL"
        ) from None
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "the API's address holds a user name or a password", hint="leave them out; the API key is all it needs"
        )
    ordinary = host and all(character.isalnum() or character in "-._:" for character in host) and " " not in prefix
    if parts.scheme not in {"http", "https"} or not ordinary or parts.query or parts.fragment or port == 0:
        raise ConfigError(
            "the API's address cannot be used",
            hint="it looks like https://api.novu.co; see --api-url and NOVU_API_URL",
        )
    if parts.scheme == "http":
        if not (allow_http or is_loopback(host)):
            raise ConfigError(
                f"the API key would cross the network unencrypted: http://{host}",
                hint="use https://; or, if the network is yours, set allow_http = true in the profile",
            )
        return Origin("http", host, port or 80, prefix)
    return Origin("https", host, port or 443, prefix)
