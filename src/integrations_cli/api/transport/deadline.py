"""Network streams with one deadline and one size limit for each exchange of a request and its response."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpcore

HEAD_LIMIT: Final = 256 * 1024
"""Bytes of a response that may come before its head is complete, interim responses included."""

WRITE_SIZE: Final = 16 * 1024
"""Bytes written at once: the time limit of a socket starts anew with each write."""


class TooLargeError(httpcore.ProtocolError):
    """The response is larger than the exchange allows."""


class Exchange(threading.local):
    """The limits and the state of the exchange that this thread has begun last."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.begin(0.0)

    def begin(self, timeout: float) -> None:
        """Begin an exchange of at most `timeout` seconds."""
        self._deadline = self._now() + timeout
        self.allowance = HEAD_LIMIT  # bytes that may still be received
        self.connection: httpcore.NetworkStream | None = None  # the one that was opened for this exchange
        self.sent = False  # the server may have received the request
        self.has_head = False  # the head of the response is complete
        self.ended = False  # the other side has closed the connection

    def remaining(self, timeout_error: type[httpcore.TimeoutException]) -> float:
        """Return the seconds until the deadline; raise `timeout_error` if there are none."""
        seconds = self._deadline - self._now()
        if seconds <= 0:
            raise timeout_error
        return seconds

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow the request inside of httpcore: the callback for its `trace` extension."""
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            # A CONNECT goes to a proxy, and is not the request.
            self.remaining(httpcore.WriteTimeout)
            self.sent = True
        elif event == "socks.setup_socks5_connection.failed":
            # A reply that is not SOCKS makes httpcore and socksio raise errors of many classes.
            network = (httpcore.TimeoutException, httpcore.NetworkError)
            if isinstance(info["exception"], Exception) and not isinstance(info["exception"], network):
                raise httpcore.ProxyError


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections within the deadline of the exchange, the name look-up included."""

    def __init__(self, inner: httpcore.NetworkBackend, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that accepts; each gets an equal share of the time that is left."""
        addresses = self._look_up(host, port)
        failure: Exception = httpcore.ConnectTimeout()
        for left in range(len(addresses), 0, -1):
            seconds = self._exchange.remaining(httpcore.ConnectTimeout) / left
            try:
                self._exchange.connection = self._inner.connect_tcp(addresses[-left], port, seconds)
                return DeadlineStream(self._exchange.connection, self._exchange)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _look_up(self, host: str, port: int) -> list[str]:
        """Return the addresses of a name, in the system's order of preference; none if the time is over."""
        found: list[str] = []
        failed: list[Exception] = []

        def look_up() -> None:
            try:
                entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))
            except (OSError, UnicodeError) as error:
                failed.append(error)

        # The system's look-up has no time limit, but a thread can be left behind.
        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(self._exchange.remaining(httpcore.ConnectTimeout))
        if failed:
            raise httpcore.ConnectError(failed[0])
        return found


class DeadlineStream(httpcore.NetworkStream):
    """A connection within the limits of the exchange; surplus bytes after a response make it readable."""

    def __init__(self, inner: httpcore.NetworkStream, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange
        self._last_byte = b""

    def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        """Return the next bytes of a response, none at its end; the last byte received comes in a read of its own.

        httpcore reads until the response is complete. It leaves that byte here if the server has sent more than the
        response. Otherwise its parser would keep the surplus, and take it for the response to the next request.
        """
        data, self._last_byte = self._last_byte, b""
        if data:
            return data
        data = self._inner.read(max_bytes, self._exchange.remaining(httpcore.ReadTimeout))
        self._exchange.ended = not data
        self._exchange.allowance -= len(data)
        if self._exchange.allowance < 0:
            raise TooLargeError
        if self._exchange.sent and len(data) > 1:  # the reply of a SOCKS proxy must come in one piece
            data, self._last_byte = data[:-1], data[-1:]
        return data

    def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        """Send all of `buffer`."""
        for start in range(0, len(buffer), WRITE_SIZE):
            seconds = self._exchange.remaining(httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + WRITE_SIZE], seconds)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: Any, **__: Any
    ) -> httpcore.NetworkStream:
        """Return the same connection, encrypted from here on."""
        seconds = self._exchange.remaining(httpcore.ConnectTimeout)
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, seconds), self._exchange)

    def get_extra_info(self, info: str) -> Any:
        """Return a fact about the connection; httpcore closes an idle one that `is_readable`."""
        return (info == "is_readable" and bool(self._last_byte)) or self._inner.get_extra_info(info)

    def close(self) -> None:
        """Close the socket."""
        self._inner.close()


def limit_tunnels(context: ssl.SSLContext, exchange: Exchange) -> None:
    """Make encryption through an encrypted proxy obey the deadline, however small the pieces that it receives."""

    class DeadlineSocket(ssl.SSLSocket):
        def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
            self.settimeout(exchange.remaining(httpcore.ReadTimeout))
            return super().recv(buflen, flags)

    context.sslsocket_class = DeadlineSocket
