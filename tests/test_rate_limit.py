"""The rate limiter uses nearly all of a server's limit, and hardly any request is answered with 429."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from random import Random

import pytest

from conftest import Figures
from integrations_cli.api.rate_limit import MAX_PAUSE, RateLimiter

Take = Callable[[float], tuple[bool, Mapping[str, str]]]
"""A server's limit: whether a request at this time passes, and the headers of its answer."""


def bucket(rate: int, burst: int, *, whole_seconds: bool, headers: bool = True, phase: float = 0.0) -> Take:
    """A token bucket that is filled evenly, or once a second."""
    tokens, filled = float(burst), phase

    def take(now: float) -> tuple[bool, Mapping[str, str]]:
        nonlocal tokens, filled
        elapsed = float(int(now - filled)) if whole_seconds else now - filled
        if elapsed > 0:
            tokens, filled = min(burst, tokens + elapsed * rate), filled + elapsed
        passes = tokens >= 1
        tokens -= passes
        reset = str(round(max(filled + 1 - now, 0)))
        told = {
            "ratelimit-remaining": str(int(tokens)),
            "ratelimit-limit": str(rate * 5),
            "ratelimit-reset": reset,
            "ratelimit-policy": f'{rate * 5};w=5;burst={burst};comment="token bucket";category="global"',
        }
        told = told if headers else {}
        return passes, told if passes else {**told, "retry-after": reset if whole_seconds else "1"}

    return take


def window(rate: int, *, headers: bool) -> Take:
    """So many requests in each second of the clock."""
    second, count = -1, 0

    def take(now: float) -> tuple[bool, Mapping[str, str]]:
        nonlocal second, count
        if int(now) != second:
            second, count = int(now), 0
        passes = count < rate
        count += passes
        told = {"ratelimit-remaining": str(rate - count), "ratelimit-policy": f"{rate};w=1", "ratelimit-reset": "1"}
        told = told if headers else {}
        return passes, told if passes else {**told, "retry-after": "1"}

    return take


def play(take: Take, count: int, *, workers: int, latency: float, seed: int) -> tuple[float, int, int]:
    """Send `count` requests by several workers; the seconds it takes, the requests sent, and those refused."""
    random, limiter = Random(seed), RateLimiter()
    events: list[tuple[float, int, str, object]] = [(0.0, number, "begin", None) for number in range(workers)]
    left, order, ended = count, workers, 0.0

    def happen(moment: float, what: str, with_: object = None) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (moment, order, what, with_))

    while events:
        now, _, what, told = heapq.heappop(events)
        if what in ("begin", "again"):
            if what == "begin" and left == 0:
                continue
            wait = limiter.wait(now)
            if wait > 0:
                happen(now + wait + random.random() * 0.001, what)
                continue
            left -= what == "begin"
            happen(now + latency * random.uniform(0.2, 0.8), "arrive")
        elif what == "arrive":
            happen(now + latency * 0.3, "answer", take(now))
        else:
            assert isinstance(told, tuple)
            passed, headers = told
            limiter.record(now, 201 if passed else 429, headers)
            ended = now
            happen(now if passed else now + float(headers["retry-after"]), "begin" if passed else "again")
    return ended, limiter.sent, limiter.limited


LIMITS: dict[str, tuple[Callable[[], Take], int]] = {
    "as the API: a burst, filled once a second": (lambda: bucket(100, 550, whole_seconds=True, phase=0.3), 550),
    "the same, filled evenly": (lambda: bucket(100, 550, whole_seconds=False), 550),
    "a small burst": (lambda: bucket(100, 10, whole_seconds=False), 10),
    "a second's worth of burst": (lambda: bucket(100, 100, whole_seconds=False), 100),
    "a window of a second": (lambda: window(100, headers=True), 0),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("latency", [0.004, 0.03])
def test_announced_limit_is_used_and_kept(name: str, latency: float, figures: Figures) -> None:
    make, burst = LIMITS[name]
    rows = []
    for seed in range(3):
        count = 3000
        seconds, sent, limited = play(make(), count, workers=4, latency=latency, seed=seed)
        rate = (count - burst) / seconds if burst > 200 else count / seconds
        rows.append((name, f"{latency * 1000:.0f} ms", f"{count / seconds:.1f}/s", f"{limited / sent:.2%} 429"))
        assert limited / sent < 0.01
        assert count / seconds >= 95
        assert rate >= 90  # without what the burst gave
    figures(f"use of a limit of 100/s, {name}, {latency * 1000:.0f} ms", rows[:1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: window(100, headers=False),
        lambda: bucket(100, 100, whole_seconds=False, headers=False),
        lambda: bucket(100, 550, whole_seconds=True, headers=False),
    ],
)
def test_unannounced_limit_is_found(make: Callable[[], Take]) -> None:
    seconds, sent, limited = play(make(), 3000, workers=4, latency=0.004, seed=1)
    assert limited / sent < 0.01
    assert 3000 / seconds >= 80


def test_without_a_limit_nothing_waits() -> None:
    seconds, sent, limited = play(lambda _: (True, {}), 2000, workers=4, latency=0.004, seed=1)
    assert (sent, limited) == (2000, 0)
    assert seconds < 2000 * 0.004 * 1.2 / 4


def test_other_clients_slow_it_down() -> None:
    shared = bucket(100, 550, whole_seconds=True, phase=0.3)
    spent = [0.0]

    def crowded(now: float) -> tuple[bool, Mapping[str, str]]:
        while spent[0] < now:  # somebody else takes 50 a second
            shared(spent[0])
            spent[0] += 0.02
        return shared(now)

    seconds, sent, limited = play(crowded, 2000, workers=4, latency=0.004, seed=1)
    assert limited / sent < 0.05
    assert 2000 / seconds > 40


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0"}, 0.25),
        ({"ratelimit-reset": "3"}, 3.0),
        ({}, 1.0),
        ({"retry-after": "3600"}, 1.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:05 GMT"}, 5.0),
    ],
)
def test_429_pauses_for_the_requested_time(headers: dict[str, str], seconds: float) -> None:
    limiter = RateLimiter()
    assert limiter.wait(10.0) == 0.0
    assert limiter.wait(10.0) == 0.0
    limiter.record(10.1, 429, headers, wall=1_800_000_000.0)
    assert limiter.wait(10.1) == pytest.approx(seconds)
    limiter.record(10.2, 429, headers, wall=1_800_000_000.1)  # it had left before: it counts as the same
    assert limiter.wait(10.2) <= max(seconds, 0.25)
    assert limiter.wait(10.2) < MAX_PAUSE
    assert limiter.rate is None or limiter.rate >= 0.9


@pytest.mark.parametrize("policy", ["", "x", "5", "0;w=5", "5;w=0", "5;w=x", ";;;", "99999999999;w=5"])
def test_invalid_policy_is_ignored(policy: str) -> None:
    limiter = RateLimiter()
    limiter.wait(0.0)
    limiter.record(0.1, 201, {"ratelimit-policy": policy, "ratelimit-remaining": "x"})
    assert limiter.rate is None
    assert limiter.wait(0.1) == 0.0


def leaving(limiter: RateLimiter, begin: float, seconds: float, told: Mapping[str, str]) -> int:
    """How many requests leave in this time, if they are sent as soon as they may; each is answered at once."""
    now, count = begin, 0
    while now < begin + seconds:
        wait = limiter.wait(now)
        now += wait
        if not wait:
            count += 1
            assert count < 10_000, "nothing holds them back"
            limiter.record(now, 200, told)
    return count


# 100 a second, and what is left is above what is scarce and below the reserve.
STEADY = {"ratelimit-policy": "500;w=5;burst=550", "ratelimit-remaining": "50"}


def test_burst_stops_at_the_reserve() -> None:
    limiter = RateLimiter()
    limiter.wait(10.0)
    limiter.record(10.0, 200, {**STEADY, "ratelimit-remaining": "145"})
    at_once = 0
    while at_once < 1000 and limiter.wait(10.0) == 0.0:
        at_once += 1
    assert 20 <= at_once <= 26  # down to the reserve of 125, and a few that are late


def test_429_lowers_the_rate_and_time_restores_it() -> None:
    limiter = RateLimiter()
    assert leaving(limiter, 100.0, 10.0, STEADY) == pytest.approx(985, abs=8)
    assert limiter.wait(110.1) == 0.0
    limiter.record(110.1, 429, {**STEADY, "retry-after": "1"})
    assert leaving(limiter, 111.1, 1.0, STEADY) == pytest.approx(92, abs=1.5)
    assert leaving(limiter, 112.1, 10.0, STEADY) == pytest.approx(970, abs=8)
    assert leaving(limiter, 140.0, 10.0, STEADY) == pytest.approx(985, abs=8)  # and no more than that


def test_429s_in_flight_lower_the_rate_once() -> None:
    limiter = RateLimiter()
    leaving(limiter, 100.0, 1.0, STEADY)
    for number in range(6):
        assert limiter.wait(101.1 + number / 50) == 0.0
    for _ in range(6):
        limiter.record(101.3, 429, {**STEADY, "retry-after": "1"})
    assert leaving(limiter, 102.3, 1.0, STEADY) == pytest.approx(92, abs=1.5)
    assert limiter.wait(103.4) == 0.0
    limiter.record(103.4, 429, {**STEADY, "retry-after": "1"})
    assert leaving(limiter, 104.4, 1.0, STEADY) == pytest.approx(86, abs=1.5)


def test_rate_does_not_recover_during_a_pause() -> None:
    limiter = RateLimiter()
    leaving(limiter, 100.0, 1.0, STEADY)
    assert limiter.wait(101.1) == 0.0
    limiter.record(101.1, 429, {**STEADY, "retry-after": "30"})
    assert leaving(limiter, 131.1, 1.0, STEADY) == pytest.approx(92, abs=1.5)


def test_found_rate_falls_and_rises() -> None:
    limiter = RateLimiter()
    for number in range(200):
        assert limiter.wait(100.0 + number / 100) == 0.0
        limiter.record(100.0 + number / 100, 200, {})
    limiter.record(102.0, 429, {"retry-after": "1"})
    assert limiter.rate == pytest.approx(97, abs=0.1)  # what was accepted, and a little less
    assert limiter.wait(103.0) == 0.0
    limiter.record(103.0, 429, {"retry-after": "1"})
    assert limiter.rate == pytest.approx(97 * 0.93, abs=0.1)
    leaving(limiter, 104.0, 10.0, {})
    assert limiter.rate == pytest.approx(97 * 0.93 * 1.01**10, abs=0.2)
