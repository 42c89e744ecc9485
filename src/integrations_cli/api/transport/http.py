"""Sends requests over a network with httpx, and gives every failure a kind and a message."""

from __future__ import annotations

import os
import ssl
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from functools import lru_cache, partial
from socket import gaierror
from typing import TYPE_CHECKING, Final

import h11
import httpcore
import httpx

from integrations_cli.api.transport.deadline import DeadlineBackend, Exchange, TooLargeError, limit_tunnels
from integrations_cli.api.transport.interface import (
    MAX_RESPONSE,
    Interrupted,
    Request,
    Response,
    TransportFailure,
    request_headers,
)
from integrations_cli.inputs.endpoint import Origin
from integrations_cli.models import Secret

if TYPE_CHECKING:
    from integrations_cli.api.transport.proxies import Proxy

CHECK_NETWORK: Final = "check the network, the API's address and that the server is up"
CHECK_ADDRESS: Final = "check that the API's address and port are right"

_parse_url: Final = lru_cache(maxsize=64)(httpx.URL)  # an apply sends thousands of requests to the same path

ERRORS: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError)


class HttpTransport:
    """Sends requests to one server over pooled connections; threads may share it."""

    def __init__(
        self,
        origin: Origin,
        api_key: Secret,
        *,
        proxy: Proxy | None,
        context: ssl.SSLContext | None,
        backend: httpcore.NetworkBackend | None,
        now: Callable[[], float],
    ) -> None:
        """Encrypt with `context`; `backend` opens the sockets, and `now` is the clock in seconds."""
        self.base_url = origin.url
        self._origin = origin
        self._api_key = api_key
        self._proxy = proxy
        self._now = now
        self._exchange = Exchange(now)
        proxy_context = context if proxy is not None and proxy.scheme == "https" else None
        if proxy_context is not None:
            limit_tunnels(proxy_context, self._exchange)
        pool = httpcore.ConnectionPool(
            context,
            httpcore.Proxy(proxy.url, proxy.auth, ssl_context=proxy_context) if proxy else None,
            max_connections=100,
            # Inside two layers of TLS a surplus byte cannot be seen.
            max_keepalive_connections=0 if proxy_context else None,
            keepalive_expiry=55.0,  # seconds; many servers close an idle connection after a minute
            network_backend=DeadlineBackend(backend or httpcore.SyncBackend(), self._exchange),
        )
        self._client = httpx.Client(transport=PoolTransport(pool, self._exchange), trust_env=False)

    def send(self, request: Request, timeout: float) -> Response:
        """Return the server's response; see `Transport`."""
        started = self._now()
        exchange = self._exchange
        exchange.begin(timeout)
        outgoing = httpx.Request(
            request.method,
            _parse_url(self.base_url + request.path),
            headers=request_headers(request, self._api_key),
            content=request.body,
            extensions={"timeout": {"pool": timeout}, "trace": exchange.trace},
        )
        try:
            response = self._client.send(outgoing)
        except KeyboardInterrupt:
            raise Interrupted(sent=exchange.sent) from None
        except ERRORS as error:
            if exchange.sent:
                raise self._response_failure(error, timeout) from None
            if exchange.connection is not None:
                exchange.connection.close()  # httpcore leaves one open that fails before it is ready
            raise self._connection_failure(error, timeout) from None
        headers = {
            name.decode("ascii", "replace").lower(): value.decode("utf-8", "replace")
            for name, value in response.extensions["headers"]
        }
        body = decompress(response.extensions["body"], headers.get("content-encoding", ""))
        return Response(response.status_code, headers, body or b"", self._now() - started, overlong=body is None)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _connection_failure(self, error: Exception, timeout: float) -> TransportFailure:
        """Return the failure for an error before the request was sent. The text of the error is not shown."""
        failure, where = partial(TransportFailure, sent=False), self._origin.authority
        via = f" (through the proxy {self._proxy.url})" if self._proxy is not None else ""
        cause = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            from integrations_cli.api.transport.tls import certificate_failure

            return certificate_failure(cause, where)
        if isinstance(error, httpcore.ProxyError) and self._proxy is not None:
            from integrations_cli.api.transport.proxies import proxy_failure

            return proxy_failure(self._proxy, str(error), where)
        if isinstance(error, httpcore.TimeoutException):
            return failure("timeout", f"no connection to {where} within {timeout:.3g} s{via}", hint=CHECK_NETWORK)
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or "the handshake failed").replace("_", " ").lower()  # like WRONG_VERSION_NUMBER
            message = f"no encrypted connection to {where}{via}: {reason}"
            return failure("tls", message, hint="check that the address is https and the port is right")
        if isinstance(cause, gaierror | UnicodeError):
            host = self._origin.host if self._proxy is None else self._proxy.host
            return failure("name", f"unknown host name: {host}", hint="check the address of the API and the network")
        reason = f": {os.strerror(cause.errno).lower()}" if isinstance(cause, OSError) and cause.errno else ""
        return failure("connect", f"no connection to {where}{via}{reason}", hint=CHECK_NETWORK)

    def _response_failure(self, error: Exception, timeout: float) -> TransportFailure:
        """Return the failure for an error after the request was sent."""
        failure, where = partial(TransportFailure, sent=True), self._origin.authority
        cause = error.args[0] if error.args else None
        if isinstance(error, httpcore.TimeoutException):
            hint = "allow more time with --timeout"
            return failure("timeout", f"no response from {where} within {timeout:.3g} s", timed_out=True, hint=hint)
        gave_up = isinstance(cause, h11.ProtocolError) and cause.error_status_hint == 431  # on a head without end
        if gave_up or isinstance(error, TooLargeError):
            return failure("protocol", f"the response headers from {where} are too large", hint=CHECK_ADDRESS)
        if isinstance(error, httpcore.ProtocolError) and not self._exchange.ended:
            return failure("protocol", f"the response from {where} is not valid HTTP", hint=CHECK_ADDRESS)
        if isinstance(error, httpcore.ProtocolError) and self._exchange.has_head:
            return failure("protocol", f"the response from {where} ends too early", hint=CHECK_NETWORK)
        return failure("disconnected", f"{where} closed the connection before it responded", hint=CHECK_NETWORK)


class PoolTransport(httpx.BaseTransport):
    """Lets an httpx client send through a connection pool with a network backend of ours.

    The transport of httpx takes no such backend, and loads certificates even for plain HTTP. The errors of the pool are
    raised as they are. Headers and body are extensions, so that httpx neither parses redirects nor keeps cookies.
    """

    def __init__(self, pool: httpcore.ConnectionPool, exchange: Exchange) -> None:
        self._pool = pool
        self._exchange = exchange

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response; its body is None if it is larger than `MAX_RESPONSE`."""
        url = request.url
        outgoing = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.content,
            extensions=request.extensions,
        )
        with closing(self._pool.handle_request(outgoing)) as response:
            self._exchange.has_head = True
            self._exchange.allowance += MAX_RESPONSE
            try:
                body: bytes | None = b"".join(response.iter_stream())
            except TooLargeError:
                body = None
        return httpx.Response(response.status, extensions={"headers": response.headers, "body": body})

    def close(self) -> None:
        """Close the connections of the pool."""
        self._pool.close()


def decompress(body: bytes | None, encoding: str) -> bytes | None:
    """Return the body without compression, which was not asked for, or as it is; None if it is too large."""
    if body and encoding.strip().lower() in {"gzip", "x-gzip", "deflate"}:
        with suppress(zlib.error):
            body = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(body, MAX_RESPONSE + 1)
    return body if body is None or len(body) <= MAX_RESPONSE else None
