"""`integrations __complete`: the profiles and identifiers that the shell completions offer.

    integrations __complete profiles
    integrations __complete identifiers [--profile NAME] [--sandbox] [--api-url URL]

Prints one candidate a line, then a TAB and its description. Errors print nothing: the user is typing a line. No key
command is run and no keyring opened, since both may ask for a password.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from integrations_cli.errors import IntegrationsError
from integrations_cli.inputs.endpoint import parse_origin
from integrations_cli.settings.config_file import ConfigFile, config_path
from integrations_cli.settings.profile import DEFAULT_URL, REGIONS, SANDBOX
from integrations_cli.terminal.escape import escape

if TYPE_CHECKING:
    from integrations_cli.api.client import Client
    from integrations_cli.settings.resolve import SettingsFlags

Candidates = list[tuple[str, str]]
"""Names and their descriptions."""

TIMEOUT: Final = 2.0
"""Seconds that a server may take."""


def complete(arguments: Sequence[str]) -> int:
    """Print the candidates, and return the exit code."""
    import os
    import sys

    lines = completions(arguments, os.environ)
    try:
        sys.stdout.buffer.write(lines.encode("utf-8", "replace"))
        sys.stdout.flush()
    except OSError:  # the shell has stopped reading
        return 1
    return 0


def completions(arguments: Sequence[str], environ: Mapping[str, str], timeout: float = TIMEOUT) -> str:
    """Return the lines to print; the arguments are those after `integrations __complete`."""
    found: Candidates = []
    try:
        if arguments[:1] == ["profiles"]:
            found = _profiles(environ)
        elif arguments[:1] == ["identifiers"]:
            found = _within(timeout, lambda: _identifiers(arguments[1:], environ, timeout))
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  # the outermost boundary: nothing may disturb the line
        return ""
    return "".join(f"{escape(name)}\t{escape(description)}\n" for name, description in found if name)


def _within(timeout: float, find: Callable[[], Candidates]) -> Candidates:
    """Call `find` in a thread, since a name lookup cannot be interrupted; return nothing if it is late or fails."""
    from threading import Thread

    found: Candidates = []

    def work() -> None:
        with contextlib.suppress(Exception):  # a thread would print its traceback
            found.extend(find())

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout)
    return list(found)


def _profiles(environ: Mapping[str, str]) -> Candidates:
    file = ConfigFile.load(config_path(environ))
    return [*((name, _address(file.table(name))) for name in file.profiles), (SANDBOX, "the built-in API")]


def _address(table: Mapping[str, object]) -> str:
    """Return the region or address of a profile; an invalid address is left out, for it may hold a password."""
    region = table.get("region")
    if isinstance(region, str) and region in REGIONS:
        return region
    try:
        return parse_origin(str(table.get("api_url") or DEFAULT_URL), allow_http=True).url
    except IntegrationsError:
        return ""


def _identifiers(arguments: Sequence[str], environ: Mapping[str, str], timeout: float) -> Candidates:
    from integrations_cli.api.client import Client
    from integrations_cli.api.retry import RetryPolicy
    from integrations_cli.api.transport.open import open_quick
    from integrations_cli.context import open_client
    from integrations_cli.settings.resolve import require_api_key, resolve_settings

    settings = resolve_settings(_flags(arguments), environ, read_key=False)
    policy = RetryPolicy(retries=0, total=timeout)
    transport = None
    if settings.sandbox_path is None:
        transport = open_quick(
            base_url=settings.api_url,
            api_key=require_api_key(settings),
            environ=environ,
            ca_bundle=settings.ca_bundle,
            allow_http=settings.allow_http,
        )
    elif not settings.sandbox_path.exists():
        return []
    if transport is None:
        with open_client(settings, environ, policy=policy) as api:
            return _listed(api)
    with contextlib.closing(transport):
        return _listed(Client(transport, policy=policy, timeout=settings.timeout))


def _listed(api: Client) -> Candidates:
    return [(one.identifier, f"{one.name} ({one.provider}, {one.channel})") for one in api.list()]


def _flags(arguments: Sequence[str]) -> SettingsFlags:
    """Parse the flags that choose the server; the completions pass no others."""
    from integrations_cli.settings.resolve import SettingsFlags

    words = iter(arguments)
    profile = api_url = None
    sandbox = False
    for word in words:
        if word == "--sandbox":
            sandbox = True
        elif word in {"--profile", "-P"}:
            profile = next(words, "")
        elif word == "--api-url":
            api_url = next(words, "")
    return SettingsFlags(profile, sandbox, api_url)
