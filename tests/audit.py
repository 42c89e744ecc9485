"""Canaries in every place of a secret, a server that repeats them, and a search of everything that is written."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from canaries import Canaries, Hit
from fault_server import FakeClock
from integrations_cli import cli
from integrations_cli.cli import TREE, Entry
from integrations_cli.errors import IntegrationsError
from program import Finished, Program
from raw_server import PATIENCE, Answering, RawServer, Request, http

_KINDS: Final[list[type[IntegrationsError]]] = [IntegrationsError, *IntegrationsError.__subclasses__()]

CODES: Final = frozenset({0, *(kind.exit_code for kind in _KINDS)})
"""The exit codes that there are."""

ENVIRONMENT: Final = "6b03c66d9567edf1d9ef70d4"

READING: Final = frozenset({"list", "get", "plan", "export", "diff", "doctor", "profiles add"})
"""The commands that only read from the server."""

NETWORK: Final = READING | {"create", "update", "delete", "set-primary", "apply"}
"""The commands that make a request."""

API_KEYS: Final = "API key "
"""How the names of the canaries begin that are API keys."""


def leaves(entries: Sequence[Entry] = TREE, path: str = "") -> Iterator[str]:
    """The whole names of all commands."""
    for entry in entries:
        name = f"{path} {entry.name}".strip()
        if entry.entries:
            yield from leaves(entry.entries, name)
        else:
            yield name


def flags_of(command: str) -> frozenset[str]:
    """The flags that a command takes."""
    found: Any = cli.root()
    for name in command.split():
        found = found.get_command(None, name)
    return frozenset(name for parameter in found.params for name in parameter.opts)


@dataclass(frozen=True)
class Call:
    """What is typed after the name of a command, and what is piped in."""

    arguments: tuple[str, ...] = ()
    stdin: str = ""


@dataclass
class Scene:
    """One home folder with its server, and the canaries that were found so far."""

    program: Program
    server: RawServer
    inputs: Path
    canaries: Canaries
    told: Told
    runs: int = 0
    done: int = 0
    """Runs that ended well."""
    hits: list[Hit] = field(default_factory=list)

    def run(self, *arguments: str, allowed: Sequence[str] = (), bug: bool | None = False, **more: Any) -> Finished:
        """Run the program in this process, and look at what it shows."""
        finished = self.program.run(*arguments, **more)
        for thread in threading.enumerate():
            if thread.name.startswith("apply-"):  # after a crash the others are still at work
                thread.join(PATIENCE)
        self.look(finished, arguments, allowed=allowed, bug=bug)
        return finished

    def look(
        self, finished: Finished, arguments: Sequence[str], *, allowed: Sequence[str] = (), bug: bool | None = False
    ) -> None:
        """Search both streams of a run; it ended by the table of exit codes, and not by a mistake in the program.

        With `bug` None it may have ended by one too.
        """
        self.runs += 1
        self.done += finished.code == 0
        line = " ".join(arguments)
        self.hits += self.canaries.search(finished.out, f"standard output of {line}", allowed)
        self.hits += self.canaries.search(finished.err, f"standard error of {line}", allowed)
        assert finished.code in CODES, (line, finished.code)
        assert "Traceback" not in finished.err, finished.err
        assert bug in {None, "this is a bug" in finished.err}, (line, finished.err)

    def look_at_files(self, *, allowed: Sequence[str] = ()) -> None:
        """Search all files below the home; the settings hold the keys that they were told to hold."""
        for path in sorted(self.program.home.rglob("*")):
            told = ("API key in the profile", "API key given") if path == self.program.config else ()
            self.hits += self.canaries.search(path.name, f"the name of {path}")
            if path.is_file():
                self.hits += self.canaries.search_file(path, (*allowed, *told))

    def verdict(self) -> list[str]:
        """What was found, a line each."""
        return sorted({f"{hit.name}: {hit.piece} in {hit.place}" for hit in self.hits})

    def figures(self, name: str) -> list[str]:
        """The row of a table."""
        planted, scanned = len(self.canaries.values), self.canaries.scanned
        return [name, f"{planted} planted", f"{self.runs} runs", f"{scanned} searched", f"{len(self.hits)} hits"]


@contextmanager
def scene_in(folder: Path) -> Iterator[Scene]:
    """Plant the canaries and start the server."""
    canaries = Canaries()
    inputs = folder / "inputs"
    inputs.mkdir()
    environ = {
        "NOVU_SECRET_KEY": canaries.text("API key in the environment"),
        "PROFILE_KEY": canaries.text("API key in a variable of the profile"),
        "MAILGUN_KEY": canaries.marked("credential in the environment"),
        "MAILGUN_USER": canaries.text("credential by reference, no secret by itself"),
        "UNUSED_TOKEN": canaries.text("variable that nobody named"),
        "COLUMNS": "60",
        "TERM": "xterm-256color",
    }
    _write_files(inputs, canaries)
    told = Told(canaries)
    program = Program(folder / "home", environ, clock=FakeClock(), random=lambda: 0.5)
    with RawServer(told.well) as server:
        program.environ["NOVU_API_URL"] = server.url
        program.config.parent.mkdir(mode=0o700)
        program.config.touch(mode=0o600)
        program.config.write_text(
            f'profiles.text = {{api_url = "{server.url}", api_key = "{canaries.text("API key in the profile")}"}}\n'
            f'profiles.variable = {{api_url = "{server.url}", api_key_env = "PROFILE_KEY"}}\n'
            f'profiles.command = {{api_url = "{server.url}", api_key_command = ["cat", "{inputs}/key.txt"]}}\n'
            "profiles.spare = {}\n",
        )
        yield Scene(program, server, inputs, canaries, told)


def _write_files(inputs: Path, canaries: Canaries) -> None:
    """The files that hold values, and those that describe integrations with values in them."""
    literal = canaries.marked("credential in a JSON file")
    credentials = {"apiKey": literal, "user": {"env": "MAILGUN_USER"}, "domain": "mg.acme.io"}
    body = {"providerId": "mailgun", "name": "M", "identifier": "mailgun-main", "credentials": credentials}
    secret = canaries.text("credential in a manifest")
    broken = canaries.text("text in a broken file")
    wrong = {"providerId": [broken], "name": {"x": broken}, "credentials": {"apiKey": [broken], "port": {"x": broken}}}
    files = {
        "key.txt": canaries.text("API key from a command"),
        "credential.txt": canaries.marked("credential in a file"),
        "said.txt": canaries.text("credential from a command"),
        "key.p8": canaries.pem("private key in a file"),
        "account.json": canaries.account("service account in a file"),
        "body.json": json.dumps(body),
        "credentials.json": json.dumps(credentials),
        "body.toml": f"""providerId = "apns"
            [credentials]
            secretKey = '''{canaries.pem("private key in a TOML file")}'''
            apiKey = {{command = ["cat", "{inputs}/said.txt"]}}
            """,
        "manifest.toml": f"""version = 1
            [integrations.mailgun-main]
            provider = "mailgun"
            active = true
            [integrations.mailgun-main.credentials]
            apiKey = "{secret}"
            user = {{ env = "MAILGUN_USER" }}
            domain = "mg.acme.io"
            from = "f"
            senderName = "s"
            [integrations.fcm-new]
            provider = "fcm"
            credentials = {{ serviceAccount = {{ file = "account.json" }} }}
            [integrations.sendgrid-new]
            provider = "sendgrid"
            credentials = {{ apiKey = {{ command = ["cat", "{inputs}/said.txt"] }} }}
            """,
        "broken.json": f'{{"credentials": {{"apiKey": "{broken}", "user": {broken}}}',
        "broken.toml": f'version = 1\napiKey = "{broken}" {broken}\nx = {broken}\n',
        "wrong.json": json.dumps(wrong),
        "wrong.toml": f"""version = "{broken}"
            [integrations.a]
            provider = ["{broken}"]
            name = 1
            credentials = {{ apiKey = ["{broken}"], port = 5, user = {{ file = "{inputs}/none" }} }}
            [integrations.b]
            provider = "mailgun"
            credentials = "{broken}"
            """,
    }
    for name, content in files.items():
        (inputs / name).write_text(content, encoding="utf-8")


def calls_of(scene: Scene) -> dict[str, list[Call]]:
    """For each command the lines that meet a secret, in as many ways as there are."""
    inputs, canaries, url = scene.inputs, scene.canaries, scene.server.url
    key = canaries.marked("literal in the arguments")
    piped = canaries.marked("credential on standard input")
    given = canaries.text("API key given on standard input")
    tls = json.dumps({"servername": "s", "key": canaries.text("key in tlsOptions")})
    mailgun = ("-p", "mailgun", "-i", "mailgun-main")
    credentials = ("-C", "apiKey=env:MAILGUN_KEY", "-C", "user=env:MAILGUN_USER", "-C", "domain=mg.acme.io")
    manifest = f"{inputs}/manifest.toml"
    return {
        "create": [
            Call((*mailgun, *credentials)),
            Call((*mailgun, "-C", f"apiKey={key}", "--active", "--if-not-exists")),
            Call(("-p", "nodemailer", "-C", f"password=@{inputs}/credential.txt", "-C", f"tlsOptions={tls}")),
            Call(("-p", "apns", "-C", f"secretKey=@{inputs}/key.p8", "-C", f"apiKey=cmd:cat {inputs}/said.txt")),
            Call(("-p", "fcm", "-C", f"serviceAccount=@{inputs}/account.json")),
            Call(("-p", "sendgrid", "-C", "apiKey=@-"), f"{piped}\n"),
            Call(("-f", f"{inputs}/body.json")),
            Call(("-f", f"{inputs}/body.toml", "--identifier", "a")),
            Call((*mailgun, "--credentials-file", f"{inputs}/credentials.json")),
            Call(("-p", "newcomer", "-c", "email", "--skip-validation", "-C", f"whatever={key}")),
        ],
        "list": [Call(), Call(("--channel", "email", "--active"))],
        "get": [Call(("mailgun-main",)), Call(("6b03c66e9567edf1d9ef70e1",))],
        "update": [
            Call(("mailgun-main", *credentials, "--replace-credentials")),
            Call(("mailgun-main", "-C", "apiKey=@-", "--replace-credentials"), f"{piped}\n"),
            Call(("mailgun-main", "--credentials-file", f"{inputs}/credentials.json", "--replace-credentials")),
            Call(("mailgun-main", "--name", "N")),
        ],
        "delete": [Call(("mailgun-main", "--yes"))],
        "set-primary": [Call(("mailgun-main",))],
        "plan": [Call((manifest,)), Call((manifest, "--prune"))],
        "apply": [Call((manifest, "--yes")), Call((manifest, "--yes", "--prune"))],
        "export": [Call(), Call(("--output", f"{scene.program.home}/exported.toml"))],
        "diff": [Call(("--against", "variable")), Call((manifest,)), Call(("--against", "command", "--all"))],
        "providers list": [Call()],
        "providers show": [Call(("mailgun",))],
        "profiles add": [
            Call(("piped", "--api-url", url, "--api-key-stdin", "--force"), f"{given}\n"),
            Call(("named", "--api-url", url, "--api-key-env", "PROFILE_KEY", "--force")),
            Call(("run", "--api-url", url, "--api-key-command", f"cat {inputs}/key.txt", "--force")),
            Call(("untried", "--api-key-stdin", "--no-verify", "--force"), given),
        ],
        "profiles list": [Call()],
        "profiles show": [Call(), Call(("text",)), Call(("command",)), Call(("variable",))],
        "profiles use": [Call(("text",))],
        "profiles remove": [Call(("spare", "--yes")), Call(("nobody",))],
        "sandbox serve": [],  # it does not end by itself: a test of its own runs it
        "sandbox reset": [Call(("--yes",))],
        "doctor": [Call()],
        "commands": [Call()],
    }


class Told:
    """Responses of a server that does what it is asked, and repeats secrets in members and headers."""

    def __init__(self, canaries: Canaries) -> None:
        self._secret = canaries.text("credential that the server returns")
        self.repeats_key = True
        """Whether members that are secret by their name hold the API key of the request."""
        self._headers = [
            ("Set-Cookie", f"session={canaries.text('cookie of the server')}"),
            ("X-Request", canaries.text("header of the server")),
        ]

    def well(self, request: Request) -> bytes:
        """Do what was asked, and repeat the request in members that are secret by name."""
        key = request.headers.get("authorization", "")
        headers = [*self._headers, ("X-Sent", key)]
        if request.target.endswith("/environments/me"):
            return http(200, {"data": {"_id": ENVIRONMENT, "name": "Dev"}}, headers)
        if request.method in {"GET", "DELETE"}:
            listed = [self._integration("mailgun-main", key), {**self._integration("other", key), "_id": "2"}]
            return http(200, {"data": listed}, headers)
        if request.method == "POST" and request.target.endswith("/integrations") and b"providerId" not in request.body:
            return http(400, {"statusCode": 400, "message": [f"providerId must be a string; {key}"]}, headers)
        answer = self._integration("mailgun-main", key)
        if request.body:
            sent = json.loads(request.body)
            answer |= {name: value for name, value in sent.items() if name != "credentials"}
            answer |= {"requestToken": json.dumps(sent), "sent": sent}
            answer["credentials"] |= sent.get("credentials", {})
        return http(201, {"data": answer}, headers)

    def _integration(self, identifier: str, key: str) -> dict[str, Any]:
        secret = self._secret
        members = {"sessionToken": key, "note": {"authToken": {key: [key]}, "inner": [{"passphrase": key}]}}
        return {
            "_id": "6b03c66e9567edf1d9ef70e1",
            "_environmentId": ENVIRONMENT,
            "identifier": identifier,
            "name": "Mailgun",
            "providerId": "mailgun",
            "channel": "email",
            "active": True,
            "credentials": {"apiKey": secret, "password": secret, "unheardOf": secret, "domain": "mg.acme.io"},
            "history": [{"credentials": {"apiKey": secret}}, {"secretKey": secret}],
            **(members if self.repeats_key else {}),
        }


def only_changes(well: Answering, answer: Answering) -> Answering:
    """Reading goes well; what would change something is answered so."""
    return lambda request: well(request) if request.method == "GET" else answer(request)
