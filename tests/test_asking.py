"""The prompters: plain lines on streams, menus drawn on a terminal, and which of the two is chosen."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from integrations_cli.context import CommonFlags, Process, RunContext
from integrations_cli.errors import CancelledError
from integrations_cli.terminal.menu_prompts import MenuPrompter
from integrations_cli.terminal.prompts import (
    GoBack,
    LinePrompter,
    Option,
    Prompter,
    ask_required_secret,
    is_accessible,
    matching_options,
)
from integrations_cli.terminal.render import Renderer

FRUIT = (Option("ap", "Apple"), Option("pa", "Pineapple"), Option("cher-ry", "Cherry"), Option("fig", "Fig"))


def labels(options: list[Option]) -> list[str]:
    return [option.label for option in options]


def test_options_that_begin_so_come_first() -> None:
    assert labels(matching_options(FRUIT, "app")) == ["Apple", "Pineapple"]
    assert labels(matching_options(FRUIT, "PINE")) == ["Pineapple"]
    assert labels(matching_options(FRUIT, "cher-")) == ["Cherry"]
    assert labels(matching_options(FRUIT, " ")) == labels(list(FRUIT))


def test_a_mistyped_name_finds_the_nearest() -> None:
    assert labels(matching_options(FRUIT, "chrery")) == ["Cherry"]
    assert matching_options(FRUIT, "zzzzzz") == []


class Lines:
    """A `LinePrompter` on streams that are no terminal: what is typed goes in, what is shown comes out."""

    def __init__(self, typed: bytes) -> None:
        self._err = io.StringIO()
        self.prompter = LinePrompter(io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8"), self._err)

    @property
    def shown(self) -> str:
        return self._err.getvalue()


class TestLines:
    def test_a_text_has_no_blanks_around_it(self) -> None:
        lines = Lines("  Zoë \r\n".encode())
        assert lines.prompter.text("Name", default="x") == "Zoë"
        assert lines.shown == "Name [x]: "

    def test_an_empty_one_is_the_default(self) -> None:
        assert Lines(b"\n").prompter.text("Name", default="x") == "x"

    @pytest.mark.parametrize("typed", [b"", b"half a line"])
    def test_the_end_of_the_input_cancels(self, typed: bytes) -> None:
        for ask in (LinePrompter.text, LinePrompter.confirm):
            with pytest.raises(CancelledError):
                ask(Lines(typed).prompter, "Name")

    def test_what_is_not_text_is_asked_again(self) -> None:
        lines = Lines(b"\xff\xfe\nfine\n")
        assert lines.prompter.text("Name") == "fine"
        assert "That is not valid text" in lines.shown

    @pytest.mark.parametrize(
        ("typed", "value"),
        [("2", "pa"), ("", "fig"), ("FIG", "fig"), ("apple", "ap"), ("pa", "pa"), ("9\n0\nx y z\n3", "cher-ry")],
    )
    def test_an_entry_is_chosen_by_number_or_name(self, typed: str, value: str) -> None:
        assert Lines(f"{typed}\n".encode()).prompter.choose("Fruit", FRUIT, default="fig") == value

    def test_part_of_a_name_filters_the_list(self) -> None:
        lines = Lines(b"ine\n\n")
        assert lines.prompter.choose("Fruit", FRUIT) == "pa"
        assert lines.shown.endswith("  1. Pineapple\nNumber, or a part of the name [1]: ")

    def test_empty_answers_without_default_are_asked_again(self) -> None:
        lines = Lines(b"\n4\n")
        assert lines.prompter.choose("Fruit", FRUIT) == "fig"
        assert "Answer a number from 1 to 4" in lines.shown

    @pytest.mark.parametrize(
        ("typed", "answer"), [("y", True), ("YES", True), ("", True), ("no", False), ("x\nn", False)]
    )
    def test_yes_and_no(self, typed: str, answer: bool) -> None:
        assert Lines(f"{typed}\n".encode()).prompter.confirm("Sure?", default=True) is answer

    def test_back_is_an_answer_where_it_is_allowed(self) -> None:
        for ask in (LinePrompter.text, LinePrompter.confirm):
            with pytest.raises(GoBack):
                ask(Lines(b" < \n").prompter, "Name", back=True)
        assert Lines(b"<\n").prompter.text("Name") == "<"

    def test_no_text_steers_the_terminal(self) -> None:
        lines = Lines(b"1\n")
        lines.prompter.say("\x1b[2J said")
        lines.prompter.choose("Which\x07", [Option("a", "\x9b31m label")])
        assert lines.shown.startswith("\\x1b[2J said\nWhich\\x07\n  1. \\x9b31m label\n")
        assert not {"\x1b", "\x07", "\x9b"} & set(lines.shown)


def screen(typed: str, ask: Callable[[Prompter], object]) -> tuple[object, str]:
    """What `ask` gives when these keys are typed, and the lines that stay on the screen."""
    err = io.StringIO()
    stdin = cast("io.TextIOWrapper", SimpleNamespace(fileno=lambda: 0))
    with create_pipe_input() as keys:
        keys.send_text(typed)
        prompter = MenuPrompter(keys, DummyOutput(), stdin, err)
        return ask(prompter), err.getvalue()


class TestScreen:
    def test_a_text(self) -> None:
        assert screen(" Zoë \r", lambda prompter: prompter.text("Name", default="x")) == ("Zoë", "Name: Zoë\n")
        assert screen("\r", lambda prompter: prompter.text("Name", default="x")) == ("x", "Name: x\n")

    @pytest.mark.parametrize(
        ("typed", "value"),
        [
            ("\r", "fig"),
            ("fi\r", "fig"),
            ("app\r", "ap"),
            ("app\x1b[B\r", "pa"),
            ("\x1b[A\r", "cher-ry"),
            ("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\r", "ap"),
            ("app\x1b[B\x1b[B\x1b[B\r", "pa"),
            ("zzz\r\x7f\x7f\x7fche\r", "cher-ry"),
            ("chrery\r", "cher-ry"),
            ("\x10\r", "cher-ry"),
            ("\x1b[5~\r", "ap"),
        ],
    )
    def test_an_entry_is_chosen_by_typing_and_moving(self, typed: str, value: str) -> None:
        assert screen(typed, lambda prompter: prompter.choose("Fruit", FRUIT, default="fig"))[0] == value

    @pytest.mark.parametrize(("typed", "answer"), [("y\r", True), ("n\r", False), ("\r", True), ("\x1b[B\r", False)])
    def test_yes_and_no(self, typed: str, answer: bool) -> None:
        said = "Sure? Yes\n" if answer else "Sure? No\n"
        assert screen(typed, lambda prompter: prompter.confirm("Sure?", default=True)) == (answer, said)

    @pytest.mark.parametrize("typed", ["<\r", "\x1b[B\x1b[B\x1b[B\x1b[B\r"])
    def test_back_is_the_last_entry_of_a_list(self, typed: str) -> None:
        with pytest.raises(GoBack):
            screen(typed, lambda prompter: prompter.choose("Fruit", FRUIT, back=True))

    def test_back_is_an_answer_where_it_is_allowed(self) -> None:
        with pytest.raises(GoBack):
            screen("<\r", lambda prompter: prompter.text("Name", back=True))
        assert screen("<\r", lambda prompter: prompter.text("Name"))[0] == "<"

    @pytest.mark.parametrize("key", ["\x03", "\x04", "half\x03", "half\x04"])
    def test_ctrl_c_and_ctrl_d_cancel(self, key: str) -> None:
        with pytest.raises(CancelledError):
            screen(key, lambda prompter: prompter.text("Name"))

    def test_ctrl_d_within_a_text_deletes(self) -> None:
        assert screen("abc\x01\x04\r", lambda prompter: prompter.text("Name"))[0] == "bc"

    def test_no_text_steers_the_terminal(self) -> None:
        _, shown = screen("\r", lambda prompter: prompter.choose("Which", [Option("a", "\x1b[2J label")]))
        assert shown == "Which: \\x1b[2J label\n"


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({"TERM": "xterm"}, False),
        ({"TERM": "dumb"}, True),
        ({"TERM": "xterm", "INTEGRATIONS_ACCESSIBLE": "1"}, True),
        ({"TERM": "xterm", "INTEGRATIONS_ACCESSIBLE": "0"}, False),
        ({"TERM": "xterm", "INTEGRATIONS_ACCESSIBLE": ""}, False),
    ],
)
def test_plain_lines_where_they_are_wanted(environ: dict[str, str], plain: bool) -> None:
    assert is_accessible(environ) is plain


@pytest.mark.parametrize(("environ", "kind"), [({"TERM": "dumb"}, LinePrompter), ({"TERM": "xterm"}, MenuPrompter)])
def test_the_prompter_fits_the_terminal(environ: dict[str, str], kind: type) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    stderr = io.StringIO()
    run = RunContext(Process(environ, stdin, None, stderr), CommonFlags(), Renderer(None, stderr, environ))
    assert isinstance(run.prompter, kind)


def test_a_secret_is_insisted_on() -> None:
    class Answers:
        given = ["", "", "key"]  # noqa: RUF012  # used up by one test
        said: list[str] = []  # noqa: RUF012  # the same

        def secret(self, question: str) -> str:
            assert question == "API key"
            return self.given.pop(0)

        def say(self, text: str) -> None:
            self.said.append(text)

    assert ask_required_secret(cast("Prompter", Answers()), "API key") == "key"
    assert Answers.said == ["API key must not be empty."] * 2
