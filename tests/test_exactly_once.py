"""Create makes exactly one integration or none, and reports which, under every network fault."""

from __future__ import annotations

import itertools
import os
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random, SystemRandom

import pytest

from conftest import Figures
from exactly_once import CANARY, RESUME, TOKEN, CreateRun, run_create, violations
from fault_server import FakeClock, FaultServer
from faults import HEAVY, KINDS, NAMES
from program import Program
from scripted_server import CREATED, Received, Reply, Scripted, created, scripted

SEQUENCES = 1000
SEED = os.environ.get("INTEGRATIONS_FAULT_SEED")
"""The seed that repeats the random sequences of an earlier run."""


@pytest.fixture(params=["idempotency on", "idempotency off"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FaultServer]:
    """Serve over TCP: a current release with idempotency keys, or an older release without them."""
    with fault_server(request, tmp_path, over_tcp=True) as running:
        yield running


@pytest.fixture(params=["idempotency on", "idempotency off"])
def memory_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FaultServer]:
    """Serve the same in memory, without sockets, for thousands of runs."""
    with fault_server(request, tmp_path, over_tcp=False) as running:
        yield running


def fault_server(request: pytest.FixtureRequest, folder: Path, *, over_tcp: bool) -> FaultServer:
    on = request.param == "idempotency on"
    return FaultServer(folder / "sandbox.db", FakeClock(), idempotency=on, observed=not on, over_tcp=over_tcp)


def secrets_of(server: FaultServer) -> tuple[str, ...]:
    """Return the texts that no output may contain."""
    return (server.api_key, CANARY, TOKEN)


def run_all(server: FaultServer, scripts: Sequence[tuple[Sequence[str], int]]) -> tuple[Counter[int], int]:
    """Run each script with its number of retries; return the counts of exit codes and of requests."""
    codes: Counter[int] = Counter()
    requests = 0
    for script, retries in scripts:
        run = run_create(server, script, retries=retries)
        assert violations(run, secrets_of(server)) == [], (script, retries)
        codes[run.code] += 1
        requests += run.requests
        server.clear()
    return codes, requests


def table(codes: Counter[int], requests: int) -> list[Sequence[object]]:
    """Return the rows of the printed table."""
    rows: list[Sequence[object]] = [["runs", codes.total()], ["requests", requests]]
    rows += [[f"exit {code}", number] for code, number in sorted(codes.items())]
    return [*rows, ["duplicates", 0], ["lost", 0], ["wrong reports", 0], ["secrets shown", 0]]


# -- every fault, and every pair --------------------------------------------------------------------------------------


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_single_fault_never_duplicates_and_reports_the_truth(
    server: FaultServer, retries: int, figures: Figures, request: pytest.FixtureRequest
) -> None:
    codes, requests = run_all(server, [([name], retries) for name in NAMES])
    figures(f"Single faults: {request.node.callspec.id}", table(codes, requests))


@pytest.mark.parametrize(
    ("memory_server", "retries"),
    # Without retries, the second fault hits the lookup, which does not depend on idempotency keys.
    [("idempotency on", 3), ("idempotency off", 3), ("idempotency off", 0)],
    indirect=["memory_server"],
)
def test_pair_of_faults_never_duplicates_and_reports_truth(
    memory_server: FaultServer, retries: int, figures: Figures, request: pytest.FixtureRequest
) -> None:
    pairs = itertools.product(KINDS, KINDS)
    codes, requests = run_all(memory_server, [(pair, retries) for pair in pairs])
    figures(f"Pairs of faults: {request.node.callspec.id}", table(codes, requests))


@pytest.mark.parametrize("fault", HEAVY)
def test_oversized_response_does_not_hide_the_created_integration(server: FaultServer, fault: str) -> None:
    run = run_create(server, [fault])
    assert violations(run, secrets_of(server)) == []
    assert run.created is not None
    assert run.created.confirmed


# -- random sequences -------------------------------------------------------------------------------------------------


def sequence(draw: Random) -> list[str]:
    """Return a sequence of faults: mostly a few, sometimes enough to reach the lookup too."""
    return [draw.choice(NAMES) for _ in range(min(1 + int(draw.expovariate(0.4)), 16))]


def run_random_sequence(server: FaultServer, seed: str) -> tuple[CreateRun, list[str]]:
    """Run the sequence of a seed, and then the resume command; return the run and the problems of both."""
    draw = Random(seed)
    # Sometimes the identifier exists for an hour already: same or other provider, same or other environment.
    existing: list[str] = []
    identifier = draw.choice([None, None, "main"])
    if identifier is not None and draw.random() < 0.4:
        provider = draw.choice(["mailgun", "sendgrid"])
        where = draw.choice(["Development", "Production"])
        existing.append(
            server.create_directly(where, providerId=provider, channel="email", identifier=identifier, check=False)[
                "_id"
            ]
        )
        server.clock.advance(3600)
    run = run_create(
        server, sequence(draw), retries=draw.choice([0, 1, 3, 3, 3, 6]), identifier=identifier, random=draw
    )
    problems = violations(run, secrets_of(server), existing)
    if run.error is not None and RESUME in (run.error.hint or ""):
        problems += problems_after_resuming(server, run, existing)
    return run, problems


def problems_after_resuming(server: FaultServer, run: CreateRun, existing: Sequence[str]) -> list[str]:
    """Repeat the command with the same identifier and key, without faults; return the problems."""
    again = run_create(server, [], identifier=run.identifier, key=run.key)
    new = [entry["_id"] for entry in again.integrations if entry["_id"] not in existing]
    problems = [f"LEAK on resuming: {secret[:8]}…" for secret in secrets_of(server) if secret in again.text]
    if len(new) > 1:
        problems.append(f"DUPLICATE on resuming: {len(new)} exist")
    if again.created is not None and [again.created.integration.id] != new:
        problems.append("LOST on resuming: success was reported, and another integration exists, or none")
    # A server without idempotency reports a conflict; a server with a stored 500 replays it.
    stored = again.code == 8 and not new and "use another key" in (again.error.hint or "") if again.error else False
    if again.created is None and not stored and not (again.code == 6 and (new or existing)):
        problems.append(f"WRONG on resuming: exit {again.code}: {again.message}")
    return problems


def test_random_fault_sequences_never_duplicate_lose_or_misreport(
    memory_server: FaultServer, figures: Figures, request: pytest.FixtureRequest
) -> None:
    seed = SEED or str(SystemRandom().randrange(10**9))
    codes: Counter[int] = Counter()
    requests, longest, number = 0, 0.0, SEQUENCES // 2
    for index in range(number):
        run, problems = run_random_sequence(memory_server, f"{seed}-{index}")
        assert problems == [], f"INTEGRATIONS_FAULT_SEED={seed}, sequence {index}: {run.script}"
        codes[run.code] += 1
        requests += run.requests
        longest = max(longest, run.seconds)
        memory_server.clear()
    rows: list[Sequence[object]] = [
        ["INTEGRATIONS_FAULT_SEED", seed],
        *table(codes, requests),
        ["longest, seconds by its clock", f"{longest:.0f}"],
    ]
    figures(f"Random sequences of faults: {request.node.callspec.id}", rows)


# -- single outcomes --------------------------------------------------------------------------------------------------


def posts(run: CreateRun) -> list[int | None]:
    """Return the statuses of the create attempts; None for an attempt without a response."""
    return [report.status for report in run.reports if report.method == "POST"]


def test_existing_identifier_is_reported_after_one_attempt(server: FaultServer) -> None:
    server.create_directly(providerId="mailgun", channel="email", identifier="main", check=False)
    run = run_create(server, [], identifier="main")
    assert (run.code, posts(run), run.requests) == (6, [409], 1)
    assert "exists" in run.message


def test_lost_response_without_idempotency_is_confirmed_by_lookup(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        run = run_create(server, ["lost response"])
    assert run.created is not None
    assert (run.created.confirmed, run.created.replayed, run.created.attempts) == (True, False, 2)
    assert posts(run) == [None, 409]


def test_lost_response_with_idempotency_is_replayed_on_retry(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=True) as server:
        run = run_create(server, ["lost response"])
        keys = {request.key for request in server.requests}
        bodies = {request.body for request in server.requests}
    assert run.created is not None
    assert (run.created.confirmed, run.created.replayed, run.created.idempotency_echoed) == (False, True, True)
    assert (len(keys), len(bodies)) == (1, 1)


def test_existing_identifier_of_another_provider_is_a_conflict(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        server.create_directly(providerId="sendgrid", channel="email", identifier="main", check=False)
        run = run_create(server, ["reset after"], identifier="main")
    assert run.code == 6
    assert "sendgrid" in run.message
    assert "nothing was created" in run.message


def test_integration_older_than_first_attempt_is_a_conflict(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        server.create_directly(providerId="mailgun", channel="email", identifier="main", check=False)
        server.clock.advance(300)
        run = run_create(server, ["reset after"], identifier="main")
    assert run.code == 6
    assert "was there before" in run.message


@pytest.mark.parametrize("observed", [False, True])
def test_lookup_considers_only_the_key_environment(tmp_path: Path, observed: bool) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False, observed=observed) as server:
        server.create_directly("Production", providerId="mailgun", channel="email", identifier="main", check=False)
        run = run_create(server, ["reset after"], identifier="main")
    assert posts(run) == [None, 409]
    assert run.code == 8
    assert "nothing was created" in run.message


def test_stored_500_is_distinguished_from_a_new_500(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=True) as server:
        run = run_create(server, ["stored 500"])
    assert run.error is not None
    assert (run.code, run.error.status, posts(run)) == (8, 500, [500])
    assert "stored response" in (run.error.hint or "")
    assert RESUME not in (run.error.hint or "")


@pytest.mark.parametrize("fault", ["no response", "409 in progress"])
def test_lookup_continues_while_server_may_still_be_running(tmp_path: Path, fault: str) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        run = run_create(server, [fault] * 9, retries=0)
        server.clear()
        unprocessed = run_create(server, [fault], retries=0)
    assert run.code == 10
    assert unprocessed.code == 10
    assert 59 <= unprocessed.seconds <= 61
    assert sum(report.method == "GET" for report in unprocessed.reports) >= 5


@pytest.mark.parametrize("fault", ["reset after", "502", "503"])
def test_lookup_is_short_when_nothing_is_running(tmp_path: Path, fault: str) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        run = run_create(server, [fault], retries=0)
    assert run.code == 8
    assert run.seconds <= 3
    assert RESUME in (run.error.hint or "") if run.error else False


def test_failed_lookup_leaves_the_outcome_unknown(server: FaultServer) -> None:
    run = run_create(server, ["reset after", *["503"] * 9], retries=0)
    assert run.code == 10
    assert "the lookup failed" in run.message


def test_resume_command_follows_the_hint(server: FaultServer) -> None:
    resume = f"to go on without the risk of a second one: {RESUME}"
    unknown = run_create(server, ["reset after", *["503"] * 9], retries=0).error
    assert unknown is not None
    assert unknown.hint == resume
    down = run_create(server, ["503"], retries=0).error
    assert down is not None
    assert down.hint == f"the server is down or overloaded: try again later; {resume}"


def test_retries_can_be_turned_off(server: FaultServer) -> None:
    assert posts(run_create(server, ["429"], retries=0)) == [429]


def test_every_form_of_retry_after_is_honored(server: FaultServer) -> None:
    waits = {"429 0": 0.0, "429 2": 2.0, "429 date": 3.0, "429 past": 0.0, "429 reset": 1.0, "503 Retry-After": 1.0}
    for fault, wait in waits.items():
        server.clock.slept.clear()
        assert run_create(server, [fault]).code == 0
        assert server.clock.slept == ([wait] if wait else []), fault
        server.clear()


def test_retry_after_beyond_deadline_fails_at_once(server: FaultServer) -> None:
    run = run_create(server, ["429 3600"])
    assert (run.code, run.seconds) == (8, 0.0)


# -- Ctrl-C at every point --------------------------------------------------------------------------------------------

INTERRUPTED: tuple[list[str], ...] = (
    [],
    ["refuse"],
    ["429 2"],
    ["503"],
    ["no response"],
    ["lost response"],
    ["processed, no response", "no response", "no response", "no response"],
    ["reset after", "503", "503", "503", "503"],
)


class CtrlC:
    """Raise KeyboardInterrupt before the n-th network or clock operation of the client."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def __call__(self) -> None:
        if self.left == 0:
            self.left -= 1
            raise KeyboardInterrupt
        self.left -= 1


def test_ctrl_c_at_any_point_reports_the_truth(memory_server: FaultServer, figures: Figures) -> None:
    outcomes: Counter[str] = Counter()
    for script in INTERRUPTED:
        for moment in itertools.count():
            ctrl_c = CtrlC(moment)
            memory_server.tick = memory_server.clock.tick = ctrl_c
            run = run_create(memory_server, script)
            memory_server.tick = memory_server.clock.tick = lambda: None
            assert violations(run, secrets_of(memory_server)) == [], (script, moment)
            memory_server.clear()
            if ctrl_c.left >= 0:
                break
            assert run.code == 130
            words = run.message.partition("interrupted")[2]
            outcomes["not known" if "not known" in words else words.rpartition(": ")[2]] += 1
    assert set(outcomes) == {"nothing was sent", "nothing was created", "not known"}
    figures("Ctrl-C at every point of a create", [*outcomes.items()])


# -- the whole program ------------------------------------------------------------------------------------------------


def resuming_command(hint: str) -> list[str]:
    """Return the arguments of the command in a hint, without the program's name."""
    words = shlex.split(hint[hint.index("integrations create") :])
    return words[1:]


@pytest.mark.parametrize(
    ("script", "retries", "code"),
    [(["503"] * 4, 3, 8), (["reset after", *["503"] * 9], 0, 10), (["503 after processing", *["503"] * 9], 0, 10)],
)
def test_resume_command_completes_the_create(
    server: FaultServer, tmp_path: Path, script: list[str], retries: int, code: int
) -> None:
    environ = {"NOVU_SECRET_KEY": server.api_key}
    program = Program(tmp_path / "home", environ, clock=server.clock, random=Random(3).random)
    server.script[:] = script
    flags = ["--provider", "mailgun", "--channel", "email", "--api-url", server.url, "--retries", str(retries)]
    stopped = program.run("create", *flags, "--json")
    assert stopped.code == code, stopped.err
    assert stopped.out == ""
    assert stopped.error["idempotency_key"]
    times = "once" if retries == 0 else f"{retries + 1} times"
    assert f"tried {times}" in stopped.error["message"]
    server.script.clear()
    resumed = program.run(*resuming_command(stopped.error["hint"]))
    # A server without idempotency can only report a conflict.
    assert resumed.code == 0 or (resumed.code == 6 and not server.idempotency), resumed.err
    assert len(server.integrations()) == 1


def test_verbose_shows_every_attempt_without_the_key(server: FaultServer, tmp_path: Path) -> None:
    program = Program(
        tmp_path / "home", {"NOVU_SECRET_KEY": server.api_key}, clock=server.clock, random=Random(3).random
    )
    server.script[:] = ["lost response", "429 2"]
    done = program.run(
        "create", "--provider", "mailgun", "--api-url", server.url, "--verbose", "-C", f"apiKey={CANARY}"
    )
    lines = [line for line in done.err.splitlines() if f"POST {server.url}/v1/integrations" in line]
    assert done.code == 0, done.err
    assert len(lines) == 3
    assert "closed the connection" in lines[0]
    assert "429" in lines[1]
    assert "again in 2.00 s" in lines[1]
    assert server.api_key not in done.err + done.out
    assert CANARY not in done.err + done.out


def program_for(server: FaultServer | Scripted, home: Path, key: str = "sk-0123456789") -> Program:
    """Return a program for this server, with a clock that does not really wait."""
    environ = {"NOVU_SECRET_KEY": key, "NOVU_API_URL": server.url}
    return Program(home, environ, clock=FakeClock(), random=Random(3).random)


def test_recovery_from_lost_response_is_explained(server: FaultServer, tmp_path: Path) -> None:
    program = program_for(server, tmp_path / "home", server.api_key)
    plain = program.run("create", "-p", "mailgun")
    assert plain.code == 0, plain.err
    server.script[:] = ["lost response"]
    done = program.run("create", "-p", "mailgun")
    assert done.code == 0, done.err
    replayed, confirmed = (
        "an earlier request with this idempotency key had created it",
        "confirmed after a lost response",
    )
    assert (replayed in done.err, confirmed in done.err) == (server.idempotency, not server.idempotency)
    assert replayed not in plain.err
    assert confirmed not in plain.err


@pytest.mark.parametrize(
    ("flag", "fault", "hinted"), [("--check", "500", True), ("--check", "503", False), ("--no-check", "500", False)]
)
def test_only_a_failed_check_hints_at_no_check(
    server: FaultServer, tmp_path: Path, flag: str, fault: str, hinted: bool
) -> None:
    program = program_for(server, tmp_path / "home", server.api_key)
    server.script[:] = [fault]
    done = program.run("create", "-p", "discord", flag, "--retries", "0", "--json")
    assert (done.code, done.error["status"]) == (8, int(fault))
    hint = done.error["hint"]
    assert ("if the provider rejects the credentials: see --no-check" in hint) is hinted
    assert "to go on without the risk of a second one: integrations create" in hint


@contextmanager
def scripted_creates(posts: Sequence[Reply], listed: Sequence[dict[str, object]]) -> Iterator[Scripted]:
    """Serve these responses to creates in order, each with the idempotency key, and this list."""
    left = list(posts)

    def respond(request: Received) -> Reply:
        if request.method == "GET":
            return created(request) if request.path.endswith("/me") else Reply(200, {"data": listed})
        reply = left.pop(0)
        return Reply(reply.status, reply.body, {**reply.headers, "Idempotency-Key": request.headers["Idempotency-Key"]})

    with scripted(respond) as server:
        yield server


DOWN = Reply(503, {"statusCode": 503, "message": "down"})
CONFLICT = Reply(409, {"statusCode": 409, "message": "exists already"})
EXISTING: dict[str, object] = {**CREATED, "identifier": "main"}


def test_conflict_on_retry_is_confirmed_by_lookup(tmp_path: Path) -> None:
    with scripted_creates([DOWN, CONFLICT], [EXISTING]) as server:
        done = program_for(server, tmp_path).run("create", "-p", "mailgun", "-i", "main", "--json")
    assert done.code == 0, done.err
    assert done.json["_id"] == CREATED["_id"]
    assert "confirmed after a lost response" in done.err


@pytest.mark.parametrize(
    "other", [{"channel": "sms"}, {"providerId": "sendgrid"}, {"providerId": "twilio", "channel": "sms"}]
)
def test_lookup_must_match_provider_and_channel(tmp_path: Path, other: dict[str, object]) -> None:
    found = {**EXISTING, **other}
    with scripted_creates([DOWN, CONFLICT], [found]) as server:
        done = program_for(server, tmp_path).run("create", "-p", "mailgun", "-i", "main", "--json")
    assert (done.code, done.out) == (6, "")
    assert f"was there before ({found['providerId']}, {found['channel']}): nothing was created" in done.error["message"]


def test_in_progress_conflict_may_still_be_running(tmp_path: Path) -> None:
    busy = Reply(409, {"statusCode": 409, "message": "in progress"}, {"Retry-After": "1"})
    with scripted_creates([busy], []) as server:
        done = program_for(server, tmp_path).run("create", "-p", "mailgun", "-i", "main", "--retries", "0", "--json")
    assert done.code == 10, done.err
    assert "it is not there, but the server may still be working" in done.error["message"]
