"""Answers that say no: a status and a message, raised where the request turns out to be wrong."""

from __future__ import annotations

from typing import Any, Final

_ERRORS: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Entity",
}

CONTACT_SUPPORT: Final = "Internal server error, contact support and provide them with the errorId"


class ApiError(Exception):
    """An answer other than success.

    `message` is a text, a list of them for validation errors, or an object when a 500 is repeated. `named` adds the
    status in words as `error`, which a 500, a 429 and a bare 401 do not have. `headers` go out with the answer.
    """

    def __init__(
        self,
        status: int,
        message: Any,
        *,
        named: bool = True,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error = _ERRORS.get(status) if named else None
        self.headers = headers


def internal_error() -> ApiError:
    """The 500 that servers answer to whatever they did not foresee; its `errorId` is made when it is sent."""
    return ApiError(500, CONTACT_SUPPORT)
