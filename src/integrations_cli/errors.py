"""What can go wrong, and the exit code that says so.

    IntegrationsError        1  failed           anything without a code of its own
    ├── UsageError           2  usage            the command line
    ├── InputError           2  invalid_input    a file or a value
    ├── ConfigError          3  config           settings or a profile
    ├── AuthError            4  auth             no key, 401, 403
    ├── NotFoundError        5  not_found        404, an unknown REF
    ├── ConflictError        6  conflict         409: exists already
    ├── RejectedError        7  rejected         400, 402, 413, 422 and other 4xx
    ├── UnavailableError     8  unavailable      network, TLS, 429 and 5xx after the last try
    ├── PendingError         9  pending          there are differences
    ├── UnknownOutcomeError 10  unknown_outcome  sent, unanswered, not to be found out
    └── CancelledError     130  interrupted      Ctrl-C

Every error carries one line saying what happened and one line saying what to do about it;
a command raises it, and the command line alone turns it into text and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

SHOWN = 20
"""So many findings are joined in a message; a manifest of thousands of entries can have thousands of them."""


class IntegrationsError(Exception):
    """Some items of an apply failed, a question was answered with no, or anything else without a code of its own.

    All failures that the user is told about, in one line with a hint, are of this class.
    """

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
        """Say what happened (`message`) and what to do (`hint`).

        `status` is the HTTP status that the server answered, `details` are the single findings that `message` joins,
        `error_id` is the server's own number for the failure, and `idempotency_key` is what a safe repetition sends.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        self.details = tuple(details)
        self.error_id = error_id
        self.idempotency_key = idempotency_key


class UsageError(IntegrationsError):
    """The command line cannot be understood, or asks for two things that exclude each other."""

    exit_code = 2
    type = "usage"


class InputError(IntegrationsError):
    """A file or a value is not what the command needs; nothing was sent."""

    exit_code = 2
    type = "invalid_input"

    @classmethod
    def of(cls, findings: Sequence[str], *, hint: str | None = None) -> Self:
        """One error for all that is wrong with an input: `findings` are its lines, the message joins the first ones."""
        shown = [*findings[:SHOWN], f"and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else findings
        return cls("; ".join(shown), hint=hint, details=findings)


class ConfigError(IntegrationsError):
    """The settings, or the profile that was chosen, cannot be used."""

    exit_code = 3
    type = "config"


class AuthError(IntegrationsError):
    """There is no API key, or the server does not accept it (401, 403)."""

    exit_code = 4
    type = "auth"


class NotFoundError(IntegrationsError):
    """What was named does not exist (404, or a REF that nothing answers to)."""

    exit_code = 5
    type = "not_found"


class ConflictError(IntegrationsError):
    """It exists already (409 without a `Retry-After`)."""

    exit_code = 6
    type = "conflict"


class RejectedError(IntegrationsError):
    """The server understood the request and refused it (400, 402, 413, 422 and other 4xx)."""

    exit_code = 7
    type = "rejected"


class UnavailableError(IntegrationsError):
    """The network or the server failed after the last try, and nothing was created."""

    exit_code = 8
    type = "unavailable"


class PendingError(IntegrationsError):
    """There are differences, and the caller asked for an exit code that says so."""

    exit_code = 9
    type = "pending"


class UnknownOutcomeError(IntegrationsError):
    """A request was sent, no answer came, and it cannot be found out what became of it."""

    exit_code = 10
    type = "unknown_outcome"


class CancelledError(IntegrationsError):
    """The user pressed Ctrl-C, or ended the input at a prompt."""

    exit_code = 130
    type = "interrupted"
