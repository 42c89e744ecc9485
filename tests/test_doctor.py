"""`integrations doctor` against healthy and broken servers, and with problems on this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations_cli.api.retry import SystemClock
from integrations_cli.commands.doctor import Finding, System, diagnose, exit_code_of
from integrations_cli.sandbox.open import Sandbox, open_sandbox
from integrations_cli.sandbox.server import serve
from integrations_cli.settings.resolve import SettingsFlags, resolve_settings
from program import Finished, Program
from scripted_server import Answering, Received, Reply, scripted

ENVIRONMENT = Reply(200, {"data": {"_id": "6b03c66d9567edf1d9ef70d4", "name": "Staging"}})
EMPTY = Reply(200, {"data": []})
KEY = "c4n4ry-of-the-doctor"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home", {"NOVU_SECRET_KEY": KEY})


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with open_sandbox(tmp_path / "server.db", rate_limit=100) as opened:
        yield opened


def findings(done: Finished) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for finding in done.json["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    return found


def healthy(received: Received) -> Reply:
    """Respond like a healthy server, with idempotency keys and a rate limit."""
    if received.path.endswith("/environments/me"):
        return ENVIRONMENT
    if received.method == "GET":
        return EMPTY
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": received.headers["Idempotency-Key"],
        "RateLimit-Limit": "150",
        "RateLimit-Remaining": "149",
    }
    return Reply(400, {"statusCode": 400, "message": ["providerId must be a string"]}, headers)


def answered(program: Program, answering: Answering, *flags: str) -> tuple[Finished, list[Received]]:
    with scripted(answering) as server:
        done = program.run("doctor", "--api-url", server.url, "--json", *flags)
    return done, server.received


def test_healthy_server_has_no_warnings(program: Program, sandbox: Sandbox) -> None:
    with serve(sandbox.api, port=0).start() as server:
        key = sandbox.api_keys["Production"]
        done = program.run("doctor", "--json", "--api-url", server.url, env={"NOVU_SECRET_KEY": key})
    assert done.code == 0
    assert done.json["exit_code"] == 0
    found = findings(done)
    assert {finding["state"] for rows in found.values() for finding in rows} <= {"ok", "note"}
    assert found["API key"][0]["message"] == "found (environment variable NOVU_SECRET_KEY)"
    assert found["API key accepted"][0]["message"].startswith("opens Production (")
    assert found["idempotency keys"][0]["message"] == "supported by the server"
    assert found["rate limit"][0]["message"].startswith("500 requests in 5 s, ")
    assert found["catalogue"][0]["message"].startswith("87 providers, from @novu/shared ")
    assert key not in done.out + done.err


def test_nothing_is_created_or_changed(program: Program, sandbox: Sandbox) -> None:
    with serve(sandbox.api, port=0).start() as server:
        env = {"NOVU_SECRET_KEY": sandbox.api_keys["Development"], "NOVU_API_URL": server.url}
        before = program.run("list", "--json", env=env).json
        assert program.run("doctor", env=env).code == 0
        assert program.run("list", "--json", env=env).json == before
    assert not Path(program.environ["INTEGRATIONS_SANDBOX"]).exists()
    assert not program.config.exists()


def test_sandbox_is_checked_like_a_server(program: Program) -> None:
    assert program.run("create", "-p", "mailgun", "--sandbox").code == 0
    done = program.run("doctor", "--sandbox", "--json")
    assert done.code == 0
    found = findings(done)
    assert found["sandbox"][0]["message"].endswith(": Development, Production")
    assert found["integrations"][0]["message"] == "2 in this environment"
    assert "connection" not in found


def test_pipe_gets_lines_and_terminal_a_table(program: Program) -> None:
    lines = program.run("doctor", "--sandbox").out.splitlines()
    assert all(line.count("\t") == 3 for line in lines)
    assert "what to do" in program.run("doctor", "--sandbox", terminal=True).out


@pytest.mark.parametrize(("status", "code"), [(401, 4), (403, 4), (500, 8), (429, 8), (302, 7)])
def test_refusal_sets_exit_code_and_stops_checks(program: Program, status: int, code: int) -> None:
    done, received = answered(program, lambda _: Reply(status, {"statusCode": status, "message": f"No, {KEY}"}))
    assert done.code == code
    key = findings(done)["API key accepted"][-1]
    assert key["state"] == "error"
    assert key["hint"]
    assert len(received) == 1
    assert KEY not in done.out + done.err


def test_unreachable_server(program: Program) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        done = program.run("doctor", "--json", "--api-url", f"http://127.0.0.1:{held.getsockname()[1]}")
    assert done.code == 8
    assert "refused" in findings(done)["connection"][0]["message"]


@pytest.mark.parametrize(
    "body", [b"<html>Welcome</html>", b"", b"[]", b'{"data": {"name": "x"}}', b'{"data": 7}', b"\xff"]
)
def test_response_of_another_service_is_an_error(program: Program, body: bytes) -> None:
    done, _ = answered(program, lambda _: Reply(200, body))
    assert done.code == 8
    assert findings(done)["API key accepted"][-1]["state"] == "error"


def test_server_without_idempotency_keys_is_noted(program: Program) -> None:
    def forgetful(received: Received) -> Reply:
        reply = healthy(received)
        return Reply(reply.status, reply.body)

    done, received = answered(program, forgetful)
    assert done.code == 0
    found = findings(done)
    assert found["idempotency keys"][0]["state"] == "note"
    assert "looks the identifier up" in found["idempotency keys"][0]["hint"]
    assert found["rate limit"][0]["message"] == "no rate-limit headers"
    assert [(one.method, one.body) for one in received] == [("GET", b""), ("GET", b""), ("POST", b"{}")]


@pytest.mark.parametrize(("status", "code"), [(503, 8), (429, 8), (500, 8), (403, 4)])
def test_failing_list_is_requested_once(program: Program, status: int, code: int) -> None:
    def busy(received: Received) -> Reply:
        if received.method == "GET" and received.path.endswith("/integrations"):
            return Reply(status, {"statusCode": status, "message": "not now"})
        return healthy(received)

    done, received = answered(program, busy)
    assert done.code == code
    assert findings(done)["integrations"][0]["state"] == "error"
    assert [one.path.rsplit("/", 1)[1] for one in received] == ["me", "integrations"]


@pytest.mark.parametrize("status", [401, 409, 429, 503])
def test_other_refusals_leave_idempotency_undetermined(program: Program, status: int) -> None:
    def refusing(received: Received) -> Reply:
        if received.method == "POST":
            headers = {"Content-Type": "application/json", "Idempotency-Key": received.headers["Idempotency-Key"]}
            return Reply(status, {"statusCode": status, "message": f"No, {KEY}"}, headers)
        return healthy(received)

    done, received = answered(program, refusing)
    assert done.code == 0
    (found,) = findings(done)["idempotency keys"]
    assert found["state"] == "note"
    assert found["message"].startswith("could not be determined: ")
    assert [one.method for one in received] == ["GET", "GET", "POST"]
    assert KEY not in done.out + done.err


def test_each_run_uses_a_new_idempotency_key(program: Program) -> None:
    names = {answered(program, healthy)[1][-1].headers["Idempotency-Key"] for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("doctor-") for name in names)


def test_accepted_empty_create_is_an_error(program: Program) -> None:
    def careless(received: Received) -> Reply:
        return Reply(201, {"data": {"_id": "1"}}) if received.method == "POST" else healthy(received)

    done, _ = answered(program, careless)
    assert done.code == 1
    assert "integrations list" in findings(done)["idempotency keys"][0]["hint"]


def test_exhausted_rate_limit_is_a_warning(program: Program) -> None:
    def busy(received: Received) -> Reply:
        reply = healthy(received)
        return Reply(reply.status, reply.body, {**reply.headers, "RateLimit-Remaining": "0"})

    done, _ = answered(program, busy)
    assert done.code == 0
    assert findings(done)["rate limit"][0]["state"] == "warning"


def test_server_without_environment_endpoint_is_noted(program: Program) -> None:
    def older(received: Received) -> Reply:
        return Reply(404, {"message": "Cannot GET"}) if received.path.endswith("/me") else healthy(received)

    done, _ = answered(program, older)
    assert done.code == 0
    assert findings(done)["API key accepted"][-1]["state"] == "note"


def test_unknown_provider_is_named(program: Program) -> None:
    def newer(received: Received) -> Reply:
        if received.method == "GET" and received.path.endswith("/integrations"):
            return Reply(200, {"data": [{"_id": "1", "providerId": "brand-new", "identifier": "x"}]})
        return healthy(received)

    done, _ = answered(program, newer)
    assert done.code == 0
    assert "brand-new" in findings(done)["integrations"][0]["message"]


@pytest.mark.parametrize(("shift", "words"), [(0, "agrees"), (3600, "3600 s ahead"), (-3600, "3600 s behind")])
def test_clock_difference_is_reported(tmp_path: Path, shift: int, words: str) -> None:
    class Shifted(SystemClock):
        def wall(self) -> float:
            return super().wall() + shift

    program = Program(tmp_path / "home", {"NOVU_SECRET_KEY": KEY}, clock=Shifted())
    done, _ = answered(program, healthy)
    clock = findings(done)["clock"][0]
    assert clock["state"] == ("warning" if shift else "ok")
    assert words in clock["message"].replace("3599", "3600").replace("3601", "3600")
    assert done.code == 0


def diagnosed(url: str, key: str, *regions: str, path: Path) -> list[Finding]:
    environ = {"NOVU_SECRET_KEY": key, "INTEGRATIONS_SANDBOX": str(path / "none.db")}
    system = System(environ, SystemClock(), lambda: 0.5, regions)
    flags = SettingsFlags(api_url=url)
    return list(diagnose(lambda: resolve_settings(flags, environ, config_path=path / "config.toml"), system))


def test_key_of_the_other_region_is_recognised(tmp_path: Path) -> None:
    refused = Reply(401, {"statusCode": 401, "message": "API Key not found"})
    with scripted(refused) as wrong, scripted(ENVIRONMENT) as right:
        found = diagnosed(wrong.url, KEY, wrong.url, right.url, path=tmp_path)
    assert exit_code_of(found) == 4
    assert f"accepted by {right.url}" in found[-1].message
    assert right.url in (found[-1].hint or "")


def test_key_that_no_region_accepts_is_refused(tmp_path: Path) -> None:
    refused = Reply(401, {"statusCode": 401, "message": "API Key not found"})
    with scripted(refused) as one, scripted(refused) as other:
        found = diagnosed(one.url, KEY, one.url, other.url, path=tmp_path)
    assert exit_code_of(found) == 4
    assert "API Key not found" in found[-1].message


def test_other_servers_send_no_key_to_novu(tmp_path: Path) -> None:
    with scripted(Reply(401, {"message": "no"})) as mine, scripted(ENVIRONMENT) as region:
        found = diagnosed(mine.url, KEY, region.url, path=tmp_path)
    assert exit_code_of(found) == 4
    assert region.received == []


def test_missing_key_has_a_hint(program: Program) -> None:
    done = program.run("doctor", "--json", env={"NOVU_SECRET_KEY": ""})
    assert done.code == 4
    errors = [finding for rows in findings(done).values() for finding in rows if finding["state"] == "error"]
    assert len(errors) == 1
    assert "--sandbox" in errors[0]["hint"]


def test_broken_settings_are_reported(program: Program) -> None:
    program.config.parent.mkdir(parents=True)
    program.config.write_text("default_profile = \n")
    done = program.run("doctor", "--json")
    assert done.code == 3
    assert "line 1" in findings(done)["settings"][0]["message"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_settings_open_to_others_are_a_warning(program: Program, sandbox: Sandbox) -> None:
    program.config.parent.mkdir(parents=True)
    with serve(sandbox.api, port=0).start() as server:
        key = sandbox.api_keys["Development"]
        program.config.write_text(
            f'default_profile = "here"\n[profiles.here]\napi_url = "{server.url}"\napi_key = "{key}"'
        )
        program.config.chmod(0o644)
        done = program.run("doctor", "--json", env={"NOVU_SECRET_KEY": ""})
        program.config.chmod(0o600)
        closed = program.run("doctor", "--json", "--profile", "here")
    assert done.code == closed.code == 0
    warning = findings(done)["settings file"][1]
    assert warning["state"] == "warning"
    assert "chmod 600" in warning["hint"]
    assert findings(closed)["settings file"][0]["message"].endswith("only you can read it")
    assert findings(closed)["profile"][0]["message"] == "here (flag --profile)"
    assert key not in done.out + closed.out


def test_damaged_sandbox_fails_only_sandbox_runs(program: Program) -> None:
    path = Path(program.environ["INTEGRATIONS_SANDBOX"])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database at all, " * 50)
    done = program.run("doctor", "--sandbox", "--json")
    assert done.code == 3
    assert findings(done)["sandbox"][0]["state"] == "error"
    elsewhere, _ = answered(program, healthy)
    assert elsewhere.code == 0
    assert findings(elsewhere)["sandbox"][0]["state"] == "warning"


def test_proxy_is_shown_without_its_password(program: Program) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        proxy = f"http://user:{KEY}@127.0.0.1:{held.getsockname()[1]}"
        done = program.run("doctor", "--json", "--api-url", "https://novu.example", env={"HTTPS_PROXY": proxy})
    assert done.code == 8
    assert findings(done)["proxy"][0]["message"].endswith("(HTTPS_PROXY)")
    assert findings(done)["encryption"][0]["state"] == "ok"
    assert KEY not in done.out + done.err


@pytest.mark.parametrize("url", ["https://novu.example/ü", "https://é..example"])
def test_invalid_address_is_reported(program: Program, url: str) -> None:
    done = program.run("doctor", "--json", "--api-url", url)
    assert done.code == 2
    (refused,) = findings(done)["settings"]
    assert refused["state"] == "error"
    assert refused["hint"]
    assert set(findings(done)).isdisjoint({"encryption", "proxy", "connection"})


def test_invalid_proxy_is_reported(program: Program) -> None:
    done = program.run("doctor", "--json", "--api-url", "https://novu.example", env={"HTTPS_PROXY": "ftp://x"})
    assert done.code == 3
    assert findings(done)["proxy"][0]["state"] == "error"


def test_plain_http_is_refused_or_warned_of(program: Program) -> None:
    assert program.run("doctor", "--api-url", "http://novu.example", "--json").code == 3
    program.config.parent.mkdir(parents=True)
    program.config.write_text(
        '[profiles.open]\napi_url = "http://novu.invalid"\nallow_http = true\napi_key = "k3y-of-the-open-profile"'
    )
    done = program.run("doctor", "--profile", "open", "--json")
    assert done.code == 8
    assert findings(done)["encryption"][0]["state"] == "warning"


def test_https_to_a_plain_port_is_recognised(program: Program) -> None:
    with scripted(healthy) as server:
        done = program.run("doctor", "--json", "--api-url", server.url.replace("http://", "https://"))
    assert done.code == 8
    assert "https" in findings(done)["connection"][0]["hint"]
