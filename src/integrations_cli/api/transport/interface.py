"""The interface of every transport: a request, a response, and the ways in which there is none.

    open        opens the transport that the settings ask for
    http        sends requests over a network with httpx; every failure has a kind
    deadline    network streams with one deadline and one size limit for each exchange
    proxies     chooses the proxy
    tls         chooses the certificates that are trusted
    quick       reads with http.client, for shell completion
    sandbox     hands requests to the sandbox in this process

This module imports none of them, so that a command which sends nothing does not load httpx.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, Protocol

from integrations_cli import __version__
from integrations_cli.models import Secret

MAX_RESPONSE: Final = 10 * 1024 * 1024  # bytes of a response body that are read; a larger one is dropped
USER_AGENT: Final = f"integrations-cli/{__version__}"


class Request(NamedTuple):
    """One request: `path` starts with a slash and is percent-encoded, `headers` are added to the usual ones."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.path!r})"  # without the body, which holds credentials


class Response(NamedTuple):
    """One response: `headers` by their names in lower case, `elapsed` in seconds since the request was begun.

    `overlong` says that the body is larger than `MAX_RESPONSE` and was dropped.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float = 0.0
    overlong: bool = False

    def __repr__(self) -> str:
        return f"Response({self.status})"  # without headers and body, which may repeat what was sent


FailureKind = Literal["name", "connect", "certificate", "tls", "proxy", "timeout", "disconnected", "protocol"]


class TransportFailure(Exception):  # noqa: N818 - it is no error yet: a retry may follow
    """There is no response, or only a part of one.

    `sent`: the server may have received the request. `timed_out`: it may still work on it. `permanent`: a retry cannot
    help. `message` is one line without secrets, `hint` says what to do.
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
    """Ctrl-C during an exchange; `sent`: the server may have received the request."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent


class Transport(Protocol):
    """Sends requests to one server; threads may share it."""

    @property
    def base_url(self) -> str:
        """The URL that the paths of the requests are appended to, without a slash at the end."""

    def send(self, request: Request, timeout: float) -> Response:
        """Return the server's response, whatever its status; the whole exchange takes at most `timeout` seconds.

        Raises:
            TransportFailure: No complete response came.
            Interrupted: Ctrl-C.
        """

    def close(self) -> None:
        """Close the connections that are kept for further requests."""


def request_headers(request: Request, api_key: Secret) -> dict[str, str]:
    """Return the headers of this request, the API key among them, except Host and Content-Length."""
    headers = {
        "Authorization": f"ApiKey {api_key.reveal()}",
        "Accept": "application/json",
        # Bodies are small, and what is not compressed cannot expand to more than was read.
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
    }
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return headers | dict(request.headers)
