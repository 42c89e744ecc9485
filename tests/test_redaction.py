"""A known secret does not come back in prose, in whatever form a server repeats it; data is left alone."""

from __future__ import annotations

import base64
import html
import json
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from integrations_cli.catalogue.secret_names import secrets_within
from integrations_cli.models import MASK
from integrations_cli.terminal.redaction import Redactor
from program import Program

SECRET = 'p@ss "wörd"/\\1'
LONG = "SG.aB3dE6gH9jK2mN5pQ8sT1vW4xY7z"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(SECRET))[3:-3],
        quote(SECRET, safe=""),
        quote(quote(SECRET, safe=""), safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        quote(SECRET, safe="").replace("%C3%B6", "%c3%b6").replace("%2F", "%2f").replace("%5C", "%5c"),
        html.escape(SECRET),
        html.escape(html.escape(SECRET)),
        "p@ss &#34;w&#246;rd&#x22;/\\1",
        SECRET.upper(),
        'p@ss\n"wörd"/\\1',
        'p@ ss\r\n "w\u200börd"/\x1b\\1',
    ],
)
def test_every_form_is_masked(form: str) -> None:
    assert Redactor([SECRET]).clean(f"before {form} after") == f"before {MASK} after"


@pytest.mark.parametrize("before", ["", "x", "xy", "ApiKey ", "api:"])
def test_base64_of_longer_text_is_masked(before: str) -> None:
    encoded = base64.b64encode(f"{before}{SECRET} and more".encode()).decode()
    assert Redactor([SECRET]).clean(f"sent {encoded}, refused") == f"sent {MASK}, refused"


@pytest.mark.parametrize("start", [0, 1, 2, 5])
@pytest.mark.parametrize("end", [13, 20, 26])
def test_shortened_secrets_are_masked(start: int, end: int) -> None:
    shortened = LONG[start : max(end, start + 12)]
    for form in (shortened, shortened.lower(), quote(shortened.replace("a", "%61")), shortened.replace("d", "&#100;")):
        assert Redactor([LONG]).clean(f"Key {form}... is wrong") == f"Key {MASK}... is wrong"
    assert Redactor([LONG]).clean(f"Key {LONG[:11]}... is wrong") == f"Key {LONG[:11]}... is wrong"


@pytest.mark.parametrize(
    ("secret", "text", "cleaned"),
    [
        ("2026", "in 2026, not 2026-01-02 nor 12026", f"in {MASK}, not 2026-01-02 nor 12026"),
        ("mail", "Mail: mailgun mail-1 e_mail (mail)", f"{MASK}: mailgun mail-1 e_mail ({MASK})"),
        ("mail", '{\\n"x":\\nmail}', f'{{\\n"x":\\n{MASK}}}'),
        ("then", "the new one", "the new one"),
        ("s3cret", "x-s3cret-y", f"x-{MASK}-y"),
        ("abc", "abc", "abc"),
    ],
)
def test_short_secrets_are_masked_as_whole_words(secret: str, text: str, cleaned: str) -> None:
    assert Redactor([secret]).clean(text) == cleaned


@pytest.mark.parametrize("value", ["true", "false", "True"])
def test_booleans_are_no_secrets(value: str) -> None:
    assert Redactor([value]).clean(f"secure: {value}") == f"secure: {value}"


def test_keys_broken_over_lines_are_masked() -> None:
    redactor = Redactor(["sk-0123456789abcdef", "then"])
    assert (
        redactor.clean("Key sk-01234567\n  89abcdef is wrong, the new one too")
        == f"Key {MASK} is wrong, the new one too"
    )


def test_thousands_of_secrets_are_found_fast() -> None:
    secrets = [f"s3cret-{number:05}-value" for number in range(5000)]
    redactor = Redactor(secrets)
    assert redactor.clean(f"a {secrets[17]} b {secrets[4999]} c") == f"a {MASK} b {MASK} c"
    start = time.process_time()
    cleaned = {redactor.clean(f"credentials.apiKey: {secret} is not valid") for secret in secrets}
    assert cleaned == {f"credentials.apiKey: {MASK} is not valid"}
    assert time.process_time() - start < 10


def test_each_line_of_a_private_key_is_masked() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END KEY-----"
    redactor = Redactor([key])
    cleaned = redactor.clean("refused: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC is no key")
    assert cleaned == f"refused: {MASK} is no key"
    assert redactor.clean("it begins with -----BEGIN KEY-----") == "it begins with -----BEGIN KEY-----"


def test_values_typed_openly_are_no_secrets() -> None:
    redactor = Redactor(["mailgun", "mailgun-main-2026"])
    redactor.allow(["mailgun", "mailgun-main"])
    assert redactor.clean("mailgun mailgun-main") == "mailgun mailgun-main"
    assert "2026" not in redactor.clean("mailgun-main-2026")


def test_the_api_key_never_becomes_public() -> None:
    redactor = Redactor(["shown-value"])
    redactor.learn(["hidden-key-of-the-api"], always=True)
    redactor.allow(["shown-value", "hidden-key-of-the-api"])
    assert redactor.clean("shown-value hidden-key-of-the-api") == f"shown-value {MASK}"


def test_longer_secrets_are_masked_as_a_whole() -> None:
    assert Redactor(["secret", "secret-longer"]).clean("secret-longer secret") == f"{MASK} {MASK}"


def test_members_of_a_json_secret_are_masked() -> None:
    account = json.dumps(
        {"type": "service_account", "private_key": "-----BEGIN-----\nMIIEvQIBADANBgkq\n", "token": "t0k"}
    )
    redactor = Redactor([account.replace("t0k", "t0ken-1")])
    assert redactor.clean("service_account: MIIEvQIBADANBgkq") == f"service_account: {MASK}"
    assert redactor.clean("token t0ken-1") == f"token {MASK}"
    cleaned = redactor.clean(json.dumps(json.loads(account)))
    assert "MIIE" not in cleaned
    assert '"service_account"' in cleaned
    assert Redactor(['{"a": "mx.acme.io"}']).clean('sent {"a": "mx.acme.io"}, not a') == f"sent {MASK}, not a"


def test_secret_members_are_found_at_any_depth() -> None:
    options = {"rejectUnauthorized": False, "pfx": "one", "inner": [{"passphrase": "two", "key": [{"pem": "three"}]}]}
    assert sorted(secrets_within(options)) == ["one", "three", "two"]


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_json_within_json_is_masked(times: int) -> None:
    text: object = {"sent": SECRET}
    for _ in range(times):
        text = json.dumps({"message": text})
    assert "rd" not in Redactor([SECRET]).clean(str(text)).replace("word", "")


def test_data_is_never_redacted(tmp_path: Path) -> None:
    program = Program(tmp_path, {"U": "mail", "YEAR": "2026"})
    create = ("create", "-p", "mailgun", "-i", "mail-1", "-n", "mail", "-C", "user=env:U", "-C", "domain=env:YEAR")
    done = program.run(*create, "--sandbox", "--json")
    assert done.code == 0
    created = json.loads(done.out)
    assert (created["providerId"], created["channel"]) == ("mailgun", "email")
    assert (created["identifier"], created["name"]) == ("mail-1", "mail")
    assert created["credentials"]["user"] == created["credentials"]["domain"] == MASK
    listed = json.loads(program.run("get", "mail-1", "--sandbox", "--json").out)
    assert {name: created[name] for name in ("_id", "createdAt", "updatedAt", "_environmentId")} == {
        name: listed[name] for name in ("_id", "createdAt", "updatedAt", "_environmentId")
    }
    table = program.run("create", *create[1:4], "mail-2", *create[5:], "--sandbox").out
    assert "identifier\tmail-2\nproviderId\tmailgun\nchannel\temail\n" in table
