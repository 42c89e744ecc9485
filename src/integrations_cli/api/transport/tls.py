"""Chooses the certificate authorities to trust: the system's, or those of a file or folder that the user names."""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

from integrations_cli.api.transport.interface import TransportFailure
from integrations_cli.errors import ConfigError

PRIVATE_CA_HINT = (
    "if a private authority signs it, name its certificate: ca_bundle in the profile, or the variable SSL_CERT_FILE"
)

_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "is signed by an authority that this machine does not know",
    20: "is signed by an authority that this machine does not know",
    21: "is signed by an authority that this machine does not know",
    23: "has been revoked",
    62: "is for another host name",
    64: "is for another address",
}
"""The meaning of OpenSSL's X509_V_ERR numbers (openssl/x509_vfy.h)."""


def ssl_context(ca_bundle: str | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return the context for an encrypted connection; host name and certificate are always verified.

    Raises:
        ConfigError: The file or folder that the user names cannot be read, or contains no certificates.
    """
    if ca_bundle is not None:
        return _load(ca_bundle, "ca_bundle")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(variable):
            return _load(environ[variable], variable)
    if sys.platform == "win32":
        return ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    # OpenSSL searches a hashed folder when it needs a certificate. It reads the whole bundle at once.
    if _is_hashed(Path(paths.openssl_capath)):
        return ssl.create_default_context(capath=paths.openssl_capath)
    if Path(paths.openssl_cafile).is_file():
        return ssl.create_default_context(cafile=paths.openssl_cafile)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _load(place: str, setting: str) -> ssl.SSLContext:
    """Return a context that trusts the file or folder `place`, which `setting` names, and nothing else."""
    try:
        path = Path(os.path.expanduser(place))  # noqa: PTH111  # Path.expanduser raises where there is no home
        if not path.is_dir():
            return ssl.create_default_context(cafile=str(path))
        if _is_hashed(path):
            return ssl.create_default_context(capath=str(path))
        return _load_files(path, place, setting)
    except ssl.SSLError:
        raise _no_certificates(place, setting) from None
    except OSError as error:
        raise ConfigError(f"{setting}: {place} cannot be read: {error.strerror}", hint="correct the path") from None
    except ValueError:
        raise ConfigError(f"{setting}: {place} is not the name of a file", hint="correct the path") from None


def _load_files(folder: Path, place: str, setting: str) -> ssl.SSLContext:
    """Return a context that trusts the certificates in all files of a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file in folder.iterdir():
        if file.is_file():
            with contextlib.suppress(ssl.SSLError):  # a key, a readme
                context.load_verify_locations(cafile=str(file))
    if not context.cert_store_stats()["x509_ca"]:
        raise _no_certificates(place, setting)
    return context


def _no_certificates(place: str, setting: str) -> ConfigError:
    return ConfigError(
        f"{setting}: {place} contains no certificates",
        hint="expected is PEM: a file that begins with -----BEGIN CERTIFICATE-----",
    )


def _is_hashed(folder: Path) -> bool:
    """Return whether a folder has a file that OpenSSL finds by its name, like 3fb36b73.0."""
    try:
        return any(len(entry.stem) == 8 and entry.suffix[1:].isdecimal() for entry in folder.iterdir())
    except OSError:
        return False


def certificate_failure(error: ssl.SSLCertVerificationError, host: str) -> TransportFailure:
    """Return the failure for a certificate of `host` that is not valid."""
    message = f"the certificate of {host} {_REASONS.get(error.verify_code, 'cannot be verified')}"
    hint = PRIVATE_CA_HINT
    if error.verify_code in {9, 10}:
        hint = "renew it on the server, or set this machine's clock"
    elif error.verify_code in {62, 64}:
        hint = "check the address: the certificate must name this host"
    return TransportFailure("certificate", message, sent=False, permanent=True, hint=hint)
