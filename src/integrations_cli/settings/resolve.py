"""What a run works with: server, API key, time limit; each from a flag, the environment or the file, in this order.

`--profile NAME` means that profile's key and address, whatever the environment says. Without it, the environment's key
and address (`NOVU_SECRET_KEY`, `NOVU_API_URL`) beat those of the profile that `INTEGRATIONS_PROFILE` or the file's
`default_profile` names. `--api-url` beats all addresses. The profile `sandbox` is always there and needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from integrations_cli.errors import AuthError, ConfigError, UsageError
from integrations_cli.models import Secret
from integrations_cli.settings.api_key import KEY_VARIABLES, FoundKey, key_from_environment, key_from_source
from integrations_cli.settings.config_file import APPLICATION, ConfigFile
from integrations_cli.settings.config_file import config_path as default_config_path
from integrations_cli.settings.profile import (
    DEFAULT_TIMEOUT,
    DEFAULT_URL,
    SANDBOX,
    Profile,
    check_timeout,
    normalize_url,
    refuse_plain_http,
)

SANDBOX_URL: Final = "http://sandbox.localhost"
"""The address that sandbox requests carry; they never leave the process, and the name can only mean this machine."""

NO_KEY_HINT: Final = (
    "add a profile with: integrations profiles add NAME, or set NOVU_SECRET_KEY; --sandbox works without a key"
)


class SettingsFlags(NamedTuple):
    """What the command line says about the settings; None is "not said"."""

    profile: str | None = None
    sandbox: bool = False
    api_url: str | None = None
    timeout: float | None = None


class Settings(NamedTuple):
    """What a run works with.

    `api_url` has no trailing slash and no `/v1`; `timeout` is in seconds; `origins` says for each field where its value
    came from, in words; `no_key` is why there is no API key, where there is none; `profiles` are the names to choose
    from; `warnings` are for the user.
    """

    profile: str | None
    sandbox: bool
    api_url: str
    api_key: Secret | None
    timeout: float
    ca_bundle: str | None
    allow_http: bool
    sandbox_path: Path | None
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    no_key: str | None = None
    profiles: tuple[str, ...] = ()


def resolve_settings(
    flags: SettingsFlags, environ: Mapping[str, str], *, config_path: Path | None = None, read_key: bool = True
) -> Settings:
    """The settings for these flags, this environment and the file at `config_path` (None: where it belongs).

    With `read_key` false no command is run and no keyring opened for the API key: only its origin is told.

    Raises:
        UsageError: Flags that contradict each other or cannot be used.
        ConfigError: The file, the profile or a value in the environment cannot be used.
    """
    if flags.timeout is not None:
        check_timeout(flags.timeout, "the flag --timeout", UsageError)
    if flags.profile is not None and not flags.profile.strip():
        raise UsageError("--profile names no profile", hint="integrations profiles list shows them")
    if flags.sandbox:
        if flags.profile not in {None, SANDBOX}:
            raise UsageError(
                "--sandbox and --profile contradict each other", hint="--sandbox is short for --profile sandbox"
            )
        return _sandbox(flags, environ, "flag --sandbox")
    path = config_path if config_path is not None else default_config_path(environ)
    chosen, by = _named(flags, environ)
    if chosen == SANDBOX:
        return _sandbox(flags, environ, by, _notes_of_shadowed(path))
    file = ConfigFile.load(path)
    if chosen is None and file.default_profile is not None:
        chosen, by = file.default_profile, f"default_profile in {path}"
        if chosen == SANDBOX and any(environ.get(name) for name in KEY_VARIABLES):
            chosen, by = None, "none: the API key in the environment beats the sandbox of default_profile"
        elif chosen == SANDBOX:
            return _sandbox(flags, environ, by, (*file.warnings, *_notes_of_ignored(environ, by)))
    if chosen is not None and chosen not in file.profiles:
        raise file.unknown(chosen, "" if flags.profile is not None else by)
    profile = file.profile(chosen) if chosen is not None else Profile("")
    return _real(flags, environ, file, profile, by, read_key=read_key)


def resolve_unsaved(file: ConfigFile, name: str, environ: Mapping[str, str]) -> Settings:
    """The settings that a profile of `file`, saved or not, gives when `--profile` names it.

    Raises:
        ConfigError: Something in the profile is wrong.
    """
    return _real(SettingsFlags(profile=name), environ, file, file.profile(name), "flag --profile", read_key=True)


def require_api_key(settings: Settings) -> Secret:
    """The API key of these settings.

    Raises:
        AuthError: There is none; the hint says the ways to give one.
    """
    if settings.api_key is not None:
        return settings.api_key
    hint = NO_KEY_HINT
    if settings.profile is None and settings.profiles:
        hint = f"choose a profile with --profile ({', '.join(settings.profiles)}), or set NOVU_SECRET_KEY; "
        hint += "--sandbox works without a key"
    raise AuthError(settings.no_key or "there is no API key", hint=hint)


def sandbox_path(environ: Mapping[str, str]) -> Path:
    """The sandbox's database: `INTEGRATIONS_SANDBOX`, or `sandbox.db` in the system's folder for data."""
    named = environ.get("INTEGRATIONS_SANDBOX")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_data_path(APPLICATION, appauthor=False) / "sandbox.db"


def _named(flags: SettingsFlags, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """The profile that the flags or the environment name, and which of them did."""
    if flags.profile is not None:
        return flags.profile, "flag --profile"
    if environ.get("INTEGRATIONS_PROFILE"):
        return environ["INTEGRATIONS_PROFILE"], "environment variable INTEGRATIONS_PROFILE"
    return None, "default"


def _sandbox(flags: SettingsFlags, environ: Mapping[str, str], by: str, warnings: tuple[str, ...] = ()) -> Settings:
    if flags.api_url is not None:
        raise UsageError(
            f"--api-url cannot go with the sandbox, which has no address ({by})",
            hint="leave one of them out; --profile NAME chooses a profile with a server",
        )
    return Settings(
        profile=SANDBOX,
        sandbox=True,
        api_url=SANDBOX_URL,
        api_key=None,
        timeout=DEFAULT_TIMEOUT if flags.timeout is None else float(flags.timeout),
        ca_bundle=None,
        allow_http=False,
        sandbox_path=sandbox_path(environ),
        origins={
            "profile": by,
            "api_url": "the sandbox, inside this program",
            "api_key": "the sandbox, which needs none",
            "timeout": "default" if flags.timeout is None else "flag --timeout",
            "sandbox_path": "environment variable INTEGRATIONS_SANDBOX"
            if environ.get("INTEGRATIONS_SANDBOX")
            else "default",
        },
        warnings=warnings,
    )


def _notes_of_shadowed(path: Path) -> tuple[str, ...]:
    """What to say where the sandbox was named by its profile's name: a broken file does no harm, a namesake does.

    Raises:
        ConfigError: The file has a profile of this name, so that it is not sure which one is meant.
    """
    try:
        file = ConfigFile.load(path)
    except ConfigError as error:
        return (error.message,)
    if SANDBOX in file.document.get("profiles", {}):
        raise ConfigError(
            f"{path} has a profile called {SANDBOX}, but that name belongs to the built-in sandbox",
            hint="give the profile another name; --sandbox always means the built-in one",
        )
    return ()


def _notes_of_ignored(environ: Mapping[str, str], by: str) -> tuple[str, ...]:
    ignored = [name for name in (*KEY_VARIABLES, "NOVU_API_URL") if environ.get(name)]
    if not ignored:
        return ()
    return (f"the sandbox is used ({by}); {' and '.join(ignored)} in the environment: no effect",)


def _real(
    flags: SettingsFlags, environ: Mapping[str, str], file: ConfigFile, profile: Profile, by: str, *, read_key: bool
) -> Settings:
    """The settings for a server, from a profile that is checked (an empty one: none)."""
    home = f"profile {profile.name} in {file.path}"
    api_url, url_origin = _api_url(flags, environ, profile, home)
    refuse_plain_http(api_url, f"the address from {url_origin}", allowed=profile.allow_http)
    warnings = [*file.warnings, *profile.notes]
    found = _find_key(flags, environ, profile, home, warnings, fetch=read_key)
    origins = {"profile": by, "api_url": url_origin, "api_key": found.origin, "timeout": "default"}
    timeout, ca_bundle = DEFAULT_TIMEOUT, None
    if flags.timeout is not None:
        timeout, origins["timeout"] = float(flags.timeout), "flag --timeout"
    elif profile.timeout is not None:
        timeout, origins["timeout"] = profile.timeout, home
    if profile.ca_bundle is not None:
        ca_bundle, origins["ca_bundle"] = _beside(file.path, profile.ca_bundle), home
    if profile.allow_http:
        origins["allow_http"] = home
    return Settings(
        profile=profile.name or None,
        sandbox=False,
        api_url=api_url,
        api_key=found.key,
        timeout=timeout,
        ca_bundle=ca_bundle,
        allow_http=profile.allow_http,
        sandbox_path=None,
        origins=origins,
        warnings=tuple(warnings),
        no_key=found.missing,
        profiles=file.profiles,
    )


def _api_url(flags: SettingsFlags, environ: Mapping[str, str], profile: Profile, home: str) -> tuple[str, str]:
    """The address of the API and its origin in words."""
    if flags.api_url is not None:
        return normalize_url(flags.api_url, "the address from flag --api-url", UsageError), "flag --api-url"
    if flags.profile is None and environ.get("NOVU_API_URL", "").strip():
        origin = "environment variable NOVU_API_URL"
        return normalize_url(environ["NOVU_API_URL"], f"the address from {origin}"), origin
    if profile.api_url is not None:
        return profile.api_url, home
    return DEFAULT_URL, "default"


def _find_key(
    flags: SettingsFlags, environ: Mapping[str, str], profile: Profile, home: str, warnings: list[str], *, fetch: bool
) -> FoundKey:
    """The API key, or why there is none; a variable that is empty and passed over is added to `warnings`."""
    given = key_from_environment(environ) if flags.profile is None else None
    if given is not None and given.key is not None:
        return given
    if profile.key is not None:
        if given is not None:
            warnings.append(f"{given.missing}; the API key of {home} is used")
        return key_from_source(profile.key, environ, profile.name, home, fetch=fetch)
    if given is not None:
        return given
    return FoundKey(None, "none", f"{home} names no API key" if profile.name else "there is no API key")


def _beside(config: Path, name: str) -> str:
    """A file that the settings name: `~` is the home folder, a relative path counts from the settings' own folder."""
    import contextlib
    import os

    with contextlib.suppress(ValueError):  # a name that no file can have: who opens it says so
        name = os.path.expanduser(name)  # noqa: PTH111  # Path.expanduser raises where there is no home
    return str(config.parent / name)
