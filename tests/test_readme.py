"""The commands of README and CONTRIBUTING work, and their outputs, pictures, tables and links are true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from integrations_cli.catalogue import provider_ids, providers
from integrations_cli.reference.describe import exit_codes

TOP = Path(__file__).parent.parent
sys.path.insert(0, str(TOP / "scripts"))

import benchmark  # noqa: E402  # scripts, found by the line above
import benchmark_apply  # noqa: E402
import draw_pictures  # noqa: E402
from refresh_readme import blocks, outputs, stale_blocks  # noqa: E402

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "scripts/BENCHMARKS.md")

posix = pytest.mark.skipif(shutil.which("bash") is None or os.name != "posix", reason="the commands are a shell's")


def read(document: str) -> str:
    return (TOP / document).read_text(encoding="utf-8")


@posix
def test_readme_commands_print_what_it_shows(tmp_path: Path) -> None:
    stale = stale_blocks(read("README.md"), tmp_path)
    assert [(block.code, output) for block, output in stale] == [], "run: python scripts/refresh_readme.py"


@posix
def test_a_stale_block_is_found(tmp_path: Path) -> None:
    text = "```sh\nintegrations profiles use staging\n```\n\n```text\nother\n```\n\n```sh\necho unseen\n```\n"
    ((block, output),) = stale_blocks(text, tmp_path)
    assert block.output == "other\n"
    assert "staging" in output
    assert stale_blocks(text.replace("other\n", output), tmp_path / "again") == []


@posix
@pytest.mark.parametrize("code", [block.code for block in blocks(read("CONTRIBUTING.md")) if not block.mark])
def test_contributing_commands_work(code: str, tmp_path: Path) -> None:
    """Run in the checkout, with this interpreter as `python`."""
    (tmp_path / "python").symlink_to(sys.executable)
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euc", code], cwd=TOP, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_commands_that_are_not_run_say_why(document: str) -> None:
    found = blocks(read(document))
    assert len(found) == read(document).count("```sh\n"), "a block of commands is not read"
    for block in found:
        assert block.mark in {"", "ci", "by hand"}
        assert block.mark != "by hand" or len(block.reason.split()) > 3


def test_the_two_commands_are_one_line_each() -> None:
    marked = {block.reason: block.code for block in blocks(read("README.md")) if block.mark == "ci"}
    assert set(marked) == {"run", "test"}
    assert all(code.count("\n") == 1 for code in marked.values())


def test_readme_takes_five_minutes_to_read() -> None:
    assert len(read("README.md").splitlines()) <= 400


@posix
def test_the_workflow_runs(tmp_path: Path) -> None:
    """Run the commands of its last step, against the server of the profile staging."""
    workflow = read("README.md").partition("```yaml\n")[2].partition("```")[0]
    runs = [line.strip() for line in workflow.partition("run: |\n")[2].splitlines()]
    assert [re.findall(r"integrations (\w+)", run) for run in runs] == [["doctor"], ["plan"], ["apply"]]
    before = (
        "integrations export --profile staging --output integrations.toml\n"
        "export CI=true GITHUB_REF=refs/heads/main MAILGUN_MAIN__API_KEY=key-0123456789\n"
        'export NOVU_SECRET_KEY="$STAGING_KEY" NOVU_API_URL="$STAGING_URL"'
    )
    assert "mailgun-main" in outputs([before, *runs], tmp_path)[-1]


def test_the_workflow_installs_nothing_unpinned() -> None:
    workflow = read("README.md").partition("```yaml\n")[2].partition("```")[0]
    assert all(re.search(r"@[0-9a-f]{40}\b", action) for action in re.findall(r"uses: (.*)", workflow))
    installs = re.findall(r"^.*\binstall\b.*$", workflow, re.MULTILINE)
    assert installs
    assert all("--require-hashes" in line for line in installs)
    for document in DOCUMENTS:
        assert not re.search(r"install [^\n]*\bintegrations-cli\b", read(document))


def test_the_figures_of_the_catalogue_are_true() -> None:
    fields = sum(len(provider.credentials) for provider in providers())
    assert f"knows {len(provider_ids())} providers and their {fields} credentials" in read("README.md")


def test_the_table_of_exit_codes_is_true() -> None:
    rows = re.findall(r"^\| (\d+) \|([^|]*)\|", read("README.md"), re.MULTILINE)
    listed = {int(code): {name.strip(" `") for name in names.split(",") if name.strip()} for code, names in rows}
    assert listed == {code.code: set(code.types) for code in exit_codes()}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", read(document)):
        assert (TOP / document).parent.joinpath(link).exists(), f"{document} points to {link}"


def test_every_picture_is_shown_and_drawn() -> None:
    there = {path.relative_to(TOP).as_posix() for path in draw_pictures.FOLDER.iterdir()}
    assert there == set(re.findall(r"!\[[^]]*\]\(([^)]+)\)", read("README.md")))
    assert there == {f"scripts/pictures/{name}.svg" for name in draw_pictures.PICTURES}


@posix
def test_the_pictures_show_what_the_program_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw_pictures.main(["--check"]) == 0, "run: python scripts/draw_pictures.py"
    assert capsys.readouterr().out == ""


def test_the_benchmarks_hold_every_budget() -> None:
    rows = re.findall(
        r"^\| (.+) \| .+ \| ≤ ([\d.]+)(?: MB| s)? \| kept \|$", read("scripts/BENCHMARKS.md"), re.MULTILINE
    )
    limits = [(name, float(limit)) for name, limit in rows]
    for budget in benchmark.BUDGETS:
        assert (budget.name, round(budget.most, 2)) in limits
    assert ("create: peak memory", benchmark.CREATE_MEGABYTES) in limits
    assert (
        f"plan of {max(benchmark_apply.PLAN_SECONDS)} entries",
        max(benchmark_apply.PLAN_SECONDS.values()),
    ) in limits


def test_contributing_names_every_part_of_the_source() -> None:
    listed = re.findall(r"^  (\S+) {2,}\S", read("CONTRIBUTING.md"), re.MULTILINE)
    source = TOP / "src" / "integrations_cli"
    there = {f"{path.name}/" if path.is_dir() else path.name for path in source.iterdir()}
    assert sorted(listed) == sorted(there - {"__init__.py", "__pycache__/", "py.typed"})


def test_contributing_names_files_that_exist() -> None:
    names = re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|json|md|toml)|[\w.-]+/)`", read("CONTRIBUTING.md"))
    assert len(names) > 20
    places = (TOP, TOP / "src" / "integrations_cli")
    assert [name for name in names if not any((place / name).exists() for place in places)] == []
