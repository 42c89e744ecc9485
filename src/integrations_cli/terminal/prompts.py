"""Asks a person one question at a time, on standard error.

`LinePrompter` writes numbered lists and plain lines and never moves the cursor: for screen readers, `TERM=dumb` and
`INTEGRATIONS_ACCESSIBLE=1`. Everywhere else `menu_prompts.MenuPrompter` draws lists that are filtered by typing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, NamedTuple, Protocol, TextIO

from integrations_cli.catalogue.suggest import nearest_named
from integrations_cli.errors import CancelledError
from integrations_cli.terminal.escape import escape

BACK: Final = "<"
"""The answer that goes back to the previous question."""


class GoBack(Exception):  # noqa: N818  # not a failure: the person wants the previous question
    """The answer was `BACK`."""


class Option(NamedTuple):
    """One entry of a list: the value that it stands for, and the label that is shown."""

    value: str
    label: str


class Prompter(Protocol):
    """Asks on standard error and waits for the answer.

    Every question raises CancelledError when the person presses Ctrl-C or ends the input, and, with `back`, GoBack when
    the answer is `BACK`. Text is escaped before it is shown.
    """

    def say(self, text: str) -> None:
        """Print a line without a question."""

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        """Return a line of text, stripped; `default` for an empty one."""

    def secret(self, question: str, *, back: bool = False) -> str:
        """Return a text that is not shown while it is typed, exactly as typed; it may be empty.

        What was typed before the question or is left over after it is dropped: it may be a part of a pasted secret.
        """

    def choose(
        self, question: str, options: Sequence[Option], *, default: str | None = None, back: bool = False
    ) -> str:
        """Return the value of one of `options`; Enter takes the one whose value is `default`."""

    def confirm(self, question: str, default: bool = False, *, back: bool = False) -> bool:
        """Return the answer to a yes-or-no question."""

    def session(self) -> AbstractContextManager[None]:
        """Keep what is typed between two questions off the screen, where that is possible."""


def is_accessible(environ: Mapping[str, str]) -> bool:
    """Return whether to ask by plain lines."""
    return environ.get("INTEGRATIONS_ACCESSIBLE", "0") not in ("", "0") or environ.get("TERM") == "dumb"


def ask_required_secret(prompter: Prompter, label: str) -> str:
    """Ask for a secret until it is not empty."""
    while True:
        answer = prompter.secret(label)
        if answer:
            return answer
        prompter.say(f"{label} must not be empty.")


def matching_options(options: Sequence[Option], typed: str) -> list[Option]:
    """Return the options that begin with `typed`, then those that contain it; if there are none, similar ones."""
    typed = typed.casefold().strip()
    if not typed:
        return list(options)
    texts = {option: (option.label.casefold(), option.value.casefold()) for option in options}
    first = [option for option in options if any(text.startswith(typed) for text in texts[option])]
    inside = [option for option in options if option not in first and any(typed in text for text in texts[option])]
    if first or inside:
        return first + inside
    similar = nearest_named(typed, {option.value: (option.value, option.label) for option in options})
    return [option for value in similar for option in options if option.value == value]


class LinePrompter:
    """Asks by plain lines: numbered lists, nothing redrawn, nothing coloured."""

    def __init__(self, stdin: TextIO, stderr: TextIO) -> None:
        """Read answers from `stdin` and write to `stderr`."""
        self._stdin, self._stderr = stdin, stderr

    def say(self, text: str) -> None:
        """Print a line; see `Prompter`."""
        self._write(f"{escape(text)}\n")

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        """Return a line of text; see `Prompter`."""
        return self._answer(f"{question} [{default}]" if default else question, back=back) or default

    def secret(self, question: str, *, back: bool = False) -> str:
        """Return a text that is not shown; see `Prompter`."""
        answer = self._hidden(f"{escape(question)} (hidden): ")
        self._write("\n")  # the Enter was hidden too
        return unless_back(answer, back=back)

    def choose(
        self, question: str, options: Sequence[Option], *, default: str | None = None, back: bool = False
    ) -> str:
        """Return one entry of a numbered list, by its number, its name or a part of it; see `Prompter`."""
        self.say(question)
        listed = list(options)
        self._list(listed)
        while True:
            values = [option.value for option in listed]
            proposed = "1" if len(listed) == 1 else str(values.index(default) + 1) if default in values else ""
            prompt = "Number, or a part of the name"
            answer = self._answer(f"{prompt} [{proposed}]" if proposed else prompt, back=back) or proposed
            chosen = _chosen(answer, listed, options)
            if chosen is not None:
                return chosen.value
            found = matching_options(options, answer) if answer and not answer.isdecimal() else []
            if found:
                listed = found
                self._list(listed)
            else:
                self.say(f"There is no such entry. Answer a number from 1 to {len(listed)}, or a part of a name.")

    def confirm(self, question: str, default: bool = False, *, back: bool = False) -> bool:
        """Return the answer to a yes-or-no question; see `Prompter`."""
        while True:
            answer = self._answer(f"{question} [{'Y/n' if default else 'y/N'}]", back=back).casefold()
            if not answer:
                return default
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
            self.say("Answer y or n.")

    def session(self) -> AbstractContextManager[None]:
        """Do nothing: the terminal shows what is typed, except at a hidden question."""
        return nullcontext()

    def _list(self, options: Sequence[Option]) -> None:
        for number, option in enumerate(options, 1):
            self.say(f"  {number}. {option.label}")

    def _write(self, text: str) -> None:
        self._stderr.write(text)
        self._stderr.flush()

    def _answer(self, question: str, *, back: bool) -> str:
        return unless_back(self._line(f"{escape(question)}: "), back=back).strip()

    def _line(self, prompt: str) -> str:
        """Return the line that answers `prompt`, without its end; ask again if it is not text."""
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
    """Keep the terminal from showing what is typed; with `flush`, drop what is typed before and left over after."""
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


def unless_back(answer: str, *, back: bool) -> str:
    """Return the answer, or raise GoBack if it is `BACK` and `back` is allowed."""
    if back and answer.strip() == BACK:
        raise GoBack
    return answer


def _chosen(answer: str, listed: Sequence[Option], options: Sequence[Option]) -> Option | None:
    """Return the entry with this number in the list that is shown, or with this whole name or value."""
    if answer.isdecimal() and 1 <= int(answer) <= len(listed):
        return listed[int(answer) - 1]
    name = answer.casefold()
    named = [option for option in options if name in (option.value.casefold(), option.label.casefold())]
    return named[0] if len(named) == 1 else None
