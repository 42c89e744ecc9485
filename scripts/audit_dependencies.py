"""Look up every version in `uv.lock` in the indexes of known vulnerabilities.

Exit with 1 if a vulnerability is found. If no index answers, say so and exit with 0: a machine without a network is no
reason to fail. pip-audit is installed into a temporary environment.
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


class Audit(NamedTuple):
    """The vulnerabilities, a line each, and how many packages were checked or are unknown to the indexes."""

    vulnerabilities: list[str]
    checked: int
    unknown: int


def locked(lock: str) -> list[str]:
    """Return `name==version` for each package of the lock but our own; there may be several versions of one."""
    return [
        f"{package['name']}=={package['version']}"
        for package in tomllib.loads(lock)["package"]
        if "registry" in package["source"]
    ]


def requirement_files(requirements: list[str]) -> list[list[str]]:
    """Split the requirements into as few lists as possible, with each name once in a list, as pip requires."""
    files: list[dict[str, str]] = []
    for requirement in requirements:
        name = requirement.partition("==")[0]
        free = next((file for file in files if name not in file), None)
        if free is None:
            files.append(free := {})
        free[name] = requirement
    return [list(file.values()) for file in files]


def read_report(report: Any) -> Audit:
    """Return the result in a JSON report of pip-audit."""
    packages = report["dependencies"]
    vulnerabilities = [
        f"{package['name']} {package['version']}: {one['id']} (fixed in {', '.join(one['fix_versions']) or 'none'})"
        for package in packages
        for one in package.get("vulns", ())
    ]
    unknown = sum("skip_reason" in package for package in packages)
    return Audit(vulnerabilities, len(packages) - unknown, unknown)


def audit(folder: Path, requirements: list[str]) -> Audit | None:
    """Check the requirements; return None if pip-audit cannot be installed or no index answers."""
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
        return read_report(json.loads(done.stdout))
    except (subprocess.SubprocessError, ValueError):
        return None


def main() -> int:
    """Check all locked packages and print the result; return the exit code."""
    requirements = locked(LOCK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        result = audit(Path(folder), requirements)
    if result is None or not result.checked:
        print(f"no vulnerability index answered: {len(requirements)} locked packages were not checked")
        return 0
    print(f"{result.checked} locked packages checked, {result.unknown} unknown to the index")
    for line in result.vulnerabilities:
        print(line)
    return 1 if result.vulnerabilities else 0


if __name__ == "__main__":
    sys.exit(main())
