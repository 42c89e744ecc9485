"""`providers list` and `providers show` work offline, and the examples of `show` create integrations."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from integrations_cli import catalogue
from integrations_cli.catalogue.examples import variable
from program import Program

PROVIDERS = catalogue.provider_ids()

REJECTED = {
    "novu": "One environment can only have one In app provider",  # every environment has one
    "novu-email": "Creating Novu integration for novu-email provider is not allowed",
    "novu-sms": "Creating Novu integration for novu-sms provider is not allowed",
}
"""The providers that clients cannot create, and the error of the server."""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home")


def fill_placeholders(value: Any) -> Any:
    """Replace each placeholder in angle brackets with a value."""
    if isinstance(value, dict):
        return {key: fill_placeholders(item) for key, item in value.items()}
    return re.sub(r"<(\w+)>", r"\1 example", value) if isinstance(value, str) else value


# -- list -------------------------------------------------------------------------------------------------------------


def test_piped_list_is_tab_separated_grouped_by_channel(program: Program) -> None:
    done = program.run("providers", "list")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert sorted(row[1] for row in rows) == sorted(PROVIDERS)
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), key=catalogue.channels().index)
    assert ["email", "mailgun", "Mailgun", "apiKey, user, domain, from, senderName"] in rows
    assert all(len(row) == 4 for row in rows)


def test_list_on_terminal_names_each_channel_once(program: Program) -> None:
    done = program.run("providers", "list", terminal=True, env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "xterm"})
    lines = done.out.splitlines()
    first = [line.strip("│ ").split(" ")[0] for line in lines]
    assert [word for word in first if word in catalogue.channels()] == list(catalogue.channels())
    assert any("mailgun" in line and "Mailgun" in line for line in lines)
    assert max(map(len, lines)) <= 200


def test_json_list_contains_every_credential(program: Program) -> None:
    listed = program.run("providers", "list", "--json").json
    assert [entry["id"] for entry in listed] == list(PROVIDERS)
    assert sum(len(entry["credentials"]) for entry in listed) == 246
    assert listed[0].keys() == {"id", "name", "channel", "docs", "beta", "built_in", "credentials"}


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--channel", "tool"], ["opsgenie", "pagerduty", "tool-webhook"]),
        (["-c", "in_app"], ["novu"]),
        (["--search", "SENDGRID"], ["sendgrid"]),
        (["--search", "brevo"], ["sendinblue", "brevo-sms"]),
        (["--search", "webhook", "--channel", "push"], ["push-webhook"]),
        (["-s", "46"], ["forty-six-elks"]),
    ],
)
def test_list_filters_by_channel_and_search_text(program: Program, arguments: list[str], ids: list[str]) -> None:
    done = program.run("providers", "list", *arguments)
    assert [line.split("\t")[1] for line in done.out.splitlines()] == ids


def test_empty_search_result_prints_note_with_suggestion(program: Program) -> None:
    done = program.run("providers", "list", "--search", "sendgird")
    assert (done.code, done.out) == (0, "")
    assert done.err == "note: no provider has 'sendgird' in its id or name (did you mean sendgrid?)\n"
    assert program.run("providers", "list", "--search", "xyzzy", "--json").json == []


def test_unknown_channel_is_rejected_with_a_suggestion(program: Program) -> None:
    done = program.run("providers", "list", "--channel", "emial")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: there is no channel 'emial' (did you mean email?)\nhint: the channels are ")


# -- show -------------------------------------------------------------------------------------------------------------


def test_piped_show_prints_all_fields(program: Program) -> None:
    fields = program.run("providers", "show", "sendgrid").fields
    assert fields == {
        "provider": "sendgrid",
        "name": "SendGrid",
        "channel": "email",
        "documentation": "https://docs.novu.co/platform/integrations/email/sendgrid",
        "credentials.apiKey": "API Key (required, secret)",
        "credentials.region": "Region (optional, one of global, eu, usually global)",
        "credentials.ipPoolName": "IP Pool Name (optional)",
        "credentials.from": "From email address (required)",
        "credentials.senderName": "Sender name (required)",
        "create": (
            "integrations create --provider sendgrid --channel email --credential apiKey=env:SENDGRID_API_KEY "
            "--credential from=hello@example.com --credential senderName=Example --active"
        ),
        "body": fields["body"],
    }
    assert json.loads(fields["body"])["credentials"]["apiKey"] == "<apiKey>"


@pytest.mark.parametrize(
    ("provider", "field", "text"),
    [
        ("nodemailer", "secure", "Secure (optional, true or false)"),
        ("nodemailer", "tlsOptions", "TLS options (optional, a JSON object)"),
        ("apns", "secretKey", "Private Key (required, secret, can have several lines)"),
        ("sparkpost", "region", "Region (optional, one of eu)"),
        ("telegram", "apiToken", "Bot Token (required, secret, https://t.me/botfather)"),
        ("sendblue", "token", "Webhook Secret (optional, secret, set by the service)"),
    ],
)
def test_show_describes_credential_details(program: Program, provider: str, field: str, text: str) -> None:
    assert program.run("providers", "show", provider).fields[f"credentials.{field}"] == text


def test_show_describes_provider_details(program: Program) -> None:
    built_in = program.run("providers", "show", "novu-email").fields
    assert built_in["built in"] == "it comes with the service; some servers refuse to create it"
    without_link = program.run("providers", "show", "imedia")
    assert "documentation" not in without_link.fields
    assert program.run("providers", "show", "apns").fields["beta"] == "true"


def test_show_on_terminal_keeps_command_and_body_copyable(program: Program) -> None:
    narrow_terminal = {"COLUMNS": "40", "NO_COLOR": "1", "TERM": "xterm"}
    done = program.run("providers", "show", "mailgun", terminal=True, env=narrow_terminal)
    table, _, copyable = done.out.partition("\ncreate\n")
    line, _, body = copyable.partition("\nbody\n")
    assert all(len(row) <= 40 for row in table.splitlines())
    document = program.run("providers", "show", "mailgun", "--json").json
    assert line == document["create"]
    assert json.loads(body) == document["example"]


def test_json_show_is_one_object(program: Program) -> None:
    document = program.run("providers", "show", "tool-webhook", "--json").json
    assert document["credentials"][0] == {
        "key": "method",
        "label": "HTTP Method",
        "type": "dropdown",
        "wire_type": "string",
        "required": True,
        "secret": False,
        "choices": ["POST", "PUT", "PATCH"],
        "default": "POST",
        "hidden": False,
        "links": [],
    }
    assert document["example"] == {
        "providerId": "tool-webhook",
        "channel": "tool",
        "name": "Tool webhook",
        "credentials": {"method": "POST", "webhookUrl": "https://example.com"},
        "active": True,
        "check": False,
    }
    assert (document["built_in"], document["beta"]) == (False, True)


def test_unknown_provider_suggests_the_nearest(program: Program) -> None:
    done = program.run("providers", "show", "SendGrid", "--json")
    assert (done.code, done.out) == (5, "")
    assert done.error["type"] == "not_found"
    assert done.error["message"] == "the catalogue has no provider 'SendGrid' (did you mean sendgrid?)"
    assert done.error["hint"] == "integrations providers list shows all"


def test_providers_commands_need_no_settings_or_network(program: Program) -> None:
    program.config.parent.mkdir(parents=True)
    program.config.write_text("this is [ no TOML")
    environ = {"NOVU_API_URL": "http://127.0.0.1:1", "NOVU_SECRET_KEY": "k"}
    assert program.run("providers", "list", env=environ).code == 0
    assert program.run("providers", "show", "mailgun", env=environ).code == 0


# -- from show to create ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_provider_examples_create_integrations_in_the_sandbox(
    program: Program, provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = program.run("providers", "show", provider, "--json").json
    body = fill_placeholders(shown["example"])
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body))
    from_file = program.run("create", "--from-file", str(path), "--sandbox", "--json")

    monkeypatch.chdir(tmp_path)
    environ = {}
    for field in shown["credentials"]:
        if field["secret"]:
            environ[variable(provider, field["key"])] = f"{field['key']} example"
            (tmp_path / f"{field['key']}.txt").write_text(f"{field['key']} example\n")
    program_name, *line = shlex.split(fill_placeholders(shown["create"]))
    from_line = program.run(*line, "--sandbox", "--json", env=environ)

    assert program_name == "integrations"
    for done in (from_file, from_line):
        if provider in REJECTED:
            assert (done.code, done.out) == (7, "")
            assert done.error["status"] == 400
            assert REJECTED[provider] in done.error["message"]
        else:
            assert done.code == 0, done.err
            created = done.json
            assert (created["providerId"], created["channel"]) == (provider, shown["channel"])
            assert (created["name"], created["active"]) == (shown["name"], True)
            assert created.get("credentials", {}).keys() == body.get("credentials", {}).keys()
            for key, value in body.get("credentials", {}).items():
                assert created["credentials"][key] == ("********" if catalogue.is_secret(provider, key) else value)
