"""The lock has every dependency with its version, one source and hashes, and the audit checks all of them."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest

from conftest import Figures

if TYPE_CHECKING:
    from types import ModuleType

ROOT: Final = Path(__file__).parent.parent
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK: Final[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
OURS: Final[dict[str, Any]] = next(package for package in LOCK["package"] if package["name"] == PROJECT["name"])


def requirement(text: str) -> tuple[str, str]:
    """Return the name and the sorted specifiers of a requirement."""
    match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*([^;]*)(?:;.*)?", text)
    assert match is not None, text
    return match[1].lower().replace("_", "-"), ",".join(sorted(part.strip() for part in match[2].split(",")))


def test_the_lock_matches_pyproject() -> None:
    required = {("", *requirement(text)) for text in PROJECT["dependencies"]}
    for extra, texts in PROJECT["optional-dependencies"].items():
        required |= {(extra, *requirement(text)) for text in texts}
    locked = set()
    for entry in OURS["metadata"]["requires-dist"]:
        extra = re.search(r"extra == '([^']+)'", entry.get("marker", ""))
        locked.add((extra[1] if extra else "", *requirement(f"{entry['name']}{entry.get('specifier', '')}")))
    assert locked == required, "run: uv lock"
    assert LOCK["requires-python"] == PROJECT["requires-python"]


def test_every_locked_package_has_one_source_and_hashes(figures: Figures) -> None:
    others = [package for package in LOCK["package"] if package is not OURS]
    files = []
    (registry,) = {package["source"]["registry"] for package in others}
    assert registry.startswith("https://")
    for package in others:
        artifacts = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
        assert artifacts, package["name"]
        files += artifacts
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", file["hash"]) for file in files)
    assert {urlsplit(file["url"]).scheme for file in files} == {"https"}
    assert len({urlsplit(file["url"]).netloc for file in files}) == 1
    figures("Supply chain", [("packages locked", len(others)), ("files with a hash", len(files))])


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
def test_uv_finds_the_lock_up_to_date() -> None:
    done = subprocess.run(
        ["uv", "lock", "--check", "--offline"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    if "offline" in done.stderr.lower() or "network" in done.stderr.lower():
        pytest.skip("uv has no package index")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_dependencies", ROOT / "scripts" / "audit_dependencies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_audit_checks_every_locked_package(audit: ModuleType) -> None:
    requirements = audit.locked((ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert len(requirements) == len(LOCK["package"]) - 1
    assert f"httpx=={next(p['version'] for p in LOCK['package'] if p['name'] == 'httpx')}" in requirements
    assert audit.requirement_files(["a==1", "a==2", "b==1", "a==3"]) == [["a==1", "b==1"], ["a==2"], ["a==3"]]


def test_the_audit_fails_only_for_a_vulnerability(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = {"name": "a", "version": "1", "vulns": []}
    weak = {"name": "b", "version": "2", "vulns": [{"id": "GHSA-1", "fix_versions": ["3"]}]}
    unknown = {"name": "c", "version": "3", "skip_reason": "not found"}
    for packages, code, message in (
        ([fine, weak, unknown], 1, "b 2: GHSA-1 (fixed in 3)"),
        ([fine, unknown], 0, "1 locked packages checked, 1 unknown to the index"),
        ([unknown], 0, "60 locked packages were not checked"),
        (None, 0, "60 locked packages were not checked"),
    ):
        result = None if packages is None else audit.read_report({"dependencies": packages})
        monkeypatch.setattr(audit, "audit", lambda *_, result=result: result)
        assert audit.main() == code
        assert message.replace("60", str(len(LOCK["package"]) - 1)) in capsys.readouterr().out


def environment(create: Callable[..., None], folder: Path, *, with_pip: bool) -> None:
    """Make a virtual environment with the pip of this one: unpacking a new pip takes seconds."""
    pip = importlib.util.find_spec("pip")
    create(folder, with_pip=with_pip and pip is None)
    if pip is not None and pip.origin is not None:
        packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
        (packages / "pip").symlink_to(Path(pip.origin).parent, target_is_directory=True)


def test_the_audit_passes_without_an_index(audit: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run pip on a machine that reaches no index."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "NUL" if sys.platform == "win32" else "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setattr(audit.venv, "create", partial(environment, audit.venv.create))
    assert audit.audit(tmp_path, ["httpx==0.28.1"]) is None
