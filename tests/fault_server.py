"""A server on loopback that plays scripted faults in front of a sandbox, and a clock that never really waits.

The server uses TCP, or in-memory connections without threads when a test needs thousands of runs.
Time is simulated. When the server pauses, it writes a mark into the stream. `PacedStream`, the client's end of the
connection, removes the mark and advances the clock, and everything due by then happens at once. So no test sleeps,
and a timeout of a minute takes no time.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from faults import CONNECT_FAULTS, FAULTS, HEAVY, JSON_TYPE, error, http
from integrations_cli.sandbox.behaviour import DOCUMENTED, RELEASE_2024
from integrations_cli.sandbox.open import open_sandbox
from wires import GUARD, MemoryWire, Wire, connected

NEVER: Final = 1e9


class FakeClock:
    """A clock that advances only when a caller waits, and runs the actions that are due by then."""

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self.tick: Callable[[], None] = lambda: None
        """Called before each sleep."""
        self._wall = wall - self.seconds
        self._due: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return self._wall + self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.tick()
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        target = self.seconds + seconds
        while self._due and self._due[0][0] <= target:
            moment, happen = self._due.pop(0)
            self.seconds = max(self.seconds, moment)
            happen()
        self.seconds = target

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        self._due.append((self.seconds + seconds, happen))
        self._due.sort(key=lambda entry: entry[0])
        self.advance(0.0)

    def run_out(self) -> None:
        """Advance until no action is due."""
        if self._due:
            self.advance(max(moment for moment, _ in self._due) - self.seconds)


@dataclass(frozen=True)
class Request:
    """A request as the server received it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """Return the idempotency key, or an empty text."""
        return self.headers.get("idempotency-key", "")


class FaultServer:
    """A server whose `script` names one fault for each coming request; without a script, requests succeed."""

    def __init__(
        self, path: Path, clock: FakeClock, *, idempotency: bool, observed: bool = False, over_tcp: bool = True
    ) -> None:
        """Serve over TCP if `over_tcp`, else in memory; `observed` makes the sandbox behave like an older release."""
        self.clock = clock
        self.over_tcp = over_tcp
        self.idempotency = idempotency
        self.sandbox = open_sandbox(
            path, idempotency=idempotency, behaviour=RELEASE_2024 if observed else DOCUMENTED, clock=clock.wall
        )
        self.api_key = self.sandbox.api_keys["Development"]
        self.script: list[str] = []
        self.requests: list[Request] = []
        self.faults_met: list[tuple[str, str]] = []
        """The faults that were played, each with the method of the request (`-` if the server read none)."""
        self.tick: Callable[[], None] = lambda: None
        """Called before each network operation of the client: a place for Ctrl-C."""
        self._stored_500: set[str] = set()
        self._succeeded: set[str] = set()
        self._after_timeout: dict[int, tuple[float, Callable[[], None]]] = {}
        self._numbers = itertools.count(1)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)  # without TCP too: it gives the port
        # A bound port without a listener: it refuses connections.
        self._closed = socket.socket()
        self._closed.bind(("127.0.0.1", 0))
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def refusing_port(self) -> int:
        return int(self._closed.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._closed.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(GUARD)
        for thread in self._threads:
            thread.join(GUARD)
        self.sandbox.close()

    # For the test

    def integrations(self, environment: str = "Development") -> list[dict[str, Any]]:
        """Return the integrations of an environment, without the built-in one."""
        headers = {"Authorization": f"ApiKey {self.sandbox.api_keys[environment]}"}
        reply = self.sandbox.api.handle("GET", "/v1/integrations", headers, b"")
        listed: list[dict[str, Any]] = json.loads(reply.body)["data"]
        return [entry for entry in listed if entry["providerId"] != "novu"]

    def create_directly(self, environment: str = "Development", **fields: object) -> dict[str, Any]:
        """Create an integration without the client, and return it."""
        headers = {
            "Authorization": f"ApiKey {self.sandbox.api_keys[environment]}",
            "Content-Type": "application/json",
        }
        reply = self.sandbox.api.handle("POST", "/v1/integrations", headers, json.dumps(fields).encode())
        assert reply.status == 201, reply.body
        integration: dict[str, Any] = json.loads(reply.body)["data"]
        return integration

    def clear(self) -> None:
        """Delete all integrations, and clear the script and the recorded requests."""
        for environment, key in self.sandbox.api_keys.items():
            for entry in self.integrations(environment):
                headers = {"Authorization": f"ApiKey {key}"}
                self.sandbox.api.handle("DELETE", f"/v1/integrations/{entry['_id']}", headers, b"")
        self.script.clear()
        self.requests.clear()
        self.faults_met.clear()
        self._after_timeout.clear()

    @property
    def next_connection_fails(self) -> bool:
        """Return whether the next fault prevents the connection."""
        return bool(self.script) and self.script[0] in CONNECT_FAULTS

    # For the client's end of a connection

    def client_timed_out(self, number: int) -> None:
        """Start the work that waits for the client to time out on the pause with this number."""
        if number in self._after_timeout:
            delay, work = self._after_timeout.pop(number)
            self.clock.after(delay, work)

    def connect(self) -> Wire:
        """Open a connection, and return the client's end."""
        if not self.over_tcp:
            return MemoryWire(partial(Handler, self))
        return connected(self.port)

    # The server

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(GUARD)
        try:
            with connection, contextlib.suppress(OSError):
                handler = Handler(self, connection)
                while handler.handle_next():
                    pass
        finally:
            self._connections.discard(connection)

    def respond(self, request: Request) -> bytes:
        """Return the sandbox's response as HTTP bytes, or the 500 that is stored for the key."""
        if request.key in self._stored_500:
            # A real server replays it in this form: the message is an object.
            message = {"message": "Internal Server Error", "statusCode": 500}
            headers = [JSON_TYPE, ("Idempotency-Key", request.key), ("Idempotency-Replay", "true")]
            return http(500, error(500, message, errorId="bd8bd67f"), headers)
        self._succeeded.add(request.key)
        reply = self.sandbox.api.handle(request.method, request.target, request.headers, request.body)
        return http(reply.status, reply.body, [*reply.headers, ("Date", formatdate(self.clock.wall(), usegmt=True))])

    def store_500(self, key: str) -> bool:
        """Store a 500 for a key, and return True; return False if the server keeps no keys or has a response for it."""
        if not key or not self.idempotency or key in self._succeeded:
            return False
        self._stored_500.add(key)
        return True

    def process(self, request: Request) -> None:
        """Process a request, and drop the response."""
        self.respond(request)

    def process_after_timeout(self, delay: float, work: Callable[[], None]) -> int:
        """Start `work` `delay` seconds after the client has timed out; return the number of the pause."""
        number = next(self._numbers)
        self._after_timeout[number] = (delay, work)
        return number


class Handler:
    """The server's side of one connection: the operations that faults are made of."""

    def __init__(self, server: FaultServer, connection: Wire) -> None:
        self.server = server
        self.connection = connection
        self.closed = False
        self._unread = b""
        self._request: Request | None = None

    def handle_next(self) -> bool:
        """Play the next fault for the next request; return False when the connection has ended."""
        self._request = None
        if self.closed:
            return False
        if not self._unread:
            self._unread = self.connection.recv(1)
        script = self.server.script
        if not self._unread or self.server.next_connection_fails:
            self.closed = True
            return False
        name = script.pop(0) if script else "none"
        self.server.faults_met.append((name, "-"))
        (FAULTS.get(name) or HEAVY[name])(self)
        return True

    @property
    def request(self) -> Request:
        """Read the whole request, once, and return it."""
        if self._request is None:
            self._request = self._read()
            self.server.requests.append(self._request)
            name, _ = self.server.faults_met[-1]
            self.server.faults_met[-1] = (name, self._request.method)
        return self._request

    def _read(self) -> Request:
        data = self._unread
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(body) < length:
            body += self._receive()
        self._unread = body[length:]
        return Request(method, target, headers, body[:length])

    def _receive(self) -> bytes:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionResetError
        return data

    def process(self) -> bytes:
        """Process the request, and return the response as HTTP bytes."""
        return self.server.respond(self.request)

    def send(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 ") and self.server.next_connection_fails:
            # The client must connect again, so that the connection can fail.
            data = data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            self.closed = True
        self.connection.sendall(data)

    def pause(self, seconds: float) -> None:
        """Send nothing for this number of seconds."""
        self.send(b"\x00PAUSE %r 0\x01" % seconds)

    def stop_responding(self, delay: float | None = None) -> None:
        """Send nothing until the client times out; process the request `delay` seconds after that, if given."""
        number = 0
        if delay is not None:
            request, server = self.request, self.server
            number = server.process_after_timeout(delay, lambda: server.process(request))
        self.send(b"\x00PAUSE %r %d\x01" % (NEVER, number))
        self.wait_for_close()

    def wait_for_close(self) -> None:
        """Wait until the client has closed the connection."""
        self.closed = True
        while self.connection.recv(65536):
            pass

    def process_later(self, delay: float) -> None:
        """Process the request `delay` seconds from now, by the clock."""
        request, server = self.request, self.server
        server.clock.after(delay, lambda: server.process(request))

    def reset(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.closed = True
        self.connection.close()
