"""Opens the transport that the settings ask for: over the network, or to the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from integrations_cli.api.transport.base import USER_AGENT, Transport, check_key, parse_origin
from integrations_cli.models import Secret

if TYPE_CHECKING:
    import httpcore


def open_transport(
    *,
    base_url: str,
    api_key: Secret,
    environ: Mapping[str, str],
    ca_bundle: str | None = None,
    allow_http: bool = False,
    sandbox_path: Path | None = None,
    user_agent: str = USER_AGENT,
    backend: httpcore.NetworkBackend | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Transport:
    """A transport to the server at `base_url`, or to the sandbox in the database at `sandbox_path`.

    `environ` tells the proxies and certificates (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, …); `backend` opens the
    sockets and `now` (seconds) measures the time limits, so that a test can stand in for both.

    Raises:
        ConfigError: The address, the key, a proxy or a certificate file cannot be used.
    """
    if sandbox_path is not None:
        from integrations_cli.api.transport.sandbox import open_sandbox_transport

        return open_sandbox_transport(sandbox_path, base_url, user_agent, now)
    check_key(api_key)
    from integrations_cli.api.transport.http import open_http

    return open_http(
        origin=parse_origin(base_url, allow_http=allow_http),
        api_key=api_key,
        environ=environ,
        ca_bundle=ca_bundle,
        user_agent=user_agent,
        backend=backend,
        now=now,
    )
