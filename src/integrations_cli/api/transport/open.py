"""Opens the transport that the settings ask for: over a network, to the sandbox, or for shell completion."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from integrations_cli.api.transport.interface import Transport
from integrations_cli.inputs.endpoint import Origin, check_api_key, parse_origin
from integrations_cli.models import Secret

if TYPE_CHECKING:
    import ssl

    import httpcore

    from integrations_cli.api.transport.proxies import Proxy


def open_transport(
    *,
    base_url: str,
    api_key: Secret,
    environ: Mapping[str, str],
    ca_bundle: str | None = None,
    allow_http: bool = False,
    sandbox_path: Path | None = None,
    backend: httpcore.NetworkBackend | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Transport:
    """Open a transport to the server at `base_url`, or to the sandbox in the database at `sandbox_path`.

    `environ` names proxies and certificates (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, …). `backend` opens sockets,
    and `now` (seconds) is the clock: tests replace both.

    Raises:
        ConfigError: The address, the key, a proxy or a certificate file cannot be used.
    """
    if sandbox_path is not None:
        from integrations_cli.api.transport.sandbox import open_sandbox_transport

        return open_sandbox_transport(sandbox_path, base_url, now)
    check_api_key(api_key.reveal())
    origin = parse_origin(base_url, allow_http=allow_http)
    proxy, context = _route(origin, environ, ca_bundle)
    from integrations_cli.api.transport.http import HttpTransport

    return HttpTransport(origin, api_key, proxy=proxy, context=context, backend=backend, now=now)


def open_quick(
    *, base_url: str, api_key: Secret, environ: Mapping[str, str], ca_bundle: str | None, allow_http: bool
) -> Transport | None:
    """Open a transport for shell completion to the server at `base_url`; None if a proxy is needed.

    Raises:
        ConfigError: The address, the key, a proxy or a certificate file cannot be used.
    """
    check_api_key(api_key.reveal())
    origin = parse_origin(base_url, allow_http=allow_http)
    proxy, context = _route(origin, environ, ca_bundle)
    if proxy is not None:
        return None
    from integrations_cli.api.transport.quick import QuickTransport

    return QuickTransport(origin, api_key, context)


def _route(
    origin: Origin, environ: Mapping[str, str], ca_bundle: str | None
) -> tuple[Proxy | None, ssl.SSLContext | None]:
    """Return the proxy for this server, and how to encrypt, if anything is encrypted on the way."""
    proxy = None
    if any(name.lower().endswith("_proxy") for name in environ):
        from integrations_cli.api.transport.proxies import proxy_for

        proxy = proxy_for(origin, environ)
    if origin.scheme == "http" and (proxy is None or proxy.scheme != "https"):
        return proxy, None
    from integrations_cli.api.transport.tls import ssl_context

    return proxy, ssl_context(ca_bundle, environ)
