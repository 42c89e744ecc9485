"""Read the API key from the environment or from the source that a profile names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from integrations_cli.errors import ConfigError, InputError
from integrations_cli.inputs.endpoint import check_api_key
from integrations_cli.models import Secret
from integrations_cli.settings.profile import KeySource

if TYPE_CHECKING:
    from types import ModuleType

KEY_VARIABLES: Final = ("NOVU_SECRET_KEY", "NOVU_API_KEY")
"""The variables that Novu's own tools read the key from; the first one that is not empty counts."""

KEYRING_SERVICE: Final = "integrations-cli"
"""The service name of our keys in the system keyring; the user name there is the name of the profile."""


class FoundKey(NamedTuple):
    """An API key and its origin in words; without a key, `missing` is the sentence that says why."""

    key: Secret | None
    origin: str
    missing: str | None = None


def key_from_environment(environ: Mapping[str, str]) -> FoundKey | None:
    """Return the key in the environment, one without a key if the variables are empty, or None if none is set."""
    empty = None
    for name in KEY_VARIABLES:
        if name in environ:
            origin = f"environment variable {name}"
            if key := parse_api_key(environ[name], f"the {origin}"):
                return FoundKey(key, origin)
            empty = empty or FoundKey(None, f"{origin}, which is empty", f"the {origin} is set but empty")
    return empty


def key_from_source(
    source: KeySource, environ: Mapping[str, str], profile: str, label: str, *, fetch: bool = True
) -> FoundKey:
    """Return the key from a profile's source; `label` is the profile and its file in words.

    With `fetch` false, no command is run and no keyring opened: only the origin is returned.
    """
    origin = f"{label}: {source.words}"
    missing = f"the API key of {label} is empty ({source.words})"
    if source.kind in {"command", "keyring"} and not fetch:
        return FoundKey(None, origin)
    text = source.value if isinstance(source.value, str) else None
    if source.kind == "command":
        text = _run(source, label)
    elif source.kind == "keyring":
        text = read_keyring(profile)
        if text is None:
            missing = f"the system keyring has no API key for {label}"
    elif source.kind == "env":
        text = environ.get(str(source.value))
        if text is None:
            missing = f"{label} takes its API key from the {source.words}, which is not set"
    key = parse_api_key(text or "", f"{label} ({source.words})")
    return FoundKey(key, origin, None if key else missing)


def parse_api_key(text: str, where: str) -> Secret | None:
    """Return an API key without its final line end, or None if it is empty; refuse one that no header can hold.

    The message names `where` the key came from, and never holds it.
    """
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        return None
    check_api_key(text, f"the API key from {where}")
    return Secret(text)


def _run(source: KeySource, label: str) -> str:
    from integrations_cli.inputs.run_command import run_command, split_command

    what = f"api_key_command of {label}"
    try:
        argv = split_command(source.value, what) if isinstance(source.value, str) else list(source.value)
        return run_command(argv, what)
    except InputError as error:
        raise ConfigError(error.message, hint=error.hint) from None


def read_keyring(profile: str) -> str | None:
    """Return the key of a profile in the system keyring, or None; raise ConfigError if there is no working keyring."""
    with _keyring() as keyring:
        found: str | None = keyring.get_password(KEYRING_SERVICE, profile)
    return found


def write_keyring(profile: str, key: Secret) -> None:
    """Store a profile's key in the system keyring. Raises as `read_keyring`."""
    with _keyring() as keyring:
        keyring.set_password(KEYRING_SERVICE, profile, key.reveal())


def remove_from_keyring(profile: str) -> None:
    """Remove a profile's key from the system keyring, if it is there. Raises as `read_keyring`."""
    with _keyring() as keyring:
        if keyring.get_password(KEYRING_SERVICE, profile) is not None:
            keyring.delete_password(KEYRING_SERVICE, profile)


@contextlib.contextmanager
def _keyring() -> Iterator[ModuleType]:
    """Import the keyring package, and turn its errors into ConfigError."""
    from importlib import import_module

    try:
        keyring = import_module("keyring")
        errors = import_module("keyring.errors")
    except ImportError:
        raise ConfigError(
            "the system keyring is not available: the keyring package is not installed",
            hint="pip install 'integrations-cli[keyring]', or store the key elsewhere",
        ) from None
    try:
        yield keyring
    except errors.NoKeyringError:
        raise ConfigError(
            "this system has no usable keyring", hint="store the key in a variable, a password manager or the file"
        ) from None
    except (errors.KeyringError, OSError) as error:  # its text may hold the key
        raise ConfigError(
            f"the system keyring failed ({type(error).__name__})",
            hint="unlock it and try again; python -m keyring diagnose shows which one is in use",
        ) from None
