"""The API of the sandbox, from a request to a response, without HTTP and sockets.

It follows the API's documentation and, where that says nothing, what real servers were recorded to do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from integrations_cli.sandbox import bodies
from integrations_cli.sandbox.behaviour import DOCUMENTED, ServerBehaviour
from integrations_cli.sandbox.errors import ApiError
from integrations_cli.sandbox.idempotency import MAX_LENGTH, Outcome, Work, find_response, key_use, run_once
from integrations_cli.sandbox.integrations import Integrations, Success
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
    ) -> None:
        self._store = store
        self._idempotency = idempotency
        self._rate_limit = RateLimit(rate_limit) if rate_limit else None
        self._while_in_progress = while_in_progress
        self._clock = clock
        self._integrations = Integrations(clock, behaviour)

    def handle(self, method: str, target: str, headers: Mapping[str, str] | Headers, body: bytes) -> Response:
        """Return the response to a request. `target` is the path with its query; header values are Latin-1.

        Raises:
            StoreError: The database file fails.
        """
        by_name: dict[str, str] = {}
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            by_name.setdefault(name.lower(), value.strip())
        request = _Request(method.upper(), target, by_name, [])
        try:
            outcome: Outcome = self._dispatch(request, body)
        except ApiError as error:
            outcome = error
        return self._response(request, outcome)

    def _dispatch(self, request: _Request, content: bytes) -> Outcome:
        if "%" in request.path and not _has_valid_escapes(request.path):
            raise ApiError(400, f"Failed to decode param '{request.path.removeprefix('/')}'")
        body = bodies.decode(request.headers, content)
        api = self._integrations
        method = "GET" if request.method == "HEAD" else request.method
        match method, tuple(part.lower() for part in request.segments):
            case "GET", ("v1", "health-check"):
                return Success(200, _health())
            case "GET", ("v1", "environments", "me"):
                return Success(200, environment_json(self._admit(request)))
            case "GET", ("v1", "integrations", *rest) if rest in ([], ["active"]):
                caller = self._admit(request)
                with self._store.reading() as queries:
                    return api.list_all(queries, caller, only_active=bool(rest))
            case "POST", ("v1", "integrations"):
                return self._write(request, body, lambda queries, caller: api.create(queries, caller, body.fields))
            case "POST", ("v1", "integrations", _, "set-primary"):
                wanted = _id_in_path(request)
                return self._write(request, body, lambda queries, caller: api.set_primary(queries, caller, wanted))
            case "PUT", ("v1", "integrations", _):
                wanted = _id_in_path(request)
                return self._write(request, body, lambda queries, by: api.update(queries, by, wanted, body.fields))
            case "DELETE", ("v1", "integrations", _):
                wanted = _id_in_path(request)
                return self._write(request, body, lambda queries, caller: api.delete(queries, caller, wanted))
        return self._not_found(request, body)

    def _admit(self, request: _Request) -> Environment:
        """Return the environment of the request's API key, if its rate limit allows the request."""
        caller = self._authenticate(request)
        limit = self._rate_limit
        if limit is not None and not limit.take(caller.id, self._clock(), request.response_headers):
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
            found = [environment for environment in queries.environments() if environment.api_key == key]
        if not found:
            raise ApiError(401, "API Key not found")
        return found[0]

    def _write(self, request: _Request, body: bodies.Body, work: Work) -> Outcome:
        """Do the work, or return what came of it before for the request's idempotency key."""
        caller = self._admit(request)
        key = self._idempotency_key(request)
        if not key:
            with self._store.writing() as queries:
                return work(queries, caller)
        if len(key) > MAX_LENGTH:
            problem = f"has exceeded the maximum allowed length of {MAX_LENGTH} characters"
            raise ApiError(400, f'idempotencyKey "{key}" {problem}')
        request.response_headers.append(("Idempotency-Key", key))
        with self._store.writing() as queries:
            use = key_use(queries, caller.organisation, key, body.canonical)
            stored = find_response(queries, key, use, self._clock(), request.response_headers)
            if stored is not None:
                return stored
            if self._while_in_progress is None:
                return run_once(queries, use, self._clock(), caller, work)
            queries.store_use(use._replace(begun=self._clock()))
        self._while_in_progress()
        with self._store.writing() as queries:
            return run_once(queries, use, self._clock(), caller, work)

    def _not_found(self, request: _Request, body: bodies.Body) -> Outcome:
        """Answer for an endpoint that the sandbox does not have.

        All endpoints of a server share the idempotency keys, so a used key gets its stored response here too.
        """
        key = self._idempotency_key(request)
        if key and request.segments[0].lower() == "v1":
            try:
                caller = self._authenticate(request)
            except ApiError:
                pass  # servers look for the endpoint first
            else:
                with self._store.reading() as queries:
                    use = key_use(queries, caller.organisation, key, body.canonical)
                    stored = find_response(queries, key, use, self._clock(), request.response_headers)
                if stored is not None:
                    request.response_headers.append(("Idempotency-Key", key))
                    return stored
        raise ApiError(404, f"Cannot {request.method} {request.target}")

    def _idempotency_key(self, request: _Request) -> str:
        """Return the key of a request whose method has one on servers; empty if there is none."""
        honoured = self._idempotency and request.method in ("POST", "PATCH")
        return request.headers.get("idempotency-key", "") if honoured else ""

    def _response(self, request: _Request, outcome: Outcome) -> Response:
        headers = request.response_headers
        if isinstance(outcome, ApiError):
            document = {"statusCode": outcome.status, "timestamp": timestamp(self._clock())}
            document |= {"path": request.target, "message": outcome.message}
            if outcome.reason is not None:
                document["error"] = outcome.reason
            if outcome.status == 500:
                import uuid

                document["errorId"] = str(uuid.uuid4())
            body = encode_json(document).encode("utf-8", "backslashreplace")
            return Response(outcome.status, (_JSON, *headers, *outcome.headers), body)
        body = encode_json({"data": outcome.data}).encode()
        if request.method in ("GET", "HEAD"):
            tag = _entity_tag(body)
            if request.headers.get("if-none-match") == tag:
                return Response(304, (("ETag", tag), *headers), b"")
            headers.append(("ETag", tag))
        return Response(outcome.status, (_JSON, *headers), body)


def _id_in_path(request: _Request) -> str:
    from urllib.parse import unquote

    return unquote(request.segments[2])


def _has_valid_escapes(path: str) -> bool:
    from urllib.parse import unquote

    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        return False
    return _BAD_ESCAPE.search(path) is None


def _entity_tag(body: bytes) -> str:
    """Return the weak tag that the API's web framework makes."""
    from base64 import b64encode
    from hashlib import sha1

    digest = b64encode(sha1(body, usedforsecurity=False).digest()).decode()
    return f'W/"{len(body):x}-{digest[:27]}"'


def _health() -> dict[str, Any]:
    up = {"status": "up"}
    parts = {"db": up, "workflowQueue": up, "apiVersion": {"version": "2.0.0", **up}}
    return {"status": "ok", "info": parts, "error": {}, "details": parts}
