"""What an answer says: the data in it, or the error that it is. Nothing that a server sends gets past this unread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from integrations_cli.api.transport.base import Response
from integrations_cli.errors import (
    AuthError,
    ConflictError,
    IntegrationsError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from integrations_cli.inputs.decode import RESPONSE_LIMITS, load_json
from integrations_cli.models import Json

LONGEST: Final = 1000
"""Characters of a server's own words that are passed on."""

READ: Final = 64 * LONGEST
"""Characters of a server's own words that are looked at, so that a secret is seen whole before they are shortened."""

MOST: Final = 50
"""Single findings of a server that are passed on."""

Clean = Callable[[str], str]


class UnreadableResponseError(UnavailableError):
    """A success whose body is not what the API answers: a page of a proxy, half a document, something else's data."""


def decode(response: Response) -> Json:
    """The JSON in the answer, without its envelope `data`.

    Raises:
        UnreadableResponseError: There is none, or it holds what JSON does not have or no program should have to keep.
    """
    try:
        value = _document(response)
    except ValueError:
        raise unreadable_error(response) from None
    if isinstance(value, dict) and "data" in value and "_id" not in value:
        return value["data"]
    return value


def unreadable_error(response: Response, instead_of: str = "what the API answers") -> UnreadableResponseError:
    """The error that says what came `instead_of` the expected."""
    return UnreadableResponseError(
        f"the server answered {response.status} with {_kind(response)} instead of {instead_of}",
        hint="check that the API's address is the API's, and not a web page's or a proxy's",
        status=response.status,
    )


def _document(response: Response) -> Json:
    """The JSON in the body.

    Raises:
        ValueError: It is none, or not what a program should have to keep.
    """
    if response.overlong:
        raise ValueError
    value = load_json(response.body, RESPONSE_LIMITS)
    # Half of a pair that stands for one character can be escaped in JSON, but not be written to a terminal or a file.
    return _whole(value) if b"\\ud" in response.body.lower() else value


def _whole(value: Json) -> Json:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def error_from(response: Response, clean: Clean = str) -> IntegrationsError:
    """The error that this answer is: its class by the status, its message in the server's own words.

    `clean` takes what is secret out of them: some servers repeat what they were sent.
    """
    details = tuple(_line(finding, clean) for finding in _findings(response)[:MOST])
    words = _shorten("; ".join(details)) or _kind(response)
    separator = ": " if details else " with "
    status = response.status
    error_class = _class(response)
    return error_class(
        f"the server answered {status}{separator}{words}",
        hint=_hint(response, clean),
        status=status,
        details=details,
        error_id=_error_id(response, clean),
    )


def _class(response: Response) -> type[IntegrationsError]:
    status = response.status
    if status in {401, 403}:
        return AuthError
    if status == 404:
        return NotFoundError
    if status == 409:
        return UnavailableError if "retry-after" in response.headers else ConflictError
    if status == 429 or status >= 500 or status < 300:
        return UnavailableError
    return RejectedError


def _hint(response: Response, clean: Clean) -> str:
    status = response.status
    if 300 <= status < 400:
        place = _line(_host(response.headers.get("location", "")), clean)
        there = f" (it points to {place})" if place else ""
        return f"redirects are not followed, so that the key goes nowhere else: correct the API's address{there}"
    if status == 409 and "retry-after" in response.headers:
        return "an earlier request with this idempotency key is still at work: try again in a moment"
    if status >= 500 and status not in {502, 503, 504}:
        return "the cause is in the server's log only; the errorId, if there is one, finds it there"
    return _HINTS.get(status, "correct what the server names")


def _host(url: str) -> str:
    """Where a redirect leads to, without a name and password; nothing for what is no URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


_HINTS: Final = {
    401: "check the API key and the region: a key of the EU works at https://eu.api.novu.co only",
    402: "the plan of this organisation does not include it",
    403: "this key may not do that: check its environment and its rights",
    404: "check the id, and that the API's address is right",
    408: "try again",
    409: "choose another identifier; or show the one that is there with --if-not-exists",
    413: "the request is too large for this server: shorten the credentials or conditions",
    429: "too many requests: try again later",
    502: "the server behind the proxy does not answer: try again later",
    503: "the server is down or overloaded: try again later",
    504: "the server behind the proxy is too slow: try again later",
}


def _findings(response: Response) -> Sequence[str]:
    """What the server says is wrong, one finding a piece; empty if it says nothing that can be read."""
    try:
        body = _document(response)
    except ValueError:
        return _plain_text(response)
    if not isinstance(body, dict):
        return [body] if isinstance(body, str) and body.strip() else []
    message = body.get("message")
    if isinstance(message, dict):  # a replayed 500
        message = message.get("message")
    messages = message if isinstance(message, list) else [message]
    findings = [text for text in messages if isinstance(text, str) and text.strip()]
    findings += _field_findings(body.get("errors"))
    if findings:
        return findings
    return [text for text in (body.get("error"), body.get("detail"), body.get("title")) if isinstance(text, str)][:1]


def _field_findings(errors: Json) -> list[str]:
    """The findings of a 422: `errors.<field>.messages`."""
    if not isinstance(errors, dict):
        return []
    findings = []
    for field, entry in errors.items():
        messages = entry.get("messages") if isinstance(entry, dict) else entry
        texts = messages if isinstance(messages, list) else [messages]
        findings += [
            text if text.startswith(field) else f"{field}: {text}"
            for text in texts
            if isinstance(text, str) and text.strip()
        ]
    return findings


def _plain_text(response: Response) -> Sequence[str]:
    """A short text that is neither HTML nor JSON: some proxies answer one line."""
    text = response.body[:READ].decode("utf-8", "replace").strip()
    kind = response.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind != "text/plain" or not text or text[0] in "<{[" or "\ufffd" in text or "\x00" in text:
        return []
    return [text]


def _kind(response: Response) -> str:
    """What sort of body this is, in a few words."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    start = response.body[:512].lstrip().lower()
    if response.overlong:
        return "a body larger than 10 MB"
    if not start:
        return "an empty body"
    if kind in {"text/html", "application/xhtml+xml"} or start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start[:1] in b"{[":
        return "JSON of another kind" if _is_json(response) else "broken JSON"
    return "another kind of body"


def _is_json(response: Response) -> bool:
    try:
        _document(response)
    except ValueError:
        return False
    return True


def _error_id(response: Response, clean: Clean) -> str | None:
    try:
        body = _document(response)
    except ValueError:
        return None
    found = body.get("errorId") if isinstance(body, dict) else None
    return _line(found, clean)[:200] if isinstance(found, str) and found.strip() else None


def _line(text: str, clean: Clean) -> str:
    """The text on one line, first without what is secret: of one that is cut off, a part would stay."""
    return _shorten(" ".join(clean(text[:READ]).split()))


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
