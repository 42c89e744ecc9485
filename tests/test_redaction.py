"""A known secret does not come back, in whatever form a server repeats it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from integrations_cli.models import MASK
from integrations_cli.redaction import Redactor

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
    ],
)
def test_every_form_is_masked(form: str) -> None:
    assert Redactor([SECRET]).clean(f"before {form} after") == f"before {MASK} after"


def test_each_line_of_a_private_key_is_a_secret() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END KEY-----"
    cleaned = Redactor([key]).clean("refused: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC is no key")
    assert cleaned == f"refused: {MASK} is no key"


def test_what_is_short_or_said_openly_is_left_alone() -> None:
    assert Redactor(["abc"]).clean("abc") == "abc"
    assert Redactor(["mailgun"], public=["mailgun"]).clean("mailgun") == "mailgun"


def test_names_and_values_of_a_document_are_cleaned() -> None:
    document = {"s3cret-value": ["x s3cret-value", {"a": 1, "b": None}]}
    assert Redactor(["s3cret-value"]).clean_json(document) == {MASK: [f"x {MASK}", {"a": 1, "b": None}]}


def test_a_longer_secret_is_masked_as_a_whole() -> None:
    assert Redactor(["secret", "secret-longer"]).clean("secret-longer secret") == f"{MASK} {MASK}"
