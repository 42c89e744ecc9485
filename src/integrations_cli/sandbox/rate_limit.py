"""The rate limit: a token bucket for each environment, refilled once a second."""

from __future__ import annotations

import threading
from typing import Final

WINDOW: Final = 5
"""Seconds of the window in the headers."""


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
        self._buckets: dict[str, tuple[int, float]] = {}  # tokens, and when they were refilled in seconds
        self._lock = threading.Lock()

    def take(self, environment: str, now: float, headers: list[tuple[str, str]]) -> bool:
        """Take one token of the environment at `now`, in seconds, if it has one; add the limit to the `headers`."""
        with self._lock:
            tokens, refilled = self._buckets.get(environment, (self._burst, now))
            refilled = min(refilled, now)  # the clock may have been set back
            elapsed = int(now - refilled)
            tokens = min(self._burst, tokens + elapsed * self._per_second)
            refilled += elapsed
            granted = tokens > 0
            tokens -= granted
            self._buckets[environment] = (tokens, refilled)
            reset = str(round(max(refilled + 1 - now, 0)))
            headers += [("RateLimit-Remaining", str(tokens)), ("RateLimit-Limit", str(self._limit))]
            headers += [("RateLimit-Reset", reset), ("RateLimit-Policy", self._policy)]
            if not granted:
                headers.append(("Retry-After", reset))
            return granted
