"""What a TAB asks of the program: profiles and identifiers. Everything else stands in the completion files themselves.

    integrations __complete profiles
    integrations __complete identifiers [--profile NAME] [--sandbox] [--api-url URL]

The answer is one candidate on a line, and after a TAB what can be said of it. Whoever presses TAB wants candidates or
nothing: whatever goes wrong, nothing is printed. No command that the settings name is run, and no keyring is opened,
which could ask for a password.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from integrations_cli.errors import IntegrationsError
from integrations_cli.settings.config_file import ConfigFile, config_path
from integrations_cli.settings.profile import DEFAULT_URL, REGIONS, SANDBOX, normalize_url
from integrations_cli.terminal.escape import escape
from integrations_cli.terminal.redaction import Redactor

if TYPE_CHECKING:
    from integrations_cli.api.client import Client
    from integrations_cli.models import Secret
    from integrations_cli.settings.resolve import Settings, SettingsFlags

PATIENCE: Final = 2.0
"""Seconds that a server may take: nobody waits longer for a TAB."""


def complete(arguments: Sequence[str]) -> int:
    """Print what there is to offer; the exit code."""
    import os
    import sys

    lines = answer(arguments, os.environ)
    try:
        sys.stdout.buffer.write(lines.encode("utf-8", "replace"))
        sys.stdout.flush()
    except OSError:  # the shell has stopped listening
        return 1
    return 0


def answer(arguments: Sequence[str], environ: Mapping[str, str], patience: float = PATIENCE) -> str:
    """The lines to print for what comes after `integrations __complete`; a server has `patience` seconds."""
    found: list[tuple[str, str]] = []
    try:
        if arguments[:1] == ["profiles"]:
            found = _profiles(environ)
        elif arguments[:1] == ["identifiers"]:
            found = _in_time(lambda: _identifiers(arguments[1:], environ, patience), patience)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  # the outermost boundary: in the middle of a line being typed
        return ""
    return "".join(f"{escape(name)}\t{escape(about)}\n" for name, about in found if name)


def _in_time(ask: Callable[[], list[tuple[str, str]]], patience: float) -> list[tuple[str, str]]:
    """What `ask` finds in time; nothing if it fails. A name can be slow to resolve, and an answer can trickle in."""
    from threading import Thread

    found: list[tuple[str, str]] = []

    def work() -> None:
        with contextlib.suppress(Exception):  # a thread would write its traceback into the line being typed
            found.extend(ask())

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(patience)
    return list(found)


def _profiles(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    file = ConfigFile.load(config_path(environ))
    tables = file.document.get("profiles", {})
    real = [(name, _address(tables[name])) for name in file.profiles]
    return [*real, (SANDBOX, "the built-in API")]


def _address(table: Mapping[str, object]) -> str:
    """The address in a profile; nothing for one that cannot be used: it may hold a password."""
    region = table.get("region")
    if isinstance(region, str) and region in REGIONS:
        return region
    try:
        return normalize_url(str(table.get("api_url") or DEFAULT_URL), "the address")
    except IntegrationsError:
        return ""


def _identifiers(arguments: Sequence[str], environ: Mapping[str, str], patience: float) -> list[tuple[str, str]]:
    from integrations_cli.api.client import Client
    from integrations_cli.api.retry import RetryPolicy
    from integrations_cli.api.transport.quick import open_quick
    from integrations_cli.context import open_client
    from integrations_cli.settings.resolve import require_api_key, resolve_settings

    settings = resolve_settings(_flags(arguments), environ, read_key=False)
    policy = RetryPolicy(retries=0, total=patience)
    transport = None
    if settings.sandbox_path is not None:
        if not settings.sandbox_path.exists():
            return []
    else:
        if settings.api_key is None:
            settings = settings._replace(api_key=_key_at_hand(settings, environ))
        transport = open_quick(
            base_url=settings.api_url,
            api_key=require_api_key(settings),
            environ=environ,
            ca_bundle=settings.ca_bundle,
            allow_http=settings.allow_http,
        )
    if transport is None:
        with open_client(settings, environ, policy=policy) as api:
            return _listed(api)
    redactor = Redactor([require_api_key(settings).reveal()])
    try:
        return _listed(Client(transport, policy=policy, timeout=settings.timeout, redactor=redactor))
    finally:
        transport.close()


def _listed(api: Client) -> list[tuple[str, str]]:
    clean = api.redactor.clean
    return [(clean(one.identifier), clean(f"{one.name} ({one.provider}, {one.channel})")) for one in api.list()]


def _key_at_hand(settings: Settings, environ: Mapping[str, str]) -> Secret | None:
    """The API key of the profile, if it can be had without running or opening anything."""
    from integrations_cli.settings.api_key import key_from_source

    if settings.profile is None:
        return None
    source = ConfigFile.load(config_path(environ)).profile(settings.profile).key
    if source is None or source.kind not in {"text", "env"}:
        return None
    return key_from_source(source, environ, settings.profile, "the profile").key


def _flags(arguments: Sequence[str]) -> SettingsFlags:
    """The flags that say which server is meant; the completions pass on no others."""
    from integrations_cli.settings.resolve import SettingsFlags

    words = iter(arguments)
    said: dict[str, str] = {}
    sandbox = False
    for word in words:
        if word == "--sandbox":
            sandbox = True
        elif word in {"--profile", "-P", "--api-url"}:
            said["--profile" if word == "-P" else word] = next(words, "")
    return SettingsFlags(profile=said.get("--profile"), sandbox=sandbox, api_url=said.get("--api-url"))
