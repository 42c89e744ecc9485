"""Environments in a sandbox of their own, and the whole way from a manifest to what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from integrations_cli.api.client import Client
from integrations_cli.api.retry import RetryPolicy
from integrations_cli.api.transport.interface import Request, Response, Transport, request_headers
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.manifests import apply, fingerprints
from integrations_cli.manifests import load as manifest
from integrations_cli.manifests.actions import Plan
from integrations_cli.manifests.documents import Source
from integrations_cli.manifests.export import Exported, export_manifest
from integrations_cli.manifests.fingerprints import Fingerprints
from integrations_cli.manifests.load import ResolvedEntry
from integrations_cli.manifests.perform import ActionOutcome
from integrations_cli.manifests.plan import make_plan
from integrations_cli.models import Integration, Secret
from integrations_cli.sandbox.behaviour import DOCUMENTED, RELEASE_2024
from integrations_cli.sandbox.open import Sandbox, open_sandbox


class SteppingClock:
    """A clock that moves on by what is slept."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return 1_800_000_000.0 + self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Direct:
    """A transport that calls the sandbox's contract."""

    base_url = "http://sandbox.localhost"

    def __init__(self, sandbox: Sandbox, key: str) -> None:
        self.sandbox = sandbox
        self.key = Secret(key)

    def send(self, request: Request, timeout: float) -> Response:
        headers = request_headers(request, self.key)
        reply = self.sandbox.api.handle(request.method, request.path, headers, request.body or b"")
        return Response(reply.status, {name.lower(): value for name, value in reply.headers}, reply.body)

    def close(self) -> None:
        pass


class Environment:
    """One environment of a sandbox, what this machine remembers of it, and the variables that are set."""

    def __init__(self, sandbox: Sandbox, state: Path, *, name: str = "Development", wrap: Any = None) -> None:
        self.sandbox = sandbox
        self.clock = SteppingClock()
        inner: Transport = Direct(sandbox, sandbox.api_keys[name])
        self.transport = inner if wrap is None else wrap(inner)
        self.api = Client(self.transport, clock=self.clock, random=Random(1).random, policy=RetryPolicy())
        self.state = state
        self.environ: dict[str, str] = {}

    @property
    def memory(self) -> Fingerprints:
        """What a new run of the program remembers."""
        own = self.api.environment()
        assert own is not None
        return fingerprints.load_fingerprints(self.state, server="sandbox", environment_id=own.id)

    def integrations(self) -> Sequence[Integration]:
        return self.api.list()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """One request as another client makes it; the data of the answer."""
        content = b"" if body is None else json.dumps(body).encode()
        key = next(iter(self.sandbox.api_keys.values()))
        headers = {"Authorization": f"ApiKey {key}", "Content-Type": "application/json"}
        reply = self.sandbox.api.handle(method, path, headers, content)
        assert reply.status < 300, reply.body
        return json.loads(reply.body)["data"]

    def create(self, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.send("POST", "/v1/integrations", {"check": False, **fields})
        return answer

    def desired(self, text: str) -> list[ResolvedEntry]:
        """The entries of a manifest in TOML or JSON."""
        reader = ValueReader(stdin=lambda: b"", environ=self.environ)
        source = Source("env.json", text, "json") if text.startswith("{") else Source("env.toml", text)
        return manifest.resolve_references(manifest.parse([source]), reader)

    def plan(self, text: str, **options: Any) -> Plan:
        return make_plan(self.desired(text), self.integrations(), self.memory, **options)

    def apply(self, text: str, *, concurrency: int = 1, **options: Any) -> list[ActionOutcome]:
        """One run of `apply`, as a new process would make it."""
        return list(apply.ApplyRun(self.plan(text, **options), self.api, self.memory, concurrency=concurrency))

    def export(self) -> Exported:
        """One run of `export`."""
        exported = export_manifest(self.integrations(), self.environ)
        self.memory.remember_exported(exported.credentials)
        return exported

    def set_placeholders(self, exported: Exported, value: str = "value-of-{}") -> None:
        """Give every placeholder of a manifest a value."""
        for table in exported.document["integrations"].values():
            for key, said in table.get("credentials", {}).items():
                if isinstance(said, Mapping) and set(said) == {"env"}:
                    self.environ[said["env"]] = "true" if key in {"secure", "hmac"} else value.format(said["env"])


@contextmanager
def environment(folder: Path, *, observed: bool = False, **options: Any) -> Iterator[Environment]:
    """A new environment with nothing in it but what the service brings along; `observed` makes it an older release."""
    folder.mkdir(parents=True, exist_ok=True)
    wrap = options.pop("wrap", None)
    behaviour = RELEASE_2024 if observed else DOCUMENTED
    with open_sandbox(folder / "sandbox.db", behaviour=behaviour, **options) as sandbox:
        yield Environment(sandbox, folder / "state", wrap=wrap)
