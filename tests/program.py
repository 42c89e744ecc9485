"""Runs the program, in this process or as a subprocess, and keeps its exit code and output."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations_cli import cli
from integrations_cli.context import Process

if TYPE_CHECKING:
    from integrations_cli.api.retry import Clock


@dataclass(frozen=True)
class Finished:
    """The result of one run: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """Return the error that `--json` writes to standard error."""
        return json.loads(self.err)["error"]

    @property
    def fields(self) -> dict[str, str]:
        """Return the `field<TAB>value` lines as a mapping."""
        return dict(line.split("\t", 1) for line in self.out.splitlines())


class Terminal(io.TextIOWrapper):
    """A stream that reports to be a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Program:
    """The program with its own home folder: own settings, own sandbox, nothing else of this machine."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    clock: Clock | None = None
    random: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", ""),
            "INTEGRATIONS_CONFIG": str(self.home / "config" / "config.toml"),
            "INTEGRATIONS_SANDBOX": str(self.home / "data" / "sandbox.sqlite3"),
            "INTEGRATIONS_STATE": str(self.home / "state" / "fingerprints"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_DATA_HOME": str(self.home / "share"),
            "XDG_CONFIG_HOME": str(self.home / "xdg-config"),
            **self.environ,
        }

    @property
    def config(self) -> Path:
        return Path(self.environ["INTEGRATIONS_CONFIG"])

    def run(
        self,
        *arguments: str,
        stdin: str | bytes | None = b"",
        env: Mapping[str, str] | None = None,
        terminal: bool | Collection[str] = False,
    ) -> Finished:
        """Run the program in this process. `stdin=None` closes standard input.

        `terminal` makes all three streams terminals, or only those it names: `{"stderr"}`. The others are pipes.
        """
        names = ("stdin", "stdout", "stderr")
        terminals = (names if terminal else ()) if isinstance(terminal, bool) else terminal
        kinds = {name: Terminal if name in terminals else io.TextIOWrapper for name in names}
        content = stdin.encode() if isinstance(stdin, str) else stdin
        source = None if content is None else kinds["stdin"](io.BytesIO(content), encoding="utf-8")
        out, err = io.BytesIO(), io.BytesIO()
        process = Process(
            {**self.environ, **(env or {})},
            source,
            kinds["stdout"](out, encoding="utf-8", newline=""),
            kinds["stderr"](err, encoding="utf-8", newline=""),
            self.clock,
            self.random,
        )
        code = cli.run(arguments, process)
        return Finished(code, out.getvalue().decode(), err.getvalue().decode())

    def spawn(
        self,
        *arguments: str,
        stdin: str | bytes | None = b"",
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        cwd: Path | None = None,
    ) -> Finished:
        """Run the program as a subprocess. `stdin=None` closes standard input."""
        content = stdin.encode() if isinstance(stdin, str) else stdin
        command = [sys.executable, "-m", "integrations_cli", *arguments]
        if content is None:
            command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command]
        done = subprocess.run(
            command,
            input=content,
            capture_output=True,
            env={**self.environ, **(env or {})},
            timeout=timeout,
            cwd=cwd,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())
