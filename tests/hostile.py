"""What a hostile server or file can hold, and what must be true of every run that meets it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from audit import CODES
from conftest import FACTOR
from program import Finished

STEERING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0001\U000e0020-\U000e007f]"
)
"""Whatever could move a cursor, colour, link, hide or turn text around; line ends and TABs are looked at elsewhere."""

OURS: Final = re.compile(r"\x1b\[(?:0|1|2|31|33|36|1;31|1;36|3|22|23|39|49)?m")
"""The colours that the program itself uses."""

PROGRESS: Final = re.compile(r"\x1b\[\?25[lh]|\r|\x1b\[2K|\x1b\[1A|\x1b\[(?:3[2-6]|9[0-7]|38;5;\d+|38;2;\d+;\d+;\d+)m")
"""What the bar of `apply` moves and colours itself by."""

STEERERS: Final = (
    "\x1b[45mviolet\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07",
    "\x1b]0;title\x07",
    "\x1bP$q\x1b\\",
    "\x1b_G\x1b\\",
    "\x9b45m\x9d52;c;eA==\x9c\x90\x98",
    "a\rb\x08\x08c\x0bd\x0ce",
    "one\ntwo\r\nthree\u2028four\u2029five\x85six",
    "tab\tbed",
    "\u202etxt.exe\u202c \u2066x\u2069 \u061c",
    "zero\u200bwidth\u200d\u2060\ufeff\u00ad",
    "\U000e0041\U000e0042",
    "[bold red]markup[/bold red] [link=https://evil.example]x[/link] [/] [[",
    ":smile: {value} %s {0} $HOME `id` $(id)",
    "\x07\x00\x7f",
    "\ud800",
    "e\u0301\u0327" * 3,
    "'; DROP TABLE integrations; --",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "~\x00/x",
    "~nobody-of-this-name/x",
    "n" * 5000,
    "-rf",
    "",
    " ",
)
"""Texts that do harm where they are taken at their word."""

texts = st.sampled_from(STEERERS) | st.text(max_size=40) | st.text(alphabet=st.characters(), max_size=12)

numbers = (
    st.integers() | st.sampled_from([10**400, -(10**18), 2**63, 2**31]) | st.floats()  # NaN and infinities too
)

leaves = st.none() | st.booleans() | numbers | texts

values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
"""Anything that JSON can hold, and some of what only Python's can."""


def usually(text: str) -> st.SearchStrategy[Any]:
    """This text, or something else in its place."""
    return st.one_of(st.just(text), st.just(text), texts, values)


ENVIRONMENT_ID: Final = "6b03c66d9567edf1d9ef70d4"

integrations = st.fixed_dictionaries(
    {},
    optional={
        "_id": usually("6b03c66e9567edf1d9ef70e1"),
        "id": usually("6b03c66e9567edf1d9ef70e1"),
        "_environmentId": usually(ENVIRONMENT_ID),
        "identifier": usually("mailgun-main"),
        "name": usually("Mailgun"),
        "providerId": usually("mailgun"),
        "channel": usually("email"),
        "active": st.booleans() | values,
        "primary": st.booleans() | values,
        "priority": st.integers() | values,
        "credentials": st.dictionaries(st.sampled_from(["apiKey", "domain", "port", "tlsOptions"]) | texts, values)
        | values,
        "conditions": st.lists(values, max_size=2) | values,
        "createdAt": st.sampled_from(["2026-11-23T04:51:58.487Z", "9999-12-31T23:59:59.999999Z", "0001-01-01"])
        | values,
        "deleted": st.booleans() | values,
        "surprise": values,
    },
)
"""Something that looks like an integration."""


def checked(examples: int) -> settings:
    """So many cases, times the factor, without a limit of time for each."""
    return settings(
        max_examples=max(1, round(examples * FACTOR)),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def assert_unhurt(finished: Finished, line: str = "", *, terminal: bool = False, bar: bool = False) -> None:
    """The run ended by the table of exit codes and obeyed nothing that came from outside; `bar` says it shows one."""
    assert finished.code in CODES, (line, finished.code)
    assert "Traceback" not in finished.err, (line, finished.err)
    assert "this is a bug" not in finished.err, (line, finished.err)
    for text in (finished.out, finished.err):
        plain = OURS.sub("", text) if terminal else text
        plain = PROGRESS.sub("", plain) if bar else plain
        found = STEERING.search(plain)
        assert found is None, (line, found, plain[max(0, found.start() - 60) : found.end() + 60] if found else "")


def assert_sane(finished: Finished, arguments: Sequence[str] = (), *, terminal: bool = False) -> None:
    """The same, and an error is said once and in the form that was asked for."""
    line = " ".join(arguments)
    assert_unhurt(finished, line, terminal=terminal, bar=terminal and "apply" in arguments)
    errors = [text for text in OURS.sub("", finished.err).splitlines() if text.startswith("error: ")]
    if "--json" in arguments:
        if finished.out and not {"apply", "serve"} & set(arguments):
            json.loads(finished.out)
        if finished.code not in {0, 1, 9} and "doctor" not in arguments:
            assert json.loads(finished.err)["error"]["exit_code"] == finished.code
    elif finished.code not in {0, 1, 9} and "doctor" not in arguments:
        assert len(errors) == 1, (line, finished.err)
