"""Running a plan: past failures, one after the other where it must be, once each, and to the same end after faults."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conftest import Figures
from environments import Environment, environment
from fault_server import FakeClock, FaultServer
from faults import NAMES
from integrations_cli.api.client import Client
from integrations_cli.api.rate_limit import RateLimitedTransport, RateLimiter
from integrations_cli.api.transport.interface import Request, Response, Transport, TransportFailure
from integrations_cli.api.transport.open import open_transport
from integrations_cli.errors import AuthError, IntegrationsError, UnavailableError
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.manifests import apply, fingerprints
from integrations_cli.manifests import load as manifest
from integrations_cli.manifests.apply import MAX_REFUSALS
from integrations_cli.manifests.documents import Source
from integrations_cli.manifests.perform import ActionOutcome
from integrations_cli.manifests.plan import make_plan
from integrations_cli.models import Secret
from paced import PacedBackend

MAIL = """
[integrations.{name}]
provider = "mailgun"
active = {active}
credentials = {{ apiKey = "{key}", user = "u", domain = "d", from = "f", senderName = "s" }}
"""


def mails(count: int, *, active: str = "false", key: str = "k-1") -> str:
    entries = (MAIL.format(name=f"mail-{number:03}", active=active, key=key) for number in range(count))
    return "version = 1\n" + "".join(entries)


def statuses(outcomes: Sequence[ActionOutcome]) -> Counter[str]:
    return Counter(outcome.status for outcome in outcomes)


class Spy:
    """A transport that keeps count of who is inside, and can fail or wait."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.base_url = inner.base_url
        self.requests: list[Request] = []
        self.inside: list[Request] = []
        self.most = 0
        self.together: set[tuple[str, str]] = set()
        self.lock = threading.Lock()
        self.fail: Any = None

    def send(self, request: Request, timeout: float) -> Response:
        with self.lock:
            self.requests.append(request)
            for other in self.inside:
                self.together.add((name_in(other), name_in(request)))
            self.inside.append(request)
            self.most = max(self.most, len(self.inside))
        try:
            failure = self.fail(request) if self.fail is not None else None
            if isinstance(failure, Exception):
                raise failure
            return failure if failure is not None else self.inner.send(request, timeout)
        finally:
            with self.lock:
                self.inside.remove(request)

    def close(self) -> None:
        self.inner.close()


def name_in(request: Request) -> str:
    return str(json.loads(request.body)["identifier"]) if request.method == "POST" and request.body else request.path


@contextmanager
def spied(folder: Path, **options: Any) -> Iterator[tuple[Environment, Spy]]:
    with environment(folder, wrap=Spy, **options) as env:
        assert isinstance(env.transport, Spy)
        yield env, env.transport


# -- order and concurrency --------------------------------------------------------------------------------------------


def test_concurrency_is_used_and_not_exceeded(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        meeting = threading.Barrier(4, timeout=20)
        waited = [0]

        def meet(request: Request) -> None:
            with spy.lock:
                waited[0] += request.method == "POST"
                first = waited[0] <= 4 and request.method == "POST"
            if first:
                meeting.wait()  # it breaks unless four are here at the same time

        spy.fail = meet
        outcomes = env.apply(mails(40), concurrency=4)
        assert statuses(outcomes) == {"done": 40}
        assert spy.most == 4


def test_active_creates_of_a_channel_run_in_order(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        text = mails(12, active="true") + '[integrations.phone]\nprovider = "expo"\nactive = true\n'
        text += 'credentials = { apiKey = "x" }\n'
        outcomes = env.apply(text, concurrency=8)
        assert statuses(outcomes) == {"done": 13}
        assert not {pair for pair in spy.together if all(name.startswith("mail-") for name in pair)}
        found = [now for now in env.integrations() if now.channel == "email"]
        assert [now.identifier for now in found] == [f"mail-{number:03}" for number in range(12)]
        assert sorted(now.priority for now in found) == list(range(1, 13))
        assert [now.identifier for now in found if now.primary] == ["mail-000"]


def test_future_primary_is_created_first_and_set_last(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        text = mails(3, active="true") + MAIL.format(name="main", active="true\nprimary = true", key="k")
        env.apply(text, concurrency=4)
        changes = [request for request in spy.requests if request.method != "GET"]
        assert name_in(changes[0]) == "main"
        assert changes[-1].path.endswith("/set-primary")


def test_deletion_is_skipped_after_failure_in_its_channel(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        env.create(providerId="mailgun", channel="email", identifier="old")
        env.create(providerId="expo", channel="push", identifier="old-push")
        spy.fail = lambda request: Response(400, {}, b"{}") if request.method == "POST" else None
        outcomes = env.apply(mails(1), prune=True)
        assert {(outcome.action.identifier, outcome.status) for outcome in outcomes} == {
            ("mail-000", "failed"),
            ("old", "skipped"),
            ("old-push", "done"),
        }
        assert {now.identifier for now in env.integrations()} >= {"old"}
        spy.fail = None
        assert statuses(env.apply(mails(1), prune=True)) == {"done": 2}
        assert {now.identifier for now in env.integrations() if now.provider != "novu"} == {"mail-000"}


def test_set_primary_is_skipped_after_failed_create(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        spy.fail = lambda request: Response(422, {}, b"{}") if request.method == "POST" else None
        outcomes = env.apply("version = 1\n" + MAIL.format(name="a", active="true\nprimary = true", key="k"))
        assert [(outcome.action.kind, outcome.status) for outcome in outcomes] == [
            ("create", "failed"),
            ("set-primary", "skipped"),
        ]


def active_sent(spy: Spy) -> list[tuple[str, bool | None]]:
    """The method of each change that was sent, and what its body says of `active`."""
    changes = [request for request in spy.requests if request.method != "GET"]
    return [(request.method, json.loads(request.body or b"{}").get("active")) for request in changes]


@pytest.mark.parametrize("more", ["", 'name = "Renamed"'], ids=["alone", "with another change"])
def test_primary_steps_down_by_being_deactivated_and_activated(tmp_path: Path, more: str) -> None:
    with spied(tmp_path) as (env, spy):
        env.apply(mails(2, active="true"))
        assert [now.identifier for now in env.integrations() if now.primary] == ["mail-000"]
        spy.requests.clear()
        text = mails(2, active="true").replace("active = true", f"active = true\nprimary = false\n{more}", 1)
        assert statuses(env.apply(text)) == {"done": 1}
        assert active_sent(spy) == [("PUT", False), ("PUT", True)]
        found = {now.identifier: now for now in env.integrations()}
        assert [found["mail-000"].active, found["mail-000"].primary] == [True, False]
        assert env.plan(text).actions == ()


def test_new_non_primary_is_created_inactive(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        text = "version = 1\n" + MAIL.format(name="second", active="true\nprimary = false", key="k")
        assert statuses(env.apply(text)) == {"done": 1}
        assert active_sent(spy) == [("POST", False), ("PUT", True)]
        assert [now.active for now in env.integrations() if now.identifier == "second"] == [True]


# -- stopping ---------------------------------------------------------------------------------------------------------


def test_stop_finishes_running_actions_and_rerun_continues(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        text = mails(50)
        running = apply.ApplyRun(env.plan(text), env.api, env.memory, concurrency=4)
        outcomes = []
        for outcome in running:
            outcomes.append(outcome)
            if len(outcomes) == 10:
                running.request_stop()
        assert running.fatal_error is None
        assert statuses(outcomes) == {"done": len(outcomes)}
        assert 10 <= len(outcomes) <= 14
        posted = [name_in(request) for request in spy.requests if request.method == "POST"]
        assert sorted(posted) == sorted(outcome.action.identifier for outcome in outcomes)
        assert statuses(env.apply(text)) == {"done": 50 - len(outcomes)}
        assert env.plan(text).actions == ()


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (TransportFailure("connect", "no connection", sent=False), UnavailableError),
        (Response(401, {}, b'{"message": "API Key not found"}'), AuthError),
    ],
)
def test_run_ends_when_server_is_unavailable_or_unauthorized(
    tmp_path: Path, failure: Any, kind: type[IntegrationsError]
) -> None:
    with spied(tmp_path) as (env, spy):
        spy.fail = lambda request: failure if request.method == "POST" else None
        running = apply.ApplyRun(env.plan(mails(100)), env.api, env.memory, concurrency=1)
        assert statuses(list(running)) == {"failed": MAX_REFUSALS}
        assert isinstance(running.fatal_error, kind)


def test_exception_in_a_worker_is_raised(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        spy.fail = lambda request: ZeroDivisionError() if request.method == "POST" else None
        with pytest.raises(ZeroDivisionError):
            list(apply.ApplyRun(env.plan(mails(9)), env.api, env.memory, concurrency=3))


# -- once -------------------------------------------------------------------------------------------------------------


def test_unknown_create_keeps_its_key_in_next_run(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        lost = TransportFailure("timeout", "no answer", sent=True, timed_out=True)
        spy.fail = lambda request: lost if request.method == "POST" else None
        (outcome,) = env.apply(mails(1))
        assert outcome.status == "unknown"
        first = {request.headers["Idempotency-Key"] for request in spy.requests if request.method == "POST"}
        spy.fail, spy.requests[:] = None, []
        assert statuses(env.apply(mails(1))) == {"done": 1}
        again = {request.headers["Idempotency-Key"] for request in spy.requests if request.method == "POST"}
        assert again == first
        assert len(first) == 1


def test_unknown_create_with_another_body_gets_new_key(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        lost = TransportFailure("timeout", "no answer", sent=True, timed_out=True)
        spy.fail = lambda request: lost if request.method == "POST" else None
        env.apply(mails(1))
        first = spy.requests[-1].headers.get("Idempotency-Key")
        spy.fail, spy.requests[:] = None, []
        assert statuses(env.apply(mails(1, key="k-2"))) == {"done": 1}
        assert {request.headers.get("Idempotency-Key") for request in spy.requests} != {first, None}


def test_each_create_has_its_own_key(tmp_path: Path) -> None:
    with spied(tmp_path) as (env, spy):
        env.apply(mails(30), concurrency=4)
        keys = [request.headers["Idempotency-Key"] for request in spy.requests if request.method == "POST"]
        assert len(set(keys)) == 30


def test_already_deleted_counts_as_done(tmp_path: Path) -> None:
    with environment(tmp_path) as env:
        made = env.create(providerId="mailgun", channel="email", identifier="old")
        planned = env.plan("version = 1", prune=True)
        env.send("DELETE", f"/v1/integrations/{made['_id']}")
        (outcome,) = apply.ApplyRun(planned, env.api, env.memory)
        assert (outcome.status, outcome.note) == ("done", "was already deleted")


def test_conflict_hints_at_another_environment(tmp_path: Path) -> None:
    with environment(tmp_path) as env:
        production = Environment(env.sandbox, tmp_path / "state", name="Production")
        assert statuses(env.apply(mails(1))) == {"done": 1}
        (outcome,) = production.apply(mails(1))
        assert outcome.status == "failed"
        assert outcome.error is not None
        assert "another environment" in (outcome.error.hint or "")


# -- what is remembered -----------------------------------------------------------------------------------------------


def test_applied_secrets_are_remembered_and_changes_seen(tmp_path: Path) -> None:
    with environment(tmp_path) as env:
        env.apply(mails(25), concurrency=4)
        assert env.plan(mails(25)).actions == ()
        changed = env.plan(mails(25, key="k-2"))
        assert {change.field for action in changed.actions for change in action.changes} == {"credentials.apiKey"}
        assert {change.note for action in changed.actions for change in action.changes} == {"changed"}


def test_deleted_integration_is_forgotten(tmp_path: Path) -> None:
    with environment(tmp_path) as env:
        env.apply(mails(2))
        first, second = [now.id for now in env.integrations() if now.provider == "mailgun"]
        assert [env.memory.is_known(first), env.memory.is_known(second)] == [True, True]
        assert statuses(env.apply(mails(1), prune=True)) == {"done": 1}
        assert [env.memory.is_known(first), env.memory.is_known(second)] == [True, False]


def test_unwritable_state_folder_does_not_stop_the_run(tmp_path: Path) -> None:
    with environment(tmp_path) as env:
        env.state.write_text("a file where the folder should be")
        running = apply.ApplyRun(env.plan(mails(25)), env.api, env.memory)
        assert statuses(list(running)) == {"done": 25}
        assert str(env.state) in (running.save_error or "")
        assert {change.note for change in env.plan(mails(1)).actions[0].changes} == {"unknown"}


# -- faults -----------------------------------------------------------------------------------------------------------

ENTRIES = 200
SHARE_OF_FAULTS = 0.2


def desired_world() -> str:
    """A manifest of 200: most are new, some are to change, one of each channel is to be primary."""
    entries = ["version = 1\n"]
    for number in range(ENTRIES):
        provider = ("mailgun", "sendgrid", "twilio", "expo")[number % 4]
        active = "true" if number % 5 == 0 else "false"
        primary = "primary = true\n" if number in {20, 42} else ""
        active = "true" if primary else active
        entries.append(
            f'[integrations.i{number:03}]\nprovider = "{provider}"\nname = "Name {number}"\n'
            f'active = {active}\n{primary}credentials = {{ apiKey = "k{number}" }}\n'
        )
    return "".join(entries)


def run_once(server: FaultServer, text: str, state: Path, random: Random, concurrency: int) -> list[ActionOutcome]:
    """One run of `apply`, by a new process; a failure before the first action is a run, too."""
    clock = server.clock
    transport = open_transport(
        base_url=server.url, api_key=Secret(server.api_key), environ={}, backend=PacedBackend(server), now=clock.now
    )
    api = Client(RateLimitedTransport(transport, RateLimiter(), clock), clock=clock, random=random.random, timeout=30.0)
    reader = ValueReader(stdin=lambda: b"", environ={})
    try:
        desired = manifest.resolve_references(manifest.parse([Source("world.toml", text)]), reader)
        own = api.environment()
        memory = fingerprints.load_fingerprints(state, server=server.url, environment_id=own.id if own else "")
        planned = make_plan(desired, api.list(), memory, prune=True, skip_validation=True)
        return list(apply.ApplyRun(planned, api, memory, concurrency=concurrency))
    except IntegrationsError:
        return []
    finally:
        transport.close()


def play(server: FaultServer, state: Path, seed: int, *, concurrency: int, runs: int = 3) -> tuple[int, Counter[str]]:
    """How many runs it takes, and which faults were met."""
    random = Random(seed)
    text = desired_world()
    for number in range(0, 60, 7):
        provider = ("mailgun", "sendgrid", "twilio", "expo")[number % 4]
        channel = {"twilio": "sms", "expo": "push"}.get(provider, "email")
        server.create_directly(
            providerId=provider, channel=channel, identifier=f"i{number:03}", name="Old", check=False, active=True
        )
    server.create_directly(providerId="mailgun", channel="email", identifier="unwanted", check=False)
    met: Counter[str] = Counter()
    taken = 0
    for _ in range(runs):
        # The first requests of a run only read: a fault that lasts there is a run without an action.
        server.script[:] = [
            random.choice(NAMES) if random.random() < SHARE_OF_FAULTS and index > 2 else "none" for index in range(3000)
        ]
        server.faults_met.clear()
        outcomes = run_once(server, text, state, random, concurrency)
        server.script.clear()
        met.update(fault for fault, _ in server.faults_met if fault != "none")
        taken += 1
        if outcomes and statuses(outcomes) == {"done": len(outcomes)}:
            break
    server.clock.run_out()
    wrong = differences(server)
    assert wrong == [], (seed, wrong[:5], met)
    return taken, met


def differences(server: FaultServer) -> list[str]:
    """What of the manifest is not so; worked out without the program."""
    env = Counter(entry["identifier"] for entry in server.integrations())
    wanted = {f"i{number:03}" for number in range(ENTRIES)}
    wrong = [f"{name} is there {count} times" for name, count in env.items() if count > 1]
    wrong += [f"{name} is missing" for name in wanted - env.keys()] + [
        f"{name} is left" for name in env.keys() - wanted
    ]
    for entry in server.integrations():
        number = int(entry["identifier"].removeprefix("i")) if entry["identifier"] in wanted else -1
        primary = number in {20, 42}
        active = primary or number % 5 == 0
        wrong += [f"{entry['identifier']} is named {entry['name']}"] * (
            number >= 0 and entry["name"] != f"Name {number}"
        )
        wrong += [f"{entry['identifier']}.active"] * (number >= 0 and entry["active"] is not active)
        wrong += [f"{entry['identifier']}.credentials"] * (number >= 0 and set(entry["credentials"]) != {"apiKey"})
        wrong += [f"{entry['identifier']}.primary"] * (primary and not entry["primary"])
    return wrong


@pytest.mark.parametrize("idempotency", [True, False])
def test_apply_with_faults_converges_within_three_runs(tmp_path: Path, idempotency: bool, figures: Figures) -> None:
    rows: list[Sequence[object]] = [("idempotency", "seed", "runs", "faults met", "kinds of them")]
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with FaultServer(
            folder / "s.db", FakeClock(), idempotency=idempotency, observed=not idempotency, over_tcp=False
        ) as server:
            runs, met = play(server, folder / "state", seed, concurrency=1)
        rows.append(("on" if idempotency else "off", seed, runs, met.total(), len(met)))
        assert met.total() > 30
    figures(f"apply of {ENTRIES} with faults, idempotency {'on' if idempotency else 'off'}", rows)


@pytest.mark.parametrize("observed", [False, True])
def test_lost_responses_in_several_threads_make_no_duplicates(tmp_path: Path, observed: bool) -> None:
    random, lock = Random(7), threading.Lock()
    with spied(tmp_path, observed=observed, idempotency=not observed) as (env, spy):

        def lose(request: Request) -> Response | Exception | None:
            with lock:
                chance = random.random()
            if request.method == "GET" or chance > 0.4:
                return None
            if chance < 0.2:
                spy.inner.send(request, 30.0)
            return TransportFailure("disconnected", "the connection was lost", sent=True)

        spy.fail = lose
        text = mails(100, active="true") + MAIL.format(name="main", active="true\nprimary = true", key="k")
        runs = 0
        while runs < 3 and env.plan(text).actions:
            env.apply(text, concurrency=4)
            runs += 1
        spy.fail = None
        assert env.plan(text).actions == ()
        assert Counter(now.identifier for now in env.integrations() if now.provider != "novu").most_common(1)[0][1] == 1
        assert [now.identifier for now in env.integrations() if now.primary] == ["main"]
