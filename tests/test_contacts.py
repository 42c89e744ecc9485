"""No telemetry, no update checks: a command connects to, starts and writes only what it was asked to.

A separate process records the interpreter's audit events: connections, name lookups, started processes, and files
opened for writing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from audit import NETWORK, Scene, calls_of, leaves, scene_in
from conftest import Figures

TITLE: Final = "Contacts: what a command connects to, starts and writes"

WATCH: Final = """
import json, os, sys

report = open(sys.argv.pop(1), "w")

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        seen = [event, list(arguments[1]) if isinstance(arguments[1], tuple) else str(arguments[1])]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen = [event, str(arguments[0])]
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        seen = [event, str(arguments[0])]
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        seen = ["write", os.fspath(arguments[0]) if not isinstance(arguments[0], int) else ""]
    elif event in ("sqlite3.connect", "os.mkdir", "os.rename", "os.remove"):
        seen = ["write", os.fspath(arguments[0])]
    else:
        return
    report.write(json.dumps(seen, default=os.fsdecode) + "\\n")
    report.flush()

sys.addaudithook(note)
from integrations_cli.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path) as scene:
        yield scene


def watched(scene: Scene, report: Path, arguments: tuple[str, ...], stdin: str) -> list[Any]:
    """Return the side effects of a run."""
    subprocess.run(
        [sys.executable, "-B", "-c", WATCH, str(report), *arguments],
        env=scene.program.environ,
        input=stdin.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return [json.loads(line) for line in report.read_text().splitlines()]


@pytest.mark.parametrize("command", sorted(set(leaves()) - {"sandbox serve"}))
def test_command_has_no_unexpected_side_effects(scene: Scene, command: str, tmp_path: Path, figures: Figures) -> None:
    home = str(scene.program.home)
    call = calls_of(scene)[command][0]
    arguments = (*command.split(), *call.arguments, "--no-input", "--verbose")
    events = watched(scene, tmp_path / "report", arguments, call.stdin)
    calls = [what for event, what in events if event.startswith("socket.")]
    started = [
        what for event, what in events if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}
    ]
    written = [what for event, what in events if event == "write"]
    assert [what for what in calls if what not in (["127.0.0.1", scene.server.port], "127.0.0.1")] == []
    assert bool(calls) == (command in NETWORK)
    assert [what for what in started if what != "cat"] == []
    assert [what for what in written if what and not what.startswith((home, "/dev/"))] == []
    figures(TITLE, [(command, f"{len(calls)} calls", f"{len(started)} started", f"{len(written)} written", "0 others")])
