"""Proxies: which one is chosen, what it sees, and how it fails."""

from __future__ import annotations

import socket
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certificates import AUTHORITY, server_context, write_bundle
from integrations_cli.api.transport.interface import TransportFailure
from integrations_cli.api.transport.proxies import Proxy, proxy_for
from integrations_cli.errors import ConfigError
from integrations_cli.inputs.endpoint import parse_origin
from requesting import GET, KEY, ask, failure_of, opened
from tls_server import Listening, Talk, answering, forwarding, listening, over_tls, read_head, socks

if TYPE_CHECKING:
    import ssl


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path)


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
def test_environment_chooses_the_proxy(url: str, environ: dict[str, str], proxy: str | None) -> None:
    found = proxy_for(parse_origin(url, allow_http=True), environ)
    assert (found.url if found is not None else None) == proxy


@pytest.mark.parametrize("value", ["ftp://x", "http://", "http://x:y", "http://[::1", "http://ä.example"])
def test_invalid_proxy_is_refused_and_hidden(value: str) -> None:
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        proxy_for(parse_origin("https://api.novu.co", allow_http=False), {"HTTPS_PROXY": value})
    assert value not in caught.value.message


def test_proxy_password_is_hidden() -> None:
    found = proxy_for(
        parse_origin("https://a.b", allow_http=False), {"HTTPS_PROXY": "http://us%40er:p%3Ass@proxy.example"}
    )
    assert found == Proxy("http", "proxy.example", 80, "HTTPS_PROXY", (b"us@er", b"p:ss"))
    assert "ss" not in repr(found).replace("class", "")
    assert "us@er" not in repr(found)


def test_plain_request_goes_through_a_plain_proxy() -> None:
    with listening(lambda server: forwarding(server, 0)) as proxy:
        environ = {"HTTP_PROXY": f"http://me:pw@127.0.0.1:{proxy.port}"}
        assert ask("http://api.example", environ=environ, allow_http=True).status == 200
        assert proxy.heard[0].startswith(b"GET http://api.example/v1/integrations HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic bWU6cHc=" in proxy.heard[0]


def test_proxy_tunnel_never_sees_the_key(bundle: Path) -> None:
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


def in_tls(server: Listening, context: ssl.SSLContext, talk: Talk) -> Talk:
    """Talk inside an encrypted connection."""

    def encrypted(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            talk(inner)

    return encrypted


def test_encrypted_proxy_never_sees_the_key(bundle: Path) -> None:
    with (
        listening(partial(over_tls, context=server_context(AUTHORITY.issue_cert("api.example")))) as server,
        listening(
            lambda proxy: in_tls(
                proxy, server_context(AUTHORITY.issue_cert("127.0.0.1")), forwarding(proxy, server.port)
            )
        ) as proxy,
    ):
        environ = {"HTTPS_PROXY": f"https://127.0.0.1:{proxy.port}"}
        transport = opened("https://api.example", environ=environ, ca_bundle=str(bundle))
        assert [transport.send(GET, 10.0).status for _ in range(2)] == [200, 200]
        transport.close()
        assert KEY.encode() not in b"".join(proxy.heard)
        assert proxy.connections == 2  # surplus bytes are not seen inside two layers of TLS


def test_trickling_encrypted_proxy_ends_at_the_deadline(bundle: Path) -> None:
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.recv(65536)
        connection.sendall(b"\x16\x03\x03\x3f\xff")
        while not over.wait(0.02):
            connection.sendall(b"\x02")

    context = server_context(AUTHORITY.issue_cert("127.0.0.1"))
    with listening(lambda proxy: in_tls(proxy, context, trickle)) as proxy:
        environ = {"HTTPS_PROXY": f"https://127.0.0.1:{proxy.port}"}
        transport = opened("https://api.example", environ=environ, ca_bundle=str(bundle))
        watchdog = threading.Timer(10.0, over.set)
        watchdog.start()
        with pytest.raises(TransportFailure) as caught:
            transport.send(GET, 0.5)
        assert not over.is_set()
        watchdog.cancel()
        over.set()
        transport.close()
    assert (caught.value.kind, caught.value.sent) == ("timeout", False)


def test_encrypted_request_goes_through_a_socks_proxy(bundle: Path) -> None:
    context = server_context(AUTHORITY.issue_cert("api.example"))
    with (
        listening(partial(over_tls, context=context)) as server,
        listening(lambda proxy: socks(proxy, server.port)) as proxy,
    ):
        environ = {"ALL_PROXY": f"socks5h://127.0.0.1:{proxy.port}"}
        assert ask("https://api.example", environ=environ, ca_bundle=str(bundle)).status == 200
        assert b"api.example" in proxy.heard[0]


@pytest.mark.parametrize("reply", [b"", b"\x05", b"\x05\xff", b"\x04\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_reply_that_is_not_socks_names_the_proxy(reply: bytes, bundle: Path) -> None:
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
    ("response", "permanent", "words"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            True,
            "requires a user name",
        ),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", True, "403"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", False, "502"),
    ],
)
def test_proxy_refusal_is_named_and_not_sent(response: bytes, permanent: bool, words: str, bundle: Path) -> None:
    with listening(partial(answering, response=response)) as proxy:
        environ = {"HTTPS_PROXY": f"http://me:s3cretpw@127.0.0.1:{proxy.port}"}
        failure = failure_of("https://api.example", environ=environ, ca_bundle=str(bundle))
    assert (failure.kind, failure.sent, failure.permanent) == ("proxy", False, permanent)
    assert words in failure.message
    assert "HTTPS_PROXY" in (failure.hint or "")
    assert "s3cretpw" not in f"{failure.message}{failure.hint}"


def test_unreachable_proxy_is_named(bundle: Path) -> None:
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        port = refusing.getsockname()[1]
        failure = failure_of("https://api.example", environ={"HTTPS_PROXY": f"127.0.0.1:{port}"}, ca_bundle=str(bundle))
    assert (failure.kind, failure.sent) == ("connect", False)
    assert f"through the proxy http://127.0.0.1:{port}" in failure.message


def test_socks_without_the_extra_is_a_config_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigError, match="ALL_PROXY") as caught:
        opened("https://api.example", environ={"ALL_PROXY": "socks5://127.0.0.1:9"})
    assert "integrations-cli[socks]" in (caught.value.hint or "")
