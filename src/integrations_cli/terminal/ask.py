"""Asks a person one question at a time, on standard error: what every asker can do, and the one of plain lines.

`open_prompter` takes the one that fits: `ask_fullscreen.MenuPrompter` draws lists that are filtered as one types;
`LinePrompter` writes numbered lists and plain lines, never moves the cursor, and suits screen readers, `TERM=dumb` and
`INTEGRATIONS_ACCESSIBLE=1`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, Protocol, TextIO

from integrations_cli.catalogue.suggest import nearest_named
from integrations_cli.errors import CancelledError
from integrations_cli.terminal.escape import escape

BACK: Final = "<"
"""What a person answers to go back to the question before."""


class GoBack(Exception):  # noqa: N818  # not a failure: the person wants the question before this one
    """The answer was `BACK`."""


@dataclass(frozen=True)
class Option:
    """One entry of a list: what it stands for, and what is shown of it."""

    value: str
    label: str


class Prompter(Protocol):
    """Asks on standard error and waits for the answer; every text is made harmless before it is shown.

    Each question raises CancelledError when the person presses Ctrl-C or ends the input, and, where `back` is allowed,
    GoBack when the answer is `BACK`.
    """

    def say(self, text: str) -> None:
        """One line that asks for nothing."""

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        """A line of text without blanks around it; `default` for an empty one."""

    def secret(self, question: str, *, back: bool = False) -> str:
        """A text that is not shown while it is typed, exactly as typed; it may be empty."""

    def choose(
        self, question: str, options: Sequence[Option], *, default: str | None = None, back: bool = False
    ) -> str:
        """The value of one of `options`; the one whose value is `default` is proposed."""

    def confirm(self, question: str, default: bool = False, *, back: bool = False) -> bool:
        """Yes or no."""

    def ask_secret(self, label: str) -> str:
        """A secret that is not empty: an empty one is asked for again."""

    def session(self) -> AbstractContextManager[None]:
        """Several questions in a row: keeps what is typed between two of them off the screen, where that can be."""


def matching_options(options: Sequence[Option], typed: str) -> list[Option]:
    """The options that `typed` may mean, in their order: those that begin with it, then those that have it inside.

    When there is none, those that are spelled nearly so.
    """
    wanted = typed.casefold().strip()
    if not wanted:
        return list(options)
    first = [option for option in options if _starts(option, wanted)]
    inside = [option for option in options if option not in first and wanted in _searched(option)]
    if first or inside:
        return first + inside
    near = nearest_named(wanted, {option.value: (option.value, option.label) for option in options})
    return [option for value in near for option in options if option.value == value]


def _starts(option: Option, wanted: str) -> bool:
    return option.label.casefold().startswith(wanted) or option.value.casefold().startswith(wanted)


def _searched(option: Option) -> str:
    return f"{option.label}\n{option.value}".casefold()


class LinePrompter:
    """Plain lines: numbered lists, nothing redrawn, nothing coloured."""

    def __init__(self, stdin: TextIO, stderr: TextIO, *, clean: Callable[[str], str] = str) -> None:
        """Read answers from `stdin`, write to `stderr` what `clean` leaves of a text."""
        self._stdin, self._stderr, self._clean = stdin, stderr, clean

    def say(self, text: str) -> None:
        """One line that asks for nothing."""
        self._write(f"{self._shown(text)}\n")

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        """A line of text; see `Prompter`."""
        proposed = f" [{default}]" if default else ""
        answer = self._answer(f"{question}{proposed}: ", back=back).strip()
        return answer or default

    def secret(self, question: str, *, back: bool = False) -> str:
        """A text that is not shown; see `Prompter`."""
        prompt = f"{self._shown(question)} (hidden): "
        answer = self._hidden(prompt)
        self._write("\n")  # the Enter was hidden too
        return _unless_back(answer, back=back)

    def choose(
        self, question: str, options: Sequence[Option], *, default: str | None = None, back: bool = False
    ) -> str:
        """One of a numbered list, by its number, its name or a part of it; see `Prompter`."""
        self.say(question)
        listed = list(options)
        while True:
            for number, option in enumerate(listed, 1):
                self.say(f"  {number}. {option.label}")
            proposed = next((n for n, option in enumerate(listed, 1) if option.value == default), None)
            proposed = 1 if len(listed) == 1 else proposed
            shown = f" [{proposed}]" if proposed else ""
            while True:
                answer = self._answer(f"Number, or a part of the name{shown}: ", back=back).strip() or str(
                    proposed or ""
                )
                chosen = _chosen(answer, listed, options)
                if chosen is not None:
                    return chosen.value
                found = matching_options(options, answer) if answer and not answer.isdecimal() else []
                if found:
                    listed = found
                    break
                self.say(f"There is no such entry: answer a number from 1 to {len(listed)}, or a part of a name.")

    def confirm(self, question: str, default: bool = False, *, back: bool = False) -> bool:
        """Yes or no; see `Prompter`."""
        while True:
            answer = self._answer(f"{question} [{'Y/n' if default else 'y/N'}]: ", back=back).strip().casefold()
            if not answer:
                return default
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
            self.say("Answer y or n.")

    def ask_secret(self, label: str) -> str:
        """A secret that is not empty; see `Prompter`."""
        return ask_until_given(self, label)

    def session(self) -> AbstractContextManager[None]:
        """Nothing to keep: the terminal shows what is typed, except at a hidden question."""
        return nullcontext()

    def _shown(self, text: str) -> str:
        return escape(self._clean(text))

    def _write(self, text: str) -> None:
        self._stderr.write(text)
        self._stderr.flush()

    def _answer(self, prompt: str, *, back: bool) -> str:
        return _unless_back(self._line(self._shown(prompt)), back=back)

    def _line(self, prompt: str) -> str:
        """The line that answers `prompt`, without its end; asked for again if it is not text."""
        while True:
            try:  # whoever sees the prompt may press Ctrl-C at once
                self._write(prompt)
                line = self._stdin.buffer.readline()
            except KeyboardInterrupt:
                line = b""
            if not line.endswith(b"\n"):  # Ctrl-D ends the input even after half a line
                self._write("\n")
                raise CancelledError("cancelled")
            try:
                text = line.decode(self._stdin.encoding or "utf-8")
            except UnicodeDecodeError:
                prompt = "That is not valid text; again: "
            else:
                return text.removesuffix("\n").removesuffix("\r")

    def _hidden(self, prompt: str) -> str:
        if sys.platform == "win32":
            from getpass import getpass

            self._write(prompt)
            try:
                return getpass("")
            except (KeyboardInterrupt, EOFError):
                self._write("\n")
                raise CancelledError("cancelled") from None
        else:
            with without_echo(self._stdin, flush=True):  # before the prompt: who reads it may type at once
                return self._line(prompt)


@contextmanager
def without_echo(stdin: TextIO, *, flush: bool) -> Iterator[None]:
    """Keep the terminal from showing what is typed.

    With `flush`, what is typed too early or left over is thrown away: the other lines of a secret that was pasted may
    not become the answers to the next questions.
    """
    if sys.platform == "win32":
        yield
    else:
        import termios

        descriptor = stdin.fileno()
        before = termios.tcgetattr(descriptor)
        silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        when = termios.TCSAFLUSH if flush else termios.TCSADRAIN
        termios.tcsetattr(descriptor, when, silent)
        try:
            yield
        finally:
            termios.tcsetattr(descriptor, when, before)


def ask_until_given(prompter: Prompter, label: str) -> str:
    """Ask for a secret until it is not empty."""
    while True:
        answer = prompter.secret(label)
        if answer:
            return answer
        prompter.say(f"{label} must not be empty.")


def _chosen(answer: str, listed: Sequence[Option], options: Sequence[Option]) -> Option | None:
    """The entry that an answer names: by its number in the list that is shown, or by its whole name or value."""
    if answer.isdecimal() and 1 <= int(answer) <= len(listed):
        return listed[int(answer) - 1]
    wanted = answer.casefold()
    named = [option for option in options if wanted in (option.value.casefold(), option.label.casefold())]
    return named[0] if len(named) == 1 else None


def _unless_back(answer: str, *, back: bool) -> str:
    if back and answer.strip() == BACK:
        raise GoBack
    return answer
