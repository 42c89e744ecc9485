"""Servers on loopback: with TLS, and proxies."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"data": "yes"}'
GUARD = 30.0

Talk = Callable[[socket.socket], None]


class Listening:
    """A server with a thread for each connection; `heard` are the heads of the requests."""

    def __init__(self, make: Callable[[Listening], Talk]) -> None:
        self.heard: list[bytes] = []
        self.connections = 0
        self._talk = make(self)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(GUARD)
            self.connections += 1
            self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._talk(connection)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(GUARD)
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(GUARD)


@contextlib.contextmanager
def listening(make: Callable[[Listening], Talk]) -> Iterator[Listening]:
    """Run a server; `make` returns the function that handles a connection."""
    server = Listening(make)
    try:
        yield server
    finally:
        server.close()


def read_head(connection: socket.socket) -> bytes:
    """Read the head of a request; nothing if the client has left."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    return data


def answering(server: Listening, response: bytes = ANSWER) -> Talk:
    """Send the same response to every request of a connection."""

    def talk(connection: socket.socket) -> None:
        while data := read_head(connection):
            server.heard.append(data)
            connection.sendall(response)

    return talk


def answering_once(server: Listening, response: bytes = ANSWER) -> Talk:
    """Answer the first request of a connection, and close it."""

    def talk(connection: socket.socket) -> None:
        server.heard.append(read_head(connection))
        connection.sendall(response)

    return talk


def over_tls(server: Listening, context: ssl.SSLContext, answer: bytes = ANSWER) -> Talk:
    """Do the same over TLS."""

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            answering(server, answer)(encrypted)

    return talk


def forwarding(server: Listening, port: int) -> Talk:
    """Be a proxy that connects every CONNECT to `port`, and answers plain requests itself."""

    def talk(connection: socket.socket) -> None:
        head = read_head(connection)
        server.heard.append(head)
        if not head.startswith(b"CONNECT "):
            connection.sendall(ANSWER)
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        pump(connection, port)

    return talk


def socks(server: Listening, port: int) -> Talk:
    """Be a SOCKS5 proxy that connects every client to `port`."""

    def talk(connection: socket.socket) -> None:
        connection.recv(2 + 8)
        connection.sendall(b"\x05\x00")
        server.heard.append(connection.recv(512))
        connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01" + struct.pack("!H", port))
        pump(connection, port)

    return talk


def pump(connection: socket.socket, port: int) -> None:
    """Copy bytes both ways until one side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=GUARD) as other:
        while True:
            for source in select.select([connection, other], [], [], GUARD)[0]:
                data = source.recv(65536)
                if not data:
                    return
                (other if source is connection else connection).sendall(data)
