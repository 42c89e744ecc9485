"""Packages import downward only, and each library has its owners."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "integrations_cli"
PACKAGE = "integrations_cli"

# From the top down: a package imports from rows below its own, inside functions too.
ROWS = (
    {"__main__"},
    {"cli"},
    {"commands"},
    {"manifests"},
    {"create", "context"},
    {"api", "settings"},
    {"inputs", "sandbox", "terminal"},
    {"catalogue", "reference"},
    {"errors", "models", "__init__"},
)
OWNERS = {
    "typer": {"cli", "commands", "reference"},
    "rich": {"terminal"},
    "prompt_toolkit": {"terminal"},
    "httpx": {"api"},
    "httpcore": {"api"},
    "sqlite3": {"sandbox"},
}
FILES = sorted(SOURCE.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[tuple[str, ...]]:
    """Return the imported modules by the parts of their absolute names."""
    found: set[str] = set()
    folder = [PACKAGE, *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} if module == PACKAGE else {module}
    return {tuple(name.split(".")) for name in found}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_downward(path: Path) -> None:
    row = {name: number for number, names in enumerate(ROWS) for name in names}
    here = package_of(path)
    for name in imports(path):
        if name[0] == PACKAGE and len(name) > 1:
            there = name[1] if name[1] in row else "__init__"
            assert there == here or row[there] > row[here], f"{here} may not import {there}"
            assert here != "sandbox" or there in {"sandbox", "catalogue", "models", "__init__"}
        assert here in OWNERS.get(name[0], {here}), f"{here} may not import {name[0]}"


def test_the_top_level_stays_small() -> None:
    names = {package_of(path) for path in FILES}
    assert names <= set().union(*ROWS)
    assert len(names) <= 18
    assert len(ROWS) <= 9


def test_init_files_hold_no_logic() -> None:
    for path in SOURCE.rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert all(isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)) for node in body), path
