"""Drafts from files and flags: accepted input, rejected input, and the error messages."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_cli.create.draft import DraftInputs, build_draft
from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.models import Draft


def draft_from(stdin: bytes = b"", **sources: Any) -> Draft:
    """Build a draft from these sources."""
    return build_draft(DraftInputs(**sources), ValueReader(stdin=lambda: stdin, environ={"TOKEN": "t0ken-value"}))


COMPLETE = {
    "providerId": "mailgun",
    "channel": "email",
    "name": "Mailgun",
    "identifier": "mg",
    "_environmentId": "6b03c66d9567edf1d9ef70d4",
    "credentials": {"apiKey": {"env": "TOKEN"}, "domain": "mg.acme.io"},
    "active": True,
    "check": False,
    "conditions": [{"isNegated": False}],
    "kind": "delivery",
}


def test_json_file_sets_every_field(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_text(json.dumps(COMPLETE), encoding="utf-8")
    draft = draft_from(from_file=str(file))
    assert (draft.provider, draft.channel, draft.name, draft.identifier) == ("mailgun", "email", "Mailgun", "mg")
    assert draft.environment_id == "6b03c66d9567edf1d9ef70d4"
    assert draft.credentials["apiKey"].value == "t0ken-value"
    assert draft.credentials["apiKey"].masked
    assert draft.credentials["domain"].value == "mg.acme.io"
    assert (draft.active, draft.check) == (True, False)
    assert draft.conditions == [{"isNegated": False}]
    assert draft.extra == {"kind": "delivery"}


def test_toml_extension_is_recognized_and_bom_ignored(tmp_path: Path) -> None:
    file = tmp_path / "m.TOML"
    file.write_bytes(
        b'\xef\xbb\xbfproviderId = "twilio"\r\nactive = true\r\n[credentials]\r\ntoken = {env = "TOKEN"}\r\n'
    )
    draft = draft_from(from_file=str(file))
    assert (draft.provider, draft.active, draft.credentials["token"].value) == ("twilio", True, "t0ken-value")


def test_flags_override_file_fields_and_single_credentials(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_text(json.dumps(COMPLETE), encoding="utf-8")
    credentials_file = tmp_path / "c.json"
    credentials_file.write_text('{"domain": "two", "user": "two"}', encoding="utf-8")
    draft = draft_from(
        from_file=str(file),
        name="Other",
        active=False,
        credentials_file=str(credentials_file),
        credentials=["user=three"],
    )
    assert (draft.name, draft.active, draft.identifier) == ("Other", False, "mg")
    assert {key: credential.value for key, credential in draft.credentials.items()} == {
        "apiKey": "t0ken-value",
        "domain": "two",
        "user": "three",
    }


def test_condition_flags_form_one_and_group() -> None:
    draft = draft_from(provider="mailgun", conditions=["tenant.identifier=acme", "tenant.data.tier!=free=1"])
    assert draft.conditions == [
        {
            "isNegated": False,
            "type": "GROUP",
            "value": "AND",
            "children": [
                {"field": "identifier", "value": "acme", "operator": "EQUAL", "on": "tenant"},
                {"field": "data.tier", "value": "free=1", "operator": "NOT_EQUAL", "on": "tenant"},
            ],
        }
    ]


def test_conditions_file_replaces_conditions_of_from_file(tmp_path: Path) -> None:
    integration_file = tmp_path / "m.json"
    integration_file.write_text(json.dumps(COMPLETE), encoding="utf-8")
    conditions = tmp_path / "c.json"
    conditions.write_text('[{"isNegated": true, "children": []}, {"type": "GROUP"}]', encoding="utf-8")
    expected = [{"isNegated": True, "children": []}, {"type": "GROUP"}]
    assert draft_from(provider="mailgun", conditions_file=str(conditions)).conditions == expected
    assert draft_from(from_file=str(integration_file), conditions_file=str(conditions)).conditions == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', "conditions: must be a list, not an object"),
        ('[{}, "x"]', "conditions[1]: must be an object, not a text"),
    ],
)
def test_invalid_conditions_file_is_named(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "c.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        draft_from(provider="mailgun", conditions_file=str(file))
    assert caught.value.message == f"--conditions-file {file}: {expected}"


def test_extra_flags_are_parsed_as_json() -> None:
    draft = draft_from(provider="mailgun", extra=['kind="agent"', 'rules={"==": [1, 1]}', "configurations={}"])
    assert draft.extra == {"kind": "agent", "rules": {"==": [1, 1]}, "configurations": {}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it is empty"),
        ("  \n", "it is empty"),
        ("[1]", "must hold an object, not a list"),
        ('"x"', "must hold an object, not a text"),
        ("null", "must hold an object, not null"),
        ('{"providerId": }', "not valid JSON: expecting value (line 1, column 16)"),
        ('{\n "a": 1\n "b": 2\n}', "(line 3, column 2)"),
        ('{"providerId": "a", "providerId": "b"}', "providerId is written twice"),
        ('{"active": NaN}', "NaN is not a JSON number"),
        ("[" * 10_000, "nested too deeply"),
        ("[[]" + ",[]" * 30_000 + "]", "too many values"),
        ('{"a": ' + "9" * 5000 + "}", "a number in it is too long"),
        ('{"credentails": {}}', "credentails: there is no such field: did you mean credentials?"),
        ('{"provider": "x"}', "provider: there is no such field: did you mean providerId?"),
        ('{"providerId": 7}', "providerId: must be a text that is not empty, not a number"),
        ('{"providerId": ""}', "providerId: must be a text that is not empty, not an empty text"),
        ('{"name": null}', "name: must be a text that is not empty, not null"),
        ('{"active": "yes"}', "active: must be true or false, not a text"),
        ('{"check": 1}', "check: must be true or false, not a number"),
        ('{"credentials": ["a"]}', "credentials: must be an object, not a list"),
        ('{"conditions": {}}', "conditions: must be a list, not an object"),
        ('{"conditions": [{}, 1]}', "conditions[1]: must be an object, not a number"),
    ],
)
def test_invalid_json_file_is_one_error_line(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "m.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        draft_from(from_file=str(file))
    assert expected in caught.value.message
    assert "m.json" in caught.value.message
    assert "\n" not in caught.value.message


def test_all_file_errors_are_reported_together(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_text('{"providerId": 1, "chanel": "email", "active": 0}', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        draft_from(from_file=str(file))
    assert len(caught.value.details) == 3
    assert "did you mean channel?" in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("providerId = ", "invalid value at the end of the file (line 1, column 14)"),
        ("a = 1\na = 2", "not valid TOML"),
        ("a = " + "9" * 5000, "not usable: a number in it is too long"),
        ("a = " + "[" * 200 + "]" * 200, "not usable: it is nested too deeply"),
        ("active = 2020-01-01", "active: must be true or false, not a date or a time"),
    ],
)
def test_invalid_toml_file_error_gives_the_reason(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"m\.toml") as caught:
        draft_from(from_file=str(file))
    assert expected in caught.value.message


def test_unreadable_file_error_gives_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        draft_from(from_file=str(tmp_path / "none.json"))
    with pytest.raises(InputError, match="it is a folder"):
        draft_from(from_file=str(tmp_path))
    (tmp_path / "l.json").write_bytes(b'{"name": "\xff"}')
    with pytest.raises(InputError, match="not UTF-8"):
        draft_from(from_file=str(tmp_path / "l.json"))
    with pytest.raises(InputError, match="not a path"):
        draft_from(from_file="a\0b")


def test_file_over_4_mib_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    largest = 4 * 1024 * 1024
    text = '{"providerId": "mailgun"}'
    file.write_text(text.ljust(largest))
    assert draft_from(from_file=str(file)).provider == "mailgun"
    file.write_text(text.ljust(largest + 1))
    for stdin, name in ((b"", str(file)), (file.read_bytes(), "-")):
        with pytest.raises(InputError) as caught:
            draft_from(stdin, from_file=name)
        assert caught.value.message == f"--from-file {name}: it is bigger than 4 MiB"


def test_stdin_can_be_read_only_once() -> None:
    assert draft_from(b'{"providerId": "mailgun"}', from_file="-").provider == "mailgun"
    with pytest.raises(InputError, match="--from-file - and apiKey=@-"):
        draft_from(b"{}", from_file="-", credentials=["apiKey=@-"])


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"name": " "}, "--name is empty"),
        ({"environment_id": ""}, "--environment-id is empty"),
        ({"conditions": ["tenant=x"]}, "not of the form ON.FIELD=VALUE"),
        ({"extra": ["kind"]}, "not of the form KEY=JSON"),
        ({"extra": ["kind=delivery"]}, "--extra kind: not valid JSON"),
        ({"extra": ["kind="]}, "--extra kind has no value"),
        ({"extra": ["active=true"]}, "--extra active: this field has a flag of its own"),
    ],
)
def test_invalid_flags_are_rejected(sources: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        draft_from(provider="mailgun", **sources)
    assert expected in caught.value.message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_any_json_is_accepted_or_an_input_error(value: Any) -> None:
    with contextlib.suppress(InputError):
        assert draft_from(json.dumps(value).encode(), from_file="-").active is False
