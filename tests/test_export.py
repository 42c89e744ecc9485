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


def fill(env: Environment, provider: Provider, **fields: Any) -> None:
    credentials = {known.key: value_for(provider, known.key) for known in provider.credentials}
    env.create(
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
def test_export_of_every_provider_round_trips(tmp_path: Path, observed: bool, figures: Figures) -> None:
    with (
        environment(tmp_path / "a", observed=observed) as here,
        environment(tmp_path / "b", observed=observed) as env,
    ):
        known = [provider for provider in CREATABLE if not observed or provider.channel != "tool"]
        for number, provider in enumerate(known):
            fill(here, provider, active=number % 3 != 0)
        exported = here.export()
        assert len(exported.document["integrations"]) == len(known) + 1
        assert SECRET not in exported.text
        assert "nvsk." not in exported.text
        assert here.plan(exported.text, prune=True).actions == ()
        env.set_placeholders(exported)
        outcomes = env.apply(exported.text, concurrency=4)
        assert {outcome.status for outcome in outcomes} == {"done"}
        assert env.export().text == exported.text
        assert env.plan(exported.text, prune=True).actions == ()
        assert json.loads(json.dumps(exported.document)) == tomllib.loads(exported.text)
        rows = [("exported", "applied", "the same again"), (len(known) + 1, len(outcomes), "yes")]
        figures(f"export, apply elsewhere, export ({'older' if observed else 'current'} server)", rows)


def test_all_providers_but_three_can_be_created() -> None:
    assert len(CREATABLE) + 3 == len(catalogue.providers())


def test_exported_file_is_readable(tmp_path: Path) -> None:
    with environment(tmp_path) as env:
        env.create(
            providerId="mailgun",
            channel="email",
            identifier="mailgun-main",
            name='The "main" one',
            active=True,
            credentials={"senderName": "Acme", "apiKey": SECRET, "domain": "mg.acme.io"},
            configurations={"a": [1, None]},
        )
        env.create(
            providerId="twilio",
            channel="sms",
            identifier="Text me!",
            conditions=[{"isNegated": False, "type": "GROUP", "value": "AND", "children": []}],
        )
        text = env.export().text
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
def test_no_secret_is_exported_whatever_the_server_shows(credentials: dict[str, Any]) -> None:
    exported = export_manifest([older(credentials=credentials)], {})
    assert SECRET not in exported.text
    assert SECRET not in json.dumps(exported.document)
    assert SECRET not in repr(exported)
    assert all(SECRET not in note for note in exported.notes)


def test_left_out_secrets_are_named() -> None:
    credentials = {"tlsOptions": {"key": SECRET, "a": {"pfx": SECRET}, "minVersion": "1"}}
    exported = export_manifest([older(providerId="nodemailer", credentials=credentials)], {})
    assert exported.notes == ("x: secrets are left out: tlsOptions.a.pfx, tlsOptions.key",)
    assert entry_of(exported.text, "x")["credentials"] == {"tlsOptions": {"a": {}, "minVersion": "1"}}


def test_hidden_required_credentials_become_variables() -> None:
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
def test_variable_names_are_unique_and_valid(secrets: set[tuple[str, str]]) -> None:
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
def test_variables_are_named_after_identifier_and_key(identifier: str, key: str, name: str) -> None:
    found = variable_name(identifier, key)
    assert re.sub("__[0-9A-F]{8}__", "__C22F3BF1__", found) == name


def test_exported_reference_with_a_value_is_sent(tmp_path: Path) -> None:
    with environment(tmp_path) as env:
        fill(env, CREATABLE[0])
        exported = env.export()
        env.set_placeholders(exported)
        changed = env.plan(exported.text)
        assert [action.kind for action in changed.actions] == ["update"]
        assert {outcome.status for outcome in env.apply(exported.text)} == {"done"}
        assert env.plan(exported.text).actions == ()


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_duplicate_identifier_is_a_conflict() -> None:
    with pytest.raises(ConflictError, match=r"2 integrations are called x: 1, 2"):
        export_manifest([older(), older(_id="2")], {})


@pytest.mark.parametrize(
    "nameless", [{"identifier": ""}, {"identifier": " "}, {"identifier": None}, {"providerId": ""}]
)
def test_integration_without_identifier_or_provider_is_left_out(nameless: dict[str, Any]) -> None:
    exported = export_manifest([older(credentials={}), older(_id="2", **nameless)], {})
    assert list(tomllib.loads(exported.text)["integrations"]) == ["x"]
    assert exported.notes == ("2 has no usable identifier or provider, and is left out",)


def test_built_in_integration_is_named_after_its_provider() -> None:
    built_in = older(_id="9", identifier="novu-in-app-Xy12", providerId="novu", channel="in_app", credentials={})
    assert list(tomllib.loads(export_manifest([built_in], {}).text)["integrations"]) == ["novu"]
    taken = older(identifier="novu", credentials={})
    assert list(tomllib.loads(export_manifest([built_in, taken], {}).text)["integrations"]) == ["novu", "novu-built-in"]


@pytest.mark.parametrize(
    ("integrations", "primary"),
    [
        ([{"primary": True}, {}], {"i0": True}),
        ([{"primary": True, "conditions": [{}]}, {}, {"active": False}], {"i1": False}),
        ([{}, {}], {"i0": False, "i1": False}),
        ([{"primary": True, "priority": 1}, {"primary": True, "priority": 2}], {"i1": True}),
        ([{"channel": "push", "primary": False}], {}),
    ],
)
def test_primary_is_exported_where_needed(integrations: list[dict[str, Any]], primary: dict[str, bool]) -> None:
    made = [older(_id=str(number), identifier=f"i{number}", **fields) for number, fields in enumerate(integrations)]
    tables = tomllib.loads(export_manifest(made, {}).text)["integrations"]
    assert {name: table["primary"] for name, table in tables.items() if "primary" in table} == primary


NASTY = st.text(st.characters(codec=None), max_size=8)


@given(NASTY, NASTY.filter(str.strip), st.recursive(st.none() | st.integers() | NASTY, st.lists, max_leaves=4))
def test_no_name_breaks_the_file_or_the_terminal(name: str, identifier: str, value: Any) -> None:
    made = older(name=name, identifier=identifier, rules={"a": value, name: 1}, credentials={"domain": name})
    text = export_manifest([made], {}).text
    document = tomllib.loads(text)
    whole = not any("\ud800" <= character <= "\udfff" for character in identifier)
    assert len(document.get("integrations", {})) == whole  # a half of a character is no name that a file can hold
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u202a-\u202e\u2066-\u2069]", text)
    text.encode()


def test_export_order_does_not_depend_on_the_server(tmp_path: Path) -> None:
    made = [older(_id=str(number), identifier=f"i{number}", credentials={"b": "1", "a": "2"}) for number in range(5)]
    assert export_manifest(made, {}).text == export_manifest(made[::-1], dict(os.environ)).text
