"""`plan`, `apply`, `export` and `diff`, run as their users run them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyte
import pytest

from conftest import Figures
from integrations_cli.manifests.apply import DEFAULT_CONCURRENCY, MAX_REFUSALS, SAVE_EVERY
from program import Finished, Program
from scripted_server import Received, Reply, Scripted, scripted

SECRET = "planted-secret-0123456789"
OTHER_SECRET = "other-secret-abcdefghij"
MANIFEST = """version = 1
[integrations.mail]
provider = "mailgun"
name = "Mail"
active = true
primary = true
credentials = { apiKey = { env = "MAIL_KEY" }, user = "u", domain = "d", from = "f", senderName = "s" }

[integrations.push]
provider = "expo"
credentials = { apiKey = { env = "PUSH_KEY" } }
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    environ = {"INTEGRATIONS_PROFILE": "sandbox", "MAIL_KEY": SECRET, "PUSH_KEY": OTHER_SECRET}
    return Program(tmp_path / "home", environ)


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "env.toml"
    path.write_text(MANIFEST)
    return str(path)


def ok(done: Finished) -> Finished:
    assert done.code == 0, done.err
    return done


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


# -- plan -------------------------------------------------------------------------------------------------------------


def test_plan_shows_actions_and_changes_nothing(program: Program, manifest: str) -> None:
    done = ok(program.run("plan", manifest))
    credentials = "credentials added: apiKey, user, domain, from, senderName"
    assert rows(done.out) == [
        ["create", "mail", "mailgun", "email", f"name: Mail; active: true; {credentials}"],
        ["create", "push", "expo", "push", "active: false; credentials added: apiKey"],
        ["set-primary", "mail", "mailgun", "email", "primary: false → true"],
    ]
    assert len(ok(program.run("list")).out.splitlines()) == 1


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_exit_code_9_means_something_to_do(program: Program, manifest: str, flags: tuple[str, ...]) -> None:
    assert program.run("plan", manifest, *flags).code == 0
    assert program.run("plan", manifest, "--exit-code", *flags).code == 9
    ok(program.run("apply", manifest, "--yes"))
    done = program.run("plan", manifest, "--exit-code", *flags)
    assert done.code == 0
    assert "nothing to do: 2 integrations are as the manifest says" in done.err


def test_plan_json_has_environment_summary_and_actions(program: Program, manifest: str) -> None:
    document = ok(program.run("plan", manifest, "--json")).json
    assert document["environment"]["name"] == "Development"
    assert document["summary"] == {"create": 2, "update": 0, "set-primary": 1, "delete": 0, "unchanged": 0}
    assert [action["action"] for action in document["actions"]] == ["create", "create", "set-primary"]


def test_plan_on_a_terminal_is_a_table(program: Program, manifest: str) -> None:
    done = ok(program.run("plan", manifest, terminal=True, env={"COLUMNS": "150"}))
    assert "2 to create, 1 to make primary, 0 unchanged" in done.out
    assert "│ create " in done.out


def test_unset_variable_warns_in_plan_and_stops_apply(program: Program, manifest: str) -> None:
    del program.environ["MAIL_KEY"]
    done = ok(program.run("plan", manifest))
    message = f"{manifest}:7: integrations.mail.credentials.apiKey: the environment variable MAIL_KEY is not set"
    assert f"warning: {message}" in done.err
    with counting(program) as (server, env):
        refused = program.run("apply", manifest, "--yes", env=env)
        assert refused.code == 2
        assert message in refused.err
        assert server.received == []


def test_at_most_twenty_unset_variables_are_named(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "env.toml"
    entries = [
        f'[integrations.i{number}]\nprovider = "expo"\ncredentials.apiKey = {{ env = "KEY_{number}" }}\n'
        for number in range(25)
    ]
    path.write_text("version = 1\n" + "".join(entries[:20]))
    assert ok(program.run("plan", str(path))).err.count("warning: ") == 20
    path.write_text("version = 1\n" + "".join(entries))
    warnings = [line for line in ok(program.run("plan", str(path))).err.splitlines() if line.startswith("warning: ")]
    assert ["is not set" in line for line in warnings[:-1]] == [True] * 20
    assert warnings[-1] == "warning: 5 more references have no value"


def test_hidden_credential_can_be_removed(program: Program, tmp_path: Path) -> None:
    """The server shows no credentials: only this machine knows that one is to go."""
    own = "6b03c66d9567edf1d9ef70d4"
    existing: list[dict[str, Any]] = []
    sent: list[dict[str, str]] = []

    def answer(request: Received) -> Reply:
        if request.path.endswith("/me"):
            return Reply(200, {"data": {"_id": own, "name": "Staging"}})
        if request.method == "GET":
            return Reply(200, {"data": existing})
        body = json.loads(request.body)
        sent.append(body.pop("credentials"))
        existing[:] = [
            {"_id": own, "_environmentId": own, "identifier": "push", "providerId": "expo", "channel": "push"}
        ]
        return Reply(201 if request.method == "POST" else 200, {"data": existing[0]})

    path = tmp_path / "env.toml"
    text = 'version = 1\n[integrations.push]\nprovider = "expo"\ncredentials = { apiKey = { env = "PUSH_KEY" }'
    with scripted(answer) as server:
        env = {"NOVU_SECRET_KEY": "sk-0123456789", "NOVU_API_URL": server.url, "INTEGRATIONS_PROFILE": ""}
        path.write_text(f'{text}, user = "u" }}\n')
        ok(program.run("apply", str(path), "--yes", "--skip-validation", env=env))
        path.write_text(f"{text} }}\n")
        done = ok(program.run("apply", str(path), "--yes", env=env))
        again = program.run("plan", str(path), "--exit-code", env=env)
    assert rows(done.out) == [["done", "update", "push", own, ""]]
    assert sent == [{"apiKey": OTHER_SECRET, "user": "u"}, {"apiKey": OTHER_SECRET}]
    assert again.code == 0


def test_manifest_errors_are_json_with_json_flag(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('version = 1\n[integrations.a]\nproviderr = "x"\nactive = 1\n')
    done = program.run("plan", str(path), "--json")
    assert done.code == 2
    assert done.error["type"] == "invalid_input"
    assert [detail.split(" ")[0] for detail in done.error["details"]] == [f"{path}:3:", f"{path}:4:", f"{path}:2:"]


# -- apply ------------------------------------------------------------------------------------------------------------


def test_apply_does_the_plan_and_rerun_does_nothing(program: Program, manifest: str) -> None:
    done = ok(program.run("apply", manifest, "--yes", "--concurrency", "1"))
    assert [row[:3] for row in rows(done.out)] == [
        ["done", "create", "mail"],
        ["done", "create", "push"],
        ["done", "set-primary", "mail"],
    ]
    assert "note: 3 of 3 succeeded" in done.err
    (mail,) = [entry for entry in ok(program.run("list", "--json")).json if entry["identifier"] == "mail"]
    assert (mail["name"], mail["active"], mail["primary"]) == ("Mail", True, True)
    again = ok(program.run("apply", manifest, "--yes"))
    assert again.out == ""
    assert "nothing to do" in again.err


def test_each_outcome_is_one_json_document(program: Program, manifest: str) -> None:
    done = ok(program.run("apply", manifest, "--yes", "--json"))
    documents = [json.loads(line) for line in done.out.splitlines()]
    assert {(document["status"], document["action"], document["identifier"]) for document in documents} == {
        ("done", "create", "mail"),
        ("done", "create", "push"),
        ("done", "set-primary", "mail"),
    }
    assert all(re.fullmatch("[0-9a-f]{24}", document["_id"]) for document in documents)
    assert all(document["error"] is None for document in documents)


def test_nothing_is_sent_without_confirmation(program: Program, manifest: str) -> None:
    with counting(program) as (server, env):
        refused = program.run("apply", manifest, env=env)
        assert (refused.code, "--yes" in refused.err) == (2, True)
        assert server.received == []
    env = {"INTEGRATIONS_ACCESSIBLE": "1", "TERM": "dumb"}
    no = program.run("apply", manifest, terminal=True, stdin="n\n", env=env)
    assert no.code == 1
    assert "Apply this to Development (2 to create, 1 to make primary, 0 unchanged)?" in no.err
    assert len(ok(program.run("list")).out.splitlines()) == 1
    assert program.run("apply", manifest, terminal=True, stdin="y\n", env=env).code == 0


def test_prune_deletes_only_targets(program: Program, manifest: str) -> None:
    for name in ("old", "older"):
        ok(program.run("create", "-p", "expo", "-i", name, "-q"))
    done = ok(program.run("apply", manifest, "--yes", "--prune", "--target", "old", "--target", "push"))
    assert sorted(row[1:3] for row in rows(done.out)) == [["create", "push"], ["delete", "old"]]
    ok(program.run("apply", manifest, "--yes", "--prune"))
    assert [row[1] for row in rows(ok(program.run("list")).out)][1:] == ["mail", "push"]


def test_failure_is_reported_and_the_rest_done(program: Program, manifest: str) -> None:
    with counting(program, refuse="push") as (_, env):
        done = program.run("apply", manifest, "--yes", env=env)
        assert done.code == 1
        assert sorted(row[:3] for row in rows(done.out)) == [
            ["done", "create", "mail"],
            ["done", "set-primary", "mail"],
            ["failed", "create", "push"],
        ]
        assert "create push: failed: " in done.err
        assert "error: 2 of 3 succeeded, 1 failed" in done.err
        assert f"to try the rest again: integrations apply {manifest}" in done.err
        rerun = program.run("apply", manifest, "--yes", "--json", env=env)
        failures = [json.loads(line) for line in rerun.out.splitlines()]
        assert {(failure["status"], failure["error"]["type"]) for failure in failures if failure["error"]} == {
            ("failed", "rejected")
        }
        assert rerun.error["type"] == "failed"


OWN = {"_id": "6b03c66d9567edf1d9ef70d4", "name": "Staging"}


def leading_to(server: Scripted) -> dict[str, str]:
    """The environment that leads to a server."""
    return {"NOVU_SECRET_KEY": "sk-0123456789", "NOVU_API_URL": server.url, "INTEGRATIONS_PROFILE": ""}


@contextmanager
def counting(program: Program, *, refuse: str = "") -> Iterator[tuple[Scripted, dict[str, str]]]:
    """A server that creates everything but `refuse`, and the environment that leads to it."""

    def answer(request: Received) -> Reply:
        if request.method == "GET":
            return Reply(200, {"data": OWN if request.path.endswith("/me") else []})
        body = json.loads(request.body or b"{}")
        if body.get("identifier") == refuse:
            return Reply(400, {"statusCode": 400, "message": [f"no {request.body.decode()}"]})
        return Reply(201, {"data": {"_id": OWN["_id"], "_environmentId": OWN["_id"], **body}})

    with scripted(answer) as server:
        yield server, leading_to(server)


WIDE = {"COLUMNS": "200", "TERM": "xterm", "NO_COLOR": "1"}


def shown_on_screen(written: str) -> str:
    """What a terminal shows after this was written to it."""
    screen = pyte.HistoryScreen(200, 100)
    pyte.Stream(screen).feed(written.replace("\n", "\r\n"))
    return "\n".join(line.rstrip() for line in screen.display)


def test_apply_on_a_terminal_shows_every_outcome(program: Program, manifest: str) -> None:
    with counting(program, refuse="push") as (_, env):
        done = program.run("apply", manifest, "--yes", "--concurrency", "1", terminal=True, env={**WIDE, **env})
    lines = shown_on_screen(done.out).splitlines()
    assert [line.split()[:3] for line in lines if line] == [
        ["done", "create", "mail"],
        ["failed", "create", "push"],
        ["done", "set-primary", "mail"],
    ]
    assert "the server answered 400: no {" in done.out
    assert "3/3" in done.out  # the bar, which is gone at the end
    assert "3/3" not in done.err
    assert "create push: failed" not in done.err


@pytest.mark.parametrize("terminal", [{"stderr"}, {"stdin", "stderr"}])
def test_rows_in_a_pipe_contain_no_progress_bar(program: Program, manifest: str, terminal: Collection[str]) -> None:
    with counting(program, refuse="push") as (_, env):
        done = program.run("apply", manifest, "--yes", "--concurrency", "1", terminal=terminal, env={**WIDE, **env})
    assert [row[:3] for row in rows(done.out)] == [
        ["done", "create", "mail"],
        ["failed", "create", "push"],
        ["done", "set-primary", "mail"],
    ]
    assert "\x1b" not in done.out
    assert "3/3" in done.err
    seen = shown_on_screen(done.err)
    assert "create push: failed: " in seen
    assert "3/3" not in seen


def test_no_progress_bar_without_a_terminal_for_errors(program: Program, manifest: str) -> None:
    with counting(program, refuse="push") as (_, env):
        done = program.run("apply", manifest, "--yes", terminal={"stdin", "stdout"}, env={**WIDE, **env})
    assert sorted(row[:3] for row in rows(done.out)) == [
        ["done", "create", "mail"],
        ["done", "set-primary", "mail"],
        ["failed", "create", "push"],
    ]
    assert "create push: failed: " in done.err
    for text in (done.out, done.err):
        assert "\x1b" not in text
        assert "3/3" not in text


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_unauthorized_responses_end_the_apply(program: Program, tmp_path: Path, flags: tuple[str, ...]) -> None:
    def turning_away(request: Received) -> Reply:
        if request.method == "GET":
            return Reply(200, {"data": OWN if request.path.endswith("/me") else []})
        return Reply(401, {"statusCode": 401, "message": "API Key not found"})

    path = write_manifest(20, tmp_path / "many.toml")
    with scripted(turning_away) as server:
        done = program.run("apply", path, "--yes", "--concurrency", "1", *flags, env=leading_to(server))
    assert done.code == 4
    assert len(done.out.splitlines()) == MAX_REFUSALS
    message = f"0 of 20 succeeded, {MAX_REFUSALS} failed, {20 - MAX_REFUSALS} not started; stopped because "
    if flags:
        assert done.error["message"].startswith(message)
        assert (done.error["type"], done.error["status"]) == ("auth", 401)
        assert done.error["hint"]
    else:
        assert f"error: {message}" in done.err
        assert "\nhint: " in done.err


def test_unwritable_state_folder_is_a_warning(program: Program, manifest: str, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("no folder")
    env = {"INTEGRATIONS_STATE": str(blocked)}
    done = ok(program.run("apply", manifest, "--yes", env=env))
    assert len(done.out.splitlines()) == 3
    assert re.search(
        rf"^warning: .*{re.escape(str(blocked))}.*plan will count what was applied as changed$", done.err, re.MULTILINE
    )
    done = ok(program.run("export", env=env))
    assert set(tomllib.loads(done.out)["integrations"]) == {"mail", "push", "novu"}
    assert re.search(rf"^warning: .*{re.escape(str(blocked))}", done.err, re.MULTILINE)
    assert "hint: plan will count the secrets as changed\n" in done.err
    assert program.run("plan", manifest, "--exit-code", env=env).code == 9
    ok(program.run("apply", manifest, "--yes"))  # where it can be written there is nothing to say
    assert "warning" not in ok(program.run("export")).err


# -- as a process -----------------------------------------------------------------------------------------------------


@contextmanager
def serving(program: Program, *flags: str) -> Iterator[dict[str, str]]:
    """The sandbox on a socket, and the environment that leads to it."""
    command = [sys.executable, "-m", "integrations_cli", "sandbox", "serve", "--port", "0", "--json", *flags]
    with subprocess.Popen(command, env=program.environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            started = json.loads(server.stdout.readline())
            key = started["api_keys"]["Development"]
            yield {"NOVU_SECRET_KEY": key, "NOVU_API_URL": started["url"], "INTEGRATIONS_PROFILE": ""}
        finally:
            server.terminate()


def write_manifest(count: int, path: Path) -> str:
    entries = (f'[integrations.i{number}]\nprovider = "expo"\nname = "{number}"\n' for number in range(count))
    path.write_text("version = 1\n" + "".join(entries))
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_finishes_running_actions_and_rerun_continues(program: Program, tmp_path: Path) -> None:
    path = write_manifest(400, tmp_path / "many.toml")
    command = [sys.executable, "-m", "integrations_cli", "apply", path, "--yes", "--json"]
    errors = tmp_path / "stderr"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(command, env=program.environ, stdout=subprocess.PIPE, stderr=stderr, text=True) as running,
    ):
        assert running.stdout is not None
        first = [running.stdout.readline() for _ in range(20)]
        running.send_signal(signal.SIGINT)
        outcomes = [json.loads(line) for line in (*first, *running.stdout)]
    err = errors.read_text()
    assert running.returncode == 130
    assert {outcome["status"] for outcome in outcomes} == {"done"}
    assert json.loads(err)["error"]["type"] == "interrupted"
    assert re.search(
        rf"{len(outcomes)} of 400 succeeded, {400 - len(outcomes)} not started", json.loads(err)["error"]["message"]
    )
    listed = [entry["identifier"] for entry in ok(program.run("list", "--json")).json if entry["providerId"] != "novu"]
    assert sorted(listed) == sorted(outcome["identifier"] for outcome in outcomes)
    rest = ok(program.run("apply", path, "--yes"))
    assert len(rest.out.splitlines()) == 400 - len(listed)
    assert program.run("plan", path, "--exit-code").code == 0


@contextmanager
def held_up(program: Program, path: str) -> Iterator[tuple[subprocess.Popen[str], threading.Event]]:
    """An apply that waits for two answers, which come when the event is set. It is killed after 20 seconds."""
    arrived, release = threading.Semaphore(0), threading.Event()

    def answer(request: Received) -> Reply:
        if request.method == "GET":
            return Reply(200, {"data": OWN if request.path.endswith("/me") else []})
        arrived.release()
        release.wait()
        return Reply(201, {"data": {"_id": OWN["_id"], "_environmentId": OWN["_id"], **json.loads(request.body)}})

    command = [sys.executable, "-m", "integrations_cli", "apply", path, "--yes", "--concurrency", "2"]
    with (
        scripted(answer) as server,
        subprocess.Popen(
            command,
            env={**program.environ, **leading_to(server)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running,
    ):
        guard = threading.Timer(20, running.kill)
        guard.start()
        try:
            assert arrived.acquire(timeout=20)
            assert arrived.acquire(timeout=20)
            yield running, release
        finally:
            guard.cancel()
            release.set()
            running.kill()


ENDING = "note: finishing the running requests; press Ctrl-C again to exit at once\n"


def interrupt(running: subprocess.Popen[str]) -> None:
    """Send Ctrl-C, and read standard error up to the note that it was noticed."""
    running.send_signal(signal.SIGINT)
    assert running.stderr is not None
    assert ENDING in iter(running.stderr.readline, "")


def read_to_end(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the exit code, and the rest of the two streams."""
    assert running.stdout is not None
    assert running.stderr is not None
    err, out = running.stderr.read(), running.stdout.read()
    return running.wait(30), out, err


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_is_announced_at_once_and_once(program: Program, tmp_path: Path) -> None:
    with held_up(program, write_manifest(9, tmp_path / "many.toml")) as (running, release):
        interrupt(running)
        release.set()  # what is under way is answered only now
        code, out, err = read_to_end(running)
    assert code == 130
    assert [row[0] for row in rows(out)] == ["done", "done"]
    assert ENDING not in err
    assert "error: interrupted: 2 of 9 succeeded, 7 not started\n" in err


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_second_ctrl_c_exits_at_once(program: Program, tmp_path: Path) -> None:
    path = write_manifest(9, tmp_path / "many.toml")
    with held_up(program, path) as (running, _):
        interrupt(running)
        running.send_signal(signal.SIGINT)
        code, out, err = read_to_end(running)
    assert code == 130
    assert out == ""
    assert "error: interrupted: the outcome of the running requests is not known\n" in err
    assert f"hint: to continue: integrations apply {path}\n" in err


def test_rate_limit_is_used_and_kept(program: Program, tmp_path: Path, figures: Figures) -> None:
    path = write_manifest(300, tmp_path / "many.toml")
    with serving(program, "--rate-limit", "40") as env:  # a burst of 220, then 40 a second
        done = ok(program.run("apply", path, "--yes", "--verbose", env=env))
    match = re.search(r"(\d+) requests in ([0-9.]+) s, limited to 40 a second, (\d+) of them answered 429", done.err)
    assert match is not None
    sent, seconds, limited = int(match[1]), float(match[2]), int(match[3])
    assert len(done.out.splitlines()) == 300
    assert limited <= sent // 100
    figures("apply of 300 under 40 a second", [("sent", "seconds", "429"), (sent, f"{seconds:.2f}", limited)])


def test_memory_does_not_grow_with_the_outcomes(program: Program, tmp_path: Path) -> None:
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    peaks = []
    for count in (50, 1500):
        path = write_manifest(count, tmp_path / f"{count}.toml")
        command = [sys.executable, "-c", code, sys.executable, "-m", "integrations_cli", "apply", path, "--yes"]
        environ = {**program.environ, "INTEGRATIONS_SANDBOX": str(tmp_path / f"{count}.db")}
        peaks.append(int(subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout))
    unit = 1024 if sys.platform == "darwin" else 1
    assert (peaks[1] - peaks[0]) / unit < 14 * 1024  # a plan of 1,500 entries, and no trace of 1,500 answers


# -- export -----------------------------------------------------------------------------------------------------------


def test_export_plans_to_nothing_until_variables_change(program: Program, manifest: str, tmp_path: Path) -> None:
    ok(program.run("apply", manifest, "--yes"))
    path = tmp_path / "exported.toml"
    path.write_text(ok(program.run("export")).out)
    assert set(tomllib.loads(path.read_text())["integrations"]) == {"mail", "push", "novu"}
    assert program.run("plan", str(path), "--exit-code").code == 0
    assert program.run("plan", manifest, "--exit-code").code == 0
    env = {"MAIL__API_KEY": "new", "PUSH__API_KEY": "new"}
    changed = program.run("plan", str(path), "--exit-code", env=env)
    assert changed.code == 9
    assert sorted(rows(changed.out)) == [
        ["update", "mail", "mailgun", "email", "credentials changed: apiKey"],
        ["update", "push", "expo", "push", "credentials changed: apiKey"],
    ]


@pytest.mark.parametrize("name", ["out.toml", "out.json"])
def test_export_can_be_written_to_a_file(program: Program, manifest: str, tmp_path: Path, name: str) -> None:
    ok(program.run("apply", manifest, "--yes"))
    done = ok(program.run("export", "-o", str(tmp_path / name)))
    assert done.out == ""
    assert "3 integrations are in" in done.err
    assert program.run("plan", str(tmp_path / name), "--exit-code").code == 0
    refused = program.run("export", "-o", str(tmp_path / "none" / name))
    assert refused.code == 2


def test_exported_json_and_toml_are_equal(program: Program, manifest: str) -> None:
    ok(program.run("apply", manifest, "--yes"))
    assert ok(program.run("export", "--json")).json == tomllib.loads(ok(program.run("export")).out)


def test_export_escapes_hostile_names(program: Program) -> None:
    ok(program.run("create", "-p", "expo", "-i", "a b.c", "-n", 'x"\\\n\x1b[31m\u202e', "-q"))
    text = ok(program.run("export")).out
    assert tomllib.loads(text)["integrations"]["a b.c"]["name"] == 'x"\\\n\x1b[31m\u202e'
    assert "\x1b" not in text


# -- diff -------------------------------------------------------------------------------------------------------------


def test_diff_compares_two_environments(program: Program, manifest: str) -> None:
    ok(program.run("apply", manifest, "--yes"))
    with serving(program) as env:
        key = json.loads(ok_keys(program))["Production"]
        ok(program.run("profiles", "add", "production", "--api-url", env["NOVU_API_URL"], "--api-key-stdin", stdin=key))
        other = {"INTEGRATIONS_PROFILE": "production"}
        ok(program.run("create", "-p", "expo", "-i", "only-there", "-q", env=other))
        done = program.run("diff", "--profile", "sandbox", "--against", "production", "--exit-code")
        assert done.code == 9
        found = {(row[0], row[1]): row[2:] for row in rows(done.out)}
        assert found["only-there", "provider"] == ["", "expo", "right only"]
        assert found["mail", "name"] == ["Mail", "", "left only"]
        assert found["mail", "credentials.apiKey"][0] == "********"
        assert ("novu", "active") not in found
        document = program.run("diff", "--profile", "sandbox", "--against", "production", "--json").json
        assert (document["left"], document["right"]) == ("sandbox: Development", "production: Production")
        assert document["integrations"]["mail"]["name"] == {"left": "Mail", "right": None, "verdict": "left only"}
        drawn = program.run("diff", "-P", "sandbox", "-A", "production", terminal=True, env={"COLUMNS": "150"})
        assert "3 of 4 integrations differ" in drawn.out


def ok_keys(program: Program) -> str:
    """The keys of the sandbox that is being served."""
    from integrations_cli.sandbox.open import open_sandbox

    with open_sandbox(Path(program.environ["INTEGRATIONS_SANDBOX"])) as sandbox:
        return json.dumps(sandbox.api_keys)


def test_diff_compares_a_manifest_and_an_environment(program: Program, manifest: str, tmp_path: Path) -> None:
    ok(program.run("apply", manifest, "--yes"))
    same = ok(program.run("diff", manifest, "--exit-code", "--all"))
    verdicts = {(row[0], row[1]): row[4] for row in rows(same.out)}
    assert set(verdicts.values()) == {"same", "unknown"}
    assert verdicts["mail", "name"] == "same"
    assert verdicts["mail", "credentials.apiKey"] == "unknown"
    changed = tmp_path / "changed.toml"
    changed.write_text(MANIFEST.replace('"Mail"', '"Other"').replace("[integrations.push]", "[integrations.pull]"))
    done = program.run("diff", str(changed), "--exit-code")
    assert done.code == 9
    found = {(row[0], row[1]): row[2:] for row in rows(done.out)}
    assert found["mail", "name"] == ["Mail", "Other", "different"]
    assert found["push", "provider"][2] == "left only"
    assert found["pull", "provider"][2] == "right only"


def test_diff_compares_conditions(program: Program, tmp_path: Path) -> None:
    ok(program.run("create", "-p", "expo", "-i", "push", "--condition", "tenant.identifier=acme", "-q"))
    path = tmp_path / "env.toml"
    exported = ok(program.run("export")).out
    path.write_text(exported)
    same = ok(program.run("diff", str(path), "--exit-code", "--all"))
    assert {(row[0], row[1]): row[4] for row in rows(same.out)}["push", "conditions"] == "same"
    path.write_text(exported.replace("acme", "umbrella"))
    other = program.run("diff", str(path), "--exit-code", "--json")
    assert other.code == 9
    cell = other.json["integrations"]["push"]["conditions"]
    assert [cell[side][0]["children"][0]["value"] for side in ("left", "right")] == ["acme", "umbrella"]
    assert cell["verdict"] == "different"


def test_diff_ignores_fields_missing_in_the_manifest(program: Program, manifest: str, tmp_path: Path) -> None:
    ok(program.run("apply", manifest, "--yes"))
    path = tmp_path / "env.toml"
    path.write_text('version = 1\n[integrations.mail]\nprovider = "mailgun"\n[integrations.push]\nprovider = "expo"\n')
    done = ok(program.run("diff", str(path), "--exit-code", "--all"))
    assert rows(done.out) == [
        ["mail", "provider", "mailgun", "mailgun", "same"],
        ["mail", "channel", "email", "email", "same"],
        ["push", "provider", "expo", "expo", "same"],
        ["push", "channel", "push", "push", "same"],
    ]


def test_diff_json_has_every_field(program: Program, manifest: str, tmp_path: Path) -> None:
    ok(program.run("apply", manifest, "--yes"))
    path = tmp_path / "env.toml"
    credentials = 'credentials = { apiKey = { env = "PUSH_KEY" } }'
    path.write_text(f'version = 1\n[integrations.push]\nprovider = "expo"\nname = "Expo Push"\n{credentials}\n')
    document = ok(program.run("diff", str(path), "--json")).json
    mail = document["integrations"].pop("mail")
    assert {cell["verdict"] for cell in mail.values()} == {"left only"}
    assert document == {
        "left": "sandbox: Development",
        "right": str(path),
        "different": True,
        "integrations": {
            "push": {
                "provider": {"left": "expo", "right": "expo", "verdict": "same"},
                "channel": {"left": "push", "right": "push", "verdict": "same"},
                "name": {"left": "Expo Push", "right": "Expo Push", "verdict": "same"},
                "credentials.apiKey": {"left": "********", "right": {"env": "PUSH_KEY"}, "verdict": "unknown"},
            }
        },
    }


@pytest.mark.parametrize("arguments", [(), ("x.toml", "--against", "sandbox")])
def test_diff_needs_exactly_one_other_side(program: Program, arguments: tuple[str, ...]) -> None:
    done = program.run("diff", *arguments)
    assert done.code == 2
    assert "either --against PROFILE or a manifest" in done.err


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_no_secret_in_any_output_or_file(program: Program, manifest: str, tmp_path: Path) -> None:
    """From the environment, from a server that decrypts, and from one that repeats what it was sent."""
    own, shown = "6b03c66d9567edf1d9ef70d4", "shown-by-the-server-0123"
    listed: dict[str, Any] = {
        "_id": own, "_environmentId": own, "identifier": "mail", "providerId": "mailgun", "channel": "email",
        "name": "Old", "active": True, "primary": True, "conditions": [],
        "credentials": {"apiKey": shown, "secretKey": shown, "odd": shown, "tlsOptions": {"key": shown}, "domain": "d"},
        "configurations": {"token": shown},
    }  # fmt: skip

    def answer(request: Received) -> Reply:
        if request.path.endswith("/me"):
            return Reply(200, {"data": {"_id": own, "name": "Staging"}})
        if request.method == "GET":
            return Reply(200, {"data": [listed]})
        return Reply(400, {"statusCode": 400, "message": [request.body.decode(), f"key {SECRET}"]})

    outputs = []
    with scripted(answer) as server:
        env = {"NOVU_SECRET_KEY": "sk-0123456789abc", "NOVU_API_URL": server.url, "INTEGRATIONS_PROFILE": ""}
        ok(program.run("profiles", "add", "p", "--api-url", server.url, "--api-key-env", "NOVU_SECRET_KEY", env=env))
        for arguments in (
            ("plan", manifest), ("plan", manifest, "--prune"), ("export",), ("diff", manifest, "--all"),
            ("diff", "--against", "p", "--all"), ("apply", manifest, "--yes"), ("list",), ("get", "mail"),
        ):  # fmt: skip
            for flags in ((), ("--json",), ("--verbose",)):
                for terminal in (False, True):
                    done = program.run(*arguments, *flags, env=env, terminal=terminal)
                    assert done.code in {0, 1}, (arguments, done.err)
                    outputs.append(done.out + done.err)
    ok(program.run("apply", manifest, "--yes"))
    ok(program.run("export"))
    files = [path.read_bytes() for path in program.home.rglob("*") if path.is_file()]
    for planted in (SECRET, OTHER_SECRET, shown, "sk-0123456789abc"):
        assert not [output for output in outputs if planted in output]
        assert not [content for content in files if planted.encode() in content]
    assert len(outputs) == 48


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_killed_run_leaves_no_duplicates_and_little_rework(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    entries = (
        f'[integrations.i{number}]\nprovider = "expo"\ncredentials.apiKey = "k{number}"\n' for number in range(200)
    )
    path.write_text("version = 1\n" + "".join(entries))
    command = [sys.executable, "-m", "integrations_cli", "apply", str(path), "--yes"]
    with subprocess.Popen(
        command, env=program.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        reported = [running.stdout.readline() for _ in range(35)]
        running.kill()
        reported += running.stdout.readlines()
    rest = rows(ok(program.run("apply", str(path), "--yes")).out)
    created = sum(row[1] == "create" for row in rest)
    again = sum(row[1] == "update" for row in rest)
    assert {row[0] for row in rest} == {"done"}
    # What was answered but not reported yet, and what was reported but not remembered yet.
    assert created + again <= 200 - len(reported) + SAVE_EVERY + DEFAULT_CONCURRENCY
    assert again <= SAVE_EVERY + 2 * DEFAULT_CONCURRENCY
    listed = [entry["identifier"] for entry in ok(program.run("list", "--json")).json if entry["providerId"] != "novu"]
    assert len(listed) == len(set(listed)) == 200
    assert program.run("plan", str(path), "--exit-code").code == 0
