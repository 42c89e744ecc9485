"""What is there as a manifest: it plans to nothing, is the same everywhere, and has no secret in it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Figures
from environments import Environment, environment
from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import Provider, credential_type
from integrations_cli.errors import ConflictError
from integrations_cli.manifests.export import export_manifest, variable_name
from integrations_cli.models import Integration

SECRET = "planted-secret-0123456789"


def value_for(provider: Provider, key: str) -> Any:
    if credential_type(key).name == "boolean":
        return True
    if credential_type(key).name == "object":
        return {"rejectUnauthorized": False, "minVersion": "TLSv1.2", "key": SECRET, "nested": {"passphrase": SECRET}}
    known = provider.field(key)
    choices = [choice for choice in known.choices if choice is not None] if known is not None else []
    return (
        choices[0] if choices else SECRET if catalogue.is_secret(provider.id, key) else f'a "{key}" of {provider.id} é'
    )


def fill(there: Environment, provider: Provider, **fields: Any) -> None:
    credentials = {known.key: value_for(provider, known.key) for known in provider.credentials}
    there.create(
        providerId=provider.id,
        channel=provider.channel,
        identifier=f"{provider.id}-main",
        credentials=credentials,
        **fields,
    )


def entry_of(text: str, name: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = tomllib.loads(text)["integrations"][name]
    return table


CREATABLE = [provider for provider in catalogue.providers() if provider.id not in {"novu", "novu-email", "novu-sms"}]


@pytest.mark.parametrize("observed", [False, True])
def test_for_every_provider_an_export_plans_to_nothing_and_is_the_same_after_an_apply_elsewhere(
    tmp_path: Path, observed: bool, figures: Figures
) -> None:
    with (
        environment(tmp_path / "a", observed=observed) as here,
        environment(tmp_path / "b", observed=observed) as there,
    ):
        known = [provider for provider in CREATABLE if not observed or provider.channel != "tool"]
        for number, provider in enumerate(known):
            fill(here, provider, active=number % 3 != 0)
        exported = here.export()
        assert len(exported.document["integrations"]) == len(known) + 1
        assert SECRET not in exported.text
        assert "nvsk." not in exported.text
        assert here.plan(exported.text, prune=True).actions == ()
        there.set_placeholders(exported)
        outcomes = there.apply(exported.text, concurrency=4)
        assert {outcome.status for outcome in outcomes} == {"done"}
        assert there.export().text == exported.text
        assert there.plan(exported.text, prune=True).actions == ()
        assert json.loads(json.dumps(exported.document)) == tomllib.loads(exported.text)
        rows = [("exported", "applied", "the same again"), (len(known) + 1, len(outcomes), "yes")]
        figures(f"export, apply elsewhere, export ({'older' if observed else 'current'} server)", rows)


def test_every_provider_is_in_it_but_those_that_a_server_makes_for_itself() -> None:
    assert len(CREATABLE) + 3 == len(catalogue.providers())


def test_the_file_reads_well(tmp_path: Path) -> None:
    with environment(tmp_path) as there:
        there.create(
            providerId="mailgun",
            channel="email",
            identifier="mailgun-main",
            name='The "main" one',
            active=True,
            credentials={"senderName": "Acme", "apiKey": SECRET, "domain": "mg.acme.io"},
            configurations={"a": [1, None]},
        )
        there.create(
            providerId="twilio",
            channel="sms",
            identifier="Text me!",
            conditions=[{"isNegated": False, "type": "GROUP", "value": "AND", "children": []}],
        )
        text = there.export().text
    assert text == (
        "# Written by `integrations export`; `integrations plan` and `integrations apply` read it.\n"
        "# It has no secrets: each one is read from the environment variable that is named in its place.\n"
        "version = 1\n"
        "\n"
        '[integrations."Text me!"]\n'
        'provider = "twilio"\n'
        'channel = "sms"\n'
        'name = "Twilio"\n'
        "active = false\n"
        "conditions = [\n"
        '  { isNegated = false, type = "GROUP", value = "AND", children = [] },\n'
        "]\n"
        "\n"
        "[integrations.mailgun-main]\n"
        'provider = "mailgun"\n'
        'channel = "email"\n'
        'name = "The \\"main\\" one"\n'
        "active = true\n"
        "primary = true\n"
        'configurations = { json = "{\\"a\\": [1, null]}" }\n'
        "\n"
        "[integrations.mailgun-main.credentials]\n"
        'apiKey = { env = "MAILGUN_MAIN__API_KEY" }\n'
        'domain = "mg.acme.io"\n'
        'senderName = "Acme"\n'
        "\n"
        "[integrations.novu]\n"
        'provider = "novu"\n'
        'channel = "in_app"\n'
        'name = "Novu In-App"\n'
        "active = true\n"
    )


# -- secrets ----------------------------------------------------------------------------------------------------------


def older(**fields: Any) -> Integration:
    """An integration as a server gives it."""
    named = {"_id": "1", "identifier": "x", "providerId": "mailgun", "channel": "email", "name": "N", "active": True}
    return Integration({**named, "primary": False, "conditions": [], **fields})


@pytest.mark.parametrize(
    "credentials",
    [
        {"apiKey": SECRET, "domain": "d"},  # an older server decrypts
        {"apiKey": f"nvsk.{SECRET}:00", "domain": "d"},
        {"never-heard-of": SECRET},
        {"domain": f"nvsk.{SECRET}"},
        {"tlsOptions": {"key": SECRET, "deep": [{"passphrase": SECRET}]}},
        {"port": {"odd": SECRET}},
        {"secure": SECRET},
    ],
)
def test_no_secret_is_written_whatever_a_server_shows(credentials: dict[str, Any]) -> None:
    exported = export_manifest([older(credentials=credentials)], {})
    assert SECRET not in exported.text
    assert SECRET not in json.dumps(exported.document)
    assert SECRET not in repr(exported)
    assert all(SECRET not in note for note in exported.notes)


def test_what_cannot_be_written_is_said() -> None:
    credentials = {"tlsOptions": {"key": SECRET, "a": {"pfx": SECRET}, "minVersion": "1"}}
    exported = export_manifest([older(providerId="nodemailer", credentials=credentials)], {})
    assert exported.notes == ("x: secrets are left out: tlsOptions.a.pfx, tlsOptions.key",)
    assert entry_of(exported.text, "x")["credentials"] == {"tlsOptions": {"a": {}, "minVersion": "1"}}


def test_where_a_server_shows_no_credentials_an_active_one_gets_placeholders_for_those_it_cannot_do_without() -> None:
    exported = export_manifest([older(), older(_id="2", identifier="y", active=False)], {"X__API_KEY": "known"})
    mailgun = catalogue.find("mailgun")
    assert mailgun is not None
    needed = [known.key for known in mailgun.credentials if known.required]
    assert entry_of(exported.text, "x")["credentials"] == {key: {"env": variable_name("x", key)} for key in needed}
    assert "credentials" not in entry_of(exported.text, "y")
    assert exported.credentials == {"1": {f"credentials.{key}": "known" if key == "apiKey" else None for key in needed}}
    assert "does not show the credentials of 2 integrations" in exported.notes[0]


IDENTIFIERS = st.text("ab-_.1Aé ", min_size=1, max_size=6)
KEYS = st.sampled_from(
    ["apiKey", "api_key", "aKey", "APIKey", "key", "Key", "aKeyB", "é", "a-b", "a.b", "AppIOBaseUrl"]
)


@given(st.sets(st.tuples(IDENTIFIERS, KEYS), min_size=2, max_size=30))
def test_every_secret_has_a_variable_of_its_own_that_a_shell_can_set(secrets: set[tuple[str, str]]) -> None:
    names = {variable_name(identifier, key) for identifier, key in secrets}
    assert len(names) == len(secrets)
    assert all(re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) for name in names)


@pytest.mark.parametrize(
    ("identifier", "key", "name"),
    [
        ("mailgun-main", "apiKey", "MAILGUN_MAIN__API_KEY"),
        ("x", "secretKey", "X__SECRET_KEY"),
        ("x-secret", "key", "X_SECRET__KEY"),
        ("2fa", "token", "_2FA__TOKEN"),
        ("Mailgun", "apiKey", "MAILGUN__C22F3BF1__API_KEY"),
    ],
)
def test_the_variables_are_named_after_identifier_and_key(identifier: str, key: str, name: str) -> None:
    found = variable_name(identifier, key)
    assert re.sub("__[0-9A-F]{8}__", "__C22F3BF1__", found) == name


def test_a_placeholder_with_a_value_is_sent_and_without_one_stops_an_apply(tmp_path: Path) -> None:
    with environment(tmp_path) as there:
        fill(there, CREATABLE[0])
        exported = there.export()
        there.set_placeholders(exported)
        changed = there.plan(exported.text)
        assert [action.kind for action in changed.actions] == ["update"]
        assert {outcome.status for outcome in there.apply(exported.text)} == {"done"}
        assert there.plan(exported.text).actions == ()


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_an_identifier_that_is_there_twice_cannot_be_told_apart() -> None:
    with pytest.raises(ConflictError, match=r"2 integrations are called x: 1, 2"):
        export_manifest([older(), older(_id="2")], {})


@pytest.mark.parametrize(
    "nameless", [{"identifier": ""}, {"identifier": " "}, {"identifier": None}, {"providerId": ""}]
)
def test_without_identifier_or_provider_it_is_left_out(nameless: dict[str, Any]) -> None:
    exported = export_manifest([older(credentials={}), older(_id="2", **nameless)], {})
    assert list(tomllib.loads(exported.text)["integrations"]) == ["x"]
    assert exported.notes == ("2 has no usable identifier or provider, and is left out",)


def test_what_the_service_brings_along_is_called_the_same_everywhere() -> None:
    built_in = older(_id="9", identifier="novu-in-app-Xy12", providerId="novu", channel="in_app", credentials={})
    assert list(tomllib.loads(export_manifest([built_in], {}).text)["integrations"]) == ["novu"]
    taken = older(identifier="novu", credentials={})
    assert list(tomllib.loads(export_manifest([built_in, taken], {}).text)["integrations"]) == ["novu", "novu-built-in"]


@pytest.mark.parametrize(
    ("integrations", "said"),
    [
        ([{"primary": True}, {}], {"i0": True}),
        ([{"primary": True, "conditions": [{}]}, {}, {"active": False}], {"i1": False}),
        ([{}, {}], {"i0": False, "i1": False}),
        ([{"primary": True, "priority": 1}, {"primary": True, "priority": 2}], {"i1": True}),
        ([{"channel": "push", "primary": False}], {}),
    ],
)
def test_what_is_said_of_primary(integrations: list[dict[str, Any]], said: dict[str, bool]) -> None:
    made = [older(_id=str(number), identifier=f"i{number}", **fields) for number, fields in enumerate(integrations)]
    tables = tomllib.loads(export_manifest(made, {}).text)["integrations"]
    assert {name: table["primary"] for name, table in tables.items() if "primary" in table} == said


NASTY = st.text(st.characters(codec=None), max_size=8)


@given(NASTY, NASTY.filter(str.strip), st.recursive(st.none() | st.integers() | NASTY, st.lists, max_leaves=4))
def test_no_name_can_break_the_file_or_steer_a_terminal(name: str, identifier: str, value: Any) -> None:
    made = older(name=name, identifier=identifier, rules={"a": value, name: 1}, credentials={"domain": name})
    text = export_manifest([made], {}).text
    document = tomllib.loads(text)
    whole = not any("\ud800" <= character <= "\udfff" for character in identifier)
    assert len(document.get("integrations", {})) == whole  # a half of a character is no name that a file can hold
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u202a-\u202e\u2066-\u2069]", text)
    text.encode()


def test_the_order_does_not_depend_on_the_server(tmp_path: Path) -> None:
    made = [older(_id=str(number), identifier=f"i{number}", credentials={"b": "1", "a": "2"}) for number in range(5)]
    assert export_manifest(made, {}).text == export_manifest(made[::-1], dict(os.environ)).text
