"""Writes `man/` and `completions/` from the command line itself: `python scripts/generate_docs.py`.

With `--check` nothing is written; what is stale is named, and the exit code is 1.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

from completion_bash import bash
from completion_fish import fish
from completion_powershell import powershell
from completion_tables import Tables
from completion_zsh import zsh
from integrations_cli import cli
from integrations_cli.reference.describe import Program, describe
from manual_pages import manual

TOP = Path(__file__).parent.parent


def release_date(changelog: str) -> str:
    """The day of the newest release in the change log, as manual pages write it."""
    found = re.search(r"^## .* (\d{4})-(\d\d)-(\d\d)$", changelog, re.MULTILINE)
    if found is None:
        raise SystemExit("CHANGELOG.md has no line like: ## 0.1.0 - 2026-11-23")
    day = date(*(int(part) for part in found.groups()))
    return f"{day:%B} {day.day}, {day.year}"


def generated(program: Program, top: Path = TOP) -> dict[Path, str]:
    """Every file that is made from the description, by its place."""
    day = release_date((top / "CHANGELOG.md").read_text(encoding="utf-8"))
    pages = {top / "man" / name: page for name, page in manual(program, day).items()}
    tables = Tables(program)
    completions = {
        "integrations.bash": bash(tables),
        "_integrations": zsh(tables),
        "integrations.fish": fish(tables),
        "integrations.ps1": powershell(tables),
    }
    return pages | {top / "completions" / name: text for name, text in completions.items()}


def stale(files: dict[Path, str]) -> list[Path]:
    """Those that are missing or say something else, and those that nothing makes any more."""
    folders = {path.parent for path in files}
    left_over = [path for folder in folders for path in folder.iterdir() if path not in files]
    return sorted([*left_over, *(path for path, text in files.items() if _read(path) != text)])


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """Write the files, or check them; the exit code."""
    files = generated(describe(cli.root(), cli.PROGRAM))
    old = stale(files)
    for path in old:
        print(path.relative_to(TOP))
        if "--check" not in arguments:
            if path in files:
                path.parent.mkdir(exist_ok=True)
                path.write_text(files[path], encoding="utf-8", newline="\n")
            else:
                path.unlink()
    return 1 if old and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
