"""`integrations create`: the request, the output, prompts and errors."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations_cli import __version__
from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve
from program import Program
from scripted_server import CREATED, Received, Reply, Scripted, created, scripted

KEY = "sk-t3st-0123456789"
ID = re.compile(r"mailgun-[A-Za-z0-9_-]{10}")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home", {"NOVU_SECRET_KEY": KEY}, random=lambda: 0.0)


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as running:
        yield running


def sent_request(program: Program, server: Scripted, *flags: str, stdin: str = "") -> Received:
    """Run `create` with these flags, and return its only request."""
    done = program.run("create", *flags, "--api-url", server.url, "--json", stdin=stdin)
    assert done.code == 0, done.err
    (request,) = server.received
    return request


# -- the request ------------------------------------------------------------------------------------------------------

FIXED = ("--identifier", "mg", "--idempotency-key", "key-1")
BASE = '"providerId":"mailgun","channel":"email"'
TAIL = '"active":false,"check":false'


def test_request_matches_documentation_byte_for_byte(program: Program, server: Scripted) -> None:
    request = sent_request(program, server, "-p", "mailgun", "-c", "email", *FIXED)
    assert (request.method, request.path) == ("POST", "/v1/integrations")
    assert request.body == f'{{{BASE},"identifier":"mg",{TAIL}}}'.encode()
    assert request.headers.pop("User-Agent").startswith("integrations-cli/")
    assert request.headers == {
        "Host": server.url.removeprefix("http://"),
        "Authorization": f"ApiKey {KEY}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "Idempotency-Key": "key-1",
        "Content-Length": str(len(request.body)),
    }


CONDITION = (
    '"conditions":[{"isNegated":false,"type":"GROUP","value":"AND","children":'
    '[{"field":"identifier","value":"acme","operator":"EQUAL","on":"tenant"}]}]'
)


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (("--provider", "mailgun"), f'{BASE},"identifier":"mg",{TAIL}'),
        (("-p", "mailgun", "--name", "Zoë 邮件"), f'{BASE},"name":"Zoë 邮件","identifier":"mg",{TAIL}'),
        (
            ("-p", "mailgun", "--environment-id", "6b03c66d9567edf1d9ef70d4"),
            f'{BASE},"identifier":"mg","_environmentId":"6b03c66d9567edf1d9ef70d4",{TAIL}',
        ),
        (
            ("-p", "mailgun", "-C", "domain=a=b", "--credential", "user=text:@x"),
            f'{BASE},"identifier":"mg","credentials":{{"domain":"a=b","user":"@x"}},{TAIL}',
        ),
        (
            ("-p", "nodemailer", "-C", "secure=true", "-C", "port=587", "-C", 'tlsOptions={"a":[1]}'),
            (
                '"providerId":"nodemailer","channel":"email","identifier":"mg",'
                f'"credentials":{{"secure":true,"port":"587","tlsOptions":{{"a":[1]}}}},{TAIL}'
            ),
        ),
        (
            ("-p", "discord", "--active", "--check"),
            '"providerId":"discord","channel":"chat","identifier":"mg","active":true,"check":true',
        ),
        (("-p", "mailgun", "--inactive", "--no-check"), f'{BASE},"identifier":"mg",{TAIL}'),
        (("-p", "mailgun", "--condition", "tenant.identifier=acme"), f'{BASE},"identifier":"mg",{TAIL},{CONDITION}'),
        (
            ("-p", "mailgun", "--extra", 'kind="agent"', "--extra", "rules={}"),
            f'{BASE},"identifier":"mg",{TAIL},"kind":"agent","rules":{{}}',
        ),
        (
            ("-p", "newcomer", "-c", "tool", "-C", "x=y", "--skip-validation"),
            f'"providerId":"newcomer","channel":"tool","identifier":"mg","credentials":{{"x":"y"}},{TAIL}',
        ),
    ],
)
def test_each_flag_sets_its_field(program: Program, server: Scripted, flags: tuple[str, ...], body: str) -> None:
    assert sent_request(program, server, *flags, *FIXED).body.decode() == f"{{{body}}}"


def test_file_fields_are_sent_in_documented_order(program: Program, server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    body = {
        "conditions": [{"b": 1, "a": 2}],
        "check": False,
        "kind": "delivery",
        "credentials": {"user": "api", "apiKey": {"file": "key.txt"}},
        "identifier": "mg",
        "channel": "email",
        "providerId": "mailgun",
    }
    file.write_text(json.dumps(body), encoding="utf-8")
    (tmp_path / "key.txt").write_text("s3cret\n", encoding="utf-8")
    assert sent_request(program, server, "-f", str(file)).body.decode() == (
        f'{{{BASE},"identifier":"mg","credentials":{{"user":"api","apiKey":"s3cret"}},{TAIL},'
        '"conditions":[{"b":1,"a":2}],"kind":"delivery"}'
    )


def test_from_file_can_be_stdin(program: Program, server: Scripted) -> None:
    request = sent_request(program, server, "-f", "-", *FIXED, stdin='{"providerId": "mailgun"}')
    assert request.body.decode() == f'{{{BASE},"identifier":"mg",{TAIL}}}'


def test_identifier_and_key_are_generated_when_missing(program: Program, server: Scripted) -> None:
    request = sent_request(program, server, "-p", "mailgun")
    assert ID.fullmatch(json.loads(request.body)["identifier"])
    assert len(request.headers["Idempotency-Key"]) >= 20


def test_create_succeeds_when_server_checks_by_default(program: Program) -> None:
    def checking(request: Received) -> Reply:
        body = json.loads(request.body)
        if body.get("check", True) and not body.get("credentials"):
            return Reply(400, {"statusCode": 400, "message": ["credentials should not be null or undefined"]})
        return created(request)

    for respond in (checking, created):
        with scripted(respond) as server:
            done = program.run("create", "--provider", "mailgun", "--channel", "email", "--api-url", server.url)
            assert done.code == 0, done.err


# -- the output -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapped", [True, False])
def test_response_is_printed_with_and_without_data_envelope(program: Program, wrapped: bool) -> None:
    integration: dict[str, Any] = {**CREATED, "brandNew": {"x": 1}}
    with scripted(Reply(201, {"data": integration} if wrapped else integration)) as server:
        flags = ("create", "-p", "mailgun", "--api-url", server.url)
        assert program.run(*flags, "--json").json == integration
        fields = program.run(*flags).fields
        assert fields["_id"] == CREATED["_id"]
        assert fields["brandNew"] == '{"x": 1}'
        assert program.run(*flags, "--quiet").out == f"{CREATED['_id']}\n"
        table = program.run(*flags, terminal=True, env={"CI": "1", "COLUMNS": "100", "TERM": "xterm"})
        assert "\x1b[" in table.out
        assert CREATED["_id"] in table.out


def test_referenced_credentials_are_masked_and_missing_ones_listed(program: Program) -> None:
    integration = {**CREATED, "credentials": {"apiKey": "nvsk.1:2", "user": "us3r-name", "domain": "mg.acme.io"}}
    with scripted(Reply(201, {"data": integration})) as server:
        flags = ("-p", "mailgun", "-C", "user=env:MY_USER", "-C", "domain=mg.acme.io", "--api-url", server.url)
        done = program.run("create", *flags, env={"MY_USER": "us3r-name"})
        assert done.fields["credentials.user"] == "********"
        assert done.fields["credentials.apiKey"] == "********"
        assert done.fields["credentials.domain"] == "mg.acme.io"
        assert "us3r-name" not in done.out + done.err
        assert "still needed" in done.err
        assert "apiKey" in done.err
        unmasked = program.run("create", *flags, "--show-secrets", env={"MY_USER": "us3r-name"})
        assert unmasked.fields["credentials.user"] == "us3r-name"


def test_literal_secret_works_with_a_warning(program: Program, server: Scripted) -> None:
    done = program.run("create", "-p", "mailgun", "-C", "apiKey=l1teral-secret", "--api-url", server.url)
    assert done.code == 0
    assert "warning: apiKey is on the command line" in done.err
    assert "l1teral-secret" not in done.out + done.err


def test_dry_run_prints_masked_request_and_sends_nothing(program: Program, server: Scripted) -> None:
    flags = ("create", "-p", "mailgun", "-C", "apiKey=env:K", "-C", "domain=d", *FIXED, "--dry-run")
    done = program.run(*flags, "--api-url", server.url, "--json", env={"K": "s3cret-key"})
    assert done.code == 0
    assert done.json["method"] == "POST"
    assert done.json["url"] == f"{server.url}/v1/integrations"
    assert done.json["headers"] == {
        "Authorization": "ApiKey ********",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"integrations-cli/{__version__}",
        "Content-Type": "application/json",
        "Idempotency-Key": "key-1",
    }
    assert done.json["body"]["credentials"] == {"apiKey": "********", "domain": "d"}
    text = program.run(*flags, "--api-url", server.url, env={"K": "s3cret-key"})
    assert text.out.startswith(f"POST {server.url}/v1/integrations\nAuthorization: ApiKey ********\n")
    assert "s3cret-key" not in text.out + text.err + done.out + done.err
    assert KEY not in text.out + text.err + done.out + done.err
    assert server.received == []


def test_if_not_exists_prints_the_existing_integration(program: Program) -> None:
    existing = {**CREATED, "identifier": "mg"}

    def respond(request: Received) -> Reply:
        if request.path == "/v1/integrations" and request.method == "GET":
            return Reply(200, {"data": [existing]})
        return created(request)

    with scripted(respond) as server:
        flags = ("create", "-p", "mailgun", "--if-not-exists", "--api-url", server.url, "--json")
        done = program.run(*flags, "-i", "mg")
        assert (done.code, done.json) == (0, existing)
        assert "nothing was created" in done.err
        assert {request.method for request in server.received} == {"GET"}
        other = program.run(*flags, "-i", "other")
        assert other.json["identifier"] == "other"
        assert program.run(*flags).code == 2


@pytest.mark.parametrize(
    ("flags", "kind", "expected"),
    [
        ((), "usage", "--if-not-exists needs an identifier"),
        (("-f", "-"), "invalid_input", "--if-not-exists needs an identifier, and the file has none"),
    ],
)
def test_if_not_exists_needs_an_identifier(
    program: Program, server: Scripted, flags: tuple[str, ...], kind: str, expected: str
) -> None:
    arguments = ("create", "-p", "mailgun", "--if-not-exists", *flags, "--api-url", server.url, "--json")
    done = program.run(*arguments, stdin='{"name": "Main"}')
    assert (done.code, done.error["type"], done.error["message"]) == (2, kind, expected)
    assert "--identifier" in done.error["hint"]
    assert server.received == []


def test_dry_run_notes_a_missing_api_key(tmp_path: Path) -> None:
    program = Program(tmp_path)
    expected = "there is no API key yet"
    without = program.run("create", "-p", "mailgun", "--dry-run")
    assert without.code == 0, without.err
    assert expected in without.err
    assert expected not in program.run("create", "-p", "mailgun", "--dry-run", env={"NOVU_SECRET_KEY": KEY}).err
    assert expected not in program.run("create", "-p", "mailgun", "--dry-run", "--sandbox").err


# -- prompts ----------------------------------------------------------------------------------------------------------

ACCESSIBLE = {"INTEGRATIONS_ACCESSIBLE": "1"}
PROMPTED = ("create", "--interactive", "-p", "discord", "-n", "Main", "-i", "mg", "--inactive", "--no-check")


def test_missing_api_key_fails_before_prompts(tmp_path: Path) -> None:
    program = Program(tmp_path)
    rejected = program.run(*PROMPTED, terminal=True, stdin="\n", env=ACCESSIBLE)
    assert rejected.code == 4, rejected.err
    assert "there is no API key" in rejected.err
    assert "Ready?" not in rejected.err
    for flag in ("--dry-run", "--sandbox"):
        prompted = program.run(*PROMPTED, flag, terminal=True, stdin="\n", env=ACCESSIBLE)
        assert prompted.code == 0, prompted.err
        assert "Ready?" in prompted.err


def test_prompted_create_prints_the_equivalent_command(program: Program) -> None:
    line = "integrations create --provider discord --channel chat --name Main --identifier mg --inactive --no-check"
    with scripted() as server:
        done = program.run(*PROMPTED, "--api-url", server.url, terminal=True, stdin="\n", env=ACCESSIBLE)
        assert done.code == 0, done.err
        assert f"the next time: {line} --api-url {server.url}" in done.err
    with scripted(Reply(422, {"statusCode": 422, "message": "not like that"})) as server:
        rejected = program.run(*PROMPTED, "--api-url", server.url, terminal=True, stdin="\n", env=ACCESSIBLE)
        assert rejected.code == 7, rejected.err
        assert f"the same as one command: {line} --api-url {server.url}" in rejected.err


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), "provider"),
        (("-p", "mailgnu"), "did you mean mailgun"),
        (("-p", "SendGrid"), "sendgrid"),
        (("-p", "mailgun", "-c", "sms"), "email"),
        (("-p", "mailgun", "-C", "api_key=env:HOME"), "apiKey"),
        (("-p", "mailgun", "--active"), "apiKey"),
        (("-p", "mailgun", "-C", "apiKey"), "has no value"),
        (("-p", "mailgun", "-C", "apiKey=@/no/such/file"), "cannot read it"),
        (("-p", "mailgun", "-f", "none.json"), "cannot read it"),
        (("-p", "mailgun", "--environment-id", "x"), "environment-id"),
        (("-p", "mailgun", "--chanel", "email"), "--chanel"),
        (("-p", "mailgun", "s3cret-extra"), "1 argument too many"),
        (("-p", "mailgun", "--interactive"), "terminal"),
        (("-p", "mailgun", "--retries", "-1"), "--retries"),
        (("-p", "mailgun", "--timeout", "0"), "timeout"),
        (("-p", "mailgun", "--idempotency-key", "x" * 256), "--idempotency-key"),
        (("-p", "mailgun", "--color", "sometimes"), "auto, always, never"),
        (("-p", "mailgun", "--conditions-file", "c.json", "--condition", "a.b=c"), "--condition exclude each other"),
    ],
)
def test_invalid_input_prints_one_error_and_sends_nothing(
    program: Program, server: Scripted, flags: tuple[str, ...], expected: str
) -> None:
    done = program.run("create", *flags, "--api-url", server.url)
    assert done.code == 2
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0].startswith("error: ")
    assert expected in lines[0]
    assert all(line.startswith("hint: ") for line in lines[1:])
    assert len(lines) <= 2
    assert "s3cret-extra" not in done.err
    assert server.received == []
    document = program.run("create", *flags, "--api-url", server.url, "--json").error
    assert document["exit_code"] == 2
    assert document["type"] in {"usage", "invalid_input"}


def test_missing_api_key_error_lists_the_sources(tmp_path: Path) -> None:
    done = Program(tmp_path).run("create", "-p", "mailgun")
    assert done.code == 4
    assert "NOVU_SECRET_KEY" in done.err
    assert "integrations profiles add" in done.err
    assert "--sandbox" in done.err


def test_profile_supplies_api_key_and_url(program: Program, server: Scripted) -> None:
    program.config.parent.mkdir(mode=0o700)
    program.config.write_text(f'[profiles.local]\napi_url = "{server.url}/v1/"\napi_key = "pr0file-key"\n')
    program.config.chmod(0o600)
    done = program.run("create", "-p", "mailgun", "--profile", "local", "--json")
    assert done.code == 0, done.err
    assert server.received[0].headers["Authorization"] == "ApiKey pr0file-key"
    assert server.received[0].path == "/v1/integrations"


def test_subprocess_works_with_empty_and_closed_stdin(tmp_path: Path) -> None:
    program = Program(tmp_path)
    for stdin in (b"", None):
        done = program.spawn("create", "--provider", "mailgun", "--channel", "email", "--sandbox", stdin=stdin)
        assert done.code == 0, done.err
        assert done.fields["providerId"] == "mailgun"
    closed = program.spawn("create", "-p", "mailgun", "-C", "apiKey=@-", "--sandbox", stdin=None)
    assert closed.code == 2
    assert "standard input" in closed.err
    prompted = program.spawn("create", "--sandbox")
    assert prompted.code == 2
    assert "Traceback" not in prompted.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true"])
def test_created_id_goes_to_stderr_when_stdout_fails(tmp_path: Path, redirection: str) -> None:
    program = Program(tmp_path)
    command = f'"$0" -m integrations_cli create -p mailgun -i mg --sandbox {redirection}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable], capture_output=True, env=program.environ, check=False, timeout=60
    )
    listed = program.run("get", "mg", "--sandbox", "--json").json
    if redirection != "| true":  # whether the reader is gone in time is chance
        assert listed["_id"] in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_sigterm_reports_the_same_as_ctrl_c(tmp_path: Path) -> None:
    received = threading.Event()
    release = threading.Event()

    def delay_response(request: Received) -> Reply:
        received.set()
        release.wait(60)
        return created(request)

    with scripted(delay_response) as server:
        environ = {**Program(tmp_path).environ, "NOVU_SECRET_KEY": KEY}
        command = [sys.executable, "-m", "integrations_cli", "create", "-p", "mailgun", "-i", "mg", "--json"]
        with subprocess.Popen([*command, "--api-url", server.url], env=environ, stderr=subprocess.PIPE) as process:
            assert received.wait(60)
            process.terminate()
            _, err = process.communicate(timeout=60)
        release.set()
    error = json.loads(err)["error"]
    assert (process.returncode, error["type"]) == (130, "interrupted")
    assert "--identifier mg" in error["hint"]


def test_long_lookup_is_announced(tmp_path: Path) -> None:
    release = threading.Event()

    def delay_posts(request: Received) -> Reply:
        if request.method == "POST":
            release.wait(60)
        return created(request)

    clock = SkippingClock()
    program = Program(tmp_path, {"NOVU_SECRET_KEY": KEY}, clock=clock)
    with scripted(delay_posts) as server:
        flags = ("create", "-p", "mailgun", "-i", "mg", "--retries", "0", "--timeout", "0.2", "--api-url", server.url)
        done = program.run(*flags)
        release.set()
    assert done.code == 10
    assert "note: the server may still be working: looking for mg for up to" in done.err
    assert "--identifier mg --idempotency-key" in done.err
    assert clock.slept >= 30


@pytest.mark.parametrize(
    "flags",
    [
        ("--credentials-file", "c.json", "--conditions-file", "conditions.json"),
        ("-C", "domain=mg.acme.io", "--condition", "tenant.identifier=acme", "--condition", "tenant.data.tier!=a b"),
        ("--extra", 'kind="agent"', "--extra", 'rules={"a": [1]}', "-n", "It's", "--inactive", "--no-check"),
    ],
)
def test_resume_command_sends_the_same_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.json").write_text('{"user": "u", "apiKey": "s3cret-of-a-file"}', encoding="utf-8")
    Path("conditions.json").write_text('[{"isNegated": false, "children": []}]', encoding="utf-8")
    posts: list[Received] = []

    def first_post_fails(request: Received) -> Reply:
        if request.method == "POST":
            posts.append(request)
            if len(posts) == 1:
                return Reply(503, {"statusCode": 503, "message": "down"})
        return created(request)

    program = Program(tmp_path / "home", {"NOVU_SECRET_KEY": KEY}, clock=SkippingClock())
    with scripted(first_post_fails) as server:
        stopped = program.run("create", "-p", "mailgun", *flags, "--retries", "0", "--api-url", server.url, "--json")
        assert stopped.code == 8, stopped.err
        line = stopped.error["hint"].partition("integrations create ")[2]
        done = program.run("create", *shlex.split(line))
    assert done.code == 0, done.err
    first, second = posts
    assert second.body == first.body
    assert second.headers["Idempotency-Key"] == first.headers["Idempotency-Key"]


class SkippingClock:
    """A clock that never waits: each sleep moves it ahead of the machine's clock."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> float:
        return time.monotonic() + self.slept

    def wall(self) -> float:
        return time.time() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_identifier_in_another_environment_is_a_conflict(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with open_sandbox(Path(program.environ["INTEGRATIONS_SANDBOX"])) as sandbox, serve(sandbox.api) as server:
        server.start()
        keys = sandbox.api_keys
        flags = ("create", "-p", "mailgun", "-i", "mg", "--if-not-exists", "--api-url", server.url)
        assert program.run(*flags, env={"NOVU_SECRET_KEY": keys["Production"]}).code == 0
        done = program.run(*flags, env={"NOVU_SECRET_KEY": keys["Development"]})
    assert done.code == 6
    assert "another environment of the organisation has this identifier" in done.err
