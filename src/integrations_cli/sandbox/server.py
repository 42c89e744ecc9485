"""The sandbox on a loopback socket: HTTP/1.1 with keep-alive, and a thread for each connection.

Importing it takes longer than a command that needs no server; only `sandbox serve` does.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
import sys
import threading
import time
from contextlib import suppress
from email.errors import FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Final, Self

from integrations_cli.sandbox.api import SandboxApi
from integrations_cli.sandbox.errors import StoreError

IDLE: Final = 75.0
"""Seconds after which a connection is closed on which nothing comes."""

MAX_CONNECTIONS: Final = 128
"""Connections at a time; further ones are closed at once."""

_MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of a body that is read, also to answer that it is too large for the API; a longer one is refused unread."""

_HEADER_DEFECTS: Final = (FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect)

_JSON: Final = (("Content-Type", "application/json; charset=utf-8"),)


class _BadRequestError(Exception):
    """The request cannot be read; the message says why."""


class SandboxServer(ThreadingTCPServer):
    """A listening sandbox. `start` serves in a thread, `serve_forever` in this one; `close` ends it and its threads.

    Clients that connect before that wait until then.
    """

    allow_reuse_address = os.name == "posix"  # elsewhere it lets two programs listen on one port
    request_queue_size = 128

    def __init__(self, api: SandboxApi, host: str, port: int) -> None:
        self.api = api
        self.closing = False
        self._lock = threading.RLock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._thread: threading.Thread | None = None
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.port: int = self.server_address[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> Self:
        """Serve in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening, let the responses that are being written finish, end every thread. It may be called twice."""
        with self._lock:
            if self.closing:
                return
            self.closing = True
            connections = dict(self._connections)
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
        self.server_close()
        # First only reading ends. That does not wake a waiting thread on every system, so then writing ends too.
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(how)
            for thread in connections.values():
                thread.join(timeout=1.0)

    def __exit__(self, *_: object) -> None:
        self.close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(0.05)  # too many open files: do not try again at once, for ever
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle the connection in a thread, or close it."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._lock:
            if not self.closing and len(self._connections) < MAX_CONNECTIONS:
                with suppress(RuntimeError):  # the system allows no more threads
                    thread.start()
                    self._connections[request] = thread
                    return
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection."""
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a mistake in this program, but not a client that is gone."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """The requests of one connection."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        """Read the request line and the headers; False if an error was sent."""
        if not super().parse_request():
            return False
        defect = any(isinstance(defect, _HEADER_DEFECTS) for defect in self.headers.defects)
        defect |= any("\n" in value for value in self.headers.values())  # a header over two lines
        if defect or self.request_version not in ("HTTP/1.0", "HTTP/1.1"):
            self.send_error(HTTPStatus.BAD_REQUEST, "invalid header line" if defect else "not an HTTP/1.1 request")
            return False
        return True

    def respond(self) -> None:
        """Answer the request that was parsed."""
        try:
            target, body = self._target(), self._body()
        except _BadRequestError as error:
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
            return
        if self.server.closing:
            self.close_connection = True
        try:
            response = self.server.api.handle(self.command, target, self.headers.items(), body)
        except StoreError as error:
            document = {"statusCode": 500, "message": f"{error.message}: {error.hint}"}
            self._send(500, _JSON, json.dumps(document, ensure_ascii=False).encode())
        else:
            self._send(*response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond  # noqa: N815 - the names of the base

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - ditto
        """Send a plain text, and close the connection."""
        self.close_connection = True
        text = f"{message or HTTPStatus(code).phrase}\n"
        self._send(code, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())
        # Closing at once would reset the connection while the client still sends, and lose the response on its way.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1.0)
        for _ in range(64):
            if not self.connection.recv(65536):
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Log nothing."""

    def _send(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        """Write the whole response at once."""
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers)]
        if status != HTTPStatus.NOT_MODIFIED:
            lines.append(f"Content-Length: {len(body)}")
        lines.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}\r\n\r\n")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def _target(self) -> str:
        """Return the path and query as they were sent; the base class changes the slashes of its own `path`."""
        target = self.requestline.split()[1]
        if target.startswith("/"):
            return target
        # A client that takes this for a proxy sends the whole URL.
        scheme, separator, rest = target.partition("://")
        if not separator or scheme.lower() not in ("http", "https"):
            raise _BadRequestError("the request target is not a path")
        return f"/{rest.partition('/')[2]}"

    def _body(self) -> bytes:
        lengths = set(self.headers.get_all("content-length", ()))
        encoding = self.headers.get("transfer-encoding")
        if encoding is None:
            return self._read(_size(" ".join(lengths), 10)) if lengths else b""
        if encoding.lower() != "chunked" or lengths:
            raise _BadRequestError("unknown transfer encoding")
        body = bytearray()
        while size := _size(self._line().partition(";")[0].strip(), 16):
            body += self._read(size, already=len(body))
            if self._line():
                raise _BadRequestError("a chunk is longer than its size")
        while self._line():
            pass  # trailers
        return bytes(body)

    def _read(self, size: int, *, already: int = 0) -> bytes:
        if already + size > _MAX_BODY:
            raise _BadRequestError("the body is too large")
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionError
        return data

    def _line(self) -> str:
        line = self.rfile.readline(65537)
        if not line.endswith(b"\n"):
            raise _BadRequestError("a line is too long")
        return line.decode("latin-1").rstrip("\r\n")


def _size(text: str, base: int) -> int:
    """Return the number of bytes; `int` alone would take signs, spaces and underscores."""
    if not re.fullmatch("[0-9]{1,18}" if base == 10 else "[0-9a-fA-F]{1,15}", text):
        raise _BadRequestError("invalid length of the body")
    return int(text, base)


def serve(api: SandboxApi, host: str = "127.0.0.1", port: int = 0) -> SandboxServer:
    """Return a server of the API on a loopback socket; port 0 takes a free one.

    Raises:
        ValueError: The host is not a loopback address.
        OSError: The port is taken, or not allowed.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"the sandbox is served on loopback addresses only, not on {host}")
    return SandboxServer(api, host, port)
