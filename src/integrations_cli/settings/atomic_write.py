"""Replace a file atomically, one writer at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

STALE = 30.0
"""Seconds after which a lock folder counts as left behind by a process that was killed."""

INTERVAL = 0.02
"""Seconds between two attempts to get the lock."""

_LOCKED = PermissionError if os.name == "nt" else BlockingIOError
"""What locking raises while another process has the lock."""

_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
"""The errors of file systems without locks (some network and user-space ones)."""


def replace_file(path: Path, content: bytes) -> None:
    """Replace `path` with a new file that holds `content` and that only its owner can read.

    The new file is written beside it, flushed to the disk and renamed: at every moment `path` is the old file or the
    new one. Raises OSError; then `path` is unchanged, and the new file is removed.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(new, flags, 0o600)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        new.replace(path)
    except BaseException:
        _ignore_errors(new.unlink)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Flush a rename to the disk. Windows cannot open folders, and does not need it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def file_lock(path: Path, *, timeout: float = 10.0, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Hold the lock for writing `path`, and remove the unfinished files of writers that were killed.

    Raises TimeoutError after about `timeout` seconds. The lock is an empty file beside `path`. It is never removed:
    otherwise two processes could hold locks on two files of the same name.
    """
    lock = path.with_name(f".{path.name}.lock")
    with contextlib.ExitStack() as stack:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        stack.callback(_ignore_errors, os.close, handle)  # the content has been written by then
        left = timeout
        while not _try_lock(handle, lock.with_suffix(".claimed"), stack):
            if left <= 0:
                raise TimeoutError(errno.ETIMEDOUT, f"another process has locked it for {timeout:g} s", str(path))
            sleep(INTERVAL)
            left -= INTERVAL
        _remove_unfinished(path)
        yield


def _try_lock(handle: int, folder: Path, stack: contextlib.ExitStack) -> bool:
    """Lock the open file, or `folder` where the file system has no locks; return False while another process has it.

    Closing the file releases its lock, and so does the end of the process; the stack removes the folder.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except _LOCKED:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return _try_make_folder(folder, stack)
    return True


def _try_make_folder(folder: Path, stack: contextlib.ExitStack) -> bool:
    """Make the folder that stands for a lock; a stale one is removed for the next attempt."""
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE:
                folder.rmdir()
        return False
    stack.callback(_ignore_errors, folder.rmdir)
    return True


def _remove_unfinished(path: Path) -> None:
    """Remove the temporary files of writers that were killed. Only the holder of the lock may do this."""
    temporary = re.compile(rf"\.{re.escape(path.name)}(\.bak)?\.\d+-[0-9a-f]{{8}}\.tmp")
    for other in path.parent.iterdir():
        if temporary.fullmatch(other.name):
            _ignore_errors(other.unlink)


def _ignore_errors(action: Callable[..., None], *arguments: int) -> None:
    with contextlib.suppress(OSError):
        action(*arguments)
