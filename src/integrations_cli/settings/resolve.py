"""Resolve the settings of a run from the flags, the environment and the settings file, in this order.

`--profile NAME` brings that profile's key and address, whatever the environment says. Without it, the environment's key
and address (`NOVU_SECRET_KEY`, `NOVU_API_URL`) override those of the profile that `INTEGRATIONS_PROFILE` or
`default_profile` names. `--api-url` overrides all addresses. The built-in profile `sandbox` needs neither.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from integrations_cli.errors import AuthError, ConfigError, UsageError
from integrations_cli.inputs.endpoint import parse_origin
from integrations_cli.models import Secret
from integrations_cli.settings.api_key import KEY_VARIABLES, FoundKey, key_from_environment, key_from_source
from integrations_cli.settings.config_file import APPLICATION, ConfigFile
from integrations_cli.settings.config_file import config_path as default_config_path
from integrations_cli.settings.profile import DEFAULT_TIMEOUT, DEFAULT_URL, SANDBOX, Profile, check_timeout

SANDBOX_URL: Final = "http://sandbox.localhost"
"""The address of sandbox requests, which never leave the process; the name can only mean this machine."""


class SettingsFlags(NamedTuple):
    """The flags that choose settings; None is "not given"."""

    profile: str | None = None
    sandbox: bool = False
    api_url: str | None = None
    timeout: float | None = None


class Settings(NamedTuple):
    """The resolved settings of a run.

    `api_url` has no trailing slash and no `/v1`; `timeout` is in seconds; `origins` names the source of each field in
    words; `no_key` says why there is no API key; `profiles` are the names to choose from; `warnings` are for the user.
    """

    profile: str | None
    sandbox: bool
    api_url: str
    api_key: Secret | None
    timeout: float
    origins: Mapping[str, str]
    ca_bundle: str | None = None
    allow_http: bool = False
    sandbox_path: Path | None = None
    warnings: tuple[str, ...] = ()
    no_key: str | None = None
    profiles: tuple[str, ...] = ()


def resolve_settings(
    flags: SettingsFlags, environ: Mapping[str, str], *, config_path: Path | None = None, read_key: bool = True
) -> Settings:
    """Resolve the settings; `config_path` None means the usual place of the file.

    With `read_key` false, no command is run and no keyring opened for the API key: only its origin is resolved.

    Raises:
        UsageError: Flags are invalid or exclude each other.
        ConfigError: The file, the profile or a value in the environment cannot be used.
    """
    _check_flags(flags)
    if flags.sandbox:
        return _sandbox_settings(flags, environ, "flag --sandbox")
    path = config_path if config_path is not None else default_config_path(environ)
    name, origin = _named_profile(flags, environ)
    if name == SANDBOX:
        return _sandbox_settings(flags, environ, origin, _check_unused_file(path))
    file = ConfigFile.load(path)
    if name is None:
        name, origin = _default_profile(file, environ)
        if name == SANDBOX:
            ignored = _warn_of_ignored_variables(environ, origin)
            return _sandbox_settings(flags, environ, origin, (*file.warnings, *ignored))
    if name is not None and name not in file.profiles:
        raise file.unknown_profile(name, "" if flags.profile is not None else origin)
    profile = file.profile(name) if name is not None else Profile("")
    return _server_settings(flags, environ, file, profile, origin, read_key=read_key)


def resolve_unsaved(file: ConfigFile, name: str, environ: Mapping[str, str]) -> Settings:
    """Resolve the settings as `--profile` would for a profile of `file`, which need not be saved yet."""
    flags = SettingsFlags(profile=name)
    return _server_settings(flags, environ, file, file.profile(name), "flag --profile", read_key=True)


def require_api_key(settings: Settings) -> Secret:
    """Return the API key of these settings; raise AuthError if there is none."""
    if settings.api_key is not None:
        return settings.api_key
    hint = "add a profile with integrations profiles add NAME"
    if settings.profile is None and settings.profiles:
        hint = f"choose a profile with --profile ({', '.join(settings.profiles)})"
    hint += ", or set NOVU_SECRET_KEY; --sandbox works without a key"
    raise AuthError(settings.no_key or "there is no API key", hint=hint)


def sandbox_path(environ: Mapping[str, str]) -> Path:
    """Return `INTEGRATIONS_SANDBOX`, or `sandbox.db` in the platform's data folder."""
    if named := environ.get("INTEGRATIONS_SANDBOX"):
        return Path(named)
    import platformdirs

    return platformdirs.user_data_path(APPLICATION, appauthor=False) / "sandbox.db"


def _check_flags(flags: SettingsFlags) -> None:
    if flags.timeout is not None:
        check_timeout(flags.timeout, "the flag --timeout", UsageError)
    if flags.profile is not None and not flags.profile.strip():
        raise UsageError("--profile is empty", hint="integrations profiles list shows the profiles")
    if flags.sandbox and flags.profile not in {None, SANDBOX}:
        raise UsageError("--sandbox and --profile cannot be combined", hint="--sandbox is short for --profile sandbox")


def _named_profile(flags: SettingsFlags, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the profile that a flag or the environment names, and its origin."""
    if flags.profile is not None:
        return flags.profile, "flag --profile"
    if name := environ.get("INTEGRATIONS_PROFILE"):
        return name, "environment variable INTEGRATIONS_PROFILE"
    return None, "default"


def _default_profile(file: ConfigFile, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the default profile of the file, and its origin."""
    name = file.default_profile
    if name is None:
        return None, "default"
    if name == SANDBOX and any(environ.get(variable) for variable in KEY_VARIABLES):
        return None, "none: the API key in the environment overrides default_profile, which is the sandbox"
    return name, f"default_profile in {file.path}"


def _sandbox_settings(
    flags: SettingsFlags, environ: Mapping[str, str], origin: str, warnings: tuple[str, ...] = ()
) -> Settings:
    if flags.api_url is not None:
        hint = "leave out one of them; --profile NAME chooses a profile with a server"
        raise UsageError(f"--api-url cannot be combined with the sandbox ({origin})", hint=hint)
    timeout, timeout_origin = _resolve_timeout(flags, Profile(SANDBOX), "")
    path_is_set = bool(environ.get("INTEGRATIONS_SANDBOX"))
    return Settings(
        profile=SANDBOX,
        sandbox=True,
        api_url=SANDBOX_URL,
        api_key=None,
        timeout=timeout,
        sandbox_path=sandbox_path(environ),
        origins={
            "profile": origin,
            "api_url": "the sandbox, inside this program",
            "api_key": "none: the sandbox needs no key",
            "timeout": timeout_origin,
            "sandbox_path": "environment variable INTEGRATIONS_SANDBOX" if path_is_set else "default",
        },
        warnings=warnings,
    )


def _check_unused_file(path: Path) -> tuple[str, ...]:
    """Check the file where the sandbox was chosen by name: a profile of that name could be meant instead.

    A broken file is only a warning, which is returned.
    """
    try:
        file = ConfigFile.load(path)
    except ConfigError as error:
        return (error.message,)
    if SANDBOX in file.document.get("profiles", {}):
        message = f"{path} has a profile named {SANDBOX}, but that name is reserved for the built-in sandbox"
        raise ConfigError(message, hint="rename the profile; --sandbox always means the built-in one")
    return ()


def _warn_of_ignored_variables(environ: Mapping[str, str], origin: str) -> tuple[str, ...]:
    ignored = [name for name in (*KEY_VARIABLES, "NOVU_API_URL") if environ.get(name)]
    return (f"ignored because the sandbox is used ({origin}): {', '.join(ignored)}",) if ignored else ()


def _server_settings(
    flags: SettingsFlags, environ: Mapping[str, str], file: ConfigFile, profile: Profile, origin: str, *, read_key: bool
) -> Settings:
    """Resolve the settings for a server; a profile without a name stands for no profile."""
    label = f"profile {profile.name} in {file.path}"
    api_url, url_origin = _resolve_api_url(flags, environ, profile, label)
    parse_origin(api_url, f"the address from {url_origin}", allow_http=profile.allow_http)
    timeout, timeout_origin = _resolve_timeout(flags, profile, label)
    key, key_warnings = _resolve_key(flags, environ, profile, label, fetch=read_key)
    origins = {"profile": origin, "api_url": url_origin, "api_key": key.origin, "timeout": timeout_origin}
    ca_bundle = profile.ca_bundle
    if ca_bundle is not None:
        origins["ca_bundle"] = label
        ca_bundle = _expand_path(file.path, ca_bundle)
    if profile.allow_http:
        origins["allow_http"] = label
    return Settings(
        profile=profile.name or None,
        sandbox=False,
        api_url=api_url,
        api_key=key.key,
        timeout=timeout,
        ca_bundle=ca_bundle,
        allow_http=profile.allow_http,
        origins=origins,
        warnings=(*file.warnings, *profile.notes, *key_warnings),
        no_key=key.missing,
        profiles=file.profiles,
    )


def _resolve_api_url(flags: SettingsFlags, environ: Mapping[str, str], profile: Profile, label: str) -> tuple[str, str]:
    """Return the address of the API and its origin."""
    if flags.api_url is not None:
        origin = "flag --api-url"
        return parse_origin(flags.api_url, f"the address from {origin}", UsageError, allow_http=True).url, origin
    if flags.profile is None and environ.get("NOVU_API_URL", "").strip():
        origin = "environment variable NOVU_API_URL"
        return parse_origin(environ["NOVU_API_URL"], f"the address from {origin}", allow_http=True).url, origin
    if profile.api_url is not None:
        return profile.api_url, label
    return DEFAULT_URL, "default"


def _resolve_timeout(flags: SettingsFlags, profile: Profile, label: str) -> tuple[float, str]:
    """Return the timeout in seconds and its origin."""
    if flags.timeout is not None:
        return float(flags.timeout), "flag --timeout"
    if profile.timeout is not None:
        return profile.timeout, label
    return DEFAULT_TIMEOUT, "default"


def _resolve_key(
    flags: SettingsFlags, environ: Mapping[str, str], profile: Profile, label: str, *, fetch: bool
) -> tuple[FoundKey, tuple[str, ...]]:
    """Return the API key, or why there is none, and a warning about an empty variable that was skipped."""
    given = key_from_environment(environ) if flags.profile is None else None
    if given is not None and (given.key is not None or profile.key is None):
        return given, ()
    if profile.key is None:
        return FoundKey(None, "none", f"{label} has no API key" if profile.name else "there is no API key"), ()
    warnings = () if given is None else (f"{given.missing}, so the API key of {label} is used",)
    return key_from_source(profile.key, environ, profile.name, label, fetch=fetch), warnings


def _expand_path(config: Path, name: str) -> str:
    """Resolve a path in the settings: `~` is the home folder; a relative path starts at the folder of the file."""
    with contextlib.suppress(ValueError):  # an invalid path: opening it reports the error
        name = os.path.expanduser(name)  # noqa: PTH111  # Path.expanduser raises where there is no home
    return str(config.parent / name)
