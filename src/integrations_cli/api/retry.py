"""When a request is sent again, and after how long: one policy; clock and randomness are given from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from integrations_cli.api.transport.base import Response, TransportFailure

BUSY: Final = frozenset({429, 502, 503, 504})
"""Answers that pass: the server, or a proxy before it, cannot answer just now."""


class RetryPolicy(NamedTuple):
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


def system_random() -> float:
    """A random number from 0 up to, but not including, 1, out of the system's own source."""
    from random import SystemRandom

    return SystemRandom().random()


class AttemptReport(NamedTuple):
    """One attempt for `--verbose`: the answer's `status` or the `failure`, and the `wait` in seconds before the next.

    `wait` is None where no other attempt follows; `echoed` is true or false where the request carried an idempotency
    key and the answer repeated it or did not.
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
        """One line: what was sent, what came back, what follows."""
        came = self.failure if self.status is None else f"{self.status} after {self.elapsed or 0:.2f} s"
        # Only of a success it says something: refusals of the key or the rate, and a proxy's answers, never repeat it.
        unkept = self.echoed is False and self.status is not None and self.status < 300
        unprotected = "; the server did not repeat the idempotency key" if unkept else ""
        follows = "" if self.wait is None else f"; again in {self.wait:.2f} s"
        return f"{self.method} {self.url} (attempt {self.number}): {came}{unprotected}{follows}"


Outcome = Response | TransportFailure
"""What became of an attempt."""


class Attempts:
    """The attempts of one operation: how many were `made`, how long the next may take, how long to wait before it.

    `may_have_succeeded` says that one of them, though it was not answered with a yes, may have been carried out.
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
        """Count another attempt; the seconds that it may take. The first has its full time."""
        self.made += 1
        return self._timeout if self.made == 1 else max(min(self._timeout, self.remaining), 0.001)

    def wait_after(self, outcome: Outcome) -> float | None:
        """The seconds to wait before the next attempt, or None if there is none left or no time for it."""
        if self.made > self._policy.retries:
            return None
        wait: float | None = None
        if isinstance(outcome, Response):
            wait = requested_wait(outcome.headers, self._clock.wall(), limited=outcome.status == 429)
        if wait is None:
            # Full jitter: many clients that failed together do not come back together.
            wait = self._random() * min(self._policy.ceiling, self._policy.first * 2.0 ** min(self.made - 1, 32))
        return wait if wait < self.remaining else None

    def pause(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            self._clock.sleep(seconds)


def requested_wait(headers: Mapping[str, str], wall: float, *, limited: bool = False) -> float | None:
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
    then = parse_http_date(date)
    if then is None:
        return None
    return max(then - (parse_http_date(server_now) or wall), 0.0)


def parse_http_date(date: str) -> float | None:
    """An HTTP date as seconds since 1970."""
    if not date.strip():
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        parsed = parsedate_to_datetime(date)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def parse_iso_date(date: object) -> float | None:
    """A date like 2026-11-23T04:51:58.487Z as seconds since 1970; None for anything else."""
    if not isinstance(date, str):
        return None
    from datetime import UTC, datetime

    try:
        parsed = datetime.fromisoformat(date)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def is_retryable(outcome: Outcome) -> bool:
    """Whether the same request may fare better later, if repeating it does no harm.

    That is so without a connection or a whole answer (unless the certificate, or a proxy, will refuse again), for 429,
    502, 503 and 504, and for a 409 that says when to come back: a request with this idempotency key is at work.
    """
    if isinstance(outcome, TransportFailure):
        return not outcome.permanent
    return outcome.status in BUSY or is_being_processed(outcome)


def may_have_succeeded(outcome: Outcome) -> bool:
    """Whether the server may have done, or may still do, what it was asked, although this is not a yes.

    Not so without a request that left, and after a refusal (3xx, 4xx). So after everything else: an error of the server
    (5xx) can come after the work, and a proxy's can come before the server's own answer.
    """
    if isinstance(outcome, TransportFailure):
        return outcome.sent
    return outcome.status >= 500 or outcome.status == 303 or is_being_processed(outcome)


def may_still_be_running(outcome: Outcome) -> bool:
    """Whether the server may still be doing what it was asked: a time-out, or its own word for it."""
    if isinstance(outcome, TransportFailure):
        return outcome.timed_out
    return is_being_processed(outcome)


def is_being_processed(response: Response) -> bool:
    """Whether the server is still at work on an earlier request with this key: a 409 that says when to come back."""
    return response.status == 409 and "retry-after" in response.headers
