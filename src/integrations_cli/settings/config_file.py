"""Read and change `config.toml`, the settings file, without losing anything in it."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from integrations_cli.errors import ConfigError
from integrations_cli.inputs.decode import FILE_LIMITS, STRING, DecodeError, decode_utf8, load_toml, read_bytes
from integrations_cli.models import Json
from integrations_cli.settings.profile import PROFILE_KEYS, SANDBOX, Profile, read_profile, unknown_keys, wrong_type

APPLICATION: Final = "integrations-cli"
"""The name of our folders in the platform's folders for configuration, data and state."""

MAX_BYTES: Final = 1024 * 1024

_TOP_KEYS: Final = ("default_profile", "profiles")

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def config_path(environ: Mapping[str, str]) -> Path:
    """Return `INTEGRATIONS_CONFIG`, or `config.toml` in the platform's configuration folder."""
    if named := environ.get("INTEGRATIONS_CONFIG"):
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path(APPLICATION, appauthor=False) / "config.toml"


class ConfigFile:
    """A `config.toml`; one that is missing or empty has an empty `document`.

    `document` includes unknown keys; `content` and `text` are the file before decoding; `warnings` are for the user.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content, self.text = b"", ""
        self.document: dict[str, Json] = {}
        self.warnings: list[str] = []

    @classmethod
    def load(cls, path: Path) -> ConfigFile:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or is not TOML of the right shape; with path, line and column.
        """
        file = cls(path)
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return file
        except (OSError, ValueError):
            mode = 0  # reading it below reports the error
        try:
            file.content = read_bytes(path, MAX_BYTES)
            file.text = decode_utf8(file.content)
            file.document = load_toml(file.text, FILE_LIMITS) if file.text.strip() else {}
        except DecodeError as error:
            where = f"{path}, line {error.line}, column {error.column}" if error.line else str(path)
            hint = error.hint or "fix the file or move it away; a broken file is never overwritten"
            raise ConfigError(f"{where}: {error.reason}", hint=hint) from None
        if file.document:
            file.warnings += _permission_warnings(path, mode)
        file._check_shape()
        return file

    def _check_shape(self) -> None:
        """Check the types of the outer tables. The values of a profile are checked when it is used."""
        profiles = self.document.get("profiles", {})
        if not isinstance(profiles, dict):
            raise wrong_type(profiles, self.locate("profiles"), "a table")
        for table in profiles.values():
            if not isinstance(table, dict):
                hint = "a profile begins with a line like [profiles.staging]"
                raise wrong_type(table, f"{self.locate('profiles')}: a profile", "a table", hint=hint)
        default = self.document.get("default_profile", "")
        if not isinstance(default, str):
            raise wrong_type(default, self.locate("default_profile"), "text")
        if SANDBOX in profiles:
            reserved = "that name is reserved for the built-in sandbox; rename it"
            self.warnings.append(f"the profile {SANDBOX} in {self.path} is never used: {reserved}")
        self.warnings += unknown_keys(self.document, _TOP_KEYS, self.locate)

    @property
    def default_profile(self) -> str | None:
        """The profile to use when none is named, or None."""
        return self.document.get("default_profile") or None

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of the profiles, in the order of the file."""
        return tuple(name for name in self.document.get("profiles", {}) if name != SANDBOX)

    def table(self, name: str) -> Mapping[str, Json]:
        """Return the table of one profile, unchecked; raise ConfigError if there is no such profile."""
        if name not in self.profiles:
            raise self.unknown_profile(name)
        table: Mapping[str, Json] = self.document["profiles"][name]
        return table

    def profile(self, name: str) -> Profile:
        """Return one profile, checked; raise ConfigError if it has an invalid value, or there is no such profile."""
        return read_profile(name, self.table(name), lambda key: self.locate(key, name))

    def unknown_profile(self, name: str, origin: str = "") -> ConfigError:
        """Return the error for a missing profile; `origin` is what named it, if that was not the command line."""
        from integrations_cli.catalogue.suggest import nearest

        near = nearest(name, [*self.profiles, SANDBOX])
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif self.profiles:
            hint = f"available: {', '.join(self.profiles)}; integrations profiles add NAME creates another"
        else:
            hint = "integrations profiles add NAME creates one; --sandbox needs none"
        source = f" (from {origin})" if origin else ""
        return ConfigError(f"there is no profile {name!r}{source} in {self.path}", hint=hint)

    def locate(self, key: str, profile: str | None = None) -> str:
        """Return the place of `key` for a message: `/…/config.toml, line 4, column 1: timeout of profile staging`."""
        from integrations_cli.inputs.line_numbers import find_keys, first_lines

        path = (key,) if profile is None else ("profiles", profile, key)
        owner = "" if profile is None else f" of profile {profile}"
        line = first_lines(find_keys(self.text, "toml")).get(path)
        if line is None:
            return f"{self.path}: {key}{owner}"
        column = max(self.text.split("\n")[line - 1].find(key), 0) + 1
        return f"{self.path}, line {line}, column {column}: {key}{owner}"

    def add_profile(self, name: str, table: Mapping[str, Json], *, make_default: bool, replace: bool = False) -> None:
        """Add a profile, unless its name is invalid or taken. Replacing one keeps the keys that we do not know."""
        _check_name(name)
        profiles = self.document.setdefault("profiles", {})
        if name in profiles and not replace:
            hint = "choose another name, or replace it with --force"
            raise ConfigError(f"profile {name} already exists in {self.path}", hint=hint)
        kept = {key: value for key, value in profiles.get(name, {}).items() if key not in PROFILE_KEYS}
        profiles[name] = {**table, **kept}
        if make_default:
            self.document["default_profile"] = name

    def remove_profile(self, name: str) -> None:
        """Remove a profile, and `default_profile` if it names it; raise ConfigError if there is no such profile."""
        self.table(name)
        del self.document["profiles"][name]
        if self.document.get("default_profile") == name:
            del self.document["default_profile"]

    def use(self, name: str) -> None:
        """Make a profile or the sandbox the default; raise ConfigError if there is no such profile."""
        if name != SANDBOX:
            self.table(name)
        self.document["default_profile"] = name


def edit_config(path: Path, change: Callable[[ConfigFile], None], *, timeout: float = 10.0) -> tuple[str, ...]:
    """Read the file, call `change`, and save it atomically and under a lock; return notes for the user.

    Only the owner can read the new file. Missing folders are made. A symbolic link stays one: its target is replaced.
    A file whose comments are lost is kept as `….bak`. Another process may hold the lock for `timeout` seconds.

    Raises:
        ConfigError: The file is broken, belongs to another user or cannot be saved; it is unchanged. Or `change` fails.
    """
    from integrations_cli.settings.atomic_write import file_lock, replace_file

    notes: tuple[str, ...] = ()
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_private(target.parent)
        with file_lock(target, timeout=timeout):
            _check_replaceable(target)
            file = ConfigFile.load(target)
            file.path = path
            before = _dump(file.document)
            change(file)
            content = _dump(file.document)
            if content == before:
                return notes
            if has_comments(file.text):
                backup = target.with_name(f"{target.name}.bak")
                replace_file(backup, file.content)
                notes = (f"comments in {path} were removed; the previous file is {backup}",)
            replace_file(target, content)
    except OSError as error:
        raise _save_error(path, error) from None
    return notes


def _check_name(name: str) -> None:
    if name.lower() == SANDBOX:
        message = f"the profile name {SANDBOX} is reserved for the built-in sandbox"
        raise ConfigError(message, hint="choose another name")
    if not re.fullmatch(_NAME, name):
        raise ConfigError(
            "a profile name consists of letters, digits, dots, underscores and hyphens, starts with a letter or digit, "
            "and has at most 64 characters"
        )


def _make_private(folder: Path) -> None:
    """Remove other users' access to the program's own folder."""
    if os.name == "posix" and folder.name == APPLICATION:
        status = folder.stat()
        if status.st_uid == os.getuid() and status.st_mode & 0o077:
            folder.chmod(0o700)


def has_comments(text: str) -> bool:
    """Return whether a valid TOML text has a comment; saving would lose it."""
    return any(found["comment"] for found in re.finditer(rf"(?s){STRING}|(?P<comment>\#)", text))


def _permission_warnings(path: Path, mode: int) -> list[str]:
    if os.name != "posix" or not stat.S_ISREG(mode) or not mode & 0o077:
        return []
    import shlex

    access = "change" if mode & 0o022 else "read" if mode & 0o044 else "run"
    return [f"other users of this machine can {access} {path}; run: chmod 600 {shlex.quote(str(path))}"]


def _check_replaceable(target: Path) -> None:
    """Refuse devices and files of other users: the new file would be a regular one of this user."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{target} is not a regular file, so settings cannot be saved in it")
    if os.name == "posix" and status.st_uid != os.geteuid():
        message = f"{target} belongs to another user, and saving would change its owner; nothing was changed"
        hint = "run the command as that user, or set INTEGRATIONS_CONFIG to a file of your own"
        raise ConfigError(message, hint=hint)


def _dump(document: dict[str, Json]) -> bytes:
    import tomli_w

    try:
        return tomli_w.dumps(document).encode()
    except UnicodeEncodeError:
        raise ConfigError("a value of the profile is not valid Unicode text", hint="give it as UTF-8") from None


def _save_error(path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or type(error).__name__
    hint = "set INTEGRATIONS_CONFIG to use another file"
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        hint = "free some disk space and try again"
    elif isinstance(error, TimeoutError):
        hint = "try again when it has finished"
    return ConfigError(f"cannot save {path}: {reason[:1].lower()}{reason[1:]}; nothing was changed", hint=hint)
