"""A sandbox with a clock that stands still, and a caller that speaks JSON to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations_cli.sandbox.api import Response as ApiResponse
from integrations_cli.sandbox.api import SandboxApi
from integrations_cli.sandbox.store import Store


@dataclass(frozen=True)
class Response:
    """A response with its body decoded; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def message(self) -> Any:
        return self.body["message"]


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Caller:
    """Sends requests to a sandbox with a key; `options` are those of `SandboxApi`."""

    path: Path
    options: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.store = Store(self.path, self.clock)
        with self.store.reading() as queries:
            self.development, self.production = queries.environments()
        self.api = self.make_api(**self.options)

    def make_api(self, **options: Any) -> SandboxApi:
        """Return another API on the same store."""
        return SandboxApi(self.store, clock=self.clock, **options)

    def send(self, method: str, target: str, body: Any = None, **options: Any) -> Response:
        """Send `body` as JSON, or as it is if it is bytes. `key` is the idempotency key, `api_key` the other one."""
        headers = {"Authorization": f"ApiKey {options.get('api_key', self.development.api_key)}"}
        headers |= {"Content-Type": "application/json"} | options.get("headers", {})
        if "key" in options:
            headers["Idempotency-Key"] = options["key"]
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        api: SandboxApi = options.get("api", self.api)
        return decoded(api.handle(method, target, headers, raw))

    def create(self, **fields: Any) -> Response:
        """Create a mailgun integration, or what the fields say."""
        options = {name: fields.pop(name) for name in ("key", "api_key", "api") if name in fields}
        return self.send("POST", "/v1/integrations", {"providerId": "mailgun", "channel": "email", **fields}, **options)

    def listed(self) -> list[dict[str, Any]]:
        """All integrations but the built-in ones."""
        return [entry for entry in self.send("GET", "/v1/integrations").data if entry["providerId"] != "novu"]


def decoded(reply: ApiResponse) -> Response:
    return Response(
        reply.status,
        {name.lower(): value for name, value in reply.headers},
        json.loads(reply.body) if reply.body else None,
    )
