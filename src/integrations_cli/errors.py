"""The errors that a user can see, and their exit codes.

    IntegrationsError        1  failed           some items failed, a prompt was declined, anything else
    ├── UsageError           2  usage            the command line
    ├── InputError           2  invalid_input    a file or a value
    ├── ConfigError          3  config           settings or a profile
    ├── AuthError            4  auth             no API key, 401, 403
    ├── NotFoundError        5  not_found        404, an unknown REF
    ├── ConflictError        6  conflict         exists already
    ├── RejectedError        7  rejected         400, 402, 413, 422 and other 4xx
    ├── UnavailableError     8  unavailable      network, TLS, 429 and 5xx after the last attempt
    ├── PendingError         9  pending          there are differences
    ├── UnknownOutcomeError 10  unknown_outcome  sent, and the outcome could not be determined
    └── CancelledError     130  interrupted      Ctrl-C, SIGTERM

A command raises one of them; `cli` prints its message and hint, and returns its exit code.
The first paragraph of each class is the meaning of its exit code in the manual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

SHOWN = 20
"""How many findings a message joins; a large manifest can have thousands."""


class IntegrationsError(Exception):
    """Some items failed, a prompt was declined, or another error without an exit code of its own."""

    exit_code: ClassVar[int] = 1
    type: ClassVar[str] = "failed"

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


class UsageError(IntegrationsError):
    """The command line is not valid."""

    exit_code = 2
    type = "usage"


class InputError(IntegrationsError):
    """A file or a value is not valid."""

    exit_code = 2
    type = "invalid_input"

    @classmethod
    def of(cls, findings: Sequence[str], *, hint: str | None = None) -> Self:
        """Return one error for all findings about an input; its message joins the first ones."""
        shown = [*findings[:SHOWN], f"and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else findings
        return cls("; ".join(shown), hint=hint, details=findings)


class ConfigError(IntegrationsError):
    """The settings or the chosen profile cannot be used."""

    exit_code = 3
    type = "config"


class AuthError(IntegrationsError):
    """There is no API key, or the server refused it (401, 403)."""

    exit_code = 4
    type = "auth"


class NotFoundError(IntegrationsError):
    """The integration or the provider does not exist (404, an unknown REF)."""

    exit_code = 5
    type = "not_found"


class ConflictError(IntegrationsError):
    """It exists already."""

    exit_code = 6
    type = "conflict"


class RejectedError(IntegrationsError):
    """The server refused the request (400, 402, 413, 422 and other 4xx)."""

    exit_code = 7
    type = "rejected"


class UnavailableError(IntegrationsError):
    """The network or the server is unavailable (TLS included; 429 and 5xx after the last attempt).
    After a create: the integration is not there now.
    """

    exit_code = 8
    type = "unavailable"


class PendingError(IntegrationsError):
    """There are differences, and --exit-code was given."""

    exit_code = 9
    type = "pending"


class UnknownOutcomeError(IntegrationsError):
    """A request was sent, and its outcome could not be determined."""

    exit_code = 10
    type = "unknown_outcome"


class CancelledError(IntegrationsError):
    """Ctrl-C, SIGTERM, or the end of input at a prompt."""

    exit_code = 130
    type = "interrupted"
