"""Writes `man/` and `completions/` from the command tree: `python scripts/generate_docs.py`.

With `--check` nothing is written; stale files are listed, and the exit code is 1.
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
    """Return the date of the newest release in the change log, as `November 23, 2026`."""
    found = re.search(r"^## .* (\d{4})-(\d\d)-(\d\d)$", changelog, re.MULTILINE)
    if found is None:
        raise SystemExit("CHANGELOG.md has no line like: ## 0.1.0 - 2026-11-23")
    day = date(*(int(part) for part in found.groups()))
    return f"{day:%B} {day.day}, {day.year}"


def generated(program: Program, top: Path = TOP) -> dict[Path, str]:
    """Return the content of every generated file, by path."""
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
    """Return the files that are missing, differ, or are no longer generated."""
    folders = {path.parent for path in files}
    obsolete = [path for folder in folders for path in folder.iterdir() if path not in files]
    return sorted([*obsolete, *(path for path, text in files.items() if _read(path) != text)])


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """Write or check the files, and return the exit code."""
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
