"""The sandbox reads requests in the encodings that servers read, and refuses others as they do."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations_cli.sandbox import ids as naming
from sandboxed import Caller


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    caller = Caller(tmp_path / "sandbox.db")
    yield caller
    caller.store.close()


class TestBodies:
    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b" {\n} "])
    def test_empty_bodies_are_missing_fields(self, caller: Caller, body: bytes) -> None:
        response = caller.send("POST", "/v1/integrations", body)
        assert response.status == 400
        assert response.message[0] == "providerId should not be null or undefined"

    @pytest.mark.parametrize(
        ("body", "position"),
        [
            (b"   ", "at position 0"),
            (b"[1,]", ""),
            (b'{"a":01}', "at position 6"),
            (b'{"a":"\x01"}', "at position 6"),
            (b'{"a" 1}', "at position 5"),
            (b'{"a":1 "b"}', "at position 7"),
            (b"[1 2]", "at position 3"),
            (b'{"a":NaN}', "NaN is not a JSON number"),
            (b'{"a":-Infinity}', "-Infinity is not a JSON number"),
            (b'{"a":-}', "at position 5"),
            (b'{"a":1.}', "at position 6"),
            (b'{"a":1e}', "at position 6"),
            (b'{"a":"\\x"}', ""),
            (b'{"a":"\\u00"}', ""),
            (b'{"a":1} x', "at position 8"),
            ('{"📧":tru}'.encode(), "at position 5"),
            (b"aaaaaaaaaaaaaaaaaaaaaaaaaaa", "at position 0"),
            (b"[" * 45_000, ""),
        ],
    )
    def test_invalid_json_is_refused(self, caller: Caller, body: bytes, position: str) -> None:
        response = caller.send("POST", "/v1/integrations", body)
        assert (response.status, response.body["error"]) == (400, "Bad Request")
        assert response.message.startswith("invalid JSON: ")
        assert response.message.endswith(position)
        assert "aaaa" not in response.message

    @pytest.mark.parametrize(
        ("condition", "path", "kind"),
        [
            ({"isNegated": "maybe"}, "isNegated", "Boolean"),
            ({"isNegated": []}, "isNegated", "Boolean"),
            ({"value": {"a": 1}}, "value", "string"),
            ({"type": ["x"]}, "type", "string"),
            ({"children": "x"}, "children", "embedded"),
            ({"children": [{}, {"on": {}}]}, "children.1.on", "string"),
            ({"children": [{"_id": "x"}]}, "children.0._id", "ObjectId"),
            ({"_id": 1}, "_id", "ObjectId"),
        ],
    )
    def test_conditions_of_wrong_types_are_refused(
        self, caller: Caller, condition: dict[str, Any], path: str, kind: str
    ) -> None:
        response = caller.create(conditions=[{}, condition])
        assert response.status == 400
        assert response.message == f"Integration validation failed: conditions.1.{path}: Cast to {kind} failed"
        assert caller.listed() == []

    def test_condition_values_are_cast(self, caller: Caller) -> None:
        given = {"isNegated": "yes", "type": 5, "value": True, "children": {"on": 1.5, "value": {"a": 1}}, "x": 1}
        (condition,) = caller.create(conditions=[given]).data["conditions"]
        (child,) = condition["children"]
        assert (condition["isNegated"], condition["type"], condition["value"]) == (True, "5", "true")
        assert (child["on"], child["value"]) == ("1.5", {"a": 1})
        assert "x" not in condition

    def test_deep_nesting_fails_in_known_fields_only(self, caller: Caller) -> None:
        deep = b"[" * 45_000 + b"]" * 45_000
        body = b'{"providerId":"mailgun","channel":"email","z":' + deep + b"}"
        assert caller.send("POST", "/v1/integrations", body, key="k").status == 201
        assert caller.send("POST", "/v1/integrations", body.replace(b":", b": "), key="k").headers["idempotency-replay"]
        stored = body.replace(b'"z"', b'"rules"').replace(deep, b'{"a":' + deep + b"}")
        assert caller.send("POST", "/v1/integrations", stored).status == 500
        conditions = body.replace(b'"z"', b'"conditions"')
        assert caller.send("POST", "/v1/integrations", conditions).status == 500

    @pytest.mark.parametrize("number", ["1e999", "9" * 5000, "-1e999"])
    def test_numbers_that_javascript_cannot_hold_become_null(self, caller: Caller, number: str) -> None:
        body = f'{{"providerId":"mailgun","channel":"email","rules":{{"n":{number},"m":1.0,"k":12345678901234567890}}}}'
        kept = caller.send("POST", "/v1/integrations", body.encode()).data["rules"]
        assert kept == {"n": None, "m": 1, "k": 12345678901234567168}

    def test_lone_surrogates_become_replacement_characters(self, caller: Caller) -> None:
        body = rb'{"providerId":"mailgun","channel":"email","name":"\ud83d\ude00 \ud800 \\ud800 \udc00x"}'
        assert caller.send("POST", "/v1/integrations", body).data["name"] == "😀 \ufffd \\ud800 \ufffdx"

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
    def test_encodings_and_sizes(self, caller: Caller, headers: dict[str, str], body: bytes, status: int) -> None:
        response = caller.send("POST", "/v1/integrations", body, headers=headers)
        assert response.status == status
        assert ("errorId" in response.body) == (status == 500)


class TestRoutes:
    def test_head_is_answered_like_get(self, caller: Caller) -> None:
        assert caller.send("HEAD", "/v1/integrations").status == 200

    @pytest.mark.parametrize("target", ["/v1/integrations/%zz", "/v1/%", "/%ff", "/v1/integrations/%E0%A4%A"])
    def test_invalid_percent_escapes_are_refused(self, caller: Caller, target: str) -> None:
        response = caller.send("GET", target)
        assert (response.status, response.message) == (400, f"Failed to decode param '{target[1:]}'")

    @pytest.mark.parametrize("target", ["/", "", "//", "/v1", "/v1/integrations/a/b/c", "/v2/environments/me"])
    def test_other_routes_are_not_found(self, caller: Caller, target: str) -> None:
        response = caller.send("GET", target)
        assert (response.status, response.message) == (404, f"Cannot GET {target}")

    def test_ids_may_be_upper_case_and_escaped(self, caller: Caller) -> None:
        made = caller.create().data["_id"]
        assert caller.send("PUT", f"/v1/integrations/{made.upper()}", {"name": "x"}).status == 200
        escaped = "".join(f"%{ord(char):02x}" for char in made)
        assert caller.send("PUT", f"/v1/integrations/{escaped}", {"name": "y"}).data["name"] == "y"

    def test_unchanged_list_is_not_modified(self, caller: Caller) -> None:
        tag = caller.send("GET", "/v1/integrations").headers["etag"]
        assert caller.send("GET", "/v1/integrations", headers={"If-None-Match": tag}).status == 304
        caller.create()
        assert caller.send("GET", "/v1/integrations", headers={"If-None-Match": tag}).status == 200


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


def test_importing_the_api_imports_no_http_library() -> None:
    program = (
        "import sys, integrations_cli.sandbox.api\n"
        "print(sorted({'httpx', 'ssl', 'socket', 'http', 'asyncio', 'rich', 'typer'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"
