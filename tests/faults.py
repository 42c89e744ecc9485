"""The ways in which a server or a proxy can fail to respond: one function for each fault, listed by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fault_server import Handler

Fault = Callable[["Handler"], None]

CONNECT_FAULTS: Final = frozenset({"refuse", "unreachable"})
"""Faults before a connection exists: `PacedBackend`, the client's end of the network, plays them."""

HTML: Final = b"<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Sorry</h1></body></html>"
GARBAGE: Final = b"\x16\x03\x03\x00\x02\x02\x28SSH-2.0-OpenSSH_9.6\r\n\x7f\x45\x4c\x46"
TLS_ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x46"
JSON_TYPE: Final = ("Content-Type", "application/json; charset=utf-8")


def http(status: int, body: bytes, headers: Sequence[tuple[str, str]] = (), *, length: int | None = None) -> bytes:
    """Return the bytes of an HTTP/1.1 response; `length` replaces the true Content-Length."""
    lines = [f"HTTP/1.1 {status} Words", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def error(status: int, message: object = "Something is wrong", **more: object) -> bytes:
    """Return an error body in the form of the API."""
    return json.dumps({"statusCode": status, "path": "/v1/integrations", "message": message, **more}).encode()


def head_and_body(response: bytes) -> tuple[bytes, bytes]:
    """Split a response into its head, with the blank line, and its body."""
    head, mark, body = response.partition(b"\r\n\r\n")
    return head + mark, body


# Before, during and after the request


def none(handler: Handler) -> None:
    handler.send(handler.process())


def reset_before(handler: Handler) -> None:
    handler.reset()


def reset_during(handler: Handler) -> None:
    handler.connection.recv(20)
    handler.reset()


def reset_after(handler: Handler) -> None:
    assert handler.request
    handler.reset()


def close_after(handler: Handler) -> None:
    assert handler.request
    handler.close()


def reset_then_process(handler: Handler) -> None:
    """Reset the connection, and process the request 0.3 s later."""
    handler.process_later(0.3)
    handler.reset()


def no_response(handler: Handler) -> None:
    assert handler.request
    handler.stop_responding()


def never_reads(handler: Handler) -> None:
    """Accept the connection, and never read the request."""
    handler.stop_responding()


def processed_late(handler: Handler, delay: float) -> None:
    """Process the request `delay` seconds after the client has timed out."""
    handler.stop_responding(delay)


# The request is processed, and the response is lost


def lost_response(handler: Handler) -> None:
    handler.process()
    handler.reset()


def processed_without_response(handler: Handler) -> None:
    handler.process()
    handler.stop_responding()


def closed_after_processing(handler: Handler) -> None:
    handler.process()
    handler.close()


def cut_head(handler: Handler) -> None:
    head, _ = head_and_body(handler.process())
    handler.send(head[: len(head) // 2])
    handler.close()


def cut_body(handler: Handler) -> None:
    response = handler.process()
    handler.send(response[:-20])
    handler.close()


def cut_body_without_close(handler: Handler) -> None:
    response = handler.process()
    handler.send(response[:-20])
    handler.stop_responding()


def slow_response(handler: Handler, pause: float) -> None:
    """Send the response in 40 pieces, with `pause` seconds between them."""
    response = handler.process()
    size = len(response) // 40 + 1
    for start in range(0, len(response), size):
        handler.send(response[start : start + size])
        handler.pause(pause)
    if pause > 1:
        handler.wait_for_close()


def endless_head(handler: Handler) -> None:
    """Send response headers line by line, one each second, without an end."""
    handler.process()
    handler.send(b"HTTP/1.1 201 Created\r\n")
    for number in range(200):
        handler.send(b"X-Line-%d: x\r\n" % number)
        handler.pause(1.0)
    handler.wait_for_close()


# Malformed and unexpected responses


def interim_responses(handler: Handler) -> None:
    handler.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 3)
    handler.send(handler.process())


def endless_interim(handler: Handler) -> None:
    handler.process()
    for _ in range(100):
        handler.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        handler.pause(1.0)
    handler.wait_for_close()


def duplicate_response(handler: Handler) -> None:
    handler.send(handler.process() * 2)


def short_content_length(handler: Handler) -> None:
    """Send a Content-Length that is smaller than the body."""
    _, body = head_and_body(handler.process())
    handler.send(http(201, body, [JSON_TYPE], length=len(body) - 7))
    handler.close()


def long_content_length(handler: Handler) -> None:
    """Send a Content-Length that is larger than the body."""
    _, body = head_and_body(handler.process())
    handler.send(http(201, body, [JSON_TYPE], length=len(body) + 7))
    handler.close()


def wrong_content_type(handler: Handler) -> None:
    response = handler.process()
    handler.send(response.replace(b"application/json", b"text/html", 1))


def html_page(handler: Handler, status: int, *, processed: bool) -> None:
    """Send a web page in place of an API response."""
    assert handler.process() if processed else handler.request
    handler.send(http(status, HTML, [("Content-Type", "text/html")]))


def success_with_body(handler: Handler, content: bytes, *, processed: bool = True) -> None:
    """Send status 201 with this body."""
    assert handler.process() if processed else handler.request
    handler.send(http(201, content, [JSON_TYPE]))


def garbage(handler: Handler, content: bytes) -> None:
    assert handler.request
    handler.send(content)
    handler.close()


def oversized_response(handler: Handler) -> None:
    """Send a response of 12 MiB."""
    handler.process()
    handler.send(http(201, b'{"data": "', [JSON_TYPE], length=12 * 1024 * 1024))
    for _ in range(12):
        handler.send(b"x" * 1024 * 1024)
    handler.close()


# Error responses


def status(handler: Handler, code: int, headers: Sequence[tuple[str, str]] = (), content: bytes | None = None) -> None:
    """Send this status, and do not process the request."""
    assert handler.request
    handler.send(http(code, error(code) if content is None else content, [JSON_TYPE, *headers]))


def status_after_processing(handler: Handler, code: int) -> None:
    """Process the request, and then send this status."""
    handler.process()
    handler.send(http(code, error(code), [JSON_TYPE]))


def status_then_process(handler: Handler, code: int, delay: float) -> None:
    """Send this status, and process the request `delay` seconds later."""
    handler.process_later(delay)
    handler.send(http(code, error(code), [JSON_TYPE]))


def stored_500(handler: Handler) -> None:
    """Send a 500. A server with idempotency stores it, and replays it for every request with this key."""
    request = handler.request
    if not handler.server.store_500(request.key):
        status(handler, 500)
        return
    handler.send(handler.server.respond(request))


def rate_limited(handler: Handler, wait: str) -> None:
    """Send a 429 with this Retry-After; `date` and `past` become HTTP dates."""
    assert handler.request
    if wait == "date":
        wait = formatdate(handler.server.clock.wall() + 3, usegmt=True)
    if wait == "past":
        wait = formatdate(handler.server.clock.wall() - 3600, usegmt=True)
    handler.send(http(429, error(429, "API rate limit exceeded"), [JSON_TYPE, ("Retry-After", wait)]))


def in_progress(handler: Handler, *, processed: bool) -> None:
    """Send the conflict for a key whose first request is still running."""
    if processed:
        handler.process_later(2.5)
    assert handler.request
    handler.send(http(409, error(409, "currently being processed"), [JSON_TYPE, ("Retry-After", "1")]))


def echoes_request(handler: Handler) -> None:
    """Send a 400 that repeats the API key and the request body."""
    request = handler.request
    messages = [
        f"Invalid: {request.headers['authorization']}",
        f"Body was: {request.body.decode()}",
        request.body.decode(),
    ]
    handler.send(http(400, error(400, messages, errorId=request.headers["authorization"]), [JSON_TYPE]))


def echoes_request_as_text(handler: Handler) -> None:
    """Send a proxy's plain-text error that repeats the API key and the request body."""
    request = handler.request
    text = f"cannot forward {request.headers['authorization']} {request.body.decode()}".encode()
    handler.send(http(502, text, [("Content-Type", "text/plain")]))


def redirect(handler: Handler, code: int, *, processed: bool = False) -> None:
    """Redirect to another host, which must never get the API key."""
    assert handler.process() if processed else handler.request
    location = "http://user:word@elsewhere.invalid/v1/integrations?token=1"
    handler.send(http(code, b"", [("Location", location)]))


FAULTS: Final[dict[str, Fault]] = {
    "none": none,
    "reset before": reset_before,
    "reset during": reset_during,
    "reset after": reset_after,
    "close after": close_after,
    "reset, then processed": reset_then_process,
    "no response": no_response,
    "never reads": never_reads,
    **{f"processed late {delay:g}": partial(processed_late, delay=delay) for delay in (0.0, 4.0, 25.0, 200.0)},
    "lost response": lost_response,
    "processed, no response": processed_without_response,
    "closed after processing": closed_after_processing,
    "cut head": cut_head,
    "cut body": cut_body,
    "cut body, no close": cut_body_without_close,
    "slow response": partial(slow_response, pause=0.05),
    "very slow response": partial(slow_response, pause=5.0),
    "endless head": endless_head,
    "100": interim_responses,
    "endless 100": endless_interim,
    "duplicate response": duplicate_response,
    "short Content-Length": short_content_length,
    "long Content-Length": long_content_length,
    "wrong Content-Type": wrong_content_type,
    "HTML 200": partial(html_page, status=200, processed=False),
    "HTML 201 after processing": partial(html_page, status=201, processed=True),
    "empty 201": partial(success_with_body, content=b""),
    "truncated JSON": partial(success_with_body, content=b'{"data": {"_id": "6b03'),
    "NaN": partial(success_with_body, content=b'{"data": {"_id": NaN}}'),
    "deep JSON": partial(success_with_body, content=b"[" * 50_000),
    "garbage": partial(garbage, content=GARBAGE),
    "TLS": partial(garbage, content=TLS_ALERT),
    "429": partial(status, code=429),
    **{f"429 {wait}": partial(rate_limited, wait=wait) for wait in ("0", "2", "date", "past", "soon", "3600", "-1")},
    "429 reset": partial(status, code=429, headers=[("RateLimit-Reset", "1")]),
    **{str(code): partial(status, code=code) for code in (500, 502, 503, 504)},
    "503 Retry-After": partial(status, code=503, headers=[("Retry-After", "1")]),
    "502 HTML": partial(status, code=502, content=HTML),
    **{f"{code} after processing": partial(status_after_processing, code=code) for code in (500, 502, 503, 504)},
    **{f"{code}, then processed": partial(status_then_process, code=code, delay=0.3) for code in (500, 502, 503, 504)},
    "504, then processed late": partial(status_then_process, code=504, delay=5.0),
    "stored 500": stored_500,
    "520": partial(status, code=520),
    "409 in progress": partial(in_progress, processed=False),
    "409 in progress, then processed": partial(in_progress, processed=True),
    **{str(code): partial(status, code=code) for code in (400, 401, 403, 404, 422)},
    "echoes request": echoes_request,
    "echoes request as text": echoes_request_as_text,
    **{str(code): partial(redirect, code=code) for code in (301, 302, 307, 308)},
    "303 after processing": partial(redirect, code=303, processed=True),
}
"""Every fault of one request by its name, without those in `CONNECT_FAULTS`."""

HEAVY: Final[dict[str, Fault]] = {"oversized response": oversized_response}
"""Slow faults: tests play each of them once, not in every combination."""

NAMES: Final = (*sorted(CONNECT_FAULTS), *FAULTS)

KINDS: Final = (
    "refuse",
    "unreachable",
    "reset before",
    "reset after",
    "reset, then processed",
    "no response",
    "processed late 25",
    "processed late 200",
    "lost response",
    "processed, no response",
    "cut head",
    "cut body",
    "very slow response",
    "duplicate response",
    "long Content-Length",
    "HTML 200",
    "truncated JSON",
    "garbage",
    "429",
    "429 3600",
    "500",
    "502",
    "503",
    "504",
    "500 after processing",
    "503 after processing",
    "503, then processed",
    "504, then processed late",
    "409 in progress",
    "409 in progress, then processed",
    "400",
    "401",
    "301",
    "303 after processing",
)
"""One fault of each kind, for pairs: the faults left out differ from one of these by a number or a detail."""
