"""The description of the command line matches the program, and the manual and completions are made from it."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import typer

from integrations_cli import cli, errors
from integrations_cli.manifests.fingerprints import state_folder
from integrations_cli.models import CHANNELS
from integrations_cli.reference.describe import KINDS, Command, Program, describe
from integrations_cli.reference.environment import FILES, VARIABLES
from integrations_cli.reference.examples import EXAMPLES
from integrations_cli.settings.config_file import config_path
from integrations_cli.settings.resolve import sandbox_path
from program import Program as Run

TOP = Path(__file__).parent.parent
sys.path.insert(0, str(TOP / "scripts"))

import generate_docs  # noqa: E402  # a script, found by the line above

TEXT = {
    "NAME", "IDENTIFIER", "ID", "ON.FIELD=VALUE", "KEY=JSON", "KEY", "N", "TEXT", "COMMAND", "PORT", "URL", "SECONDS",
}  # fmt: skip
"""Metavars of free text."""


@cache
def program() -> Program:
    return describe(cli.root(), cli.PROGRAM)


COMMANDS = program().root.walk()
LEAVES = [command for command in COMMANDS if not command.commands]


def by_name(command: Command) -> str:
    return command.name


def names(entries: tuple[cli.Entry, ...], before: str = cli.PROGRAM) -> list[str]:
    return [
        name
        for entry in entries
        for name in (f"{before} {entry.name}", *names(entry.entries, f"{before} {entry.name}"))
    ]


def test_every_command_in_the_tree_is_described() -> None:
    assert [command.name for command in COMMANDS[1:]] == names(cli.TREE)


@pytest.mark.parametrize("command", COMMANDS, ids=by_name)
def test_tree_and_commands_have_the_same_summary(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of commands comes from the tree, since help must not import them all."""
    for child in command.commands:
        entries = (
            cli.TREE
            if command is program().root
            else next(entry.entries for entry in cli.TREE if entry.name == command.path[1])
        )
        assert child.summary == next(entry.help for entry in entries if entry.name == child.path[-1])
    assert Run(tmp_path).run(*command.path[1:], "--help").code == 0
    shown = capsys.readouterr().out
    assert command.summary in " ".join(shown.split())
    assert all(example.line in shown for example in command.examples)
    for flag in command.flags:
        assert all(name in shown for name in (*flag.names, *flag.off))


@pytest.mark.parametrize("command", COMMANDS, ids=by_name)
def test_every_parameter_has_help(command: Command) -> None:
    assert command.summary.endswith(".")
    for flag in command.flags:
        assert flag.help.endswith((".", "…", ")")), flag
    assert all(argument.help for argument in command.arguments)


@pytest.mark.parametrize("command", LEAVES, ids=by_name)
def test_every_value_has_a_known_kind(command: Command) -> None:
    """A new metavar has a kind that can be completed, or is listed in TEXT."""
    for flag in command.flags:
        assert flag.kind == "none" or flag.metavar in KINDS or flag.metavar in TEXT or flag.choices, flag
    for argument in command.arguments:
        assert argument.name in KINDS or argument.name in TEXT, argument


@pytest.mark.parametrize("command", LEAVES, ids=by_name)
def test_every_command_has_valid_examples(command: Command) -> None:
    assert command.examples
    for example in command.examples:
        words = shlex.split(re.split(r" [<>|] ", example.line)[0])
        assert words[: len(command.path)] == list(command.path), example
        assert len(example.line) <= 80, "longer lines are cut in the manual"
        found: object = cli.root()
        for name in command.path[1:]:
            assert isinstance(found, cli.LazyGroup)
            found = found.get_command(typer.Context(found), name)
        assert isinstance(found, cli.LeafCommand)
        context = found.make_context(command.name, words[len(command.path) :])
        assert context.params


def test_examples_belong_to_commands() -> None:
    assert set(EXAMPLES) == {" ".join(command.path[1:]) for command in LEAVES} | {""}


def test_exit_codes_match_the_errors() -> None:
    top = errors.IntegrationsError
    kinds: list[type[errors.IntegrationsError]] = [top, *top.__subclasses__()]
    described = {(code.code, name) for code in program().exit_codes for name in code.types}
    assert described == {(kind.exit_code, kind.type) for kind in kinds}
    assert [code.code for code in program().exit_codes] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130]


def variables_in_source() -> set[str]:
    """Return every environment variable that the source names."""
    found: set[str] = set()
    for path in (TOP / "src").rglob("*.py"):
        if path.name == "environment.py":
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"\A(?:NOVU|INTEGRATIONS|SSL_CERT)_[A-Z_]+\Z", node.value))
        found |= set(re.findall(r'environ(?:\.get\(|\[)"([A-Za-z_]+)"', text))
    return {name.upper() for name in found}


def test_every_variable_read_is_documented() -> None:
    """REQUEST_METHOD only says that the proxy variables cannot be trusted."""
    documented = {variable.name for variable in VARIABLES}
    assert variables_in_source() - {"REQUEST_METHOD"} <= documented
    by_scheme = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "FORCE_COLOR", "CLICOLOR_FORCE"}
    assert documented - by_scheme <= variables_in_source()


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of the other systems are theirs")
def test_documented_files_are_the_real_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    places = [config_path({}), sandbox_path({}), state_folder({})]
    assert [file.linux.replace("~", str(tmp_path)).rstrip("/") for file in FILES] == [str(place) for place in places]


def test_commands_as_json(tmp_path: Path) -> None:
    done = Run(tmp_path).run("commands", "--json")
    assert done.code == 0
    document = done.json
    assert [command["command"] for command in document["commands"]] == [
        " ".join(command.path[1:]) for command in COMMANDS[1:]
    ]
    create = document["commands"][0]
    flags = {flag["names"][0]: flag for flag in create["flags"]}
    assert flags["--channel"]["choices"] == list(CHANNELS)
    assert flags["--active"]["off"] == ["--inactive"]
    assert flags["--credential"]["repeatable"] is True
    assert flags["--retries"]["type"] == "integer"
    assert flags["--color"]["default"] == "auto"
    assert {code["code"] for code in document["exit_codes"]} >= {0, 10, 130}
    assert "NOVU_SECRET_KEY" in {variable["name"] for variable in document["environment"]}


def test_commands_as_text(tmp_path: Path) -> None:
    done = Run(tmp_path).run("commands")
    assert done.code == 0
    lines = done.out.splitlines()
    for command in COMMANDS[1:]:
        assert command.name in lines
    assert any(line.split()[:2] == ["10", "unknown_outcome"] for line in lines)


def test_outline_separates_own_and_common_flags(tmp_path: Path) -> None:
    outline, shared = Run(tmp_path).run("commands").out.split("\ncommon flags\n")
    shared, codes = shared.split("\nexit codes\n")
    sections = dict(section.split("\n", 1) for section in outline.split("\n\n")[1:])
    common = {line.split("  ")[2].strip() for line in shared.splitlines() if line}
    assert common >= {"-P, --profile PROFILE", "--json", "-h, --help", "--color auto|always|never"}
    shown = {name: [line[4:].split("  ")[0] for line in text.splitlines()[1:]] for name, text in sections.items()}
    assert shown["integrations delete"] == ["REF", "-y, --yes", "-q, --quiet"]
    assert shown["integrations profiles"] == []  # a group
    assert "--active / --inactive" in shown["integrations create"]
    for flags in shown.values():
        assert common.isdisjoint(flags)
    assert "130" in codes


def test_commands_json_has_every_field(tmp_path: Path) -> None:
    document = Run(tmp_path).run("commands", "--json").json
    assert set(document) == {
        "name", "version", "summary", "commands", "flags", "exit_codes", "environment", "files",
    }  # fmt: skip
    assert [flag["names"][0] for flag in document["flags"]] == ["--version", "--help"]
    found = {command["command"]: command for command in document["commands"]}
    for command in document["commands"]:
        assert set(command) == {
            "command", "group", "summary", "description", "usage", "arguments", "flags", "examples",
        }  # fmt: skip
        names = {name for flag in command["flags"] for name in flag["names"]}
        assert ("--json" in names) is not command["group"]
        for flag in command["flags"]:
            assert set(flag) == {
                "names", "off", "metavar", "type", "kind", "choices", "default", "repeatable", "required", "help",
            }  # fmt: skip
        for argument in command["arguments"]:
            assert set(argument) == {"name", "type", "kind", "choices", "repeatable", "required", "help"}
    delete = found["delete"]
    assert [argument["name"] for argument in delete["arguments"]] == ["REF"]
    assert [flag["names"][0] for flag in delete["flags"][:2]] == ["--yes", "--quiet"]
    assert delete["usage"].startswith("integrations delete ")
    assert delete["summary"] == "Delete an integration."


def test_manual_and_completions_are_current() -> None:
    """`python scripts/generate_docs.py` updates them."""
    assert [str(path) for path in generate_docs.stale(generate_docs.generated(program()))] == []


PAGES = sorted((TOP / "man").glob("*.1"))


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_mandoc_accepts_the_manual() -> None:
    """Run in the folder of the pages, which refer to each other."""
    command = ["mandoc", "-T", "lint", "-W", "style", *(page.name for page in PAGES)]
    done = subprocess.run(command, cwd=TOP / "man", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_accepts_the_manual() -> None:
    for page in PAGES:
        done = subprocess.run(
            ["groff", "-mandoc", "-ww", "-Tutf8", "-z", page], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), page.name


def test_each_manual_page_has_all_sections() -> None:
    assert [page.name for page in PAGES] == sorted(f"{'-'.join(command.path)}.1" for command in COMMANDS)
    for command in LEAVES:
        page = (TOP / "man" / f"{'-'.join(command.path)}.1").read_text(encoding="utf-8")
        found = re.findall(r"^\.Sh (.*)$", page, re.MULTILINE)
        assert found == [
            "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO",
        ]  # fmt: skip


def test_generated_files_are_installed() -> None:
    settings = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    shared = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared.pop("man") == "share/man/man1"
    assert {TOP / source for source in shared} == set((TOP / "completions").iterdir())
    assert all(place.startswith("share/") for place in shared.values())
