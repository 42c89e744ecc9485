"""The rate limit: a token bucket for each environment, refilled once a second."""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

WINDOW: Final = 5
"""Seconds of the window in the headers."""


class _Bucket:
    """The tokens of one environment; `refilled` is in seconds."""

    def __init__(self, tokens: int, refilled: float) -> None:
        self.tokens = tokens
        self.refilled = refilled


class Allowance(NamedTuple):
    """Whether a request is allowed, and the rate-limit headers of its response."""

    granted: bool
    headers: tuple[tuple[str, str], ...]


class RateLimit:
    """A number of requests a second for each environment, with a burst of 5.5 seconds' worth, counted in memory."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._limit = per_second * WINDOW
        self._burst = self._limit * 11 // 10
        self._policy = (
            f'{self._limit};w={WINDOW};burst={self._burst};comment="token bucket";'
            'category="global";cost="single";serviceLevel="free"'
        )
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, environment: str, now: float) -> Allowance:
        """Take one token of the environment at the time `now`, in seconds."""
        with self._lock:
            bucket = self._buckets.setdefault(environment, _Bucket(self._burst, now))
            bucket.refilled = min(bucket.refilled, now)  # the clock may have been put back
            elapsed = int(now - bucket.refilled)
            if elapsed:
                bucket.tokens = min(self._burst, bucket.tokens + elapsed * self._per_second)
                bucket.refilled += elapsed
            granted = bucket.tokens > 0
            if granted:
                bucket.tokens -= 1
            reset = str(round(max(bucket.refilled + 1 - now, 0)))
            headers: tuple[tuple[str, str], ...] = (
                ("RateLimit-Remaining", str(bucket.tokens)),
                ("RateLimit-Limit", str(self._limit)),
                ("RateLimit-Reset", reset),
                ("RateLimit-Policy", self._policy),
            )
            return Allowance(granted, headers if granted else (*headers, ("Retry-After", reset)))
