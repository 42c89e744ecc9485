"""Where the API key comes from: the environment, or what a profile names (text, variable, command, keyring)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from integrations_cli.errors import ConfigError, InputError
from integrations_cli.models import Secret

from .profile import KeySource

if TYPE_CHECKING:
    from types import ModuleType

KEY_VARIABLES: Final = ("NOVU_SECRET_KEY", "NOVU_API_KEY")
"""The variables that the API's own tools read the key from; the first one that is not empty counts."""

KEYRING_SERVICE: Final = "integrations-cli"
"""What the keys are kept under in the system's keyring; the user there is the name of the profile."""


class FoundKey(NamedTuple):
    """A key and its origin in words; or, without a key, the sentence that says why there is none."""

    key: Secret | None
    origin: str
    missing: str | None = None


def key_from_environment(environ: Mapping[str, str]) -> FoundKey | None:
    """The key that the environment gives; None if it does not speak of one; without a key if that is empty.

    Raises:
        ConfigError: It is no key.
    """
    empty = None
    for name in KEY_VARIABLES:
        if name in environ:
            origin = f"environment variable {name}"
            if key := parse_api_key(environ[name], f"the {origin}"):
                return FoundKey(key, origin)
            empty = empty or FoundKey(None, f"{origin}, which is empty", f"the {origin} is set but empty")
    return empty


def key_from_source(
    source: KeySource, environ: Mapping[str, str], profile: str, home: str, *, fetch: bool = True
) -> FoundKey:
    """The key that a profile's source gives; `home` is the profile in words, with its file.

    With `fetch` false no command is run and no keyring opened: only the origin is told.

    Raises:
        ConfigError: The command or the keyring fails, or what comes is no key.
    """
    origin = f"{home}: {source.words}"
    if not fetch and source.kind in {"command", "keyring"}:
        return FoundKey(None, origin)
    text: str | None
    missing = f"the API key of {home} is empty ({source.words})"
    if source.kind == "env":
        assert isinstance(source.value, str)
        text = environ.get(source.value)
        if text is None:
            missing = f"{home} takes its API key from the {source.words}, which is not set"
    elif source.kind == "command":
        text = _run(source, home)
    elif source.kind == "keyring":
        text = read_keyring(profile)
        if text is None:
            missing = f"the system's keyring has no API key for {home}"
    else:
        assert isinstance(source.value, str)
        text = source.value
    key = parse_api_key(text or "", f"{home} ({source.words})")
    return FoundKey(key, origin, None if key else missing)


def parse_api_key(text: str, where: str) -> Secret | None:
    """An API key without its final line end, if it can be sent in a header; None for an empty one.

    Raises:
        ConfigError: It holds something that no key has. The message names `where` it came from, and never holds it.
    """
    text = text.removesuffix("\n").removesuffix("\r")
    if not all("!" <= letter <= "~" for letter in text):
        raise ConfigError(
            f"the API key from {where} holds a blank, a line end or another character that no key has",
            hint="copy it again from the dashboard (API Keys), the key alone, without ApiKey or quotation marks",
        )
    return Secret(text) if text else None


def _run(source: KeySource, home: str) -> str:
    from integrations_cli.inputs.run_command import run_command, split_command

    what = f"api_key_command of {home}"
    try:
        argv = split_command(source.value, what) if isinstance(source.value, str) else list(source.value)
        return run_command(argv, what)
    except InputError as error:
        raise ConfigError(error.message, hint=error.hint) from None


def read_keyring(profile: str) -> str | None:
    """The key that the system's keyring holds for a profile, or None.

    Raises:
        ConfigError: The extra is not installed, or there is no keyring, or it refuses.
    """
    with _keyring() as keyring:
        found: str | None = keyring.get_password(KEYRING_SERVICE, profile)
    return found


def write_keyring(profile: str, key: Secret) -> None:
    """Put a profile's key into the system's keyring; raises as `read_keyring`."""
    with _keyring() as keyring:
        keyring.set_password(KEYRING_SERVICE, profile, key.reveal())


def remove_from_keyring(profile: str) -> None:
    """Take a profile's key out of the system's keyring, if it is there; raises as `read_keyring`."""
    with _keyring() as keyring:
        if keyring.get_password(KEYRING_SERVICE, profile) is not None:
            keyring.delete_password(KEYRING_SERVICE, profile)


@contextlib.contextmanager
def _keyring() -> Iterator[ModuleType]:
    """The keyring library; its failures become ours."""
    from importlib import import_module

    try:
        keyring = import_module("keyring")
        errors = import_module("keyring.errors")
    except ImportError:
        raise ConfigError(
            "the system's keyring cannot be used: its library is not installed",
            hint="pip install 'integrations-cli[keyring]', or keep the key in another place",
        ) from None
    try:
        yield keyring
    except errors.NoKeyringError:
        raise ConfigError(
            "this system has no keyring that can be used", hint="keep the key in a variable, a command or the file"
        ) from None
    except (errors.KeyringError, OSError) as error:  # its own text may hold what was asked for or stored
        raise ConfigError(
            f"the system's keyring refused ({type(error).__name__})",
            hint="unlock it and try again; python -m keyring diagnose says which one is in use",
        ) from None
