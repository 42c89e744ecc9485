"""A server on loopback that answers each request with given bytes, and closes the connection."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

PATIENCE: Final = 20.0
"""Seconds after which a silent connection is closed."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived; the names of the headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Answering = Callable[[Request], bytes]


def http(
    status: int, body: bytes | object = b"", headers: Iterable[tuple[str, str]] = (), *, reason: str = ""
) -> bytes:
    """Return a response as bytes; a body that is not bytes becomes JSON."""
    pairs = list(headers)
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        pairs.append(("Content-Type", "application/json"))
    pairs += [("Content-Length", str(len(body))), ("Connection", "close")]
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


class RawServer:
    """A server with a thread for each connection; `answer` may be replaced at any time."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.received: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE).close()
        self._thread.join(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing:
                connection.close()
                return
            connection.settimeout(PATIENCE)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = _read(connection)
            if request is not None:
                self.received.append(request)
                connection.sendall(self.answer(request))
                connection.shutdown(socket.SHUT_WR)
                # Closing with unread bytes would reset the connection, and lose the response.
                while connection.recv(65536):
                    pass


def _read(connection: socket.socket) -> Request | None:
    """Read a request; None if the client leaves before its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more or not (data + more)[:1].isalpha():  # gone, or TLS
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    method, target, _ = first.split(" ")
    return Request(method, target, headers, body)
