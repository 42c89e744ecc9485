"""Exactly one: a create that ends with one integration or none, whatever the network does, and says which.

Every attempt sends the same bytes with the same idempotency key. Where the server keeps such keys, a repeated attempt
is answered with the stored answer. Where it does not, the identifier, generated if none was given, makes the second
attempt fail, and the list of integrations tells whether the first one succeeded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeGuard

from integrations_cli.api.client import Client, attempts_text, create_body, create_request, integration_from
from integrations_cli.api.responses import UnreadableResponseError, unreadable_error
from integrations_cli.api.retry import Outcome, RetryPolicy, is_retryable, may_have_succeeded, may_still_be_running
from integrations_cli.api.transport.base import Interrupted, Response, TransportFailure
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
"""Seconds between the look-ups after a lost answer: a server finishes what it was doing when a connection broke."""

GATEWAY_SETTLING: Final = (*SETTLING, 3.0, 5.0)
"""The same after a 504: the server behind the gateway was slow, and has more to finish."""

LOOK_UP_TIME: Final = 10.0
"""Seconds that a look-up has, even after the deadline."""

LOOK_UP_RETRIES: Final = 3
"""Times that the list is asked for again at least, whatever `--retries` says: asking does no harm."""

NEVER_STORED: Final = frozenset({401, 429})
"""Answers that a server does not keep under the idempotency key."""

REPLAYED: Final = (
    "this is the stored answer to an earlier request with this idempotency key: correct the cause, and use another key"
)
STORED: Final = "the server keeps this answer under the idempotency key: correct the cause, and use another key"
REFUSED_CHECK: Final = "a server that checks answers 500 when the provider refuses the credentials: see --no-check"

CLOCK_SLACK: Final = 60.0
"""Seconds by which the clocks of a server and of the proxy before it may differ."""


class PreparedCreate(NamedTuple):
    """What every attempt sends: the draft with its identifier, its body, and the idempotency key.

    `generated` says that the identifier was made up here, so that nobody else can have it.
    """

    draft: Draft
    key: str
    body: bytes
    generated: bool

    def __repr__(self) -> str:
        """Without the body, which holds credentials."""
        return f"Prepared({self.identifier!r}, {self.key!r})"

    @property
    def identifier(self) -> str:
        """The identifier that every attempt sends."""
        assert self.draft.identifier is not None
        return self.draft.identifier


class CreateResult(NamedTuple):
    """The integration that is there now.

    `replayed`: the server repeated a stored answer, so an earlier request had created it. `confirmed`: the answer was
    lost, and the integration was found in the list. `idempotency_echoed`: the server keeps idempotency keys.
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
    """Letters and digits, drawn from the system's own source unless there is another."""
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
    """The name (or the provider's) in lower-case ASCII, with dashes between the words."""
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

    `resume` gives the command that repeats this create safely: with the same identifier and idempotency key. `tell` is
    given a line when it takes longer to find out.

    Raises:
        UnknownOutcomeError: An answer was lost, and the look-up does not tell what became of the request.
        UnavailableError: The server could not be reached or could not answer; nothing was created.
        CancelledError: Ctrl-C; the message says whether anything can have been created.
        IntegrationsError: The server refused; nothing was created.
    """
    return _Creation(api, prepared, resume, tell).run()


class _Creation:
    """One create, from the first attempt to the outcome."""

    def __init__(
        self,
        api: Client,
        prepared: PreparedCreate,
        resume: Callable[[], str] | None,
        tell: Callable[[str], None] | None,
    ) -> None:
        self.api = api
        self.prepared = prepared
        self.resume = resume
        self.tell = tell
        self.request = create_request(prepared.body, prepared.key)
        self.attempts = api.attempts()
        self.began = api.clock.now()
        self.in_doubt = False
        """Some attempt may have created it, or may do so yet."""
        self.server_at_work = False
        """Some attempt was given up while the server may go on with it."""
        self.gateway_gave_up = False
        """Some attempt was answered by a proxy that had waited for the server in vain."""
        self.answered = False
        """Some attempt was answered, or its request has left."""

    def run(self) -> CreateResult:
        try:
            last = self._attempt()
            if isinstance(last, CreateResult):
                return last
            if not self.in_doubt:
                raise self._refused(last)
            return self._look_up(last)
        except KeyboardInterrupt:
            raise self._interrupted() from None

    # Attempts

    def _attempt(self) -> CreateResult | Outcome:
        """Send until there is an answer that stands, or no attempt is left; the last outcome if it is no success."""
        while True:
            limit = self.attempts.next_timeout()
            before, self.in_doubt = self.in_doubt, True
            try:
                outcome = self.api.attempt(self.request, limit)
            except Interrupted as stop:
                self.in_doubt = before or stop.sent
                raise
            self.answered = self.answered or isinstance(outcome, Response) or outcome.sent
            created = self._success(outcome)
            self.in_doubt = before or may_have_succeeded(outcome) or _is_success(outcome)
            self.server_at_work = self.server_at_work or may_still_be_running(outcome)
            self.gateway_gave_up = self.gateway_gave_up or (isinstance(outcome, Response) and outcome.status == 504)
            again = created is None and is_retryable(outcome)
            wait = self.attempts.wait_after(outcome) if again else None
            self.api.report(self.request, self.attempts.made, outcome, wait)
            if created is not None:
                return created
            if wait is None:
                self._settle(outcome)
                return outcome
            self.attempts.pause(wait)

    def _success(self, outcome: Outcome) -> CreateResult | None:
        """The outcome as a success, if it is one.

        An identifier other than the one that was sent is the server's own choice: the answer is to our request, since
        a connection on which anything was left over is not used again.
        """
        if not _is_success(outcome):
            return None
        try:
            integration = integration_from(outcome)
        except UnreadableResponseError:
            return None
        return self._created(integration, replayed=_replayed(outcome), confirmed=False, echoed=self._echoes(outcome))

    def _created(self, integration: Integration, *, replayed: bool, confirmed: bool, echoed: bool) -> CreateResult:
        return CreateResult(
            integration=integration,
            replayed=replayed,
            confirmed=confirmed,
            attempts=self.attempts.made,
            idempotency_echoed=echoed,
            idempotency_key=self.prepared.key,
            identifier=self.prepared.identifier,
        )

    def _echoes(self, response: Response) -> bool:
        return response.headers.get("idempotency-key") == self.prepared.key

    def _settle(self, outcome: Outcome) -> None:
        """Take back a doubt that the last answer resolves.

        An answer with our key is stored: every other request with it gets the same, one that is still on its way too.
        A stored refusal, but for "exists already", was given to the first of our attempts that arrived.
        """
        if isinstance(outcome, Response) and self._echoes(outcome) and outcome.status not in NEVER_STORED:
            if may_still_be_running(outcome):
                return
            self.server_at_work = False
            if 400 <= outcome.status < 500 and outcome.status != 409:
                self.in_doubt = False

    # The look-up after a lost answer

    def _look_up(self, last: Outcome) -> CreateResult:
        """Find out from the list whether one of the attempts has created it."""
        patient = self.server_at_work
        if patient and self.tell is not None and self.attempts.remaining > 0:
            seconds = f"{self.attempts.remaining:.0f} s"
            self.tell(f"the server may still be at work: looking for {self.prepared.identifier} for up to {seconds}")
        for pause in self._pauses(patient=patient):
            self.attempts.pause(pause)
            try:
                found = self._find()
            except IntegrationsError as error:
                raise self._unknown(last, f"the look-up failed: {error.message}") from None
            if found is not None:
                return self._confirmed(found)
        if patient:
            raise self._unknown(last, "it is not there, but the server may still be at work")
        raise self._not_there(last)

    def _pauses(self, *, patient: bool) -> Iterator[float]:
        """The seconds before each look-up: a few of them, or, while the server may be at work, until the deadline."""
        yield 0.0
        if not patient:
            yield from GATEWAY_SETTLING if self.gateway_gave_up else SETTLING
            return
        pause = 1.0
        while (remaining := self.attempts.remaining) > 0:
            yield min(pause, remaining)
            pause = min(pause * 2, self.api.policy.ceiling)

    def _find(self) -> Integration | None:
        """The integration with our identifier, if the list has it."""
        policy = RetryPolicy(
            retries=max(self.api.policy.retries, LOOK_UP_RETRIES), total=max(self.attempts.remaining, LOOK_UP_TIME)
        )
        for integration in self.api.list(self.prepared.draft.environment_id, policy):
            if integration.identifier == self.prepared.identifier and integration.raw.get("deleted") is not True:
                return integration
        return None

    def _confirmed(self, found: Integration) -> CreateResult:
        """Success, if what was found is ours; that it is another's is a conflict."""
        draft = self.prepared.draft
        age = None if self.prepared.generated else self.api.age(found)
        older = age is not None and age > self.api.clock.now() - self.began + CLOCK_SLACK
        if older or found.provider != draft.provider or found.channel != draft.channel:
            raise self._with_key(
                ConflictError(
                    f"an integration with the identifier {self.prepared.identifier} was there before"
                    f" ({found.provider}, {found.channel}): nothing was created",
                    hint="choose another identifier; or show the one that is there with --if-not-exists",
                    status=409,
                )
            )
        return self._created(found, replayed=False, confirmed=True, echoed=False)

    # What is said in the end

    def _refused(self, last: Outcome) -> IntegrationsError:
        """The error of a create of which no attempt can have been carried out."""
        if isinstance(last, Response) and last.status != 429:
            error = self._error(last)
            if _replayed(last):
                error.hint = REPLAYED
            return self._with_key(error)
        return self._unavailable(last, "nothing was created")

    def _not_there(self, last: Outcome) -> IntegrationsError:
        """The error after a look-up that found nothing, when nothing can come any more."""
        if isinstance(last, Response) and 400 <= last.status < 500 and last.status not in {409, 429}:
            return self._refused(last)
        return self._unavailable(last, f"{self.prepared.identifier} is not there, nothing was created")

    def _unavailable(self, last: Outcome, end: str) -> IntegrationsError:
        message, cause = self._what(last)
        if isinstance(last, Response) and _replayed(last):
            hint: str | None = REPLAYED
        elif isinstance(last, Response) and self._echoes(last) and last.status not in NEVER_STORED:
            hint = STORED
        else:
            hint = self._resuming(cause.hint)
        if isinstance(last, Response) and last.status == 500 and self.prepared.draft.check:
            hint = f"{REFUSED_CHECK}; {hint}" if hint else REFUSED_CHECK
        return self._with_key(
            UnavailableError(
                f"{message}: {end}",
                hint=hint,
                status=cause.status,
                details=cause.details,
                error_id=cause.error_id,
            )
        )

    def _unknown(self, last: Outcome, why: str) -> IntegrationsError:
        message, cause = self._what(last)
        return self._with_key(
            UnknownOutcomeError(
                f"{message}: whether {self.prepared.identifier} was created is not known; {why}",
                hint=self._resuming(None),
                status=cause.status,
                details=cause.details,
                error_id=cause.error_id,
            )
        )

    def _interrupted(self) -> IntegrationsError:
        if self.in_doubt:
            return self._with_key(
                CancelledError(
                    f"interrupted ({attempts_text(self.attempts.made)}):"
                    f" whether {self.prepared.identifier} was created is not known",
                    hint=self._resuming(None),
                )
            )
        if self.attempts.made <= 1 and not self.answered:
            return CancelledError("interrupted: nothing was sent")
        return self._with_key(CancelledError(f"interrupted ({attempts_text(self.attempts.made)}): nothing was created"))

    def _error(self, response: Response) -> IntegrationsError:
        """The error that this answer is, without the credentials, which some servers repeat."""
        from integrations_cli.catalogue import is_secret

        draft = self.prepared.draft
        secrets = Redactor(
            credential.value
            for key, credential in draft.credentials.items()
            if isinstance(credential.value, str) and (credential.concealed or is_secret(draft.provider, key))
        )
        return self.api.error(response, secrets.clean)

    def _what(self, last: Outcome) -> tuple[str, IntegrationsError]:
        """What happened, with the number of attempts, and the error that the last of them is by itself."""
        if isinstance(last, TransportFailure):
            cause: IntegrationsError = UnavailableError(last.message, hint=last.hint)
        elif _is_success(last):
            cause = unreadable_error(last, f"the integration {self.prepared.identifier}")
        else:
            cause = self._error(last)
        return f"{cause.message} ({attempts_text(self.attempts.made)})", cause

    def _resuming(self, hint: str | None) -> str | None:
        """The hint, and the command that goes on from here."""
        if self.resume is None:
            return hint
        command = f"to go on without the risk of a second one: {self.resume()}"
        return command if hint is None else f"{hint}; {command}"

    def _with_key(self, error: IntegrationsError) -> IntegrationsError:
        error.idempotency_key = self.prepared.key
        return error


def _is_success(outcome: Outcome) -> TypeGuard[Response]:
    return isinstance(outcome, Response) and 200 <= outcome.status < 300


def _replayed(response: Response) -> bool:
    return response.headers.get("idempotency-replay", "").strip().lower() == "true"
