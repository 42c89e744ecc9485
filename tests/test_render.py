"""What a view looks like on a terminal, in a pipe and as JSON; what may colour it; what is masked."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte
import pytest

from integrations_cli import cli
from integrations_cli.context import Process
from integrations_cli.errors import RejectedError
from integrations_cli.models import MASK, Integration
from integrations_cli.terminal.render import Renderer, wants_color
from integrations_cli.terminal.views import (
    Fields,
    Row,
    Table,
    Text,
    View,
    integration_json,
    integration_view,
    mask_credentials,
)
from program import Program, Terminal

RAW: dict[str, Any] = {
    "_environmentId": "6b03c66d9567edf1d9ef70d4",
    "_id": "6b03c66e9567edf1d9ef70e1",
    "active": True,
    "channel": "email",
    "conditions": [{"isNegated": False}],
    "credentials": {"apiKey": "nvsk.00:11", "domain": "mg.acme.io", "whoKnows": "x"},
    "name": "Mailgun",
    "providerId": "mailgun",
    "somethingNew": {"a": [1, None]},
}


def shown(
    view: View,
    *,
    terminal: bool = False,
    json_: bool = False,
    environ: Mapping[str, str] | None = None,
    secrets: tuple[str, ...] = (),
) -> str:
    out = io.BytesIO()
    stream = (Terminal if terminal else io.TextIOWrapper)(out, encoding="utf-8", newline="")
    renderer = Renderer(stream, None, {"COLUMNS": "80", "TERM": "xterm", **(environ or {})}, json=json_)
    renderer.redactor.learn(secrets)
    assert renderer.show(view) == 0
    return out.getvalue().decode()


def test_a_pipe_gets_one_field_a_line_uncut() -> None:
    long = "x" * 5000
    lines = shown(integration_view(Integration({**RAW, "name": long}))).splitlines()
    assert f"name\t{long}" in lines
    assert lines[0] == "_id\t6b03c66e9567edf1d9ef70e1"
    assert f"credentials.apiKey\t{MASK}" in lines
    assert "credentials.domain\tmg.acme.io" in lines
    assert f"credentials.whoKnows\t{MASK}" in lines
    assert "active\ttrue" in lines
    assert 'somethingNew\t{"a": [1, null]}' in lines


def test_json_is_the_response_with_masks() -> None:
    document = json.loads(shown(integration_view(Integration(RAW)), json_=True))
    assert document == {
        **RAW,
        "credentials": {"apiKey": MASK, "domain": "mg.acme.io", "whoKnows": MASK},
    }


def test_secrets_are_shown_only_when_asked_for() -> None:
    document = json.loads(shown(integration_view(Integration(RAW), show_secrets=True), json_=True))
    assert document == RAW
    masked = json.loads(shown(integration_view(Integration(RAW), masked={"domain"}), json_=True))
    assert masked["credentials"]["domain"] == MASK
    odd = integration_view(Integration({**RAW, "credentials": "s3cret"}))
    assert "s3cret" not in shown(odd) + shown(odd, json_=True)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_fits_its_terminal(width: int) -> None:
    drawn = shown(integration_view(Integration(RAW)), terminal=True, environ={"COLUMNS": str(width)})
    screen = pyte.Screen(width, 200)
    pyte.Stream(screen).feed(drawn.replace("\n", "\r\n"))
    text = "".join("".join(line.split()).replace("│", "") for line in screen.display)
    assert "6b03c66e9567edf1d9ef70e1" in text
    assert "mg.acme.io" in text
    assert "nvsk" not in text
    assert max(len(line.rstrip()) for line in screen.display) <= width


def test_server_text_is_escaped_in_every_form() -> None:
    name = "\x1b[31mred\x1b]8;;http://x\x07 [bold]b[/bold] \u202e:smile: a\nb"
    view = integration_view(Integration({**RAW, "name": name}))
    for drawn in (shown(view), shown(view, json_=True), shown(view, terminal=True, environ={"NO_COLOR": "1"})):
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn
        assert "\x07" not in drawn
        assert "bold" in drawn
        assert ":smile:" in drawn
    assert json.loads(shown(view, json_=True))["name"] == name


def test_data_is_shown_as_it_is() -> None:
    view = integration_view(Integration({**RAW, "name": "echo of c4nary-key", "c4nary-key": 2026}))
    for json_, terminal in ((False, False), (True, False), (False, True)):
        drawn = shown(view, secrets=("c4nary-key", "2026", "email"), json_=json_, terminal=terminal)
        assert drawn == shown(view, json_=json_, terminal=terminal)
        assert "echo of c4nary-key" in drawn
    table = Table(("name",), [[Row(("c4nary-key",))]], None, "1 in c4nary-key")
    assert shown(table, secrets=("c4nary-key",)) == "c4nary-key\n"
    assert shown(Text("c4nary-key"), secrets=("c4nary-key",)) == "c4nary-key\n"


@pytest.mark.parametrize("json_", [False, True])
def test_secrets_are_taken_out_of_messages(json_: bool) -> None:
    err = io.BytesIO()
    renderer = Renderer(None, io.TextIOWrapper(err, encoding="utf-8"), {}, json=json_)
    renderer.redactor.learn(["c4nary-key"])
    for say in (renderer.note, renderer.hint, renderer.warn, renderer.log):
        say("it says c4nary-key")
    renderer.finish()
    labels = ("", "note: ", "hint: ", "warning: ") if json_ else ("note: ", "hint: ", "warning: ", "")
    assert err.getvalue().decode().splitlines() == [f"{label}it says {MASK}" for label in labels]


@pytest.mark.parametrize("json_", [False, True])
def test_the_command_in_a_hint_stays(json_: bool) -> None:
    err = io.BytesIO()
    renderer = Renderer(None, io.TextIOWrapper(err, encoding="utf-8"), {}, json=json_)
    renderer.redactor.learn(["c4nary-key"])
    command = "integrations create --identifier c4nary-key"
    renderer.error(RejectedError("c4nary-key", hint=f"not c4nary-key: {command}", details=["c4nary-key"]))
    shown_hint = f"not {MASK}: {command}"
    if json_:
        document = json.loads(err.getvalue())["error"]
        assert (document["message"], document["hint"], document["details"]) == (MASK, shown_hint, [MASK])
    else:
        assert err.getvalue().decode() == f"error: {MASK}\nhint: {shown_hint}\n"


def test_a_table_is_rows_or_groups() -> None:
    rows = Table(
        ("name", "id"), [[Row(("email", "a\tb"), strong=True), Row(("email", "d"))], [Row(("sms", "c"))]], [1], "two"
    )
    assert shown(rows) == "email\ta\\tb\nemail\td\nsms\tc\n"
    assert json.loads(shown(rows, json_=True)) == [1]
    drawn = shown(rows, terminal=True, environ={"NO_COLOR": "1"})
    assert drawn.index("email") < drawn.index("a\\tb") < drawn.index("sms") < drawn.index("two")
    assert drawn.count("email") == 1


def test_text_keeps_line_ends_only_with_lines() -> None:
    assert shown(Text("a\nb")) == "a\\nb\n"
    assert shown(Text("a\nb\n", lines=True)) == "a\nb\n"
    assert json.loads(shown(Text("x", json={"a": 1}), json_=True)) == {"a": 1}


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "colored"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"CLICOLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1", "TERM": "dumb"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_what_decides_on_colour(choice: Any, environ: dict[str, str], terminal: bool, colored: bool) -> None:
    assert wants_color(choice, environ, terminal=terminal) is colored


def test_colour_follows_the_decision() -> None:
    fields = Fields([("a", "b")], {}, title="t")
    assert "\x1b[" in shown(fields, terminal=True)
    assert "\x1b[" not in shown(fields, terminal=True, environ={"NO_COLOR": "1"})
    assert "\x1b[" in shown(fields, environ={"FORCE_COLOR": "1"})
    assert "\x1b[" not in shown(fields, json_=True, environ={"FORCE_COLOR": "1"})


def test_an_error_is_two_lines_or_one_document() -> None:
    err = io.BytesIO()
    renderer = Renderer(None, io.TextIOWrapper(err, encoding="utf-8"), {})
    renderer.redactor.learn(["c4nary-key"])
    code = renderer.error(RejectedError("bad\nc4nary-key", hint="do\x1bthis", status=400, details=["x"]))
    assert code == 7
    assert err.getvalue().decode() == f"error: bad\\n{MASK}\nhint: do\\x1bthis\n"
    err.seek(0)
    err.truncate()
    renderer.json = True
    renderer.warn("held back")
    renderer.error(RejectedError("bad", hint="do", status=400, details=["x"], error_id="e", idempotency_key="k"))
    assert json.loads(err.getvalue()) == {
        "error": {
            "type": "rejected",
            "message": "bad",
            "hint": "do",
            "status": 400,
            "details": ["x"],
            "error_id": "e",
            "idempotency_key": "k",
            "exit_code": 7,
        }
    }


def test_closed_streams_are_no_reason_to_fail() -> None:
    renderer = Renderer(None, None, {})
    assert renderer.show(Text("x")) == 0
    renderer.note("x")
    assert renderer.error(RejectedError("x")) == 7


def test_masking_follows_catalogue_and_source_of_value() -> None:
    given = {"apiKey": "a", "domain": "b", "odd": "c"}
    assert mask_credentials("mailgun", given) == {"apiKey": MASK, "domain": "b", "odd": MASK}
    assert mask_credentials("mailgun", given, masked={"domain"})["domain"] == MASK
    assert mask_credentials(None, given) == {"apiKey": MASK, "domain": "b", "odd": MASK}


def test_credentials_are_masked_wherever_a_server_puts_them() -> None:
    raw = {
        "_id": "1",
        "providerId": "nodemailer",
        "credentials": {"user": "u", "tlsOptions": {"servername": "s", "key": "k", "ca": [{"passphrase": "p"}]}},
        "apiKey": "k",
        "history": [{"credentials": {"password": "p", "unheardOf": "x", "host": "h"}}, {"secretKey": "k", "at": 1}],
        "token": None,
        "configurations": {"webhookSecret": "s", "authToken": ["t"], "list": [{"password": "p", "port": 25}]},
        "sent": {"credentials": "text", "idempotencyKey": {"a": "k"}},
    }
    assert integration_json(Integration(raw), show_secrets=True) == raw
    assert integration_json(Integration(raw)) == {
        "_id": "1",
        "providerId": "nodemailer",
        "credentials": {"user": "u", "tlsOptions": {"servername": "s", "key": MASK, "ca": [{"passphrase": MASK}]}},
        "apiKey": MASK,
        "history": [{"credentials": {"password": MASK, "unheardOf": MASK, "host": "h"}}, {"secretKey": MASK, "at": 1}],
        "token": None,
        "configurations": {"webhookSecret": MASK, "authToken": MASK, "list": [{"password": MASK, "port": 25}]},
        "sent": {"credentials": MASK, "idempotencyKey": MASK},
    }
    masked = integration_json(Integration({"sent": {"credentials": {"user": "u", "host": "h"}}}), masked={"user"})
    assert masked == {"sent": {"credentials": {"user": MASK, "host": "h"}}}
    for credentials in ("text", ["list"], 5):
        assert integration_json(Integration({"credentials": credentials})) == {"credentials": MASK}
    assert integration_json(Integration({"credentials": None})) == {"credentials": None}


# -- as a process -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "environ", "colored"),
    [
        ((), {}, False),
        (("--color=always",), {}, True),
        (("--color", "always"), {}, True),
        (("--color=never",), {"FORCE_COLOR": "1"}, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color=auto",), {"FORCE_COLOR": "1"}, True),
        (("--color=no-such",), {"FORCE_COLOR": "1"}, True),
        (("--", "--color=always"), {}, False),
        (("--color",), {}, False),
    ],
)
def test_colour_is_known_before_the_line_is_parsed(
    tmp_path: Path, flags: Sequence[str], environ: dict[str, str], colored: bool
) -> None:
    done = Program(tmp_path).run("list", "--no-such-option", *flags, env=environ)
    assert done.code == 2
    assert done.err.startswith("\x1b[1m\x1b[31merror:\x1b[0m " if colored else "error: ")
    assert ("\x1b" in done.err) is colored


def into(program: Program, stdout: int, *arguments: str) -> tuple[int, str]:
    """Run it as a process that writes to this descriptor; its exit code and what it says on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "integrations_cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=program.environ,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.decode()


def into_closed_pipe(program: Program, *arguments: str) -> tuple[int, str]:
    """Run it with a standard output that nobody reads any more, as after `| head`."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return into(program, writing, *arguments)
    finally:
        os.close(writing)


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "env.toml"
    path.write_text('version = 1\n[integrations.push]\nprovider = "expo"\n')
    return str(path)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, manifest: str, flags: Sequence[str]) -> None:
    program = Program(tmp_path / "home", {"INTEGRATIONS_PROFILE": "sandbox"})
    assert into_closed_pipe(program, "list", *flags) == (1, "")
    assert into_closed_pipe(program, "commands", *flags) == (1, "")
    code, err = into_closed_pipe(program, "apply", manifest, "--yes", *flags)
    assert code == 1
    assert "error" not in err
    code, err = into_closed_pipe(program, "create", "-p", "expo", "-i", "made", *flags)
    assert code == 1
    assert "the output could not be written: Broken pipe; " in err  # what was made is not lost
    assert "made" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_full_disk_gives_no_traceback(tmp_path: Path, manifest: str, flags: Sequence[str]) -> None:
    program = Program(tmp_path / "home", {"INTEGRATIONS_PROFILE": "sandbox"})
    with Path("/dev/full").open("wb") as full:
        code, err = into(program, full.fileno(), "list", *flags)
        assert code == 1
        assert "the output could not be written: No space left on device" in err
        code, err = into(program, full.fileno(), "apply", manifest, "--yes", *flags)
        assert code == 1
        assert "system error: No space left on device" in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert "bug" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_full_stderr_keeps_the_exit_code(tmp_path: Path, flags: Sequence[str]) -> None:
    program = Program(tmp_path / "home", {"INTEGRATIONS_PROFILE": "sandbox"})
    command = [sys.executable, "-m", "integrations_cli", "get", "nobody", *flags]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=full, env=program.environ, check=False
        )
    assert (done.returncode, done.stdout) == (5, b"")


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_help_into_a_closed_pipe_is_silent(tmp_path: Path) -> None:
    assert into_closed_pipe(Program(tmp_path), "list", "--help") == (1, "")


class Interrupting(io.StringIO):
    """A stream on which Ctrl-C comes in the middle of writing."""

    def write(self, _text: str) -> int:
        raise KeyboardInterrupt


def test_ctrl_c_in_help_is_an_interruption(tmp_path: Path) -> None:
    with contextlib.redirect_stdout(Interrupting()):
        done = Program(tmp_path).run("list", "--help")
    assert done.code == 130
    assert "bug" not in done.err


def test_ctrl_c_while_printing_names_the_created_integration(tmp_path: Path) -> None:
    arguments = ["create", "-p", "expo", "-i", "made", "--sandbox"]
    err = io.StringIO()
    code = cli.run(arguments, Process(Program(tmp_path).environ, None, Interrupting(), err))
    assert code == 130
    assert "error: interrupted; made (" in err.getvalue()
