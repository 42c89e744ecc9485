"""A server on loopback that records requests byte for byte, and sends given responses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CREATED: dict[str, Any] = {
    "_id": "6b03c66e9567edf1d9ef70e1",
    "_environmentId": "6b03c66d9567edf1d9ef70d4",
    "_organizationId": "6b03c66d9567edf1d9ef70d0",
    "providerId": "mailgun",
    "channel": "email",
    "active": False,
    "name": "Mailgun",
    "identifier": "mailgun-0123456789",
    "priority": 0,
    "primary": False,
    "conditions": [],
    "deleted": False,
}


@dataclass(frozen=True)
class Received:
    """One request as it arrived; the names of the headers as they were written."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer: its body as bytes, or as something to encode."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answering = Callable[[Received], Reply]


class Scripted:
    """The server: `received` is what came, `answer` decides what goes back."""

    def __init__(self, answer: Answering) -> None:
        self.received: list[Received] = []
        self.answer = answer
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 64 * 1024  # head and body leave together

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                request = Received(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
                scripted.received.append(request)
                reply = scripted.answer(request)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in reply.headers:
                    self.send_header("Content-Length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
                """Say nothing: tests look at what was received."""

        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            setattr(Handler, f"do_{method}", Handler.handle_any)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def created(request: Received) -> Reply:
    """Answer as a server that creates whatever it is sent."""
    if request.path.endswith("/environments/me"):
        return Reply(200, {"data": {"_id": CREATED["_environmentId"], "name": "Development"}})
    if request.method == "GET":
        return Reply(200, {"data": []})
    sent = json.loads(request.body)
    return Reply(201, {"data": {**CREATED, **{key: sent[key] for key in sent if key in CREATED}}})


@contextmanager
def scripted(answer: Answering | Reply = created) -> Iterator[Scripted]:
    """A running server, closed at the end."""
    server = Scripted(answer if not isinstance(answer, Reply) else lambda _: answer)
    try:
        yield server
    finally:
        server.close()
