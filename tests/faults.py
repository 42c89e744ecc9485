"""All the ways in which a server, or what stands before it, can fail to answer; each is one function by its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fault_server import Visit

Fault = Callable[["Visit"], None]

CONNECT_FAULTS: Final = frozenset({"refuse", "unreachable"})
"""Faults that are met before the server: the client's end of the network plays them."""

HTML: Final = b"<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Sorry</h1></body></html>"
GARBAGE: Final = b"\x16\x03\x03\x00\x02\x02\x28SSH-2.0-OpenSSH_9.6\r\n\x7f\x45\x4c\x46"
TLS_ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x46"
JSON_TYPE: Final = ("Content-Type", "application/json; charset=utf-8")


def http(status: int, body: bytes, headers: Sequence[tuple[str, str]] = (), *, length: int | None = None) -> bytes:
    """An answer of HTTP/1.1 with the length of its body, or another one."""
    lines = [f"HTTP/1.1 {status} Words", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def error(status: int, message: object = "Something is wrong", **more: object) -> bytes:
    """An error's body as the API writes it."""
    return json.dumps({"statusCode": status, "path": "/v1/integrations", "message": message, **more}).encode()


def head_and_body(answer: bytes) -> tuple[bytes, bytes]:
    """The two parts of an answer, the head with its blank line."""
    head, mark, body = answer.partition(b"\r\n\r\n")
    return head + mark, body


# Before, within and after the request


def none(visit: Visit) -> None:
    visit.send(visit.work())


def reset_before(visit: Visit) -> None:
    visit.reset()


def reset_within(visit: Visit) -> None:
    visit.connection.recv(20)
    visit.reset()


def reset_after(visit: Visit) -> None:
    assert visit.asked
    visit.reset()


def close_after(visit: Visit) -> None:
    assert visit.asked
    visit.close()


def reset_and_work(visit: Visit) -> None:
    """A connection breaks, and the server goes on for a moment with what it was doing."""
    visit.work_later(0.3)
    visit.reset()


def silent(visit: Visit) -> None:
    assert visit.asked
    visit.fall_silent()


def deaf(visit: Visit) -> None:
    """Accepts, and reads nothing."""
    visit.fall_silent()


def late(visit: Visit, delay: float) -> None:
    """Does the work `delay` seconds after the client has given up."""
    visit.fall_silent(delay)


# The work is done, and the answer gets lost


def lost(visit: Visit) -> None:
    visit.work()
    visit.reset()


def lost_in_silence(visit: Visit) -> None:
    visit.work()
    visit.fall_silent()


def closed_after_work(visit: Visit) -> None:
    visit.work()
    visit.close()


def cut_head(visit: Visit) -> None:
    head, _ = head_and_body(visit.work())
    visit.send(head[: len(head) // 2])
    visit.close()


def cut_body(visit: Visit) -> None:
    answer = visit.work()
    visit.send(answer[:-20])
    visit.close()


def cut_body_in_silence(visit: Visit) -> None:
    answer = visit.work()
    visit.send(answer[:-20])
    visit.fall_silent()


def trickle(visit: Visit, pause: float) -> None:
    """The answer in pieces, with `pause` seconds between them."""
    answer = visit.work()
    size = len(answer) // 40 + 1
    for start in range(0, len(answer), size):
        visit.send(answer[start : start + size])
        visit.pause(pause)
    if pause > 1:
        visit.wait_for_close()


def trickled_head(visit: Visit) -> None:
    """A head without end, a line at a time."""
    visit.work()
    visit.send(b"HTTP/1.1 201 Created\r\n")
    for number in range(200):
        visit.send(b"X-Line-%d: x\r\n" % number)
        visit.pause(1.0)
    visit.wait_for_close()


# Answers beside the point


def interim(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 3)
    visit.send(visit.work())


def interim_for_ever(visit: Visit) -> None:
    visit.work()
    for _ in range(100):
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        visit.pause(1.0)
    visit.wait_for_close()


def twice(visit: Visit) -> None:
    visit.send(visit.work() * 2)


def too_short(visit: Visit) -> None:
    """Says that it is shorter than it is."""
    _, body = head_and_body(visit.work())
    visit.send(http(201, body, [JSON_TYPE], length=len(body) - 7))
    visit.close()


def too_long(visit: Visit) -> None:
    """Says that it is longer than it is."""
    _, body = head_and_body(visit.work())
    visit.send(http(201, body, [JSON_TYPE], length=len(body) + 7))
    visit.close()


def wrong_type(visit: Visit) -> None:
    answer = visit.work()
    visit.send(answer.replace(b"application/json", b"text/html", 1))


def page(visit: Visit, status: int, *, work: bool) -> None:
    """A web page where the API should be."""
    assert visit.work() if work else visit.asked
    visit.send(http(status, HTML, [("Content-Type", "text/html")]))


def body(visit: Visit, content: bytes, *, work: bool = True) -> None:
    """A success with this body."""
    assert visit.work() if work else visit.asked
    visit.send(http(201, content, [JSON_TYPE]))


def garbage(visit: Visit, content: bytes) -> None:
    assert visit.asked
    visit.send(content)
    visit.close()


def flood(visit: Visit) -> None:
    """An answer that is larger than anybody needs."""
    visit.work()
    visit.send(http(201, b'{"data": "', [JSON_TYPE], length=12 * 1024 * 1024))
    for _ in range(12):
        visit.send(b"x" * 1024 * 1024)
    visit.close()


# Refusals and errors


def status(visit: Visit, code: int, headers: Sequence[tuple[str, str]] = (), content: bytes | None = None) -> None:
    """This status instead of the work."""
    assert visit.asked
    visit.send(http(code, error(code) if content is None else content, [JSON_TYPE, *headers]))


def status_after(visit: Visit, code: int) -> None:
    """The work, and then this status."""
    visit.work()
    visit.send(http(code, error(code), [JSON_TYPE]))


def status_and_work(visit: Visit, code: int, delay: float) -> None:
    """This status, and the work `delay` seconds after it."""
    visit.work_later(delay)
    visit.send(http(code, error(code), [JSON_TYPE]))


def stored_500(visit: Visit) -> None:
    """A 500, which a server that keeps keys repeats from then on, whenever a request with this key comes."""
    asked = visit.asked
    if not visit.server.fail_for_ever(asked.key):
        status(visit, 500)
        return
    visit.send(visit.server.answer_to(asked))


def limited(visit: Visit, wait: str) -> None:
    """A 429 that says when to come back, in whatever way."""
    assert visit.asked
    if wait == "date":
        wait = formatdate(visit.server.clock.wall() + 3, usegmt=True)
    if wait == "past":
        wait = formatdate(visit.server.clock.wall() - 3600, usegmt=True)
    visit.send(http(429, error(429, "API rate limit exceeded"), [JSON_TYPE, ("Retry-After", wait)]))


def in_progress(visit: Visit, *, work: bool) -> None:
    """The answer to a key whose first request is still at work."""
    if work:
        visit.work_later(2.5)
    assert visit.asked
    visit.send(http(409, error(409, "currently being processed"), [JSON_TYPE, ("Retry-After", "1")]))


def repeats_what_it_was_sent(visit: Visit) -> None:
    """A refusal whose words hold the key and the body."""
    sent = visit.asked
    words = [f"Invalid: {sent.headers['authorization']}", f"Body was: {sent.body.decode()}", sent.body.decode()]
    visit.send(http(400, error(400, words, errorId=sent.headers["authorization"]), [JSON_TYPE]))


def repeats_in_a_page(visit: Visit) -> None:
    """A proxy's line of plain text that holds the key."""
    sent = visit.asked
    text = f"cannot forward {sent.headers['authorization']} {sent.body.decode()}".encode()
    visit.send(http(502, text, [("Content-Type", "text/plain")]))


def redirect(visit: Visit, code: int, *, work: bool = False) -> None:
    """Elsewhere: to a host that must never see the key."""
    assert visit.work() if work else visit.asked
    place = "http://user:word@elsewhere.invalid/v1/integrations?token=1"
    visit.send(http(code, b"", [("Location", place)]))


FAULTS: Final[dict[str, Fault]] = {
    "none": none,
    "reset before": reset_before,
    "reset within": reset_within,
    "reset after": reset_after,
    "close after": close_after,
    "reset, then work": reset_and_work,
    "silent": silent,
    "deaf": deaf,
    **{f"late {delay:g}": partial(late, delay=delay) for delay in (0.0, 4.0, 25.0, 200.0)},
    "lost": lost,
    "lost in silence": lost_in_silence,
    "closed after work": closed_after_work,
    "cut head": cut_head,
    "cut body": cut_body,
    "cut body in silence": cut_body_in_silence,
    "trickle": partial(trickle, pause=0.05),
    "trickle for ever": partial(trickle, pause=5.0),
    "trickled head": trickled_head,
    "100": interim,
    "100 for ever": interim_for_ever,
    "twice": twice,
    "too short": too_short,
    "too long": too_long,
    "wrong type": wrong_type,
    "page 200": partial(page, status=200, work=False),
    "page 201 after work": partial(page, status=201, work=True),
    "empty 201": partial(body, content=b""),
    "half of JSON": partial(body, content=b'{"data": {"_id": "6b03'),
    "NaN": partial(body, content=b'{"data": {"_id": NaN}}'),
    "deep": partial(body, content=b"[" * 50_000),
    "garbage": partial(garbage, content=GARBAGE),
    "TLS": partial(garbage, content=TLS_ALERT),
    "429": partial(status, code=429),
    **{f"429 {wait}": partial(limited, wait=wait) for wait in ("0", "2", "date", "past", "soon", "3600", "-1")},
    "429 reset": partial(status, code=429, headers=[("RateLimit-Reset", "1")]),
    **{str(code): partial(status, code=code) for code in (500, 502, 503, 504)},
    "503 wait": partial(status, code=503, headers=[("Retry-After", "1")]),
    "502 page": partial(status, code=502, content=HTML),
    **{f"{code} after work": partial(status_after, code=code) for code in (500, 502, 503, 504)},
    **{f"{code}, then work": partial(status_and_work, code=code, delay=0.3) for code in (500, 502, 503, 504)},
    "504, then work late": partial(status_and_work, code=504, delay=5.0),
    "stored 500": stored_500,
    "520": partial(status, code=520),
    "409 in progress": partial(in_progress, work=False),
    "409 in progress, then work": partial(in_progress, work=True),
    **{str(code): partial(status, code=code) for code in (400, 401, 403, 404, 422)},
    "repeats it": repeats_what_it_was_sent,
    "repeats it in a page": repeats_in_a_page,
    **{str(code): partial(redirect, code=code) for code in (301, 302, 307, 308)},
    "303 after work": partial(redirect, code=303, work=True),
}
"""Every fault that one request can meet, by its name; those of `CONNECT_FAULTS` come on top."""

HEAVY: Final[dict[str, Fault]] = {"flood": flood}
"""Faults that take long; they are played once, not in every combination."""

NAMES: Final = (*sorted(CONNECT_FAULTS), *FAULTS)

KINDS: Final = (
    "refuse",
    "unreachable",
    "reset before",
    "reset after",
    "reset, then work",
    "silent",
    "late 25",
    "late 200",
    "lost",
    "lost in silence",
    "cut head",
    "cut body",
    "trickle for ever",
    "twice",
    "too long",
    "page 200",
    "half of JSON",
    "garbage",
    "429",
    "429 3600",
    "500",
    "502",
    "503",
    "504",
    "500 after work",
    "503 after work",
    "503, then work",
    "504, then work late",
    "409 in progress",
    "409 in progress, then work",
    "400",
    "401",
    "301",
    "303 after work",
)
"""One fault of each kind, for playing them in pairs: those left out differ from one of these by a number or a word."""
