"""The API of the sandbox, from a request to a response, without HTTP and sockets.

It follows the API's documentation and, where that says nothing, what real servers were recorded to do.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from integrations_cli.sandbox import bodies, ids
from integrations_cli.sandbox.behaviour import DOCUMENTED, ServerBehaviour
from integrations_cli.sandbox.errors import ApiError
from integrations_cli.sandbox.idempotency import (
    Outcome,
    check_key_length,
    find_response,
    key_use,
    run_once,
    store_response,
)
from integrations_cli.sandbox.integrations import Integrations, Success
from integrations_cli.sandbox.queries import Queries
from integrations_cli.sandbox.rate_limit import RateLimit
from integrations_cli.sandbox.records import Environment, encode_json, environment_json, timestamp
from integrations_cli.sandbox.store import Store

Headers = Iterable[tuple[str, str]]

_JSON: Final = ("Content-Type", "application/json; charset=utf-8")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")


class Response(NamedTuple):
    """A response; the headers lack the body's length."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _Request(NamedTuple):
    """A request, and the headers for its response.

    Header names are in lower case; of a header that is there twice the first counts.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    response_headers: list[tuple[str, str]]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the parts of the path; one slash at the end makes no difference."""
        return tuple(self.path.removeprefix("/").removesuffix("/").split("/"))


class SandboxApi:
    """The API on a store. Threads may share it.

    `rate_limit` is in requests a second for each environment. `while_in_progress` is called while a request with an
    idempotency key is in progress, as if it took its time. `clock` returns seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        *,
        idempotency: bool = True,
        rate_limit: int | None = None,
        behaviour: ServerBehaviour = DOCUMENTED,
        while_in_progress: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.time,
        randomness: ids.Randomness = os.urandom,
    ) -> None:
        self._store = store
        self._idempotency = idempotency
        self._rate_limit = RateLimit(rate_limit) if rate_limit else None
        self._while_in_progress = while_in_progress
        self._clock = clock
        self._randomness = randomness
        self._integrations = Integrations(clock, randomness, behaviour)

    def handle(self, method: str, target: str, headers: Mapping[str, str] | Headers, body: bytes) -> Response:
        """Return the response to a request. `target` is the path with its query; header values are Latin-1.

        Raises:
            StoreError: The database file fails.
        """
        by_name: dict[str, str] = {}
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            by_name.setdefault(name.lower(), value.strip())
        request = _Request(method.upper(), target, by_name, [])
        outcome: Outcome
        try:
            outcome = self._dispatch(request, body)
        except ApiError as error:
            outcome = error
        return self._response(request, outcome)

    def _dispatch(self, request: _Request, content: bytes) -> Outcome:
        if _BAD_ESCAPE.search(request.path) or not _is_utf8(request.path):
            raise ApiError(400, f"Failed to decode param '{request.path.removeprefix('/')}'")
        body = bodies.decode(request.headers, content)
        api = self._integrations
        method = "GET" if request.method == "HEAD" else request.method
        match method, tuple(part.lower() for part in request.segments):
            case "GET", ("v1", "health-check"):
                return Success(200, _health())
            case "GET", ("v1", "environments", "me"):
                return Success(200, environment_json(self._admit(request)))
            case "GET", ("v1", "integrations"):
                caller = self._admit(request)
                with self._store.reading() as queries:
                    return api.list_all(queries, caller)
            case "GET", ("v1", "integrations", "active"):
                caller = self._admit(request)
                with self._store.reading() as queries:
                    return api.list_all(queries, caller, only_active=True)
            case "POST", ("v1", "integrations"):
                caller = self._admit(request)
                return self._once(request, caller, body, lambda queries: api.create(queries, caller, body.fields))
            case "POST", ("v1", "integrations", _, "set-primary"):
                caller, wanted = self._admit(request), _id_in_path(request)
                return self._once(request, caller, body, lambda queries: api.set_primary(queries, caller, wanted))
            case "PUT", ("v1", "integrations", _):
                caller = self._admit(request)
                with self._store.writing() as queries:
                    return api.update(queries, caller, _id_in_path(request), body.fields)
            case "DELETE", ("v1", "integrations", _):
                caller = self._admit(request)
                with self._store.writing() as queries:
                    return api.delete(queries, caller, _id_in_path(request))
        return self._not_found(request, body)

    def _admit(self, request: _Request) -> Environment:
        """Return the environment of the request's API key.

        Raises:
            ApiError: 401, or 429.
        """
        caller = self._authenticate(request)
        if self._rate_limit is not None:
            allowance = self._rate_limit.take(caller.id, self._clock())
            request.response_headers.extend(allowance.headers)
            if not allowance.granted:
                raise ApiError(429, "API rate limit exceeded", with_reason=False)
        return caller

    def _authenticate(self, request: _Request) -> Environment:
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise ApiError(401, "Missing authorization header")
        scheme, _, key = authorization.partition(" ")
        if scheme == "Bearer" or authorization == "ApiKey":
            raise ApiError(401, "Unauthorized", with_reason=False)
        if scheme != "ApiKey":
            raise ApiError(401, f'Invalid authentication scheme: "{scheme}"')
        with self._store.reading() as queries:
            environment = queries.environment_of(key)
        if environment is None:
            raise ApiError(401, "API Key not found")
        return environment

    def _once(
        self, request: _Request, caller: Environment, body: bodies.Body, work: Callable[[Queries], Success]
    ) -> Outcome:
        """Do the work, or return what came of it before for the request's idempotency key."""
        key = self._idempotency_key(request)
        if not key:
            with self._store.writing() as queries:
                return work(queries)
        check_key_length(key)
        request.response_headers.append(("Idempotency-Key", key))
        with self._store.writing() as queries:
            use = key_use(queries, caller.organisation, key, body.canonical)
            stored = find_response(queries, use, self._clock(), request.response_headers)
            if stored is not None:
                return stored
            if self._while_in_progress is None:
                return run_once(queries, use, self._clock(), work)
            store_response(queries, use, self._clock(), None)
        self._while_in_progress()
        with self._store.writing() as queries:
            return run_once(queries, use, self._clock(), work)

    def _not_found(self, request: _Request, body: bodies.Body) -> Outcome:
        """Answer for an endpoint that the sandbox does not have.

        All endpoints of a server share the idempotency keys, so a used key gets its stored response here too.
        """
        key = self._idempotency_key(request)
        if key and request.method in ("POST", "PATCH") and request.segments[0].lower() == "v1":
            try:
                caller = self._authenticate(request)
            except ApiError:
                pass  # servers look for the endpoint first
            else:
                with self._store.reading() as queries:
                    use = key_use(queries, caller.organisation, key, body.canonical)
                    stored = find_response(queries, use, self._clock(), request.response_headers)
                if stored is not None:
                    request.response_headers.append(("Idempotency-Key", key))
                    return stored
        raise ApiError(404, f"Cannot {request.method} {request.target}")

    def _idempotency_key(self, request: _Request) -> str:
        return request.headers.get("idempotency-key", "") if self._idempotency else ""

    def _response(self, request: _Request, outcome: Outcome) -> Response:
        headers = request.response_headers
        if isinstance(outcome, ApiError):
            body = encode_json(self._error_json(request, outcome)).encode("utf-8", "backslashreplace")
            return Response(outcome.status, (_JSON, *headers, *outcome.headers), body)
        body = encode_json({"data": outcome.data}).encode()
        if request.method in ("GET", "HEAD"):
            tag = _entity_tag(body)
            if request.headers.get("if-none-match") == tag:
                return Response(304, (("ETag", tag), *headers), b"")
            headers.append(("ETag", tag))
        return Response(outcome.status, (_JSON, *headers), body)

    def _error_json(self, request: _Request, error: ApiError) -> dict[str, Any]:
        document = {
            "statusCode": error.status,
            "timestamp": timestamp(self._clock()),
            "path": request.target,
            "message": error.message,
        }
        if error.reason is not None:
            document["error"] = error.reason
        if error.status == 500:
            document["errorId"] = ids.error_id(self._randomness)
        return document


def _id_in_path(request: _Request) -> str:
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
    """Return the weak tag that the API's web framework makes."""
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
