"""The errors of the sandbox: error responses of its API, and failures of its database file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

_REASONS: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Entity",
}


class ApiError(Exception):
    """An error response.

    `message` is a string, a list of strings for validation errors, or an object when a 500 is repeated. `with_reason`
    adds the status in words as `error`; a 500, a 429 and some 401 have none. `headers` are added to the response.
    """

    def __init__(
        self, status: int, message: Any, *, with_reason: bool = True, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = _REASONS.get(status) if with_reason else None
        self.headers = headers


def internal_error() -> ApiError:
    """Return the 500 that servers send for everything they do not expect."""
    return ApiError(500, "Internal server error, contact support and provide them with the errorId")


class StoreError(Exception):
    """The database file is damaged, is not a sandbox's, is locked, or cannot be written.

    `message` says what happened, `hint` what to do; both are one line.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DamagedError(StoreError):
    """The file cannot be read, or its content makes no sense; `sandbox reset` may replace it."""

    def __init__(self, path: Path) -> None:
        hint = "`integrations sandbox reset` replaces it with a new one"
        super().__init__(f"the sandbox's database {path} is damaged", hint)
