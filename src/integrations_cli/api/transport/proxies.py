"""Which proxy, if any, stands between this machine and the server: the environment says it, and loopback has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from integrations_cli.api.transport.base import Origin, is_loopback
from integrations_cli.errors import ConfigError

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Proxy(NamedTuple):
    """A proxy and the name and password for it; `variable` is where it came from."""

    scheme: str
    host: str
    port: int
    variable: str
    auth: tuple[bytes, bytes] | None = None

    def __repr__(self) -> str:
        """Without name and password."""
        return f"Proxy({self.url!r})"

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS, and not HTTP."""
        return self.scheme.startswith("socks")

    @property
    def url(self) -> str:
        """Its address, without name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def proxy_for(origin: Origin, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for this server, by `HTTPS_PROXY` or `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.

    Raises:
        ConfigError: The variable holds something else than a proxy's address.
    """
    if is_loopback(origin.host):
        return None
    for variable in (f"{origin.scheme}_proxy", "all_proxy"):
        # The lower case first. In a CGI program HTTP_PROXY is a header that the visitor of a page has sent.
        names = [variable, variable.upper()]
        if variable == "http_proxy" and environ.get("REQUEST_METHOD"):
            names.pop()
        for name in names:
            value = environ.get(name, "").strip()
            if value:
                if _bypassed(origin, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
                    return None
                return _parse(value, name)
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
            f"{variable} does not hold the address of a proxy that can be used",
            hint="it looks like http://proxy.example.com:3128; http, https and socks5 are known",
        )
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return Proxy(scheme, host, port or _PORTS[scheme], variable, auth)


def _bypassed(origin: Origin, exceptions: str) -> bool:
    """Whether `NO_PROXY` names this server: `*`, a domain and all below it, an address, a network; each with a port."""
    return any(_matches(entry.strip().lower(), origin) for entry in exceptions.split(","))


def _matches(entry: str, origin: Origin) -> bool:
    if not entry:
        return False
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
