"""Responses become data, or the error that they are."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import Figures
from integrations_cli.api.client import integration_from
from integrations_cli.api.responses import UnreadableResponseError, decode, error_from
from integrations_cli.api.transport.interface import Response
from integrations_cli.errors import (
    AuthError,
    ConflictError,
    IntegrationsError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from integrations_cli.inputs.decode import MAX_DEPTH
from scripted_transport import ONE, api, response


@pytest.mark.parametrize("body", [{"data": ONE}, ONE, {"data": {**ONE, "new": [1]}, "meta": 1}])
def test_integration_is_read_with_or_without_envelope(body: object) -> None:
    assert integration_from(response(201, body)).identifier == "one"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {}}',
        b'"text"',
        b"12",
        b'{"_id": 7}',
        b'{"data": {"_id": "i1"',
        b"\xff\xfe\xfd",
        b'{"_id": "i1", "n": NaN}',
        b'{"_id": "i1", "n": -Infinity}',
        b'{"_id": "i1", "n": 1e999}',
        b'{"_id": "i1", "n": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"_id": "i1", "deep": ' + b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1) + b"}",
        b"<html><body>Hello</body></html>",
    ],
)
def test_success_without_an_integration_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableResponseError) as caught:
        integration_from(Response(201, {}, body))
    assert caught.value.exit_code == 8
    assert "201" in caught.value.message
    assert "\n" not in caught.value.message


def test_odd_but_valid_json_is_read() -> None:
    body = b'\xef\xbb\xbf {"_id": "a", "_id": "i1", "identifier": "half \\ud83d", "name": "\\ud83d\\ude00"}'
    with pytest.raises(UnreadableResponseError):
        integration_from(Response(201, {}, b"\xff" + body))
    raw = integration_from(Response(201, {}, body.removeprefix(b"\xef\xbb\xbf"))).raw
    assert raw == {"_id": "i1", "identifier": "half \ufffd", "name": "\U0001f600"}


def recorded() -> list[dict[str, Any]]:
    lines = (Path(__file__).parent / "exchanges.jsonl").read_text(encoding="utf-8").splitlines()
    return [exchange for exchange in map(json.loads, lines) if exchange["response"]["status"] >= 300]


def server_words(body: Any) -> list[str]:
    """What the server says is wrong."""
    if not isinstance(body, dict):
        return []
    message = body.get("message")
    if isinstance(message, dict):
        message = message["message"]
    return message if isinstance(message, list) else [str(message)]


BY_STATUS: dict[int, type[IntegrationsError]] = {
    304: RejectedError,
    400: RejectedError,
    401: AuthError,
    403: AuthError,
    404: NotFoundError,
    422: RejectedError,
    429: UnavailableError,
    500: UnavailableError,
}


def test_recorded_errors_have_exit_code_and_message(figures: Figures) -> None:
    seen: Counter[tuple[int, int]] = Counter()
    for exchange in recorded():
        response = exchange["response"]
        headers = {name.lower(): value for name, value in response["headers"].items()}
        body = response["body"]
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        error = error_from(Response(response["status"], headers, content))
        status = response["status"]
        expected = BY_STATUS.get(status, UnavailableError if "retry-after" in headers else ConflictError)
        assert type(error) is expected, exchange["id"]
        assert str(status) in error.message
        assert "\n" not in error.message
        for words in server_words(body):
            assert " ".join(words.split()) in error.message, exchange["id"]
            assert " ".join(words.split()) in error.details
        if isinstance(body, dict):
            assert error.error_id == body.get("errorId")
        assert error.hint
        seen[status, error.exit_code] += 1
    figures(
        "Recorded errors", [["status", "exit", "answers"], *((*key, number) for key, number in sorted(seen.items()))]
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, 7) for status in (301, 302, 400, 402, 405, 408, 410, 413, 415, 418, 422, 451)),
        *((status, 8) for status in (429, 500, 501, 502, 503, 504, 520)),
        *[(401, 4), (403, 4), (404, 5), (409, 6)],
    ],
)
def test_status_alone_decides_the_exit_code(status: int, code: int) -> None:
    page = Response(status, {"content-type": "text/html"}, b"<!DOCTYPE html><html>no</html>")
    for given_answer in (
        page,
        response(status),
        response(status, {"message": "no"}),
        response(status, b"{"),
        response(status, []),
    ):
        assert error_from(given_answer).exit_code == code


def test_body_that_is_no_api_error_is_summarised() -> None:
    page = Response(502, {"content-type": "text/html"}, b"<html><title>502</title><script>x</script></html>")
    assert error_from(page).message == "the server answered 502 with an HTML page"
    assert error_from(response(503)).message == "the server answered 503 with an empty body"
    plain = Response(503, {"content-type": "text/plain"}, b"upstream\r\n  is down\n")
    assert error_from(plain).message == "the server answered 503: upstream is down"
    assert error_from(response(400, b'{"mess')).message == "the server answered 400 with broken JSON"
    flood = Response(400, {}, b"", overlong=True)
    assert error_from(flood).message == "the server answered 400 with a body larger than 10 MB"
    assert error_from(response(400, {"x": 1})).message == "the server answered 400 with JSON of another kind"
    assert error_from(Response(400, {"content-type": "image/png"}, b"\x89PNG")).message.endswith("another kind of body")


def test_422_messages_name_their_fields() -> None:
    errors = {"name": {"messages": ["is too long", "name has a tab"]}, "channel": {"messages": "is wrong"}, "x": 1}
    error = error_from(response(422, {"statusCode": 422, "message": "Validation Error", "errors": errors}))
    assert error.details == ("Validation Error", "name: is too long", "name has a tab", "channel: is wrong")


def test_long_messages_are_shortened() -> None:
    error = error_from(response(400, {"message": ["x" * 5000] * 500}))
    assert len(error.message) < 1200
    assert len(error.details) == 50


def test_redirect_shows_only_its_host() -> None:
    error = error_from(response(308, location="https://user:pass@else.example:8443/v1?token=abc#x"))
    assert "else.example:8443" in (error.hint or "")
    assert all(part not in f"{error.message}{error.hint}" for part in ("user", "pass", "token", "/v1"))
    assert error_from(response(302, location="http://[::1")).exit_code == 7
    assert error_from(response(302, location="/login")).exit_code == 7


def test_key_is_removed_from_server_messages() -> None:
    told, _ = api()
    words = {"message": 'Invalid authentication scheme: "k3y-abcdef"', "errorId": "k3y-abcdef"}
    error = told.error(response(401, words))
    assert "k3y-abcdef" not in f"{error.message} {error.hint} {error.details} {error.error_id}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
SHAPED = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("message", "errors", "error", "errorId", "data", "_id", "identifier", "title"), JSON),
).map(lambda value: json.dumps(value).encode())


@given(
    st.integers(100, 999), BODIES | SHAPED, st.dictionaries(st.sampled_from(["content-type", "location"]), st.text())
)
@example(302, b"", {"location": "http://[x"})
@example(400, b'{"message": ["\\ud800"]}', {})
@settings(max_examples=200, deadline=None)
def test_any_response_gives_a_clean_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    given_answer = Response(status, headers, body)
    error = error_from(given_answer)
    assert error.exit_code in {4, 5, 6, 7, 8}
    assert "\n" not in error.message
    error.message.encode()
    try:
        json.dumps(decode(given_answer), allow_nan=False).encode()
    except UnreadableResponseError:
        return
