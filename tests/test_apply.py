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
from integrations_cli.api.transport.base import Request, Response, Transport, TransportFailure
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
    with environment(folder, wrap=Spy, **options) as there:
        assert isinstance(there.transport, Spy)
        yield there, there.transport


# -- order and concurrency --------------------------------------------------------------------------------------------


def test_as_many_requests_as_asked_for_are_under_way_and_no_more(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        meeting = threading.Barrier(4, timeout=20)
        waited = [0]

        def meet(request: Request) -> None:
            with spy.lock:
                waited[0] += request.method == "POST"
                first = waited[0] <= 4 and request.method == "POST"
            if first:
                meeting.wait()  # it breaks unless four are here at the same time

        spy.fail = meet
        outcomes = there.apply(mails(40), concurrency=4)
        assert statuses(outcomes) == {"done": 40}
        assert spy.most == 4


def test_active_ones_of_a_channel_with_a_primary_come_one_after_the_other_in_their_order(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        text = mails(12, active="true") + '[integrations.phone]\nprovider = "expo"\nactive = true\n'
        text += 'credentials = { apiKey = "x" }\n'
        outcomes = there.apply(text, concurrency=8)
        assert statuses(outcomes) == {"done": 13}
        assert not {pair for pair in spy.together if all(name.startswith("mail-") for name in pair)}
        found = [now for now in there.integrations() if now.channel == "email"]
        assert [now.identifier for now in found] == [f"mail-{number:03}" for number in range(12)]
        assert sorted(now.priority for now in found) == list(range(1, 13))
        assert [now.identifier for now in found if now.primary] == ["mail-000"]


def test_the_one_that_is_to_be_primary_is_created_first_and_is_set_last(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        text = mails(3, active="true") + MAIL.format(name="main", active="true\nprimary = true", key="k")
        there.apply(text, concurrency=4)
        changes = [request for request in spy.requests if request.method != "GET"]
        assert name_in(changes[0]) == "main"
        assert changes[-1].path.endswith("/set-primary")


def test_nothing_is_deleted_where_something_before_it_failed(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        there.create(providerId="mailgun", channel="email", identifier="old")
        there.create(providerId="expo", channel="push", identifier="old-push")
        spy.fail = lambda request: Response(400, {}, b"{}") if request.method == "POST" else None
        outcomes = there.apply(mails(1), prune=True)
        assert {(outcome.action.identifier, outcome.status) for outcome in outcomes} == {
            ("mail-000", "failed"),
            ("old", "skipped"),
            ("old-push", "done"),
        }
        assert {now.identifier for now in there.integrations()} >= {"old"}
        spy.fail = None
        assert statuses(there.apply(mails(1), prune=True)) == {"done": 2}
        assert {now.identifier for now in there.integrations() if now.provider != "novu"} == {"mail-000"}


def test_primary_is_not_set_on_what_could_not_be_created(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        spy.fail = lambda request: Response(422, {}, b"{}") if request.method == "POST" else None
        outcomes = there.apply("version = 1\n" + MAIL.format(name="a", active="true\nprimary = true", key="k"))
        assert [(outcome.action.kind, outcome.status) for outcome in outcomes] == [
            ("create", "failed"),
            ("set-primary", "skipped"),
        ]


def active_sent(spy: Spy) -> list[tuple[str, bool | None]]:
    """The method of each change that was sent, and what its body says of `active`."""
    changes = [request for request in spy.requests if request.method != "GET"]
    return [(request.method, json.loads(request.body or b"{}").get("active")) for request in changes]


@pytest.mark.parametrize("more", ["", 'name = "Renamed"'], ids=["alone", "with another change"])
def test_a_primary_is_deactivated_and_activated_to_step_down(tmp_path: Path, more: str) -> None:
    with spied(tmp_path) as (there, spy):
        there.apply(mails(2, active="true"))
        assert [now.identifier for now in there.integrations() if now.primary] == ["mail-000"]
        spy.requests.clear()
        text = mails(2, active="true").replace("active = true", f"active = true\nprimary = false\n{more}", 1)
        assert statuses(there.apply(text)) == {"done": 1}
        assert active_sent(spy) == [("PUT", False), ("PUT", True)]
        found = {now.identifier: now for now in there.integrations()}
        assert [found["mail-000"].active, found["mail-000"].primary] == [True, False]
        assert there.plan(text).actions == ()


def test_a_new_one_not_primary_begins_inactive(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        text = "version = 1\n" + MAIL.format(name="second", active="true\nprimary = false", key="k")
        assert statuses(there.apply(text)) == {"done": 1}
        assert active_sent(spy) == [("POST", False), ("PUT", True)]
        assert [now.active for now in there.integrations() if now.identifier == "second"] == [True]


# -- stopping ---------------------------------------------------------------------------------------------------------


def test_stopping_finishes_what_is_under_way_and_a_second_run_does_the_rest(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        text = mails(50)
        running = apply.ApplyRun(there.plan(text), there.api, there.memory, concurrency=4)
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
        assert statuses(there.apply(text)) == {"done": 50 - len(outcomes)}
        assert there.plan(text).actions == ()


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (TransportFailure("connect", "no connection", sent=False), UnavailableError),
        (Response(401, {}, b'{"message": "API Key not found"}'), AuthError),
    ],
)
def test_it_gives_up_when_the_server_is_away_or_refuses_the_key(
    tmp_path: Path, failure: Any, kind: type[IntegrationsError]
) -> None:
    with spied(tmp_path) as (there, spy):
        spy.fail = lambda request: failure if request.method == "POST" else None
        running = apply.ApplyRun(there.plan(mails(100)), there.api, there.memory, concurrency=1)
        assert statuses(list(running)) == {"failed": MAX_REFUSALS}
        assert isinstance(running.fatal_error, kind)


def test_a_bug_in_a_worker_is_raised_and_not_swallowed(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        spy.fail = lambda request: ZeroDivisionError() if request.method == "POST" else None
        with pytest.raises(ZeroDivisionError):
            list(apply.ApplyRun(there.plan(mails(9)), there.api, there.memory, concurrency=3))


# -- once -------------------------------------------------------------------------------------------------------------


def test_a_create_in_doubt_goes_on_with_the_same_key_in_the_next_run(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        lost = TransportFailure("timeout", "no answer", sent=True, timed_out=True)
        spy.fail = lambda request: lost if request.method == "POST" else None
        (outcome,) = there.apply(mails(1))
        assert outcome.status == "unknown"
        first = {request.headers["Idempotency-Key"] for request in spy.requests if request.method == "POST"}
        spy.fail, spy.requests[:] = None, []
        assert statuses(there.apply(mails(1))) == {"done": 1}
        again = {request.headers["Idempotency-Key"] for request in spy.requests if request.method == "POST"}
        assert again == first
        assert len(first) == 1


def test_a_create_in_doubt_with_another_body_gets_another_key(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        lost = TransportFailure("timeout", "no answer", sent=True, timed_out=True)
        spy.fail = lambda request: lost if request.method == "POST" else None
        there.apply(mails(1))
        first = spy.requests[-1].headers.get("Idempotency-Key")
        spy.fail, spy.requests[:] = None, []
        assert statuses(there.apply(mails(1, key="k-2"))) == {"done": 1}
        assert {request.headers.get("Idempotency-Key") for request in spy.requests} != {first, None}


def test_each_action_has_a_key_of_its_own(tmp_path: Path) -> None:
    with spied(tmp_path) as (there, spy):
        there.apply(mails(30), concurrency=4)
        keys = [request.headers["Idempotency-Key"] for request in spy.requests if request.method == "POST"]
        assert len(set(keys)) == 30


def test_what_is_gone_already_counts_as_deleted(tmp_path: Path) -> None:
    with environment(tmp_path) as there:
        made = there.create(providerId="mailgun", channel="email", identifier="old")
        planned = there.plan("version = 1", prune=True)
        there.send("DELETE", f"/v1/integrations/{made['_id']}")
        (outcome,) = apply.ApplyRun(planned, there.api, there.memory)
        assert (outcome.status, outcome.note) == ("done", "was already deleted")


def test_a_conflict_says_where_to_look(tmp_path: Path) -> None:
    with environment(tmp_path) as there:
        production = Environment(there.sandbox, tmp_path / "state", name="Production")
        assert statuses(there.apply(mails(1))) == {"done": 1}
        (outcome,) = production.apply(mails(1))
        assert outcome.status == "failed"
        assert outcome.error is not None
        assert "another environment" in (outcome.error.hint or "")


# -- what is remembered -----------------------------------------------------------------------------------------------


def test_what_was_applied_is_remembered_and_a_changed_secret_is_seen(tmp_path: Path) -> None:
    with environment(tmp_path) as there:
        there.apply(mails(25), concurrency=4)
        assert there.plan(mails(25)).actions == ()
        changed = there.plan(mails(25, key="k-2"))
        assert {change.field for action in changed.actions for change in action.changes} == {"credentials.apiKey"}
        assert {change.note for action in changed.actions for change in action.changes} == {"changed"}


def test_what_was_deleted_is_not_remembered(tmp_path: Path) -> None:
    with environment(tmp_path) as there:
        there.apply(mails(2))
        first, second = [now.id for now in there.integrations() if now.provider == "mailgun"]
        assert [there.memory.is_known(first), there.memory.is_known(second)] == [True, True]
        assert statuses(there.apply(mails(1), prune=True)) == {"done": 1}
        assert [there.memory.is_known(first), there.memory.is_known(second)] == [True, False]


def test_a_state_folder_that_cannot_be_written_is_said_once_and_keeps_nothing_from_being_done(tmp_path: Path) -> None:
    with environment(tmp_path) as there:
        there.state.write_text("a file where the folder should be")
        running = apply.ApplyRun(there.plan(mails(25)), there.api, there.memory)
        assert statuses(list(running)) == {"done": 25}
        assert str(there.state) in (running.save_error or "")
        assert {change.note for change in there.plan(mails(1)).actions[0].changes} == {"unknown"}


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
        server.plant(
            providerId=provider, channel=channel, identifier=f"i{number:03}", name="Old", check=False, active=True
        )
    server.plant(providerId="mailgun", channel="email", identifier="unwanted", check=False)
    met: Counter[str] = Counter()
    taken = 0
    for _ in range(runs):
        # The first requests of a run only read: a fault that lasts there is a run without an action.
        server.script[:] = [
            random.choice(NAMES) if random.random() < SHARE_OF_FAULTS and index > 2 else "none" for index in range(3000)
        ]
        server.played.clear()
        outcomes = run_once(server, text, state, random, concurrency)
        server.script.clear()
        met.update(fault for fault, _ in server.played if fault != "none")
        taken += 1
        if outcomes and statuses(outcomes) == {"done": len(outcomes)}:
            break
    server.clock.run_out()
    wrong = differences(server)
    assert wrong == [], (seed, wrong[:5], met)
    return taken, met


def differences(server: FaultServer) -> list[str]:
    """What of the manifest is not so; worked out without the program."""
    there = Counter(entry["identifier"] for entry in server.held())
    wanted = {f"i{number:03}" for number in range(ENTRIES)}
    wrong = [f"{name} is there {count} times" for name, count in there.items() if count > 1]
    wrong += [f"{name} is missing" for name in wanted - there.keys()] + [
        f"{name} is left" for name in there.keys() - wanted
    ]
    for entry in server.held():
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
def test_an_apply_of_200_with_faults_converges_after_three_runs_at_most(
    tmp_path: Path, idempotency: bool, figures: Figures
) -> None:
    rows: list[Sequence[object]] = [("idempotency", "seed", "runs", "faults met", "kinds of them")]
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with FaultServer(
            folder / "s.db", FakeClock(), idempotency=idempotency, observed=not idempotency, wired=False
        ) as server:
            runs, met = play(server, folder / "state", seed, concurrency=1)
        rows.append(("on" if idempotency else "off", seed, runs, met.total(), len(met)))
        assert met.total() > 30
    figures(f"apply of {ENTRIES} with faults, idempotency {'on' if idempotency else 'off'}", rows)


@pytest.mark.parametrize("observed", [False, True])
def test_answers_lost_by_several_threads_at_a_time_make_no_duplicates(tmp_path: Path, observed: bool) -> None:
    random, lock = Random(7), threading.Lock()
    with spied(tmp_path, observed=observed, idempotency=not observed) as (there, spy):

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
        while runs < 3 and there.plan(text).actions:
            there.apply(text, concurrency=4)
            runs += 1
        spy.fail = None
        assert there.plan(text).actions == ()
        assert (
            Counter(now.identifier for now in there.integrations() if now.provider != "novu").most_common(1)[0][1] == 1
        )
        assert [now.identifier for now in there.integrations() if now.primary] == ["main"]
