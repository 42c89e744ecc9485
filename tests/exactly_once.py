"""Runs one create against a faulty server, and compares what the client reports with what the server stores."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from fault_server import FaultServer
from integrations_cli.api.client import Client
from integrations_cli.api.retry import AttemptReport, RetryPolicy
from integrations_cli.api.transport.open import open_transport
from integrations_cli.create.exactly_once import CreateResult, create_exactly_once, prepare_create
from integrations_cli.errors import IntegrationsError
from integrations_cli.models import Credential, Draft, Secret
from integrations_cli.terminal.redaction import Redactor
from paced import PacedBackend

NAME = "Mailgun of ACME"
TIMEOUT = 30.0
MAX_SECONDS = 150.0
"""The limit for one create in seconds: a minute, an attempt that began within it, and the last lookup."""

CANARY = "c4n4ry-credential-0123456789"
TOKEN = "c4n4ry-t0ken-abcdefghij"
RESUME = "integrations create --again"


@dataclass
class CreateRun:
    """The result of one create: its outcome, all text about it, and the integrations on the server."""

    created: CreateResult | None
    error: IntegrationsError | None
    reports: list[AttemptReport]
    identifier: str
    key: str
    integrations: list[dict[str, object]]
    script: Sequence[str]
    seconds: float
    requests: int
    text: str = field(repr=False, default="")

    @property
    def code(self) -> int:
        return 0 if self.error is None else self.error.exit_code

    @property
    def message(self) -> str:
        return "" if self.error is None else self.error.message

    @property
    def attempts(self) -> int:
        """Return how many times the create was sent, or a send was attempted."""
        return sum(report.method == "POST" for report in self.reports)


def secret_draft(identifier: str | None = None) -> Draft:
    """Return a draft that contains known secrets."""
    credentials = {
        "apiKey": Credential(CANARY),
        "domain": Credential(TOKEN, masked=True),
        "user": Credential("api"),
    }
    return Draft(provider="mailgun", channel="email", name=NAME, identifier=identifier, credentials=credentials)


def run_create(
    server: FaultServer,
    script: Sequence[str],
    *,
    retries: int = 3,
    identifier: str | None = None,
    key: str | None = None,
    random: Random | None = None,
) -> CreateRun:
    """Create one integration while the server plays `script`, then run all work that is still due."""
    random_source = random or Random()
    clock = server.clock
    server.script[:] = script
    reports: list[AttemptReport] = []
    began = clock.now()
    transport = open_transport(
        base_url=server.url,
        api_key=Secret(server.api_key),
        environ={},
        backend=PacedBackend(server),
        now=clock.now,
    )
    api = Client(
        transport,
        policy=RetryPolicy(retries=retries),
        clock=clock,
        random=random_source.random,
        timeout=TIMEOUT,
        observe=reports.append,
        redactor=Redactor([server.api_key]),
    )
    prepared = prepare_create(secret_draft(identifier), key, random=random_source.random)
    created: CreateResult | None = None
    error: IntegrationsError | None = None
    messages: list[str] = []
    try:
        created = create_exactly_once(api, prepared, resume=lambda: RESUME)
    except IntegrationsError as caught:
        error = caught
        messages += [caught.message, caught.hint or "", *caught.details, caught.error_id or ""]
        messages += traceback.format_exception(caught)
    finally:
        transport.close()
    seconds = clock.now() - began
    server.script.clear()
    clock.run_out()
    messages += map(str, reports)
    return CreateRun(
        created=created,
        error=error,
        reports=reports,
        identifier=prepared.identifier,
        key=prepared.key,
        integrations=server.integrations(),
        script=list(script),
        seconds=seconds,
        requests=len(reports),
        text="\n".join(messages),
    )


def violations(run: CreateRun, secrets: Sequence[str], existing: Sequence[str] = ()) -> list[str]:
    """Return every false or missing statement of a run; none if its report matches the server's state.

    `existing` are the ids of the integrations that were there before.
    """
    found = [*_wrong_outcome(run, existing), *_wrong_messages(run)]
    found += [f"LEAK: {secret[:8]}…" for secret in secrets if secret in run.text]
    if run.seconds > MAX_SECONDS:
        found.append(f"it took {run.seconds:.0f} s")
    return found


def _wrong_outcome(run: CreateRun, existing: Sequence[str]) -> list[str]:
    new = [entry for entry in run.integrations if entry["_id"] not in existing]
    found = []
    if len(new) > 1:
        found.append(f"DUPLICATE: {len(new)} exist")
    if run.created is not None:
        if not new:
            found.append("LOST: success was reported, and nothing was created")
        elif run.created.integration.id != new[0]["_id"]:
            found.append("WRONG: another integration was shown")
        if run.created.attempts != run.attempts:
            found.append(f"WRONG: {run.created.attempts} attempts reported, {run.attempts} made")
    elif new and "not known" not in run.message:
        found.append(f"WRONG: exit {run.code}, and it was created: {run.message}")
    return found


def _wrong_messages(run: CreateRun) -> list[str]:
    error = run.error
    if error is None:
        return []
    found = []
    if "\n" in error.message or "\n" in (error.hint or ""):
        found.append("a message of two lines")
    if run.code in {8, 10}:
        tried = "tried once" if run.attempts == 1 else f"tried {run.attempts} times"
        if tried not in error.message:
            found.append(f"{tried}, and the message does not say so: {error.message}")
        if RESUME not in (error.hint or "") and "use another key" not in (error.hint or ""):
            found.append(f"the hint has no resume command: {error.hint}")
        if error.idempotency_key is None:
            found.append("the error has no idempotency key")
    if run.code == 8 and "nothing was created" not in error.message:
        found.append(f"exit 8 without 'nothing was created': {error.message}")
    if run.code == 10 and "not known" not in error.message:
        found.append(f"exit 10 without 'not known': {error.message}")
    if run.code not in {4, 5, 6, 7, 8, 10, 130}:
        found.append(f"exit {run.code}: {error.message}")
    return found
