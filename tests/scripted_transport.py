"""Responses made by hand, and a transport that returns them in order."""

from __future__ import annotations

import json
from collections.abc import Callable

from fault_server import FakeClock
from integrations_cli.api.client import Client
from integrations_cli.api.retry import AttemptReport
from integrations_cli.api.transport.interface import Request, Response, TransportFailure
from integrations_cli.terminal.redaction import Redactor

ENVIRONMENT = {"_id": "e1", "name": "Development"}
ONE = {"_id": "i1", "_environmentId": "e1", "identifier": "one", "providerId": "mailgun", "channel": "email"}


def response(status: int, body: object = b"", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"content-type": "application/json"} if content[:1] in (b"{", b"[") else {}
    return Response(status, kind | {name.replace("_", "-"): value for name, value in headers.items()}, content)


class Scripted:
    """A transport that gives what it was told to, in order."""

    base_url = "https://api.example"

    def __init__(self, *outcomes: Response | BaseException) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[Request] = []

    def send(self, request: Request, timeout: float) -> Response:
        self.requests.append(request)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self) -> None:
        """Nothing is open."""


def api(
    *outcomes: Response | BaseException,
    observe: Callable[[AttemptReport], None] | None = None,
    clock: FakeClock | None = None,
) -> tuple[Client, Scripted]:
    transport = Scripted(*outcomes)
    return Client(
        transport, clock=clock or FakeClock(), random=lambda: 0.5, observe=observe, redactor=Redactor(["k3y-abcdef"])
    ), transport


def lost(*, sent: bool = True, timed_out: bool = False) -> TransportFailure:
    return TransportFailure("disconnected", "the connection broke", sent=sent, timed_out=timed_out, hint="look")
