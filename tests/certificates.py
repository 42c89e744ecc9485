"""Certificates made for the tests: an authority of one's own, a stranger's, and what they sign."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import trustme

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


def write_bundle(folder: Path) -> Path:
    """The file that names the private authority."""
    file = folder / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return file
