"""A server on loopback that fails by a script, in front of a sandbox, and a clock that makes waiting free.

The server speaks real TCP, or, where thousands of runs shall take seconds, the same over memory, without a thread.
Time is the test's own: where the server keeps silent, it says so in the stream by a mark that `PacedStream`, the
client's end of the connection, takes out again; the clock is put forward instead, and what the client would have lived
to see happens at once. So no test sleeps, and a time-out of a minute costs nothing.
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
    """A clock that moves only when somebody waits; what is due by then happens on the way."""

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self.tick: Callable[[], None] = lambda: None
        """Called before every wait."""
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
        """Let everything happen that is still due."""
        if self._due:
            self.advance(max(moment for moment, _ in self._due) - self.seconds)


@dataclass(frozen=True)
class Asked:
    """A request as the server read it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """Its idempotency key, or nothing."""
        return self.headers.get("idempotency-key", "")


class FaultServer:
    """The server: `script` names the faults of the requests to come, one each; after them all is well."""

    def __init__(
        self, path: Path, clock: FakeClock, *, idempotency: bool, observed: bool = False, wired: bool = True
    ) -> None:
        """Serve over TCP if `wired`, else over memory; `observed` makes the sandbox an older release."""
        self.clock = clock
        self.wired = wired
        self.idempotency = idempotency
        self.sandbox = open_sandbox(
            path, idempotency=idempotency, behaviour=RELEASE_2024 if observed else DOCUMENTED, clock=clock.wall
        )
        self.api_key = self.sandbox.api_keys["Development"]
        self.script: list[str] = []
        self.asked: list[Asked] = []
        self.played: list[tuple[str, str]] = []
        """The faults that were met, each with the method of the request (`-` for one that never arrived)."""
        self.tick: Callable[[], None] = lambda: None
        """Called before whatever the client does with the network: where Ctrl-C can come."""
        self._failed: set[str] = set()
        self._worked: set[str] = set()
        self._given_up: dict[int, tuple[float, Callable[[], None]]] = {}
        self._numbers = itertools.count(1)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)  # bound in any case: it gives the port
        # A port that is taken and not listened to: connections to it are refused.
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

    # What the test asks

    def held(self, environment: str = "Development") -> list[dict[str, Any]]:
        """The integrations of an environment, besides the one that every environment is born with."""
        headers = {"Authorization": f"ApiKey {self.sandbox.api_keys[environment]}"}
        reply = self.sandbox.api.handle("GET", "/v1/integrations", headers, b"")
        listed: list[dict[str, Any]] = json.loads(reply.body)["data"]
        return [entry for entry in listed if entry["providerId"] != "novu"]

    def plant(self, environment: str = "Development", **fields: object) -> dict[str, Any]:
        """Create an integration behind the client's back."""
        headers = {
            "Authorization": f"ApiKey {self.sandbox.api_keys[environment]}",
            "Content-Type": "application/json",
        }
        reply = self.sandbox.api.handle("POST", "/v1/integrations", headers, json.dumps(fields).encode())
        assert reply.status == 201, reply.body
        planted: dict[str, Any] = json.loads(reply.body)["data"]
        return planted

    def empty(self) -> None:
        """Delete all that is held, and forget what was asked."""
        for environment, key in self.sandbox.api_keys.items():
            for entry in self.held(environment):
                headers = {"Authorization": f"ApiKey {key}"}
                self.sandbox.api.handle("DELETE", f"/v1/integrations/{entry['_id']}", headers, b"")
        self.script.clear()
        self.asked.clear()
        self.played.clear()
        self._given_up.clear()

    @property
    def nobody_connects(self) -> bool:
        """Whether the next fault is one that is met before the server."""
        return bool(self.script) and self.script[0] in CONNECT_FAULTS

    # What the client's end of a connection tells

    def give_up(self, number: int) -> None:
        """The client has waited in vain for the silence with this number to end."""
        if number in self._given_up:
            delay, work = self._given_up.pop(number)
            self.clock.after(delay, work)

    def connect(self) -> Wire:
        """The client's end of a new connection."""
        if not self.wired:
            return MemoryWire(partial(Visit, self))
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
                visit = Visit(self, connection)
                while visit.go_on():
                    pass
        finally:
            self._connections.discard(connection)

    def answer_to(self, asked: Asked) -> bytes:
        """What the sandbox answers, as bytes of HTTP; or the 500 that is stored under the key."""
        if asked.key in self._failed:
            # As a real server repeats it: the message is an object.
            message = {"message": "Internal Server Error", "statusCode": 500}
            headers = [JSON_TYPE, ("Idempotency-Key", asked.key), ("Idempotency-Replay", "true")]
            return http(500, error(500, message, errorId="bd8bd67f"), headers)
        self._worked.add(asked.key)
        reply = self.sandbox.api.handle(asked.method, asked.target, asked.headers, asked.body)
        return http(reply.status, reply.body, [*reply.headers, ("Date", formatdate(self.clock.wall(), usegmt=True))])

    def fail_for_ever(self, key: str) -> bool:
        """Store a 500 under a key, as a server does that keeps keys, unless it has stored another answer before."""
        if not key or not self.idempotency or key in self._worked:
            return False
        self._failed.add(key)
        return True

    def carry_out(self, asked: Asked) -> None:
        """Do what was asked; nobody hears the answer."""
        self.answer_to(asked)

    def remember(self, delay: float, work: Callable[[], None]) -> int:
        """Keep work for the moment when the client has given up; the number of that silence."""
        number = next(self._numbers)
        self._given_up[number] = (delay, work)
        return number


class Visit:
    """One connection, as the faults see it."""

    def __init__(self, server: FaultServer, connection: Wire) -> None:
        self.server = server
        self.connection = connection
        self.over = False
        self._unread = b""
        self._asked: Asked | None = None

    def go_on(self) -> bool:
        """Play the next fault to the next request; false when the connection is over."""
        self._asked = None
        if self.over:
            return False
        if not self._unread:
            self._unread = self.connection.recv(1)
        script = self.server.script
        if not self._unread or self.server.nobody_connects:
            self.over = True
            return False
        name = script.pop(0) if script else "none"
        self.server.played.append((name, "-"))
        (FAULTS.get(name) or HEAVY[name])(self)
        return True

    @property
    def asked(self) -> Asked:
        """The request, read to its end."""
        if self._asked is None:
            self._asked = self._read()
            self.server.asked.append(self._asked)
            name, _ = self.server.played[-1]
            self.server.played[-1] = (name, self._asked.method)
        return self._asked

    def _read(self) -> Asked:
        data = self._unread
        while b"\r\n\r\n" not in data:
            data += self._some()
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(body) < length:
            body += self._some()
        self._unread = body[length:]
        return Asked(method, target, headers, body[:length])

    def _some(self) -> bytes:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionResetError
        return data

    def work(self) -> bytes:
        """Do what was asked; the answer."""
        return self.server.answer_to(self.asked)

    def send(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 ") and self.server.nobody_connects:
            # The client must connect anew to find out that it cannot.
            data = data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            self.over = True
        self.connection.sendall(data)

    def pause(self, seconds: float) -> None:
        """Keep silent for so long."""
        self.send(b"\x00PAUSE %r 0\x01" % seconds)

    def fall_silent(self, delay: float | None = None) -> None:
        """Keep silent until the client gives up; `delay` seconds after that, do the work."""
        number = 0
        if delay is not None:
            asked, server = self.asked, self.server
            number = server.remember(delay, lambda: server.carry_out(asked))
        self.send(b"\x00PAUSE %r %d\x01" % (NEVER, number))
        self.wait_for_close()

    def wait_for_close(self) -> None:
        """Wait until the client has closed the connection."""
        self.over = True
        while self.connection.recv(65536):
            pass

    def work_later(self, delay: float) -> None:
        """Do the work by the clock, `delay` seconds from now."""
        asked, server = self.asked, self.server
        server.clock.after(delay, lambda: server.carry_out(asked))

    def reset(self) -> None:
        """End the connection by a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """End the connection."""
        self.over = True
        self.connection.close()
