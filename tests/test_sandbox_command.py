"""`integrations sandbox serve` and `reset` run as processes of their own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from integrations_cli.sandbox.open import open_sandbox
from program import Program
from terminal import Session


def serving(program: Program, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "integrations_cli", "sandbox", "serve", "--port", "0", *flags],
        env=program.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_json_and_answers_other_clients(tmp_path: Path, stop: signal.Signals) -> None:
    program = Program(tmp_path)
    with serving(program, "--json") as server:
        try:
            assert server.stdout is not None
            said = json.loads(server.stdout.readline())
            assert set(said) == {"url", "api_keys"}
            assert set(said["api_keys"]) == {"Development", "Production"}
            request = urllib.request.Request(
                f"{said['url']}/v1/environments/me",
                headers={"Authorization": f"ApiKey {said['api_keys']['Production']}"},
            )
            with urllib.request.urlopen(request, timeout=30) as response:
                assert json.load(response)["data"]["name"] == "Production"
            flags = ("create", "-p", "mailgun", "--api-url", said["url"], "--json")
            done = program.run(*flags, env={"NOVU_SECRET_KEY": said["api_keys"]["Development"]})
            assert done.code == 0, done.err
            assert program.run(*flags, env={"NOVU_SECRET_KEY": "wrong-key"}).code == 4
        finally:
            server.send_signal(stop)
            out, err = server.communicate(timeout=30)
        assert out == ""
        assert "Traceback" not in err
    same = program.run("create", "-p", "mailgun", "--sandbox", "--json")
    assert same.json["_environmentId"] == done.json["_environmentId"]


def test_piped_output_is_flushed_line_by_line(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with serving(program) as server:
        try:
            assert server.stdout is not None
            assert server.stderr is not None
            url = server.stdout.readline().rstrip("\n").removeprefix("url: ")
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"{url}/v1/environments/me", timeout=30)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)
        out, err = server.stdout.read(), server.stderr.read()
    with open_sandbox(Path(program.environ["INTEGRATIONS_SANDBOX"])) as sandbox:
        assert out.splitlines() == [f"{name}: {key}" for name, key in sandbox.api_keys.items()]
    assert (server.returncode, err) == (0, "hint: Ctrl-C stops it\nnote: stopped\n")


def test_terminal_shows_url_and_ctrl_c_stops(tmp_path: Path) -> None:
    with Session(Program(tmp_path), ["sandbox", "serve", "--port", "0"]) as session:
        session.answer(("Ctrl-C stops it", "\x03"))
        assert session.finish() == 0
    shown = session.text
    assert re.search(r"^url: http://127\.0\.0\.1:[0-9]+$", shown, re.MULTILINE), shown
    assert re.findall(r"^(\w+): [0-9a-f]{32}$", shown, re.MULTILINE) == ["Development", "Production"]
    assert shown.rstrip().endswith("note: stopped")
    session.assert_restored()


def test_taken_port_is_reported(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with serving(program, "--json") as server:
        try:
            assert server.stdout is not None
            port = json.loads(server.stdout.readline())["url"].rpartition(":")[2]
            done = program.run("sandbox", "serve", "--port", port)
            assert done.code == 2
            assert port in done.err
            assert "--port 0" in done.err
        finally:
            server.terminate()
            server.communicate(timeout=30)


def test_reset_deletes_all_integrations(tmp_path: Path) -> None:
    program = Program(tmp_path)
    assert program.run("create", "-p", "mailgun", "-i", "mg", "--sandbox").code == 0
    assert program.run("create", "-p", "mailgun", "-i", "mg", "--sandbox").code == 6
    assert program.run("sandbox", "reset", "--json").json["reset"] is True
    assert program.run("create", "-p", "mailgun", "-i", "mg", "--sandbox").code == 0
    assert program.run("sandbox", "reset", "--yes").code == 0


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 4000])
@pytest.mark.parametrize(
    "command",
    [("create", "-p", "mailgun", "--sandbox"), ("sandbox", "serve", "--port", "0"), ("sandbox", "reset", "--yes")],
    ids=["create", "serve", "reset"],
)
def test_foreign_file_is_reported_and_unchanged(tmp_path: Path, command: tuple[str, ...], content: bytes) -> None:
    program = Program(tmp_path)
    path = Path(program.environ["INTEGRATIONS_SANDBOX"])
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    done = program.run(*command)
    assert (done.code, done.out) == (3, "")
    assert str(path) in done.err
    assert "hint: " in done.err
    assert path.read_bytes() == content
