"""Requests and responses: addresses, headers, deadlines and sizes."""

from __future__ import annotations

import gzip
import socket
import sqlite3
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fault_server import FakeClock, FaultServer
from faults import http
from integrations_cli.api.client import Client
from integrations_cli.api.transport.http import decompress
from integrations_cli.api.transport.interface import (
    MAX_RESPONSE,
    Interrupted,
    Request,
    Response,
    TransportFailure,
    request_headers,
)
from integrations_cli.api.transport.open import open_transport
from integrations_cli.api.transport.sandbox import SandboxTransport
from integrations_cli.create import exactly_once as create
from integrations_cli.errors import ConfigError
from integrations_cli.inputs.endpoint import parse_origin
from integrations_cli.models import Draft, Secret
from integrations_cli.sandbox.open import open_sandbox
from paced import PacedBackend
from requesting import GET, KEY, ask, failure_of, opened, paced
from scripted_server import Reply, Scripted, scripted
from tls_server import answering, listening, read_head

if TYPE_CHECKING:
    import httpcore


@pytest.fixture
def plain() -> Iterator[Scripted]:
    with scripted(Reply(200, {"data": []})) as server:
        yield server


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[FaultServer]:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=True) as server:
        yield server


# -- where to, and with what ------------------------------------------------------------------------------------------


def test_the_headers_are_these_and_no_others(plain: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    ask(plain.url)
    (received,) = plain.received
    assert received.headers.pop("User-Agent").startswith("integrations-cli/")
    assert received.headers == {
        "Host": plain.url.removeprefix("http://"),
        "Authorization": f"ApiKey {KEY}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }


def test_a_body_has_its_type_and_length(plain: Scripted) -> None:
    ask(plain.url, Request("POST", "/v1/integrations", b'{"a":"\xc3\xa9"}', {"Idempotency-Key": "k"}))
    ask(plain.url, Request("POST", "/v1/integrations/i/set-primary", b""))
    first, second = plain.received
    assert first.body == b'{"a":"\xc3\xa9"}'
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["Idempotency-Key"] == "k"
    assert second.headers["Content-Length"] == "0"


def test_the_base_url_may_have_a_path(plain: Scripted) -> None:
    assert ask(f"{plain.url}/novu/api/").status == 200
    assert plain.received[0].path == "/novu/api/v1/integrations"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "https://",
        "x",
        "http://a b/",
        "https://h:99999",
        "https://h:x",
        "https://h:0",
        "https://[::1",
        "https://h/?a=1",
    ],
)
def test_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="address"):
        parse_origin(url, allow_http=True)


def test_password_in_address_is_refused_and_hidden() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_origin("https://me:s3cretpass@api.example", allow_http=False)
    assert "s3cretpass" not in f"{caught.value.message}{caught.value.hint}"


def test_plain_http_needs_loopback_or_permission() -> None:
    with pytest.raises(ConfigError, match="unencrypted"):
        parse_origin("http://api.example", allow_http=False)
    assert parse_origin("http://api.example", allow_http=True).url == "http://api.example"
    for url in ("http://localhost:3000", "http://127.1.2.3", "http://[::1]:80", "http://[0:0::1]"):
        assert parse_origin(url, allow_http=False).scheme == "http"
    # A resolver may send a name below localhost anywhere.
    for url in ("http://127.0.0.1.example.com", "http://localhost.example.com", "http://api.localhost", "http://[::2]"):
        assert not parse_origin(url, allow_http=True).is_loopback
        with pytest.raises(ConfigError, match="unencrypted"):
            parse_origin(url, allow_http=False)
    assert parse_origin("http://[::1]:8080", allow_http=False).authority == "[::1]:8080"
    assert parse_origin("https://münchen.example", allow_http=False).host == "xn--mnchen-3ya.example"
    assert parse_origin("https://api.example:443/x/v1/", allow_http=False).url == "https://api.example/x"


@pytest.mark.parametrize("key", ["", "a b", "abc\n", "abc\r\nX-Evil: 1", "schlüssel", "a\x00b", "a\x7f"])
def test_invalid_key_is_refused_and_hidden(key: str) -> None:
    with pytest.raises(ConfigError, match="API key") as caught:
        open_transport(base_url="https://api.example", api_key=Secret(key), environ={})
    assert not key or key not in f"{caught.value.message}{caught.value.hint}"


def test_repr_hides_key_and_body() -> None:
    request = Request("POST", "/x", b"s3cret-body", {"Idempotency-Key": "k"})
    shown = f"{request!r} {Response(200, {'x': 's3cret-header'}, b's3cret-body')!r}"
    assert "s3cret" not in shown
    assert request_headers(request, Secret(KEY))["Authorization"] == f"ApiKey {KEY}"


def test_no_certificates_are_loaded_for_plain_http() -> None:
    program = (
        "import sys, ssl\n"
        "from integrations_cli.models import Secret\n"
        "from integrations_cli.api.transport.open import open_transport\n"
        "ssl.SSLContext.load_verify_locations = ssl.SSLContext.load_default_certs = None\n"
        "open_transport(base_url='http://127.0.0.1:9', api_key=Secret('k'), environ={}).close()\n"
        "assert 'integrations_cli.api.transport.tls' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_redirects_are_not_followed() -> None:
    with listening(answering) as elsewhere:
        place = {"Location": f"http://127.0.0.1:{elsewhere.port}/v1/integrations"}
        for status in (301, 302, 303, 307, 308):
            with scripted(Reply(status, b"", place)) as server:
                assert ask(server.url).status == status
        assert elsewhere.connections == 0


@pytest.mark.parametrize("place", ["http://[::1", "javascript:x", "https://a:b:c/", "//", "/login", "http://x/%zz"])
def test_broken_locations_and_cookies_are_ignored(place: str) -> None:
    response = http(302, b"", [("Location", place), ("Set-Cookie", "session=abc; Domain=127.0.0.1; Max-Age=zz")])
    with listening(partial(answering, response=response)) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        assert [transport.send(GET, 10.0).headers["location"] for _ in range(2)] == [place, place]
        transport.close()
        assert b"ookie" not in b"".join(server.heard)


# -- deadlines and sizes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["no response", "never reads", "very slow response", "endless head", "endless 100", "cut body, no close"]
)
def test_one_deadline_covers_the_whole_exchange(faulty: FaultServer, fault: str) -> None:
    transport = paced(faulty)
    faulty.script[:] = [fault]
    began = faulty.clock.now()
    with pytest.raises(TransportFailure) as caught:
        transport.send(GET, 7.0)
    transport.close()
    assert faulty.clock.now() - began == pytest.approx(7.0)
    assert (caught.value.kind, caught.value.sent, caught.value.timed_out) == ("timeout", True, True)
    assert "7 s" in caught.value.message


def test_connection_timeout_is_not_sent(faulty: FaultServer) -> None:
    transport = paced(faulty)
    faulty.script[:] = ["unreachable"]
    with pytest.raises(TransportFailure) as caught:
        transport.send(GET, 7.0)
    transport.close()
    assert (caught.value.kind, caught.value.sent, caught.value.timed_out) == ("timeout", False, False)


class SlowBackend(PacedBackend):
    """A network on which connecting takes eight seconds."""

    def connect_tcp(self, *arguments: Any, **more: Any) -> httpcore.NetworkStream:
        stream = super().connect_tcp(*arguments, **more)
        self._server.clock.advance(8.0)
        return stream


def test_request_after_the_deadline_is_not_sent(faulty: FaultServer) -> None:
    transport = opened(faulty.url, backend=SlowBackend(faulty), now=faulty.clock.now)
    with pytest.raises(TransportFailure) as caught:
        transport.send(GET, 7.0)
    assert (caught.value.kind, caught.value.sent, caught.value.timed_out) == ("timeout", False, False)
    assert transport.send(GET, 9.0).status == 401
    transport.close()


def test_deadline_holds_on_real_sockets() -> None:
    with listening(
        lambda server: lambda connection: server.heard.append(read_head(connection) + connection.recv(1))
    ) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        with pytest.raises(TransportFailure) as caught:
            transport.send(GET, 0.05)
        transport.close()
    assert caught.value.timed_out


def resolving(*addresses: str) -> Callable[..., list[Any]]:
    """Return a `socket.getaddrinfo` that gives these addresses for a name, and each address for itself."""
    original = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        numeric = host[:1].isdecimal()
        entries: list[Any] = [(0, 0, 0, "", (address, port)) for address in addresses]
        return list(original(host, port, *rest, **more)) if numeric else entries

    return resolve


def test_a_dead_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("127.9.9.9", "127.0.0.1"))
    with listening(answering) as server, socket.socket() as refusing:
        assert ask(f"http://api.example:{server.port}", allow_http=True).status == 200
        refusing.bind(("127.0.0.1", 0))
        port = refusing.getsockname()[1]
        assert failure_of(f"http://api.example:{port}", allow_http=True).kind == "connect"


def test_each_address_gets_a_share_of_the_time(faulty: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("192.0.2.1", "192.0.2.2"))
    transport = opened(
        f"http://api.example:{faulty.port}", allow_http=True, backend=PacedBackend(faulty), now=faulty.clock.now
    )
    faulty.script[:] = ["unreachable"]
    assert transport.send(GET, 7.0).status == 401
    transport.close()
    assert faulty.clock.now() == pytest.approx(1000.0 + 3.5)


def test_an_unknown_host_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = failure_of("https://nowhere.invalid:8443")
    assert (failure.kind, failure.sent) == ("name", False)
    assert failure.message == "unknown host name: nowhere.invalid"
    monkeypatch.setattr(socket, "getaddrinfo", resolving())
    assert failure_of("https://nowhere.invalid").kind == "timeout"


def test_a_lookup_that_never_ends_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [][over.wait(30) :])
    transport = opened("https://api.example")
    try:
        with pytest.raises(TransportFailure) as caught:
            transport.send(GET, 0.01)
    finally:
        over.set()
        transport.close()
    assert (caught.value.kind, caught.value.sent) == ("timeout", False)


@pytest.mark.parametrize(
    ("size", "overlong"), [(MAX_RESPONSE, False), (MAX_RESPONSE + 1, True), (3 * MAX_RESPONSE, True)]
)
def test_ten_megabytes_are_the_limit(size: int, overlong: bool) -> None:
    with scripted(Reply(400, b"x" * size)) as server:
        response = ask(server.url)
    assert (response.status, response.overlong) == (400, overlong)
    assert len(response.body) == (0 if overlong else size)


def test_head_without_end_is_too_large() -> None:
    flood = b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1024 * 1024
    with listening(partial(answering, response=flood)) as server:
        failure = failure_of(f"http://127.0.0.1:{server.port}")
    assert (failure.kind, failure.sent) == ("protocol", True)
    assert "headers" in failure.message
    assert "too large" in failure.message


def test_compressed_bodies_are_decompressed_up_to_the_limit() -> None:
    for encoding, content in (("gzip", gzip.compress(b'{"data": 1}')), ("deflate", zlib.compress(b'{"data": 1}'))):
        with scripted(Reply(200, content, {"Content-Encoding": encoding})) as server:
            assert ask(server.url).body == b'{"data": 1}'
    bomb = gzip.compress(b"\0" * (30 * 1024 * 1024))
    assert len(bomb) < 64 * 1024
    with scripted(Reply(200, bomb, {"Content-Encoding": "gzip"})) as server:
        assert ask(server.url).overlong
    assert decompress(b"not packed", "gzip") == b"not packed"
    assert decompress(b"something", "br") == b"something"


# -- the sandbox ------------------------------------------------------------------------------------------------------


def test_sandbox_answers_the_same_requests(tmp_path: Path) -> None:
    transport = opened("http://sandbox.localhost", sandbox_path=tmp_path / "sandbox.db")
    api = Client(transport)
    created = create.create_exactly_once(api, create.prepare_create(Draft(provider="mailgun", channel="email")))
    assert created.idempotency_echoed
    assert created.integration.id in [integration.id for integration in api.list()]
    assert transport.send(Request("GET", "/v1/nope"), 1.0).status == 404
    transport.close()


def test_broken_sandbox_file_is_a_config_error(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(ConfigError) as caught:
        opened("http://sandbox.localhost", sandbox_path=file)
    assert caught.value.exit_code == 3


def test_sandbox_failing_later_is_a_config_error(tmp_path: Path) -> None:
    transport = opened("http://sandbox.localhost", sandbox_path=tmp_path / "sandbox.db")
    with closing(sqlite3.connect(tmp_path / "sandbox.db")) as other:
        other.execute("DROP TABLE integration")
    with pytest.raises(ConfigError, match="sandbox") as caught:
        transport.send(GET, 1.0)
    transport.close()
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_ctrl_c_in_the_sandbox_counts_as_sent(tmp_path: Path) -> None:
    pressed = [False]

    def clock() -> float:
        if pressed[0]:
            raise KeyboardInterrupt
        return 1_800_000_000.0

    with open_sandbox(tmp_path / "sandbox.db", clock=clock) as sandbox:
        transport = SandboxTransport(sandbox, "http://sandbox.localhost", lambda: 0.0)
        pressed[0] = True
        with pytest.raises(KeyboardInterrupt) as caught:
            transport.send(Request("POST", "/v1/integrations", b'{"providerId":"mailgun","channel":"email"}'), 1.0)
    assert isinstance(caught.value, Interrupted)
    assert caught.value.sent
