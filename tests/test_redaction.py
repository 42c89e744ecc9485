"""A known secret does not come back, in whatever form a server repeats it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from integrations_cli.catalogue.secret_names import secrets_within
from integrations_cli.models import MASK
from integrations_cli.terminal.redaction import Redactor

SECRET = 'p@ss "wörd"/\\1'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        quote(SECRET, safe="").replace("%C3%B6", "%c3%b6").replace("%2F", "%2f").replace("%5C", "%5c"),
        "p@ss &quot;w\u00f6rd&quot;/\\1",
        'p@ss\n"wörd"/\\1',
        'p@ ss\r\n "w\u200börd"/\x1b\\1',
    ],
)
def test_every_form_is_masked(form: str) -> None:
    assert Redactor([SECRET]).clean(f"before {form} after") == f"before {MASK} after"


@pytest.mark.parametrize("before", ["", "x", "xy", "ApiKey ", "api:"])
def test_base64_of_something_longer_gives_nothing_away(before: str) -> None:
    encoded = base64.b64encode(f"{before}{SECRET} and more".encode()).decode()
    rest = Redactor([SECRET]).clean(encoded)
    assert MASK in rest
    taken = len(encoded) - (len(rest) - len(MASK))
    assert taken >= len(SECRET.encode()) * 4 // 3 - 2  # letters that hold a few bits of its first or last byte may stay


def test_a_key_that_is_broken_over_lines_is_found_and_words_are_left_alone() -> None:
    redactor = Redactor(["sk-0123456789abcdef", "then"])
    assert (
        redactor.clean("Key sk-01234567\n  89abcdef is wrong, the new one too")
        == f"Key {MASK} is wrong, the new one too"
    )


def test_a_number_that_is_a_secret_is_masked_as_a_whole_only() -> None:
    assert Redactor(["123456"]).clean_json({"pin": 123456, "count": 1234567, "on": True}) == {
        "pin": MASK,
        "count": 1234567,
        "on": True,
    }


def test_thousands_of_secrets_are_found_as_a_few_are() -> None:
    secrets = [f"s3cret-{number:05}-value" for number in range(5000)]
    assert Redactor(secrets).clean(f"a {secrets[17]} b {secrets[4999]} c") == f"a {MASK} b {MASK} c"


def test_each_line_of_a_private_key_is_a_secret() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END KEY-----"
    cleaned = Redactor([key]).clean("refused: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC is no key")
    assert cleaned == f"refused: {MASK} is no key"


def test_what_is_short_or_said_openly_is_left_alone() -> None:
    assert Redactor(["abc"]).clean("abc") == "abc"
    assert Redactor(["mailgun"], public=["mailgun"]).clean("mailgun") == "mailgun"


def test_what_is_never_public_stays_hidden() -> None:
    redactor = Redactor(["shown-value"])
    redactor.learn(["hidden-key"], always=True)
    redactor.allow(["shown-value", "hidden-key"])
    assert redactor.clean("shown-value hidden-key") == f"shown-value {MASK}"


def test_names_and_values_of_a_document_are_cleaned() -> None:
    document = {"s3cret-value": ["x s3cret-value", {"a": 1, "b": None}]}
    assert Redactor(["s3cret-value"]).clean_json(document) == {MASK: [f"x {MASK}", {"a": 1, "b": None}]}


def test_a_longer_secret_is_masked_as_a_whole() -> None:
    assert Redactor(["secret", "secret-longer"]).clean("secret-longer secret") == f"{MASK} {MASK}"


def test_the_keys_inside_a_document_are_secrets_of_their_own() -> None:
    account = json.dumps({"type": "service_account", "private_key": "-----BEGIN-----\nMIIEvQIBADANBgkq\n", "n": 1})
    redactor = Redactor([account])
    assert redactor.clean("service_account: MIIEvQIBADANBgkq") == f"service_account: {MASK}"
    assert redactor.clean(json.dumps(json.loads(account))) == MASK


def test_what_sounds_secret_is_found_at_any_depth() -> None:
    options = {"rejectUnauthorized": False, "pfx": "one", "inner": [{"passphrase": "two", "key": [{"pem": "three"}]}]}
    assert sorted(secrets_within(options)) == ["one", "three", "two"]


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_json_within_json_gives_nothing_away(times: int) -> None:
    text: object = {"sent": SECRET}
    for _ in range(times):
        text = json.dumps({"message": text})
    assert "rd" not in Redactor([SECRET]).clean(str(text)).replace("word", "")
