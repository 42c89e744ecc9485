"""TAB in real shells, and the candidates that the program prints for it."""

from __future__ import annotations

import os
import shlex
import socket
import stat
import sys
from functools import partial
from pathlib import Path

import pytest

from certificates import AUTHORITY, server_context, write_bundle
from faults import http
from integrations_cli import cli
from integrations_cli.commands.complete import completions
from integrations_cli.reference.describe import Command, describe
from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve
from program import Program
from scripted_server import Reply, scripted
from shells import bash, fish, needs, zsh
from tls_server import listening, over_tls

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these shells need a pseudo-terminal")

CASES = {
    # commands, at both levels
    "integrations cre": "integrations create ",
    "integrations set": "integrations set-primary ",
    "integrations profiles rem": "integrations profiles remove ",
    # flags, and a second name
    "integrations create --prov": "integrations create --provider ",
    "integrations create --inac": "integrations create --inactive ",
    "integrations list --sand": "integrations list --sandbox ",
    "integrations --vers": "integrations --version ",
    # each way to give a value
    "integrations create -p mailgu": "integrations create -p mailgun ",
    "integrations create --provider mailgu": "integrations create --provider mailgun ",
    "integrations create --provider=mailgu": "integrations create --provider=mailgun ",
    "integrations create -pmailgu": "integrations create -pmailgun ",
    "integrations create -qp mailgu": "integrations create -qp mailgun ",
    # each kind of value
    "integrations create --channel pu": "integrations create --channel push ",
    "integrations create --color=al": "integrations create --color=always ",
    "integrations profiles add x --region e": "integrations profiles add x --region eu ",
    "integrations profiles add x --api-key-env ODD_V": "integrations profiles add x --api-key-env ODD_VARIABLE ",
    "integrations providers show twili": "integrations providers show twilio ",
    "integrations create -f wit": "integrations create -f with\\ blank.json ",
    "integrations create --from-file=wit": "integrations create --from-file=with\\ blank.json ",
    "integrations plan with\\ blank.json fol": "integrations plan with\\ blank.json folder/",
    # credential keys of the provider, wherever it is on the line
    "integrations create -p mailgun -C do": "integrations create -p mailgun -C domain=",
    "integrations create --provider=mailgun -C do": "integrations create --provider=mailgun -C domain=",
    "integrations create -p sendgrid -C do": "integrations create -p sendgrid -C do",
    "integrations create -psendgrid -C region=e": "integrations create -psendgrid -C region=eu ",
    "integrations create -p nodemailer -C secure=t": "integrations create -p nodemailer -C secure=true ",
    "integrations create -p mailgun -C apiKey=@wit": "integrations create -p mailgun -C apiKey=@with\\ blank.json ",
    "integrations create -p mailgun -C user=@folder/in": "integrations create -p mailgun -C user=@folder/inner.txt ",
    "integrations create --credential=apiKey=@wit": "integrations create --credential=apiKey=@with\\ blank.json ",
    "integrations create -C apiKey=env:ODD_V": "integrations create -C apiKey=env:ODD_VARIABLE ",
    # what the program prints
    "integrations create --profile stag": "integrations create --profile staging ",
    "integrations create -Pstag": "integrations create -Pstaging ",
    "integrations profiles use stag": "integrations profiles use staging ",
    "integrations diff --against stag": "integrations diff --against staging ",
    "integrations get plai": "integrations get plain-one ",
    "integrations delete --yes plai": "integrations delete --yes plain-one ",
    # no flags after --, and nothing for free text
    "integrations get -- plai": "integrations get -- plain-one ",
    "integrations create --name with": "integrations create --name with",
    "integrations nonsense --prov": "integrations nonsense --prov",
}

OFFERED = ["plain-one\tof Mailgun", "semi;colon\tx", "dollar$(touch pwned)\tx", "a:b=c@d\tx", "it's\tx", "back`tick\tx"]

ODD = {
    "integrations get semi": "semi;colon",
    "integrations get doll": "dollar$(touch pwned)",
    "integrations get a:b": "a:b=c@d",
    "integrations get a:b=c@": "a:b=c@d",
    "integrations get it": "it's",
    "integrations get back": "back`tick",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with some files, and programs that record their starts."""
    (tmp_path / "folder").mkdir()
    for name in ("with blank.json", "folder/inner.txt", "other.toml"):
        (tmp_path / name).touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    answers = "\n".join(["staging\tx", *OFFERED])
    for name in ("integrations", "python", "python3"):
        stub = programs / name
        stub.write_text(f"#!/bin/sh\necho {name} \"$@\" >>{tmp_path}/started\ncat <<'END'\n{answers}\nEND\n")
        stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    return tmp_path


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    return {"PATH": f"{home}/bin:{os.environ['PATH']}", "ODD_VARIABLE": "1"}


def started(home: Path) -> list[str]:
    record = home / "started"
    return record.read_text().splitlines() if record.exists() else []


@needs("bash")
def test_bash_completes_every_kind_of_word(home: Path, environ: dict[str, str]) -> None:
    with bash(home, environ) as tab:
        assert {typed: tab(typed) for typed in CASES} == CASES


@needs("zsh")
def test_zsh_completes_every_kind_of_word(home: Path, environ: dict[str, str]) -> None:
    with zsh(home, environ) as tab:
        expected = CASES | {"integrations create --prov": "integrations create --provider="}  # its own way to put it
        assert {typed: tab(typed) for typed in CASES} == expected


@needs("fish")
@pytest.mark.parametrize("typed", CASES)
def test_fish_completes_every_kind_of_word(home: Path, environ: dict[str, str], typed: str) -> None:
    """fish offers whole words, and quotes the chosen one itself."""
    last = typed.rsplit(" ", 1)[1]
    completed = CASES[typed]
    expected = [] if completed == typed else [completed[len(typed) - len(last) :].rstrip(" ").replace("\\", "")]
    assert fish(home, environ, typed) == expected


COMMANDS = describe(cli.root(), cli.PROGRAM).root.walk()


def long_names(command: Command) -> list[str]:
    return sorted(name for flag in command.flags for name in (*flag.names, *flag.off) if name.startswith("--"))


def every_flag() -> dict[str, str]:
    """Return each long flag without its last letter, where that is unambiguous, and its completion."""
    return {
        f"{command.name} {name[:-1]}": f"{command.name} {name}"
        for command in COMMANDS
        for name in long_names(command)
        if sum(other.startswith(name[:-1]) for other in long_names(command)) == 1
    }


@needs("bash")
def test_bash_completes_every_flag_of_every_command(home: Path, environ: dict[str, str]) -> None:
    with bash(home, environ) as tab:
        assert {typed: tab(typed).rstrip(" ") for typed in every_flag()} == every_flag()


@needs("zsh")
def test_zsh_completes_every_flag_of_every_command(home: Path, environ: dict[str, str]) -> None:
    with zsh(home, environ) as tab:
        assert {typed: tab(typed).rstrip(" =") for typed in every_flag()} == every_flag()


@needs("fish")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_fish_offers_every_flag_of_every_command(home: Path, environ: dict[str, str], command: Command) -> None:
    offered = fish(home, environ, f"{command.name} --")
    assert sorted(name.rstrip("=") for name in offered) == long_names(command)


@needs("bash")
def test_bash_quotes_odd_names(home: Path, environ: dict[str, str]) -> None:
    with bash(home, environ) as tab:
        for typed, name in ODD.items():
            assert shlex.split(tab(typed))[-1] == name
        assert tab("integrations get 'semi") == "integrations get 'semi;colon' "
        assert tab('integrations get "semi') == 'integrations get "semi;colon" '
        assert tab('integrations get "doll') == 'integrations get "doll', "no quotes would keep that from being run"
        assert tab('integrations create -C "apiKey=@wit') == 'integrations create -C "apiKey=@with blank.json" '
    assert not (home / "pwned").exists()


@needs("zsh")
def test_zsh_quotes_odd_names(home: Path, environ: dict[str, str]) -> None:
    with zsh(home, environ) as tab:
        for typed, name in ODD.items():
            assert shlex.split(tab(typed))[-1] == name
    assert not (home / "pwned").exists()


@needs("fish")
@pytest.mark.parametrize("typed", ODD)
def test_fish_offers_odd_names_unchanged(home: Path, environ: dict[str, str], typed: str) -> None:
    assert fish(home, environ, typed) == [ODD[typed]]
    assert not (home / "pwned").exists()


STATIC = [typed for typed in CASES if "stag" not in typed and "plai" not in typed]


@needs("bash")
def test_bash_completes_static_words_alone(home: Path, environ: dict[str, str]) -> None:
    with bash(home, environ) as tab:
        for typed in STATIC:
            tab(typed)
        assert started(home) == []
        tab("integrations get -P prod --sandbox --api-url=http://127.0.0.1:1 plai")
    assert started(home) == ["integrations __complete identifiers -P prod --sandbox --api-url http://127.0.0.1:1"]


@needs("zsh")
def test_zsh_completes_static_words_alone(home: Path, environ: dict[str, str]) -> None:
    with zsh(home, environ) as tab:
        for typed in STATIC:
            tab(typed)
        assert started(home) == []
        tab("integrations get -P prod --sandbox --api-url=http://127.0.0.1:1 plai")
    (call,) = started(home)
    assert call.startswith("integrations __complete identifiers ")
    assert {*call.split()[3:]} == {"-P", "prod", "--sandbox", "--api-url", "http://127.0.0.1:1"}


@needs("fish")
def test_fish_completes_static_words_alone(home: Path, environ: dict[str, str]) -> None:
    for typed in STATIC[::4]:
        fish(home, environ, typed)
    assert started(home) == []
    fish(home, environ, "integrations get -P prod --sandbox --api-url=http://127.0.0.1:1 plai")
    (call,) = started(home)
    assert call.split()[:3] == ["integrations", "__complete", "identifiers"]
    assert "--sandbox" in call
    assert "--api-url http://127.0.0.1:1" in call
    assert "prod" in call


@needs("bash")
def test_bash_runs_the_program_on_the_line(tmp_path: Path) -> None:
    """The real program, by the path on the line, with the sandbox."""
    program = Program(tmp_path / "home")
    assert program.run("create", "-p", "mailgun", "-i", "made-here", "--sandbox").code == 0
    own = tmp_path / "own" / "integrations"
    own.parent.mkdir()
    own.write_text(f'#!/bin/sh\nexec {sys.executable} -m integrations_cli "$@"\n')
    own.chmod(0o755)
    with bash(tmp_path, program.environ) as tab:
        assert tab(f"{own} get --sandbox made") == f"{own} get --sandbox made-here "
        assert tab("~/own/integrations use --profile sand") == "~/own/integrations use --profile sandbox "


# The program's own output


def names(lines: str) -> list[str]:
    return [line.split("\t")[0] for line in lines.splitlines()]


def environ_of(path: Path, config: str = "", **more: str) -> dict[str, str]:
    (path / "config.toml").write_text(config)
    (path / "config.toml").chmod(0o600)
    return {
        "INTEGRATIONS_CONFIG": str(path / "config.toml"),
        "INTEGRATIONS_SANDBOX": str(path / "sandbox.db"),
        **more,
    }


PROFILES = """
[profiles.staging]
region = "eu"
api_key_command = ["touch", "{ran}"]
[profiles.local]
api_url = "{url}"
api_key = "k3y-in-the-file"
"""


def test_profiles_come_from_the_settings(tmp_path: Path) -> None:
    config = PROFILES.format(ran=tmp_path / "ran", url="http://127.0.0.1:1")
    assert completions(["profiles"], environ_of(tmp_path, config)) == (
        "staging\teu\nlocal\thttp://127.0.0.1:1\nsandbox\tthe built-in API\n"
    )
    assert not (tmp_path / "ran").exists()


def test_sandbox_is_offered_without_settings(tmp_path: Path) -> None:
    environ = {"INTEGRATIONS_CONFIG": str(tmp_path / "none.toml")}
    assert names(completions(["profiles"], environ)) == ["sandbox"]


@pytest.mark.parametrize("config", ["default_profile = ", "profiles = 3", "\x00", "[profiles]\nx = 1"])
def test_broken_settings_print_nothing(tmp_path: Path, config: str) -> None:
    for arguments in (["profiles"], ["identifiers"], ["identifiers", "--profile", "x"]):
        assert completions(arguments, environ_of(tmp_path, config)) == ""


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["identifiers", "--profile"], ["identifiers", "--api-url", "x y"]]
)
def test_invalid_arguments_print_nothing(tmp_path: Path, arguments: list[str]) -> None:
    assert completions(arguments, environ_of(tmp_path)) == ""


def test_identifiers_come_from_the_chosen_server(tmp_path: Path) -> None:
    with open_sandbox(tmp_path / "server.db") as sandbox, serve(sandbox.api, port=0).start() as server:
        environ = environ_of(tmp_path, NOVU_SECRET_KEY=sandbox.api_keys["Development"], NOVU_API_URL=server.url)
        by_environment = completions(["identifiers"], environ)
        elsewhere = environ_of(tmp_path, NOVU_SECRET_KEY=sandbox.api_keys["Production"])
        by_flag = completions(["identifiers", "--api-url", server.url], elsewhere)
    assert by_environment.startswith("novu-in-app-")
    assert "(novu, in_app)" in by_environment
    assert len(names(by_environment)) == len(names(by_flag)) == 1
    assert names(by_environment) != names(by_flag)


def test_profile_key_comes_from_file_or_variable(tmp_path: Path) -> None:
    listed = Reply(200, {"data": [{"_id": "1", "identifier": "there", "providerId": "mailgun", "channel": "email"}]})
    with scripted(listed) as server:
        config = PROFILES.format(ran="", url=server.url) + (
            f'[profiles.named]\napi_url = "{server.url}"\napi_key_env = "NAMED"\n'
        )
        environ = environ_of(tmp_path, config, NAMED="k3y-in-a-variable")
        assert names(completions(["identifiers", "-P", "local"], environ)) == ["there"]
        assert names(completions(["identifiers", "--profile", "named"], environ)) == ["there"]
    sent = [request.headers["Authorization"] for request in server.received]
    assert sent == ["ApiKey k3y-in-the-file", "ApiKey k3y-in-a-variable"]


def test_completion_runs_no_key_command(tmp_path: Path) -> None:
    """A password manager would ask for a fingerprint."""
    config = PROFILES.format(ran=tmp_path / "ran", url="http://127.0.0.1:1")
    assert completions(["identifiers", "--profile", "staging"], environ_of(tmp_path, config)) == ""
    assert not (tmp_path / "ran").exists()


def test_without_a_key_nothing_is_sent(tmp_path: Path) -> None:
    with scripted(Reply(200, {"data": []})) as server:
        config = (
            f'[profiles.bare]\napi_url = "{server.url}"\n'
            f'[profiles.unset]\napi_url = "{server.url}"\napi_key_env = "NOT_SET"\n'
        )
        environ = environ_of(tmp_path, config)
        assert completions(["identifiers", "--api-url", server.url], environ) == ""
        assert completions(["identifiers", "--profile", "bare"], environ) == ""
        assert completions(["identifiers", "--profile", "unset"], environ) == ""
    assert server.received == []


def test_completion_never_creates_the_sandbox(tmp_path: Path) -> None:
    environ = environ_of(tmp_path)
    assert completions(["identifiers", "--sandbox"], environ) == ""
    assert not (tmp_path / "sandbox.db").exists()
    open_sandbox(tmp_path / "sandbox.db").close()
    (name,) = names(completions(["identifiers", "--sandbox"], environ))
    assert name.startswith("novu-in-app-")


def test_server_text_is_escaped(tmp_path: Path) -> None:
    hostile = [
        {
            "_id": "1",
            "identifier": "a\nb\tc\x1b]0;x\x07",
            "name": "\u202ename\r\n",
            "providerId": "p\x9b",
            "channel": "email",
        },
        {"_id": "2", "identifier": "", "name": "no identifier"},
        {"_id": "3", "identifier": 7, "name": ["no", "text"]},
    ]
    with scripted(Reply(200, {"data": hostile})) as server:
        lines = completions(["identifiers"], environ_of(tmp_path, NOVU_SECRET_KEY="k", NOVU_API_URL=server.url))
    assert lines == "a\\nb\\tc\\x1b]0;x\\x07\t\\u202ename\\r\\n (p\\x9b, email)\n"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"message": "API Key not found"}),
        Reply(302, b"", {"Location": "http://127.0.0.1:1/"}),
        Reply(429, {"message": "slow down"}, {"Retry-After": "60"}),
        Reply(500, b""),
        Reply(200, b"<html>"),
        Reply(200, b'{"data": {"no": "list"}}'),
        Reply(200, b"[" * 100_000),
    ],
)
def test_server_errors_print_nothing(tmp_path: Path, reply: Reply) -> None:
    with scripted(reply) as server:
        assert completions(["identifiers"], environ_of(tmp_path, NOVU_SECRET_KEY="k", NOVU_API_URL=server.url)) == ""
    assert len(server.received) == 1


def test_silent_server_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environ = environ_of(tmp_path, NOVU_SECRET_KEY="k", NOVU_API_URL=url)
        assert completions(["identifiers"], environ, timeout=0.05) == ""


def test_https_needs_a_trusted_certificate(tmp_path: Path) -> None:
    listed = http(200, b'{"data": [{"_id": "1", "identifier": "there", "providerId": "p", "channel": "email"}]}')
    context = server_context(AUTHORITY.issue_cert("127.0.0.1"))
    with listening(partial(over_tls, context=context, answer=listed)) as server:
        address = f'api_url = "https://127.0.0.1:{server.port}"\napi_key = "k3y"\n'
        write_bundle(tmp_path)
        config = f'[profiles.named]\nca_bundle = "ca.pem"\n{address}[profiles.unnamed]\n{address}'
        assert names(completions(["identifiers", "--profile", "named"], environ_of(tmp_path, config))) == ["there"]
        trusting = environ_of(tmp_path, config, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
        assert names(completions(["identifiers", "--profile", "unnamed"], trusting)) == ["there"]
        assert completions(["identifiers", "--profile", "unnamed"], environ_of(tmp_path, config)) == ""
        assert len(server.heard) == 2
    assert all(b"Authorization: ApiKey k3y\r\n" in head for head in server.heard)


def test_completion_uses_the_proxy(tmp_path: Path) -> None:
    """The quick client has no proxy support: the full client is used."""
    listed = Reply(200, {"data": [{"_id": "1", "identifier": "there"}]})
    with scripted(listed) as proxy:
        config = '[profiles.far]\napi_url = "http://novu.invalid"\nallow_http = true\napi_key = "k3y"\n'
        environ = environ_of(tmp_path, config, HTTP_PROXY=proxy.url)
        assert names(completions(["identifiers", "--profile", "far"], environ)) == ["there"]
    assert proxy.received[0].path.startswith("http://novu.invalid/")


def test_complete_runs_before_the_command_line(tmp_path: Path) -> None:
    program = Program(tmp_path)
    done = program.spawn("__complete", "profiles")
    assert (done.code, done.out, done.err) == (0, "sandbox\tthe built-in API\n", "")
    assert program.spawn("__complete", "nonsense").out == ""
