"""What can go wrong around the sandbox that is not an answer of its API: the file, the folder, the socket."""

from __future__ import annotations

from pathlib import Path


class SandboxError(Exception):
    """The sandbox cannot do its work: what happened in one line (`message`), what to do in another (`hint`)."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class StoreError(SandboxError):
    """The database file is damaged, foreign, locked or cannot be written."""


class DamagedError(StoreError):
    """The file seems to be a sandbox's but cannot be read; a reset may replace it."""


class ServeError(SandboxError):
    """The socket cannot be opened."""


def damaged(path: Path) -> DamagedError:
    """The error that says so."""
    return DamagedError(f"the sandbox's database {path} is damaged", "`integrations sandbox reset` starts a new one")
