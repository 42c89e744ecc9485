"""The file `config.toml`: where it is, what it says, and how it is changed without losing anything."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from integrations_cli.errors import ConfigError
from integrations_cli.inputs.decode import (
    FILE_LIMITS,
    STRING,
    DecodeError,
    decode_utf8,
    load_toml,
    read_bytes,
    type_name,
)
from integrations_cli.models import Json

from .profile import (
    PROFILE_KEYS,
    SANDBOX,
    Profile,
    check_name,
    read_profile,
    unknown_keys,
)

APPLICATION: Final = "integrations-cli"
"""The name of the folders that the system gives us."""

LARGEST: Final = 1024 * 1024
"""Bytes. A file beyond it is not our settings."""

_TOP_KEYS: Final = ("default_profile", "profiles")


def config_path(environ: Mapping[str, str]) -> Path:
    """Where the settings are: `INTEGRATIONS_CONFIG`, or `config.toml` in the system's folder for configuration."""
    named = environ.get("INTEGRATIONS_CONFIG")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path(APPLICATION, appauthor=False) / "config.toml"


class ConfigFile:
    """What a `config.toml` says. A file that is not there, or is empty, says nothing.

    `document` is the whole file, unknown keys included; `content` is what it was read from; `warnings` is what a user
    should know about it.
    """

    def __init__(
        self, path: Path, content: bytes = b"", text: str = "", document: Mapping[str, Json] | None = None
    ) -> None:
        self.path = path
        self.content = content
        self.text = text
        self.document: dict[str, Json] = dict(document or {})
        self.warnings: list[str] = []

    @classmethod
    def load(cls, path: Path) -> ConfigFile:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or is not TOML of the right shape; the message has path, line and column.
        """
        try:
            mode = _mode(path)
        except (FileNotFoundError, NotADirectoryError):
            return cls(path)
        except (OSError, ValueError):
            mode = None  # reading it says why
        try:
            content = read_bytes(path, LARGEST)
            text = decode_utf8(content)
            document = load_toml(text, FILE_LIMITS) if text.strip() else {}
        except DecodeError as error:
            where = f"{path}, line {error.line}, column {error.column}" if error.line else str(path)
            raise ConfigError(
                f"{where}: {error.reason}",
                hint=error.hint or "correct the file, or move it away; it is never overwritten while it is broken",
            ) from None
        file = cls(path, content, text, document)
        if mode is not None and document:
            file.warnings.extend(_permission_warnings(path, mode))
        file.check_shape()
        return file

    def check_shape(self) -> None:
        """Hold the outer tables to their types; what a profile says is checked when it is used."""
        profiles = self.document.get("profiles", {})
        if not isinstance(profiles, dict):
            raise ConfigError(f"{self.locate('profiles')} must be a table, not {type_name(profiles)}")
        for table in profiles.values():
            if not isinstance(table, dict):
                raise ConfigError(
                    f"{self.locate('profiles')}: a profile must be a table, not {type_name(table)}",
                    hint="a profile begins with a line like [profiles.staging]",
                )
        default = self.document.get("default_profile", "")
        if not isinstance(default, str):
            raise ConfigError(f"{self.locate('default_profile')} must be a text, not {type_name(default)}")
        if SANDBOX in profiles:
            self.warnings.append(
                f"{self.path} has a profile called {SANDBOX}, which is never used: the name belongs to the built-in "
                "sandbox; give it another name"
            )
        self.warnings.extend(unknown_keys(self.document, _TOP_KEYS, self.locate))

    @property
    def default_profile(self) -> str | None:
        """The profile that is used when none is named, or None."""
        name: str = self.document.get("default_profile", "")
        return name or None

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of the user's profiles, in the order of the file."""
        return tuple(name for name in self.document.get("profiles", {}) if name != SANDBOX)

    def table(self, name: str) -> Mapping[str, Json]:
        """What the file says of one profile.

        Raises:
            ConfigError: There is no such profile; the nearest names are given.
        """
        if name not in self.profiles:
            raise self.unknown(name)
        table: Mapping[str, Json] = self.document["profiles"][name]
        return table

    def profile(self, name: str) -> Profile:
        """One profile, checked.

        Raises:
            ConfigError: There is no such profile, or something in it is wrong.
        """
        return read_profile(name, self.table(name), lambda key: self.locate(key, name))

    def unknown(self, name: str, said: str = "") -> ConfigError:
        """The error for a profile that is not there; `said` is who named it, unless the user just did."""
        from integrations_cli.catalogue.suggest import nearest

        near = nearest(name, [*self.profiles, SANDBOX])
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif self.profiles:
            hint = f"there are: {', '.join(self.profiles)}; integrations profiles add makes another"
        else:
            hint = "integrations profiles add NAME makes one; --sandbox needs none"
        by = f", which {said} names" if said else ""
        return ConfigError(f"there is no profile {name!r}{by} in {self.path}", hint=hint)

    def locate(self, key: str, profile: str | None = None) -> str:
        """Where `key` stands, for a message: `/…/config.toml, line 4, column 1: timeout of profile staging`."""
        from integrations_cli.inputs.line_numbers import find_keys, first_lines

        path = (key,) if profile is None else ("profiles", profile, key)
        owner = "" if profile is None else f" of profile {profile}"
        line = first_lines(find_keys(self.text, "toml")).get(path)
        if line is None:
            return f"{self.path}: {key}{owner}"
        column = max(self.text.split("\n")[line - 1].find(key), 0) + 1
        return f"{self.path}, line {line}, column {column}: {key}{owner}"

    # Changes, for `edit`.

    def add_profile(self, name: str, table: Mapping[str, Json], *, make_default: bool, replace: bool = False) -> None:
        """Put a profile into the file; keys of an older one of this name that we do not know are kept.

        Raises:
            ConfigError: The name cannot be used, or is taken and `replace` is false.
        """
        check_name(name)
        profiles = self.document.setdefault("profiles", {})
        if name in profiles and not replace:
            raise ConfigError(
                f"there is a profile {name} already in {self.path}", hint="--force replaces it; or choose another name"
            )
        kept = {key: value for key, value in profiles.get(name, {}).items() if key not in PROFILE_KEYS}
        profiles[name] = {**table, **kept}
        if make_default:
            self.document["default_profile"] = name

    def remove_profile(self, name: str) -> None:
        """Take a profile out of the file, and with it the mark of being the default.

        Raises:
            ConfigError: There is no such profile.
        """
        self.table(name)
        del self.document["profiles"][name]
        if self.document.get("default_profile") == name:
            del self.document["default_profile"]

    def use(self, name: str) -> None:
        """Make a profile, or the sandbox, the default.

        Raises:
            ConfigError: There is no such profile.
        """
        if name != SANDBOX:
            self.table(name)
        self.document["default_profile"] = name


def edit_config(path: Path, change: Callable[[ConfigFile], None], *, patience: float = 10.0) -> tuple[str, ...]:
    """Read the file, let `change` change it, and save it, as the only process that does; returns what to tell the user.

    The file is saved as a whole or not at all, readable by its owner alone; a folder that is missing is made. A
    symbolic link stays one: the file that it points to is replaced. Where comments are lost by it, the file before is
    left beside it as `….bak`. Another process that is saving is waited for, about `patience` seconds.

    Raises:
        ConfigError: The file is broken, is not ours or cannot be saved; it is as it was. Or what `change` raises.
    """
    from integrations_cli.settings.atomic_write import file_lock, replace_file

    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close_folder(target.parent)
        with file_lock(target, patience=patience):
            _check_ours(target)
            file = ConfigFile.load(target)
            file.path = path
            before = _dump(file.document)
            change(file)
            content = _dump(file.document)
            if content == before:
                return ()
            notes: list[str] = []
            if has_comments(file.text):
                backup = target.with_name(f"{target.name}.bak")
                replace_file(backup, file.content)
                notes.append(f"the comments in {path} are lost; the file as it was is {backup}")
            replace_file(target, content)
    except OSError as error:
        raise _not_saved(path, error) from None
    return tuple(notes)


def _close_folder(folder: Path) -> None:
    """Keep others out of the program's own folder, should it have been made with other rights before."""
    if os.name == "posix" and folder.name == APPLICATION:
        status = folder.stat()
        if status.st_uid == os.getuid() and status.st_mode & 0o077:
            folder.chmod(0o700)


def has_comments(text: str) -> bool:
    """Whether a valid TOML text has a comment, which reading and writing it loses."""
    return any(found["comment"] for found in re.finditer(rf"(?s){STRING}|(?P<comment>\#)", text))


def _mode(path: Path) -> int | None:
    """Return the permissions of a regular file, where the system has them."""
    status = path.stat()
    return stat.S_IMODE(status.st_mode) if os.name == "posix" and stat.S_ISREG(status.st_mode) else None


def _permission_warnings(path: Path, mode: int) -> list[str]:
    if not mode & 0o077:
        return []
    import shlex

    what = "change" if mode & 0o022 else "read" if mode & 0o044 else "run"
    return [f"other users of this machine can {what} {path}; close it to them with: chmod 600 {shlex.quote(str(path))}"]


def _check_ours(target: Path) -> None:
    """Refuse to replace what is not a file of this user's: a new file would be another's, or no device any more."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{target} is not a file that settings can be saved in")
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise ConfigError(
            f"{target} belongs to another user, and saving would take it away from them; it is as it was",
            hint="run the command as that user, or name a file of your own in INTEGRATIONS_CONFIG",
        )


def _dump(document: dict[str, Json]) -> bytes:
    import tomli_w

    try:
        return tomli_w.dumps(document).encode()
    except UnicodeEncodeError:
        raise ConfigError("a value of the profile is not valid Unicode text", hint="give it as UTF-8") from None


def _not_saved(path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or type(error).__name__
    hint = "INTEGRATIONS_CONFIG can name another file"
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        hint = "make room on the disk and try again"
    elif isinstance(error, TimeoutError):
        hint = "try again when it is done"
    return ConfigError(f"cannot save {path}: {reason[:1].lower()}{reason[1:]}; nothing was changed", hint=hint)
