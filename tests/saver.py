"""A program that saves settings, for tests that kill it, race it or run it as another user.

    saver.py add PATH PREFIX COUNT    adds that many profiles, one save each
    saver.py add-as UID PATH NAME     adds one as another user (started by root)
    saver.py kill FOLDER              kills savers before and after each of their system calls; prints the figures

Errors of the settings are printed as one line, and the exit code is theirs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from integrations_cli.errors import ConfigError
from integrations_cli.settings.config_file import ConfigFile, edit_config

PLAIN = b'default_profile = "a"\nunknown = 1\n\n[profiles.a]\napi_key = "key-of-a"\ncolour = "red"\n'
COMMENTED = b"# mine\r\n" + PLAIN.replace(b"\n", b"\r\n")
LARGE = PLAIN + b"".join(b'[profiles.p%d]\napi_key = "%s"\n' % (number, b"k" * 900) for number in range(40))
TABLE = {"api_key": "key-of-new"}


def add(file: ConfigFile) -> None:
    file.add_profile("new", TABLE, make_default=True)


def use(file: ConfigFile) -> None:
    file.use("sandbox")


def remove(file: ConfigFile) -> None:
    file.remove_profile("a")


CASES: list[tuple[bytes | None, Callable[[ConfigFile], None], bool, bool]] = [
    # the file before, the change, whether it is a symbolic link, whether a killed process left a temporary file
    (None, add, False, False),
    (None, add, True, False),
    (PLAIN, add, False, False),
    (PLAIN, use, False, True),
    (PLAIN, remove, True, False),
    (COMMENTED, add, False, False),
    (COMMENTED, use, True, True),
    (COMMENTED, remove, False, False),
    (LARGE, add, False, False),
]


def prepare(folder: Path, start: bytes | None, *, linked: bool, with_leftovers: bool) -> tuple[Path, Path]:
    """Make a settings folder; return the path of the file, and the target if it is a link."""
    path = target = folder / "conf" / "config.toml"
    if linked:
        target = folder / "real" / "settings.toml"
    for parent in {path.parent, target.parent}:
        parent.mkdir(parents=True)
    if linked:
        path.symlink_to(target)
    if start is not None:
        target.write_bytes(start)
    if with_leftovers:
        (target.parent / f".{target.name}.99-0123abcd.tmp").write_bytes(b"half of a fi")
    return path, target


def save_until(path: Path, change: Callable[[ConfigFile], None], stop_at: int) -> int:
    """Save in a child process that kills itself before or after its `stop_at`-th system call."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    steps = 0

    def profile(_frame: Any, event: str, argument: Any) -> None:
        nonlocal steps
        if event in {"c_call", "c_return"} and getattr(argument, "__module__", None) in {"posix", "fcntl"}:
            steps += 1
            if steps == stop_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(profile)
    edit_config(path, change)
    sys.setprofile(None)
    os._exit(0)


def kill(folder: Path) -> dict[str, int]:
    """Kill a save at every step of every case; the file must be the old or the new one."""
    figures = {"kills": 0, "old": 0, "new": 0}
    for case, (start, change, linked, with_leftovers) in enumerate(CASES):
        path, target = prepare(folder / f"whole{case}", start, linked=linked, with_leftovers=False)
        edit_config(path, change)
        new, stop_at = target.read_bytes(), 0
        while True:
            stop_at += 1
            path, target = prepare(folder / f"{case}-{stop_at}", start, linked=linked, with_leftovers=with_leftovers)
            if save_until(path, change, stop_at) == 0:
                break
            figures["kills"] += 1
            found = target.read_bytes() if target.exists() else None
            assert found in {start, new}, (case, stop_at, found)
            figures["old" if found == start else "new"] += 1
            backup = target.with_name(f"{target.name}.bak")
            assert not backup.exists() or backup.read_bytes() == start, (case, stop_at)
            assert path.is_symlink() == linked
            # The next save works, and removes what the killed one left.
            edit_config(path, lambda file: file.add_profile("after", TABLE, make_default=False))
            assert not list(target.parent.glob(".*.tmp")), (case, stop_at)
            assert "after" in ConfigFile.load(path).profiles
    return figures


def save_elsewhere() -> None:
    """Save once, to load all modules: another user may not be able to read them."""
    with TemporaryDirectory() as folder:
        edit_config(Path(folder) / "config.toml", add)


def main(arguments: list[str]) -> int:
    mode, *rest = arguments
    try:
        if mode == "add":
            path, prefix, count = rest
            for number in range(int(count)):
                name = f"{prefix}{number}"
                edit_config(Path(path), partial(ConfigFile.add_profile, name=name, table=TABLE, make_default=False))
        elif mode == "add-as":
            user, path, name = rest
            save_elsewhere()
            os.setgroups([])
            os.setgid(int(user))
            os.setuid(int(user))
            edit_config(Path(path), lambda file: file.add_profile(name, TABLE, make_default=False))
        elif mode == "kill":
            sys.stdout.write(json.dumps(kill(Path(rest[0]))))
    except ConfigError as error:
        sys.stdout.write(f"{error.message}\n{error.hint}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
