"""How fast many requests may leave: as fast as the server says it lets them, and slower where it does not say.

Servers keep a bucket of tokens for each environment: every request takes one, and so many a second come back, evenly or
all at once. Every answer tells of it:

    RateLimit-Policy: 500;w=5;burst=550     500 every 5 seconds, at most 550 at once
    RateLimit-Remaining: 549                what is left now

Where more is left than a second's worth and a quarter (and the policy names a burst), requests leave at once. What is
below that stays as a reserve, since tokens may come back only once a second; then requests leave evenly, a little below
the rate. Without these headers nothing is held back until the first 429; then what was accepted so far is taken for the
rate, it is lowered with every further 429, and raised slowly in between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from integrations_cli.api.retry import Clock, requested_wait
from integrations_cli.api.transport.base import Request, Response, Transport

SHARE: Final = 0.985
"""The part of the announced rate that is used: clocks and networks are not exact, and a 429 costs more than it."""

RESERVE: Final = 1.25
"""Seconds' worth of tokens that are left in the bucket."""

CATCH_UP: Final = 0.05
"""Seconds of lateness that are made good: a process that slept too long does not lose its turn."""

SHORTEST_HOLD: Final = 0.25
"""Seconds without a request after a 429 that asks for none: `Retry-After` is rounded to whole seconds."""

DEFAULT_HOLD: Final = 1.0
"""Seconds without a request after a 429 that does not say."""

LONGEST_HOLD: Final = 60.0
"""Seconds beyond which nothing is held: no operation waits for so long, and each says what it was asked."""

SLOWEST: Final = 1.0
"""Requests a second below which no rate is taken for the server's."""

RISE: Final = 0.01
"""By which part the rate is raised every second after a 429 has lowered it."""

FALL: Final = 0.07
"""By which part a 429 lowers the announced rate, or one that nothing better is known of."""

ENOUGH: Final = 10
"""So many requests must have been accepted since the last 429 before a rate is taken from them."""

_POLICY: Final = re.compile(r"\s*(\d{1,9})\s*;(?:.*;)?\s*w=(\d{1,9})\b")
_BURST: Final = re.compile(r";\s*burst=(\d{1,9})\b")


@dataclass(slots=True)
class RateLimiter:
    """When the next request may leave; threads may share it. Times are seconds of any clock that only grows."""

    rate: float | None = None
    """Requests a second; None while no limit is known."""
    limited: int = 0
    """How many requests were answered with 429."""
    sent: int = 0
    """How many requests have left."""
    _burst: float | None = None
    _announced: bool = False
    _share: float = SHARE
    _remaining: float = 0.0
    _under_way: int = 0
    _next: float = 0.0
    _held_until: float = 0.0
    _held_at: float = 0.0
    _accepted: int = 0
    _counted_from: float | None = None
    _raised_at: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def wait(self, now: float) -> float:
        """The seconds to wait before asking again, or 0.0: then a request may leave now, and is counted."""
        with self._lock:
            if now < self._held_until:
                return self._held_until - now
            rate = self._current_rate(now)
            if rate is not None and not self._plenty(rate):
                if now < self._next:
                    return self._next - now
                self._next = max(self._next, now - CATCH_UP) + 1.0 / rate
            if self._counted_from is None:
                self._counted_from = now
            self._remaining -= 1
            self._under_way += 1
            self.sent += 1
            return 0.0

    def answered(self, now: float, status: int | None, headers: Mapping[str, str], wall: float = 0.0) -> None:
        """Learn from an answer that came at `now`; `status` is None where none came.

        `wall` is the same moment in seconds since 1970, for the dates that servers send.
        """
        with self._lock:
            self._under_way -= 1
            self._read_policy(headers)
            left = headers.get("ratelimit-remaining", "")
            if left.isascii() and left.isdigit():
                # What is still under way is likely not to be counted in it yet.
                self._remaining = float(left) - self._under_way
            if status == 429:
                self.limited += 1
                self._hold(now, requested_wait(headers, wall, limited=True))
            elif status is not None:
                self._accepted += 1

    def _plenty(self, rate: float) -> bool:
        """Whether the bucket has more than must stay in it."""
        return self._burst is not None and self._burst > 2 * RESERVE * rate and self._remaining > RESERVE * rate

    def _current_rate(self, now: float) -> float | None:
        if self.rate is None:
            return None
        risen = (1 + RISE) ** min(max(now - self._raised_at, 0.0), LONGEST_HOLD)
        self._raised_at = max(self._raised_at, now)
        if not self._announced:
            self.rate *= risen
            return self.rate
        self._share = min(self._share * risen, SHARE)
        # Somebody else draws from the same bucket: leave them some of it.
        scarce = self._burst is not None and self._remaining < 0.1 * min(self._burst, self.rate)
        return self.rate * self._share * (0.9 if scarce else 1.0)

    def _read_policy(self, headers: Mapping[str, str]) -> None:
        text = headers.get("ratelimit-policy", "")
        policy = _POLICY.match(text)
        if policy is None or int(policy[1]) == 0 or int(policy[2]) == 0:
            return
        self.rate = int(policy[1]) / int(policy[2])
        if not self._announced and self._counted_from is not None:
            # What has left before the rate was known counts, too.
            self._next = max(self._next, self._counted_from + self.sent / (self.rate * SHARE))
        self._announced = True
        burst = _BURST.search(text)
        self._burst = float(burst[1]) if burst else None

    def _hold(self, now: float, asked: float | None) -> None:
        """Let nothing leave for the seconds that were asked; the 429s of requests that left before count as one."""
        wait = DEFAULT_HOLD if asked is None or asked > LONGEST_HOLD else max(asked, SHORTEST_HOLD)
        again = now >= self._held_until
        self._held_until = max(self._held_until, now + wait)
        self._next = max(self._next, self._held_until)
        if not again:
            return
        self._raised_at = self._held_until
        if self._announced:
            self._share = max(self._share * (1 - FALL), 0.5 * SHARE)
            return
        if self._accepted >= ENOUGH:
            began = self._counted_from if self._counted_from is not None else now
            self.rate = self._accepted / max(now - began, 1.0) * (1 - 3 * RISE)
        elif self.rate is not None:
            self.rate *= 1 - FALL
        self.rate = None if self.rate is None else max(self.rate, SLOWEST)
        self._accepted, self._counted_from = 0, now


class RateLimitedTransport:
    """A transport whose requests leave when the pacer lets them; threads may share it."""

    def __init__(self, inner: Transport, limiter: RateLimiter, clock: Clock) -> None:
        """Send through `inner`; waiting is done on `clock`."""
        self._inner = inner
        self._limiter = limiter
        self._clock = clock

    @property
    def base_url(self) -> str:
        """Where the paths of the requests start, without a slash at the end."""
        return self._inner.base_url

    def send(self, request: Request, timeout: float) -> Response:
        """The server's answer; the time until the request may leave does not count into `timeout` (seconds).

        Raises:
            TransportFailure: No whole answer came.
            Interrupted: Ctrl-C.
        """
        while (wait := self._limiter.wait(self._clock.now())) > 0:
            self._clock.sleep(wait)
        status: int | None = None
        headers: Mapping[str, str] = {}
        try:
            response = self._inner.send(request, timeout)
            status, headers = response.status, response.headers
        finally:
            self._limiter.answered(self._clock.now(), status, headers, self._clock.wall())
        return response

    def close(self) -> None:
        """Close the connections that are kept for further requests."""
        self._inner.close()
