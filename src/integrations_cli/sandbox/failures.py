"""What can go wrong around the sandbox that is not an answer of its API."""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """The database file is damaged, foreign, locked or cannot be written.

    `message` says what happened in one line, `hint` what to do in another.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DamagedError(StoreError):
    """The file seems to be a sandbox's but cannot be read; a reset may replace it."""


def damaged(path: Path) -> DamagedError:
    """The error that says so."""
    return DamagedError(f"the sandbox's database {path} is damaged", "`integrations sandbox reset` starts a new one")
