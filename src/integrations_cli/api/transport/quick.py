"""Requests for a question that must be answered at once, by the standard library's own client.

Importing httpx takes longer than anybody wants to wait for a TAB. This client does less: it knows no proxies and bounds
each wait for bytes, not the whole exchange. So it asks and never changes anything.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from integrations_cli.api.transport.base import (
    MAX_RESPONSE,
    Origin,
    Request,
    Response,
    TransportFailure,
    check_key,
    parse_origin,
    request_headers,
)
from integrations_cli.models import Secret

if TYPE_CHECKING:
    import ssl


class QuickTransport:
    """Sends GET requests to one server over one connection; not for threads to share."""

    def __init__(self, origin: Origin, api_key: Secret, context: ssl.SSLContext | None) -> None:
        """Speak to `origin`, encrypted if there is a `context`."""
        self._origin = origin
        self._api_key = api_key
        self._connection = (
            http.client.HTTPConnection(origin.host, origin.port)
            if context is None
            else http.client.HTTPSConnection(origin.host, origin.port, context=context)
        )

    @property
    def base_url(self) -> str:
        """Where the paths of the requests start, without a slash at the end."""
        return self._origin.url

    def send(self, request: Request, timeout: float) -> Response:
        """The server's answer, whatever its status; each wait for bytes takes at most `timeout` seconds.

        Raises:
            TransportFailure: No whole answer came.
        """
        assert request.method == "GET"
        started = time.monotonic()
        self._connection.timeout = timeout
        try:
            self._connection.request("GET", self._origin.prefix + request.path, headers=self._headers(request))
            response = self._connection.getresponse()
            body = response.read(MAX_RESPONSE + 1)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise TransportFailure("disconnected", f"no answer from {self._origin.authority}", sent=True) from None
        headers = {name.lower(): value for name, value in response.getheaders()}
        overlong = len(body) > MAX_RESPONSE
        return Response(response.status, headers, b"" if overlong else body, time.monotonic() - started, overlong)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _headers(self, request: Request) -> dict[str, str]:
        return request_headers(request, self._api_key)


def open_quick(
    *, base_url: str, api_key: Secret, environ: Mapping[str, str], ca_bundle: str | None, allow_http: bool
) -> QuickTransport | None:
    """A transport to the server at `base_url`, or None where a proxy stands between.

    Raises:
        ConfigError: The address, the key or a certificate file cannot be used.
    """
    check_key(api_key)
    origin = parse_origin(base_url, allow_http=allow_http)
    if any(name.lower().endswith("_proxy") for name in environ):
        from integrations_cli.api.transport.proxies import proxy_for

        if proxy_for(origin, environ) is not None:
            return None
    context: ssl.SSLContext | None = None
    if origin.scheme == "https":
        from integrations_cli.api.transport import tls as trust

        context = trust.ssl_context(ca_bundle, environ)
    return QuickTransport(origin, api_key, context)
