"""Whose certificates are believed: the system's, or those of a file or folder that the user names. Always checked."""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

from integrations_cli.errors import ConfigError

PRIVATE_CA_HINT = (
    "if a private authority signs it, name its certificate: ca_bundle in the profile, or the variable SSL_CERT_FILE"
)

_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "ends in an authority that this machine does not know",
    20: "is signed by an authority that this machine does not know",
    21: "is signed by an authority that this machine does not know",
    23: "has been revoked",
    62: "is for another host name",
    64: "is for another address",
}
"""What OpenSSL's X509_V_ERR numbers mean."""


def ssl_context(ca_bundle: str | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    """The settings for an encrypted connection: host name and certificate are verified, whatever happens.

    Raises:
        ConfigError: A file or folder that was named cannot be read, or holds no certificates.
    """
    if ca_bundle is not None:
        return _named(ca_bundle, "ca_bundle")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(variable):
            return _named(environ[variable], variable)
    if sys.platform == "win32":
        return ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    # A folder with names made of hashes is searched when a certificate comes; a bundle would be read as a whole, now.
    if _is_hashed(paths.openssl_capath):
        return ssl.create_default_context(capath=paths.openssl_capath)
    if Path(paths.openssl_cafile).is_file():
        return ssl.create_default_context(cafile=paths.openssl_cafile)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _named(place: str, by: str) -> ssl.SSLContext:
    """Trust in the file or folder that the user names, and in nothing else."""
    try:
        path = Path(os.path.expanduser(place))  # noqa: PTH111  # Path.expanduser raises where there is no home
        if not path.is_dir():
            return ssl.create_default_context(cafile=str(path))
        if _is_hashed(str(path)):
            return ssl.create_default_context(capath=str(path))
        return _of_all_files(path, place, by)
    except ssl.SSLError:
        raise _without_certificates(place, by) from None
    except OSError as error:
        raise ConfigError(f"{by}: {place} cannot be read: {error.strerror}", hint="correct the path") from None
    except ValueError:
        raise ConfigError(f"{by}: {place} is not the name of a file", hint="correct the path") from None


def _of_all_files(folder: Path, place: str, by: str) -> ssl.SSLContext:
    """Trust in the certificates of a folder whose files have ordinary names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file in folder.iterdir():
        if file.is_file():
            with contextlib.suppress(ssl.SSLError):  # a key, a readme
                context.load_verify_locations(cafile=str(file))
    if not context.cert_store_stats()["x509_ca"]:
        raise _without_certificates(place, by)
    return context


def _without_certificates(place: str, by: str) -> ConfigError:
    return ConfigError(
        f"{by}: {place} holds no certificates", hint="PEM is expected: a file that begins -----BEGIN CERTIFICATE-----"
    )


def _is_hashed(folder: str) -> bool:
    path = Path(folder)
    try:
        return any(len(entry.stem) == 8 and entry.suffix[1:].isdecimal() for entry in path.iterdir())
    except OSError:
        return False


def describe_certificate_error(error: ssl.SSLCertVerificationError, host: str) -> tuple[str, str]:
    """What is wrong with the certificate that `host` showed, in one line, and what to do about it."""
    reason = _REASONS.get(error.verify_code, "cannot be verified")
    message = f"the certificate of {host} {reason}"
    if error.verify_code in {9, 10}:
        return message, "renew it on the server, or set this machine's clock"
    if error.verify_code in {62, 64}:
        return message, "check the address; the certificate must name the host that is called"
    return message, PRIVATE_CA_HINT
