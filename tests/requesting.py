"""Sends single requests, and returns their response or failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fault_server import FaultServer
from integrations_cli.api.transport.interface import Request, Response, Transport, TransportFailure
from integrations_cli.api.transport.open import open_transport
from integrations_cli.models import Secret
from paced import PacedBackend

KEY = "sk-transp0rt-k3y"
GET = Request("GET", "/v1/integrations")


def opened(url: str, *, environ: Mapping[str, str] | None = None, **more: Any) -> Transport:
    return open_transport(base_url=url, api_key=Secret(KEY), environ=environ or {}, **more)


def ask(url: str, request: Request = GET, *, environ: Mapping[str, str] | None = None, **more: Any) -> Response:
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


def paced(server: FaultServer) -> Transport:
    """A transport to the server that fails by a script, on its clock."""
    return open_transport(
        base_url=server.url,
        api_key=Secret(server.api_key),
        environ={},
        backend=PacedBackend(server),
        now=server.clock.now,
    )
