"""`integrations profiles`, against the sandbox on a socket."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pexpect
import pytest

from certificates import AUTHORITY, server_context, write_bundle
from faults import error, http
from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve
from program import Finished, Program
from scripted_server import Reply, scripted
from tls_server import forwarding, listening, over_tls

CANARY = "c4n4ry-0123456789"
PYTHON = Path(sys.executable).as_posix()


@dataclass(frozen=True)
class Server:
    """A sandbox on a socket, and the API keys of its environments."""

    url: str
    development: str
    production: str


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with open_sandbox(tmp_path / "server.db") as sandbox, serve(sandbox.api, port=0).start() as running:
        yield Server(running.url, sandbox.api_keys["Development"], sandbox.api_keys["Production"])


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home", random=lambda: 0.0)


def saved(program: Program) -> dict[str, Any]:
    return tomllib.loads(program.config.read_text())


def add(program: Program, server: Server, *flags: str, name: str = "staging", key: str | None = None) -> Finished:
    """Add a profile for the server, with its key on standard input."""
    stdin = f"{key or server.development}\n"
    return program.run("profiles", "add", name, "--api-url", server.url, "--api-key-stdin", *flags, stdin=stdin)


def add_unverified(program: Program, name: str, *flags: str) -> Finished:
    return program.run("profiles", "add", name, "--api-key-stdin", "--no-verify", *flags, stdin=CANARY)


# -- add --------------------------------------------------------------------------------------------------------------


def test_add_checks_the_key_and_shows_its_environment(program: Program, server: Server) -> None:
    done = add(program, server, key=server.production)
    assert done.code == 0, done.err
    assert done.fields["environment"].startswith("Production (")
    assert done.fields["default"] == "yes"
    assert (done.fields["profile"], done.fields["api_url"], done.fields["integrations"]) == ("staging", server.url, "1")
    assert saved(program) == {
        "default_profile": "staging",
        "profiles": {"staging": {"api_url": server.url, "api_key": server.production}},
    }
    assert server.production not in done.out + done.err
    assert os.name != "posix" or program.config.stat().st_mode & 0o777 == 0o600


def test_added_profile_works(program: Program, server: Server) -> None:
    add(program, server)
    done = program.run("create", "--provider", "mailgun", "--json")
    assert done.code == 0, done.err
    assert done.json["providerId"] == "mailgun"


def test_add_as_json(program: Program, server: Server) -> None:
    done = add(program, server, "--json")
    assert done.err == ""
    environment = done.json["environment"]
    assert environment["name"] == "Development"
    assert len(environment["_id"]) == 24
    assert {key: value for key, value in done.json.items() if key != "environment"} == {
        "profile": "staging",
        "api_url": server.url,
        "api_key_source": "api_key",
        "verified": True,
        "integrations": 1,
        "default": True,
        "path": str(program.config),
    }


def test_refused_key_is_not_saved(program: Program, server: Server) -> None:
    done = add(program, server, key=CANARY)
    assert done.code == 4
    assert "API Key not found; the profile was not saved" in done.err
    assert "--no-verify" in done.err
    assert CANARY not in done.out + done.err
    assert not program.config.exists()


def test_unreachable_server_prevents_saving(program: Program) -> None:
    with scripted() as gone:
        url = gone.url
    environ = {"NOVU_SECRET_KEY": "other"}
    done = program.run(
        "profiles", "add", "p", "--api-url", url, "--api-key-stdin", "--timeout", "0.5", stdin=CANARY, env=environ
    )
    assert done.code == 8
    assert "the profile was not saved" in done.err
    assert not program.config.exists()


def test_server_without_environment_names_is_accepted(program: Program) -> None:
    def answer(request: Any) -> Reply:
        if request.path.endswith("/me"):
            return Reply(404, {"statusCode": 404, "message": "Cannot GET /v1/environments/me"})
        return Reply(200, {"data": []})

    with scripted(answer) as old:
        done = program.run("profiles", "add", "old", "--api-url", old.url, "--api-key-stdin", stdin="k-123")
        assert done.code == 0, done.err
        assert done.fields["environment"] == "not named by the server"
        assert {request.headers["Authorization"] for request in old.received} == {"ApiKey k-123"}


def test_no_verify_sends_nothing(program: Program) -> None:
    with scripted() as watching:
        done = add_unverified(program, "p", "--api-url", f"{watching.url}/v1/", "--timeout", "7", "--json")
        assert watching.received == []
        assert done.code == 0, done.err
        assert (done.json["verified"], done.json["environment"]) == (False, None)
        assert saved(program)["profiles"]["p"] == {"api_url": watching.url, "api_key": CANARY, "timeout": 7.0}


def test_flags_are_saved(program: Program, tmp_path: Path) -> None:
    flags = ("--region", "eu", "--ca-bundle", str(tmp_path / "ca.pem"), "--allow-http")
    assert add_unverified(program, "p", *flags).code == 0
    assert saved(program)["profiles"]["p"] == {
        "region": "eu",
        "api_key": CANARY,
        "ca_bundle": str(tmp_path / "ca.pem"),
        "allow_http": True,
    }


def test_key_may_stay_in_a_variable_or_command(program: Program, server: Server) -> None:
    base = ("--api-url", server.url)
    done = program.run(
        "profiles", "add", "v", *base, "--api-key-env", "STAGING_KEY", env={"STAGING_KEY": server.development}
    )
    assert (done.code, done.fields["api_key"]) == (0, "from environment variable STAGING_KEY")
    command = f"{PYTHON} -c 'print(\"{server.production}\")'"
    done = program.run("profiles", "add", "c", *base, "--api-key-command", command)
    assert done.code == 0, done.err
    assert done.fields["environment"].startswith("Production")
    profiles = saved(program)["profiles"]
    assert profiles["v"] == {"api_url": server.url, "api_key_env": "STAGING_KEY"}
    assert profiles["c"] == {"api_url": server.url, "api_key_command": command}


def test_unset_variable_is_reported_by_add(program: Program, server: Server) -> None:
    done = program.run("profiles", "add", "v", "--api-url", server.url, "--api-key-env", "GONE_KEY")
    assert done.code == 4
    assert "environment variable GONE_KEY, which is not set" in done.err
    assert "the profile was not saved" in done.err
    # The shell expands $NAME: the program gets the key itself.
    done = program.run("profiles", "add", "v", "--api-url", server.url, "--api-key-env", "c4n4ry0123456789")
    assert done.code == 4
    assert "c4n4ry0123456789" not in done.out + done.err


def test_first_profile_becomes_the_default(program: Program) -> None:
    add_unverified(program, "a")
    add_unverified(program, "b")
    assert saved(program)["default_profile"] == "a"
    add_unverified(program, "c", "--use")
    assert saved(program)["default_profile"] == "c"
    add_unverified(program, "d", "--default")
    assert saved(program)["default_profile"] == "d"


def test_taken_name_is_refused_before_reading_the_key(program: Program) -> None:
    add_unverified(program, "a", "--region", "eu")
    before = program.config.read_bytes()
    done = program.run("profiles", "add", "a", "--api-key-stdin", "--no-verify", stdin=b"")
    assert done.code == 3
    assert "profile a already exists" in done.err
    assert "--force" in done.err
    assert program.config.read_bytes() == before
    assert add_unverified(program, "a", "--force").code == 0
    assert saved(program)["profiles"]["a"] == {"api_key": CANARY}


def test_replacing_keeps_unknown_keys(program: Program) -> None:
    program.config.parent.mkdir(parents=True)
    program.config.write_text('top = 1\n# mine\n[profiles.a]\nregion = "eu"\ncolour = "red"\n')
    done = add_unverified(program, "a", "--force")
    assert f"the previous file is {program.config}.bak" in done.err
    assert saved(program)["top"] == 1
    assert saved(program)["profiles"]["a"] == {"api_key": CANARY, "colour": "red"}


def test_no_prompt_without_a_terminal(program: Program) -> None:
    done = program.run("profiles", "add", "a", stdin=b"not a key")
    assert done.code == 2
    assert "--api-key-stdin" in done.err


REFUSED = [
    (["--api-key-stdin", "--api-key-env", "A"], 2, "cannot be combined"),
    (["--api-key-env", "A", "--api-key-command", "b"], 2, "cannot be combined"),
    (["--api-key-env", "A", "--keyring"], 2, "--keyring and --api-key-env"),
    (["--api-key-stdin", "--region", "eu", "--api-url", "https://x.example.com"], 2, "--region and --api-url"),
    (["--api-key-stdin", "--region", "mars"], 2, "mars"),
    (["--api-key-stdin", "--sandbox"], 2, "neither --profile nor --sandbox"),
    (["--api-key-stdin", "--profile", "b"], 2, "neither --profile nor --sandbox"),
    (["--api-key-stdin", "--timeout", "0"], 2, "--timeout"),
    (["--api-key-stdin", "--api-url", "x.example.com"], 2, "--api-url"),
    (["--api-key-stdin", "--api-url", "http://x.example.com"], 3, "--allow-http"),
    (["--api-key-env", "$A"], 2, "without a $"),
    (["--api-key-command", "a 'b"], 3, "unclosed quote"),
    (["--api-key-command", " "], 3, "a command line"),
]


@pytest.mark.parametrize(("flags", "code", "words"), REFUSED)
def test_contradicting_or_invalid_flags_are_refused(program: Program, flags: list[str], code: int, words: str) -> None:
    done = program.run("profiles", "add", "a", *flags, stdin=CANARY)
    assert (done.code, words in done.err) == (code, True), done.err
    assert CANARY not in done.out + done.err
    assert not program.config.exists()


@pytest.mark.parametrize("name", ["sandbox", "a b", "", "a\x1b[31m", "-x"])
def test_profile_name_must_be_plain(program: Program, name: str) -> None:
    done = program.run("profiles", "add", "--api-key-stdin", "--no-verify", "--", name, stdin=CANARY)
    assert done.code == 3
    assert "\x1b" not in done.err
    assert not program.config.exists()


@pytest.mark.parametrize("key", ["", "\n", f"{CANARY} {CANARY}", f"{CANARY}\n{CANARY}\n", f"é{CANARY}", f"{CANARY}\0"])
def test_invalid_key_is_refused_and_not_shown(program: Program, key: str) -> None:
    done = program.run("profiles", "add", "a", "--api-key-stdin", "--no-verify", stdin=key)
    assert done.code in {2, 3}
    assert "API key" in done.err
    assert CANARY not in done.out + done.err
    assert not program.config.exists()


def test_empty_key_is_refused(program: Program) -> None:
    done = program.run("profiles", "add", "a", "--api-key-stdin", "--no-verify", stdin="\n\n")
    assert done.code == 2
    assert "the API key from standard input is empty" in done.err
    assert not program.config.exists()


def test_error_about_flags_names_the_profile(program: Program) -> None:
    done = program.run("profiles", "add", "a", "--api-key-command", " ", "--json")
    assert done.code == 3
    assert done.error["message"].startswith(f"{program.config}: api_key_command of profile a must be a command line")


def test_key_refused_by_default_server_hints_at_others(program: Program, tmp_path: Path) -> None:
    context = server_context(AUTHORITY.issue_cert("api.novu.co"))
    refusal = http(401, error(401, "API Key not found"))
    with (
        listening(partial(over_tls, context=context, answer=refusal)) as server,
        listening(lambda proxy: forwarding(proxy, server.port)) as proxy,
    ):
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "SSL_CERT_FILE": str(write_bundle(tmp_path))}
        flags = ("profiles", "add", "a", "--api-key-stdin")
        done = program.run(*flags, stdin=CANARY, env=environ)
        assert done.code == 4, done.err
        assert "add --region eu, for your own server --api-url; --no-verify" in done.err
        chosen = program.run(*flags, "--region", "us", stdin=CANARY, env=environ)
        assert chosen.code == 4, chosen.err
        assert "--region eu" not in chosen.err
        assert len(server.heard) == 2
    assert not program.config.exists()


def test_broken_file_is_not_overwritten(program: Program) -> None:
    program.config.parent.mkdir(parents=True)
    program.config.write_text("[profiles\n")
    for command in (("add", "a", "--api-key-stdin", "--no-verify"), ("use", "a"), ("remove", "a", "--yes"), ("list",)):
        done = program.run("profiles", *command, "--json", stdin=CANARY)
        assert done.code == 3
        assert f"{program.config}, line 1, column 10" in done.error["message"]
    assert program.config.read_text() == "[profiles\n"


# -- the keyring ------------------------------------------------------------------------------------------------------

FAKE_KEYRING = """
import json, os, pathlib
import keyring.backend, keyring.errors

class Keyring(keyring.backend.KeyringBackend):
    priority = 1
    path = pathlib.Path(os.environ["FAKE_KEYRING"])

    def _all(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def get_password(self, service, username):
        if os.environ.get("FAKE_KEYRING_LOCKED"):
            raise keyring.errors.KeyringLocked("locked")
        return self._all().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self.path.write_text(json.dumps({**self._all(), f"{service}/{username}": password}))

    def delete_password(self, service, username):
        entries = self._all()
        del entries[f"{service}/{username}"]
        self.path.write_text(json.dumps(entries))
"""


@pytest.fixture
def ring(program: Program, tmp_path: Path) -> Path:
    """Make the program use this JSON file as its keyring."""
    pytest.importorskip("keyring", reason="comes with the extra called test")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "fake_keyring.py").write_text(FAKE_KEYRING)
    path = tmp_path / "ring.json"
    program.environ |= {
        "PYTHON_KEYRING_BACKEND": "fake_keyring.Keyring",
        "PYTHONPATH": str(tmp_path / "modules"),
        "FAKE_KEYRING": str(path),
    }
    return path


def test_keyring_key_is_not_in_the_file(program: Program, server: Server, ring: Path) -> None:
    flags = ("--api-url", server.url, "--api-key-stdin", "--keyring")
    done = program.spawn("profiles", "add", "p", *flags, stdin=server.development)
    assert done.code == 0, done.err
    assert done.fields["environment"].startswith("Development")
    assert saved(program)["profiles"]["p"] == {"api_url": server.url, "api_key_keyring": True}
    assert json.loads(ring.read_text()) == {"integrations-cli/p": server.development}
    assert program.spawn("create", "--provider", "mailgun").code == 0

    removed = program.spawn("profiles", "remove", "p", "--yes")
    assert removed.code == 0, removed.err
    assert json.loads(ring.read_text()) == {}


def test_failed_save_restores_the_keyring(program: Program, ring: Path) -> None:
    flags = ("--api-key-stdin", "--keyring", "--no-verify")
    program.config.parent.parent.joinpath("config").write_text("a file where the folder should be")
    done = program.spawn("profiles", "add", "p", *flags, stdin=CANARY)
    assert (done.code, f"cannot save {program.config}" in done.err) == (3, True), done.err
    assert json.loads(ring.read_text()) == {}
    ring.write_text(json.dumps({"integrations-cli/p": "before"}))
    assert program.spawn("profiles", "add", "p", *flags, stdin=CANARY).code == 3
    assert json.loads(ring.read_text()) == {"integrations-cli/p": "before"}


def test_replaced_profile_stores_its_new_key(program: Program, ring: Path) -> None:
    flags = ("--api-key-stdin", "--no-verify", "--force")
    for key in ("before", CANARY):
        assert program.spawn("profiles", "add", "p", *flags, "--keyring", stdin=key).code == 0
        assert json.loads(ring.read_text()) == {"integrations-cli/p": key}


def test_failed_save_without_keyring_leaves_it_alone(program: Program, ring: Path) -> None:
    program.config.parent.parent.joinpath("config").write_text("a file where the folder should be")
    ring.write_text(json.dumps({"integrations-cli/p": "before"}))
    done = program.spawn("profiles", "add", "p", "--api-key-stdin", "--no-verify", "--force", stdin=CANARY)
    assert done.code == 3
    assert json.loads(ring.read_text()) == {"integrations-cli/p": "before"}


def test_profile_without_keyring_opens_none(program: Program, ring: Path) -> None:
    locked = {"FAKE_KEYRING_LOCKED": "1"}
    flags = ("--api-key-stdin", "--no-verify", "--force")
    for _ in range(2):
        added = program.spawn("profiles", "add", "p", *flags, stdin=CANARY, env=locked)
        assert (added.code, added.err) == (0, "")
    removed = program.spawn("profiles", "remove", "p", "--yes", env=locked)
    assert removed.code == 0
    assert "keyring" not in removed.err


def test_unused_keyring_entry_is_removed(program: Program, ring: Path) -> None:
    flags = ("--api-key-stdin", "--no-verify")
    assert program.spawn("profiles", "add", "p", *flags, "--keyring", stdin=CANARY).code == 0
    assert program.spawn("profiles", "add", "p", *flags, "--force", stdin="another").code == 0
    assert json.loads(ring.read_text()) == {}
    assert program.spawn("profiles", "add", "p", *flags, "--force", "--keyring", stdin=CANARY).code == 0
    done = program.spawn("profiles", "remove", "p", "--yes", env={"FAKE_KEYRING_LOCKED": "1"})
    assert done.code == 0
    assert "may still be in the keyring" in done.err
    assert saved(program)["profiles"] == {}


# -- list, show, use, remove ------------------------------------------------------------------------------------------

SETTINGS = f"""
default_profile = "staging"
[profiles.staging]
region = "eu"
api_key = "{CANARY}"
timeout = 5
[profiles.prod]
api_key_command = ["/nonexistent/{CANARY}"]
[profiles.wrong]
timeout = "long"
"""


@pytest.fixture
def configured(program: Program) -> Program:
    program.config.parent.mkdir(parents=True)
    program.config.write_text(SETTINGS)
    program.config.chmod(0o600)
    return program


def test_list_shows_profiles_and_their_problems(configured: Program) -> None:
    done = configured.run("profiles", "list")
    assert done.code == 0
    assert [line.split("\t") for line in done.out.splitlines()] == [
        ["staging", "default", "https://eu.api.novu.co", "api_key"],
        ["prod", "", "https://api.novu.co", "the output of api_key_command"],
        ["wrong", "", "", ""],
        ["sandbox", "", "built in", "not needed"],
    ]
    assert "timeout of profile wrong must be a number of seconds" in done.err
    assert CANARY not in done.out + done.err


def test_list_as_json(configured: Program) -> None:
    listed = {entry.pop("profile"): entry for entry in configured.run("profiles", "list", "--json").json}
    assert listed["staging"] == {
        "default": True,
        "api_url": "https://eu.api.novu.co",
        "api_key_source": "api_key",
        "problem": None,
    }
    assert "timeout of profile wrong" in listed["wrong"]["problem"]


def test_list_without_a_file_shows_the_sandbox(program: Program) -> None:
    done = program.run("profiles", "list")
    assert (done.code, done.out) == (0, "sandbox\t\tbuilt in\tnot needed\n")


def test_list_draws_a_table_on_a_terminal(configured: Program) -> None:
    done = configured.run("profiles", "list", terminal=True, env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert "│ staging" in done.out
    assert str(configured.config) in done.out


def test_show_names_the_origin_of_each_value(configured: Program) -> None:
    done = configured.run("profiles", "show", "staging", "--timeout", "9", env={"NOVU_SECRET_KEY": "other"})
    label = f"profile staging in {configured.config}"
    assert [line.split("\t") for line in done.out.splitlines()] == [
        ["profile", "staging", "flag --profile"],
        ["api_url", "https://eu.api.novu.co", label],
        ["api_key", "********", f"{label}: api_key"],
        ["timeout", "9", "flag --timeout"],
        ["ca_bundle", "none", "default"],
        ["allow_http", "false", "default"],
    ]
    assert CANARY not in done.out + done.err


def test_show_json_has_the_origin_of_each_value(configured: Program) -> None:
    label = f"profile staging in {configured.config}"
    assert configured.run("profiles", "show", "staging", "--json").json["origins"] == {
        "profile": "flag --profile",
        "api_url": label,
        "api_key": f"{label}: api_key",
        "timeout": label,
        "ca_bundle": "default",
        "allow_http": "default",
    }
    assert configured.run("profiles", "show", "sandbox", "--json").json["origins"] == {
        "profile": "flag --profile",
        "timeout": "default",
        "sandbox_path": "environment variable INTEGRATIONS_SANDBOX",
    }


def test_show_without_a_name_shows_current_settings(configured: Program) -> None:
    shown = configured.run("profiles", "show", "--json", env={"NOVU_SECRET_KEY": CANARY}).json
    assert (shown["profile"], shown["api_key"], shown["timeout"]) == ("staging", "********", 5.0)
    assert shown["origins"]["api_key"] == "environment variable NOVU_SECRET_KEY"
    assert shown["origins"]["profile"] == f"default_profile in {configured.config}"
    chosen = configured.run("profiles", "show", "--json", "--profile", "prod").json
    assert chosen["profile"] == "prod"
    sandbox = configured.run("profiles", "show", "sandbox", "--json").json
    assert (sandbox["sandbox"], sandbox["sandbox_path"]) == (True, configured.environ["INTEGRATIONS_SANDBOX"])


def test_show_runs_no_command(configured: Program) -> None:
    done = configured.run("profiles", "show", "prod")
    assert done.code == 0, done.err
    assert "api_key\t********\tprofile prod in" in done.out
    assert CANARY not in done.out + done.err


def test_show_reports_a_missing_key(program: Program) -> None:
    shown = program.run("profiles", "show", "--json", env={"NOVU_API_KEY": ""}).json
    assert (shown["api_key"], shown["no_key"]) == (None, "the environment variable NOVU_API_KEY is set but empty")


def test_show_refuses_two_names(configured: Program) -> None:
    assert configured.run("profiles", "show", "prod", "--profile", "staging").code == 2
    assert configured.run("profiles", "show", "prod", "--profile", "prod").code == 0
    assert configured.run("profiles", "show", "prod", "--sandbox").code == 2
    assert configured.run("profiles", "show", "wrong").code == 3


def test_use_sets_the_default(configured: Program) -> None:
    done = configured.run("profiles", "use", "prod")
    assert (done.code, done.out) == (0, "prod is the default profile\n")
    assert saved(configured)["default_profile"] == "prod"
    assert configured.run("profiles", "use", "sandbox", "--json").json["default"] is True
    assert configured.run("create", "--provider", "mailgun", "--json").json["providerId"] == "mailgun"


def test_use_warns_of_an_overriding_variable(configured: Program) -> None:
    assert (
        "INTEGRATIONS_PROFILE" in configured.run("profiles", "use", "prod", env={"INTEGRATIONS_PROFILE": "wrong"}).err
    )


@pytest.mark.parametrize("command", [("use", "stagin"), ("remove", "stagin", "--yes"), ("show", "stagin")])
def test_unknown_name_suggests_the_nearest(configured: Program, command: tuple[str, ...]) -> None:
    done = configured.run("profiles", *command)
    assert done.code == 3
    assert "did you mean staging?" in done.err
    assert configured.config.read_text() == SETTINGS


def test_failed_change_makes_no_folder(program: Program) -> None:
    for command in (("use", "a"), ("remove", "a", "--yes")):
        assert program.run("profiles", *command).code == 3
    assert not program.config.parent.exists()


def test_remove_deletes_the_profile(configured: Program) -> None:
    done = configured.run("profiles", "remove", "staging", "--yes")
    assert (done.code, done.out) == (0, "removed profile staging\n")
    assert "it was the default" in done.err
    assert set(saved(configured)["profiles"]) == {"prod", "wrong"}
    assert "default_profile" not in saved(configured)
    assert configured.run("profiles", "remove", "wrong", "-y", "--json").json["removed"] is True


def test_remove_asks_only_on_a_terminal(configured: Program) -> None:
    assert configured.run("profiles", "remove", "staging").code == 0
    assert "staging" not in configured.run("profiles", "list", "--json").out
    assert configured.run("profiles", "remove", "sandbox", "--yes").code == 2


# -- on a terminal ----------------------------------------------------------------------------------------------------

terminals = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


def typed(program: Program, *arguments: str, **environ: str) -> Any:
    command = ["-m", "integrations_cli", "profiles", *arguments]
    env = {**program.environ, "TERM": "xterm", **environ}
    return pexpect.spawn(sys.executable, command, env=env, encoding="utf-8", timeout=30, dimensions=(40, 200))


@terminals
@pytest.mark.parametrize("environ", [{}, {"TERM": "dumb"}, {"INTEGRATIONS_ACCESSIBLE": "1"}])
def test_prompted_key_is_not_shown(program: Program, server: Server, environ: dict[str, str]) -> None:
    with typed(program, "add", "staging", "--api-url", server.url, **environ) as terminal:
        terminal.expect("API key")
        terminal.expect("[:?]|hidden")
        terminal.waitnoecho()
        terminal.sendline(server.development)
        terminal.expect("Development")
        terminal.expect(pexpect.EOF)
        shown = terminal.before
    assert terminal.exitstatus == 0
    assert server.development not in shown
    assert saved(program)["profiles"]["staging"]["api_key"] == server.development


@terminals
def test_ctrl_c_at_the_prompt_saves_nothing(program: Program) -> None:
    with typed(program, "add", "staging", "--region", "eu", TERM="dumb") as terminal:
        terminal.expect("API key")
        terminal.waitnoecho()
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
    assert terminal.exitstatus == 130
    assert not program.config.exists()


@terminals
def test_remove_prompt_decides(configured: Program) -> None:
    for answer, code in (("n", 1), ("y", 0)):
        with typed(configured, "remove", "prod", TERM="dumb") as terminal:
            terminal.expect("Remove the profile prod")
            terminal.sendline(answer)
            terminal.expect(pexpect.EOF)
        assert terminal.exitstatus == code
        assert ("prod" in saved(configured)["profiles"]) == bool(code)
