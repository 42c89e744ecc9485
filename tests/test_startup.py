"""Each kind of run imports only the modules it needs, so that start-up stays fast.

The lists name our own packages that a run may import, and the libraries that it must not import.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from integrations_cli import __version__
from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve
from program import Program

RUN = """
import json, sys
import integrations_cli.__main__ as start
start._leave = lambda code: None
sys.argv[:] = ["integrations", *json.loads(sys.argv[1])]
before = set(sys.modules)
code = start.main()
sys.stdout.flush()
sys.stderr.write("\\n" + json.dumps({"code": code, "modules": sorted(set(sys.modules) - before)}))
"""

# The packages that a kind of run may import; add new ones here.
COMPLETION = {"catalogue", "commands", "errors", "inputs", "models", "settings", "terminal"}
COMMAND_LINE = {"catalogue", "cli", "commands", "context", "errors", "models", "reference", "terminal"}
CREATE = (COMMAND_LINE - {"reference"}) | {"api", "create", "inputs", "settings"}

NEVER = frozenset({
    "asyncio", "concurrent.futures", "ctypes", "importlib.metadata", "multiprocessing", "sqlite3", "tomllib",
    "unittest", "xml", "rich", "questionary", "prompt_toolkit", "pydantic", "pygments", "click", "platformdirs",
    "tomli_w", "keyring",
})  # fmt: skip
HTTP_MODULES = frozenset({"httpx", "httpcore", "h11", "http.client", "ssl", "certifi", "anyio"})
TYPER_MODULES = frozenset({"typer", "inspect", "subprocess", "difflib"})


def imported(program: Program, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[set[str], set[str]]:
    """Return the modules that a run imports: our own, without the package name, and all others."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(arguments)],
        env={**program.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stderr.splitlines()[-1])
    assert report["code"] == 0, done.stderr
    ours = {
        name.removeprefix("integrations_cli.") for name in report["modules"] if name.startswith("integrations_cli.")
    }
    return ours, {name for name in report["modules"] if not name.startswith("integrations_cli")}


def packages(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def commands(modules: set[str]) -> set[str]:
    return {name.removeprefix("commands.") for name in modules if name.startswith("commands.")}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home")


def test_version_imports_no_modules(program: Program) -> None:
    assert imported(program, "--version") == (set(), set())
    assert program.spawn("--version").out == f"integrations {__version__}\n"


def test_help_imports_no_command(program: Program) -> None:
    ours, others = imported(program, "--help")
    assert packages(ours) <= COMMAND_LINE
    assert commands(ours) <= {"options"}
    assert not others & (NEVER | HTTP_MODULES)


def test_command_help_imports_only_that_command(program: Program) -> None:
    ours, others = imported(program, "create", "--help")
    assert packages(ours) <= COMMAND_LINE | CREATE
    assert commands(ours) <= {"options", "integration_options", "create"}
    assert not others & (NEVER | HTTP_MODULES)


def test_profile_completion_imports_no_typer(program: Program) -> None:
    program.config.parent.mkdir(parents=True)
    program.config.write_text('[profiles.staging]\nregion = "eu"\n')
    program.config.chmod(0o600)
    ours, others = imported(program, "__complete", "profiles")
    assert packages(ours) <= COMPLETION
    assert not others & ((NEVER - {"tomllib"}) | HTTP_MODULES | TYPER_MODULES)


def test_network_commands_import_only_expected_modules(program: Program, tmp_path: Path) -> None:
    with open_sandbox(tmp_path / "served.db") as sandbox, serve(sandbox.api, port=0).start() as server:
        env = {"NOVU_API_URL": server.url, "NOVU_SECRET_KEY": sandbox.api_keys["Development"]}
        for flags in ([], ["--json"]):
            ours, others = imported(program, "create", "--provider", "mailgun", *flags, env=env)
            assert packages(ours) <= CREATE
            assert not others & NEVER
        ours, others = imported(program, "__complete", "identifiers", env=env)
        assert packages(ours) <= COMPLETION | {"api", "context"}
        assert not others & (NEVER | TYPER_MODULES | {"httpx", "httpcore", "h11"})


def test_sandbox_imports_no_http(program: Program) -> None:
    ours, others = imported(program, "create", "--provider", "mailgun", "--sandbox")
    assert packages(ours) <= CREATE | {"sandbox"}
    assert not others & ((NEVER - {"sqlite3"}) | HTTP_MODULES)


def test_plain_http_reads_no_certificates(program: Program, tmp_path: Path) -> None:
    """Loading certificates takes longer than the rest of a request."""
    code = "import ssl\nssl.SSLContext = ssl.create_default_context = None\n" + RUN
    with open_sandbox(tmp_path / "served.db") as sandbox, serve(sandbox.api, port=0).start() as server:
        env = {"NOVU_API_URL": server.url, "NOVU_SECRET_KEY": sandbox.api_keys["Development"]}
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(["create", "--provider", "mailgun"])],
            env={**program.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
    assert json.loads(done.stderr.splitlines()[-1])["code"] == 0, done.stderr


def test_exit_keeps_the_code_and_flushes_output(program: Program) -> None:
    """The program exits without interpreter cleanup, so it must flush its output first."""
    done = program.spawn("create", "--provider", "mailgun", "--sandbox", "--json")
    assert done.code == 0
    assert done.json["providerId"] == "mailgun"
    assert program.spawn("create", "--provider", "nonsense").code == 2
    assert program.spawn("get", "nobody", "--sandbox").code == 5
    assert program.spawn("commands", "--json").json["name"] == "integrations"
