"""The errors that a user can see, and their exit codes.

A command raises one of them; `cli` prints its message and hint, and returns its exit code.
The first paragraph of each class is the meaning of its exit code in the manual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

SHOWN = 20  # findings that a message joins; a large manifest can have thousands


class IntegrationsError(Exception):
    """Some items failed, a prompt was declined, or another error without an exit code of its own."""

    exit_code: ClassVar[int] = 1
    type: ClassVar[str] = "failed"

    def __init_subclass__(cls, exit_code: int | None = None, error_type: str | None = None) -> None:
        cls.exit_code = exit_code or cls.exit_code
        cls.type = error_type or cls.type

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        status: int | None = None,
        details: Sequence[str] = (),
        error_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Say what happened (`message`) and what to do (`hint`), one line each.

        `status` is the HTTP status, `details` are the findings that `message` joins, `error_id` is the server's id of
        the error, and `idempotency_key` is the key that a safe repetition sends.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        self.details = tuple(details)
        self.error_id = error_id
        self.idempotency_key = idempotency_key


class UsageError(IntegrationsError, exit_code=2, error_type="usage"):
    """The command line is not valid."""


class InputError(IntegrationsError, exit_code=2, error_type="invalid_input"):
    """A file or a value is not valid."""

    @classmethod
    def of(cls, findings: Sequence[str], *, hint: str | None = None) -> Self:
        """Return one error for all findings about an input; its message joins the first ones."""
        shown = [*findings[:SHOWN], f"and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else findings
        return cls("; ".join(shown), hint=hint, details=findings)


class ConfigError(IntegrationsError, exit_code=3, error_type="config"):
    """The settings or the chosen profile cannot be used."""


class AuthError(IntegrationsError, exit_code=4, error_type="auth"):
    """There is no API key, or the server refused it (401, 403)."""


class NotFoundError(IntegrationsError, exit_code=5, error_type="not_found"):
    """The integration or the provider does not exist (404, an unknown REF)."""


class ConflictError(IntegrationsError, exit_code=6, error_type="conflict"):
    """It exists already."""


class RejectedError(IntegrationsError, exit_code=7, error_type="rejected"):
    """The server refused the request (400, 402, 413, 422 and other 4xx)."""


class UnavailableError(IntegrationsError, exit_code=8, error_type="unavailable"):
    """The network or the server is unavailable (TLS included; 429 and 5xx after the last attempt).
    After a create: the integration is not there now.
    """


class PendingError(IntegrationsError, exit_code=9, error_type="pending"):
    """There are differences, and --exit-code was given."""


class UnknownOutcomeError(IntegrationsError, exit_code=10, error_type="unknown_outcome"):
    """A request was sent, and its outcome could not be determined."""


class CancelledError(IntegrationsError, exit_code=130, error_type="interrupted"):
    """Ctrl-C, SIGTERM, or the end of input at a prompt."""
