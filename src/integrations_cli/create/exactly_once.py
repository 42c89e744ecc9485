"""Creates exactly one integration or none, whatever the network does, and says which.

Every attempt sends the same bytes with the same idempotency key. A server that keeps such keys answers a repeated
attempt with the stored response. On other servers the identifier, generated if none was given, makes the second attempt
fail, and the list of integrations tells whether the first one succeeded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeGuard

from integrations_cli.api.client import Client, attempts_text, create_body, create_request, integration_from
from integrations_cli.api.responses import UnreadableResponseError, unreadable_error
from integrations_cli.api.retry import (
    Attempts,
    Outcome,
    RetryPolicy,
    is_retryable,
    may_have_succeeded,
    may_still_be_running,
)
from integrations_cli.api.transport.base import Interrupted, Response, TransportFailure
from integrations_cli.catalogue import is_secret
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

SETTLING: Final = (0.5, 1.5)
"""Seconds between the lookups after a lost response: a server finishes what it was doing when a connection broke."""

GATEWAY_SETTLING: Final = (*SETTLING, 3.0, 5.0)
"""The same after a 504: the server behind the gateway was slow, and has more to finish."""

LOOK_UP_TIME: Final = 10.0
"""Seconds that a lookup has, even after the deadline."""

LOOK_UP_RETRIES: Final = 3
"""Retries of a lookup at least, whatever `--retries` says: reading does no harm."""

NEVER_STORED: Final = frozenset({401, 429})
"""Statuses that a server does not keep under the idempotency key."""

REPLAYED: Final = (
    "this is the stored response to an earlier request with this idempotency key: fix the cause, and use another key"
)
STORED: Final = "the server keeps this response under the idempotency key: fix the cause, and use another key"
REFUSED_CHECK: Final = "with --check a server answers 500 if the provider rejects the credentials: see --no-check"

CLOCK_SLACK: Final = 60.0
"""Seconds by which the clocks of a server and of the proxy before it may differ."""


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
    replayed: bool
    confirmed: bool
    attempts: int
    idempotency_echoed: bool
    idempotency_key: str
    identifier: str


def prepare_create(
    draft: Draft, idempotency_key: str | None = None, *, random: Callable[[], float] | None = None
) -> PreparedCreate:
    """Make the identifier and the idempotency key that are missing, and the body, once for all attempts.

    Raises:
        InputError: The key cannot be sent, or a value cannot be written as JSON.
    """
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
    """Return random letters and digits, from the system's own source unless `random` is given."""
    if random is not None:
        return "".join(ALPHABET[int(random() * len(ALPHABET))] for _ in range(length))
    # A byte for each of 62 choices: what is left of it makes the first ones likelier by less than one in 2 ** 16.
    number = int.from_bytes(os.urandom(length), "big")
    characters = []
    for _ in range(length):
        number, index = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[index])
    return "".join(characters)


def _slug(draft: Draft) -> str:
    """Return the name (or the provider's) in lower-case ASCII, with dashes between the words."""
    name = draft.name
    if not name and draft.provider:
        from integrations_cli.catalogue import find

        provider = find(draft.provider)
        name = provider.name if provider is not None else draft.provider
    import unicodedata

    plain = unicodedata.normalize("NFKD", name or "").encode("ascii", "ignore").decode().lower()
    words = "".join(character if character.isalnum() else " " for character in plain).split()
    return "-".join(words)[:40].strip("-") or "integration"


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
            result = self._success(outcome)
            again = result is None and is_retryable(outcome)
            wait = self.attempts.wait_after(outcome) if again else None
            self.api.report(self.request, self.attempts.made, outcome, wait)
            if result is not None or wait is None:
                return result
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
        echoed = _echoes(outcome, self.prepared.key)
        return self._result(integration, replayed=_is_replay(outcome), confirmed=False, echoed=echoed)

    def _result(self, integration: Integration, *, replayed: bool, confirmed: bool, echoed: bool) -> CreateResult:
        return CreateResult(
            integration=integration,
            replayed=replayed,
            confirmed=confirmed,
            attempts=self.attempts.made,
            idempotency_echoed=echoed,
            idempotency_key=self.prepared.key,
            identifier=self.prepared.identifier,
        )

    # What the outcomes so far tell

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

    # The lookup after a lost response

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
        for integration in self.api.list(self.prepared.draft.environment_id, policy):
            if integration.identifier == self.prepared.identifier and integration.raw.get("deleted") is not True:
                return integration
        return None

    def _confirmed(self, found: Integration) -> CreateResult:
        """Return success if what was found is ours.

        Raises:
            ConflictError: It belongs to somebody else.
        """
        draft = self.prepared.draft
        age = None if self.prepared.generated else self.api.age(found)
        older = age is not None and age > self.api.clock.now() - self.began + CLOCK_SLACK
        if older or found.provider != draft.provider or found.channel != draft.channel:
            raise self.errors.taken(found)
        return self._result(found, replayed=False, confirmed=True, echoed=False)

    def _interrupted(self, *, sent: bool) -> IntegrationsError:
        if sent or self._may_exist():
            return self.errors.interrupted(may_exist=True)
        if self.attempts.made <= 1 and not any(isinstance(one, Response) or one.sent for one in self.outcomes):
            return CancelledError("interrupted: nothing was sent")
        return self.errors.interrupted(may_exist=False)


class _Errors:
    """The errors of a create: each with the idempotency key, and without the credentials that a server repeats."""

    def __init__(
        self, api: Client, prepared: PreparedCreate, attempts: Attempts, resume: Callable[[], str] | None
    ) -> None:
        self._api = api
        self._prepared = prepared
        self._attempts = attempts
        self._resume = resume

    def refused(self, last: Outcome) -> IntegrationsError:
        """Return the error of a create of which no attempt can have been carried out."""
        if not isinstance(last, Response) or last.status == 429:
            return self._unavailable(last, "nothing was created")
        error = self._error(last)
        if _is_replay(last):
            error.hint = REPLAYED
        return self._with_key(error)

    def not_there(self, last: Outcome) -> IntegrationsError:
        """Return the error after a lookup that found nothing, when nothing can come any more."""
        if isinstance(last, Response) and 400 <= last.status < 500 and last.status not in {409, 429}:
            return self.refused(last)
        return self._unavailable(last, f"{self._prepared.identifier} is not there, nothing was created")

    def unknown(self, last: Outcome, why: str) -> IntegrationsError:
        """Return the error of a create whose outcome cannot be found out."""
        message, cause = self._describe(last)
        return self._with_key(
            UnknownOutcomeError(
                f"{message}: whether {self._prepared.identifier} was created is not known; {why}",
                hint=self._with_command(None),
                status=cause.status,
                details=cause.details,
                error_id=cause.error_id,
            )
        )

    def taken(self, found: Integration) -> IntegrationsError:
        """Return the error for an identifier that somebody else's integration has."""
        return self._with_key(
            ConflictError(
                f"an integration with the identifier {self._prepared.identifier} was there before"
                f" ({found.provider}, {found.channel}): nothing was created",
                hint="choose another identifier; or show the existing one with --if-not-exists",
                status=409,
            )
        )

    def interrupted(self, *, may_exist: bool) -> IntegrationsError:
        """Return the error for Ctrl-C after something was sent."""
        tried = attempts_text(self._attempts.made)
        if not may_exist:
            return self._with_key(CancelledError(f"interrupted ({tried}): nothing was created"))
        message = f"interrupted ({tried}): whether {self._prepared.identifier} was created is not known"
        return self._with_key(CancelledError(message, hint=self._with_command(None)))

    def _unavailable(self, last: Outcome, end: str) -> IntegrationsError:
        message, cause = self._describe(last)
        hint: str | None
        if isinstance(last, Response) and _is_replay(last):
            hint = REPLAYED
        elif isinstance(last, Response) and _is_stored(last, self._prepared.key):
            hint = STORED
        else:
            hint = self._with_command(cause.hint)
        if isinstance(last, Response) and last.status == 500 and self._prepared.draft.check:
            hint = f"{REFUSED_CHECK}; {hint}" if hint else REFUSED_CHECK
        return self._with_key(
            UnavailableError(
                f"{message}: {end}", hint=hint, status=cause.status, details=cause.details, error_id=cause.error_id
            )
        )

    def _describe(self, last: Outcome) -> tuple[str, IntegrationsError]:
        """Return what happened, with the number of attempts, and the error that the last of them is by itself."""
        if isinstance(last, TransportFailure):
            cause: IntegrationsError = UnavailableError(last.message, hint=last.hint)
        elif _is_success(last):
            cause = unreadable_error(last, f"the integration {self._prepared.identifier}")
        else:
            cause = self._error(last)
        return f"{cause.message} ({attempts_text(self._attempts.made)})", cause

    def _error(self, response: Response) -> IntegrationsError:
        """Return the error that this response is, without the credentials, which some servers repeat."""
        draft = self._prepared.draft
        secrets = Redactor(
            credential.value
            for key, credential in draft.credentials.items()
            if isinstance(credential.value, str) and (credential.concealed or is_secret(draft.provider, key))
        )
        return self._api.error(response, secrets.clean)

    def _with_command(self, hint: str | None) -> str | None:
        """Return the hint, and the command that goes on from here."""
        if self._resume is None:
            return hint
        command = f"to go on without the risk of a second one: {self._resume()}"
        return command if hint is None else f"{hint}; {command}"

    def _with_key(self, error: IntegrationsError) -> IntegrationsError:
        error.idempotency_key = self._prepared.key
        return error


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
