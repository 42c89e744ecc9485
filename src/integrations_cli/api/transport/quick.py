"""Sends GET requests with http.client, for shell completion: importing httpx takes longer than a TAB may take.

It knows no proxies, and its time limit is for each wait for bytes, not for the whole exchange.
"""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING

from integrations_cli.api.transport.interface import MAX_RESPONSE, Request, Response, TransportFailure, request_headers
from integrations_cli.inputs.endpoint import Origin
from integrations_cli.models import Secret

if TYPE_CHECKING:
    import ssl


class QuickTransport:
    """Sends GET requests to one server over one connection; threads must not share it."""

    def __init__(self, origin: Origin, api_key: Secret, context: ssl.SSLContext | None) -> None:
        """Encrypt if there is a `context`."""
        self.base_url = origin.url
        self._origin = origin
        self._api_key = api_key
        self._connection = http.client.HTTPConnection(origin.host, origin.port)
        if context is not None:
            self._connection = http.client.HTTPSConnection(origin.host, origin.port, context=context)

    def send(self, request: Request, timeout: float) -> Response:
        """Return the server's response; see `Transport`."""
        assert request.method == "GET"
        started = time.monotonic()
        self._connection.timeout = timeout
        try:
            headers = request_headers(request, self._api_key)
            self._connection.request("GET", self._origin.prefix + request.path, headers=headers)
            response = self._connection.getresponse()
            body = response.read(MAX_RESPONSE + 1)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise TransportFailure("disconnected", f"no response from {self._origin.authority}", sent=True) from None
        received = {name.lower(): value for name, value in response.getheaders()}
        overlong = len(body) > MAX_RESPONSE
        return Response(response.status, received, b"" if overlong else body, time.monotonic() - started, overlong)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
