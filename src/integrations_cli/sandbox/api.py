"""The API of the sandbox: from a request to an answer, with no HTTP, no socket and no clock of its own.

What the documented contract says wins; where it is silent, the sandbox does what a real server was seen to do.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from integrations_cli.sandbox import bodies
from integrations_cli.sandbox import ids as naming
from integrations_cli.sandbox.errors import ApiError
from integrations_cli.sandbox.integrations import Integrations, Success
from integrations_cli.sandbox.queries import Queries, StoredResponse
from integrations_cli.sandbox.rate_limit import RateLimit
from integrations_cli.sandbox.records import Environment, environment_json, timestamp
from integrations_cli.sandbox.store import REMEMBERED_FOR, Store

Headers = Iterable[tuple[str, str]]

IN_PROGRESS_FOR: Final = 300.0
"""Seconds after which a request that never ended no longer blocks its key."""

LONGEST_KEY: Final = 255

_JSON: Final = ("Content-Type", "application/json; charset=utf-8")
_MORE_ON_IDEMPOTENCY: Final = ("Link", "https://docs.novu.co/additional-resources/idempotency")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Outcome = Success | ApiError
Work = Callable[[Queries], Success]


class Reply(NamedTuple):
    """An answer: the status, headers without the body's length, and the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _Request(NamedTuple):
    """A request with its header names in lower case; of a header that came twice the first counts."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path. Upper and lower case, and one slash at the end, make no difference."""
        path = self.target.partition("?")[0].removeprefix("/").removesuffix("/")
        return tuple(path.split("/"))


class _KeyUse(NamedTuple):
    """An idempotency key as one request uses it; the store sees only the hashes."""

    organisation: str
    key: str
    key_hash: bytes
    body_hash: bytes


class SandboxApi:
    """A server of the API without a socket. Threads may share it.

    `rate_limit` is in requests a second for each environment. `observed` follows the recorded server where it and the
    documented contract disagree; `check_default` alone says what an absent `check` means. `novu_keys` lets `novu-email`
    and `novu-sms` be created. `slow` is called while a request with an idempotency key is in progress: what a server
    does that takes its time. `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        *,
        idempotency: bool = True,
        rate_limit: int | None = None,
        observed: bool = False,
        check_default: bool | None = None,
        novu_keys: bool = False,
        slow: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.time,
        randomness: naming.Randomness = os.urandom,
    ) -> None:
        self._store = store
        self._idempotency = idempotency
        self._limit = RateLimit(rate_limit) if rate_limit else None
        self._slow = slow
        self._clock = clock
        self._randomness = randomness
        self._integrations = Integrations(
            clock,
            randomness,
            observed=observed,
            check_default=observed if check_default is None else check_default,
            novu_keys=novu_keys,
        )

    def handle(self, method: str, target: str, headers: Mapping[str, str] | Headers, body: bytes) -> Reply:
        """Answer one request. `target` is the path with its query; header values are text of Latin-1.

        Raises:
            StoreError: The database file fails.
        """
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        names: dict[str, str] = {}
        for name, value in pairs:
            names.setdefault(name.lower(), value.strip())
        request = _Request(method.upper(), target, names, body)
        out: list[tuple[str, str]] = []
        try:
            outcome: Outcome = self._answer(request, out)
        except ApiError as error:
            outcome = error
        return self._reply(request, outcome, out)

    def _answer(self, request: _Request, out: list[tuple[str, str]]) -> Outcome:
        path = request.target.partition("?")[0]
        if _BAD_ESCAPE.search(path) or not _is_utf8(path):
            raise ApiError(400, f"Failed to decode param '{path.removeprefix('/')}'")
        body = bodies.decode(request.headers, request.body)
        method = "GET" if request.method == "HEAD" else request.method
        match method, tuple(part.lower() for part in request.segments):
            case "GET", ("v1", "health-check"):
                return Success(200, _health())
            case "GET", ("v1", "environments", "me"):
                caller = self._admit(request, out)
                return Success(200, environment_json(caller))
            case "GET", ("v1", "integrations"):
                return self._listed(request, out, active=None)
            case "GET", ("v1", "integrations", "active"):
                return self._listed(request, out, active=True)
            case "POST", ("v1", "integrations"):
                caller = self._admit(request, out)
                return self._once(request, out, caller, body, lambda queries: self._create(queries, caller, body))
            case "POST", ("v1", "integrations", _, "set-primary"):
                caller, wanted = self._admit(request, out), _named(request)
                return self._once(
                    request, out, caller, body, lambda queries: self._integrations.set_primary(queries, caller, wanted)
                )
            case "PUT", ("v1", "integrations", _):
                caller, wanted = self._admit(request, out), _named(request)
                with self._store.writing() as queries:
                    return self._integrations.update(queries, caller, wanted, body.fields)
            case "DELETE", ("v1", "integrations", _):
                caller, wanted = self._admit(request, out), _named(request)
                with self._store.writing() as queries:
                    return self._integrations.delete(queries, caller, wanted)
        return self._elsewhere(request, out, body)

    def _create(self, queries: Queries, caller: Environment, body: bodies.Body) -> Success:
        return self._integrations.create(queries, caller, body.fields)

    def _listed(self, request: _Request, out: list[tuple[str, str]], *, active: bool | None) -> Success:
        caller = self._admit(request, out)
        with self._store.reading() as queries:
            return self._integrations.listed(queries, caller, active=active)

    def _admit(self, request: _Request, out: list[tuple[str, str]]) -> Environment:
        """The environment that the request's key opens, if it may make a request now.

        Raises:
            Refusal: 401, or 429.
        """
        caller = self._authenticated(request.headers.get("authorization", ""))
        if self._limit is not None:
            allowance = self._limit.take(caller.id, self._clock())
            out.extend(allowance.headers)
            if not allowance.granted:
                raise ApiError(429, "API rate limit exceeded", named=False)
        return caller

    def _authenticated(self, authorization: str) -> Environment:
        if not authorization:
            raise ApiError(401, "Missing authorization header")
        scheme, _, key = authorization.partition(" ")
        if scheme == "Bearer" or authorization == "ApiKey":
            raise ApiError(401, "Unauthorized", named=False)
        if scheme != "ApiKey":
            raise ApiError(401, f'Invalid authentication scheme: "{scheme}"')
        with self._store.reading() as queries:
            environment = queries.environment_of(key)
        if environment is None:
            raise ApiError(401, "API Key not found")
        return environment

    def _once(
        self, request: _Request, out: list[tuple[str, str]], caller: Environment, body: bodies.Body, work: Work
    ) -> Outcome:
        """Do the work, or answer what came of it before, if the request has an idempotency key.

        Looking up the key, the work and remembering its outcome are one transaction: a process that is killed in
        between has done nothing, and the key is free.
        """
        key = self._key(request)
        if not key:
            with self._store.writing() as queries:
                return work(queries)
        if len(key) > LONGEST_KEY:
            raise ApiError(
                400, f'idempotencyKey "{key}" has exceeded the maximum allowed length of {LONGEST_KEY} characters'
            )
        out.append(("Idempotency-Key", key))
        if self._slow is not None:
            with self._store.writing() as queries:
                use = self._use(queries, caller, key, body)
                known = self._known(queries, out, use)
                if known is not None:
                    return known
                self._remember(queries, use, None)
            self._slow()
        with self._store.writing() as queries:
            use = self._use(queries, caller, key, body)
            known = None if self._slow else self._known(queries, out, use)
            if known is not None:
                return known
            outcome: Outcome
            try:
                with queries.undone_on_failure():
                    outcome = work(queries)
            except ApiError as error:
                outcome = error
            self._remember(queries, use, outcome)
            return outcome

    def _elsewhere(self, request: _Request, out: list[tuple[str, str]], body: bodies.Body) -> Outcome:
        """A route that the sandbox does not have.

        All endpoints of a server share the idempotency keys, so that a used one is answered here too.
        """
        key = self._key(request)
        if key and request.method in ("POST", "PATCH") and request.segments[0].lower() == "v1":
            try:
                caller = self._authenticated(request.headers.get("authorization", ""))
            except ApiError:
                pass  # what is not there needs no key
            else:
                with self._store.reading() as queries:
                    known = self._known(queries, out, self._use(queries, caller, key, body))
                if known is not None:
                    out.append(("Idempotency-Key", key))
                    return known
        raise ApiError(404, f"Cannot {request.method} {request.target}")

    def _key(self, request: _Request) -> str:
        return request.headers.get("idempotency-key", "") if self._idempotency else ""

    def _known(self, queries: Queries, out: list[tuple[str, str]], use: _KeyUse) -> Outcome | None:
        """What came of the key before.

        Raises:
            Refusal: 409 while it is in progress, 422 if it was used for another body.
        """
        known = queries.remembered(use.organisation, use.key_hash)
        age = self._clock() - known.begun if known else 0.0
        if known is None or age > REMEMBERED_FOR or (known.answer is None and age > IN_PROGRESS_FOR):
            return None
        if known.answer is None or known.status is None:
            raise ApiError(
                409,
                f'Request with key "{use.key}" is currently being processed. Please retry after 1 second',
                headers=(("Retry-After", "1"), _MORE_ON_IDEMPOTENCY),
            )
        if known.body_hash != use.body_hash:
            raise ApiError(
                422,
                f'Request with key "{use.key}" is being reused for a different body',
                headers=(_MORE_ON_IDEMPOTENCY,),
            )
        out.append(("Idempotency-Replay", "true"))
        if "data" in known.answer:
            return Success(known.status, known.answer["data"])
        if known.status == 500:  # repeated, it tells less than the first time
            return ApiError(500, {"message": "Internal Server Error", "statusCode": 500})
        return ApiError(known.status, known.answer["message"])

    def _remember(self, queries: Queries, use: _KeyUse, outcome: Outcome | None) -> None:
        status, answer = None, None
        if isinstance(outcome, Success):
            status, answer = outcome.status, {"data": outcome.data}
        elif isinstance(outcome, ApiError):
            status, answer = outcome.status, {"message": outcome.message}
        remembered = StoredResponse(use.body_hash, status, answer, self._clock())
        queries.remember(use.organisation, use.key_hash, remembered)

    def _use(self, queries: Queries, caller: Environment, key: str, body: bodies.Body) -> _KeyUse:
        """The key, and its body hashed under it: who has only the file cannot try out either."""
        from hashlib import blake2b

        secret = queries.hash_key(caller.organisation)
        raw = key.encode("utf-8", "surrogatepass")
        under = blake2b(raw, key=secret, digest_size=32, person=b"body").digest()
        text = body.canonical.encode("utf-8", "surrogatepass")
        return _KeyUse(
            organisation=caller.organisation,
            key=key,
            key_hash=blake2b(raw, key=secret, digest_size=32).digest(),
            body_hash=blake2b(text, key=under, digest_size=32).digest(),
        )

    def _reply(self, request: _Request, outcome: Outcome, out: list[tuple[str, str]]) -> Reply:
        if isinstance(outcome, ApiError):
            document = self._refused(request, outcome)
            out.extend(outcome.headers)
        else:
            document = {"data": outcome.data}
        # Half a character, which only the quotation of a broken body can hold, is written as JSON's own escape.
        body = _encode(document).encode("utf-8", "backslashreplace")
        if isinstance(outcome, Success) and request.method in ("GET", "HEAD"):
            tag = _entity_tag(body)
            if request.headers.get("if-none-match") == tag:
                return Reply(304, (("ETag", tag), *out), b"")
            out.append(("ETag", tag))
        return Reply(outcome.status, (_JSON, *out), body)

    def _refused(self, request: _Request, error: ApiError) -> dict[str, Any]:
        document = {
            "statusCode": error.status,
            "timestamp": timestamp(self._clock()),
            "path": request.target,
            "message": error.message,
        }
        if error.error is not None:
            document["error"] = error.error
        if error.status == 500:
            document["errorId"] = naming.error_id(self._randomness)
        return document


def failure_reply(message: str) -> bytes:
    """The body of the 500 that tells a client of the socket why the database file fails."""
    return json.dumps({"statusCode": 500, "message": message}, ensure_ascii=False).encode()


def _named(request: _Request) -> str:
    """The id in the path, as it was written."""
    from urllib.parse import unquote

    return unquote(request.segments[2])


def _is_utf8(path: str) -> bool:
    if "%" not in path:
        return True
    from urllib.parse import unquote_to_bytes

    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return False
    return True


def _entity_tag(body: bytes) -> str:
    """The weak tag that the API's web framework makes."""
    from base64 import b64encode
    from hashlib import sha1

    digest = b64encode(sha1(body, usedforsecurity=False).digest()).decode()
    return f'W/"{len(body):x}-{digest[:27]}"'


def _health() -> dict[str, Any]:
    parts = {
        "db": {"status": "up"},
        "workflowQueue": {"status": "up"},
        "apiVersion": {"version": "2.0.0", "status": "up"},
    }
    return {"status": "ok", "info": parts, "error": {}, "details": parts}
