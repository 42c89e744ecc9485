"""The client sends the documented requests, and retries each call by its own rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from fault_server import FakeClock
from integrations_cli.api.client import Client, create_body, create_request, encode_json
from integrations_cli.api.responses import UnreadableResponseError
from integrations_cli.api.retry import AttemptReport, RetryPolicy
from integrations_cli.api.transport.interface import Interrupted, Response, TransportFailure
from integrations_cli.create.exactly_once import prepare_create
from integrations_cli.errors import (
    AuthError,
    CancelledError,
    InputError,
    IntegrationsError,
    NotFoundError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from integrations_cli.models import Credential, Draft
from scripted_transport import ENVIRONMENT, ONE, api, lost, response

# -- request bodies ---------------------------------------------------------------------------------------------------


def test_body_has_documented_fields_in_order() -> None:
    draft = Draft(
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
    assert create_body(draft).decode() == (
        '{"providerId":"nodemailer","channel":"email","name":"Zoë 邮件","identifier":"main","_environmentId":"e1",'
        '"credentials":{"user":"u","secure":true,"tlsOptions":{"a":[1]}},"active":true,"check":true,'
        '"conditions":[{"b":1,"a":null}],"kind":"agent","rules":{}}'
    )


def test_unset_fields_are_omitted_except_active_and_check() -> None:
    draft = Draft(provider="mailgun", channel="email")
    assert create_body(draft) == b'{"providerId":"mailgun","channel":"email","active":false,"check":false}'


@pytest.mark.parametrize("value", ["\ud800", "caf\udce9"])
def test_lone_surrogate_is_rejected_before_sending(value: str) -> None:
    with pytest.raises(InputError, match="valid Unicode"):
        create_body(Draft(provider="mailgun", channel="email", name=value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_values_without_json_form_are_rejected(value: object) -> None:
    with pytest.raises(InputError, match="JSON"):
        create_body(Draft(provider="mailgun", channel="email", extra={"rules": value}))
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    with pytest.raises(InputError, match="JSON"):
        encode_json({"rules": cyclic})


def test_extra_field_cannot_replace_a_flag() -> None:
    with pytest.raises(InputError, match="check"):
        create_body(Draft(provider="mailgun", channel="email", extra={"check": True}))


def test_identifier_is_name_plus_ten_random_characters() -> None:
    draft = Draft(provider="mailgun", channel="email", name="  Zoë's — Mail 2!  ")
    prepared = prepare_create(draft, random=lambda: 0.999999)
    assert prepared.identifier == "zoe-s-mail-2-zzzzzzzzzz"
    assert prepared.generated
    assert json.loads(prepared.body)["identifier"] == prepared.identifier
    assert (
        len({prepare_create(draft).identifier for _ in range(100)} | {prepare_create(draft).key for _ in range(100)})
        == 200
    )


@pytest.mark.parametrize(
    ("draft", "slug"),
    [
        (Draft(provider="mailgun", channel="email"), "mailgun"),
        (Draft(provider="twilio", channel="sms", name="邮件"), "integration"),
        (Draft(provider="unheard-of", channel="sms"), "unheard-of"),
        (Draft(provider="mailgun", channel="email", name="x" * 300), "x" * 40),
    ],
)
def test_identifier_slug_is_short_ascii(draft: Draft, slug: str) -> None:
    assert prepare_create(draft, random=lambda: 0.0).identifier == f"{slug}-0000000000"


def test_given_identifier_and_key_are_kept() -> None:
    prepared = prepare_create(Draft(provider="mailgun", channel="email", identifier="Main_1"), "my key")
    assert (prepared.identifier, prepared.key, prepared.generated) == ("Main_1", "my key", False)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "a\r\nX: y", "é", "x" * 256, " a", "\x7f"])
def test_idempotency_key_must_be_a_valid_header(key: str) -> None:
    with pytest.raises(InputError, match="idempotency key"):
        prepare_create(Draft(provider="mailgun", channel="email"), key)


# -- read requests ----------------------------------------------------------------------------------------------------


def test_organisation_list_is_filtered_to_the_key_environment() -> None:
    other = {**ONE, "_id": "i2", "_environmentId": "e2"}
    client, transport = api(
        response(200, {"data": [ONE, other]}), response(200, {"data": ENVIRONMENT}), response(200, [ONE, other])
    )
    assert [integration.id for integration in client.list()] == ["i1"]
    assert [integration.id for integration in client.list()] == ["i1"]
    assert [request.path for request in transport.requests] == [
        "/v1/integrations",
        "/v1/environments/me",
        "/v1/integrations",
    ]


def test_list_accepts_an_environment_id() -> None:
    other = {**ONE, "_id": "i2", "_environmentId": "e2"}
    client, transport = api(response(200, [ONE, other]))
    assert [integration.id for integration in client.list("e2")] == ["i2"]
    assert len(transport.requests) == 1


def test_list_is_unfiltered_when_environment_is_unknown() -> None:
    client, transport = api(response(200, [ONE]), response(404, {"message": "Cannot GET"}), response(200, [ONE]))
    assert len(client.list()) == 1
    assert client.environment() is None
    assert len(client.list()) == 1
    assert len(transport.requests) == 3


@pytest.mark.parametrize("body", [{"data": {"a": 1}}, ["x"], b"<html>", b"", {"data": None}])
def test_malformed_list_or_environment_is_an_error(body: object) -> None:
    with pytest.raises(UnreadableResponseError):
        api(response(200, body))[0].list()
    with pytest.raises(UnreadableResponseError):
        api(response(200, body))[0].environment()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520])
def test_read_retries_after_transient_failures(status: int) -> None:
    client, transport = api(response(status), lost(), lost(timed_out=True), response(200, []))
    assert list(client.list()) == []
    assert len(transport.requests) == 4


def test_read_backs_off_between_attempts() -> None:
    clock = FakeClock()
    client, _ = api(response(503), lost(), response(429, retry_after="7"), response(200, []), clock=clock)
    client.list()
    assert clock.slept == [0.25, 0.5, 7.0]


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthError), (403, AuthError), (404, NotFoundError), (418, RejectedError)]
)
def test_read_does_not_retry_client_errors(status: int, error: type[IntegrationsError]) -> None:
    client, transport = api(response(status))
    with pytest.raises(error):
        client.list()
    assert len(transport.requests) == 1


def test_failed_read_reports_the_attempt_count() -> None:
    with pytest.raises(UnavailableError, match=r"the connection broke \(tried 4 times\)") as caught:
        api(*[lost()] * 4)[0].list()
    assert caught.value.hint == "look"


def test_ctrl_c_during_read_raises_keyboard_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        api(Interrupted(sent=True))[0].list()


# -- write requests ---------------------------------------------------------------------------------------------------

Change = Callable[[Client], object]
CHANGES: Sequence[tuple[str, Change, str, str]] = (
    ("update", lambda client: client.update("a/b c", b"{}"), "PUT", "/v1/integrations/a%2Fb%20c"),
    ("set primary", lambda client: client.set_primary("i1"), "POST", "/v1/integrations/i1/set-primary"),
    ("delete", lambda client: client.delete("i1"), "DELETE", "/v1/integrations/i1"),
)
changes = pytest.mark.parametrize(
    ("change", "method", "path"), [entry[1:] for entry in CHANGES], ids=[entry[0] for entry in CHANGES]
)


@changes
def test_write_retries_until_a_response(change: Change, method: str, path: str) -> None:
    client, transport = api(lost(), response(503), lost(sent=False), response(200, {"data": ONE}))
    change(client)
    assert {(request.method, request.path) for request in transport.requests} == {(method, path)}
    assert len({request.body for request in transport.requests}) == 1


@changes
def test_write_that_may_have_succeeded_is_unknown(change: Change, method: str, path: str) -> None:
    client, transport = api(lost(timed_out=True), *[lost(sent=False)] * 3)
    with pytest.raises(UnknownOutcomeError, match="tried 4 times"):
        change(client)
    assert len(transport.requests) == 4


@changes
def test_write_that_was_never_sent_is_unavailable(change: Change, method: str, path: str) -> None:
    with pytest.raises(UnavailableError):
        change(api(*[lost(sent=False)] * 4)[0])


@changes
def test_write_does_not_retry_a_500(change: Change, method: str, path: str) -> None:
    client, transport = api(response(500, {"message": "Internal server error", "errorId": "x1"}))
    with pytest.raises(UnavailableError) as caught:
        change(client)
    assert caught.value.error_id == "x1"
    assert len(transport.requests) == 1


@changes
def test_ctrl_c_during_write_reports_the_possible_outcome(change: Change, method: str, path: str) -> None:
    with pytest.raises(CancelledError, match="nothing was sent"):
        change(api(Interrupted(sent=False))[0])
    with pytest.raises(CancelledError, match="not known"):
        change(api(Interrupted(sent=True))[0])
    with pytest.raises(CancelledError, match="not known"):
        change(api(lost(), Interrupted(sent=False))[0])


@changes
def test_write_backs_off_between_attempts(change: Change, method: str, path: str) -> None:
    clock = FakeClock()
    client, _ = api(response(503), lost(), response(429, retry_after="7"), response(200, {"data": ONE}), clock=clock)
    change(client)
    assert clock.slept == [0.25, 0.5, 7.0]


def test_delete_404_after_lost_response_is_success() -> None:
    client, transport = api(lost(), response(404, {"message": "Entity with id i1 not found"}))
    client.delete("i1")
    assert len(transport.requests) == 2


@pytest.mark.parametrize("before", [[], [lost(sent=False)], [response(429)]])
def test_delete_of_missing_integration_is_not_found(before: list[Response | TransportFailure]) -> None:
    with pytest.raises(NotFoundError):
        api(*before, response(404, {"message": "Entity with id i1 not found"}))[0].delete("i1")


def test_every_attempt_is_reported() -> None:
    reports: list[AttemptReport] = []
    client, _ = api(response(503), lost(), response(200, []), observe=reports.append)
    client.list()
    assert [(report.number, report.status, report.wait) for report in reports] == [
        (1, 503, 0.25),
        (2, None, 0.5),
        (3, 200, None),
    ]
    assert all(report.url == "https://api.example/v1/integrations" for report in reports)
    client, _ = api(response(201, ONE, idempotency_key="k1"), response(201, ONE), observe=reports.append)
    for _ in range(2):
        request = create_request(b"{}", "k1")
        client.report(request, 1, client.attempt(request, 1.0), None)
    assert [report.echoed for report in reports[-2:]] == [True, False]


def test_integration_age_uses_the_server_clock() -> None:
    integration = {**ONE, "createdAt": "2026-11-23T04:00:00.000Z"}
    client, _ = api(response(200, [integration], date="Mon, 23 Nov 2026 04:01:40 GMT"))
    (found,) = client.list("e1")
    assert client.age(found) == 100.0
    client.clock.sleep(5)
    assert client.age(found) == 105.0
    without_date, _ = api(response(200, [integration]))
    assert without_date.age(without_date.list("e1")[0]) is None


def test_list_accepts_a_retry_policy() -> None:
    client, transport = api(*[response(503)] * 9)
    with pytest.raises(UnavailableError):
        client.list(policy=RetryPolicy(retries=1))
    assert len(transport.requests) == 2
