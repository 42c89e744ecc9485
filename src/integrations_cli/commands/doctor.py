"""`integrations doctor`: everything that can be wrong around a call, and what to do about it.

Nothing is created or changed: the key is tried by asking which environment it opens, and the idempotency keys by a
create that every server must refuse, because it names neither a provider nor a channel.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

import typer  # read at run time, out of the annotation

from integrations_cli import __version__, catalogue
from integrations_cli.api.client import ENVIRONMENT_PATH, Client, create_request
from integrations_cli.api.responses import decode, unreadable_error
from integrations_cli.api.retry import Clock, RetryPolicy, SystemClock, parse_http_date, system_random
from integrations_cli.api.transport.base import Request, Response, TransportFailure, is_loopback, parse_origin
from integrations_cli.commands.options import run_context
from integrations_cli.context import open_client
from integrations_cli.errors import AuthError, IntegrationsError, UnavailableError
from integrations_cli.settings.config_file import config_path
from integrations_cli.settings.profile import REGIONS
from integrations_cli.settings.resolve import Settings, require_api_key, sandbox_path
from integrations_cli.terminal.views import Row, Table, View

State = Literal["ok", "note", "warning", "error"]

SKEW: Final = 60.0
"""Seconds that two clocks may differ before it is worth a word."""

ONCE: Final = RetryPolicy(retries=0)
"""A look is one attempt: what comes and goes is to be seen, not smoothed over."""


class Finding(NamedTuple):
    """What one look found; `hint` says what to do, `exit_code` is that of the error it would be (0 for none)."""

    check: str
    state: State
    message: str
    hint: str | None = None
    exit_code: int = 0


class Around(NamedTuple):
    """What the looks need from outside; `regions` are the addresses among which a key can be mixed up."""

    environ: Mapping[str, str]
    clock: Clock
    random: Callable[[], float]
    regions: Collection[str] = tuple(REGIONS.values())


def around(environ: Mapping[str, str], clock: Clock | None, random: Callable[[], float] | None) -> Around:
    """The surroundings, with the system's own clock and randomness where none are given."""
    return Around(environ, clock or SystemClock(), random or system_random)


MARKS: Final = {"ok": "ok", "note": "note", "warning": "WARNING", "error": "ERROR"}


def doctor(context: typer.Context) -> View:
    """Look for what can be wrong around a call.

    Settings and where they come from, the permissions of files, the way to the server, its clock, the API key and what
    it opens, whether idempotency keys are honoured, the rate limit, the catalogue and the sandbox. Nothing is created
    or changed. The exit code is that of the first error.
    """
    run = run_context(context)
    findings = list(examine(run.resolve, around(run.environ, run.clock, run.random)))
    code = exit_code_of(findings)
    return Table(
        columns=("check", "", "what was found", "what to do"),
        groups=(tuple(_row(finding) for finding in findings),),
        json={"exit_code": code, "findings": [finding._asdict() for finding in findings]},
        exit_code=code,
    )


def _row(finding: Finding) -> Row:
    cells = (finding.check, MARKS[finding.state], finding.message, finding.hint or "")
    return Row(cells, strong=finding.state in {"warning", "error"}, dim=finding.state == "note")


def examine(settings_of: Callable[[], Settings], there: Around) -> Iterator[Finding]:
    """All looks, in the order in which a call needs what they look at; `settings_of` resolves the settings."""
    yield Finding("program", "ok", f"integrations {__version__} on Python {sys.version.split()[0]} ({sys.platform})")
    yield _catalogue()
    try:
        settings = settings_of()
    except IntegrationsError as error:
        yield _failed("settings", error)
        return
    here = [*_settings(settings, there.environ), *_sandbox(settings, there.environ), *_way(settings, there.environ)]
    yield from here
    if exit_code_of(here):
        return
    try:
        with open_client(settings, there.environ, policy=ONCE, clock=there.clock, random=there.random) as api:
            yield from _server(api, settings, there)
    except IntegrationsError as error:
        yield _failed("connection", error)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """The exit code of the first error: what comes after it often follows from it."""
    return next((finding.exit_code for finding in findings if finding.state == "error"), 0)


def _failed(check: str, error: IntegrationsError) -> Finding:
    return Finding(check, "error", error.message, error.hint, error.exit_code)


def _catalogue() -> Finding:
    source = catalogue.source()
    count = len(catalogue.provider_ids())
    return Finding("catalogue", "ok", f"{count} providers, from {source['package']} {source['version']}")


# What is on this machine


def _settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    path = config_path(environ)
    if os.path.exists(path):  # noqa: PTH110  # Path.exists raises where it may not look
        yield Finding("settings file", "ok", f"{path}{_closed(path)}")
    else:
        yield Finding("settings file", "note", f"{path}: none yet", "integrations profiles add NAME makes it")
    for warning in settings.warnings:
        yield Finding("settings file", "warning", *_halves(warning))
    origin = settings.origins
    yield Finding("profile", "ok", f"{settings.profile or 'none'} ({origin['profile']})")
    yield Finding("address", "ok", f"{settings.api_url} ({origin['api_url']})")
    yield Finding("time limit", "ok", f"{settings.timeout:g} s ({origin['timeout']})")
    try:
        if not settings.sandbox:
            require_api_key(settings)
        yield Finding("API key", "ok", f"found ({origin['api_key']})")
    except IntegrationsError as error:
        yield _failed("API key", error)


def _closed(path: Path) -> str:
    return ": only you can read it" if os.name == "posix" and not path.stat().st_mode & 0o077 else ""


def _halves(warning: str) -> tuple[str, str | None]:
    """A warning, and the advice that follows it after a semicolon."""
    what, _, advice = warning.partition("; ")
    return what, advice or None


def _sandbox(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the sandbox's database is sound; it is not made for the sake of looking at it."""
    from integrations_cli.sandbox.open import StoreError, open_sandbox

    path = settings.sandbox_path or sandbox_path(environ)
    try:
        if not os.path.exists(path):  # noqa: PTH110  # as above
            yield Finding("sandbox", "note", f"{path}: none yet", "it is made when it is first used")
            return
        with open_sandbox(path) as sandbox:
            yield Finding("sandbox", "ok", f"{path}: {', '.join(sandbox.api_keys)}")
    except (StoreError, OSError) as error:
        message = error.message if isinstance(error, StoreError) else f"{path} cannot be read"
        hint = error.hint if isinstance(error, StoreError) else None
        # Broken as it is, it stands in the way only of those who use it.
        yield Finding(
            "sandbox", "error" if settings.sandbox else "warning", message, hint, 3 if settings.sandbox else 0
        )


def _way(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """What lies between this machine and the server: encryption and proxies."""
    if settings.sandbox:
        return
    try:
        origin = parse_origin(settings.api_url, allow_http=True)
    except IntegrationsError as error:
        yield _failed("address", error)
        return
    if origin.scheme == "https":
        named = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)), None)
        by = f"{environ[named]} ({named})" if named else "the certificates of this system"
        by = f"{settings.ca_bundle} (ca_bundle)" if settings.ca_bundle else by
        yield Finding("encryption", "ok", f"certificates are verified with {by}")
    elif is_loopback(origin.host):
        yield Finding("encryption", "ok", "none, and none is needed on this machine")
    else:
        yield Finding(
            "encryption",
            "warning",
            f"none: the key crosses the network to {origin.authority} readable by all",
            "use an https address, unless the network is yours alone",
        )
    from integrations_cli.api.transport.proxies import proxy_for

    try:
        proxy = proxy_for(origin, environ)
    except IntegrationsError as error:
        yield _failed("proxy", error)
        return
    yield Finding("proxy", "ok", f"{proxy.url} ({proxy.variable})" if proxy else "none")


# What the server says


def _server(api: Client, settings: Settings, there: Around) -> Iterator[Finding]:
    response = api.attempt(Request("GET", ENVIRONMENT_PATH), settings.timeout)
    if isinstance(response, TransportFailure):
        yield Finding("connection", "error", response.message, response.hint, UnavailableError.exit_code)
        return
    if not settings.sandbox:
        yield Finding("connection", "ok", f"answered {response.status} in {response.elapsed * 1000:.0f} ms")
        yield from _clock(response, there.clock)
    key = _key(api, response, settings, there)
    yield key
    if key.state == "error":
        return
    try:
        yield _used(api)
    except IntegrationsError as error:
        yield _failed("integrations", error)
        return
    name = "doctor-" + "".join(f"{int(there.random() * 16):x}" for _ in range(32))
    tried = api.attempt(create_request(b"{}", name), settings.timeout)
    yield _idempotency(api, tried, name)
    yield _rate_limit(response if isinstance(tried, TransportFailure) else tried)


def _clock(response: Response, clock: Clock) -> Iterator[Finding]:
    theirs = parse_http_date(response.headers.get("date", ""))
    if theirs is None:
        yield Finding("clock", "note", "the server does not tell the time")
        return
    ahead = clock.wall() - theirs
    if abs(ahead) <= SKEW:
        yield Finding("clock", "ok", "agrees with the server's")
        return
    yield Finding(
        "clock",
        "warning",
        f"this machine's is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's",
        "set it by the network's time: certificates and waiting times are judged by it",
    )


def _key(api: Client, response: Response, settings: Settings, there: Around) -> Finding:
    """Whether the server takes the key, and which environment it opens."""
    if response.status in {401, 403}:
        return _misplaced(settings, there) or _failed("API key", api.error(response))
    if response.status == 404:
        return Finding("API key", "note", "this server does not tell which environment a key opens")
    if response.status != 200:
        return _failed("API key", api.error(response))
    try:
        value = decode(response)
    except IntegrationsError as error:
        return _failed("API key", error)
    if not isinstance(value, dict) or not isinstance(value.get("_id"), str):
        return _failed("API key", unreadable_error(response, "an environment"))
    return Finding("API key", "ok", f"accepted: it opens {value.get('name', 'an environment')} ({value['_id']})")


def _misplaced(settings: Settings, there: Around) -> Finding | None:
    """The finding that a refused key belongs to the other region, if it does; other servers are never asked."""
    if settings.api_url not in there.regions:
        return None
    for other in there.regions:
        if other == settings.api_url:
            continue
        elsewhere = settings._replace(api_url=other)
        with open_client(elsewhere, there.environ, policy=ONCE, clock=there.clock, random=there.random) as api:
            response = api.attempt(Request("GET", ENVIRONMENT_PATH), settings.timeout)
        if isinstance(response, Response) and response.status == 200:
            return Finding(
                "API key",
                "error",
                f"refused by {settings.api_url}, and accepted by {other}: it is a key of the other region",
                f"use it there: --api-url {other}, NOVU_API_URL, or the region of the profile",
                AuthError.exit_code,
            )
    return None


def _used(api: Client) -> Finding:
    found = api.list()
    known = set(catalogue.provider_ids())
    unknown = sorted({one.provider for one in found if one.provider not in known})
    if unknown:
        return Finding(
            "integrations",
            "warning",
            f"{len(found)}; the catalogue does not know {', '.join(unknown)}",
            "a newer version may; until then --skip-validation creates more of them",
        )
    return Finding("integrations", "ok", f"{len(found)} in this environment")


def _idempotency(api: Client, response: Response | TransportFailure, key: str) -> Finding:
    """What a create that names nothing says about the idempotency key that it carried."""
    if isinstance(response, TransportFailure):
        return Finding("exactly once", "error", response.message, response.hint, UnavailableError.exit_code)
    if 200 <= response.status < 300:
        return Finding(
            "exactly once",
            "error",
            "the server took a create that names neither a provider nor a channel",
            "this is no server of this API as documented; integrations list shows what it has made of it",
            IntegrationsError.exit_code,
        )
    if response.status not in {400, 422}:
        return Finding("exactly once", "note", f"could not be told: {api.error(response).message}")
    if response.headers.get("idempotency-key") == key:
        return Finding("exactly once", "ok", "the server honours idempotency keys")
    return Finding(
        "exactly once",
        "note",
        "the server does not honour idempotency keys",
        "create still makes one or none: after a lost answer it looks the identifier up",
    )


def _rate_limit(response: Response) -> Finding:
    limit, left = (response.headers.get(f"ratelimit-{name}") for name in ("limit", "remaining"))
    if limit is None:
        return Finding("rate limit", "note", "the server names none")
    if left == "0":
        return Finding("rate limit", "warning", f"none of {limit} requests is left", "others use this key too: wait")
    window = next(
        (part[2:] for part in response.headers.get("ratelimit-policy", "").split(";") if part[:2] == "w="), None
    )
    often = f"{limit} requests in {window} s" if window else f"{limit} requests"
    return Finding("rate limit", "ok", f"{often}, {left} left" if left is not None else often)
