"""The bytes of one connection: each exchange under one deadline, and no connection used again after a surplus byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import httpcore

if TYPE_CHECKING:
    import ssl

KEPT: Final = 1024 * 1024
"""Bytes of an answer that are kept to see where it ends; after a larger one the connection is not used again."""

PIECE: Final = 16 * 1024
"""Bytes written at once, so that a slow reader cannot stretch the deadline."""

SocketOptions = Iterable[Any] | None
Resolve = Callable[..., list[Any]]


class Overlong(Exception):  # noqa: N818 - it ends an exchange, it is no error of the caller
    """The answer is larger than the exchange allows."""


class Exchange:
    """One request and its answer: until when, how much, and whether the request has begun to leave."""

    __slots__ = ("allowance", "deadline", "method", "opened", "sent")

    def __init__(self, method: str, deadline: float, allowance: int) -> None:
        """Begin: `deadline` on the backend's clock, `allowance` in bytes."""
        self.method = f"{method} ".encode("ascii")
        self.deadline = deadline
        self.allowance = allowance
        self.sent = False
        self.opened: httpcore.NetworkStream | None = None


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections whose every operation ends at the deadline of the exchange that the thread has begun."""

    def __init__(self, inner: httpcore.NetworkBackend, now: Callable[[], float]) -> None:
        self._inner = inner
        self._now = now
        self._local = threading.local()

    def begin(self, method: str, timeout: float, allowance: int) -> Exchange:
        """Start an exchange in this thread, `timeout` seconds and `allowance` bytes long."""
        exchange = Exchange(method, self._now() + timeout, allowance)
        self._local.exchange = exchange
        return exchange

    @property
    def exchange(self) -> Exchange:
        """The exchange that this thread has begun last."""
        current: Exchange = self._local.exchange
        return current

    def remaining(self, too_late: type[Exception]) -> float:
        """Seconds until the deadline; raises `too_late` when there are none."""
        seconds = self.exchange.deadline - self._now()
        if seconds <= 0:
            raise too_late
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange's deadline stands in for it
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        """Connect before the deadline."""
        remaining = self.remaining(httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, remaining, local_address, socket_options)
        self.exchange.opened = stream
        return DeadlineStream(stream, self)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the deadline, and which knows whether an answer ended cleanly."""

    def __init__(self, inner: httpcore.NetworkStream, backend: DeadlineBackend) -> None:
        self._inner = inner
        self._backend = backend
        self._answer = bytearray()
        self._ended_exactly: bool | None = None
        self._head = b""
        """The head of the request, until it is known whether a body goes with it."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - see connect_tcp
        """Some bytes of the answer, or none at its end."""
        if self._head:
            with suppress(httpcore.WriteError):  # the server may have answered, and closed, before it had read it all
                self._send(b"")
        data = self._inner.read(max_bytes, self._backend.remaining(httpcore.ReadTimeout))
        exchange = self._backend.exchange
        exchange.allowance -= len(data)
        if exchange.allowance < 0:
            raise Overlong
        if len(self._answer) <= KEPT:
            self._answer += data
            self._ended_exactly = None
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - see connect_tcp
        """Send all of `buffer`, the head of a request together with what follows it."""
        if self._answer:
            self._answer.clear()
        if buffer.startswith(self._backend.exchange.method):
            # Head and body leave together: one packet, and a server that wakes up once.
            self._head = buffer
        elif buffer:
            self._send(buffer)

    def _send(self, buffer: bytes) -> None:
        if self._head:
            # What is said to a proxy before the request is not the request.
            self._backend.exchange.sent = True
            buffer, self._head = self._head + buffer, b""
        for start in range(0, len(buffer), PIECE):
            self._inner.write(buffer[start : start + PIECE], self._backend.remaining(httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the socket."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - see connect_tcp
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted from here on."""
        remaining = self._backend.remaining(httpcore.ConnectTimeout)
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, remaining), self._backend)

    def get_extra_info(self, info: str) -> Any:
        """What is known about the socket; the pool asks `is_readable` to learn whether it may be used again."""
        if info == "is_readable" and self._answer:
            if self._ended_exactly is None:
                self._ended_exactly = ends_exactly(bytes(self._answer))
            if not self._ended_exactly:
                return True
        return self._inner.get_extra_info(info)


def ends_exactly(received: bytes) -> bool:
    """Whether these bytes are one whole answer (after any interim ones) and not one byte more.

    A server, or a proxy, that sends more than it was asked for would answer the next request with the rest of it.
    """
    while True:
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head, received = received[:end].lower(), received[end + 4 :]
        if head[9:10] != b"1":
            break
    if b"\r\ntransfer-encoding:" in head:
        return _ends_with_last_chunk(received)
    _, found, rest = head.partition(b"\r\ncontent-length:")
    length = rest.partition(b"\r\n")[0].strip()
    if found:
        return length.isdigit() and len(received) == int(length)
    return head[9:12] in {b"204", b"304"} and not received


def _ends_with_last_chunk(body: bytes) -> bool:
    """Whether a chunked body ends where the bytes end."""
    position = 0
    while True:
        line_end = body.find(b"\r\n", position)
        if line_end < 0:
            return False
        try:
            size = int(body[position:line_end].partition(b";")[0], 16)
        except ValueError:
            return False
        position = line_end + 2
        if size <= 0:
            return body[position:] == b"\r\n"
        position += size + 2


class Dialler(httpcore.SyncBackend):
    """Opens TCP connections: the look-up of the name is bounded too, and one dead address leaves time for the next."""

    def __init__(self, now: Callable[[], float], resolve: Resolve = socket.getaddrinfo) -> None:
        """`now` in seconds; `resolve` looks a name up, as the function of the socket module does."""
        self._now = now
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers."""
        limit = 60.0 if timeout is None else timeout
        deadline = self._now() + limit
        addresses = _addresses(host, port, limit, self._resolve)
        for index, address in enumerate(addresses):
            share = max(deadline - self._now(), 0.001) / (len(addresses) - index)
            try:
                return super().connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if index == len(addresses) - 1:
                    raise
        raise httpcore.ConnectError(socket.gaierror(socket.EAI_NONAME, "no address"))


def _addresses(host: str, port: int, timeout: float, resolve: Resolve) -> list[str]:
    """The addresses of a name, in the system's order of preference."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return [host]
    found: list[str] = []
    failed: list[OSError | UnicodeError] = []

    def look_up() -> None:
        try:
            entries = resolve(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed.append(error)
        else:
            found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))

    # The system's look-up knows no time limit; a thread that is left behind does.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout)
    if found:
        return found
    if failed:
        raise httpcore.ConnectError(failed[0])
    raise httpcore.ConnectTimeout
