"""Replays recorded exchanges against a sandbox and says in what the responses differ.

The recordings hold text only, and ids, keys and times of their own. Requests whose bytes the text cannot hold are
rebuilt from their notes; ids are mapped as they turn up; times are compared by their form.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from integrations_cli import catalogue
from integrations_cli.sandbox.api import SandboxApi
from integrations_cli.sandbox.behaviour import ServerBehaviour
from integrations_cli.sandbox.records import Environment
from integrations_cli.sandbox.store import Store

RECORDING: Final = Path(__file__).with_name("exchanges.jsonl")

Pairs = list[tuple[str, str]]
Send = Callable[[SandboxApi, str, str, Pairs, bytes], tuple[int, Pairs, bytes]]

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}|<env:[^>]+>")
_TOKEN: Final = re.compile(r"nvsk\.[0-9a-f]+:[0-9a-f]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_V8_SYNTAX_ERROR: Final = re.compile(r" in JSON at position \d+$| is not valid JSON$|^Unexpected end of JSON input$")
_OWN_SYNTAX_ERROR: Final = re.compile(r"invalid JSON: [^.]+ at position \d+")
_SHORT_ID: Final = re.compile(r"[0-9A-Za-z_-]{7,14}")
_EXACT_HEADERS: Final = (
    *("content-type", "idempotency-key", "idempotency-replay", "link"),
    *("ratelimit-limit", "ratelimit-policy"),
)
_PRESENT_HEADERS: Final = ("ratelimit-remaining", "ratelimit-reset", "retry-after")

_PLAIN: Final = '{"providerId": "mailgun", "channel": "email", "check": false}'
_SIZES: Final = {
    "body-100k-plus": 102_401,
    "body-1mb": 1_000_000,
    "body-30mb": 30_000_000,
    "body-1mb-wrong-key": 1_000_000,
}
_BURST: Final = {
    "rl-429-get": "",
    "rl-429-post": _PLAIN,
    "rl-429-invalid": "",
    "rl-429-post-idem": _PLAIN.replace("}", ', "identifier": "rl0"}'),
}
"""Requests sent while a burst of others used up the rate limit, with the body of the one of those that was let in."""

WHILE_IN_PROGRESS: Final = {
    "idem-slow-1": ("idem-slow-2", "idem-slow-3", "idem-slow-nokey"),
    "idem-race-0": ("idem-race-1", "idem-race-4", "idem-race-2", "idem-race-5", "idem-race-3"),
}
"""Requests that were answered while another one was in progress."""

CREDENTIALS: Final = "`credentials` is always there, as documented"
TOKENS: Final = "secrets never reach the disk: lists show tokens"
OWN_TEXTS: Final = "the text of a JSON syntax error or of a failed cast is the sandbox's own"
SET_PRIMARY: Final = "set-primary answers 200, as the official Python SDK needs"


@dataclass(frozen=True)
class Exchange:
    """One recorded exchange, with its place among all of them."""

    id: str
    fresh: bool
    server: str
    note: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    response_headers: dict[str, str]
    response: Any


@dataclass
class Comparison:
    """What a replayed exchange came to: differences that count, and those that the documentation explains."""

    exchange: Exchange
    differences: list[str] = field(default_factory=list)
    documented: list[str] = field(default_factory=list)


def recorded() -> list[Exchange]:
    """All recorded exchanges, in order."""
    exchanges = []
    for line in RECORDING.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        request, response = entry["request"], entry["response"]
        exchanges.append(
            Exchange(
                *(entry["id"], entry["fresh"], entry["server"], entry["note"]),
                *(request["method"], request["path"], request["headers"], request["body"]),
                *(response["status"], response["headers"], response["body"]),
            )
        )
    return exchanges


class Replay:
    """Sends the exchanges in order through `send`, to APIs on one store; they have this behaviour."""

    def __init__(self, folder: Path, send: Send, behaviour: ServerBehaviour) -> None:
        self._send = send
        self._behaviour = behaviour
        self._now = 1_790_000_000.0
        self.store = Store(folder / "sandbox.db", self._clock)
        with self.store.reading() as queries:
            development, production = queries.environments()
        with self.store.writing() as queries:
            (other,) = self.store.add_organisation(queries, ["other-org"])
        self._development = development
        self._known = {
            "<key>": development.api_key,
            "<prod-key>": production.api_key,
            "<other-org-key>": other.api_key,
            "<org>": development.organisation,
            "<other-org>": other.organisation,
            "<env:Development>": development.id,
            "<env:Production>": production.id,
            "<env:other-org>": other.id,
        }
        self._others: tuple[Environment, ...] = (other,)
        self._ids: dict[str, str] = {}
        self._apis: dict[str, SandboxApi] = {}
        self._tag = ""

    def run(
        self, exchanges: list[Exchange], left_out: frozenset[str], unsent: frozenset[str] = frozenset()
    ) -> Iterator[Comparison]:
        """Compare the exchanges one by one.

        Those that are left out are sent all the same, for what they change, but for the `unsent`, which here would
        change what they did not change when they were recorded.
        """
        inner = {name for names in WHILE_IN_PROGRESS.values() for name in names}
        outer = {names[0]: name for name, names in WHILE_IN_PROGRESS.items()}
        by_id = {exchange.id: exchange for exchange in exchanges}
        for exchange in exchanges:
            if exchange.fresh:
                self._start_afresh()
            if exchange.id in outer:
                yield from self._nested(by_id, outer[exchange.id], left_out)
            elif exchange.id not in unsent and exchange.id not in inner and exchange.id not in WHILE_IN_PROGRESS:
                comparison = self._compare(exchange, self._api(exchange.server))
                if exchange.id not in left_out:
                    yield comparison

    def _nested(self, by_id: dict[str, Exchange], name: str, left_out: frozenset[str]) -> Iterator[Comparison]:
        """Send one request, and others while it is in progress."""
        found: list[Comparison] = []

        def meanwhile() -> None:
            found.extend(self._compare(by_id[inner], self._api(by_id[inner].server)) for inner in names)

        names = WHILE_IN_PROGRESS[name]
        found.append(self._compare(by_id[name], self._make_api(by_id[name].server, meanwhile)))
        yield from (comparison for comparison in found if comparison.exchange.id not in left_out)

    def _start_afresh(self) -> None:
        self.store.empty()
        with self.store.writing() as queries:
            for environment in self._others:
                for record in queries.integrations(environment.organisation):
                    queries.delete(record, record.created)
        self._apis.clear()
        self._ids.clear()

    def _api(self, server: str) -> SandboxApi:
        if server not in self._apis:
            self._apis[server] = self._make_api(server)
        return self._apis[server]

    def _make_api(self, server: str, while_in_progress: Callable[[], None] | None = None) -> SandboxApi:
        return SandboxApi(
            self.store,
            idempotency=server != "both flags off",
            rate_limit=30 if server.endswith("rate limit on") else None,
            behaviour=self._behaviour._replace(has_novu_credentials="novu email/sms creds set" in server),
            while_in_progress=while_in_progress,
            clock=self._clock,
        )

    def _clock(self) -> float:
        return self._now

    def _compare(self, exchange: Exchange, api: SandboxApi) -> Comparison:
        self._prepare(exchange, api)
        pairs = self._headers(exchange)
        status, answered, raw = self._send(api, exchange.method, self._text(exchange.path), pairs, self._body(exchange))
        names = {name.lower(): value.encode("latin-1").decode("utf-8", "replace") for name, value in answered}
        self._tag = names.get("etag", self._tag)
        comparison = Comparison(exchange)
        if status != exchange.status:
            if (exchange.status, status) == (201, 200) and exchange.path.endswith("/set-primary"):
                comparison.documented.append(SET_PRIMARY)
            else:
                comparison.differences.append(f"status {status} instead of {exchange.status}")
        for name, value in exchange.response_headers.items():
            if name.lower() in _EXACT_HEADERS and names.get(name.lower()) != value:
                comparison.differences.append(f"header {name} is {names.get(name.lower())!r} instead of {value!r}")
            elif name.lower() in _PRESENT_HEADERS and name.lower() not in names:
                comparison.differences.append(f"header {name} is missing")
        wanted = {name.lower() for name in exchange.response_headers}
        comparison.differences += [
            f"header {name} is one too many"
            for name in (*_EXACT_HEADERS, *_PRESENT_HEADERS)
            if name in names and name not in wanted
        ]
        self._alike(exchange.response, json.loads(raw) if raw else "", "", comparison)
        return comparison

    def _alike(self, wanted: Any, got: Any, path: str, found: Comparison) -> None:
        """Note every difference between two decoded responses below `path`."""
        if isinstance(wanted, dict) and isinstance(got, dict):
            self._alike_objects(wanted, got, path, found)
        elif isinstance(wanted, list) and isinstance(got, list):
            if len(wanted) != len(got):
                found.differences.append(f"{path} has {len(got)} items instead of {len(wanted)}")
            for index, (one, other) in enumerate(zip(wanted, got, strict=False)):
                self._alike(one, other, f"{path}[{index}]", found)
        elif not self._same(wanted, got, path, found):
            found.differences.append(f"{path} is {got!r} instead of {self._mapped(wanted)!r}")

    def _alike_objects(self, wanted: dict[str, Any], got: dict[str, Any], path: str, found: Comparison) -> None:
        if got.get("credentials") == {} and "credentials" not in wanted and "providerId" in wanted:
            got = {key: value for key, value in got.items() if key != "credentials"}
            found.documented.append(CREDENTIALS)
        found.differences += [f"{path}.{key} is missing" for key in wanted if key not in got]
        found.differences += [f"{path}.{key} is one too many" for key in got if key not in wanted]
        for key, value in wanted.items():
            if key in got:
                self._alike(value, got[key], f"{path}.{key}", found)

    def _same(self, wanted: Any, got: Any, path: str, found: Comparison) -> bool:
        if not isinstance(wanted, str) or not isinstance(got, str):
            return type(wanted) is type(got) and bool(wanted == got)
        name = path.rpartition(".")[2]
        if name in ("createdAt", "updatedAt", "timestamp"):
            return _TIME.fullmatch(got) is not None
        if name == "errorId":
            return _UUID.fullmatch(got) is not None
        if name in ("_id", "id") and wanted not in self._known and _OBJECT_ID.fullmatch(wanted):
            return _OBJECT_ID.fullmatch(got) is not None and self._ids.setdefault(wanted, got) == got
        if name == "identifier" and wanted != got:
            return self._same_identifier(wanted, got, path)
        if ".credentials." in path and _TOKEN.fullmatch(got):
            if not _TOKEN.fullmatch(wanted) and name in catalogue.secret_keys():
                found.documented.append(TOKENS)
                return True
            return _TOKEN.fullmatch(wanted) is not None
        if path == ".message" and _is_own_text(wanted, got):
            found.documented.append(OWN_TEXTS)
            return True
        return self._text(wanted) == got

    def _same_identifier(self, wanted: str, got: str, path: str) -> bool:
        """Whether both are made from the same name, with random ends; ours are ten characters."""
        if path == ".data.identifier" and "-" not in wanted:
            return len(wanted) == len(got)  # an environment's
        known = self._ids.setdefault(wanted, got)
        start = got[:-10]
        return known == got and wanted.startswith(start) and _SHORT_ID.fullmatch(wanted[len(start) :]) is not None

    def _mapped(self, wanted: Any) -> Any:
        return self._text(wanted) if isinstance(wanted, str) else wanted

    def _text(self, text: str) -> str:
        """A recorded text with our ids and keys in it."""
        for name, value in (*self._known.items(), *self._ids.items()):
            if name in text:
                text = text.replace(name, value)
        return text

    def _headers(self, exchange: Exchange) -> Pairs:
        match exchange.id:
            case "auth-twice":
                values = ["ApiKey bad", "ApiKey <key>"]
            case "auth-twice-2":
                values = ["ApiKey <key>", "ApiKey bad"]
            case "auth-upper-key":
                values = [f"ApiKey {self._known['<key>'].upper()}"]
            case _:
                values = []
        pairs = [(name, value) for name, value in exchange.headers.items() if not values or name != "Authorization"]
        pairs += [("Authorization", value) for value in values]
        if exchange.id == "if-none-match":
            pairs = [(name, self._tag if name == "If-None-Match" else value) for name, value in pairs]
        coding = "latin-1" if exchange.id == "idem-latin1" else "utf-8"
        if exchange.id == "idem-latin1":
            pairs = [(name, value.replace("\ufffd", "é")) for name, value in pairs]
        return [(name, self._text(value).encode(coding).decode("latin-1")) for name, value in pairs]

    def _body(self, exchange: Exchange) -> bytes:
        match exchange.id:
            case "body-gzip":
                return gzip.compress(_PLAIN.encode())
            case "body-json-charset-utf16":
                return _PLAIN.encode("utf-16")
        size = _SIZES.get(exchange.id)
        if size is not None:
            start = _PLAIN.replace("}", ', "name": "').encode()
            return start + b"x" * (size - len(start) - 2) + b'"}'
        return self._text(exchange.body).encode()

    def _prepare(self, exchange: Exchange, api: SandboxApi) -> None:
        """Bring about what was the case when the exchange was recorded, and is not said by those before it."""
        key = [("Authorization", f"ApiKey {self._known['<key>']}"), ("Content-Type", "application/json")]
        if exchange.id == "inapp-first":
            with self.store.writing() as queries:
                for record in queries.integrations(self._development.organisation):
                    if record.environment == self._development.id and record.channel == "in_app":
                        queries.delete(record, record.created)
        let_in = _BURST.get(exchange.id)
        if let_in is not None:
            self._now += 6
            if let_in:
                api.handle("POST", "/v1/integrations", key, let_in.encode())
            while api.handle("GET", "/v1/integrations", key, b"").status == 200:
                pass
        if exchange.id in ("rl-429-then-retry", "rl-seq-0"):
            self._now += 6


def _is_own_text(recorded: str, got: str) -> bool:
    """Whether both tell of a JSON syntax error, or of a failed cast of the same value to the same type."""
    if "Cast to" in recorded:
        return got != recorded and got.endswith(" failed") and recorded.startswith(f"{got} for value")
    return _V8_SYNTAX_ERROR.search(recorded) is not None and _OWN_SYNTAX_ERROR.fullmatch(got) is not None
