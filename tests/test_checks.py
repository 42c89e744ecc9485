"""Validation finds errors that servers would accept silently, and reports all of them in one message."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import pytest

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.errors import InputError
from integrations_cli.models import Credential, Draft

SECRET = "sk-very-secret"
MAILGUN = {"apiKey": SECRET, "user": "api", "domain": "mg.acme.io", "from": "hi@acme.io", "senderName": "Acme"}
OBJECT_ID = "65f0a1b2c3d4e5f60718293A"


def draft(credentials: dict[str, Any] | None = None, *, masked: bool = False, **fields: Any) -> Draft:
    given = {key: Credential(value, masked) for key, value in (credentials or {}).items()}
    return Draft(credentials=given, **fields)


def errors(credentials: dict[str, Any] | None = None, *, skip: bool = False, **fields: Any) -> tuple[str, ...]:
    """Return the errors of a draft, and check the form of their message."""
    with pytest.raises(InputError) as caught:
        check_draft(draft(credentials, **fields), skip=skip)
    error = caught.value
    assert error.message == "; ".join(error.details)
    assert error.exit_code == 2
    assert not any("\n" in detail for detail in error.details)
    assert SECRET not in f"{error.message} {error.hint}"
    return error.details


# -- valid drafts -----------------------------------------------------------------------------------------------------


def test_complete_draft_passes_unchanged() -> None:
    complete = draft(
        MAILGUN,
        provider="mailgun",
        channel="email",
        name="Mailgun",
        identifier="mailgun-main",
        environment_id=OBJECT_ID,
        active=True,
        check=True,
        conditions=[{"children": [], "value": "AND"}],
        extra={"kind": "delivery", "configurations": {"inboundWebhookEnabled": True, "limit": 1.5}},
    )
    assert check_draft(complete) == (complete, ())


@pytest.mark.parametrize("provider", catalogue.providers(), ids=lambda provider: provider.id)
def test_channel_is_inferred_for_every_provider(provider: Any) -> None:
    checked, _ = check_draft(Draft(provider=provider.id))
    assert checked == Draft(provider=provider.id, channel=provider.channel)
    assert check_draft(checked)[0] == checked


def test_inactive_draft_may_lack_credentials_with_a_note() -> None:
    _, notes = check_draft(draft({"apiKey": SECRET, "user": "api"}, provider="mailgun"))
    needed = "domain (Domain), from (From email address), senderName (Sender name)"
    assert notes == (f"still needed before mailgun can be activated: {needed}",)
    assert check_draft(draft(MAILGUN, provider="mailgun"))[1] == ()


# -- provider and channel ---------------------------------------------------------------------------------------------


def test_provider_is_required() -> None:
    assert errors() == ("provider: is missing",)
    assert errors(provider="", channel="email") == ("provider: is missing",)
    assert errors(skip=True) == ("provider: is missing",)


@pytest.mark.parametrize(
    ("given", "suggestion"),
    [
        ("SendGrid", "did you mean sendgrid?"),
        ("sendgird", "did you mean sendgrid?"),
        ("mailgnu", "did you mean mailgun?"),
        ("Custom SMTP", "did you mean nodemailer (Custom SMTP)?"),
        ("infobip", "did you mean infobip-email or infobip-sms?"),
    ],
)
def test_unknown_provider_suggests_the_nearest(given: str, suggestion: str) -> None:
    assert errors(provider=given) == (f"provider: the catalogue has no {given!r} ({suggestion})",)


def test_unknown_provider_without_match_has_no_suggestion() -> None:
    assert errors(provider="xyzzy", channel="email") == ("provider: the catalogue has no 'xyzzy'",)


def test_wrong_channel_error_names_the_right_one() -> None:
    assert errors(provider="twilio", channel="email") == ("channel: twilio is a provider for sms, not for 'email'",)
    assert errors(provider="twilio", channel="smms") == ("channel: twilio is a provider for sms, not for 'smms'",)


def test_unknown_channel_suggests_the_nearest() -> None:
    _, channel = errors(provider="xyzzy", channel="emial")
    assert channel == (
        "channel: there is no 'emial' (did you mean email?); the channels are in_app, email, sms, chat, push, tool"
    )


# -- credentials ------------------------------------------------------------------------------------------------------


def test_unknown_credential_is_rejected_with_a_suggestion() -> None:
    consequence = "the server would ignore it"
    assert errors({"api_key": SECRET, "dmoain": "x", "licence": "x"}, provider="mailgun") == (
        f"credentials.api_key: mailgun has no such credential (did you mean apiKey?); {consequence}",
        f"credentials.dmoain: mailgun has no such credential (did you mean domain?); {consequence}",
        f"credentials.licence: mailgun has no such credential; {consequence}",
    )


def test_credential_of_another_provider_is_explained() -> None:
    assert errors({"region": "eu"}, provider="mailgun") == (
        "credentials.region: mailgun has no such credential, only other providers do",
    )


@pytest.mark.parametrize(
    ("provider", "key", "value", "expected"),
    [
        ("sendgrid", "region", "us", "'us' is not one of global, eu"),
        ("sendgrid", "region", "EU", "'EU' is not one of global, eu (did you mean eu?)"),
        ("sparkpost", "region", "us", "'us' is not one of eu, or left out"),
        ("nodemailer", "secure", "yes", "must be true or false"),
        ("nodemailer", "secure", 1, "must be true or false"),
        ("nodemailer", "secure", "true", "must be true or false, without quotes"),
        ("nodemailer", "port", 587, "must be text in quotes"),
        ("nodemailer", "host", True, "must be text in quotes"),
        ("nodemailer", "host", ["a"], "must be text in quotes"),
        ("nodemailer", "host", None, "is null; leave it out instead"),
        ("nodemailer", "host", "", "is empty"),
        ("nodemailer", "tlsOptions", "yes", "must be a JSON object: expecting value (line 1, column 1)"),
        (
            "nodemailer",
            "tlsOptions",
            '{"a": 1,}',
            {
                11: "must be a JSON object: expecting property name enclosed in double quotes (line 1, column 9)",
                13: "must be a JSON object: illegal trailing comma before end of object (line 1, column 8)",
            },
        ),
        ("nodemailer", "tlsOptions", "[1]", "must be a JSON object"),
        ("nodemailer", "tlsOptions", ["a"], "must be a JSON object"),
        ("nodemailer", "tlsOptions", "[" * 100_000, "must be a JSON object"),
        ("nodemailer", "tlsOptions", '{"a": 1}', "must be a JSON object, without quotes around it"),
        (
            "nodemailer",
            "password",
            {"env": "A", "file": SECRET},
            "must be text; a reference is an object of exactly one key: env, file or command",
        ),
        (
            "fcm",
            "serviceAccount",
            {"private_key": SECRET},
            'must be text; put an object in quotes, or in a file of its own: {"file": "PATH"}',
        ),
    ],
)
def test_invalid_credential_value_is_explained(provider: str, key: str, value: Any, expected: Any) -> None:
    if isinstance(expected, dict):  # newer Pythons have other messages
        expected = expected[13 if sys.version_info >= (3, 13) else 11]
    assert errors({key: value}, provider=provider) == (f"credentials.{key}: {expected}",)


def test_concealed_value_is_not_in_the_error() -> None:
    with pytest.raises(InputError) as caught:
        check_draft(draft({"region": "from-a-file"}, masked=True, provider="sendgrid"))
    assert caught.value.message == "credentials.region: its value is not one of global, eu"


@pytest.mark.parametrize(
    ("fields", "purpose"),
    [
        ({"active": True}, "to be active"),
        ({"check": True}, "to be checked"),
        ({"active": True, "check": True}, "to be active"),
    ],
)
def test_active_or_checked_draft_lists_all_missing_credentials(fields: Any, purpose: str) -> None:
    needed = "apiKey (API Key), domain (Domain), from (From email address), senderName (Sender name)"
    assert errors({"user": "api"}, provider="mailgun", **fields) == (
        f"credentials: mailgun needs more {purpose}: {needed}",
    )


def test_missing_credential_shows_its_usual_value() -> None:
    credentials = {"servicePlanId": "p", "apiToken": SECRET, "from": "+1"}
    assert errors(credentials, provider="sinch", active=True) == (
        "credentials: sinch needs more to be active: region (Region; usually eu)",
    )


# -- the other fields -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", "5", "65f0a1b2c3d4e5f60718293", OBJECT_ID + "0", "z" * 24, OBJECT_ID + "\n"])
def test_malformed_environment_id_is_rejected(value: str) -> None:
    assert errors(provider="mailgun", environment_id=value) == (
        "environment-id: is not an id (24 digits from 0 to 9 and a to f)",
    )


def test_empty_name_or_identifier_is_rejected() -> None:
    assert errors(provider="mailgun", name="", identifier="") == ("name: is empty", "identifier: is empty")


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "caf\udce9"}, "name: is not valid Unicode text"),
        ({"conditions": [{"value": ["\ud800"]}]}, "conditions[0].value[0]: is not valid Unicode text"),
        ({"extra": {"rules": {"limit": float("nan")}}}, "rules.limit: is not a number that JSON has"),
        (
            {"extra": {"rules": {"since": date(2024, 1, 1)}}},
            "rules.since: is a date or a time, which JSON does not have",
        ),
        ({"extra": {"rules": {1: 2}}}, "rules: has a key that is not valid Unicode text"),
        ({"extra": {"rules": {"\ud800": 2}}}, "rules: has a key that is not valid Unicode text"),
        ({"credentials": {"tlsOptions": {"ca": "\ud800"}}}, "credentials.tlsOptions.ca: is not valid Unicode text"),
    ],
)
def test_unencodable_values_are_rejected_even_without_validation(fields: Any, expected: str, skip: bool) -> None:
    (error, *_) = errors(provider="nodemailer", skip=skip, **fields)
    assert error.startswith(expected)


# -- all errors, or skipped -------------------------------------------------------------------------------------------


def test_all_errors_of_a_draft_are_one_message() -> None:
    credentials = {"api_key": SECRET, "from": 1}
    found = errors(credentials, provider="mailgun", channel="sms", environment_id="x", active=True)
    assert [error.partition(":")[0] for error in found] == [
        "channel",
        "environment-id",
        "credentials.api_key",
        "credentials.from",
        "credentials",
    ]


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({}, "pass --provider; integrations providers list shows all"),
        ({"provider": "nobody"}, "integrations providers list shows all; --skip-validation turns"),
        ({"provider": "mailgun", "active": True}, "integrations providers show mailgun shows its credentials; --skip"),
    ],
)
def test_hint_names_the_command_to_run(fields: Any, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        check_draft(draft(**fields))
    assert (caught.value.hint or "").startswith(hint)


def test_skip_validation_accepts_unknown_values() -> None:
    unknown = draft(
        {"licence": "x", "secure": "maybe"}, provider="nobody", channel="fax", environment_id="x", active=True
    )
    assert check_draft(unknown, skip=True) == (unknown, ())
    inferred, notes = check_draft(draft({"licence": "x"}, provider="mailgun"), skip=True)
    assert (inferred.channel, notes) == ("email", ())


def test_skip_validation_needs_channel_for_unknown_provider() -> None:
    assert errors(provider="nobody", skip=True) == (
        "channel: is missing, and the catalogue does not have the provider 'nobody'",
    )
