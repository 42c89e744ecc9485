"""Limits the rate of requests to what the server allows, so that few are answered with 429.

Servers keep a bucket of tokens for each environment. Every request takes one, and new ones are added at a fixed rate,
evenly or all at once. The headers of every response describe the bucket:

    RateLimit-Policy: 500;w=5;burst=550     500 every 5 seconds, at most 550 at once
    RateLimit-Remaining: 549                the tokens that are left

While the bucket has more than a reserve (and the policy names a burst), requests leave at once. The reserve stays,
because tokens may be added only once a second. Then requests leave evenly, a little below the rate. Without these
headers nothing waits until the first 429. Then the rate of the accepted requests becomes the limit; every further 429
lowers it, and time raises it slowly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from integrations_cli.api.retry import Clock, requested_wait
from integrations_cli.api.transport.interface import Request, Response, Transport

# The share of the announced rate that is used: clocks and networks are not exact, and a 429 costs more.
SHARE: Final = 0.985
RESERVE: Final = 1.25  # tokens that stay in the bucket, in seconds of the rate
CATCH_UP: Final = 0.05  # seconds of delay that are made up for: a process that slept too long does not lose its turn
MIN_PAUSE: Final = 0.25  # seconds after a 429 that asks for none: `Retry-After` is rounded to whole seconds
DEFAULT_PAUSE: Final = 1.0  # seconds after a 429 that does not say how long
MAX_PAUSE: Final = 60.0  # seconds; a longer wait is not applied to other requests: no operation waits so long
MIN_RATE: Final = 1.0  # requests a second: a limit that was found is never lower
RISE: Final = 0.01  # the share by which the rate rises every second after a 429 has lowered it
FALL: Final = 0.07  # the share by which a 429 lowers the rate
MIN_SAMPLE: Final = 10  # the accepted requests since the last 429 that are needed to find a rate

_POLICY: Final = re.compile(r"\s*(\d{1,9})\s*;(?:.*;)?\s*w=(\d{1,9})\b")
_BURST: Final = re.compile(r";\s*burst=(\d{1,9})\b")


@dataclass(slots=True)
class RateLimiter:
    """Decides when the next request may leave; threads may share it. Times are in seconds."""

    rate: float | None = None  # requests a second; None while no limit is known
    limited: int = 0  # requests that were answered with 429
    sent: int = 0  # requests that have left
    _burst: float | None = None
    _announced: bool = False
    _share: float = SHARE
    _remaining: float = 0.0
    _in_flight: int = 0
    _next: float = 0.0
    _paused_until: float = 0.0
    _accepted: int = 0
    _counted_from: float | None = None
    _raised_at: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def wait(self, now: float) -> float:
        """Return the seconds to wait before calling again; 0.0 if a request may leave now, which is then counted."""
        with self._lock:
            if now < self._paused_until:
                return self._paused_until - now
            rate = self._current_rate(now)
            if rate is not None and not self._has_burst(rate):
                if now < self._next:
                    return self._next - now
                self._next = max(self._next, now - CATCH_UP) + 1.0 / rate
            if self._counted_from is None:
                self._counted_from = now
            self._remaining -= 1
            self._in_flight += 1
            self.sent += 1
            return 0.0

    def record(self, now: float, status: int | None, headers: Mapping[str, str], wall: float = 0.0) -> None:
        """Learn from a response that came at `now`, or from a failure (`status` is None).

        `wall` is the same time in seconds since 1970, to compare with dates of servers.
        """
        with self._lock:
            self._in_flight -= 1
            self._read_policy(headers)
            left = headers.get("ratelimit-remaining", "")
            if left.isascii() and left.isdigit():
                # Requests in flight are probably not counted in it yet.
                self._remaining = float(left) - self._in_flight
            if status == 429:
                self.limited += 1
                self._pause(now, requested_wait(headers, wall, limited=True))
            elif status is not None:
                self._accepted += 1

    def _has_burst(self, rate: float) -> bool:
        """Return whether the bucket has more than the reserve."""
        return self._burst is not None and self._burst > 2 * RESERVE * rate and self._remaining > RESERVE * rate

    def _current_rate(self, now: float) -> float | None:
        if self.rate is None:
            return None
        risen = (1 + RISE) ** min(max(now - self._raised_at, 0.0), MAX_PAUSE)
        self._raised_at = max(self._raised_at, now)
        if not self._announced:
            self.rate *= risen
            return self.rate
        self._share = min(self._share * risen, SHARE)
        # Another client takes from the same bucket: leave some of it.
        scarce = self._burst is not None and self._remaining < 0.1 * min(self._burst, self.rate)
        return self.rate * self._share * (0.9 if scarce else 1.0)

    def _read_policy(self, headers: Mapping[str, str]) -> None:
        text = headers.get("ratelimit-policy", "")
        policy = _POLICY.match(text)
        if policy is None or int(policy[1]) == 0 or int(policy[2]) == 0:
            return
        self.rate = int(policy[1]) / int(policy[2])
        if not self._announced and self._counted_from is not None:
            # Requests before the rate was known count, too.
            self._next = max(self._next, self._counted_from + self.sent / (self.rate * SHARE))
        self._announced = True
        burst = _BURST.search(text)
        self._burst = float(burst[1]) if burst else None

    def _pause(self, now: float, asked: float | None) -> None:
        """Let nothing leave for the seconds that the server asks for. The 429s of requests in flight count as one."""
        wait = DEFAULT_PAUSE if asked is None or asked > MAX_PAUSE else max(asked, MIN_PAUSE)
        is_new = now >= self._paused_until
        self._paused_until = max(self._paused_until, now + wait)
        self._next = max(self._next, self._paused_until)
        if not is_new:
            return
        self._raised_at = self._paused_until
        if self._announced:
            self._share = max(self._share * (1 - FALL), 0.5 * SHARE)
            return
        if self._accepted >= MIN_SAMPLE:
            began = self._counted_from if self._counted_from is not None else now
            self.rate = self._accepted / max(now - began, 1.0) * (1 - 3 * RISE)
        elif self.rate is not None:
            self.rate *= 1 - FALL
        self.rate = None if self.rate is None else max(self.rate, MIN_RATE)
        self._accepted, self._counted_from = 0, now


class RateLimitedTransport:
    """A transport whose requests leave when the limiter lets them; threads may share it."""

    def __init__(self, inner: Transport, limiter: RateLimiter, clock: Clock) -> None:
        """Send through `inner`; `clock` waits."""
        self.base_url = inner.base_url
        self._inner = inner
        self._limiter = limiter
        self._clock = clock

    def send(self, request: Request, timeout: float) -> Response:
        """Return the response; see `Transport`. The wait before the request does not count towards `timeout`."""
        while (wait := self._limiter.wait(self._clock.now())) > 0:
            self._clock.sleep(wait)
        status: int | None = None
        headers: Mapping[str, str] = {}
        try:
            response = self._inner.send(request, timeout)
            status, headers = response.status, response.headers
        finally:
            self._limiter.record(self._clock.now(), status, headers, self._clock.wall())
        return response

    def close(self) -> None:
        """Close the connections that are kept for further requests."""
        self._inner.close()
