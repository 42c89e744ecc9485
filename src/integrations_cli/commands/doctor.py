"""`integrations doctor`: check everything that a call depends on, and say how to fix it.

Nothing is created or changed. The key is checked by reading its environment, and idempotency keys by a create that
every server must refuse, because it names neither a provider nor a channel.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

import typer  # Typer evaluates the annotation at run time

from integrations_cli import __version__, catalogue
from integrations_cli.api.client import ENVIRONMENT_PATH, Client, create_request
from integrations_cli.api.responses import decode, unreadable_error
from integrations_cli.api.retry import Clock, RetryPolicy, SystemClock, parse_http_date, system_random
from integrations_cli.api.transport.interface import Request, Response, TransportFailure
from integrations_cli.commands.options import run_context
from integrations_cli.context import open_client
from integrations_cli.errors import AuthError, ConfigError, IntegrationsError, UnavailableError
from integrations_cli.inputs.endpoint import parse_origin
from integrations_cli.settings.config_file import config_path
from integrations_cli.settings.profile import REGIONS
from integrations_cli.settings.resolve import Settings, require_api_key, sandbox_path
from integrations_cli.terminal.views import Row, Table, View

State = Literal["ok", "note", "warning", "error"]

MAX_CLOCK_DIFFERENCE: Final = 60.0
"""Seconds."""

ONE_ATTEMPT: Final = RetryPolicy(retries=0)
"""Retries would hide intermittent failures."""


class Finding(NamedTuple):
    """The result of one check; `exit_code` is that of the error, else 0."""

    check: str
    state: State
    message: str
    hint: str | None = None
    exit_code: int = 0


class System(NamedTuple):
    """The parts of the process that the checks use; `regions` are the addresses that a key can be mixed up between."""

    environ: Mapping[str, str]
    clock: Clock
    random: Callable[[], float]
    regions: Collection[str] = tuple(REGIONS.values())


def doctor(context: typer.Context) -> View:
    """Diagnose configuration and connectivity.

    Checks the settings and their origins, file permissions, encryption, proxies, the clock, the API key and its
    environment, idempotency keys, the rate limit, the catalogue and the sandbox. Nothing is created or changed. The
    exit code is that of the first error.
    """
    run = run_context(context)
    system = System(run.environ, run.clock or SystemClock(), run.random or system_random)
    redact = run.render.redactor.clean  # a message may quote the server
    findings = [
        finding._replace(message=redact(finding.message), hint=redact(finding.hint or "") or None)
        for finding in diagnose(run.resolve, system)
    ]
    code = exit_code_of(findings)
    return Table(
        columns=("check", "", "finding", "what to do"),
        groups=(tuple(_row(finding) for finding in findings),),
        json={"exit_code": code, "findings": [finding._asdict() for finding in findings]},
        exit_code=code,
    )


def _row(finding: Finding) -> Row:
    strong = finding.state in {"warning", "error"}
    state = finding.state.upper() if strong else finding.state
    return Row((finding.check, state, finding.message, finding.hint or ""), strong=strong, dim=state == "note")


def diagnose(resolve: Callable[[], Settings], system: System) -> Iterator[Finding]:
    """Run all checks, in the order in which a call needs what they check."""
    yield Finding("program", "ok", f"integrations {__version__} on Python {sys.version.split()[0]} ({sys.platform})")
    yield _check_catalogue()
    try:
        settings = resolve()
    except IntegrationsError as error:
        yield _error("settings", error)
        return
    local = [
        *_check_settings(settings, system.environ),
        _check_sandbox(settings, system.environ),
        *_check_network(settings, system.environ),
    ]
    yield from local
    if exit_code_of(local):
        return
    try:
        with open_client(settings, system.environ, policy=ONE_ATTEMPT, clock=system.clock, random=system.random) as api:
            yield from _check_server(api, settings, system)
    except IntegrationsError as error:
        yield _error("connection", error)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """Return the exit code of the first error: later ones often follow from it."""
    return next((finding.exit_code for finding in findings if finding.state == "error"), 0)


def _error(check: str, error: IntegrationsError) -> Finding:
    return Finding(check, "error", error.message, error.hint, error.exit_code)


def _check_catalogue() -> Finding:
    source = catalogue.source()
    count = len(catalogue.provider_ids())
    return Finding("catalogue", "ok", f"{count} providers, from {source['package']} {source['version']}")


def _check_settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    path = config_path(environ)
    if os.path.exists(path):  # noqa: PTH110  # Path.exists raises where permissions are missing
        private = os.name == "posix" and not path.stat().st_mode & 0o077
        yield Finding("settings file", "ok", f"{path}{': only you can read it' if private else ''}")
    else:
        yield Finding("settings file", "note", f"{path}: not created yet", "integrations profiles add NAME creates it")
    for warning in settings.warnings:
        message, _, hint = warning.partition("; ")
        yield Finding("settings file", "warning", message, hint or None)
    origins = settings.origins
    yield Finding("profile", "ok", f"{settings.profile or 'none'} ({origins['profile']})")
    yield Finding("address", "ok", f"{settings.api_url} ({origins['api_url']})")
    yield Finding("timeout", "ok", f"{settings.timeout:g} s ({origins['timeout']})")
    if settings.sandbox:
        yield Finding("API key", "ok", "not needed")
        return
    try:
        require_api_key(settings)
        yield Finding("API key", "ok", f"found ({origins['api_key']})")
    except IntegrationsError as error:
        yield _error("API key", error)


def _check_sandbox(settings: Settings, environ: Mapping[str, str]) -> Finding:
    """Check the sandbox's database without creating it. Damage is an error only if this run uses it."""
    from integrations_cli.sandbox.open import StoreError, open_sandbox

    path = settings.sandbox_path or sandbox_path(environ)
    try:
        if not os.path.exists(path):  # noqa: PTH110  # as above
            return Finding("sandbox", "note", f"{path}: not created yet", "it is created when it is first used")
        with open_sandbox(path) as sandbox:
            return Finding("sandbox", "ok", f"{path}: {', '.join(sandbox.api_keys)}")
    except StoreError as error:
        message, hint = error.message, error.hint
    except OSError:
        message, hint = f"{path} cannot be read", None
    if settings.sandbox:
        return Finding("sandbox", "error", message, hint, ConfigError.exit_code)
    return Finding("sandbox", "warning", message, hint)


def _check_network(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check encryption and proxies, without connecting."""
    from integrations_cli.api.transport.proxies import proxy_for

    if settings.sandbox:
        return
    origin = parse_origin(settings.api_url, allow_http=True)
    if origin.scheme == "https":
        variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)), None)
        certificates = f"{environ[variable]} ({variable})" if variable else "the system's certificates"
        if settings.ca_bundle:
            certificates = f"{settings.ca_bundle} (ca_bundle)"
        yield Finding("encryption", "ok", f"the server is verified with {certificates}")
    elif origin.is_loopback:
        yield Finding("encryption", "ok", "none (the server is on this machine)")
    else:
        message = f"none: the API key is sent to {origin.authority} unencrypted"
        yield Finding("encryption", "warning", message, "use an https address, unless you trust the whole network")
    try:
        proxy = proxy_for(origin, environ)
        yield Finding("proxy", "ok", f"{proxy.url} ({proxy.variable})" if proxy else "none")
    except IntegrationsError as error:
        yield _error("proxy", error)


def _check_server(api: Client, settings: Settings, system: System) -> Iterator[Finding]:
    response = api.attempt(Request("GET", ENVIRONMENT_PATH), settings.timeout)
    if isinstance(response, TransportFailure):
        yield _transport_error("connection", response)
        return
    if not settings.sandbox:
        yield Finding("connection", "ok", f"HTTP {response.status} in {response.elapsed * 1000:.0f} ms")
        yield _check_clock(response, system.clock)
    accepted = _check_api_key(api, response, settings, system)
    yield accepted
    if accepted.state == "error":
        return
    try:
        yield _check_integrations(api)
    except IntegrationsError as error:
        yield _error("integrations", error)
        return
    key = "doctor-" + "".join(f"{int(system.random() * 16):x}" for _ in range(32))
    refusal = api.attempt(create_request(b"{}", key), settings.timeout)
    yield _check_idempotency(api, refusal, key)
    yield _check_rate_limit(response if isinstance(refusal, TransportFailure) else refusal)


def _transport_error(check: str, failure: TransportFailure) -> Finding:
    return Finding(check, "error", failure.message, failure.hint, UnavailableError.exit_code)


def _check_clock(response: Response, clock: Clock) -> Finding:
    server_time = parse_http_date(response.headers.get("date", ""))
    if server_time is None:
        return Finding("clock", "note", "not compared: the server sent no valid Date header")
    ahead = clock.wall() - server_time
    if abs(ahead) <= MAX_CLOCK_DIFFERENCE:
        return Finding("clock", "ok", "agrees with the server")
    return Finding(
        "clock",
        "warning",
        f"this machine is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server",
        "synchronise the clock: certificates and waiting times depend on it",
    )


def _check_api_key(api: Client, response: Response, settings: Settings, system: System) -> Finding:
    """Check that the server accepts the key, and name the environment that it opens."""
    check = "API key accepted"
    if response.status in {401, 403}:
        return _check_other_region(settings, system) or _error(check, api.error(response))
    if response.status == 404:
        return Finding(check, "note", "unknown: this server cannot name the environment of a key")
    if response.status != 200:
        return _error(check, api.error(response))
    try:
        environment = decode(response)
    except IntegrationsError as error:
        return _error(check, error)
    if not isinstance(environment, dict) or not isinstance(environment.get("_id"), str):
        return _error(check, unreadable_error(response, "an environment"))
    return Finding(check, "ok", f"opens {environment.get('name', 'an environment')} ({environment['_id']})")


def _check_other_region(settings: Settings, system: System) -> Finding | None:
    """Return a finding if Novu's other region accepts the refused key. Other servers are never asked."""
    if settings.api_url not in system.regions:
        return None
    for other in (region for region in system.regions if region != settings.api_url):
        there = settings._replace(api_url=other)
        with open_client(there, system.environ, policy=ONE_ATTEMPT, clock=system.clock, random=system.random) as api:
            response = api.attempt(Request("GET", ENVIRONMENT_PATH), settings.timeout)
        if isinstance(response, Response) and response.status == 200:
            return Finding(
                "API key accepted",
                "error",
                f"refused by {settings.api_url}, accepted by {other}: the key belongs to the other region",
                f"use --api-url {other}, NOVU_API_URL, or the region of the profile",
                AuthError.exit_code,
            )
    return None


def _check_integrations(api: Client) -> Finding:
    integrations = api.list()
    unknown = sorted({one.provider for one in integrations} - set(catalogue.provider_ids()))
    if unknown:
        return Finding(
            "integrations",
            "warning",
            f"{len(integrations)} in this environment; unknown to the catalogue: {', '.join(unknown)}",
            "a newer version of this program may know them; --skip-validation creates more of them",
        )
    return Finding("integrations", "ok", f"{len(integrations)} in this environment")


def _check_idempotency(api: Client, response: Response | TransportFailure, key: str) -> Finding:
    """Judge the response to an empty create that carried this idempotency key."""
    check = "idempotency keys"
    if isinstance(response, TransportFailure):
        return _transport_error(check, response)
    if 200 <= response.status < 300:
        return Finding(
            check,
            "error",
            "the server accepted a create that names neither a provider nor a channel",
            "this server does not behave like the Novu API; check with integrations list what it created",
            IntegrationsError.exit_code,
        )
    if response.status not in {400, 422}:
        return Finding(check, "note", f"could not be determined: {api.error(response).message}")
    if response.headers.get("idempotency-key") == key:
        return Finding(check, "ok", "supported by the server")
    return Finding(
        check,
        "note",
        "not supported by the server",
        "create still makes one integration or none: after a lost response it looks the identifier up",
    )


def _check_rate_limit(response: Response) -> Finding:
    limit, left = (response.headers.get(f"ratelimit-{name}") for name in ("limit", "remaining"))
    if limit is None:
        return Finding("rate limit", "note", "no rate-limit headers")
    if left == "0":
        return Finding("rate limit", "warning", f"0 of {limit} requests left", "other clients use this key too: wait")
    policy = response.headers.get("ratelimit-policy", "").split(";")
    window = next((part[2:] for part in policy if part.startswith("w=")), None)
    rate = f"{limit} requests in {window} s" if window else f"{limit} requests"
    return Finding("rate limit", "ok", f"{rate}, {left} left" if left is not None else rate)
