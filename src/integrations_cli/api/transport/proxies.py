"""Chooses the proxy for a server: the one that the environment names, and none for loopback."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from integrations_cli.api.transport.interface import TransportFailure
from integrations_cli.errors import ConfigError
from integrations_cli.inputs.endpoint import Origin

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Proxy(NamedTuple):
    """A proxy with its user name and password; `variable` is the environment variable that names it."""

    scheme: str
    host: str
    port: int
    variable: str
    auth: tuple[bytes, bytes] | None = None

    def __repr__(self) -> str:
        """Return a text without user name and password."""
        return f"Proxy({self.url!r})"

    @property
    def url(self) -> str:
        """The URL without user name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def proxy_for(origin: Origin, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for this server by `HTTPS_PROXY` or `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.

    Raises:
        ConfigError: The variable contains no URL of a proxy, or a SOCKS proxy needs a package that is not installed.
    """
    if origin.is_loopback:
        return None
    for variable in (f"{origin.scheme}_proxy", "all_proxy"):
        # Lower case wins. In a CGI program HTTP_PROXY is a request header named Proxy.
        names = [variable, variable.upper()]
        if variable == "http_proxy" and environ.get("REQUEST_METHOD"):
            names.pop()
        for name in names:
            value = environ.get(name, "").strip()
            if value:
                exceptions = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
                bypassed = any(_matches(entry.strip().lower(), origin) for entry in exceptions.split(","))
                return None if bypassed else _parse(value, name)
    return None


def _parse(value: str, variable: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port
        host.encode("ascii")
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    scheme = "socks5h" if parts.scheme == "socks" else parts.scheme
    if scheme not in _PORTS or not host:
        raise ConfigError(
            f"{variable} does not contain the URL of a supported proxy",
            hint="example: http://proxy.example.com:3128; supported are http, https and socks5",
        )
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigError(
            f"{variable} names a SOCKS proxy, which needs another package",
            hint="pip install 'integrations-cli[socks]', or exclude the host with NO_PROXY",
        )
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return Proxy(scheme, host, port or _PORTS[scheme], variable, auth)


def _matches(entry: str, origin: Origin) -> bool:
    """Return whether this server is `*`, a domain or one below it, an address (each may have a port) or a network."""
    if entry == "*":
        return True
    if "/" in entry:
        import ipaddress

        try:
            return ipaddress.ip_address(origin.host) in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, port = entry.rpartition(":")
    if colon and port.isdecimal() and (":" not in name or name.endswith("]")):
        if int(port) != origin.port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").lstrip(".").rstrip(".")
    host = origin.host.lower().rstrip(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def proxy_failure(proxy: Proxy, reply: str, host: str) -> TransportFailure:
    """Return the failure for a proxy that does not connect to `host`; `reply` begins with its status, if it has one."""
    status = reply[:3] if reply[:3].isdecimal() else ""
    if status == "407":
        message = f"the proxy {proxy.url} requires a user name and a password"
        hint = f"add them to {proxy.variable}: http://NAME:PASSWORD@HOST:PORT"
    else:
        message = f"the proxy {proxy.url} did not connect to {host}{status and f' (status {status})'}"
        hint = f"check {proxy.variable}, or exclude the host with NO_PROXY"
    return TransportFailure("proxy", message, sent=False, permanent=status.startswith("4"), hint=hint)
