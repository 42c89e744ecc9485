"""Text from elsewhere cannot steer a terminal, and is not lost either."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_cli.terminal.escape import _UNSAFE, escape, escape_json


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
def test_unsafe_characters_are_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


ANY_TEXT = st.text(alphabet=st.characters())


@given(ANY_TEXT)
def test_escaped_text_has_no_control_or_direction_characters(text: str) -> None:
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
def test_escaped_json_decodes_to_the_same(value: object) -> None:
    for indent in (None, 2):
        document = json.dumps(value, ensure_ascii=False, indent=indent)
        shown = escape_json(document, indented=indent is not None)
        assert json.loads(shown) == json.loads(document)
        assert all(escape(line) == line for line in shown.split("\n"))


def test_no_printable_character_is_unsafe() -> None:
    steering = re.compile(_UNSAFE)
    assert [hex(code) for code in range(0x110000) if chr(code).isprintable() and steering.match(chr(code))] == []
