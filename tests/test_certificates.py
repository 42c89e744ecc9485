"""Certificates are always verified, and a message says what is wrong with one."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import certifi
import pytest

from certificates import AUTHORITY, NOW, STRANGER, self_signed, server_context, write_bundle
from conftest import Figures
from fault_server import FakeClock
from integrations_cli.api.client import Client
from integrations_cli.api.retry import AttemptReport
from integrations_cli.api.transport.interface import TransportFailure
from integrations_cli.create import exactly_once as create
from integrations_cli.errors import ConfigError, UnavailableError
from integrations_cli.models import Draft
from requesting import GET, ask, failure_of, opened
from scripted_server import Reply, Scripted, scripted
from tls_server import listening, over_tls


@pytest.fixture
def plain() -> Iterator[Scripted]:
    with scripted(Reply(200, {"data": []})) as server:
        yield server


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path)


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


def test_bad_certificates_are_refused_before_sending(tmp_path: Path, bundle: Path, figures: Figures) -> None:
    rows: list[tuple[object, ...]] = [("certificate", "said", "requests received")]
    for name, (context, words, hint) in cases(tmp_path).items():
        with listening(partial(over_tls, context=context)) as server:
            url = f"https://127.0.0.1:{server.port}"
            failure = failure_of(url, ca_bundle=str(bundle))
            assert (failure.kind, failure.sent, failure.permanent) == ("certificate", False, True), name
            assert words in failure.message, name
            assert f"127.0.0.1:{server.port}" in failure.message
            assert hint in (failure.hint or ""), name
            assert server.heard == []
            rows.append((name, failure.message.replace(f":{server.port}", ""), len(server.heard)))
    figures(f"TLS cases refused: {len(rows) - 1}", rows)


def test_bad_certificate_is_not_retried(tmp_path: Path) -> None:
    reports: list[AttemptReport] = []
    with listening(partial(over_tls, context=self_signed(tmp_path))) as server:
        transport = opened(f"https://127.0.0.1:{server.port}")
        api = Client(transport, clock=FakeClock(), observe=reports.append)
        with pytest.raises(UnavailableError, match="nothing was created") as caught:
            create.create_exactly_once(api, create.prepare_create(Draft(provider="mailgun", channel="email")))
        transport.close()
    assert len(reports) == 1
    assert "ca_bundle" in (caught.value.hint or "")


def test_named_private_authority_is_trusted(tmp_path: Path, bundle: Path) -> None:
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


def test_invalid_bundle_is_a_config_error(tmp_path: Path) -> None:
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


def test_system_authorities_can_be_loaded() -> None:
    opened("https://api.novu.co").close()


@pytest.mark.skipif(sys.platform == "win32", reason="there Windows itself says whom to trust")
def test_system_authorities_are_found_in_order(tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary, hashed, missing = tmp_path / "ordinary", tmp_path / "hashed", tmp_path / "missing"
    ordinary.mkdir()
    hashed.mkdir()
    AUTHORITY.cert_pem.write_to_path(str(ordinary / "our-ca.pem"))
    AUTHORITY.cert_pem.write_to_path(str(hashed / f"{subject_hash(bundle)}.0"))
    stranger = tmp_path / "stranger.pem"
    STRANGER.cert_pem.write_to_path(str(stranger))
    context = server_context(AUTHORITY.issue_cert("127.0.0.1"))
    with listening(partial(over_tls, context=context)) as server:

        def believed(file: Path, folder: Path, certifi_s: Path) -> bool:
            """Whether the server is believed on a machine whose OpenSSL has these places."""
            places = (str(file), str(folder))
            system = ssl.DefaultVerifyPaths(*places, "SSL_CERT_FILE", places[0], "SSL_CERT_DIR", places[1])
            monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: system)
            monkeypatch.setattr(certifi, "where", lambda: str(certifi_s))
            try:
                return ask(f"https://127.0.0.1:{server.port}").status == 200
            except TransportFailure as failure:
                assert failure.kind == "certificate"  # noqa: PT017  # the outcome of one of many
                return False

        if subject_hash(bundle):
            assert believed(stranger, hashed, stranger)
        for folder in (ordinary, missing):
            assert believed(bundle, folder, stranger)
            assert not believed(stranger, folder, bundle)
            assert believed(missing, folder, bundle)
            assert not believed(missing, folder, stranger)


def test_https_to_a_plain_server_is_named(plain: Scripted, bundle: Path) -> None:
    failure = failure_of(plain.url.replace("http:", "https:"), ca_bundle=str(bundle))
    assert (failure.kind, failure.sent) == ("tls", False)


def test_http_to_a_tls_server_is_named(tmp_path: Path) -> None:
    with listening(partial(over_tls, context=self_signed(tmp_path))) as server:
        assert failure_of(f"http://127.0.0.1:{server.port}").kind in {"protocol", "disconnected"}
        assert server.heard == []
