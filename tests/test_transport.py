"""How requests leave and answers come back: deadlines, sizes, connections, certificates, proxies."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpcore
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from conftest import Figures
from fault_server import FakeClock, FaultServer, PacedBackend
from faults import http
from integrations_cli import create
from integrations_cli.api import Api
from integrations_cli.errors import ConfigError, UnavailableError
from integrations_cli.models import IntegrationDraft, Secret
from integrations_cli.retry import AttemptReport
from integrations_cli.transport import (
    MAX_ANSWER,
    Answer,
    Interrupted,
    Request,
    Transport,
    TransportFailure,
    is_loopback,
    open_transport,
    parse_origin,
    wire_headers,
)
from integrations_cli.transport.network import unpack
from integrations_cli.transport.proxies import Proxy, proxy_for
from integrations_cli.transport.streams import Dialler, ends_exactly
from scripted_server import Reply, Scripted, scripted
from tls_server import ANSWER, Listening, answering, forwarding, listening, over_tls, read_head, socks

KEY = "sk-transp0rt-k3y"
GET = Request("GET", "/v1/integrations")


def opened(url: str, *, environ: Mapping[str, str] | None = None, **more: Any) -> Transport:
    return open_transport(base_url=url, api_key=Secret(KEY), environ=environ or {}, **more)


def ask(url: str, request: Request = GET, *, environ: Mapping[str, str] | None = None, **more: Any) -> Answer:
    transport = opened(url, environ=environ, **more)
    try:
        return transport.send(request, 10.0)
    finally:
        transport.close()


def failure_of(url: str, *, environ: Mapping[str, str] | None = None, **more: Any) -> TransportFailure:
    with pytest.raises(TransportFailure) as caught:
        ask(url, environ=environ, **more)
    assert KEY not in f"{caught.value.message}{caught.value.hint}"
    return caught.value


@pytest.fixture
def plain() -> Iterator[Scripted]:
    with scripted(Reply(200, {"data": []})) as server:
        yield server


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[FaultServer]:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=True) as server:
        yield server


def paced(server: FaultServer) -> Transport:
    return open_transport(
        base_url=server.url,
        api_key=Secret(server.api_key),
        environ={},
        backend=PacedBackend(server),
        now=server.clock.now,
    )


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
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="address"):
        parse_origin(url, allow_http=True)


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_origin("https://me:s3cretpass@api.example", allow_http=False)
    assert "s3cretpass" not in f"{caught.value.message}{caught.value.hint}"


def test_plain_http_is_for_loopback_or_for_who_allows_it() -> None:
    with pytest.raises(ConfigError, match="unencrypted"):
        parse_origin("http://api.example", allow_http=False)
    assert parse_origin("http://api.example", allow_http=True).url == "http://api.example"
    for url in ("http://localhost:3000", "http://127.1.2.3", "http://[::1]:80", "http://api.localhost"):
        assert parse_origin(url, allow_http=False).scheme == "http"
    assert not is_loopback("127.0.0.1.example.com")
    assert not is_loopback("localhost.example.com")
    assert parse_origin("http://[::1]:8080", allow_http=False).authority == "[::1]:8080"
    assert parse_origin("https://münchen.example", allow_http=False).host == "xn--mnchen-3ya.example"


@pytest.mark.parametrize("key", ["", "a b", "abc\n", "abc\r\nX-Evil: 1", "schlüssel", "a\x00b", "a\x7f"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError, match="API key") as caught:
        open_transport(base_url="https://api.example", api_key=Secret(key), environ={})
    assert not key or key not in f"{caught.value.message}{caught.value.hint}"


def test_nothing_shows_the_key_or_the_body() -> None:
    request = Request("POST", "/x", b"s3cret-body", {"Idempotency-Key": "k"})
    shown = f"{request!r} {Answer(200, {'x': 's3cret-header'}, b's3cret-body')!r}"
    assert "s3cret" not in shown
    assert wire_headers(request, Secret(KEY))["Authorization"] == f"ApiKey {KEY}"


def test_no_certificates_are_loaded_for_plain_http() -> None:
    program = (
        "import sys, ssl\n"
        "from integrations_cli.models import Secret\n"
        "from integrations_cli.transport import open_transport\n"
        "ssl.SSLContext.load_verify_locations = ssl.SSLContext.load_default_certs = None\n"
        "open_transport(base_url='http://127.0.0.1:9', api_key=Secret('k'), environ={}).close()\n"
        "assert 'integrations_cli.transport.trust' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_redirect_is_an_answer_and_nobody_follows_it() -> None:
    with listening(answering) as elsewhere:
        place = {"Location": f"http://127.0.0.1:{elsewhere.port}/v1/integrations"}
        for status in (301, 302, 303, 307, 308):
            with scripted(Reply(status, b"", place)) as server:
                assert ask(server.url).status == status
        assert elsewhere.connections == 0


@pytest.mark.parametrize("place", ["http://[::1", "javascript:x", "https://a:b:c/", "//", "/login", "http://x/%zz"])
def test_no_place_that_a_server_names_breaks_it_and_no_cookie_is_kept(place: str) -> None:
    answer = http(302, b"", [("Location", place), ("Set-Cookie", "session=abc; Domain=127.0.0.1; Max-Age=zz")])
    with listening(partial(answering, answer=answer)) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        assert [transport.send(GET, 10.0).headers["location"] for _ in range(2)] == [place, place]
        transport.close()
        assert b"ookie" not in b"".join(server.heard)


# -- deadlines and sizes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["silent", "deaf", "trickle for ever", "trickled head", "100 for ever", "cut body in silence"]
)
def test_nothing_stretches_the_time_limit_of_an_attempt(faulty: FaultServer, fault: str) -> None:
    transport = paced(faulty)
    faulty.script[:] = [fault]
    began = faulty.clock.now()
    with pytest.raises(TransportFailure) as caught:
        transport.send(GET, 7.0)
    transport.close()
    assert faulty.clock.now() - began == pytest.approx(7.0)
    assert (caught.value.kind, caught.value.sent, caught.value.timed_out) == ("timeout", True, True)
    assert "7 s" in caught.value.message


def test_no_connection_in_time_was_never_sent(faulty: FaultServer) -> None:
    transport = paced(faulty)
    faulty.script[:] = ["unreachable"]
    with pytest.raises(TransportFailure) as caught:
        transport.send(GET, 7.0)
    transport.close()
    assert (caught.value.kind, caught.value.sent, caught.value.timed_out) == ("timeout", False, False)


def test_a_time_limit_holds_on_real_sockets_and_the_real_clock() -> None:
    with listening(
        lambda server: lambda connection: server.heard.append(read_head(connection) + connection.recv(1))
    ) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        with pytest.raises(TransportFailure) as caught:
            transport.send(GET, 0.05)
        transport.close()
    assert caught.value.timed_out


def test_a_dead_address_leaves_time_for_the_next() -> None:
    with listening(answering) as server, socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        entries = [(0, 0, 0, "", (address, server.port)) for address in ("127.9.9.9", "127.0.0.1")]
        dialler = Dialler(lambda: 0.0, resolve=lambda *_, **__: entries)
        stream = dialler.connect_tcp("api.example", server.port, timeout=5.0)
        stream.close()
        nobody = Dialler(lambda: 0.0, resolve=lambda *_, **__: entries[1:])
        with pytest.raises(httpcore.ConnectError):
            nobody.connect_tcp("api.example", refusing.getsockname()[1], timeout=5.0)


def test_a_name_that_is_not_known_is_named() -> None:
    def unknown(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    failure = failure_of("https://nowhere.invalid", backend=Dialler(lambda: 0.0, resolve=unknown))
    assert (failure.kind, failure.sent) == ("name", False)
    assert "nowhere.invalid" in failure.message
    empty = failure_of("https://nowhere.invalid", backend=Dialler(lambda: 0.0, resolve=lambda *_, **__: []))
    assert empty.kind == "timeout"


def test_a_look_up_that_never_ends_is_left_behind() -> None:
    over = threading.Event()
    try:
        dialler = Dialler(lambda: 0.0, resolve=lambda *_, **__: [][over.wait(30) :])
        with pytest.raises(httpcore.ConnectTimeout):
            dialler.connect_tcp("api.example", 443, timeout=0.01)
    finally:
        over.set()


@pytest.mark.parametrize(("size", "overlong"), [(MAX_ANSWER, False), (MAX_ANSWER + 1, True), (3 * MAX_ANSWER, True)])
def test_ten_megabytes_are_read_and_not_one_byte_more(size: int, overlong: bool) -> None:
    with scripted(Reply(400, b"x" * size)) as server:
        answer = ask(server.url)
    assert (answer.status, answer.overlong) == (400, overlong)
    assert len(answer.body) == (0 if overlong else size)


def test_a_head_without_end_is_a_failure() -> None:
    flood = b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1024 * 1024
    with listening(partial(answering, answer=flood)) as server:
        assert failure_of(f"http://127.0.0.1:{server.port}").kind == "protocol"


def test_what_is_packed_unasked_is_unpacked_up_to_the_limit() -> None:
    for encoding, content in (("gzip", gzip.compress(b'{"data": 1}')), ("deflate", zlib.compress(b'{"data": 1}'))):
        with scripted(Reply(200, content, {"Content-Encoding": encoding})) as server:
            assert ask(server.url).body == b'{"data": 1}'
    bomb = gzip.compress(b"\0" * (30 * 1024 * 1024))
    assert len(bomb) < 64 * 1024
    with scripted(Reply(200, bomb, {"Content-Encoding": "gzip"})) as server:
        assert ask(server.url).overlong
    assert unpack(b"not packed", "gzip") == b"not packed"
    assert unpack(b"something", "br") == b"something"


# -- connections ------------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again() -> None:
    with listening(answering) as server:
        transport = opened(f"http://127.0.0.1:{server.port}")
        for _ in range(5):
            assert transport.send(GET, 10.0).body == b'{"data": "yes"}'
        transport.close()
        assert (server.connections, len(server.heard)) == (1, 5)


def test_a_connection_with_a_surplus_byte_is_not_used_again() -> None:
    for surplus in (ANSWER, b"x", b"\r\n"):
        with listening(partial(answering, answer=ANSWER + surplus)) as server:
            transport = opened(f"http://127.0.0.1:{server.port}")
            for _ in range(3):
                assert transport.send(GET, 10.0).body == b'{"data": "yes"}'
            transport.close()
            assert server.connections == 3


def test_a_second_answer_is_never_taken_for_the_next_request_s(faulty: FaultServer) -> None:
    transport = paced(faulty)
    api = Api(transport, clock=faulty.clock)
    faulty.script[:] = ["twice", "twice", "twice"]
    first = create.run(api, create.prepare(IntegrationDraft(provider="mailgun", channel="email", identifier="one")))
    second = create.run(api, create.prepare(IntegrationDraft(provider="mailgun", channel="email", identifier="two")))
    assert [first.integration.identifier, second.integration.identifier] == ["one", "two"]
    assert sorted(integration.identifier for integration in api.list() if integration.provider != "novu") == [
        "one",
        "two",
    ]
    transport.close()


@given(st.binary(max_size=300), st.binary(max_size=20), st.lists(st.integers(1, 100), max_size=5))
def test_where_an_answer_ends_is_known_exactly(body: bytes, surplus: bytes, sizes: list[int]) -> None:
    counted = http(200, body)
    assert ends_exactly(counted)
    assert ends_exactly(b"HTTP/1.1 100 Continue\r\n\r\n" + counted)
    assert not ends_exactly(counted[:-1])
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks, rest = b"", body
    for size in [*sizes, len(body) or 1]:
        piece, rest = rest[:size], rest[size:]
        if piece:
            chunks += b"%x;a=b\r\n%b\r\n" % (len(piece), piece)
    chunked = head + chunks + b"0\r\n\r\n"
    assert ends_exactly(chunked)
    assert not ends_exactly(chunked[:-1])
    if surplus:
        assert not ends_exactly(counted + surplus)
        assert not ends_exactly(chunked + surplus)


def test_where_an_answer_ends_is_not_known_without_a_length() -> None:
    assert not ends_exactly(b"HTTP/1.1 200 OK\r\n\r\nbody")
    assert not ends_exactly(b"")
    assert not ends_exactly(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
    assert ends_exactly(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert ends_exactly(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n")


@given(st.binary(max_size=200))
def test_no_bytes_break_that(received: bytes) -> None:
    assert ends_exactly(received) in {True, False}


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
def test_ctrl_c_says_whether_the_request_had_begun_to_leave(faulty: FaultServer, moment: int) -> None:
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
    ("fault", "kind", "sent"),
    [
        ("refuse", "connect", False),
        ("reset after", "disconnected", True),
        ("close after", "disconnected", True),
        ("cut head", "disconnected", True),
        ("cut body", "protocol", True),
        ("garbage", "protocol", True),
        ("TLS", "protocol", True),
    ],
)
def test_every_failure_has_its_name(faulty: FaultServer, fault: str, kind: str, sent: bool) -> None:
    transport = paced(faulty)
    faulty.script[:] = [fault]
    with pytest.raises(TransportFailure) as caught:
        transport.send(GET, 5.0)
    transport.close()
    assert (caught.value.kind, caught.value.sent, caught.value.timed_out) == (kind, sent, False)
    assert caught.value.hint
    assert "\n" not in caught.value.message


# -- certificates -----------------------------------------------------------------------------------------------------

AUTHORITY = trustme.CA()
STRANGER = trustme.CA()
NOW = datetime.now(UTC)


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def self_signed(folder: Path) -> ssl.SSLContext:
    """A certificate that vouches for itself alone."""
    authority = trustme.CA(organization_name="127.0.0.1")
    file = folder / "own.pem"
    file.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The file that names the private authority."""
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return file


def cases(folder: Path) -> dict[str, tuple[ssl.SSLContext, str, str]]:
    """Certificates that must be refused: what the server shows, what is said, and what the hint must name."""
    day = timedelta(days=1)
    return {
        "expired": (
            server_context(AUTHORITY.issue_cert("127.0.0.1", not_before=NOW - 9 * day, not_after=NOW - day)),
            "has expired",
            "clock",
        ),
        "not yet valid": (
            server_context(AUTHORITY.issue_cert("127.0.0.1", not_before=NOW + day, not_after=NOW + 9 * day)),
            "is not valid yet",
            "clock",
        ),
        "another host": (server_context(AUTHORITY.issue_cert("else.example")), "is for another", "address"),
        "unknown authority": (
            server_context(STRANGER.issue_cert("127.0.0.1")),
            "authority that this machine does not know",
            "ca_bundle",
        ),
        "self-signed": (self_signed(folder), "is self-signed", "ca_bundle"),
    }


def test_every_bad_certificate_is_refused_and_named_before_the_key_is_sent(
    tmp_path: Path, bundle: Path, figures: Figures
) -> None:
    rows: list[tuple[object, ...]] = [("certificate", "said", "requests received")]
    for name, (context, words, hint) in cases(tmp_path).items():
        with listening(partial(over_tls, context=context)) as server:
            url = f"https://127.0.0.1:{server.port}"
            failure = failure_of(url, ca_bundle=str(bundle))
            assert (failure.kind, failure.sent, failure.lasting) == ("certificate", False, True), name
            assert words in failure.message, name
            assert f"127.0.0.1:{server.port}" in failure.message
            assert hint in (failure.hint or ""), name
            assert server.heard == []
            rows.append((name, failure.message.replace(f":{server.port}", ""), len(server.heard)))
    figures(f"TLS cases refused: {len(rows) - 1}", rows)


def test_a_certificate_that_is_refused_ends_a_create_at_once(tmp_path: Path) -> None:
    reports: list[AttemptReport] = []
    with listening(partial(over_tls, context=self_signed(tmp_path))) as server:
        transport = opened(f"https://127.0.0.1:{server.port}")
        api = Api(transport, clock=FakeClock(), observe=reports.append)
        with pytest.raises(UnavailableError, match="nothing was created") as caught:
            create.run(api, create.prepare(IntegrationDraft(provider="mailgun", channel="email")))
        transport.close()
    assert len(reports) == 1
    assert "ca_bundle" in (caught.value.hint or "")


def test_a_private_authority_is_believed_where_it_is_named(tmp_path: Path, bundle: Path) -> None:
    ordinary, hashed = tmp_path / "ordinary", tmp_path / "hashed"
    ordinary.mkdir()
    hashed.mkdir()
    (ordinary / "readme.txt").write_text("not a certificate", encoding="utf-8")
    AUTHORITY.cert_pem.write_to_path(str(ordinary / "our-ca.crt"))
    AUTHORITY.cert_pem.write_to_path(str(hashed / f"{subject_hash(bundle)}.0"))
    context = server_context(AUTHORITY.issue_cert("127.0.0.1"))
    with listening(partial(over_tls, context=context)) as server:
        url = f"https://127.0.0.1:{server.port}"
        for place in (bundle, ordinary):
            assert ask(url, ca_bundle=str(place)).status == 200
            assert ask(url, environ={"SSL_CERT_FILE": str(place)}).status == 200
        assert ask(url, environ={"SSL_CERT_DIR": str(ordinary)}).status == 200
        assert failure_of(url).kind == "certificate"
        assert ask(url, ca_bundle=str(bundle), environ={"SSL_CERT_FILE": str(tmp_path / "nothing")}).status == 200
        if subject_hash(bundle):
            assert ask(url, ca_bundle=str(hashed)).status == 200
        transport = opened(url, ca_bundle=str(bundle))
        before = server.connections
        for _ in range(3):
            transport.send(GET, 10.0)
        transport.close()
        assert server.connections == before + 1


def subject_hash(certificate: Path) -> str:
    """The name that OpenSSL looks for; empty on a machine without its program."""
    command = ["openssl", "x509", "-in", str(certificate), "-noout", "-subject_hash"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def test_a_bundle_that_is_none_is_an_error_of_the_settings(tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("hello", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for place, words in (
        (text, "no certificates"),
        (tmp_path / "empty", "no certificates"),
        (tmp_path / "x.pem", "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=words) as caught:
            opened("https://127.0.0.1", ca_bundle=str(place))
        assert "ca_bundle" in caught.value.message
        with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
            opened("https://127.0.0.1", environ={"SSL_CERT_FILE": str(place)})


def test_the_system_s_own_authorities_are_there() -> None:
    opened("https://api.novu.co").close()


def test_a_plain_server_behind_https_is_named(plain: Scripted, bundle: Path) -> None:
    failure = failure_of(plain.url.replace("http:", "https:"), ca_bundle=str(bundle))
    assert (failure.kind, failure.sent) == ("tls", False)


def test_a_tls_server_behind_http_is_named(tmp_path: Path) -> None:
    with listening(partial(over_tls, context=self_signed(tmp_path))) as server:
        assert failure_of(f"http://127.0.0.1:{server.port}").kind in {"protocol", "disconnected"}
        assert server.heard == []


# -- proxies ----------------------------------------------------------------------------------------------------------

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://api.novu.co", {}, None),
        ("https://api.novu.co", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://api.novu.co", {"https_proxy": PROXY}, PROXY),
        ("https://api.novu.co", {"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, PROXY),
        ("https://api.novu.co", {"HTTP_PROXY": PROXY}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY}, PROXY),
        ("https://api.novu.co", {"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ("https://api.novu.co", {"HTTPS_PROXY": "http://proxy.example"}, "http://proxy.example:80"),
        ("https://api.novu.co", {"HTTPS_PROXY": ""}, None),
        ("http://api.novu.co", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://api.novu.co", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, None),
        ("http://api.novu.co", {"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, PROXY),
        ("https://127.0.0.1:3000", {"ALL_PROXY": PROXY}, None),
        ("http://localhost:3000", {"HTTP_PROXY": PROXY}, None),
        ("http://[::1]:3000", {"HTTP_PROXY": PROXY}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY, "NO_PROXY": "novu.co"}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY, "no_proxy": ".novu.co, other"}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY, "NO_PROXY": "*.novu.co"}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY, "NO_PROXY": "API.Novu.Co."}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY, "NO_PROXY": "api.novu.co:443"}, None),
        ("https://api.novu.co", {"ALL_PROXY": PROXY, "NO_PROXY": "api.novu.co:8443,"}, PROXY),
        ("https://notnovu.co", {"ALL_PROXY": PROXY, "NO_PROXY": "novu.co"}, PROXY),
        ("https://10.1.2.3", {"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://10.1.2.3", {"ALL_PROXY": PROXY, "NO_PROXY": "10.1.2.3"}, None),
        ("https://11.1.2.3", {"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8,x/y"}, PROXY),
        ("https://[fd00::1]", {"ALL_PROXY": PROXY, "NO_PROXY": "fd00::/8"}, None),
        ("https://[fd00::1]:8443", {"ALL_PROXY": PROXY, "NO_PROXY": "[fd00::1]:8443"}, None),
        ("https://[fd00::1]", {"ALL_PROXY": PROXY, "NO_PROXY": "fd00::1"}, None),
        ("https://api.novu.co", {"ALL_PROXY": "socks5://proxy.example"}, "socks5://proxy.example:1080"),
        ("https://api.novu.co", {"ALL_PROXY": "socks://proxy.example:9"}, "socks5h://proxy.example:9"),
    ],
)
def test_the_proxy_is_the_one_that_the_environment_names(url: str, environ: dict[str, str], proxy: str | None) -> None:
    found = proxy_for(parse_origin(url, allow_http=True), environ)
    assert (found.url if found is not None else None) == proxy


@pytest.mark.parametrize("value", ["ftp://x", "http://", "http://x:y", "http://[::1", "http://ä.example"])
def test_what_is_no_proxy_is_an_error_that_does_not_show_it(value: str) -> None:
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        proxy_for(parse_origin("https://api.novu.co", allow_http=False), {"HTTPS_PROXY": value})
    assert value not in caught.value.message


def test_a_proxy_s_password_is_not_shown() -> None:
    found = proxy_for(
        parse_origin("https://a.b", allow_http=False), {"HTTPS_PROXY": "http://us%40er:p%3Ass@proxy.example"}
    )
    assert found == Proxy("http", "proxy.example", 80, "HTTPS_PROXY", (b"us@er", b"p:ss"))
    assert "ss" not in repr(found).replace("class", "")
    assert "us@er" not in repr(found)


def test_a_plain_request_goes_through_a_plain_proxy() -> None:
    with listening(lambda server: forwarding(server, 0)) as proxy:
        environ = {"HTTP_PROXY": f"http://me:pw@127.0.0.1:{proxy.port}"}
        assert ask("http://api.example", environ=environ, allow_http=True).status == 200
        assert proxy.heard[0].startswith(b"GET http://api.example/v1/integrations HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic bWU6cHc=" in proxy.heard[0]


def test_an_encrypted_request_goes_through_a_tunnel_that_never_sees_the_key(bundle: Path) -> None:
    context = server_context(AUTHORITY.issue_cert("api.example"))
    with (
        listening(partial(over_tls, context=context)) as server,
        listening(lambda proxy: forwarding(proxy, server.port)) as proxy,
    ):
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        assert ask("https://api.example", environ=environ, ca_bundle=str(bundle)).status == 200
        assert proxy.heard[0].startswith(b"CONNECT api.example:443 HTTP/1.1\r\n")
        assert KEY.encode() not in b"".join(proxy.heard)
        assert KEY.encode() in b"".join(server.heard)
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        assert failure_of("https://else.example", environ=environ, ca_bundle=str(bundle)).kind == "certificate"


def test_an_encrypted_request_goes_through_a_socks_proxy(bundle: Path) -> None:
    context = server_context(AUTHORITY.issue_cert("api.example"))
    with (
        listening(partial(over_tls, context=context)) as server,
        listening(lambda proxy: socks(proxy, server.port)) as proxy,
    ):
        environ = {"ALL_PROXY": f"socks5h://127.0.0.1:{proxy.port}"}
        assert ask("https://api.example", environ=environ, ca_bundle=str(bundle)).status == 200
        assert b"api.example" in proxy.heard[0]


@pytest.mark.parametrize("reply", [b"", b"\x05", b"\x05\xff", b"\x04\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_socks_proxy_that_speaks_something_else_is_named(reply: bytes, bundle: Path) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(512)
        connection.sendall(reply)

    with listening(lambda _: talk) as proxy:
        environ = {"ALL_PROXY": f"socks5://127.0.0.1:{proxy.port}"}
        failure = failure_of("https://api.example", environ=environ, ca_bundle=str(bundle))
        assert f"127.0.0.1:{proxy.port}" in failure.message
    assert failure.kind in {"proxy", "connect"}
    assert not failure.sent


@pytest.mark.parametrize(
    ("answer", "lasting", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", True, "a name and a password"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", True, "403"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", False, "502"),
    ],
)
def test_a_proxy_that_refuses_is_named_and_nothing_was_sent(
    answer: bytes, lasting: bool, words: str, bundle: Path
) -> None:
    with listening(partial(answering, answer=answer)) as proxy:
        environ = {"HTTPS_PROXY": f"http://me:s3cretpw@127.0.0.1:{proxy.port}"}
        failure = failure_of("https://api.example", environ=environ, ca_bundle=str(bundle))
    assert (failure.kind, failure.sent, failure.lasting) == ("proxy", False, lasting)
    assert words in failure.message
    assert "HTTPS_PROXY" in (failure.hint or "")
    assert "s3cretpw" not in f"{failure.message}{failure.hint}"


def test_a_proxy_that_is_not_there_is_named(bundle: Path) -> None:
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        port = refusing.getsockname()[1]
        failure = failure_of("https://api.example", environ={"HTTPS_PROXY": f"127.0.0.1:{port}"}, ca_bundle=str(bundle))
    assert (failure.kind, failure.sent) == ("connect", False)
    assert f"through the proxy http://127.0.0.1:{port}" in failure.message


def test_a_socks_proxy_without_the_extra_is_an_error_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigError, match="ALL_PROXY") as caught:
        opened("https://api.example", environ={"ALL_PROXY": "socks5://127.0.0.1:9"})
    assert "integrations-cli[socks]" in (caught.value.hint or "")


# -- the sandbox ------------------------------------------------------------------------------------------------------


def test_the_sandbox_answers_the_same_requests(tmp_path: Path) -> None:
    transport = opened("http://sandbox.localhost", sandbox_path=tmp_path / "sandbox.db")
    api = Api(transport)
    created = create.run(api, create.prepare(IntegrationDraft(provider="mailgun", channel="email")))
    assert created.idempotency_echoed
    assert created.integration.id in [integration.id for integration in api.list()]
    assert transport.send(Request("GET", "/v1/nope"), 1.0).status == 404
    transport.close()


def test_a_sandbox_that_cannot_be_opened_is_an_error_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(ConfigError) as caught:
        opened("http://sandbox.localhost", sandbox_path=file)
    assert caught.value.exit_code == 3
