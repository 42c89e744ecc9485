"""The sandbox speaks HTTP/1.1 on a loopback socket, to good and bad clients."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from integrations_cli.sandbox.server import SandboxServer, serve
from sandboxed import Caller

EXHAUSTED = """
import os, resource, socket, sys, threading
from pathlib import Path
from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve

def ask():
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"GET /v1/health-check HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n")
        try:
            return client.recv(15)
        except ConnectionResetError:
            return b""

with open_sandbox(Path(sys.argv[1])) as sandbox, serve(sandbox.api).start() as server:
    print(ask())
    if sys.argv[2] == "threads":
        threading.stack_size(1 << 46)  # more than there is: no thread can start
        print(ask())
        threading.stack_size(0)
    else:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 5, before[1]))
        clients = []
        try:
            while True:
                clients.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        except OSError:
            print(b"")
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    print(ask())
"""

BODY = b'{"providerId":"mailgun","channel":"email"}'


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    caller = Caller(tmp_path / "sandbox.db")
    yield caller
    caller.store.close()


@pytest.fixture
def server(caller: Caller) -> Iterator[SandboxServer]:
    with serve(caller.api).start() as running:
        yield running


@pytest.fixture
def client(caller: Caller, server: SandboxServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"ApiKey {caller.development.api_key}"}
    with httpx.Client(base_url=server.url, headers=headers) as made:
        yield made


class Wire:
    """A raw connection."""

    def __init__(self, server: SandboxServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.incoming = self.socket.makefile("rb")

    def close(self) -> None:
        self.incoming.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def response(self) -> tuple[int, dict[str, str], bytes]:
        """The next response."""
        status = int(self.incoming.readline().split()[1])
        headers = {}
        while line := self.incoming.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self.incoming.read(int(headers.get("content-length", "0")))

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        return self.incoming.read()


@pytest.fixture
def wire(server: SandboxServer) -> Iterator[Wire]:
    with closing(Wire(server)) as made:
        yield made


def post(caller: Caller, *lines: str, body: bytes = BODY) -> bytes:
    first = ["POST /v1/integrations HTTP/1.1", "Host: x", f"Authorization: ApiKey {caller.development.api_key}"]
    return "\r\n".join([*first, "Content-Type: application/json", *lines, "", ""]).encode() + body


class TestGoodClients:
    def test_one_connection_carries_many_requests(self, client: httpx.Client) -> None:
        for number in range(20):
            created = client.post("/v1/integrations", json={"providerId": "mailgun", "channel": "email"})
            assert created.status_code == 201
            assert created.headers["connection"] == "keep-alive"
            assert len(client.get("/v1/integrations").json()["data"]) == 3 + number

    def test_concurrent_clients_are_served(self, caller: Caller, server: SandboxServer) -> None:
        statuses: list[int] = []

        def run(name: int) -> None:
            headers = {"Authorization": f"ApiKey {caller.development.api_key}"}
            with httpx.Client(base_url=server.url, headers=headers) as client:
                for number in range(10):
                    body = {"providerId": "mailgun", "channel": "email", "identifier": f"{name}-{number}"}
                    statuses.append(client.post("/v1/integrations", json=body).status_code)

        threads = [threading.Thread(target=run, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [201] * 80
        assert len(caller.listed()) == 80

    def test_chunked_bodies_are_read(self, client: httpx.Client) -> None:
        def parts() -> Iterator[bytes]:
            for byte in BODY:
                yield bytes([byte])

        response = client.post("/v1/integrations", content=parts(), headers={"Content-Type": "application/json"})
        assert response.request.headers["transfer-encoding"] == "chunked"
        assert response.status_code == 201

    def test_chunks_with_extensions_and_trailers(self, caller: Caller, wire: Wire) -> None:
        chunks = b"5;x=y\r\n" + BODY[:5] + b"\r\n%x\r\n" % (len(BODY) - 5) + BODY[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
        wire.send(
            post(caller, "Transfer-Encoding: chunked", body=chunks) + post(caller, f"Content-Length: {len(BODY)}")
        )
        assert [wire.response()[0], wire.response()[0]] == [201, 201]

    def test_pipelined_requests_are_answered(self, caller: Caller, wire: Wire) -> None:
        wire.send(post(caller, f"Content-Length: {len(BODY)}") * 5)
        assert [wire.response()[0] for _ in range(5)] == [201] * 5

    def test_expect_100_continue_is_answered(self, caller: Caller, wire: Wire) -> None:
        wire.send(post(caller, f"Content-Length: {len(BODY)}", "Expect: 100-continue", body=b""))
        assert wire.incoming.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert wire.incoming.readline() == b"\r\n"
        wire.send(BODY)
        assert wire.response()[0] == 201

    def test_head_has_a_length_and_no_body(self, caller: Caller, wire: Wire) -> None:
        key = f"Authorization: ApiKey {caller.development.api_key}\r\n"
        wire.send(f"HEAD /v1/integrations HTTP/1.1\r\n{key}\r\nGET /v1/integrations HTTP/1.1\r\n{key}\r\n".encode())
        assert wire.incoming.readline() == b"HTTP/1.1 200 OK\r\n"
        lines = [wire.incoming.readline() for _ in range(5)]
        assert lines[-1] == b"\r\n"
        length = next(int(line.split()[1]) for line in lines if line.startswith(b"Content-Length"))
        status, _, body = wire.response()
        assert (status, len(body)) == (200, length)

    def test_http_1_0_connections_are_closed(self, caller: Caller, wire: Wire) -> None:
        wire.send(post(caller, f"Content-Length: {len(BODY)}").replace(b"HTTP/1.1", b"HTTP/1.0"))
        status, headers, _ = wire.response()
        assert (status, headers["connection"], wire.rest()) == (201, "close", b"")

    def test_absolute_request_targets_are_accepted(self, caller: Caller, wire: Wire) -> None:
        wire.send(post(caller, f"Content-Length: {len(BODY)}").replace(b"POST /", b"POST http://caller.novu.co/"))
        assert wire.response()[0] == 201

    @pytest.mark.parametrize("size", [102_401, 5_000_000])
    def test_large_bodies_are_read_and_refused(self, caller: Caller, wire: Wire, size: int) -> None:
        wire.send(
            post(caller, f"Content-Length: {size}", body=b" " * size) + post(caller, f"Content-Length: {len(BODY)}")
        )
        assert [wire.response()[0], wire.response()[0]] == [500, 201]


class TestBadClients:
    @pytest.mark.parametrize(
        ("garbage", "status"),
        [
            (b"hello\r\n\r\n", 400),
            (b"GET /\r\n\r\n", 400),
            (b"GET / HTTP/2.0\r\n\r\n", 505),
            (b"GET x HTTP/1.1\r\n\r\n", 400),
            (b"GET ftp://x/y HTTP/1.1\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nIdempotency-Key: x\r\n y: z\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nspace : x\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: 1a\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2000001\r\n", 400),
            (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 201 + b"\r\n", 431),
            (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
            (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: 100000000000\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n", 400),
        ],
    )
    def test_invalid_requests_close_the_connection(
        self, server: SandboxServer, wire: Wire, garbage: bytes, status: int
    ) -> None:
        wire.send(garbage)
        received, headers, body = wire.response()
        assert (received, headers["connection"]) == (status, "close")
        assert body.endswith(b"\n")
        assert wire.rest() == b""
        with closing(Wire(server)) as other:
            other.send(b"GET /v1/health-check HTTP/1.1\r\n\r\n")
            assert other.response()[0] == 200

    @pytest.mark.parametrize(
        "start", [b"", b"GET", b"GET / HTTP/1.1\r\nHost", b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"]
    )
    def test_lost_clients_do_not_stop_it(self, caller: Caller, start: bytes) -> None:
        with serve(caller.api).start() as server:
            with closing(Wire(server)) as gone:
                gone.send(start)
            with closing(Wire(server)) as other:
                other.send(b"GET /v1/health-check HTTP/1.1\r\n\r\n")
                assert other.response()[0] == 200

    def test_random_bytes_do_not_stop_it(self, server: SandboxServer) -> None:
        chance = random.Random(1)
        for _ in range(60):
            with closing(Wire(server)) as wire:
                wire.send(chance.randbytes(chance.randrange(1, 300)) + b"\r\n\r\n")
                wire.socket.shutdown(socket.SHUT_WR)
                wire.rest()
        with closing(Wire(server)) as wire:
            wire.send(b"GET /v1/health-check HTTP/1.1\r\n\r\n")
            assert wire.response()[0] == 200


class TestServer:
    def test_damaged_database_is_reported_as_500(self, caller: Caller, server: SandboxServer, wire: Wire) -> None:
        with caller.store.writing() as queries:
            queries._connection.execute("DROP TABLE integration")
        wire.send(post(caller, f"Content-Length: {len(BODY)}"))
        status, _, body = wire.response()
        assert (status, "is damaged" in json.loads(body)["message"]) == (500, True)

    def test_closing_ends_every_thread_and_connection(self, caller: Caller) -> None:
        before = threading.active_count()
        server = serve(caller.api).start()
        wires = [Wire(server) for _ in range(3)]
        for wire in wires:
            wire.send(b"GET /v1/health-check HTTP/1.1\r\n\r\n")
            assert wire.response()[0] == 200
        server.close()
        server.close()
        assert threading.active_count() == before
        for wire in wires:
            assert wire.rest() == b""
            wire.close()
        with pytest.raises(ConnectionRefusedError):
            Wire(server)

    @pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
    @pytest.mark.parametrize("resource", ["threads", "files"])
    def test_it_survives_exhausted_threads_and_files(self, tmp_path: Path, resource: str) -> None:
        command = [sys.executable, "-c", EXHAUSTED, str(tmp_path / "sandbox.db"), resource]
        finished = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert finished.stdout.splitlines() == ["b'HTTP/1.1 200 OK'", "b''", "b'HTTP/1.1 200 OK'"]
        assert finished.stderr == ""

    def test_connections_beyond_the_limit_are_closed(
        self, server: SandboxServer, wire: Wire, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("integrations_cli.sandbox.server.MAX_CONNECTIONS", 1)
        for _ in range(2):
            wire.send(b"GET /v1/health-check HTTP/1.1\r\n\r\n")
            assert wire.response()[0] == 200
            with closing(Wire(server)) as other:
                assert other.rest() == b""

    def test_closing_before_serving_works(self, caller: Caller) -> None:
        serve(caller.api).close()

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
    def test_other_hosts_are_refused(self, caller: Caller, host: str) -> None:
        with pytest.raises(ValueError, match="loopback addresses only"):
            serve(caller.api, host)

    @pytest.mark.parametrize(
        ("host", "in_url"),
        [
            ("localhost", "localhost"),
            pytest.param(
                *("::1", "[::1]"), marks=pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
            ),
        ],
    )
    def test_other_loopback_addresses_are_served(self, caller: Caller, host: str, in_url: str) -> None:
        with serve(caller.api, host).start() as server:
            assert server.url == f"http://{in_url}:{server.port}"
            assert httpx.get(f"{server.url}/v1/health-check").status_code == 200

    def test_taken_port_raises_oserror(self, caller: Caller, server: SandboxServer) -> None:
        with pytest.raises(OSError, match=r".+"):
            serve(caller.api, port=server.port)

    def test_only_serving_imports_an_http_server(self) -> None:
        program = (
            "import sys, integrations_cli.sandbox.open, integrations_cli.commands.sandbox\n"
            "print(sorted({'httpx', 'ssl', 'http.server', 'http.client', 'email', 'socketserver'} & set(sys.modules)))"
        )
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert finished.stdout == "[]\n"
