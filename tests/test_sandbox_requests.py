"""Which requests the sandbox understands, in which encodings, and in-process through httpx."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations_cli.sandbox import ids as naming
from integrations_cli.sandbox import json_text
from sandboxed import Caller


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Caller]:
    caller = Caller(tmp_path / "sandbox.db")
    yield caller
    caller.store.close()


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", ["providerId should not be null or undefined"]),
            (b"   ", "Unexpected end of JSON input"),
            (b"[]", ["providerId should not be null or undefined"]),
            (b"[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
            (b'{"a":01}', "Unexpected number in JSON at position 6"),
            (b'{"a":"\x01"}', "Bad control character in string literal in JSON at position 6"),
            (b'{"a" 1}', "Expected ':' after property name in JSON at position 5"),
            (b'{"a":1 "b"}', "Expected ',' or '}' after property value in JSON at position 7"),
            (b"[1 2]", "Expected ',' or ']' after array element in JSON at position 3"),
            (b'{"a":NaN}', 'Unexpected token \'N\', "{"a":NaN}" is not valid JSON'),
            (b'{"a":-}', "No number after minus sign in JSON at position 6"),
            (b'{"a":1.}', "Unterminated fractional number in JSON at position 7"),
            (b'{"a":1e}', "Exponent part is missing a number in JSON at position 7"),
            (b'{"a":"\\x"}', "Bad escaped character in JSON at position 7"),
            (b'{"a":"\\u00"}', "Bad Unicode escape in JSON at position 10"),
            (b'{"a":1} x', "Unexpected non-whitespace character after JSON at position 8"),
            ('{"📧":tru}'.encode(), 'Unexpected token \'}\', "{"📧":tru}" is not valid JSON'),
            (b"aaaaaaaaaaaaaaaaaaaaaaaaaaa", "Unexpected token 'a', \"aaaaaaaaaa\"... is not valid JSON"),
        ],
    )
    def test_what_is_wrong_is_said_as_node_says_it(self, api: Caller, body: bytes, message: Any) -> None:
        answer = api.send("POST", "/v1/integrations", body)
        assert answer.status == 400
        assert (answer.message[:1] if isinstance(message, list) else answer.message) == message

    def test_depth_is_no_problem(self, api: Caller) -> None:
        deep = b"[" * 45_000 + b"]" * 45_000
        body = b'{"providerId":"mailgun","channel":"email","z":' + deep + b"}"
        assert api.send("POST", "/v1/integrations", body, key="k").status == 201
        assert api.send("POST", "/v1/integrations", body.replace(b":", b": "), key="k").headers["idempotency-replay"]
        stored = body.replace(b'"z"', b'"rules"').replace(deep, b'{"a":' + deep + b"}")
        assert api.send("POST", "/v1/integrations", stored).status == 500
        conditions = body.replace(b'"z"', b'"conditions"')
        assert api.send("POST", "/v1/integrations", conditions).status == 500

    @pytest.mark.parametrize("number", ["1e999", "9" * 5000, "-1e999"])
    def test_numbers_that_javascript_cannot_hold_become_null(self, api: Caller, number: str) -> None:
        body = f'{{"providerId":"mailgun","channel":"email","rules":{{"n":{number},"m":1.0,"k":12345678901234567890}}}}'
        kept = api.send("POST", "/v1/integrations", body.encode()).data["rules"]
        assert kept == {"n": None, "m": 1, "k": 12345678901234567168}

    def test_half_characters_become_replacement_characters(self, api: Caller) -> None:
        body = rb'{"providerId":"mailgun","channel":"email","name":"\ud83d\ude00 \ud800 \\ud800 \udc00x"}'
        assert api.send("POST", "/v1/integrations", body).data["name"] == "😀 \ufffd \\ud800 \ufffdx"

    @pytest.mark.parametrize(
        ("headers", "body", "status"),
        [
            ({"Content-Type": "application/json; charset=utf-16"}, "{}".encode("utf-16"), 400),
            ({"Content-Type": "application/json; charset=latin1"}, b"{}", 500),
            ({"Content-Encoding": "deflate"}, b"nonsense", 500),
            ({"Content-Encoding": "gzip"}, gzip.compress(b" " * 200_000, mtime=0), 500),
            ({"Content-Encoding": "gzip"}, gzip.compress(b"{}", mtime=0)[:-9], 500),
            ({"Content-Encoding": "br"}, b"{}", 500),
            ({"Content-Type": "text/plain"}, b"x" * 200_000, 400),
            ({"Content-Type": "application/x-www-form-urlencoded"}, b"providerId=mailgun&channel=email", 201),
            ({"Content-Type": "application/x-www-form-urlencoded"}, b"providerId[]=mailgun&channel=email", 400),
            ({"Content-Type": "application/x-www-form-urlencoded"}, b"&".join([b"a=1"] * 2000), 500),
            ({}, b" " * 102_400, 400),
            ({}, b" " * 102_401, 500),
        ],
    )
    def test_encodings_and_sizes(self, api: Caller, headers: dict[str, str], body: bytes, status: int) -> None:
        answer = api.send("POST", "/v1/integrations", body, headers=headers)
        assert answer.status == status
        assert ("errorId" in answer.body) == (status == 500)

    def test_the_parser_of_last_resort_agrees_with_the_first(self) -> None:
        text = '{"a": [1, -2.5e3, true, false, null, {}, [], "\\"\\u00e9\\ud83d\\ude00📧\\n"], "b": {"c": {"d": [[]]}}}'
        assert json_text.parse(text) == json.loads(text)


class TestRoutes:
    def test_head_is_a_get_without_a_body_on_the_wire(self, api: Caller) -> None:
        assert api.send("HEAD", "/v1/integrations").status == 200

    @pytest.mark.parametrize("target", ["/v1/integrations/%zz", "/v1/%", "/%ff", "/v1/integrations/%E0%A4%A"])
    def test_broken_escapes(self, api: Caller, target: str) -> None:
        answer = api.send("GET", target)
        assert (answer.status, answer.message) == (400, f"Failed to decode param '{target[1:]}'")

    @pytest.mark.parametrize("target", ["/", "", "//", "/v1", "/v1/integrations/a/b/c", "/v2/environments/me"])
    def test_there_is_nothing_else(self, api: Caller, target: str) -> None:
        answer = api.send("GET", target)
        assert (answer.status, answer.message) == (404, f"Cannot GET {target}")

    def test_ids_are_found_in_upper_case_and_escaped(self, api: Caller) -> None:
        made = api.create().data["_id"]
        assert api.send("PUT", f"/v1/integrations/{made.upper()}", {"name": "x"}).status == 200
        escaped = "".join(f"%{ord(char):02x}" for char in made)
        assert api.send("PUT", f"/v1/integrations/{escaped}", {"name": "y"}).data["name"] == "y"

    def test_a_list_that_did_not_change_is_not_sent_again(self, api: Caller) -> None:
        tag = api.send("GET", "/v1/integrations").headers["etag"]
        assert api.send("GET", "/v1/integrations", headers={"If-None-Match": tag}).status == 304
        api.create()
        assert api.send("GET", "/v1/integrations", headers={"If-None-Match": tag}).status == 200


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Crème Brûlée & Co", "creme-brulee-and-co"),
        ("  Straße  Łódź ", "strasse-lodz"),
        ("100% < $5 | €", "100percent-less-dollar5-or-euro"),
        ("Ærø\tØ", "aero-o"),
        ("日本", ""),
        ("a_b.c", "abc"),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert naming.slug(name) == slug


def test_importing_the_contract_takes_no_http_library() -> None:
    program = (
        "import sys, integrations_cli.sandbox.api\n"
        "print(sorted({'httpx', 'ssl', 'socket', 'http', 'asyncio', 'rich', 'typer'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"
