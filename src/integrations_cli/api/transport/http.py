"""Requests over sockets: an httpx client whose connections keep to a deadline."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from socket import gaierror
from typing import TYPE_CHECKING, Final

import httpcore
import httpx

from integrations_cli.api.transport.base import (
    MAX_RESPONSE,
    Interrupted,
    Origin,
    Request,
    Response,
    TransportFailure,
    request_headers,
)
from integrations_cli.api.transport.deadline import DeadlineBackend, Dialler, Exchange, Overlong
from integrations_cli.errors import ConfigError
from integrations_cli.models import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations_cli.api.transport.proxies import Proxy

HEAD_ALLOWANCE: Final = 256 * 1024
"""Bytes that the head of an answer, and interim answers, may take on top of the body."""

MAX_CONNECTIONS: Final = 100

KEPT_FOR: Final = 55.0
"""Seconds that an idle connection is kept: less than the minute after which many servers close it."""

_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    OSError,
    Overlong,
)


class HttpTransport:
    """Sends requests to one server over pooled connections; threads may share it."""

    def __init__(
        self,
        origin: Origin,
        api_key: Secret,
        user_agent: str,
        client: httpx.Client,
        backend: DeadlineBackend,
        now: Callable[[], float],
        proxy: Proxy | None = None,
    ) -> None:
        self._origin = origin
        self._api_key = api_key
        self._user_agent = user_agent
        self._client = client
        self._backend = backend
        self._now = now
        self._proxy = proxy
        self._failures = _FAILURES + (_socks_failures() if proxy is not None and proxy.is_socks else ())

    @property
    def base_url(self) -> str:
        """Where the paths of the requests start, without a slash at the end."""
        return self._origin.url

    def send(self, request: Request, timeout: float) -> Response:
        """The server's answer, whatever its status; the whole exchange takes at most `timeout` seconds.

        Raises:
            TransportFailure: No whole answer came.
            Interrupted: Ctrl-C.
        """
        started = self._now()
        exchange = self._backend.begin(request.method, timeout, MAX_RESPONSE + HEAD_ALLOWANCE)
        outgoing = httpx.Request(
            request.method,
            self._origin.url + request.path,
            headers=request_headers(request, self._api_key, self._user_agent),
            content=request.body,
            extensions={"timeout": {"pool": timeout}},
        )
        try:
            response = self._client.send(outgoing, stream=True)
            with closing(response):
                names = {
                    name.decode("ascii", "replace").lower(): value.decode("utf-8", "replace")
                    for name, value in response.extensions["headers"]
                }
                body = _read(response.iter_raw())
        except KeyboardInterrupt:
            raise Interrupted(sent=exchange.sent) from None
        except self._failures as error:
            if exchange.sent and not isinstance(error, _FAILURES):
                raise
            if exchange.opened is not None and not exchange.sent:
                exchange.opened.close()  # the pool forgets a connection that fails while it is being made
            raise self._failure(error, exchange, timeout) from None
        if body and "content-encoding" in names:
            body = unpack(body, names["content-encoding"])
        return Response(response.status_code, names, body or b"", self._now() - started, overlong=body is None)

    def close(self) -> None:
        """Close the connections that are kept for further requests."""
        self._client.close()

    def _failure(self, error: BaseException, exchange: Exchange, timeout: float) -> TransportFailure:
        """What this exception means for the one who waits for the answer; none of its text goes on."""
        where = self._origin.authority
        sent = exchange.sent
        cause = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            from integrations_cli.api.transport.tls import describe_certificate_error

            message, hint = describe_certificate_error(cause, where)
            return TransportFailure("certificate", message, sent=sent, permanent=True, hint=hint)
        if isinstance(error, httpcore.ProxyError) or not isinstance(error, _FAILURES):
            return self._proxy_failure(str(error))
        via = f" (through the proxy {self._proxy.url})" if self._proxy is not None else ""
        if isinstance(error, httpcore.TimeoutException) or isinstance(cause, TimeoutError):
            if not sent:
                return TransportFailure(
                    "timeout", f"no connection to {where} within {timeout:.3g} s{via}", sent=False, hint=_NO_CONNECTION
                )
            return TransportFailure(
                "timeout", f"no answer from {where} within {timeout:.3g} s", sent=True, timed_out=True, hint=_SLOW
            )
        if isinstance(cause, ssl.SSLError) and not sent:
            return TransportFailure(
                "tls",
                f"no encrypted connection to {where}{via}: {_tls_reason(cause)}",
                sent=False,
                hint="check that the address is https and the port is right",
            )
        if not sent:
            if isinstance(cause, gaierror | UnicodeError):
                name = self._origin.host if self._proxy is None else self._proxy.host
                return TransportFailure(
                    "name",
                    f"the host name {name} is not known",
                    sent=False,
                    hint="check the address of the API and the network",
                )
            return TransportFailure(
                "connect", f"no connection to {where}{via}{_reason(cause)}", sent=False, hint=_NO_CONNECTION
            )
        if isinstance(error, httpcore.ProtocolError) and "disconnected" not in str(error):
            return TransportFailure(
                "protocol",
                f"what {where} answered is not HTTP, or was cut off",
                sent=True,
                hint="check that the API's address and port are right",
            )
        return TransportFailure(
            "disconnected", f"{where} closed the connection before it had answered", sent=True, hint=_NO_CONNECTION
        )

    def _proxy_failure(self, text: str) -> TransportFailure:
        assert self._proxy is not None
        status = text[:3]
        if status == "407":
            return TransportFailure(
                "proxy",
                f"the proxy {self._proxy.url} asks for a name and a password",
                sent=False,
                permanent=True,
                hint=f"put them into {self._proxy.variable}: http://NAME:PASSWORD@HOST:PORT",
            )
        answered = f" (it answered {status})" if status.isdecimal() else ""
        return TransportFailure(
            "proxy",
            f"the proxy {self._proxy.url} did not connect to {self._origin.authority}{answered}",
            sent=False,
            permanent=status.isdecimal() and status.startswith("4"),
            hint=f"check {self._proxy.variable}, or except the host with NO_PROXY",
        )


def _socks_failures() -> tuple[type[Exception], ...]:
    """What the SOCKS library and the pool raise when the proxy answers something else than the protocol has."""
    import socksio

    return (socksio.SOCKSError, AssertionError, ValueError, IndexError, KeyError)


_NO_CONNECTION = "check the network, the API's address and that the server is up"
_SLOW = "allow more time with --timeout"


def _read(chunks: Iterable[bytes]) -> bytes | None:
    """The body, or None if it is too large."""
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_RESPONSE:
                return None
            parts.append(chunk)
    except Overlong:
        return None
    return b"".join(parts)


def unpack(body: bytes, encoding: str) -> bytes | None:
    """The body of a server that packs it although it was asked not to; None if it would be too large.

    What cannot be unpacked stays as it is, and is no JSON then.
    """
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return body
    import zlib

    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(body, MAX_RESPONSE + 1)
    except zlib.error:
        return body
    return plain if len(plain) <= MAX_RESPONSE else None


def _reason(cause: BaseException) -> str:
    """The system's own word for why there is no connection; its texts hold neither data nor names."""
    if isinstance(cause, ConnectionRefusedError):
        return ": it was refused"
    if isinstance(cause, OSError) and cause.errno is not None:
        import os

        return f": {os.strerror(cause.errno).lower()}"
    return ""


def _tls_reason(cause: ssl.SSLError) -> str:
    """OpenSSL's own word for what failed: a constant like WRONG_VERSION_NUMBER."""
    return (cause.reason or "the handshake failed").replace("_", " ").lower()


def open_http(
    *,
    origin: Origin,
    api_key: Secret,
    environ: Mapping[str, str],
    ca_bundle: str | None,
    user_agent: str,
    backend: httpcore.NetworkBackend | None,
    now: Callable[[], float],
) -> HttpTransport:
    """A transport over sockets, through the proxy that the environment names.

    Raises:
        ConfigError: The proxy or the certificates cannot be used.
    """
    proxy: Proxy | None = None
    if any(name.lower().endswith("_proxy") for name in environ):
        from integrations_cli.api.transport.proxies import proxy_for

        proxy = proxy_for(origin, environ)
    over_tls = origin.scheme == "https" or (proxy is not None and proxy.scheme == "https")
    context: ssl.SSLContext | None = None
    if over_tls:
        from integrations_cli.api.transport import tls as trust

        context = trust.ssl_context(ca_bundle, environ)
    bounded = DeadlineBackend(backend or Dialler(now), now)
    client = httpx.Client(transport=PoolTransport(_pool(proxy, context, bounded)), trust_env=False)
    return HttpTransport(origin, api_key, user_agent, client, bounded, now, proxy)


class PoolTransport(httpx.BaseTransport):
    """Sends the client's requests through a connection pool of ours.

    httpx's own transport takes no network backend, and builds a TLS context where plain HTTP needs none. The exceptions
    of the pool are left as they are: `HttpTransport` gives each of them its meaning. The client is shown none of the
    answer's headers: it would read where it is sent to and which cookies to keep, and we follow and keep none.
    """

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to one request, its body still to be read."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, stream=PoolStream(response), extensions={"headers": response.headers})

    def close(self) -> None:
        """Close the connections of the pool."""
        self._pool.close()


class PoolStream(httpx.SyncByteStream):
    """The body of an answer as it arrives."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        """Give the connection back, or close it if there is more to read."""
        self._response.close()


def _pool(
    proxy: Proxy | None, context: ssl.SSLContext | None, backend: httpcore.NetworkBackend
) -> httpcore.ConnectionPool:
    if proxy is None:
        return httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEPT_FOR,
            network_backend=backend,
        )
    if proxy.is_socks:
        from importlib.util import find_spec

        if find_spec("socksio") is None:
            raise ConfigError(
                f"{proxy.variable} names a SOCKS proxy, which needs another package",
                hint="pip install 'integrations-cli[socks]', or except the host with NO_PROXY",
            )
        return httpcore.SOCKSProxy(
            proxy_url=f"socks5://{proxy.url.partition('://')[2]}",
            proxy_auth=proxy.auth,
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEPT_FOR,
            network_backend=backend,
        )
    return httpcore.HTTPProxy(
        proxy_url=proxy.url,
        proxy_auth=proxy.auth,
        ssl_context=context,
        proxy_ssl_context=context if proxy.scheme == "https" else None,
        max_connections=MAX_CONNECTIONS,
        keepalive_expiry=KEPT_FOR,
        network_backend=backend,
    )
