"""When a request is sent again, and after how long: one policy, with the clock and the randomness given from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from .transport import Answer, TransportFailure

BUSY: Final = frozenset({429, 502, 503, 504})
"""Answers that pass: the server, or a proxy before it, cannot answer just now."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `retries` further attempts within `total` seconds of the beginning.

    Where the server does not say how long to wait, it is a random time of up to `first` seconds, doubling with every
    attempt up to `ceiling`.
    """

    retries: int = 3
    total: float = 60.0
    first: float = 0.5
    ceiling: float = 8.0


class Clock(Protocol):
    """The time, and the passing of it."""

    def now(self) -> float:
        """Seconds that only ever grow, from an unknown beginning."""

    def wall(self) -> float:
        """Seconds since 1970, for the dates that servers send."""

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds that only ever grow, from an unknown beginning."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, for the dates that servers send."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass."""
        time.sleep(seconds)


def chance() -> float:
    """A random number from 0 up to, but not including, 1, out of the system's own source."""
    from random import SystemRandom

    return SystemRandom().random()


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """One attempt for `--verbose`: the answer's `status` or the `failure`, and the `wait` in seconds before the next.

    `wait` is None where no other attempt follows; `echoed` is true or false where the request carried an idempotency
    key and the answer repeated it or did not.
    """

    method: str
    url: str
    number: int
    status: int | None
    failure: str | None
    elapsed: float
    wait: float | None
    echoed: bool | None = None


Outcome = Answer | TransportFailure
"""What became of an attempt."""


class Attempts:
    """The attempts of one operation: how many were made, how long the next may take, how long to wait before it."""

    def __init__(self, policy: RetryPolicy, clock: Clock, random: Callable[[], float], timeout: float) -> None:
        """Begin now; `timeout` is the time limit of one attempt in seconds."""
        self._policy = policy
        self._clock = clock
        self._random = random
        self._timeout = timeout
        self.made = 0
        self.deadline = clock.now() + policy.total

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, negative after it."""
        return self.deadline - self._clock.now()

    def next_timeout(self) -> float:
        """Count another attempt; the seconds that it may take. The first has its full time."""
        self.made += 1
        return self._timeout if self.made == 1 else max(min(self._timeout, self.remaining), 0.001)

    def wait_after(self, outcome: Outcome) -> float | None:
        """The seconds to wait before the next attempt, or None if there is none left or no time for it."""
        if self.made > self._policy.retries:
            return None
        wait: float | None = None
        if isinstance(outcome, Answer):
            wait = asked_wait(outcome.headers, self._clock.wall(), limited=outcome.status == 429)
        if wait is None:
            # Full jitter: many clients that failed together do not come back together.
            wait = self._random() * min(self._policy.ceiling, self._policy.first * 2.0 ** min(self.made - 1, 32))
        return wait if wait < self.remaining else None

    def pause(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            self._clock.sleep(seconds)


def asked_wait(headers: Mapping[str, str], wall: float, *, limited: bool = False) -> float | None:
    """The seconds that the server asks to wait: `Retry-After` as a number or a date, or None without a sensible one.

    With `limited` (a 429), `RateLimit-Reset` stands in for it. `wall` is the time now, in seconds since 1970.
    """
    asked = _seconds(headers.get("retry-after", ""))
    if asked is None:
        asked = _until(headers.get("retry-after", ""), headers.get("date", ""), wall)
    if asked is None and limited:
        asked = _seconds(headers.get("ratelimit-reset", ""))
    return asked


def _seconds(text: str) -> float | None:
    """A number of seconds; what is no plain number is not one (`-1`, `1e9`, `nan`, `soon`)."""
    text = text.strip()
    whole, _, rest = text.partition(".")
    if not (text.isascii() and whole.isdigit() and len(whole) < 10 and (not rest or rest.isdigit())):
        return None
    return float(text)


def _until(date: str, server_now: str, wall: float) -> float | None:
    """The seconds until an HTTP date, by the server's own clock if the answer tells it; none for a date gone by."""
    moment = _moment(date)
    if moment is None:
        return None
    return max(moment - (_moment(server_now) or wall), 0.0)


def _moment(date: str) -> float | None:
    """An HTTP date as seconds since 1970."""
    if not date.strip():
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def comes_and_goes(outcome: Outcome) -> bool:
    """Whether the same request may fare better later, if repeating it does no harm.

    That is so without a connection or a whole answer (unless the certificate, or a proxy, will refuse again), for 429,
    502, 503 and 504, and for a 409 that says when to come back: a request with this idempotency key is at work.
    """
    if isinstance(outcome, TransportFailure):
        return not outcome.lasting
    return outcome.status in BUSY or in_progress(outcome)


def in_progress(answer: Answer) -> bool:
    """Whether the server is still at work on an earlier request with this key: a 409 that says when to come back."""
    return answer.status == 409 and "retry-after" in answer.headers
