"""Plays one create against a failing server, and judges what was said by what the server holds."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from fault_server import FaultServer
from integrations_cli.api.client import Client
from integrations_cli.api.retry import AttemptReport, RetryPolicy
from integrations_cli.api.transport.open import open_transport
from integrations_cli.create import exactly_once as create
from integrations_cli.create.exactly_once import CreateResult
from integrations_cli.errors import IntegrationsError
from integrations_cli.models import Credential, Draft, Secret
from integrations_cli.terminal.redaction import Redactor
from paced import PacedBackend

NAME = "Mailgun of ACME"
TIMEOUT = 30.0
LONGEST = 150.0
"""Seconds that a create may take at most: a minute, an attempt that began within it, and the last look-up."""

CANARY = "c4n4ry-credential-0123456789"
TOKEN = "c4n4ry-t0ken-abcdefghij"
RESUME = "integrations create --again"


@dataclass
class Played:
    """What came of one create: the outcome, everything that was written about it, and what the server holds."""

    created: CreateResult | None
    error: IntegrationsError | None
    reports: list[AttemptReport]
    identifier: str
    key: str
    held: list[dict[str, object]]
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
        """How many times the create was sent, or tried to be."""
        return sum(report.method == "POST" for report in self.reports)


def draft(identifier: str | None = None) -> Draft:
    """A draft with planted secrets in it."""
    credentials = {
        "apiKey": Credential(CANARY),
        "domain": Credential(TOKEN, concealed=True),
        "user": Credential("api"),
    }
    return Draft(provider="mailgun", channel="email", name=NAME, identifier=identifier, credentials=credentials)


def play(
    server: FaultServer,
    script: Sequence[str],
    *,
    retries: int = 3,
    identifier: str | None = None,
    key: str | None = None,
    random: Random | None = None,
) -> Played:
    """Create one integration while the server fails by `script`; then let everything happen that is still to come."""
    chance = random or Random()
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
        random=chance.random,
        timeout=TIMEOUT,
        observe=reports.append,
        redactor=Redactor([server.api_key]),
    )
    prepared = create.prepare_create(draft(identifier), key, random=chance.random)
    created: CreateResult | None = None
    error: IntegrationsError | None = None
    said: list[str] = []
    try:
        created = create.create_exactly_once(api, prepared, resume=lambda: RESUME)
    except IntegrationsError as caught:
        error = caught
        said += [caught.message, caught.hint or "", *caught.details, caught.error_id or ""]
        said += traceback.format_exception(caught)
    finally:
        transport.close()
    seconds = clock.now() - began
    server.script.clear()
    clock.run_out()
    said += map(str, reports)
    return Played(
        created=created,
        error=error,
        reports=reports,
        identifier=prepared.identifier,
        key=prepared.key,
        held=server.held(),
        script=list(script),
        seconds=seconds,
        requests=len(reports),
        text="\n".join(said),
    )


def judge(played: Played, secrets: Sequence[str], planted: Sequence[str] = ()) -> list[str]:
    """Everything that is wrong with what was said; empty if it agrees with what the server holds.

    `planted` are the ids of what was there before.
    """
    wrong = [*_wrong_statements(played, planted), *_wrong_words(played)]
    wrong += [f"LEAK: {secret[:8]}…" for secret in secrets if secret in played.text]
    if played.seconds > LONGEST:
        wrong.append(f"it took {played.seconds:.0f} s")
    return wrong


def _wrong_statements(played: Played, planted: Sequence[str]) -> list[str]:
    new = [entry for entry in played.held if entry["_id"] not in planted]
    wrong = []
    if len(new) > 1:
        wrong.append(f"DUPLICATE: {len(new)} are there")
    if played.created is not None:
        if not new:
            wrong.append("LOST: success was said, and nothing was created")
        elif played.created.integration.id != new[0]["_id"]:
            wrong.append("WRONG: another integration was shown")
        if played.created.attempts != played.attempts:
            wrong.append(f"WRONG: {played.created.attempts} attempts said, {played.attempts} made")
    elif new and "not known" not in played.message:
        wrong.append(f"WRONG: exit {played.code}, and it is there: {played.message}")
    return wrong


def _wrong_words(played: Played) -> list[str]:
    error = played.error
    if error is None:
        return []
    wrong = []
    if "\n" in error.message or "\n" in (error.hint or ""):
        wrong.append("a message of two lines")
    if played.code in {8, 10}:
        tried = "tried once" if played.attempts == 1 else f"tried {played.attempts} times"
        if tried not in error.message:
            wrong.append(f"{tried}, and the message does not say so: {error.message}")
        if RESUME not in (error.hint or "") and "use another key" not in (error.hint or ""):
            wrong.append(f"no way to go on is given: {error.hint}")
        if error.idempotency_key is None:
            wrong.append("the idempotency key is not given")
    if played.code == 8 and "nothing was created" not in error.message:
        wrong.append(f"exit 8 without saying that nothing was created: {error.message}")
    if played.code == 10 and "not known" not in error.message:
        wrong.append(f"exit 10 without saying that it is not known: {error.message}")
    if played.code not in {4, 5, 6, 7, 8, 10, 130}:
        wrong.append(f"exit {played.code}: {error.message}")
    return wrong
