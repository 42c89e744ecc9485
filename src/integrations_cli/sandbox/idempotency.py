"""Idempotency keys: what a request with a key that was used before gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from integrations_cli.sandbox.errors import ApiError
from integrations_cli.sandbox.integrations import Success
from integrations_cli.sandbox.queries import STORED_FOR, KeyUse, Queries
from integrations_cli.sandbox.records import Environment

IN_PROGRESS_FOR: Final = 300.0
"""Seconds after which a request that never ended no longer blocks its key."""

MAX_LENGTH: Final = 255
"""Characters of a key."""

_DOCUMENTATION: Final = ("Link", "https://docs.novu.co/additional-resources/idempotency")

Outcome = Success | ApiError
Headers = list[tuple[str, str]]
Work = Callable[[Queries, Environment], Success]


def key_use(queries: Queries, organisation: str, key: str, body: str) -> KeyUse:
    """Return the use of the key with the canonical text of a body.

    The body's hash depends on the key, and the key's on a secret of the file: neither can be guessed from the other.
    """
    from hashlib import blake2b

    secret = queries.hash_key(organisation)
    raw = key.encode("utf-8", "surrogatepass")
    body_secret = blake2b(raw, key=secret, digest_size=32, person=b"body").digest()
    key_hash = blake2b(raw, key=secret, digest_size=32).digest()
    return KeyUse(organisation, key_hash, blake2b(body.encode(), key=body_secret, digest_size=32).digest())


def find_response(queries: Queries, key: str, use: KeyUse, now: float, headers: Headers) -> Outcome | None:
    """Return the stored response for the key, and add to the `headers` that it is a repetition.

    Raises:
        ApiError: 409 while the first request is in progress, 422 if it had another body.
    """
    stored = queries.stored_use(use)
    if stored is None or now - stored.begun > (IN_PROGRESS_FOR if stored.status is None else STORED_FOR):
        return None
    if stored.status is None or stored.body is None:
        message = f'Request with key "{key}" is currently being processed. Please retry after 1 second'
        raise ApiError(409, message, headers=(("Retry-After", "1"), _DOCUMENTATION))
    if stored.body_hash != use.body_hash:
        message = f'Request with key "{key}" is being reused for a different body'
        raise ApiError(422, message, headers=(_DOCUMENTATION,))
    headers.append(("Idempotency-Replay", "true"))
    if "data" in stored.body:
        return Success(stored.status, stored.body["data"])
    if stored.status == 500:  # servers repeat it with another message
        return ApiError(500, {"message": "Internal Server Error", "statusCode": 500})
    return ApiError(stored.status, stored.body["message"])


def run_once(queries: Queries, use: KeyUse, now: float, caller: Environment, work: Work) -> Outcome:
    """Do the work and store what came of it, in the open transaction: a process that is killed has done nothing."""
    try:
        with queries.savepoint():
            outcome: Outcome = work(queries, caller)
    except ApiError as error:
        outcome = error
    body = {"data": outcome.data} if isinstance(outcome, Success) else {"message": outcome.message}
    queries.store_use(use._replace(status=outcome.status, body=body, begun=now))
    return outcome
