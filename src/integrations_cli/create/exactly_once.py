"""Creates exactly one integration or none, whatever the network does, and says which.

Every attempt sends the same bytes with the same idempotency key. A server that keeps such keys answers a repeated
attempt with the stored response. On other servers the identifier, generated if none was given, makes the second attempt
fail, and the list of integrations tells whether the first one succeeded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeGuard

from integrations_cli import catalogue
from integrations_cli.api.client import Client, attempts_text, create_body, create_request, integration_from
from integrations_cli.api.responses import UnreadableResponseError, unreadable_error
from integrations_cli.api.retry import (
    Attempts,
    Outcome,
    RetryPolicy,
    is_retryable,
    may_have_succeeded,
    may_still_be_running,
    system_random,
)
from integrations_cli.api.transport.interface import Interrupted, Response, TransportFailure
from integrations_cli.errors import (
    CancelledError,
    ConflictError,
    InputError,
    IntegrationsError,
    UnavailableError,
    UnknownOutcomeError,
)
from integrations_cli.models import Draft, Integration
from integrations_cli.terminal.redaction import Redactor

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# Seconds between the lookups after a lost response: a server finishes what it was doing when a connection broke.
# After a 504 the server behind the gateway was slow, and has more to finish.
SETTLING: Final = (0.5, 1.5)
GATEWAY_SETTLING: Final = (*SETTLING, 3.0, 5.0)

LOOK_UP_TIME: Final = 10.0  # Seconds that a lookup has, even after the deadline.
LOOK_UP_RETRIES: Final = 3  # Retries of a lookup at least, whatever `--retries` says: reading does no harm.
NEVER_STORED: Final = frozenset({401, 429})  # Statuses that a server does not keep under the idempotency key.
CLOCK_SLACK: Final = 60.0  # Seconds by which the clocks of a server and of the proxy before it may differ.

REPLAYED: Final = (
    "this is the stored response to an earlier request with this idempotency key: fix the cause, and use another key"
)
STORED: Final = "the server keeps this response under the idempotency key: fix the cause, and use another key"
REFUSED_CHECK: Final = "with --check a server answers 500 if the provider rejects the credentials: see --no-check"


class PreparedCreate(NamedTuple):
    """What every attempt sends: the draft with its identifier, its body, and the idempotency key.

    `generated` says that the identifier was generated here, so that nobody else can have it.
    """

    draft: Draft
    key: str
    body: bytes
    generated: bool

    def __repr__(self) -> str:
        """Return a text without the body, which holds credentials."""
        return f"PreparedCreate({self.identifier!r}, {self.key!r})"

    @property
    def identifier(self) -> str:
        """Return the identifier that every attempt sends."""
        assert self.draft.identifier is not None
        return self.draft.identifier


class CreateResult(NamedTuple):
    """The integration that exists now.

    `replayed`: the server repeated a stored response, so an earlier request had created it. `confirmed`: the response
    was lost, and the integration was found in the list. `idempotency_echoed`: the server keeps idempotency keys.
    """

    integration: Integration
    attempts: int
    replayed: bool = False
    confirmed: bool = False
    idempotency_echoed: bool = False


def prepare_create(
    draft: Draft, idempotency_key: str | None = None, *, random: Callable[[], float] | None = None
) -> PreparedCreate:
    """Make the identifier and the idempotency key that are missing, and the body, once for all attempts."""
    key = _random_text(32, random) if idempotency_key is None else idempotency_key
    if not (key.isascii() and key.isprintable() and key == key.strip() and 0 < len(key) <= 255):
        raise InputError(
            "the idempotency key cannot be sent as a header", hint="use 1 to 255 letters, digits and marks of ASCII"
        )
    generated = not draft.identifier
    if generated:
        draft = draft._replace(identifier=f"{_slug(draft)}-{_random_text(10, random)}")
    return PreparedCreate(draft, key, create_body(draft), generated)


def _random_text(length: int, random: Callable[[], float] | None) -> str:
    random = random or system_random
    return "".join(ALPHABET[int(random() * len(ALPHABET))] for _ in range(length))


def _slug(draft: Draft) -> str:
    """Return the name (or the provider's) in lower-case ASCII, with dashes between the words."""
    import unicodedata

    provider = catalogue.find(draft.provider or "")
    name = draft.name or (provider.name if provider is not None else draft.provider or "")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:40].strip("-") or "integration"


def create_exactly_once(
    api: Client,
    prepared: PreparedCreate,
    *,
    resume: Callable[[], str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> CreateResult:
    """Create the integration, or say that it was not created, or that this cannot be known.

    `resume` returns the command that repeats this create safely: with the same identifier and idempotency key. `tell`
    gets a line when finding out takes longer.

    Raises:
        UnknownOutcomeError: A response was lost, and the lookup does not tell what became of the request.
        UnavailableError: The server could not be reached or did not succeed; the integration is not there.
        CancelledError: Ctrl-C; the message says whether anything can have been created.
        IntegrationsError: The server refused; nothing was created.
    """
    return _Create(api, prepared, resume, tell).run()


class _Create:
    """One create, from the first attempt to its result. What is known follows from the outcomes of the attempts."""

    def __init__(
        self,
        api: Client,
        prepared: PreparedCreate,
        resume: Callable[[], str] | None,
        tell: Callable[[str], None] | None,
    ) -> None:
        self.api = api
        self.prepared = prepared
        self.tell = tell
        self.request = create_request(prepared.body, prepared.key)
        self.attempts = api.attempts()
        self.began = api.clock.now()
        self.outcomes: list[Outcome] = []
        self.errors = _Errors(api, prepared, self.attempts, resume)

    def run(self) -> CreateResult:
        """Send, and look up what the responses leave open."""
        try:
            result = self._send()
            if result is not None:
                return result
            if not self._may_exist():
                raise self.errors.refused(self.outcomes[-1])
            return self._look_up()
        except Interrupted as stop:
            raise self._interrupted(sent=stop.sent) from None
        except KeyboardInterrupt:
            # An attempt that has begun and has no outcome may have been sent.
            raise self._interrupted(sent=self.attempts.made > len(self.outcomes)) from None

    def _send(self) -> CreateResult | None:
        """Send until a response decides, or no attempt is left; None if it was no success."""
        while True:
            outcome = self.api.attempt(self.request, self.attempts.next_timeout())
            self.outcomes.append(outcome)
            wait = self.attempts.wait_after(outcome) if is_retryable(outcome) else None
            self.api.report(self.request, self.attempts.made, outcome, wait)
            if wait is None:
                return self._success(outcome)
            self.attempts.pause(wait)

    def _success(self, outcome: Outcome) -> CreateResult | None:
        """Return the result of a success.

        Another identifier than the one sent is the server's own choice: the response belongs to our request, since a
        connection with unread data is never used again.
        """
        if not _is_success(outcome):
            return None
        try:
            integration = integration_from(outcome)
        except UnreadableResponseError:
            return None
        return CreateResult(
            integration,
            self.attempts.made,
            replayed=_is_replay(outcome),
            idempotency_echoed=_echoes(outcome, self.prepared.key),
        )

    def _may_exist(self) -> bool:
        """Return whether some attempt may have created it, or may do so yet."""
        stored = self._stored_response()
        if stored is not None and 400 <= stored.status < 500 and stored.status != 409:
            return False  # the first attempt that arrived got this refusal
        return any(may_have_succeeded(outcome) or _is_success(outcome) for outcome in self.outcomes)

    def _may_still_be_running(self) -> bool:
        """Return whether the server may still be working on some attempt."""
        return self._stored_response() is None and any(map(may_still_be_running, self.outcomes))

    def _stored_response(self) -> Response | None:
        """Return the last response if the server keeps it under our idempotency key.

        Every other request with this key gets the same one, also one that is still on its way.
        """
        last = self.outcomes[-1] if self.outcomes else None
        if not isinstance(last, Response) or may_still_be_running(last):
            return None
        return last if _is_stored(last, self.prepared.key) else None

    def _look_up(self) -> CreateResult:
        """Find out from the list whether one of the attempts has created it."""
        last = self.outcomes[-1]
        patient = self._may_still_be_running()
        if patient and self.tell is not None and self.attempts.remaining > 0:
            seconds = f"{self.attempts.remaining:.0f} s"
            self.tell(f"the server may still be working: looking for {self.prepared.identifier} for up to {seconds}")
        for pause in self._pauses(patient=patient):
            self.attempts.pause(pause)
            try:
                found = self._find()
            except IntegrationsError as error:
                raise self.errors.unknown(last, f"the lookup failed: {error.message}") from None
            if found is not None:
                return self._confirmed(found)
        if patient:
            raise self.errors.unknown(last, "it is not there, but the server may still be working")
        raise self.errors.not_there(last)

    def _pauses(self, *, patient: bool) -> Iterator[float]:
        """Yield the seconds before each lookup: a few, or until the deadline while the server may be working."""
        yield 0.0
        if not patient:
            gateway_gave_up = any(isinstance(outcome, Response) and outcome.status == 504 for outcome in self.outcomes)
            yield from GATEWAY_SETTLING if gateway_gave_up else SETTLING
            return
        pause = 1.0
        while (remaining := self.attempts.remaining) > 0:
            yield min(pause, remaining)
            pause = min(pause * 2, self.api.policy.ceiling)

    def _find(self) -> Integration | None:
        """Return the integration with our identifier, if the list has it."""
        policy = RetryPolicy(
            retries=max(self.api.policy.retries, LOOK_UP_RETRIES), total=max(self.attempts.remaining, LOOK_UP_TIME)
        )
        listed = self.api.list(self.prepared.draft.environment_id, policy)
        existing = (integration for integration in listed if integration.raw.get("deleted") is not True)
        return next((one for one in existing if one.identifier == self.prepared.identifier), None)

    def _confirmed(self, found: Integration) -> CreateResult:
        """Return success if what was found is ours; raise ConflictError if it belongs to somebody else."""
        draft = self.prepared.draft
        age = None if self.prepared.generated else self.api.age(found)
        older = age is not None and age > self.api.clock.now() - self.began + CLOCK_SLACK
        if older or found.provider != draft.provider or found.channel != draft.channel:
            raise self.errors.taken(found)
        return CreateResult(found, self.attempts.made, confirmed=True)

    def _interrupted(self, *, sent: bool) -> CancelledError:
        may_exist = sent or self._may_exist()
        was_sent = any(isinstance(one, Response) or one.sent for one in self.outcomes)
        if not (may_exist or was_sent or self.attempts.made > 1):
            return CancelledError("interrupted: nothing was sent")
        return self.errors.interrupted(may_exist=may_exist)


class _Errors(NamedTuple):
    """The errors of a create: each with the idempotency key, and without the credentials that a server repeats."""

    api: Client
    prepared: PreparedCreate
    attempts: Attempts
    resume: Callable[[], str] | None

    def refused(self, last: Outcome) -> IntegrationsError:
        """Return the error of a create of which no attempt can have been carried out."""
        if not isinstance(last, Response) or last.status == 429:
            return self._unavailable(last, "nothing was created")
        error = self._error(last)
        error.idempotency_key = self.prepared.key
        if _is_replay(last):
            error.hint = REPLAYED
        return error

    def not_there(self, last: Outcome) -> IntegrationsError:
        """Return the error after a lookup that found nothing, when nothing can come any more."""
        if isinstance(last, Response) and 400 <= last.status < 500 and last.status not in {409, 429}:
            return self.refused(last)
        return self._unavailable(last, f"{self.prepared.identifier} is not there, nothing was created")

    def unknown(self, last: Outcome, why: str) -> IntegrationsError:
        """Return the error of a create whose outcome cannot be found out."""
        end = f"whether {self.prepared.identifier} was created is not known; {why}"
        return self._failed(UnknownOutcomeError, self._cause(last), end, self._with_command(None))

    def taken(self, found: Integration) -> IntegrationsError:
        """Return the error for an identifier that somebody else's integration has."""
        return ConflictError(
            f"an integration with the identifier {self.prepared.identifier} was there before"
            f" ({found.provider}, {found.channel}): nothing was created",
            hint="choose another identifier; or show the existing one with --if-not-exists",
            status=409,
            idempotency_key=self.prepared.key,
        )

    def interrupted(self, *, may_exist: bool) -> CancelledError:
        """Return the error for Ctrl-C after something was sent."""
        end = f"whether {self.prepared.identifier} was created is not known" if may_exist else "nothing was created"
        return CancelledError(
            f"interrupted ({attempts_text(self.attempts.made)}): {end}",
            hint=self._with_command(None) if may_exist else None,
            idempotency_key=self.prepared.key,
        )

    def _unavailable(self, last: Outcome, end: str) -> IntegrationsError:
        cause = self._cause(last)
        hint = self._with_command(cause.hint)
        if isinstance(last, Response):
            if _is_replay(last):
                hint = REPLAYED
            elif _is_stored(last, self.prepared.key):
                hint = STORED
            if last.status == 500 and self.prepared.draft.check:
                hint = f"{REFUSED_CHECK}; {hint}" if hint else REFUSED_CHECK
        return self._failed(UnavailableError, cause, end, hint)

    def _failed(
        self, kind: type[IntegrationsError], cause: IntegrationsError, end: str, hint: str | None
    ) -> IntegrationsError:
        return kind(
            f"{cause.message} ({attempts_text(self.attempts.made)}): {end}",
            hint=hint,
            status=cause.status,
            details=cause.details,
            error_id=cause.error_id,
            idempotency_key=self.prepared.key,
        )

    def _cause(self, last: Outcome) -> IntegrationsError:
        """Return the error that the last attempt is by itself."""
        if isinstance(last, TransportFailure):
            return UnavailableError(last.message, hint=last.hint)
        if _is_success(last):
            return unreadable_error(last, f"the integration {self.prepared.identifier}")
        return self._error(last)

    def _error(self, response: Response) -> IntegrationsError:
        """Return the error that this response is, without the credentials, which some servers repeat."""
        draft = self.prepared.draft
        secrets = Redactor(
            credential.value
            for key, credential in draft.credentials.items()
            if isinstance(credential.value, str) and (credential.masked or catalogue.is_secret(draft.provider, key))
        )
        return self.api.error(response, secrets.clean)

    def _with_command(self, hint: str | None) -> str | None:
        """Return the hint, and the command that goes on from here."""
        if self.resume is None:
            return hint
        command = f"to go on without the risk of a second one: {self.resume()}"
        return command if hint is None else f"{hint}; {command}"


def _is_success(outcome: Outcome) -> TypeGuard[Response]:
    return isinstance(outcome, Response) and 200 <= outcome.status < 300


def _echoes(response: Response, key: str) -> bool:
    """Return whether the server repeats the idempotency key, and so keeps it."""
    return response.headers.get("idempotency-key") == key


def _is_stored(response: Response, key: str) -> bool:
    """Return whether the server keeps this response under the idempotency key."""
    return _echoes(response, key) and response.status not in NEVER_STORED


def _is_replay(response: Response) -> bool:
    """Return whether the server repeats the stored response to an earlier request."""
    return response.headers.get("idempotency-replay", "").strip().lower() == "true"
