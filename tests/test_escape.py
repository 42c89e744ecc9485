"""Text from elsewhere cannot steer a terminal, and is not lost either."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_cli.terminal.escape import _STEERING, escape, escape_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 邮件 📧", "plain ünïcode 邮件 📧"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "\\x1b]8;;http://x\\x07link\\x1b]8;;\\x07"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("one\ntwo\r\tthree\x00", "one\\ntwo\\r\\tthree\\x00"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_what_steers_is_shown(text: str, shown: str) -> None:
    assert escape(text) == shown


ANY_TEXT = st.text(alphabet=st.characters())


@given(ANY_TEXT)
def test_nothing_that_is_shown_is_a_control_or_changes_direction(text: str) -> None:
    for character in escape(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@given(st.recursive(ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner)))
def test_a_json_document_still_says_the_same(value: object) -> None:
    for indent in (None, 2):
        document = json.dumps(value, ensure_ascii=False, indent=indent)
        shown = escape_json(document, indented=indent is not None)
        assert json.loads(shown) == json.loads(document)
        assert all(escape(line) == line for line in shown.split("\n"))


def test_what_python_calls_printable_needs_no_second_look() -> None:
    steering = re.compile(_STEERING)
    assert [hex(code) for code in range(0x110000) if chr(code).isprintable() and steering.match(chr(code))] == []
