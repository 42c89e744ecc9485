"""The retry policy: which requests are sent again, how often, and after how long.

    outcome                                   retried   may have succeeded   may still be running
    no connection                             yes       no                   no
    bad certificate, refusal by a proxy (4xx) no        no                   no
    connection lost after sending             yes       yes                  no
    timeout after sending                     yes       yes                  yes
    429                                       yes       no                   no
    502, 503, 504                             yes       yes                  no
    409 with Retry-After (key is in use)      yes       yes                  yes
    303, other 5xx (retried for a read)       no        yes                  no
    any other status                          no        no                   no

The caller decides whether repeating does harm. The wait is the one that the server asks for, else a random one that
grows (`RetryPolicy`). Clock and randomness are arguments, so that tests need not wait.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from integrations_cli.api.transport.interface import Response, TransportFailure

if TYPE_CHECKING:
    from datetime import datetime

RETRYABLE_STATUSES: Final = frozenset({429, 502, 503, 504})
Outcome = Response | TransportFailure  # of an attempt


class RetryPolicy(NamedTuple):
    """At most `retries` further attempts, none of which begins later than `total` seconds after the first.

    If the server does not ask for a wait, it is random (full jitter, so that clients that failed together do not return
    together): between 0 and `first` seconds, doubled with every attempt up to `ceiling`.
    """

    retries: int = 3
    total: float = 60.0
    first: float = 0.5
    ceiling: float = 8.0


def is_retryable(outcome: Outcome) -> bool:
    """Return whether the same request may succeed later, if repeating it does no harm."""
    if isinstance(outcome, TransportFailure):
        return not outcome.permanent
    return outcome.status in RETRYABLE_STATUSES or is_being_processed(outcome)


def may_have_succeeded(outcome: Outcome) -> bool:
    """Return whether the server may have done, or may still do, what it was asked, although this is no success.

    A refusal (4xx) excludes it. A 5xx does not: it can follow the work, or come from a proxy before the server is done.
    """
    if isinstance(outcome, TransportFailure):
        return outcome.sent
    return outcome.status >= 500 or outcome.status == 303 or is_being_processed(outcome)


def may_still_be_running(outcome: Outcome) -> bool:
    """Return whether the server may still be doing what it was asked."""
    return outcome.timed_out if isinstance(outcome, TransportFailure) else is_being_processed(outcome)


def is_being_processed(response: Response) -> bool:
    """Return whether the server is working on an earlier request with this idempotency key: a 409 with Retry-After."""
    return response.status == 409 and "retry-after" in response.headers


class Clock(Protocol):
    """The time, in seconds."""

    def now(self) -> float:
        """Return a time that never goes back, from an unknown start."""

    def wall(self) -> float:
        """Return the time since 1970, to compare with dates of servers."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


def system_random() -> float:
    """Return a random number from the system's own source: at least 0, less than 1."""
    return int.from_bytes(os.urandom(6)) / 2**48  # importing `random` would take longer


class AttemptReport(NamedTuple):
    """One attempt, for `--verbose`: its `status` or `failure`, and the seconds to `wait` for the next (None: no next).

    `echoed` says whether the response repeated the idempotency key of the request (None: there was none).
    """

    method: str
    url: str
    number: int
    status: int | None
    failure: str | None
    elapsed: float | None
    wait: float | None
    echoed: bool | None = None

    def __str__(self) -> str:
        """Return one line: what was sent, what came back, what follows."""
        result = self.failure if self.status is None else f"{self.status} after {self.elapsed or 0:.2f} s"
        # Only a success should repeat the key. A refused key or rate, and the error of a proxy, never do.
        unprotected = self.echoed is False and self.status is not None and self.status < 300
        note = "; the server did not repeat the idempotency key" if unprotected else ""
        follows = "" if self.wait is None else f"; again in {self.wait:.2f} s"
        return f"{self.method} {self.url} (attempt {self.number}): {result}{note}{follows}"


class Attempts:
    """The attempts of one operation: the number `made`, their time limits, and the waits between them.

    `may_have_succeeded`: one of them may have been carried out, although no success came back.
    """

    def __init__(self, policy: RetryPolicy, clock: Clock, random: Callable[[], float], timeout: float) -> None:
        """Begin now; `timeout` is the time limit of one attempt in seconds."""
        self._policy = policy
        self._clock = clock
        self._random = random
        self._timeout = timeout
        self.made = 0
        self.may_have_succeeded = False
        self.deadline = clock.now() + policy.total

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, negative after it."""
        return self.deadline - self._clock.now()

    def next_timeout(self) -> float:
        """Count another attempt and return its time limit in seconds. Only the first may end after the deadline."""
        self.made += 1
        return self._timeout if self.made == 1 else max(min(self._timeout, self.remaining), 0.001)

    def wait_after(self, outcome: Outcome) -> float | None:
        """Return the seconds to wait before the next attempt; None if none is left, or no time for it."""
        if self.made > self._policy.retries:
            return None
        wait: float | None = None
        if isinstance(outcome, Response):
            wait = requested_wait(outcome.headers, self._clock.wall(), limited=outcome.status == 429)
        if wait is None:
            wait = self._random() * min(self._policy.ceiling, self._policy.first * 2.0 ** min(self.made - 1, 32))
        return wait if wait < self.remaining else None

    def pause(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            self._clock.sleep(seconds)


def requested_wait(headers: Mapping[str, str], wall: float, *, limited: bool = False) -> float | None:
    """Return the seconds that the server asks to wait: `Retry-After` as a number or a date; None for anything else.

    For a 429 (`limited`), `RateLimit-Reset` is the second choice. `wall` is the time now, in seconds since 1970.
    """
    retry_after = headers.get("retry-after", "")
    wait = _parse_seconds(retry_after)
    if wait is None and (date := parse_http_date(retry_after)) is not None:
        # The server's own clock counts, if the response tells it.
        wait = max(date - (parse_http_date(headers.get("date", "")) or wall), 0.0)
    if wait is None and limited:
        wait = _parse_seconds(headers.get("ratelimit-reset", ""))
    return wait


def _parse_seconds(text: str) -> float | None:
    """Return a plain number of seconds; None for anything else (`-1`, `1e9`, `nan`, `soon`)."""
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", text.strip()) else None


def parse_http_date(date: str) -> float | None:
    """Return an HTTP date as seconds since 1970; None for anything else."""
    from email.utils import parsedate_to_datetime

    return _parse_date(parsedate_to_datetime, date) if date.strip() else None


def parse_iso_date(date: object) -> float | None:
    """Return a date like 2026-11-23T04:51:58.487Z as seconds since 1970; None for anything else."""
    from datetime import datetime

    return _parse_date(datetime.fromisoformat, date) if isinstance(date, str) else None


def _parse_date(parse: Callable[[str], datetime], date: str) -> float | None:
    from datetime import UTC

    try:
        parsed = parse(date)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
