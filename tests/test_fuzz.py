"""The coverage-guided fuzzer finds nothing in a second; `scripts/fuzz.py` looks for longer."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from conftest import Figures

SCRIPT: Final = Path(__file__).parent.parent / "scripts" / "fuzz.py"

TARGETS: Final = (
    "answer",
    "draft.json",
    "draft.toml",
    "settings",
    "manifest.json",
    "manifest.toml",
    "assignment",
    "command line",
    "url",
    "screen",
)

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed (pip install atheris)"
)


@pytest.mark.parametrize("target", TARGETS)
def test_the_fuzzer_finds_nothing(target: str, tmp_path: Path, figures: Figures) -> None:
    command: list[str | Path] = [sys.executable, SCRIPT, "--seconds", "1", "--folder", tmp_path, target]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) inputs  nothing found", done.stdout)
    assert found is not None, done.stdout + done.stderr
    figures("Coverage-guided fuzzing, a second each", [(target, f"{found[1]} inputs")])
