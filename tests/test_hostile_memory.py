"""The largest responses and files need less than 200 MB of memory, and the program ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from conftest import Figures
from program import Program
from raw_server import RawServer, Request, http

MAX_MEGABYTES: Final = 200
"""The memory limit of one run in MB."""

MEBIBYTE: Final = 1024 * 1024

ENVIRONMENT: Final = "6b03c66d9567edf1d9ef70d4"

LAUNCH: Final = """
import os, sys
child = os.fork()
if not child:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss // (1 if sys.platform == "darwin" else 1 / 1024), flush=True)
"""
"""Start the program from a small process: the memory of a parent counts for its child too."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the system does not report the memory of a child")


def measured(program: Program, arguments: Sequence[str]) -> tuple[int, int]:
    """Return the exit code of a run, and its peak memory in MB."""
    command = [sys.executable, "-S", "-c", LAUNCH, sys.executable, "-m", "integrations_cli", *arguments]
    done = subprocess.run(command, env=program.environ, capture_output=True, timeout=120, check=True)
    assert b"Traceback" not in done.stderr
    code, size = done.stdout.rpartition(b"\n")[0].rpartition(b"\n")[2].split()
    return int(code), int(float(size)) // MEBIBYTE


def integration(number: int) -> dict[str, Any]:
    """Return an integration as a server lists it."""
    return {
        "_id": f"{number:024x}",
        "_environmentId": ENVIRONMENT,
        "_organizationId": "6b03c66d9567edf1d9ef70d0",
        "providerId": "mailgun",
        "channel": "email",
        "active": True,
        "name": f"Mailgun {number}",
        "identifier": f"mailgun-{number}",
        "priority": number,
        "primary": False,
        "credentials": {"apiKey": f"nvsk.{number:064x}", "user": "u", "domain": "d"},
        "conditions": [],
        "deleted": False,
        "createdAt": "2026-11-23T04:51:58.487Z",
        "updatedAt": "2026-11-23T04:51:58.487Z",
    }


def repeated(unit: bytes, size: int = 10 * MEBIBYTE - 1000) -> bytes:
    """Return a JSON list of about `size` bytes that repeats `unit`."""
    return b"[" + b",".join([unit] * (size // (len(unit) + 1))) + b"]"


RESPONSES: Final = {
    "17,000 integrations": lambda: json.dumps({"data": [integration(number) for number in range(17_000)]}).encode(),
    "objects": lambda: repeated(b"{}"),
    "small integrations": lambda: repeated(b'{"_id":"1","a":1,"b":2.5}', 1_800_000),
    "one long name": lambda: json.dumps([{**integration(1), "name": "x" * 10_000_000}]).encode(),
    "escaped surrogates": lambda: b'{"message":"' + b"\\ud800" * 1_700_000 + b'"}',
    "more than 10 MB": lambda: repeated(b"1", 12 * MEBIBYTE),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_large_responses_use_limited_memory(name: str, tmp_path: Path, figures: Figures) -> None:
    body = RESPONSES[name]()

    def respond(request: Request) -> bytes:
        if request.target.endswith("/me"):
            return http(200, {"data": {"_id": ENVIRONMENT, "name": "Development"}})
        return http(200, body, [("Content-Type", "application/json")])

    with RawServer(respond) as server:
        program = Program(tmp_path, {"NOVU_SECRET_KEY": "sk-0123456789", "NOVU_API_URL": server.url})
        code, size = measured(program, ["list", "--json"])
    figures("Memory of one run, of 200MB", [(f"list --json: {name}", f"{len(body) // 1000}KB", f"{size}MB")])
    assert code in {0, 8}
    assert size < MAX_MEGABYTES


FILES: Final = {
    "tables.toml": lambda: b"version = 1\n" + b"".join(b"[i%x]\n" % number for number in range(400_000)),
    "arrays.toml": lambda: b"version = 1\n" + b"[[a]]\n" * 90_000,
    "dots.toml": lambda: b"version = 1\nintegrations" + b".a" * 2_000_000 + b" = 1",
    "objects.json": lambda: b'{"version":1,"integrations":' + repeated(b"{}", 12 * MEBIBYTE) + b"}",
    "text.json": lambda: b'{"version":1,"x":"' + b"x" * (15 * MEBIBYTE) + b'"}',
    "large.toml": lambda: b"#" * (17 * MEBIBYTE),
}


@pytest.mark.parametrize("name", FILES)
def test_large_files_use_limited_memory(name: str, tmp_path: Path, figures: Figures) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    code, size = measured(Program(tmp_path / "home"), ["plan", str(path), "--sandbox"])
    figures("Memory of one run, of 200MB", [(f"plan: {name}", f"{path.stat().st_size // 1000}KB", f"{size}MB")])
    assert code == 2
    assert size < MAX_MEGABYTES
