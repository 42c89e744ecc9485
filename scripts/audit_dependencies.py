"""Asks an index of known vulnerabilities about every version in `uv.lock`.

A vulnerability that is found fails. Where no index answers, nothing can be asked; that is said, and is no failure: the
same happens on a machine without a network. pip-audit is installed into an environment of its own, which is thrown
away.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any, NamedTuple

LOCK = Path(__file__).parent.parent / "uv.lock"


class Verdict(NamedTuple):
    """What the index said: `found` are the vulnerabilities, a line each; `asked` and `skipped` count packages."""

    found: list[str]
    asked: int
    skipped: int


def locked(lock: str) -> list[str]:
    """`name==version` for every package of the lock but our own; a package may be there in several versions."""
    return [
        f"{package['name']}=={package['version']}"
        for package in tomllib.loads(lock)["package"]
        if "registry" in package["source"]
    ]


def requirement_files(requirements: list[str]) -> list[list[str]]:
    """The requirements in as few lists as there may be with each name once in each of them."""
    files: list[dict[str, str]] = []
    for requirement in requirements:
        name = requirement.partition("==")[0]
        free = next((file for file in files if name not in file), None)
        if free is None:
            files.append(free := {})
        free[name] = requirement
    return [list(file.values()) for file in files]


def judged(report: Any) -> Verdict:
    """The verdict in a report of pip-audit."""
    packages = report["dependencies"]
    found = [
        f"{package['name']} {package['version']}: {one['id']} (fixed in {', '.join(one['fix_versions']) or 'none'})"
        for package in packages
        for one in package.get("vulns", ())
    ]
    skipped = sum("skip_reason" in package for package in packages)
    return Verdict(found, len(packages) - skipped, skipped)


def audit(folder: Path, requirements: list[str]) -> Verdict | None:
    """Ask about all of them; None where pip-audit cannot be had, or no index answers."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    command: list[str | Path] = [
        python,
        "-m",
        "pip_audit",
        "--no-deps",
        "--disable-pip",
        "--format=json",
        "--progress-spinner=off",
    ]
    for number, names in enumerate(requirement_files(requirements)):
        file = folder / f"requirements-{number}.txt"
        file.write_text("\n".join(names), encoding="utf-8")
        command += ["-r", file]
    try:
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--retries=1", "pip-audit"],
            check=True,
            timeout=300,
            stderr=subprocess.DEVNULL,
        )
        done = subprocess.run(command, check=False, timeout=300, capture_output=True)
        return judged(json.loads(done.stdout))
    except (subprocess.SubprocessError, ValueError):
        return None


def main() -> int:
    """Ask, say what came of it, and fail for a vulnerability."""
    requirements = locked(LOCK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        verdict = audit(Path(folder), requirements)
    if verdict is None or not verdict.asked:
        print(f"no index of vulnerabilities answered: nothing could be asked about {len(requirements)} locked packages")
        return 0
    print(f"{verdict.asked} locked packages asked about, {verdict.skipped} not known to the index")
    for line in verdict.found:
        print(line)
    return 1 if verdict.found else 0


if __name__ == "__main__":
    sys.exit(main())
