"""The endpoints of the API, and the one place that knows their paths and bodies.

Reading, replacing, deleting and set-primary may be repeated: a second time changes nothing. Creating may not: this
module builds its request, and create/exactly_once sends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from integrations_cli.api.responses import decode, error_from, unreadable_error
from integrations_cli.api.retry import (
    AttemptReport,
    Attempts,
    Clock,
    Outcome,
    RetryPolicy,
    SystemClock,
    is_retryable,
    may_have_succeeded,
    parse_http_date,
    parse_iso_date,
    system_random,
)
from integrations_cli.api.transport.interface import Interrupted, Request, Response, Transport, TransportFailure
from integrations_cli.errors import CancelledError, InputError, IntegrationsError, UnavailableError, UnknownOutcomeError
from integrations_cli.models import FIELDS, Draft, Environment, Integration, Json, Patch, wire_credentials
from integrations_cli.terminal.redaction import Redactor

INTEGRATIONS_PATH: Final = "/v1/integrations"
ENVIRONMENT_PATH: Final = "/v1/environments/me"
REPEAT: Final = "run it again: repeating it does no harm"


def create_body(draft: Draft) -> bytes:
    """Return the body of the create request. `active` and `check` are always there, since servers' defaults differ.

    Raises:
        InputError: A value cannot be written as JSON, or an extra field has the name of another one.
    """
    for field in FIELDS:
        if field.flag is not None and field.wire in draft.extra:
            raise InputError(f"{field.wire} cannot be an extra field: it has a flag of its own", hint="use that flag")
    return encode_json(draft.values)


def update_body(patch: Patch) -> bytes:
    """Return the body of the update request: the fields that are to change, and `check`, whose default differs."""
    values = {**patch.values, "check": patch.check}
    if patch.credentials is not None:
        values["credentials"] = wire_credentials(patch.credentials)
    order = [*(field.wire for field in FIELDS), *values]
    return encode_json({name: values[name] for name in dict.fromkeys(order) if values.get(name) is not None})


def encode_json(body: Mapping[str, Json]) -> bytes:
    """Return a body as compact JSON in UTF-8, its members in order; InputError if JSON cannot hold a value."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(
            "a value is not valid Unicode text", hint="check the encoding of the terminal and of the files"
        ) from None
    except (ValueError, TypeError, RecursionError):
        raise InputError(
            "a value cannot be written as JSON", hint="JSON has no NaN, no infinite numbers and no endless nesting"
        ) from None


def path_of(integration_id: str) -> str:
    """Return the path of one integration."""
    return f"{INTEGRATIONS_PATH}/{quote(integration_id, safe='')}"


def create_request(body: bytes, key: str) -> Request:
    """Return the request that creates, with its idempotency key."""
    return Request("POST", INTEGRATIONS_PATH, body, {"Idempotency-Key": key})


def integration_from(response: Response) -> Integration:
    """Return the integration in this response.

    Raises:
        UnreadableResponseError: It has none.
    """
    value = decode(response)
    integration = Integration(value if isinstance(value, dict) else {})
    if not integration.id and not integration.identifier:
        raise unreadable_error(response, "an integration")
    return integration


class Client:
    """The API of one server, for one key. Threads may share it."""

    def __init__(
        self,
        transport: Transport,
        *,
        policy: RetryPolicy | None = None,
        clock: Clock | None = None,
        random: Callable[[], float] = system_random,
        timeout: float = 30.0,
        observe: Callable[[AttemptReport], None] | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        """Send through `transport`; `timeout` is the limit of one attempt in seconds.

        `observe` gets a report of every attempt; `redactor` removes secrets from what the server says.
        """
        self._transport = transport
        self.policy = policy or RetryPolicy()
        self.clock: Clock = clock or SystemClock()
        self.random = random
        self.timeout = timeout
        self.redactor = redactor or Redactor()
        self._observe = observe
        self._environment: Environment | None = None
        self._environment_is_known = False
        self._dated: tuple[str, float] | None = None

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return self._transport.base_url + path

    def attempts(self, policy: RetryPolicy | None = None) -> Attempts:
        """Start counting the attempts, and the time, of an operation."""
        return Attempts(policy or self.policy, self.clock, self.random, self.timeout)

    def error(self, response: Response, clean: Callable[[str], str] = str) -> IntegrationsError:
        """Return the error in this response, without the API key and without what `clean` removes."""
        return error_from(response, lambda text: clean(self.redactor.clean(text)))

    def attempt(self, request: Request, timeout: float) -> Outcome:
        """Send this request once, within `timeout` seconds, and return the response or the failure.

        Raises:
            Interrupted: Ctrl-C.
        """
        try:
            response = self._transport.send(request, timeout)
        except TransportFailure as failure:
            return failure
        if "date" in response.headers:
            self._dated = (response.headers["date"], self.clock.wall())
        return response

    def report(self, request: Request, number: int, outcome: Outcome, wait: float | None) -> None:
        """Report an attempt, and the wait in seconds that follows it, to the observer."""
        if self._observe is None:
            return
        response = outcome if isinstance(outcome, Response) else None
        key = request.headers.get("Idempotency-Key")
        self._observe(
            AttemptReport(
                method=request.method,
                url=self.url(request.path),
                number=number,
                status=response.status if response is not None else None,
                failure=outcome.message if isinstance(outcome, TransportFailure) else None,
                elapsed=response.elapsed if response is not None else None,
                wait=wait,
                echoed=None if response is None or key is None else response.headers.get("idempotency-key") == key,
            )
        )

    def age(self, integration: Integration) -> float | None:
        """Return the seconds since its creation by the server's clock; None if the server does not tell."""
        if self._dated is None:
            return None
        date, wall = self._dated
        now, born = parse_http_date(date), parse_iso_date(integration.raw.get("createdAt"))
        return None if now is None or born is None else now - born + self.clock.wall() - wall

    def environment(self, policy: RetryPolicy | None = None) -> Environment | None:
        """Return the environment of the API key, read once; None if the server has no such endpoint.

        Raises:
            IntegrationsError: The key was refused, or no response came.
        """
        if not self._environment_is_known:
            response = self._repeat(Request("GET", ENVIRONMENT_PATH), self.attempts(policy))
            if response.status != 404:
                self._environment = self._environment_in(response)
            self._environment_is_known = True
        return self._environment

    def _environment_in(self, response: Response) -> Environment:
        value = decode(self._success(response))
        found = value.get("_id") if isinstance(value, dict) else None
        if not isinstance(found, str) or not found:
            raise unreadable_error(response, "an environment")
        name = value.get("name")
        return Environment(found, name if isinstance(name, str) else "")

    def list(self, environment_id: str | None = None, policy: RetryPolicy | None = None) -> Sequence[Integration]:
        """Return the integrations of the key's environment, or of the one named. Older servers list the organisation.

        Raises:
            IntegrationsError: They cannot be read.
        """
        response = self._success(self._repeat(Request("GET", INTEGRATIONS_PATH), self.attempts(policy)))
        value = decode(response)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise unreadable_error(response, "a list of integrations")
        found = [Integration(item) for item in value]
        if environment_id is None and any(integration.environment_id for integration in found):
            own = self.environment(policy)
            environment_id = own.id if own is not None else None
        if environment_id is None:
            return found
        return [integration for integration in found if integration.environment_id in {"", environment_id}]

    def update(self, integration_id: str, body: bytes) -> Integration:
        """Update the fields in `body`."""
        return self._change(Request("PUT", path_of(integration_id), body))

    def set_primary(self, integration_id: str) -> Integration:
        """Make it the primary integration of its channel."""
        return self._change(Request("POST", f"{path_of(integration_id)}/set-primary", b""))

    def delete(self, integration_id: str) -> None:
        """Delete it. After an attempt without a response, 404 is a success too."""
        attempts = self.attempts()
        response = self._repeat(Request("DELETE", path_of(integration_id)), attempts)
        if not (response.status == 404 and attempts.may_have_succeeded):
            self._success(response)

    def _change(self, request: Request) -> Integration:
        return integration_from(self._success(self._repeat(request, self.attempts())))

    def _repeat(self, request: Request, attempts: Attempts) -> Response:
        """Send a request that may be sent more than once, until that cannot help, and return the last response."""
        while True:
            try:
                outcome = self.attempt(request, attempts.next_timeout())
            except Interrupted as stop:
                if request.method == "GET":
                    raise
                if not (stop.sent or attempts.may_have_succeeded):
                    raise CancelledError("interrupted: nothing was sent") from None
                raise CancelledError(
                    "interrupted: the request was sent, and whether the server did it is not known", hint=REPEAT
                ) from None
            # Reading does no harm: it is repeated after every error of the server.
            failed = request.method == "GET" and isinstance(outcome, Response) and outcome.status >= 500
            wait = attempts.wait_after(outcome) if failed or is_retryable(outcome) else None
            self.report(request, attempts.made, outcome, wait)
            if wait is None:
                break
            attempts.may_have_succeeded = attempts.may_have_succeeded or may_have_succeeded(outcome)
            attempts.pause(wait)
        if isinstance(outcome, Response):
            return outcome
        tried = attempts_text(attempts.made)
        if request.method != "GET" and (attempts.may_have_succeeded or outcome.sent):
            raise UnknownOutcomeError(
                f"{outcome.message} ({tried}): whether the server did it is not known", hint=REPEAT
            )
        raise UnavailableError(f"{outcome.message} ({tried})", hint=outcome.hint)

    def _success(self, response: Response) -> Response:
        """Return the response if it is a success; raise its error otherwise."""
        if 200 <= response.status < 300:
            return response
        raise self.error(response)


def attempts_text(number: int) -> str:
    """Return `tried once` or `tried 4 times`."""
    return "tried once" if number == 1 else f"tried {number} times"
