"""The endpoints: what is sent, what every answer means, and what repeating each call means."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import Figures
from fault_server import FakeClock
from integrations_cli.answers import DEEPEST, UnreadableAnswerError, decode, error_from
from integrations_cli.api import Api, body_of, create_request, encode, integration_in
from integrations_cli.create import prepare
from integrations_cli.errors import (
    AuthError,
    CancelledError,
    ConflictError,
    InputError,
    IntegrationsError,
    NotFoundError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from integrations_cli.models import Credential, IntegrationDraft
from integrations_cli.redaction import Redactor
from integrations_cli.retry import AttemptReport, RetryPolicy
from integrations_cli.transport import Answer, Interrupted, Request, TransportFailure

ENVIRONMENT = {"_id": "e1", "name": "Development"}
ONE = {"_id": "i1", "_environmentId": "e1", "identifier": "one", "providerId": "mailgun", "channel": "email"}


def answer(status: int, body: object = b"", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"content-type": "application/json"} if content[:1] in (b"{", b"[") else {}
    return Answer(status, kind | {name.replace("_", "-"): value for name, value in headers.items()}, content)


class Scripted:
    """A transport that gives what it was told to, in order."""

    base_url = "https://api.example"

    def __init__(self, *outcomes: Answer | BaseException) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[Request] = []

    def send(self, request: Request, timeout: float) -> Answer:
        self.requests.append(request)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self) -> None:
        """Nothing is open."""


def api(
    *outcomes: Answer | BaseException, observe: Callable[[AttemptReport], None] | None = None
) -> tuple[Api, Scripted]:
    transport = Scripted(*outcomes)
    return Api(
        transport, clock=FakeClock(), random=lambda: 0.5, observe=observe, redactor=Redactor(["k3y-abcdef"])
    ), transport


def lost(*, sent: bool = True, timed_out: bool = False) -> TransportFailure:
    return TransportFailure("disconnected", "the connection broke", sent=sent, timed_out=timed_out, hint="look")


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_the_body_has_the_documented_fields_in_their_order() -> None:
    draft = IntegrationDraft(
        provider="nodemailer",
        channel="email",
        name="Zoë 邮件",
        identifier="main",
        environment_id="e1",
        credentials={"user": Credential("u"), "secure": Credential(True), "tlsOptions": Credential({"a": [1]})},
        active=True,
        check=True,
        conditions=[{"b": 1, "a": None}],
        extra={"kind": "agent", "rules": {}},
    )
    assert body_of(draft).decode() == (
        '{"providerId":"nodemailer","channel":"email","name":"Zoë 邮件","identifier":"main","_environmentId":"e1",'
        '"credentials":{"user":"u","secure":true,"tlsOptions":{"a":[1]}},"active":true,"check":true,'
        '"conditions":[{"b":1,"a":null}],"kind":"agent","rules":{}}'
    )


def test_what_is_not_said_is_left_out_but_active_and_check_are_always_there() -> None:
    draft = IntegrationDraft(provider="mailgun", channel="email")
    assert body_of(draft) == b'{"providerId":"mailgun","channel":"email","active":false,"check":false}'


@pytest.mark.parametrize("value", ["\ud800", "caf\udce9"])
def test_half_a_character_is_refused_before_anything_is_sent(value: str) -> None:
    with pytest.raises(InputError, match="UTF-8"):
        body_of(IntegrationDraft(provider="mailgun", channel="email", name=value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="JSON"):
        body_of(IntegrationDraft(provider="mailgun", channel="email", extra={"rules": value}))
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InputError, match="JSON"):
        encode({"rules": endless})


def test_an_extra_field_cannot_stand_in_for_a_flag() -> None:
    with pytest.raises(InputError, match="check"):
        body_of(IntegrationDraft(provider="mailgun", channel="email", extra={"check": True}))


def test_an_identifier_is_made_of_the_name_and_ten_random_characters() -> None:
    draft = IntegrationDraft(provider="mailgun", channel="email", name="  Zoë's — Mail 2!  ")
    prepared = prepare(draft, random=lambda: 0.999999)
    assert prepared.identifier == "zoe-s-mail-2-zzzzzzzzzz"
    assert prepared.generated
    assert json.loads(prepared.body)["identifier"] == prepared.identifier
    assert len({prepare(draft).identifier for _ in range(100)} | {prepare(draft).key for _ in range(100)}) == 200


@pytest.mark.parametrize(
    ("draft", "slug"),
    [
        (IntegrationDraft(provider="mailgun", channel="email"), "mailgun"),
        (IntegrationDraft(provider="twilio", channel="sms", name="邮件"), "integration"),
        (IntegrationDraft(provider="unheard-of", channel="sms"), "unheard-of"),
        (IntegrationDraft(provider="mailgun", channel="email", name="x" * 300), "x" * 40),
    ],
)
def test_the_slug_is_short_and_plain(draft: IntegrationDraft, slug: str) -> None:
    assert prepare(draft, random=lambda: 0.0).identifier == f"{slug}-0000000000"


def test_what_was_given_stays() -> None:
    prepared = prepare(IntegrationDraft(provider="mailgun", channel="email", identifier="Main_1"), "my key")
    assert (prepared.identifier, prepared.key, prepared.generated) == ("Main_1", "my key", False)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "a\r\nX: y", "é", "x" * 256, " a", "\x7f"])
def test_a_key_that_cannot_be_a_header_is_refused(key: str) -> None:
    with pytest.raises(InputError, match="idempotency key"):
        prepare(IntegrationDraft(provider="mailgun", channel="email"), key)


# -- the answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{"data": ONE}, ONE, {"data": {**ONE, "new": [1]}, "meta": 1}])
def test_an_integration_comes_wrapped_or_bare(body: object) -> None:
    assert integration_in(answer(201, body)).identifier == "one"


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
        b'{"_id": "i1", "deep": ' + b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1) + b"}",
        b"<html><body>Hello</body></html>",
    ],
)
def test_a_success_that_is_no_integration_is_an_error_of_its_own(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError) as caught:
        integration_in(Answer(201, {}, body))
    assert caught.value.exit_code == 8
    assert "201" in caught.value.message
    assert "\n" not in caught.value.message


def test_what_is_odd_but_clear_is_read() -> None:
    body = b'\xef\xbb\xbf {"_id": "a", "_id": "i1", "identifier": "half \\ud83d", "name": "\\ud83d\\ude00"}'
    with pytest.raises(UnreadableAnswerError):
        integration_in(Answer(201, {}, b"\xff" + body))
    raw = integration_in(Answer(201, {}, body.removeprefix(b"\xef\xbb\xbf"))).raw
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


def test_every_recorded_error_has_its_exit_code_and_the_server_s_own_words(figures: Figures) -> None:
    seen: Counter[tuple[int, int]] = Counter()
    for exchange in recorded():
        response = exchange["response"]
        headers = {name.lower(): value for name, value in response["headers"].items()}
        body = response["body"]
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        error = error_from(Answer(response["status"], headers, content))
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
def test_the_status_alone_decides_the_exit_code(status: int, code: int) -> None:
    page = Answer(status, {"content-type": "text/html"}, b"<!DOCTYPE html><html>no</html>")
    for given_answer in (
        page,
        answer(status),
        answer(status, {"message": "no"}),
        answer(status, b"{"),
        answer(status, []),
    ):
        assert error_from(given_answer).exit_code == code


def test_what_a_proxy_answers_is_summarised() -> None:
    page = Answer(502, {"content-type": "text/html"}, b"<html><title>502</title><script>x</script></html>")
    assert error_from(page).message == "the server answered 502 with an HTML page"
    assert error_from(answer(503)).message == "the server answered 503 with an empty body"
    plain = Answer(503, {"content-type": "text/plain"}, b"upstream\r\n  is down\n")
    assert error_from(plain).message == "the server answered 503: upstream is down"
    assert error_from(answer(400, b'{"mess')).message == "the server answered 400 with broken JSON"
    flood = Answer(400, {}, b"", overlong=True)
    assert error_from(flood).message == "the server answered 400 with a body larger than 10 MB"
    assert error_from(answer(400, {"x": 1})).message == "the server answered 400 with JSON of another kind"
    assert error_from(Answer(400, {"content-type": "image/png"}, b"\x89PNG")).message.endswith("another kind of body")


def test_the_findings_of_a_422_are_named_with_their_fields() -> None:
    errors = {"name": {"messages": ["is too long", "name has a tab"]}, "channel": {"messages": "is wrong"}, "x": 1}
    error = error_from(answer(422, {"statusCode": 422, "message": "Validation Error", "errors": errors}))
    assert error.details == ("Validation Error", "name: is too long", "name has a tab", "channel: is wrong")


def test_a_long_answer_is_cut() -> None:
    error = error_from(answer(400, {"message": ["x" * 5000] * 500}))
    assert len(error.message) < 1200
    assert len(error.details) == 50


def test_a_redirect_names_its_host_and_nothing_else() -> None:
    error = error_from(answer(308, location="https://user:pass@else.example:8443/v1?token=abc#x"))
    assert "else.example:8443" in (error.hint or "")
    assert all(part not in f"{error.message}{error.hint}" for part in ("user", "pass", "token", "/v1"))
    assert error_from(answer(302, location="http://[::1")).exit_code == 7
    assert error_from(answer(302, location="/login")).exit_code == 7


def test_the_key_is_taken_out_of_what_a_server_says() -> None:
    told, _ = api()
    words = {"message": 'Invalid authentication scheme: "k3y-abcdef"', "errorId": "k3y-abcdef"}
    error = told.error(answer(401, words))
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
@settings(max_examples=400, deadline=None)
def test_no_answer_breaks_it(status: int, body: bytes, headers: dict[str, str]) -> None:
    given_answer = Answer(status, headers, body)
    error = error_from(given_answer)
    assert error.exit_code in {4, 5, 6, 7, 8}
    assert "\n" not in error.message
    error.message.encode()
    try:
        json.dumps(decode(given_answer), allow_nan=False).encode()
    except UnreadableAnswerError:
        return


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_list_of_the_whole_organisation_is_filtered_to_the_key_s_environment() -> None:
    other = {**ONE, "_id": "i2", "_environmentId": "e2"}
    told, transport = api(
        answer(200, {"data": [ONE, other]}), answer(200, {"data": ENVIRONMENT}), answer(200, [ONE, other])
    )
    assert [integration.id for integration in told.list()] == ["i1"]
    assert [integration.id for integration in told.list()] == ["i1"]
    assert [request.path for request in transport.requests] == [
        "/v1/integrations",
        "/v1/environments/me",
        "/v1/integrations",
    ]


def test_another_environment_can_be_named() -> None:
    other = {**ONE, "_id": "i2", "_environmentId": "e2"}
    told, transport = api(answer(200, [ONE, other]))
    assert [integration.id for integration in told.list("e2")] == ["i2"]
    assert len(transport.requests) == 1


def test_a_server_that_does_not_tell_its_environment_is_believed() -> None:
    told, transport = api(answer(200, [ONE]), answer(404, {"message": "Cannot GET"}), answer(200, [ONE]))
    assert len(told.list()) == 1
    assert told.environment() is None
    assert len(told.list()) == 1
    assert len(transport.requests) == 3


@pytest.mark.parametrize("body", [{"data": {"a": 1}}, ["x"], b"<html>", b"", {"data": None}])
def test_what_is_no_list_is_an_error(body: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        api(answer(200, body))[0].list()
    with pytest.raises(UnreadableAnswerError):
        api(answer(200, body))[0].environment()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520])
def test_reading_goes_on_after_any_failure_that_may_pass(status: int) -> None:
    told, transport = api(answer(status), lost(), lost(timed_out=True), answer(200, []))
    assert list(told.list()) == []
    assert len(transport.requests) == 4


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthError), (403, AuthError), (404, NotFoundError), (418, RejectedError)]
)
def test_a_refusal_to_read_stands(status: int, error: type[IntegrationsError]) -> None:
    told, transport = api(answer(status))
    with pytest.raises(error):
        told.list()
    assert len(transport.requests) == 1


def test_reading_in_vain_says_how_often() -> None:
    with pytest.raises(UnavailableError, match=r"the connection broke \(tried 4 times\)") as caught:
        api(*[lost()] * 4)[0].list()
    assert caught.value.hint == "look"


def test_ctrl_c_while_reading_is_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt):
        api(Interrupted(sent=True))[0].list()


# -- changing ---------------------------------------------------------------------------------------------------------

Change = Callable[[Api], object]
CHANGES: Sequence[tuple[str, Change, str, str]] = (
    ("update", lambda told: told.update("a/b c", b"{}"), "PUT", "/v1/integrations/a%2Fb%20c"),
    ("set primary", lambda told: told.set_primary("i1"), "POST", "/v1/integrations/i1/set-primary"),
    ("delete", lambda told: told.delete("i1"), "DELETE", "/v1/integrations/i1"),
)
changes = pytest.mark.parametrize(
    ("change", "method", "path"), [entry[1:] for entry in CHANGES], ids=[entry[0] for entry in CHANGES]
)


@changes
def test_a_change_is_repeated_until_it_is_answered(change: Change, method: str, path: str) -> None:
    told, transport = api(lost(), answer(503), lost(sent=False), answer(200, {"data": ONE}))
    change(told)
    assert {(request.method, request.path) for request in transport.requests} == {(method, path)}
    assert len({request.body for request in transport.requests}) == 1


@changes
def test_a_change_that_may_have_been_made_is_said_to_be_unknown(change: Change, method: str, path: str) -> None:
    told, transport = api(lost(timed_out=True), *[lost(sent=False)] * 3)
    with pytest.raises(UnknownOutcomeError, match="tried 4 times"):
        change(told)
    assert len(transport.requests) == 4


@changes
def test_a_change_that_never_left_is_unavailable(change: Change, method: str, path: str) -> None:
    with pytest.raises(UnavailableError):
        change(api(*[lost(sent=False)] * 4)[0])


@changes
def test_a_500_is_not_asked_for_again(change: Change, method: str, path: str) -> None:
    told, transport = api(answer(500, {"message": "Internal server error", "errorId": "x1"}))
    with pytest.raises(UnavailableError) as caught:
        change(told)
    assert caught.value.error_id == "x1"
    assert len(transport.requests) == 1


@changes
def test_ctrl_c_during_a_change_says_whether_it_can_have_been_made(change: Change, method: str, path: str) -> None:
    with pytest.raises(CancelledError, match="nothing was sent"):
        change(api(Interrupted(sent=False))[0])
    with pytest.raises(CancelledError, match="not known"):
        change(api(Interrupted(sent=True))[0])
    with pytest.raises(CancelledError, match="not known"):
        change(api(lost(), Interrupted(sent=False))[0])


def test_deleted_after_a_lost_answer_is_deleted() -> None:
    told, transport = api(lost(), answer(404, {"message": "Entity with id i1 not found"}))
    told.delete("i1")
    assert len(transport.requests) == 2


@pytest.mark.parametrize("before", [[], [lost(sent=False)], [answer(429)]])
def test_what_was_never_there_is_not_found(before: list[Answer | TransportFailure]) -> None:
    with pytest.raises(NotFoundError):
        api(*before, answer(404, {"message": "Entity with id i1 not found"}))[0].delete("i1")


def test_every_attempt_is_observed() -> None:
    seen: list[AttemptReport] = []
    told, _ = api(answer(503), lost(), answer(200, []), observe=seen.append)
    told.list()
    assert [(report.number, report.status, report.wait) for report in seen] == [
        (1, 503, 0.25),
        (2, None, 0.5),
        (3, 200, None),
    ]
    assert all(report.url == "https://api.example/v1/integrations" for report in seen)
    told, _ = api(answer(201, ONE, idempotency_key="k1"), answer(201, ONE), observe=seen.append)
    for _ in range(2):
        request = create_request(b"{}", "k1")
        told.report(request, 1, told.attempt(request, 1.0), None)
    assert [report.echoed for report in seen[-2:]] == [True, False]


def test_the_age_of_an_integration_is_told_by_the_server_s_clock() -> None:
    born = {**ONE, "createdAt": "2026-11-23T04:00:00.000Z"}
    told, _ = api(answer(200, [born], date="Mon, 23 Nov 2026 04:01:40 GMT"))
    (found,) = told.list("e1")
    assert told.age(found) == 100.0
    told.clock.sleep(5)
    assert told.age(found) == 105.0
    silent, _ = api(answer(200, [born]))
    assert silent.age(silent.list("e1")[0]) is None


def test_the_policy_can_be_given_for_one_list() -> None:
    told, transport = api(*[answer(503)] * 9)
    with pytest.raises(UnavailableError):
        told.list(policy=RetryPolicy(retries=1))
    assert len(transport.requests) == 2
