"""A pseudo-terminal around the program: keys go in, and every state of the screen is checked."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import pexpect
import pyte

from integrations_cli.context import open_client
from integrations_cli.models import Integration
from integrations_cli.settings.resolve import SettingsFlags, resolve_settings
from program import Program

PATIENCE = 20
"""Seconds without any output after which a test gives up; machines may be slow."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


@dataclass
class Session:
    """One run of the program in a pseudo-terminal.

    The shell around it notes the state of the terminal before and after, and the exit code. `secrets` may not be seen
    in any state of the screen, nor anywhere in what was written.
    """

    program: Program
    arguments: Sequence[str]
    columns: int = 80
    rows: int = 40
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    redirect: str = ""

    def __post_init__(self) -> None:
        home = self.program.home
        command = shlex.join([sys.executable, "-m", "integrations_cli", *self.arguments])
        lines = [
            "trap : INT",  # so that Ctrl-C ends the program and not the shell that looks at what it leaves behind
            f"stty -g > {shlex.quote(str(home / 'before'))}",
            f"{command} {self.redirect}",
            f"echo $? > {shlex.quote(str(home / 'code'))}",
            f"stty -g > {shlex.quote(str(home / 'after'))}",
        ]
        self.written = ""
        self.screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.Stream(self.screen)
        self.child = pexpect.spawn(
            "/bin/sh",
            ["-c", "\n".join(lines)],
            env={"TERM": "xterm", "LC_ALL": "C.UTF-8", **self.program.environ, **self.env},
            cwd=str(home),
            dimensions=(self.rows, self.columns),
            timeout=PATIENCE,
            encoding="utf-8",
        )
        self.child.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close(force=True)

    @property
    def text(self) -> str:
        """What is on the screen, line by line."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def _read(self) -> bool:
        """One more state of the screen; False at the end."""
        try:
            piece = self.child.read_nonblocking(64, timeout=PATIENCE)
        except pexpect.EOF:
            return False
        except pexpect.TIMEOUT:
            raise AssertionError(f"nothing happens any more; the screen is:\n{self.text}") from None
        self.written += piece
        self._stream.feed(piece)
        seen = "".join(self.screen.display)
        plain = _ESCAPES.sub("", self.written)
        for secret in self.secrets:
            assert secret not in seen, f"a secret is on the screen:\n{self.text}"
            assert secret not in plain, f"a secret was written:\n{self.text}"
        return True

    def wait(self, text: str) -> None:
        """Read until `text` stands on the screen, blanks and line ends not counted."""
        self.until(lambda screen: "".join(text.split()) in screen, text)

    def until(self, holds: Callable[[str], bool], what: str) -> None:
        """Read until something holds of the screen, taken without blanks and line ends."""
        while not holds("".join("".join(self.screen.display).split())):
            assert self._read(), f"it ended without showing {what!r}:\n{self.text}"

    def send(self, keys: str) -> None:
        self.child.send(keys)

    def answer(self, *turns: tuple[str, str]) -> None:
        """For each turn wait for a text and send the keys."""
        for expected, keys in turns:
            self.wait(expected)
            self.send(keys)

    def finish(self) -> int:
        """Read to the end and give the exit code."""
        while self._read():
            pass
        return int((self.program.home / "code").read_text())

    def assert_restored(self) -> None:
        """The terminal is as it was: its modes, the cursor, and no pasting in brackets."""
        home = self.program.home
        assert (home / "after").read_text() == (home / "before").read_text()
        assert self.written.rfind("\x1b[?25h") >= self.written.rfind("\x1b[?25l")
        assert self.written.rfind("\x1b[?2004l") >= self.written.rfind("\x1b[?2004h")


def stored(program: Program) -> list[Integration]:
    """What is in the sandbox of this program, without the in-app one that every environment is born with."""
    settings = resolve_settings(SettingsFlags(sandbox=True), program.environ)
    with open_client(settings, program.environ) as api:
        return [integration for integration in api.list() if integration.provider != "novu"]
