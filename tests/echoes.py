"""Responses that repeat the request, in every form in which servers and proxies do."""

from __future__ import annotations

import base64
import html
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from raw_server import Request, http

TEXT: Final = (("Content-Type", "text/plain"),)
PAGE: Final = (("Content-Type", "text/html"),)

Echo = Callable[[int, str, str], bytes]
"""Makes an answer out of a status, the `Authorization` header and the body of the request."""


def _message(message: Any, **more: Any) -> Callable[[int], bytes]:
    return lambda status: http(status, {"statusCode": status, "message": message, **more})


def _broken(text: str, every: int, gap: str) -> str:
    return gap.join(text[start : start + every] for start in range(0, len(text), every))


def _in_header(name: str) -> Echo:
    def echo(status: int, key: str, body: str) -> bytes:
        return http(status, {"message": "no"}, [(name, f"{key} {quote(body)}")])

    return echo


def _shown(text: str) -> str:
    """The text where line ends would end a header."""
    return " ".join(text.split())


ECHOES: Final[Mapping[str, Echo]] = {
    "raw": lambda status, key, body: http(status, f"cannot forward {key} {body}".encode(), TEXT),
    "raw without a type": lambda status, key, body: http(status, f"cannot forward {key} {body}".encode()),
    "in JSON": lambda status, key, body: _message(f"Invalid scheme: {key} for {body}")(status),
    "in a list": lambda status, key, body: _message([key, body, *body.split(",")])(status),
    "in fields": lambda status, key, body: _message("no", errors={key: {"messages": [body]}, body: [key]})(status),
    "as errorId": lambda status, key, body: _message({"message": body}, errorId=key, error=body)(status),
    "as error alone": lambda status, key, body: http(status, {"error": key, "detail": body, "title": key}),
    "JSON in JSON": lambda status, key, body: _message(json.dumps({"sent": json.dumps([key, body])}))(status),
    "a bare text": lambda status, key, body: http(status, f"{key}{body}"),
    "a bare list": lambda status, key, body: http(status, [key, body]),
    "URL-quoted": lambda status, key, body: _message(f"/x?key={quote(key, safe='')}&body={quote(body)}")(status),
    "base64": lambda status, key, body: _message(
        [base64.b64encode(text.encode()).decode() for text in (key, key.partition(" ")[2], body, f"u:{key}")]
    )(status),
    "hexadecimal": lambda status, key, body: _message(f"{key.encode().hex()} {body.encode().hex().upper()}")(status),
    "over lines": lambda status, key, body: http(status, _broken(f"{key} {body}", 9, "\r\n").encode(), TEXT),
    "over lines in JSON": lambda status, key, body: _message(_broken(f"{key} {body}", 7, "\n  "))(status),
    "with steering": lambda status, key, body: _message(_broken(f"{key} {body}", 5, "\u200b\x1b\u202e"))(status),
    "cut at the limit": lambda status, key, body: _message(
        [f"{'x' * (1000 - cut)}{text}" for text, cut in itertools.product((key, body), (12, 18, 30, 60))],
        errorId="x" * 180 + key,
    )(status),
    "late in the text": lambda status, key, body: http(status, (key * 80 + " " * 3000 + body).encode(), TEXT),
    "a page": lambda status, key, body: http(status, f"<html><p>{html.escape(key + body)}".encode(), PAGE),
    "a page in JSON": lambda status, key, body: _message(f"<p>{html.escape(key + body)}</p>")(status),
    "broken JSON": lambda status, key, body: http(status, f'{{"message": "{key} {body}'.encode()),
    "an integration": lambda status, key, body: http(
        status,
        {"data": {"_id": "1", "identifier": "a", "apiKey": key, "x": {"authToken": {key: [body]}}, "secret": body}},
    ),
    "the reason": lambda status, key, body: http(status, {"message": "no"}, reason=f"{key} {_shown(body)}"[:60000]),
    "WWW-Authenticate": _in_header("WWW-Authenticate"),
    "Retry-After": _in_header("Retry-After"),
    "Idempotency-Key": _in_header("Idempotency-Key"),
    "Date": _in_header("Date"),
    "RateLimit": _in_header("RateLimit-Limit"),
    "Content-Type": _in_header("Content-Type"),
    "Location": _in_header("Location"),
    "Location of a host": lambda status, key, body: http(
        status, b"", [("Location", f"https://{key.partition(' ')[2]}.example/{quote(body)}")]
    ),
    "a header of its own": _in_header("X-Debug"),
    "no HTTP at all": lambda _, key, body: f"{key}\r\n\r\n{body}".encode(),
    "a status line": lambda _, key, body: f"HTTP/1.1 {key} {_shown(body)}\r\n\r\n".encode(),
    "a broken header": lambda status, key, body: f"HTTP/1.1 {status} x\r\n{key}\x00{_shown(body)}\r\n\r\n".encode(),
    "cut off": lambda status, key, body: http(status, f"{key} {body}".encode(), TEXT)[:-5],
    "nothing": lambda *_: b"",
}

CUT: Final = ("cut at the limit", "late in the text")
"""The echoes of which only a part can be shown."""

STATUSES: Final = (200, 201, 204, 302, 400, 401, 402, 403, 404, 409, 413, 418, 422, 429, 500, 502, 503, 504)


def pairs() -> Iterator[tuple[int, str]]:
    """Each status and each echo at least once, and each echo with both a refusal and a success."""
    longer = max(len(STATUSES), len(ECHOES))
    seen = set()
    for (status, name), _ in zip(zip(itertools.cycle(STATUSES), itertools.cycle(ECHOES)), range(longer), strict=False):
        seen.add((status, name))
    for name in ECHOES:
        seen |= {(400, name), (200, name)}
    yield from sorted(seen)


def echoing(status: int, name: str) -> Callable[[Request], bytes]:
    """An answer to every request that gives it back as `name` does."""

    def answer(request: Request) -> bytes:
        return ECHOES[name](status, request.headers.get("authorization", ""), request.body.decode())

    return answer
