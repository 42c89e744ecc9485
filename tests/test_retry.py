"""The retry policy: what is sent again, and after how long."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fault_server import FakeClock
from integrations_cli.api.retry import (
    AttemptReport,
    Attempts,
    RetryPolicy,
    SystemClock,
    is_retryable,
    may_have_succeeded,
    may_still_be_running,
    parse_http_date,
    parse_iso_date,
    requested_wait,
    system_random,
)
from integrations_cli.api.transport.interface import FailureKind, Response, TransportFailure

WALL = 1_800_000_000.0


def response(status: int, **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def failure(kind: FailureKind = "disconnected", *, sent: bool = True, permanent: bool = False) -> TransportFailure:
    return TransportFailure(kind, "lost", sent=sent, timed_out=kind == "timeout" and sent, permanent=permanent)


# -- what the server asks for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("007", 7.0),
        (formatdate(WALL + 90, usegmt=True), 90.0),
        (formatdate(WALL - 90, usegmt=True), 0.0),
        (formatdate(WALL + 90, usegmt=True).replace("GMT", "+0000"), 90.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e3", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
        ("1;2", None),
        ("12345678901234567890", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_date(asked: str, wait: float | None) -> None:
    assert requested_wait({"retry-after": asked}, WALL) == wait


def test_dates_count_from_the_server_clock() -> None:
    headers = {"retry-after": formatdate(WALL + 5, usegmt=True), "date": formatdate(WALL + 2, usegmt=True)}
    assert requested_wait(headers, WALL - 86_400) == 3.0


def test_ratelimit_reset_is_the_fallback_for_429() -> None:
    assert requested_wait({"ratelimit-reset": "2"}, WALL, limited=True) == 2.0
    assert requested_wait({"ratelimit-reset": "2"}, WALL) is None
    assert requested_wait({"ratelimit-reset": "2", "retry-after": "1"}, WALL, limited=True) == 1.0
    assert requested_wait({"ratelimit-reset": "2", "retry-after": "soon"}, WALL, limited=True) == 2.0


@given(st.text(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_header_is_parsed_without_error(retry_after: str, date: str, wall: float) -> None:
    wait = requested_wait({"retry-after": retry_after, "date": date}, wall, limited=True)
    assert wait is None or wait >= 0


@given(st.text())
def test_any_date_is_parsed_without_error(text: str) -> None:
    assert isinstance(parse_http_date(text), float | None)
    assert isinstance(parse_iso_date(text), float | None)


def test_api_dates_are_parsed() -> None:
    assert parse_iso_date("2026-11-23T04:51:58.500Z") == 1795409518.5
    assert parse_iso_date("2026-11-23T04:51:58") == 1795409518.0
    assert parse_iso_date(None) is None
    assert parse_iso_date("yesterday") is None


@pytest.fixture
def far_west(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is nine hours behind UTC."""
    monkeypatch.setenv("TZ", "XXX+9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(os.name != "posix", reason="only POSIX can change the time zone of a process")
@pytest.mark.usefixtures("far_west")
def test_dates_without_a_zone_are_utc() -> None:
    assert time.timezone == 9 * 3600
    assert (
        parse_http_date("Fri, 15 Jan 2027 08:00:00 GMT") == parse_http_date("Fri, 15 Jan 2027 08:00:00 -0000") == WALL
    )
    assert requested_wait({"retry-after": "Fri, 15 Jan 2027 08:00:05 -0000"}, WALL) == 5.0
    assert parse_iso_date("2027-01-15T08:00:00Z") == parse_iso_date("2027-01-15T08:00:00") == WALL
    assert parse_iso_date("2027-01-15T10:00:00+02:00") == WALL


# -- the schedule -----------------------------------------------------------------------------------------------------


def schedule(clock: FakeClock, policy: RetryPolicy | None = None, random: float = 1.0) -> Attempts:
    return Attempts(policy or RetryPolicy(), clock, lambda: random, timeout=30.0)


def test_wait_doubles_up_to_the_ceiling() -> None:
    attempts = schedule(FakeClock(), RetryPolicy(retries=9, total=1e6))
    waits = []
    for _ in range(8):
        attempts.next_timeout()
        waits.append(attempts.wait_after(failure()))
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


@given(st.floats(0, 1, exclude_max=True))
def test_the_jitter_is_full(random: float) -> None:
    attempts = schedule(FakeClock(), random=random)
    attempts.next_timeout()
    assert attempts.wait_after(failure()) == random * 0.5


def test_retries_are_limited() -> None:
    for retries in range(4):
        attempts = schedule(FakeClock(), RetryPolicy(retries=retries))
        made = 0
        while True:
            attempts.next_timeout()
            made += 1
            if attempts.wait_after(failure()) is None:
                break
        assert made == attempts.made == retries + 1


def test_no_attempt_begins_after_the_deadline() -> None:
    clock = FakeClock()
    attempts = schedule(clock, RetryPolicy(retries=9))
    attempts.next_timeout()
    clock.advance(59.8)
    assert attempts.wait_after(failure()) is None
    assert attempts.wait_after(response(429, retry_after="0")) == 0.0
    assert attempts.wait_after(response(429, retry_after="1")) is None


def test_first_attempt_may_outlast_the_deadline() -> None:
    clock = FakeClock()
    attempts = Attempts(RetryPolicy(), clock, lambda: 0.0, timeout=90.0)
    assert attempts.next_timeout() == 90.0
    clock.advance(40)
    assert attempts.next_timeout() == 20.0
    clock.advance(40)
    assert 0 < attempts.next_timeout() < 0.01
    assert attempts.remaining == -20.0


def test_pause_waits_on_the_clock() -> None:
    clock = FakeClock()
    attempts = schedule(clock)
    attempts.pause(0.0)
    attempts.pause(2.5)
    assert clock.slept == [2.5]


def test_system_clock_and_random_are_real() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0.0)
    assert clock.now() >= before
    assert clock.wall() > 1_700_000_000
    assert len({system_random() for _ in range(50)}) > 40
    assert all(0 <= system_random() < 1 for _ in range(50))


def test_the_system_clock_sleeps_for_as_long() -> None:
    before = time.monotonic()
    SystemClock().sleep(0.01)
    assert time.monotonic() - before >= 0.009


# -- what an outcome means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_busy_statuses_are_retryable(status: int) -> None:
    assert is_retryable(response(status))


@pytest.mark.parametrize(
    "status", [200, 201, 204, 301, 307, 400, 401, 402, 403, 404, 408, 409, 413, 422, 500, 501, 520]
)
def test_other_statuses_are_not_retryable(status: int) -> None:
    assert not is_retryable(response(status))


def test_409_with_retry_after_is_being_processed() -> None:
    assert is_retryable(response(409, retry_after="1"))
    assert may_still_be_running(response(409, retry_after="1"))
    assert may_have_succeeded(response(409, retry_after="1"))
    assert not may_have_succeeded(response(409))


def test_failures_are_retryable_unless_permanent() -> None:
    assert is_retryable(failure())
    assert is_retryable(failure("connect", sent=False))
    assert not is_retryable(failure("certificate", sent=False, permanent=True))


def test_sent_requests_and_5xx_may_have_succeeded() -> None:
    assert may_have_succeeded(failure(sent=True))
    assert not may_have_succeeded(failure("connect", sent=False))
    assert [
        status for status in (303, 400, 401, 404, 422, 429, 500, 502, 503, 504) if may_have_succeeded(response(status))
    ] == [
        303,
        500,
        502,
        503,
        504,
    ]


def test_timeout_after_send_may_still_be_running() -> None:
    assert may_still_be_running(failure("timeout", sent=True))
    assert not may_still_be_running(failure("timeout", sent=False))
    assert not may_still_be_running(failure("disconnected"))
    assert [status for status in (429, 500, 502, 503, 504) if may_still_be_running(response(status))] == []


# -- for --verbose ----------------------------------------------------------------------------------------------------


def test_a_report_is_one_line() -> None:
    url = "https://api.novu.co/v1/integrations"
    report = AttemptReport("POST", url, 2, 503, None, 0.123, 1.5, echoed=False)
    assert str(report) == f"POST {url} (attempt 2): 503 after 0.12 s; again in 1.50 s"
    report = AttemptReport("POST", url, 1, 201, None, 0.2, None, echoed=False)
    assert str(report) == f"POST {url} (attempt 1): 201 after 0.20 s; the server did not repeat the idempotency key"
    report = AttemptReport("GET", url, 1, None, "no connection", None, None)
    assert str(report) == f"GET {url} (attempt 1): no connection"
