"""Idempotency keys: what a request with a key that was used before gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from integrations_cli.sandbox.errors import ApiError
from integrations_cli.sandbox.integrations import Success
from integrations_cli.sandbox.queries import STORED_FOR, Queries, StoredResponse

IN_PROGRESS_FOR: Final = 300.0
"""Seconds after which a request that never ended no longer blocks its key."""

_MAX_LENGTH: Final = 255
_DOCUMENTATION: Final = ("Link", "https://docs.novu.co/additional-resources/idempotency")

Outcome = Success | ApiError
Headers = list[tuple[str, str]]


class KeyUse(NamedTuple):
    """The use of an idempotency key by one request."""

    key: str
    organisation: str
    key_hash: bytes
    body_hash: bytes


def check_key_length(key: str) -> None:
    """Check the length of the key.

    Raises:
        ApiError: 400 for a key that is too long.
    """
    if len(key) > _MAX_LENGTH:
        raise ApiError(
            400, f'idempotencyKey "{key}" has exceeded the maximum allowed length of {_MAX_LENGTH} characters'
        )


def key_use(queries: Queries, organisation: str, key: str, body: str) -> KeyUse:
    """Return the use of the key with the canonical text of a body.

    The body's hash depends on the key, and the key's on a secret of the file: neither can be guessed from the other.
    """
    from hashlib import blake2b

    secret = queries.hash_key(organisation)
    raw = key.encode("utf-8", "surrogatepass")
    body_secret = blake2b(raw, key=secret, digest_size=32, person=b"body").digest()
    return KeyUse(
        key=key,
        organisation=organisation,
        key_hash=blake2b(raw, key=secret, digest_size=32).digest(),
        body_hash=blake2b(body.encode(), key=body_secret, digest_size=32).digest(),
    )


def find_response(queries: Queries, use: KeyUse, now: float, headers: Headers) -> Outcome | None:
    """Return the stored response for the key, and add to the `headers` that it is a repetition.

    Raises:
        ApiError: 409 while the first request is in progress, 422 if it had another body.
    """
    stored = queries.stored_response(use.organisation, use.key_hash)
    if stored is None or now - stored.begun > (IN_PROGRESS_FOR if stored.status is None else STORED_FOR):
        return None
    if stored.status is None or stored.body is None:
        raise ApiError(
            409,
            f'Request with key "{use.key}" is currently being processed. Please retry after 1 second',
            headers=(("Retry-After", "1"), _DOCUMENTATION),
        )
    if stored.body_hash != use.body_hash:
        raise ApiError(
            422, f'Request with key "{use.key}" is being reused for a different body', headers=(_DOCUMENTATION,)
        )
    headers.append(("Idempotency-Replay", "true"))
    if "data" in stored.body:
        return Success(stored.status, stored.body["data"])
    if stored.status == 500:  # servers repeat it with another message
        return ApiError(500, {"message": "Internal Server Error", "statusCode": 500})
    return ApiError(stored.status, stored.body["message"])


def store_response(queries: Queries, use: KeyUse, now: float, outcome: Outcome | None) -> None:
    """Store the response for the key; None while its request is in progress."""
    status, body = None, None
    if isinstance(outcome, Success):
        status, body = outcome.status, {"data": outcome.data}
    elif isinstance(outcome, ApiError):
        status, body = outcome.status, {"message": outcome.message}
    queries.store_response(use.organisation, use.key_hash, StoredResponse(use.body_hash, status, body, now))


def run_once(queries: Queries, use: KeyUse, now: float, work: Callable[[Queries], Success]) -> Outcome:
    """Do the work and store what came of it, in the open transaction: a process that is killed has done nothing."""
    outcome: Outcome
    try:
        with queries.savepoint():
            outcome = work(queries)
    except ApiError as error:
        outcome = error
    store_response(queries, use, now, outcome)
    return outcome
