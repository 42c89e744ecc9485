"""Saves a file as a whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

STALE = 30.0
"""Seconds after which a claim by name counts as left behind by a process that was killed."""

PAUSE = 0.02
"""Seconds between two attempts to become the one writer."""

_UNSUPPORTED = {
    getattr(errno, name) for name in ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL") if hasattr(errno, name)
}
"""What a file system answers that knows no locks (some network and user-space ones)."""


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` into the file `path`, readable by its owner alone.

    A new file beside it is written, flushed to the disk and renamed over `path`: at every moment `path` is the old
    file or the new one. Raises OSError; then `path` is untouched and no new file is left.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(beside, flags, 0o600)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut; where folders cannot be opened (Windows), it does so anyway."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def file_lock(path: Path, *, patience: float = 10.0, wait: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Be the only process that saves `path` while the block runs; what killed writers left beside it is removed.

    Waits up to about `patience` seconds, then raises TimeoutError. The lock is a file beside `path` that stays there,
    empty: to remove it would let two processes hold locks on two files of the same name.
    """
    lock = path.with_name(f".{path.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        left = patience
        while (release := _claim(handle, lock)) is None:
            if left <= 0:
                raise TimeoutError(errno.ETIMEDOUT, f"another process has been saving it for {patience:g} s", str(path))
            wait(PAUSE)
            left -= PAUSE
        try:
            _sweep(path)
            yield
        finally:
            release()
    finally:
        with contextlib.suppress(OSError):  # what was to be saved is saved
            os.close(handle)


def _claim(handle: int, lock: Path) -> Callable[[], None] | None:
    """Become the one writer and return how to stop being it, or None while somebody else is."""
    try:
        return _claim_file(handle)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    return _claim_name(lock)


def _claim_file(handle: int) -> Callable[[], None] | None:
    """Lock the open file, or None while somebody else has it. Closing it lets go of it, and so does death."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return None
        return _nothing
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return _nothing


def _nothing() -> None:
    """What there is to do to let go of a lock that goes with its file."""


def _claim_name(lock: Path) -> Callable[[], None] | None:
    """Lock by making a folder, for file systems without locks, or None while it is there and not stale."""
    folder = lock.with_suffix(".claimed")
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE:
                folder.rmdir()
        return None

    def release() -> None:
        with contextlib.suppress(OSError):
            folder.rmdir()

    return release


def _sweep(path: Path) -> None:
    """Remove the unfinished files of writers that were killed; called by the one process that may write now."""
    import re

    ours = re.compile(rf"\.{re.escape(path.name)}(\.bak)?\.\d+-[0-9a-f]{{8}}\.tmp")
    for other in path.parent.iterdir():
        if ours.fullmatch(other.name):
            with contextlib.suppress(OSError):
                other.unlink()
