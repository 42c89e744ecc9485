"""The targets of `scripts/fuzz.py` take their seeds, and fuzzing each for a second finds nothing."""

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
sys.path.insert(0, str(SCRIPT.parent))

import fuzz  # noqa: E402  # a script, found by the line above


def test_every_target_takes_its_seed(tmp_path: Path) -> None:
    """Without the fuzzer, this finds a target that calls a function which has moved."""
    taken = []
    for name, target in fuzz.targets(tmp_path).items():
        target(fuzz.SEEDS[name])
        taken.append(name)
    assert taken == list(fuzz.SEEDS)


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed (pip install atheris)"
)
@pytest.mark.parametrize("target", fuzz.SEEDS)
def test_the_fuzzer_finds_nothing(target: str, tmp_path: Path, figures: Figures) -> None:
    command: list[str | Path] = [sys.executable, SCRIPT, "--seconds", "1", "--folder", tmp_path, target]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) inputs  nothing found", done.stdout)
    assert found is not None, done.stdout + done.stderr
    figures("Coverage-guided fuzzing, a second each", [(target, f"{found[1]} inputs")])
