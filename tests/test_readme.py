"""What the README and CONTRIBUTING tell to type is typed here, and what they say comes back does come back.

The `sh` blocks of a document run one after the other in one shell, in an empty home with two profiles. A `text` block
after one is what it prints, but for ids, times and addresses. Blocks under `<!-- ci: … -->` are run by `.ci/run` in a
fresh clone; those under `<!-- by hand: … -->` say why nothing runs them.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from integrations_cli.catalogue import provider_ids, providers
from integrations_cli.reference.describe import exit_codes
from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve

TOP = Path(__file__).parent.parent

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[a-z ]+): (?P<why>[^>]+) -->\n)?"
    r"^```sh\n(?P<code>.*?)^```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)

# What differs from run to run, and what takes its place: ids, times, generated names, keys, places.
_VARYING = (
    (re.compile(r"https?://(?:127\.0\.0\.1:\d+|eu\.api\.novu\.co)"), "SERVER"),
    (re.compile(r"\b[0-9a-f]{24}\b"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\b(novu-in-app|mailgun)-[\w-]{10}(?!\S)"), r"\1-RANDOM"),
    (re.compile(r"Python 3\.\d+\.\d+ \(\w+\)"), "PYTHON"),
    (re.compile(r"in \d+ ms"), "in TIME"),
    (re.compile(r"/home/you\b"), "HOME"),
    (re.compile(r"@novu/shared [\d.]+"), "@novu/shared VERSION"),
)


class Block(NamedTuple):
    """One block: its mark ("" for one that runs here) and the reason it gives, what is run and what that prints."""

    mark: str
    why: str
    code: str
    output: str | None


def blocks(document: str) -> list[Block]:
    text = (TOP / document).read_text(encoding="utf-8")
    found = [
        Block(match["mark"] or "", match["why"] or "", match["code"], match["output"])
        for match in _BLOCK.finditer(text)
    ]
    assert len(found) == text.count("```sh\n"), "a block of commands is not read"
    return found


@contextmanager
def homes(folder: Path) -> Iterator[dict[str, str]]:
    """An empty home, and a server with an environment behind each of two profiles."""
    home = folder / "home"
    programs = folder / "bin"
    config = home / ".config" / "integrations-cli"
    for made in (home, programs, config):
        made.mkdir(parents=True)
    script = programs / "integrations"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m integrations_cli "$@"\n')
    script.chmod(0o755)
    config.chmod(0o700)
    with open_sandbox(folder / "server.db") as sandbox, serve(sandbox.api, port=0).start() as server:
        lines = [
            f'[profiles.{name}]\napi_url = "{server.url}"\napi_key = "{sandbox.api_keys[environment]}"\n'
            for name, environment in {"staging": "Development", "production": "Production"}.items()
        ]
        (config / "config.toml").write_text("\n".join(lines))
        (config / "config.toml").chmod(0o600)
        yield {
            "HOME": str(home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "STAGING_KEY": sandbox.api_keys["Development"],
            "STAGING_URL": server.url,
        }


def outputs(codes: list[str], folder: Path) -> list[str]:
    """What each of these blocks prints, run in one shell that stops at the first failure."""
    script = ["set -euo pipefail", "exec 2>&1"]
    for number, code in enumerate(codes):
        script.append(f"printf '\\036%s\\n' {number}\n{code}")
    with homes(folder) as environ:
        made = "integrations create -p mailgun -i mailgun-main -C apiKey=env:K -C user=api -C domain=mg.acme.io"
        made += " -C from=hi@acme.io -C senderName=Acme --active --profile staging --quiet"
        before = f"K=key-of-the-dashboard {made} >/dev/null"
        done = subprocess.run(
            ["bash", "-c", "\n".join([before, *script])],
            cwd=environ["HOME"],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        pieces = done.stdout.replace(environ["HOME"], "/home/you").split("\036")[1:]
    return [piece.partition("\n")[2] for piece in pieces]


def steady(text: str) -> str:
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    return text


@pytest.mark.skipif(shutil.which("bash") is None or os.name != "posix", reason="the commands are a shell's")
def test_what_the_readme_tells_to_type_works(tmp_path: Path) -> None:
    told = [block for block in blocks("README.md") if not block.mark]
    printed = outputs([block.code for block in told], tmp_path)
    assert len(printed) == len(told)
    for block, output in zip(told, printed, strict=True):
        if block.output is not None:
            # What is done at the same time may be said in either order.
            assert sorted(steady(output).splitlines()) == sorted(steady(block.output).splitlines()), block.code


@pytest.mark.parametrize("code", [block.code for block in blocks("CONTRIBUTING.md") if not block.mark])
def test_what_contributing_tells_to_type_works(code: str, tmp_path: Path) -> None:
    """In the checkout, with this interpreter as `python`."""
    (tmp_path / "python").symlink_to(sys.executable)
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euc", code], cwd=TOP, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_what_is_not_run_here_says_why(document: str) -> None:
    for block in blocks(document):
        assert block.mark in {"", "ci", "by hand"}
        assert block.mark != "by hand" or len(block.why.split()) > 3


def test_the_two_commands_are_one_line_each() -> None:
    marked = {block.why: block.code for block in blocks("README.md") if block.mark == "ci"}
    assert set(marked) == {"run", "test"}
    assert all(code.count("\n") == 1 for code in marked.values())


def test_the_workflow_runs_commands_that_there_are(tmp_path: Path) -> None:
    """Its own commands, against the server of the profile staging, in the order of the workflow."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    workflow = text.partition("```yaml\n")[2].partition("```")[0]
    runs = re.findall(r"^ +- run: (integrations .*)$", workflow, re.MULTILINE)
    assert [run.split()[1] for run in runs] == ["doctor", "plan", "apply"]
    before = (
        "integrations export --profile staging --output integrations.toml\n"
        'export NOVU_SECRET_KEY="$STAGING_KEY" NOVU_API_URL="$STAGING_URL" CI=true MAILGUN_MAIN__API_KEY=key-0123456789'
    )
    outputs([before, *runs], tmp_path)


def test_the_figures_of_the_catalogue_are_true() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    fields = sum(len(provider.credentials) for provider in providers())
    assert f"knows the {len(provider_ids())} providers of the API and the {fields} credentials" in text


def test_the_table_of_exit_codes_is_the_programs() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|([^|]*)\|", text, re.MULTILINE)
    told = {int(code): {name.strip(" `") for name in names.split(",") if name.strip()} for code, names in rows}
    assert told == {code.code: set(code.types) for code in exit_codes()}


def test_every_picture_and_page_is_there() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (TOP / document).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (TOP / link).exists(), f"{document} points to {link}"


def test_the_house_is_laid_out_as_contributing_says() -> None:
    text = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = re.findall(r"^  (\S+) {2,}\S", text, re.MULTILINE)
    assert len(names) >= 14
    assert [name for name in names if not (TOP / "src" / "integrations_cli" / name).exists()] == []
