"""The catalogue has the data that the program needs, and its lookups return it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.catalogue.credential_fields import _TYPES, BOOLEAN, CredentialField, Provider
from integrations_cli.catalogue.examples import example_body, variable
from integrations_cli.create.rerun import example_command
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.models import (
    CHANNELS,
    CHANNELS_WITH_PRIMARY,
    Credential,
    Draft,
)

FILE = Path(catalogue.__file__).with_name("providers.json")
PROVIDERS = catalogue.providers()
FIELDS = [(provider, field) for provider in PROVIDERS for field in provider.credentials]

every_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.id)


def document() -> Any:
    return json.loads(FILE.read_bytes())


# -- the data ---------------------------------------------------------------------------------------------------------


def test_providers_and_fields_are_complete_unique_and_sorted() -> None:
    ids = [provider.id for provider in PROVIDERS]
    assert len(ids) == len(set(ids)) == 87
    assert len(FIELDS) == 246
    assert [(p.channel, p.id) for p in PROVIDERS] == sorted((p.channel, p.id) for p in PROVIDERS)
    assert catalogue.source()["package"] == "@novu/shared"
    assert re.fullmatch(r"\d+\.\d+\.\d+", catalogue.source()["version"])


def test_channels_match_the_models() -> None:
    assert catalogue.channels() == CHANNELS
    assert catalogue.channels_with_primary() == CHANNELS_WITH_PRIMARY
    assert {provider.channel for provider in PROVIDERS} == set(CHANNELS)


@every_provider
def test_provider_is_well_formed(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", provider.id)
    assert provider.name == provider.name.strip() != ""
    keys = [field.key for field in provider.credentials]
    assert len(keys) == len(set(keys))
    if provider.docs:
        link = urlsplit(provider.docs)
        assert link.scheme == "https"
        assert link.hostname
        assert "utm_" not in link.query


@pytest.mark.parametrize(("provider", "field"), FIELDS, ids=[f"{p.id}.{f.key}" for p, f in FIELDS])
def test_credential_field_is_well_formed(provider: Provider, field: CredentialField) -> None:
    assert re.fullmatch(r"[A-Za-z]+", field.key)
    assert field.label == field.label.strip() != ""
    assert field.type in {"string", "text", "textarea", "number", "switch", "dropdown"}
    assert (field.type == "switch") == (field.value_type is BOOLEAN)
    assert (field.type == "dropdown") == bool(field.choices)
    assert len(set(field.choices)) == len(field.choices)
    assert any(field.choices) or not field.choices
    assert not (field.required and None in field.choices)
    assert not (field.required and (field.hidden or field.type == "switch"))
    assert field.default is None or isinstance(field.default, str)
    assert field.default is None or not field.choices or field.default in field.choices
    assert field.secret == (field.key in document()["secret_keys"])
    assert not (field.secret and field.type in {"switch", "dropdown", "number"})
    assert field.links is None or all(urlsplit(link).scheme == "https" for link in field.links)
    assert provider.field(field.key) is field


def test_encrypted_keys_belong_to_some_provider() -> None:
    assert set(document()["secret_keys"]) <= catalogue.credential_keys()
    assert {"apiKey", "token", "password", "serviceAccount"} <= catalogue.secret_keys()


def test_boolean_and_object_keys_are_known() -> None:
    assert catalogue.credential_keys() >= _TYPES.keys()


def test_built_in_providers_need_no_credentials() -> None:
    for provider_id in catalogue.BUILT_IN:
        provider = catalogue.find(provider_id)
        assert provider is not None
        assert not any(field.required for field in provider.credentials)
    assert {p.id for p in PROVIDERS if p.id.startswith("novu")} == catalogue.BUILT_IN


# -- lookups ----------------------------------------------------------------------------------------------------------


def test_provider_lookup_needs_the_exact_id() -> None:
    sendgrid = catalogue.find("sendgrid")
    assert sendgrid is not None
    assert (sendgrid.name, sendgrid.channel) == ("SendGrid", "email")
    region = sendgrid.field("region")
    assert region is not None
    assert (region.choices, region.default, region.required) == (("global", "eu"), "global", False)
    assert sendgrid.field("Region") is None
    assert catalogue.find("SendGrid") is None
    assert catalogue.find("") is None
    assert catalogue.find("sendgrid") is sendgrid


def test_choices_can_include_no_value() -> None:
    sparkpost = catalogue.find("sparkpost")
    assert sparkpost is not None
    region = sparkpost.field("region")
    assert region is not None
    assert region.choices == (None, "eu")


def test_provider_ids_and_names_are_listed() -> None:
    assert catalogue.provider_ids() == tuple(provider.id for provider in PROVIDERS)
    assert [provider.name for provider in PROVIDERS if provider.id == "nodemailer"] == ["Custom SMTP"]


@pytest.mark.parametrize(
    ("provider", "key", "secret"),
    [
        ("mailgun", "apiKey", True),
        ("mailgun", "user", False),
        ("mailgun", "password", True),  # not a credential of mailgun, but servers encrypt it
        ("mailgun", "region", True),  # a credential of other providers, so its content is unknown
        ("mailgun", "apikey", True),
        ("messagebird", "accessKey", False),  # not secret in the catalogue: servers store it in plain text
        ("tool-webhook", "headers", True),
        ("somebody-new", "apiKey", True),
        ("somebody-new", "user", False),
        ("somebody-new", "licence", True),
        (None, "user", False),
        (None, "licence", True),
    ],
)
def test_encrypted_and_unknown_keys_are_secret(provider: str | None, key: str, secret: bool) -> None:
    assert catalogue.is_secret(provider, key) is secret


def test_lookup_imports_little_and_builds_one_provider() -> None:
    code = (
        "import sys\n"
        "from integrations_cli import catalogue\n"
        "assert catalogue.find('mailgun').name == 'Mailgun'\n"
        "assert catalogue.lookup._provider.cache_info().currsize == 1\n"
        "print(*sorted({'typer', 'rich', 'httpx', 'tomllib', 'difflib', 'subprocess'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


# -- examples ---------------------------------------------------------------------------------------------------------


@every_provider
def test_example_body_passes_all_checks(provider: Provider) -> None:
    body = json.loads(json.dumps(example_body(provider)))
    draft = Draft(
        provider=body["providerId"],
        channel=body["channel"],
        name=body["name"],
        credentials={key: Credential(value) for key, value in body.get("credentials", {}).items()},
        active=body["active"],
        check=True,
    )
    assert check_draft(draft) == (draft, ())
    assert body["check"] is False


@every_provider
def test_example_command_matches_example_body_without_secrets(provider: Provider) -> None:
    arguments = shlex.split(example_command(provider))
    assert arguments[:6] == ["integrations", "create", "--provider", provider.id, "--channel", provider.channel]
    assert arguments.pop() == "--active"
    assert set(arguments[6::2]) <= {"--credential"}
    expected = example_body(provider).get("credentials", {})
    by_reference = {key: value for key, _, value in (word.partition("=") for word in arguments[7::2])}
    assert list(by_reference) == list(expected)
    environ = {variable(provider.id, key): value for key, value in expected.items() if isinstance(value, str)}
    reader = ValueReader(stdin=bytes, environ=environ)
    for key, text in by_reference.items():
        field = provider.field(key)
        assert field is not None
        if field.secret:
            assert text in {f"env:{variable(provider.id, key)}", f"@{key}.txt"}
        else:
            assert reader.argument(key, text).value == expected[key]


@pytest.mark.parametrize(
    ("provider", "key", "name"),
    [
        ("mailgun", "apiKey", "MAILGUN_API_KEY"),
        ("forty-six-elks", "password", "FORTY_SIX_ELKS_PASSWORD"),
        ("braze", "apiURL", "BRAZE_API_URL"),
        ("appio", "AppIOBaseUrl", "APPIO_APP_IO_BASE_URL"),
    ],
)
def test_variable_name_combines_provider_and_key(provider: str, key: str, name: str) -> None:
    assert variable(provider, key) == name
