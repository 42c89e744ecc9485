"""Reuse of connections, threads, and the kinds of failures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpcore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fault_server import FakeClock, FaultServer
from faults import http
from integrations_cli.api.client import Client
from integrations_cli.api.transport.interface import MAX_RESPONSE, Interrupted, Request, TransportFailure
from integrations_cli.create import exactly_once as create
from integrations_cli.models import Draft
from requesting import GET, ask, failure_of, opened, paced
from tls_server import ANSWER, Listening, answering, answering_once, listening, read_head

if TYPE_CHECKING:
    import socket


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[FaultServer]:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=True) as server:
        yield server


def test_connections_are_reused() -> None:
    with listening(answering) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        for _ in range(5):
            assert transport.send(GET, 10.0).body == b'{"data": "yes"}'
        transport.close()
        assert (server.connections, len(server.heard)) == (1, 5)


def test_connection_with_surplus_bytes_is_not_reused() -> None:
    for surplus in (ANSWER, b"x", b"\r\n"):
        with listening(partial(answering, response=ANSWER + surplus)) as server:
            transport = opened(f"http://127.0.0.1:{server.port}")
            for _ in range(3):
                assert transport.send(GET, 10.0).body == b'{"data": "yes"}'
            transport.close()
            assert server.connections == 3


def test_second_response_is_not_used_for_next_request(faulty: FaultServer) -> None:
    transport = paced(faulty)
    api = Client(transport, clock=faulty.clock)
    faulty.script[:] = ["duplicate response", "duplicate response", "duplicate response"]
    first = create.create_exactly_once(
        api, create.prepare_create(Draft(provider="mailgun", channel="email", identifier="one"))
    )
    second = create.create_exactly_once(
        api, create.prepare_create(Draft(provider="mailgun", channel="email", identifier="two"))
    )
    assert [first.integration.identifier, second.integration.identifier] == ["one", "two"]
    assert sorted(integration.identifier for integration in api.list() if integration.provider != "novu") == [
        "one",
        "two",
    ]
    transport.close()


class Pieces(httpcore.NetworkBackend):
    """Connections over memory that answer each request with the same pieces of bytes."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]
        self.connections = 0

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.connections += 1
        return PieceStream(self.pieces)


class PieceStream(httpcore.NetworkStream):
    """One of these connections."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._unread: list[bytes] = []

    def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        if buffer.startswith(b"GET "):
            self._unread += self._pieces

    def read(self, *_: Any, **__: Any) -> bytes:
        return self._unread.pop(0) if self._unread else b""

    def get_extra_info(self, info: str) -> Any:
        return bool(self._unread) if info == "is_readable" else None

    def close(self) -> None:
        """Nothing is open."""


def connections_for_two(data: bytes, cuts: Sequence[int], body: bytes) -> int:
    """Return how many connections two requests need whose response is `data`, cut into pieces."""
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    backend = Pieces([data[start:end] for start, end in itertools.pairwise(edges)])
    transport = opened("http://127.0.0.1:9", backend=backend)
    assert [transport.send(GET, 5.0).body for _ in range(2)] == [body, body]
    transport.close()
    return backend.connections


CUTS = st.lists(st.integers(0, 1000), max_size=4)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=20), st.lists(st.integers(1, 100), max_size=5), CUTS)
def test_only_surplus_bytes_prevent_reuse(body: bytes, surplus: bytes, sizes: list[int], cuts: list[int]) -> None:
    chunks, rest = b"", body
    for size in [*sizes, len(body) or 1]:
        piece, rest = rest[:size], rest[size:]
        if piece:
            chunks += b"%x;a=b\r\n%b\r\n" % (len(piece), piece)
    counted = http(200, body)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    for response in (counted, b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + counted, chunked):
        assert connections_for_two(response, cuts, body) == 1
        assert connections_for_two(response + surplus, cuts, body) == (2 if surplus else 1)


@pytest.mark.parametrize(
    ("response", "connections"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 1),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", 1),
        (b"HTTP/1.1 204 No Content\r\n\r\nx", 2),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 2),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 2),
    ],
)
def test_reuse_after_a_response_without_body(response: bytes, connections: int) -> None:
    assert connections_for_two(response, [], b"") == connections


def test_body_without_length_ends_the_connection() -> None:
    with listening(partial(answering_once, response=b"HTTP/1.1 200 OK\r\n\r\nbody")) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        assert [transport.send(GET, 10.0).body for _ in range(2)] == [b"body", b"body"]
        transport.close()
        assert server.connections == 2


def test_threads_share_a_transport() -> None:
    def echo(server: Listening) -> Callable[[socket.socket], None]:
        def talk(connection: socket.socket) -> None:
            while head := read_head(connection):
                path = head.split(b" ", 2)[1]
                connection.sendall(http(200, path))

        return talk

    with listening(echo) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        paths = [f"/{number}" for number in range(400)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda path: transport.send(Request("GET", path), 20.0).body.decode(), paths))
        transport.close()
        assert answers == paths
        assert server.connections <= 8


@pytest.mark.parametrize("moment", range(3))
def test_ctrl_c_reports_whether_request_was_sent(faulty: FaultServer, moment: int) -> None:
    left = iter(range(10))

    def tick() -> None:
        if next(left) == moment:
            raise KeyboardInterrupt

    faulty.tick = tick
    transport = paced(faulty)
    with pytest.raises(Interrupted) as caught:
        transport.send(GET, 5.0)
    transport.close()
    assert caught.value.sent == (moment > 0)


@pytest.mark.parametrize(
    ("fault", "kind", "sent", "words"),
    [
        ("refuse", "connect", False, "no connection"),
        ("reset after", "disconnected", True, "closed the connection"),
        ("close after", "disconnected", True, "closed the connection"),
        ("cut head", "disconnected", True, "closed the connection"),
        ("cut body", "protocol", True, "ends too early"),
        ("garbage", "protocol", True, "not valid HTTP"),
        ("TLS", "protocol", True, "not valid HTTP"),
    ],
)
def test_every_failure_has_its_kind(faulty: FaultServer, fault: str, kind: str, sent: bool, words: str) -> None:
    transport = paced(faulty)
    faulty.script[:] = [fault]
    with pytest.raises(TransportFailure) as caught:
        transport.send(GET, 5.0)
    transport.close()
    assert (caught.value.kind, caught.value.sent, caught.value.timed_out) == (kind, sent, False)
    assert words in caught.value.message
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_interim_responses_are_limited() -> None:
    size = 50_000
    interim = b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * size + b"\r\n\r\n"
    few, many = interim * 3, interim * (2 * MAX_RESPONSE // size)
    with listening(partial(answering, response=few + ANSWER)) as server:
        assert ask(f"http://127.0.0.1:{server.port}").body == b'{"data": "yes"}'
    with listening(partial(answering, response=many + ANSWER)) as server:
        failure = failure_of(f"http://127.0.0.1:{server.port}")
    assert (failure.kind, failure.sent, failure.timed_out) == ("protocol", True, False)
    assert "headers" in failure.message
    assert "closed" not in failure.message
