"""The client's network on the clock of the test: pauses of the server pass at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpcore

from faults import CONNECT_FAULTS
from wires import Wire, connected, readable

if TYPE_CHECKING:
    from fault_server import FaultServer

_MARK = re.compile(rb"\x00PAUSE ([0-9.e+]+) (\d+)\x01")


class PacedBackend(httpcore.NetworkBackend):
    """Connects to the fault server, unless the script says that nobody can."""

    def __init__(self, server: FaultServer) -> None:
        self._server = server

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore.NetworkStream:
        assert timeout is not None
        assert port == self._server.port
        self._server.tick()
        script = self._server.script
        fault = script.pop(0) if script and script[0] in CONNECT_FAULTS else None
        if fault is not None:
            self._server.faults_met.append((fault, "-"))
        if fault == "unreachable":
            self._server.clock.advance(timeout)
            raise httpcore.ConnectTimeout
        try:
            wire = connected(self._server.refusing_port) if fault == "refuse" else self._server.connect()
        except OSError as error:
            raise httpcore.ConnectError(error) from error
        return PacedStream(wire, self._server)


class PacedStream(httpcore.NetworkStream):
    """A connection on which the server's pauses pass on the test's clock."""

    def __init__(self, wire: Wire, server: FaultServer) -> None:
        self._wire = wire
        self._server = server
        self._buffer = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert timeout is not None
        self._server.tick()
        until = self._server.clock.now() + timeout
        while True:
            ready, zero, held = self._buffer.partition(b"\x00")
            if ready:
                self._buffer = ready[max_bytes:] + zero + held
                return ready[:max_bytes]
            mark = _MARK.match(self._buffer)
            if mark is not None:
                self._buffer = self._buffer[mark.end() :]
                self._pass(float(mark[1]), int(mark[2]), until)
                continue
            try:
                more = self._wire.recv(65536)
            except OSError as error:
                raise httpcore.ReadError(error) from error
            if not more:
                return b""
            self._buffer += more

    def _pass(self, seconds: float, number: int, until: float) -> None:
        clock = self._server.clock
        if clock.now() + seconds < until:
            clock.advance(seconds)
            return
        clock.advance(max(until - clock.now(), 0.0))
        self._server.client_timed_out(number)
        raise httpcore.ReadTimeout

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._server.tick()
        try:
            self._wire.sendall(buffer)
        except OSError as error:
            raise httpcore.WriteError(error) from error

    def close(self) -> None:
        self._wire.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return bool(self._buffer) or readable(self._wire)
        return None
