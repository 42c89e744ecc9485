"""Ctrl-C reaches child processes, even if a script runs the tests as a background job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect

CHILD = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"


def test_child_process_can_be_interrupted() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_terminal_child_can_be_interrupted() -> None:
    assert pexpect.spawn(sys.executable, ["-c", CHILD], encoding="utf-8").read() == "True\r\n"


def test_background_job_children_can_be_interrupted() -> None:
    """A shell without job control starts background jobs with SIGINT ignored, and children inherit that."""
    names = ("test_child_process_can_be_interrupted", "test_terminal_child_can_be_interrupted")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" & wait $!', "sh", *command, *(f"{__file__}::{name}" for name in names)],
        cwd=Path(__file__).parent.parent,
        # The variables of the outer run would make a worker of the inner one.
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
