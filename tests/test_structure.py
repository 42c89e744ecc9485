"""Imports point downward, and each library is known in its own rooms only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "integrations_cli"
PACKAGE = "integrations_cli"

# From the top down: a room imports from the rows below its own, or from its own row.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"commands"},
    {"checkup", "completion", "description"},
    {"plan_views"},
    {"apply"},
    {"render", "prompts", "create", "export"},
    {"plan", "references"},
    {"manifest"},
    {"api"},
    {"settings", "drafting", "views", "command_line"},
    {"values"},
    {"transport", "catalogue", "sandbox"},
    {"bounded", "redaction", "screen", "saving"},
    {"models", "places", "plain_toml"},
    {"errors", "examples", "frozen", "__init__"},
)
LIBRARIES = {
    "typer": {"cli", "commands", "description"},
    "rich": {"render", "prompts"},
    "prompt_toolkit": {"prompts"},
    "httpx": {"transport"},
    "httpcore": {"transport"},
    "sqlite3": {"sandbox"},
    "platformdirs": {"settings", "plan"},
    "tomli_w": {"settings", "export"},
}


def room_of(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(path: Path) -> set[str]:
    """The absolute names of the modules that a file imports, wherever in it."""
    names: set[str] = set()
    package = [PACKAGE, *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names |= {f"{module}.{alias.name}" for alias in node.names} if module == PACKAGE else {module}
    return names


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_downward(path: Path) -> None:
    rank = {room: number for number, row in enumerate(LAYERS) for room in row}
    here = room_of(path)
    assert here in rank, f"{here} has no place in LAYERS"
    for name in imported(path):
        if name.split(".")[0] == PACKAGE and len(name.split(".")) > 1:
            there = name.split(".")[1]
            there = there if there in rank else "__init__"
            assert rank[there] >= rank[here], f"{here} may not import {there}"
            if here == "sandbox":
                assert there in {"sandbox", "catalogue", "frozen"}, f"sandbox may not import {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    for name in imported(path):
        library = name.split(".")[0]
        if library in LIBRARIES:
            assert room_of(path) in LIBRARIES[library], f"{room_of(path)} may not import {library}"
