"""The sandbox answers what a real server was recorded to response."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from conftest import Figures
from integrations_cli.sandbox.api import Response, SandboxApi
from integrations_cli.sandbox.behaviour import DOCUMENTED, RELEASE_2024, ServerBehaviour
from integrations_cli.sandbox.server import SandboxServer, serve
from replay import CREDENTIALS, OWN_TEXTS, SET_PRIMARY, TOKENS, Comparison, Exchange, Pairs, Replay, Send, recorded

CHECK: Final = "an absent `check` means false, as documented; the recorded server took it for true"
NETWORK: Final = "what only the provider's network, or its client library, decides"
RACE: Final = "who wins a race is a matter of time, and the sandbox makes no duplicates: its test and insert are one"
ELSEWHERE: Final = "an endpoint that is none of ours"

RACES: Final = (
    *("race-nokey-0", "race-nokey-1", "race-nokey-2", "race-nokey-3", "race-nokey-4", "race-nokey-5"),
    *("race-nokey-list", "race-active-0", "race-active-1", "race-active-2", "race-active-3", "race-active-4"),
    *("race-active-5", "race-active-list", "list-gzip"),
)
LEFT_OUT: Final = {
    CHECK: (
        *("body-form-nocheck", "check-postmark-nocred", "check-resend-nocred", "check-mailjet-nocred"),
        *("check-outlook365-nocred", "check-sparkpost-nocred", "check-email-webhook-nocred", "check-plunk-nocred"),
        *("check-mailersend-nocred", "check-netcore-nocred", "check-emailjs-nocred", "check-mailtrap-nocred"),
        *("ok-twilio-sms", "ok-slack-chat", "ok-discord-chat", "ok-apns-push", "ok-nexmo-sms", "ok-sns-sms"),
        *("ok-expo-push", "ok-msteams-chat", "prov-unknown-check", "prov-other-channel-email"),
        *("idem-500-err", "idem-500-replay"),
        *("put-name-check", "put-nothing"),
    ),
    NETWORK: (
        *("check-emptycred", "check-mailgun-nouser", "check-postmark-fake", "check-ses-fake", "check-outlook365-fake"),
        *("check-sparkpost-fake", "check-mailersend-fake", "check-braze-fake", "check-smtp-nohost"),
        *("oke-nope-email", "oke-twilio-email", "oke-empty-email"),
        *("idem-500b-err", "idem-500b-replay", "idem-smtp-err", "idem-smtp-replay", "idem-slow-1", "idem-slow-4"),
    ),
    RACE: RACES,
    ELSEWHERE: ("rl-trigger",),
}
LEFT_OUT_2024: Final = {
    # Here the provider is asked, and put-name-check and put-nothing come to that too.
    NETWORK: (*LEFT_OUT[NETWORK], "put-name-check", "put-nothing"),
    RACE: RACES,
    ELSEWHERE: LEFT_OUT[ELSEWHERE],
}


UNSENT: Final = frozenset({"put-name-check"})
"""It failed when it was recorded, and succeeds where `check` means false: the name would then be another one."""

NOT_ALIKE: Final = {
    "okf-generic-sms-sms": "the provider's display name is SMS Webhook in today's catalogue, and was Generic SMS",
}


def in_process(api: SandboxApi, method: str, target: str, headers: Pairs, body: bytes) -> tuple[int, Pairs, bytes]:
    response = api.handle(method, target, headers, body)
    return response.status, list(response.headers), response.body


class Switch(SandboxApi):
    """Hands requests to the current API."""

    def __init__(self) -> None:
        self.current: SandboxApi | None = None

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Response:
        assert self.current is not None
        return self.current.handle(method, target, headers, body)


@contextmanager
def over_a_socket() -> Iterator[Send]:
    """Send over a loopback socket, byte for byte as given."""
    switch = Switch()
    with serve(switch).start() as server:

        def send(api: SandboxApi, method: str, target: str, headers: Pairs, body: bytes) -> tuple[int, Pairs, bytes]:
            before, switch.current = switch.current, api
            try:
                return _send_raw(server, method, target, headers, body)
            finally:
                switch.current = before

        yield send


def _send_raw(server: SandboxServer, method: str, target: str, headers: Pairs, body: bytes) -> tuple[int, Pairs, bytes]:
    lines = [f"{method} {target} HTTP/1.1", "Host: sandbox", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        response = b""
        while part := connection.recv(65536):
            response += part
    head, _, rest = response.partition(b"\r\n\r\n")
    first, *others = head.decode("latin-1").split("\r\n")
    answered = [(name, value) for name, _, value in (line.partition(": ") for line in others)]
    return int(first.split(" ")[1]), answered, rest


def group_of(exchange: Exchange) -> str:
    path = exchange.path.partition("?")[0].lower().rstrip("/")
    parts = path.split("/")[1:]
    if parts[:2] != ["v1", "integrations"]:
        return "other routes" if path != "/v1/environments/me" else f"GET {path}"
    if exchange.status == 404 and str(exchange.response["message"]).startswith("Cannot"):
        return "other routes"
    tail = {2: "", 3: "/active" if parts[-1] == "active" else "/{id}", 4: "/{id}/set-primary"}.get(len(parts))
    return "other routes" if tail is None else f"{exchange.method} /v1/integrations{tail}"


def table(
    exchanges: list[Exchange], reasons: dict[str, tuple[str, ...]], compared: list[Comparison]
) -> list[list[object]]:
    """One line for each group, and one for all."""
    skipped = {name for names in reasons.values() for name in names}
    kinds = ("recorded", "left out", "counted", "alike", "alike but for known differences", "not alike")
    counts: dict[str, Counter[str]] = {}
    for exchange in exchanges:
        line = counts.setdefault(group_of(exchange), Counter())
        line["recorded"] += 1
        line["left out" if exchange.id in skipped else "counted"] += 1
    for comparison in compared:
        line = counts[group_of(comparison.exchange)]
        if comparison.differences:
            line["not alike"] += 1
        else:
            line["alike but for known differences" if comparison.documented else "alike"] += 1
    counts["all"] = sum(counts.values(), Counter())
    rows = [
        [name, *(line[kind] for kind in kinds)]
        for name, line in sorted(counts.items(), key=lambda item: item[0] == "all")
    ]
    return [["", *kinds], *rows]


def explanation(reasons: dict[str, tuple[str, ...]], compared: list[Comparison]) -> list[list[object]]:
    rows: list[list[object]] = [["left out", len(names), reason] for reason, names in reasons.items()]
    documented = Counter(reason for comparison in compared for reason in set(comparison.documented))
    rows += [["alike but for", documented[reason], reason] for reason in (CREDENTIALS, SET_PRIMARY, TOKENS, OWN_TEXTS)]
    rows += [
        [
            "not alike",
            comparison.exchange.id,
            NOT_ALIKE.get(comparison.exchange.id) or "; ".join(comparison.differences),
        ]
        for comparison in compared
        if comparison.differences
    ]
    return rows


@pytest.mark.parametrize("way", ["in-process", "socket"])
@pytest.mark.parametrize("behaviour", [DOCUMENTED, RELEASE_2024], ids=["documented", "release 2024"])
def test_recorded_requests_get_the_recorded_responses(
    tmp_path: Path, figures: Figures, way: str, behaviour: ServerBehaviour
) -> None:
    exchanges = recorded()
    reasons = LEFT_OUT if behaviour == DOCUMENTED else LEFT_OUT_2024
    skipped = frozenset(name for names in reasons.values() for name in names)
    assert skipped <= {exchange.id for exchange in exchanges}

    if way == "socket":
        with over_a_socket() as send:
            compared = replayed(tmp_path, send, exchanges, skipped, behaviour)
    else:
        compared = replayed(tmp_path, in_process, exchanges, skipped, behaviour)

    alike = sum(not comparison.differences for comparison in compared)
    rows = table(exchanges, reasons, compared)
    rate = ["", *[""] * (len(rows[0]) - 2), f"{100 * alike / len(compared):.1f} % alike"]
    mode = "the documentation" if behaviour == DOCUMENTED else "the recorded release"
    if (way, behaviour) == ("in-process", DOCUMENTED):
        figures("sandbox: recorded exchanges, by route", [*rows, rate])
        figures("sandbox: recorded exchanges, what is left out or differs", explanation(reasons, compared))
    else:
        figures(f"sandbox: recorded exchanges, {way}, following {mode}", [rows[0], rows[-1], rate])
    assert len(compared) == len(exchanges) - len(skipped)
    assert alike / len(compared) >= 0.95
    differing = {comparison.exchange.id: comparison.differences for comparison in compared if comparison.differences}
    assert differing.keys() == NOT_ALIKE.keys(), differing


def replayed(
    folder: Path, send: Send, exchanges: list[Exchange], skipped: frozenset[str], behaviour: ServerBehaviour
) -> list[Comparison]:
    replay = Replay(folder, send, behaviour)
    try:
        return list(replay.run(exchanges, skipped, UNSENT if behaviour == DOCUMENTED else frozenset()))
    finally:
        replay.store.close()


def test_comparison_notices_differences(tmp_path: Path) -> None:
    """The comparison is no rubber stamp: whatever is changed in a response is found."""

    def tampering(api: SandboxApi, method: str, target: str, headers: Pairs, body: bytes) -> tuple[int, Pairs, bytes]:
        status, answered, raw = in_process(api, method, target, headers, body)
        document = json.loads(raw) if raw else {}
        if isinstance(document.get("data"), dict) and "priority" in document["data"]:
            document["data"]["priority"] += 1
        elif "message" in document:
            document["message"] = f"{document['message']}."
        else:
            status += 1
        return status, answered, json.dumps(document).encode()

    exchanges = [exchange for exchange in recorded() if not exchange.id.startswith(("idem-slow", "idem-race"))]
    compared = replayed(tmp_path, tampering, exchanges, frozenset(), DOCUMENTED)
    assert all(comparison.differences for comparison in compared if comparison.exchange.response)
