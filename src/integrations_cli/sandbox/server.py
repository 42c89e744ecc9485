"""The sandbox on a loopback socket: HTTP/1.1 with keep-alive, a thread for each connection.

A parser of its own instead of `http.server`, which takes longer to import than a request takes, and which writes an
answer in two packets.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from integrations_cli.sandbox.api import SandboxApi, failure_reply

from .bodies import LARGEST
from .failures import StoreError

if TYPE_CHECKING:
    from types import TracebackType

IDLE: Final = 75.0
"""Seconds after which a connection on which nothing comes is closed."""

_LONGEST_LINE: Final = 64 * 1024
_MOST_HEADERS: Final = 200
_LARGEST_READ: Final = 64 * 1024 * 1024
"""Bytes of a body that are taken in to be refused politely; a longer one is cut off."""

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


class _GarbageError(Exception):
    """What came is not HTTP."""


class _Gone(Exception):  # noqa: N818 - the ordinary end of a connection
    """The client closed the connection, or said nothing for too long."""


class SandboxServer:
    """A listening sandbox. `start` serves in a thread, `serve_forever` in this one; `close` ends it and its threads."""

    def __init__(self, contract: SandboxApi, host: str, port: int) -> None:
        self._contract = contract
        self._listener = _listen(host, port)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._wake, self._woken = socket.socketpair()
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Serve in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self.serve_forever, name="sandbox", daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve until `close` is called, from another thread or while an exception such as Ctrl-C is under way."""
        while not self._closing:
            ready, _, _ = select.select([self._listener, self._woken], [], [])
            if self._woken in ready:
                return
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # The client was gone before it was let in, or there are too many files open: then this would spin.
                select.select([self._woken], [], [], 0.05)
                continue
            self._take(connection)

    def close(self) -> None:
        """Stop listening, let the answers that are being written go out, end every thread. It may be called twice."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            open_now = dict(self._connections)
        self._wake.send(b"x")
        if self._thread is not None:
            self._thread.join()
        self._listener.close()
        # At first only what comes in is cut off. That does not wake a waiting thread everywhere, so then all of it is.
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            for connection in open_now:
                _hang_up(connection, how)
            for thread in open_now.values():
                thread.join(timeout=1.0)
        self._wake.close()
        self._woken.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, connection: socket.socket) -> None:
        with self._lock:
            if self._closing:
                connection.close()
                return
            thread = threading.Thread(target=self._converse, args=(connection,), name="sandbox-client", daemon=True)
            self._connections[connection] = thread
            thread.start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(IDLE)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with connection.makefile("rb") as incoming:
                    _Conversation(connection, incoming, self._contract, lambda: self._closing).run()
        except OSError:
            pass  # the client is gone; there is nobody to tell
        finally:
            with self._lock:
                del self._connections[connection]


def serve(contract: SandboxApi, host: str = "127.0.0.1", port: int = 0) -> SandboxServer:
    """Open a loopback socket for the contract; port 0 takes a free one.

    Who connects before `start` or `serve_forever` waits until then.

    Raises:
        ValueError: The host is not a loopback address.
        OSError: The port is taken, or not allowed.
    """
    return SandboxServer(contract, host, port)


class _Conversation:
    """The requests of one connection, one after the other."""

    def __init__(
        self, connection: socket.socket, incoming: BinaryIO, contract: SandboxApi, closing: Callable[[], bool]
    ) -> None:
        self._connection = connection
        self._incoming = incoming
        self._contract = contract
        self._closing = closing

    def run(self) -> None:
        """Answer until the client has enough, sends garbage, or the server closes."""
        try:
            while self._exchange() and not self._closing():
                pass
        except _Gone:
            pass
        except _GarbageError as error:
            self._send(400, (("Content-Type", "text/plain"),), f"{error}\n".encode(), last=True)
            self._linger()

    def _exchange(self) -> bool:
        """Read one request and answer it; whether the connection stays open."""
        method, target, version = self._request_line()
        headers = self._headers()
        first: dict[str, str] = {}
        for name, value in headers:
            first.setdefault(name.lower(), value)
        body = self._body(first, [value for name, value in headers if name.lower() == "content-length"])
        connection = first.get("connection", "").lower()
        last = "close" in connection or (version == "HTTP/1.0" and "keep-alive" not in connection) or self._closing()
        try:
            reply = self._contract.handle(method, target, headers, body)
        except StoreError as error:
            text = failure_reply(f"{error.message}: {error.hint}")
            self._send(500, (("Content-Type", "application/json; charset=utf-8"),), text, last=last)
        else:
            self._send(reply.status, reply.headers, reply.body, last=last, silent=method == "HEAD")
        return not last

    def _request_line(self) -> tuple[str, str, str]:
        line = self._line()
        if not line:
            line = self._line()  # one empty line before a request is allowed
        parts = line.split(" ")
        if len(parts) != 3 or not parts[0].isalpha() or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
            raise _GarbageError("this is not an HTTP/1.1 request")
        target = parts[1]
        if not target.startswith("/"):
            # A client that takes this for a proxy sends the whole URL.
            scheme, separator, rest = target.partition("://")
            if not separator or scheme.lower() not in ("http", "https"):
                raise _GarbageError("the request's target is not a path")
            target = f"/{rest.partition('/')[2]}"
        return parts[0], target, parts[2]

    def _headers(self) -> list[tuple[str, str]]:
        headers: list[tuple[str, str]] = []
        while line := self._line():
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise _GarbageError("a header line is broken")
            if len(headers) == _MOST_HEADERS:
                raise _GarbageError("there are too many headers")
            headers.append((name, value.strip(" \t")))
        return headers

    def _body(self, headers: dict[str, str], lengths: list[str]) -> bytes:
        """The body; of one that is too large, one byte more than is allowed."""
        encoding = headers.get("transfer-encoding")
        if encoding is None and not lengths:
            return b""
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if encoding is not None:
            if encoding.lower() != "chunked" or lengths:
                raise _GarbageError("the length of the body is said in an unknown way")
            return self._chunks()
        if len(set(lengths)) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()) or len(lengths[0]) > 18:
            raise _GarbageError("the length of the body is no number")
        return self._some(int(lengths[0]), kept=0)

    def _chunks(self) -> bytes:
        body = b""
        read = 0
        while True:
            size_text = self._line().partition(";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError:
                raise _GarbageError("a chunk has no size") from None
            if size < 0 or (read := read + size) > _LARGEST_READ:
                raise _GarbageError("the body is too large")
            if size == 0:
                while self._line():
                    pass  # trailers
                return body
            body += self._some(size, kept=len(body))
            if self._line():
                raise _GarbageError("a chunk is longer than its size")

    def _some(self, size: int, *, kept: int) -> bytes:
        """Read `size` bytes and give those of them that still matter, `kept` having been read before."""
        if size > _LARGEST_READ:
            raise _GarbageError("the body is too large")
        wanted = min(size, max(LARGEST + 1 - kept, 0))
        data = self._read(wanted)
        left = size - wanted
        while left:
            left -= len(self._read(min(left, 65536)))
        return data

    def _read(self, size: int) -> bytes:
        data = self._incoming.read(size)
        if len(data) < size:
            raise _Gone
        return data

    def _line(self) -> str:
        line = self._incoming.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise _GarbageError("a line is too long")
        if not line.endswith(b"\n"):
            raise _Gone
        return line.rstrip(b"\r\n").decode("latin-1")

    def _send(
        self, status: int, headers: tuple[tuple[str, str], ...], body: bytes, *, last: bool, silent: bool = False
    ) -> None:
        """Write the whole answer at once; `silent` leaves the body out, as HEAD wants it."""
        lines = [f"HTTP/1.1 {status} {_REASONS[status]}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if status != 304:
            lines.append(f"Content-Length: {len(body)}")
        lines.append(f"Connection: {'close' if last else 'keep-alive'}\r\n\r\n")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        self._connection.sendall(head if silent else head + body)

    def _linger(self) -> None:
        """Take in a little of what the client still sends, so that closing does not destroy the answer on its way."""
        self._connection.shutdown(socket.SHUT_WR)
        self._connection.settimeout(1.0)
        for _ in range(64):
            if not self._connection.recv(65536):
                return


def _listen(host: str, port: int) -> socket.socket:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"the sandbox is served on loopback addresses only, not on {host}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def _hang_up(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:
        return  # it is closed already
