"""Reads responses: the data in a success, or the error that any other response is. All of it is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from integrations_cli.api.transport.interface import Response
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

MAX_TEXT: Final = 1000  # characters of a server's text that are shown
MAX_RAW_TEXT: Final = 64 * MAX_TEXT  # characters that are redacted: a secret must be seen whole, before it is shortened
MAX_DETAILS: Final = 50  # single messages of a server that are shown

HINTS: Final = {
    401: "check the API key and the region: a key of the EU works at https://eu.api.novu.co only",
    402: "the plan of this organisation does not include it",
    403: "this key is not allowed to do that: check its environment and its permissions",
    404: "check the id, and that the API's address is right",
    408: "try again",
    409: "choose another identifier, or print the existing integration with --if-not-exists",
    413: "the request is too large for this server: shorten the credentials or conditions",
    429: "too many requests: try again later",
    502: "the server behind the proxy does not answer: try again later",
    503: "the server is down or overloaded: try again later",
    504: "the server behind the proxy is too slow: try again later",
}

Clean = Callable[[str], str]  # removes secrets from a text


class UnreadableResponseError(UnavailableError):
    """A success without the data that the API documents, such as the page of a proxy or half a document."""


def decode(response: Response) -> Json:
    """Return the JSON in this response, without its envelope `data`.

    Raises:
        UnreadableResponseError: The body is not JSON, or beyond the limits for a response.
    """
    try:
        value = _load(response)
    except ValueError:
        raise unreadable_error(response) from None
    return value["data"] if isinstance(value, dict) and "data" in value and "_id" not in value else value


def unreadable_error(response: Response, expected: str = "what the API documents") -> UnreadableResponseError:
    """Return the error for a success that does not contain what was `expected`."""
    return UnreadableResponseError(
        f"the server answered {response.status} with {_describe_body(response)} instead of {expected}",
        hint="check the API's address: a web page or a proxy may be answering",
        status=response.status,
    )


def _load(response: Response) -> Json:
    """Return the JSON in the body; raise ValueError if there is none, or it is beyond the limits."""
    if response.overlong:
        raise ValueError
    value = load_json(response.body, RESPONSE_LIMITS)
    # Half of a surrogate pair can be escaped in JSON, but not be written to a terminal or a file.
    return _replace_surrogates(value) if b"\\ud" in response.body.lower() else value


def _replace_surrogates(value: Json) -> Json:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    return value


def error_from(response: Response, clean: Clean = str) -> IntegrationsError:
    """Return the error that this response is: its class by the status, its message in the server's own words.

    `clean` removes secrets from them: some servers repeat what they were sent.
    """
    try:
        body = _load(response)
        messages = _messages(body)
    except ValueError:
        body = None
        messages = _plain_text(response)
    details = tuple(_one_line(message, clean) for message in messages[:MAX_DETAILS])
    error_id = body.get("errorId") if isinstance(body, dict) else None
    text = f": {_shorten('; '.join(details))}" if details else f" with {_describe_body(response)}"
    return _error_class(response)(
        f"the server answered {response.status}{text}",
        hint=_hint(response, clean),
        status=response.status,
        details=details,
        error_id=_one_line(error_id, clean)[:200] if isinstance(error_id, str) and error_id.strip() else None,
    )


def _error_class(response: Response) -> type[IntegrationsError]:
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
        host = _one_line(_host(response.headers.get("location", "")), clean)
        target = f" (the redirect leads to {host})" if host else ""
        return (
            f"redirects are not followed, so that no other server gets the API key: correct the API's address{target}"
        )
    if status == 409 and "retry-after" in response.headers:
        return "an earlier request with this idempotency key is still being processed: try again in a moment"
    if status >= 500 and status not in HINTS:
        return "only the log of the server tells the cause; search it for the errorId, if there is one"
    return HINTS.get(status, "correct what the server reports")


def _host(url: str) -> str:
    """Return host and port of a redirect's target, without user name and password; nothing if it is no URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _messages(body: Json) -> Sequence[str]:
    """Return the messages in the body of an error, none if it has no known form."""
    if not isinstance(body, dict):
        return [body] if isinstance(body, str) and body.strip() else []
    message = body.get("message")
    if isinstance(message, dict):  # in a stored 500 that is repeated
        message = message.get("message")
    others = [text for text in (body.get("error"), body.get("detail"), body.get("title")) if isinstance(text, str)]
    return _texts(message) + _field_messages(body.get("errors")) or others[:1]


def _field_messages(errors: Json) -> list[str]:
    """Return the messages of a 422, which are in `errors.<field>.messages`."""
    if not isinstance(errors, dict):
        return []
    return [
        text if text.startswith(field) else f"{field}: {text}"
        for field, entry in errors.items()
        for text in _texts(entry.get("messages") if isinstance(entry, dict) else entry)
    ]


def _texts(value: Json) -> list[str]:
    """Return the texts in a list of texts, or in a single one, without blank ones."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str) and text.strip()]


def _plain_text(response: Response) -> Sequence[str]:
    """Return a text that is neither HTML nor JSON: some proxies answer with one line."""
    text = response.body[:MAX_RAW_TEXT].decode("utf-8", "replace").strip()
    is_plain = _media_type(response) in {"", "text/plain"} and not {"\ufffd", "\x00"} & {*text}
    return [text] if is_plain and text and text[0] not in "<{[" else []


def _describe_body(response: Response) -> str:
    """Return what kind of body this is, for a message."""
    start = response.body[:512].lstrip().lower()
    if response.overlong:
        return "a body larger than 10 MB"
    if not start:
        return "an empty body"
    is_html = _media_type(response) in {"text/html", "application/xhtml+xml"}
    if is_html or start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start[:1] not in b"{[":
        return "another kind of body"
    try:
        _load(response)
    except ValueError:
        return "broken JSON"
    return "JSON of another kind"


def _media_type(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _one_line(text: str, clean: Clean) -> str:
    """Return the text on one line, first without secrets: shortening could leave a part of one."""
    return _shorten(" ".join(clean(text[:MAX_RAW_TEXT]).split()))


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
