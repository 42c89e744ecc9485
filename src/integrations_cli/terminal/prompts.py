"""Chooses how a person is asked: in menus, or by plain lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TextIO

from integrations_cli.terminal.ask import LinePrompter, Prompter
from integrations_cli.terminal.redaction import Redactor
from integrations_cli.terminal.render import ColorChoice, is_terminal, wants_color


class _Flags(Protocol):
    @property
    def color(self) -> ColorChoice: ...


class _Output(Protocol):
    redactor: Redactor


class Terminal(Protocol):
    """What an asker needs of a run of the program; `RunContext` is one."""

    @property
    def render(self) -> _Output:
        """What is printed through, with the secrets that are known."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables."""

    @property
    def stdin(self) -> TextIO | None:
        """Where answers are typed."""

    @property
    def stderr(self) -> TextIO | None:
        """Where questions are shown."""

    @property
    def flags(self) -> _Flags:
        """The flags that every command takes."""


def open_prompter(run: Terminal) -> Prompter:
    """The asker that fits the terminal of this run, on which a person can be asked (`RunContext.interactive`)."""
    stdin, stderr, environ = run.stdin, run.stderr, run.environ
    assert stdin is not None
    assert stderr is not None
    clean = run.render.redactor.clean
    if not is_accessible(environ):
        from integrations_cli.terminal.ask_fullscreen import open_menu_prompter

        color = wants_color(run.flags.color, environ, terminal=is_terminal(stderr))
        screen = open_menu_prompter(stdin, stderr, color=color, clean=clean)
        if screen is not None:
            return screen
    return LinePrompter(stdin, stderr, clean=clean)


def is_accessible(environ: Mapping[str, str]) -> bool:
    """Whether to ask by plain lines."""
    return environ.get("INTEGRATIONS_ACCESSIBLE", "0") not in ("", "0") or environ.get("TERM") == "dumb"
