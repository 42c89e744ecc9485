"""Connections between a client and a test server: over TCP, or over memory without a thread."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from fault_server import Handler

GUARD: Final = 30.0
"""Real seconds after which a socket without data fails the test."""


class Wire(Protocol):
    """One end of a connection: a socket, or a replacement."""

    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...
    def setsockopt(self, level: int, option: int, value: bytes, /) -> None: ...
    def close(self) -> None: ...


def connected(port: int) -> socket.socket:
    """Connect over TCP."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=GUARD)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class MemoryWire:
    """The client's end of a connection over memory: the server runs when the client reads."""

    def __init__(self, handler_for: Callable[[Wire], Handler]) -> None:
        """`handler_for` creates the server's handler for its end of the connection."""
        self.to_server, self.to_client = bytearray(), bytearray()
        self.is_reset = False
        self._handler = handler_for(MemoryWireOfServer(self))

    def sendall(self, data: bytes) -> None:
        if self._handler.closed:
            raise BrokenPipeError
        self.to_server += data

    def recv(self, size: int) -> bytes:
        if not self.to_client:
            with contextlib.suppress(ConnectionError):
                self._handler.handle_next()
        if not self.to_client and self.is_reset:
            raise ConnectionResetError
        return take(self.to_client, size)

    def readable(self) -> bool:
        return bool(self.to_client) or self._handler.closed

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """Nothing can be set."""

    def close(self) -> None:
        self._handler.closed = True


class MemoryWireOfServer:
    """The server's end of the same."""

    def __init__(self, other: MemoryWire) -> None:
        self._other = other

    def sendall(self, data: bytes) -> None:
        self._other.to_client += data

    def recv(self, size: int) -> bytes:
        return take(self._other.to_server, size)

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """Remember that the end will be a reset: the only option that the faults set."""
        self._other.is_reset = True

    def close(self) -> None:
        """Nothing is left to be closed."""


def readable(wire: Wire) -> bool:
    """Return whether a read would return at once, with bytes or the end."""
    if isinstance(wire, MemoryWire):
        return wire.readable()
    assert isinstance(wire, socket.socket)
    return bool(select.select([wire], [], [], 0)[0])


def take(buffer: bytearray, size: int) -> bytes:
    """Remove and return the next bytes of a buffer."""
    taken = bytes(buffer[:size])
    del buffer[:size]
    return taken
