"""No secret comes out where no answer comes, where a key is none, at Ctrl-C, in a crash, or into what is started."""

from __future__ import annotations

import base64
import itertools
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from audit import NETWORK, Scene, calls_of, leaves, scene_in
from conftest import Figures
from integrations_cli.api.transport import http as network
from integrations_cli.settings.config_file import ConfigFile
from integrations_cli.terminal.render import Renderer
from program import Finished
from raw_server import RawServer, Request, http

TITLE: Final = "Leaks: canaries planted, runs, streams and files searched"

FLAGS: Final[Sequence[tuple[str, ...]]] = ((), ("--json",), ("--verbose",), ("--verbose", "--json"))
TWO: Final = (FLAGS[0], FLAGS[3])
"""The least and the most that is said: where there is very much to run."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path) as scene:
        yield scene


@pytest.fixture(autouse=True)
def verdict(scene: Scene, figures: Figures, request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test nothing may have been found, in files neither."""
    yield
    scene.look_at_files()
    name = request.node.name.removeprefix("test_").partition("[")[0].replace("_", " ")
    figures(TITLE, [scene.figures(name)])
    assert not scene.hits, "\n".join(scene.verdict())


# -- no answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(NETWORK))
def test_connections_that_fail(scene: Scene, command: str) -> None:
    """No server, no TLS, and proxies that refuse and repeat what they were sent."""
    canaries = scene.canaries
    user, password = canaries.text("user of the proxy"), canaries.marked("password of the proxy")
    quoted = base64.b64encode(password.encode()).decode().replace("/", "%2F").replace("=", "%3D").replace("+", "%2B")
    canaries.plant("password of the proxy, quoted", quoted)

    def refusing(request: Request) -> bytes:
        sent = request.headers.get("proxy-authorization", "")
        status = 407 if request.headers.get("user-agent") else 502
        return http(status, f"{sent} {sent}".encode(), [("Proxy-Authenticate", sent)], reason=sent)

    with RawServer(refusing) as proxy:
        address = f"http://{user}:{quoted}@127.0.0.1:{proxy.port}"
        ways: list[tuple[str, dict[str, str]]] = [
            (f"http://127.0.0.1:{unused_port()}", {}),
            (scene.server.url.replace("http:", "https:"), {}),
            ("https://api.example.invalid", {"HTTPS_PROXY": address}),
            ("https://api.example.invalid", {"ALL_PROXY": address.replace("http:", "socks5:")}),
            ("https://api.example.invalid", {"HTTPS_PROXY": f"{user}:{quoted}@[127.0.0.1:x"}),
            ("https://api.example.invalid", {"HTTPS_PROXY": "http://127.0.0.1:1", "SSL_CERT_FILE": "/dev/null"}),
            (f"https://{user}:{quoted}@api.example.invalid", {}),
            (f"https://api.example.invalid/?key={user}#{user}", {}),
            (user, {}),
        ]
        calls = itertools.cycle(calls_of(scene)[command])
        for (url, environ), flags in itertools.product(ways, TWO):
            call = next(calls)
            done = scene.run(
                *command.split(), *call.arguments, *flags, "--api-url", url, "--no-input", stdin=call.stdin, env=environ
            )
            assert done.code != 0 or "--no-verify" in call.arguments
    assert scene.server.received == []


def unused_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# -- keys that are none, values in the wrong place --------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["{}\nX-Other: 1", "{} {}", "{}\r\n\r\n{}", "é{}", "{}\x00", "Bearer {}", '"{}"\t'])
def test_keys_that_no_header_can_hold(scene: Scene, wrong: str) -> None:
    key = scene.canaries.text("API key that is none")
    text = wrong.replace("{}", key)
    (scene.inputs / "wrong.txt").write_bytes(text.encode())
    with scene.program.config.open("a", encoding="utf-8") as config:
        quoted = json.dumps(text)
        config.write(f'profiles.wrong = {{ api_key = {quoted} }}\nprofiles.said = {{ api_key_env = "WRONG" }}\n')
        config.write(f'profiles.run = {{ api_key_command = ["cat", "{scene.inputs}/wrong.txt"] }}\n')
    add = ("profiles", "add", "new", "--api-key-stdin")
    for flags in FLAGS:
        codes = {
            scene.run("list", *flags, env={"NOVU_SECRET_KEY": text}).code,
            scene.run("list", *flags, env={"NOVU_SECRET_KEY": "", "NOVU_API_KEY": text}).code,
            *(scene.run("list", *flags, "-P", name, env={"WRONG": text}).code for name in ("wrong", "said", "run")),
            scene.run(*add, *flags, stdin=text).code,
            scene.run(*add, *flags, "--no-verify", stdin=text).code,
        }
        assert codes <= {2, 3}
        scene.run("doctor", *flags, env={"NOVU_SECRET_KEY": text})
        scene.run("profiles", "show", *flags, env={"NOVU_SECRET_KEY": text})
    assert scene.server.received == []
    scene.program.config.unlink()


def test_values_that_stand_where_they_do_not_belong(scene: Scene) -> None:
    value = scene.canaries.text("value in the wrong place")
    padded = base64.b64encode(value.encode()).decode() + "=="
    mailgun = ("create", "-p", "mailgun")
    lines: list[tuple[str, ...]] = [
        (*mailgun, value),
        (*mailgun, "-C", value),
        (*mailgun, "-C", padded),
        (*mailgun, "-C", f"={value}"),
        (*mailgun, "-C", f"apiKey=@{value}"),
        (*mailgun, "-C", f"apiKey=env:{value}"),
        (*mailgun, "-C", f"apiKey=cmd:{value}"),
        (*mailgun, "-C", f"apiKey=cmd:'{value}"),
        (*mailgun, "-C", f"apiKey=cmd:sh -c 'echo {value} >&2; exit 3'"),
        (*mailgun, "-C", f"apiKey=cmd:false {value}"),
        (*mailgun, "-C", f"apiKey={value}\udcff"),
        (*mailgun, "-C", f"apiKey={value}", "-C", f"apiKey={value}"),
        (*mailgun, "-C", f"apiKei={value}"),
        (*mailgun, f"-CapiKey={value}", "--nonsense"),
        (*mailgun, f"--credential=apiKey={value}", "--retries", "many"),
        (*mailgun, f"--api-key={value}"),
        (*mailgun, "--api-key", value),
        (*mailgun, f"--credentail=apiKey={value}"),
        (*mailgun, f"--quiet={value}"),
        (*mailgun, f"--show-secrets={value}"),
        ("create", "-p", "nodemailer", "-C", f"secure={value}", "-C", f"tlsOptions={value}"),
        ("create", "-p", "nodemailer", "-C", f'tlsOptions={{"key": "{value}"'),
        ("create", "-p", "mailgnu", "-C", f"apiKey={value}"),
        (*mailgun, "--extra", f"kind={value}"),
        (*mailgun, "--extra", f"kind={{{value}"),
        ("update", "mailgun-main", "-C", value),
        ("update", "mailgun-main", f"--api-key={value}"),
        ("profiles", "add", "x", "--api-key-env", value),
        ("profiles", "add", "x", "--api-key-env", f"${value}-"),
        ("profiles", "add", "x", "--api-key-command", f"'{value}"),
        ("profiles", "add", "x", "--api-key-command", f"false {value}"),
        ("profiles", "add", "x", "--api-key", value),
        ("profiles", "add", "x", "y", value),
        ("list", value),
        ("commands", f"--json={value}"),
    ]
    for line, flags in itertools.product(lines, FLAGS):
        assert scene.run(*line, *flags).code != 0, line
    assert not [request for request in scene.server.received if request.method != "GET"]


@pytest.mark.parametrize("name", ["broken.json", "broken.toml", "wrong.json", "wrong.toml"])
def test_files_that_are_not_what_they_should_be(scene: Scene, name: str) -> None:
    path = f"{scene.inputs}/{name}"
    for flags in FLAGS:
        for line in (
            ("create", "-f", path),
            ("create", "-p", "mailgun", "--credentials-file", path),
            ("create", "-p", "mailgun", "--conditions-file", path),
            ("update", "mailgun-main", "--credentials-file", path, "--replace-credentials"),
            ("plan", path),
            ("apply", path, "--yes"),
            ("diff", path),
        ):
            assert scene.run(*line, *flags).code == 2, line
        for stdin in (Path(path).read_bytes(), b"\xff" + Path(path).read_bytes()):
            scene.run("create", "-f", "-", *flags, stdin=stdin)
            scene.run("plan", "-", *flags, stdin=stdin)
        reading: list[tuple[str, ...]] = [
            ("list",),
            ("profiles", "list"),
            ("profiles", "show"),
            ("profiles", "use", "a"),
            ("doctor",),
        ]
        for words in reading:
            scene.run(*words, *flags, env={"INTEGRATIONS_CONFIG": path})


# -- Ctrl-C and crashes -----------------------------------------------------------------------------------------------


class Impatient:
    """A clock in front of which somebody presses Ctrl-C: the `when`-th time that it is looked at."""

    def __init__(self, when: int) -> None:
        self._left = when

    def now(self) -> float:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return 1000.0

    def wall(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("command", sorted(NETWORK))
def test_ctrl_c_at_any_moment(scene: Scene, command: str) -> None:
    calls = itertools.cycle(calls_of(scene)[command])
    codes = set()
    for when, flags in itertools.product(range(12), TWO):
        call = next(calls)
        scene.program.clock = Impatient(when)
        if when > 8:
            scene.server.answer = lambda request: http(503, [request.headers["authorization"], request.body.decode()])
        done = scene.run(*command.split(), *call.arguments, *flags, "--no-input", stdin=call.stdin)
        codes.add(done.code)
    assert 130 in codes


def test_ctrl_c_while_the_server_thinks(scene: Scene) -> None:
    for command in ("create", "list", "apply", "profiles add"):
        call = calls_of(scene)[command][0]
        arrived = threading.Event()

        def think(_: Request, arrived: threading.Event = arrived) -> bytes:
            arrived.set()
            return b""

        scene.server.answer = think
        words = (*command.split(), *call.arguments, "--no-input", "--verbose")
        with subprocess.Popen(
            [sys.executable, "-m", "integrations_cli", *words],
            env=scene.program.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            process.stdin.write(call.stdin.encode())
            process.stdin.close()
            process.stdin = None
            assert arrived.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        scene.look(Finished(process.returncode, out.decode(), err.decode()), words)


@pytest.mark.parametrize("command", sorted(leaves()))
def test_crashes_inside_the_program(scene: Scene, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an error that nobody foresaw holds, it is not told."""
    secrets = " ".join(scene.canaries.values.values())

    def crash(*_: Any, **__: Any) -> Any:
        raise RuntimeError(secrets) from KeyError(secrets)

    crashed = 0
    places = [
        (network, "request_headers"),
        (Renderer, "show"),
        (Renderer, "show_json"),
        (Renderer, "_print_row"),
        (ConfigFile, "load"),
    ]
    for place, name in places:
        with monkeypatch.context() as patch:
            patch.setattr(place, name, crash)
            for call, flags in itertools.product(calls_of(scene)[command], TWO):
                words = (*command.split(), *call.arguments, *flags, "--no-input")
                crashed += "this is a bug" in scene.run(*words, stdin=call.stdin, bug=None).err
    assert crashed or command == "sandbox serve"


# -- what is started, and what is kept --------------------------------------------------------------------------------

PROBE: Final = """
import json, os, sys
from pathlib import Path

with open(sys.argv[1], "a") as report:
    for process in ("self", str(os.getppid())):
        command = Path(f"/proc/{process}/cmdline").read_text() if Path("/proc/self").exists() else ""
        report.write(json.dumps({"process": process, "command": command, "environ": dict(os.environ)}) + "\\n")
print(Path(sys.argv[2]).read_text(), end="")
"""


def test_child_processes_get_the_unchanged_environment(scene: Scene, tmp_path: Path) -> None:
    """The commands that say a value see the user's environment and no secret in a command line, ours neither."""
    probe, report = tmp_path / "probe.py", tmp_path / "report.jsonl"
    probe.write_text(PROBE)
    command = f"{sys.executable} {probe} {report}"
    with scene.program.config.open("a", encoding="utf-8") as config:
        words = json.dumps([*command.split(), f"{scene.inputs}/key.txt"])
        config.write(f'profiles.probe = {{ api_url = "{scene.server.url}", api_key_command = {words} }}\n')
    lines: list[tuple[str, ...]] = [
        ("create", "-p", "mailgun", "-C", f"apiKey=cmd:{command} {scene.inputs}/said.txt", "-P", "text"),
        (
            "create",
            "-p",
            "mailgun",
            "-C",
            f"apiKey=cmd:{command} {scene.inputs}/said.txt",
            "-C",
            "user=env:MAILGUN_USER",
        ),
        ("create", "-p", "apns", "-C", f"secretKey=@{scene.inputs}/key.p8", "-P", "probe"),
        (
            "profiles",
            "add",
            "new",
            "--api-key-command",
            f"{command} {scene.inputs}/key.txt",
            "--api-url",
            scene.server.url,
        ),
    ]
    for line in lines:
        finished = scene.program.spawn(*line)
        assert finished.code == 0, finished.err
        scene.look(finished, line)
    seen = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(seen) == 2 * len(lines)
    for entry in seen:
        scene.hits += scene.canaries.search(entry["command"], f"the command line of {entry['process']}")
        given = {
            name: value
            for name, value in entry["environ"].items()
            if name not in {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
        }
        assert given == scene.program.environ


def test_the_sandbox_keeps_no_secret(scene: Scene) -> None:
    for command in sorted(leaves()):
        for call, flags in itertools.product(calls_of(scene)[command], FLAGS):
            if command not in {"profiles add", "sandbox reset", "diff"}:
                words = (*command.split(), *call.arguments, *flags, "--sandbox", "--no-input")
                # What is no secret by itself is kept as it came, as servers do, and shown by whoever asks later.
                scene.run(*words, stdin=call.stdin, allowed=["credential by reference, no secret by itself"])
    assert Path(scene.program.environ["INTEGRATIONS_SANDBOX"]).exists()
    scene.look_at_files(allowed=["credential by reference, no secret by itself"])
    scene.program.run("sandbox", "reset", "--yes")


def test_the_served_sandbox_keeps_no_caller_secret(scene: Scene) -> None:
    key, value = scene.canaries.text("API key of a caller"), scene.canaries.marked("credential of a caller")
    words = ("sandbox", "serve", "--port", "0", "--json", "--verbose")
    with subprocess.Popen(
        [sys.executable, "-m", "integrations_cli", *words],
        env=scene.program.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        for said in (key, announced["api_keys"]["Development"]):
            env = {"NOVU_SECRET_KEY": said, "NOVU_API_URL": announced["url"], "VALUE": value}
            for provider in ("mailgun", "sendgrid"):
                scene.run("create", "-p", provider, "-C", "apiKey=env:VALUE", env=env)
            scene.run("create", "-p", "apns", "-C", f"secretKey=@{scene.inputs}/key.p8", env=env)
            scene.run("list", "--json", env=env)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    scene.look(Finished(process.returncode, out.decode(), err.decode()), words)


def test_a_tab_shows_no_key(scene: Scene) -> None:
    with scene.program.config.open("a", encoding="utf-8") as config:
        password = scene.canaries.text("password in an address")
        config.write(f'profiles.bad = {{ api_url = "https://u:{password}@h.example/?token={password}" }}\n')
    identifiers = ("__complete", "identifiers", "--profile")
    shown = [
        scene.program.spawn("__complete", "profiles"),
        scene.program.spawn(*identifiers, "text"),
        scene.program.spawn(*identifiers, "variable"),
    ]
    for finished in shown:
        scene.look(finished, ("__complete",))
    assert "mailgun-main" in shown[-1].out
    scene.program.config.unlink()
