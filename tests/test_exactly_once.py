"""Exactly one integration or none, and the truth about it, whatever the network does."""

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
from exactly_once import CANARY, RESUME, TOKEN, Played, judge, play
from fault_server import FakeClock, FaultServer
from faults import HEAVY, KINDS, NAMES
from program import Program
from scripted_server import CREATED, Received, Reply, Scripted, created, scripted

SEQUENCES = 1000
SEED = os.environ.get("INTEGRATIONS_FAULT_SEED")
"""The seed of the random sequences, if they are to be played again."""


@pytest.fixture(params=["idempotency on", "idempotency off"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FaultServer]:
    """A server of a current release that keeps idempotency keys, and an older one that does not."""
    with started(request, tmp_path, wired=True) as running:
        yield running


@pytest.fixture(params=["idempotency on", "idempotency off"])
def unwired(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FaultServer]:
    """The same without sockets, for thousands of runs."""
    with started(request, tmp_path, wired=False) as running:
        yield running


def started(request: pytest.FixtureRequest, folder: Path, *, wired: bool) -> FaultServer:
    on = request.param == "idempotency on"
    return FaultServer(folder / "sandbox.db", FakeClock(), idempotency=on, observed=not on, wired=wired)


def planted(server: FaultServer) -> tuple[str, ...]:
    """What must never be shown."""
    return (server.api_key, CANARY, TOKEN)


def play_all(server: FaultServer, scripts: Sequence[tuple[Sequence[str], int]]) -> tuple[Counter[int], int]:
    """Play each script with its number of retries; how often each exit code came, and how many requests."""
    codes: Counter[int] = Counter()
    requests = 0
    for script, retries in scripts:
        played = play(server, script, retries=retries)
        assert judge(played, planted(server)) == [], (script, retries)
        codes[played.code] += 1
        requests += played.requests
        server.empty()
    return codes, requests


def table(codes: Counter[int], requests: int) -> list[Sequence[object]]:
    """The rows of the figures for so many runs."""
    rows: list[Sequence[object]] = [["runs", codes.total()], ["requests", requests]]
    rows += [[f"exit {code}", number] for code, number in sorted(codes.items())]
    return [*rows, ["duplicates", 0], ["lost", 0], ["wrong statements", 0], ["secrets shown", 0]]


# -- every fault, and every pair --------------------------------------------------------------------------------------


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_single_fault_never_duplicates_and_reports_the_truth(
    server: FaultServer, retries: int, figures: Figures, request: pytest.FixtureRequest
) -> None:
    codes, requests = play_all(server, [([name], retries) for name in NAMES])
    figures(f"Single faults: {request.node.callspec.id}", table(codes, requests))


@pytest.mark.parametrize(
    ("unwired", "retries"),
    # Without a second attempt the second fault meets the look-up, to which the keys make no difference.
    [("idempotency on", 3), ("idempotency off", 3), ("idempotency off", 0)],
    indirect=["unwired"],
)
def test_pair_of_faults_never_duplicates_and_reports_truth(
    unwired: FaultServer, retries: int, figures: Figures, request: pytest.FixtureRequest
) -> None:
    pairs = itertools.product(KINDS, KINDS)
    codes, requests = play_all(unwired, [(pair, retries) for pair in pairs])
    figures(f"Pairs of faults: {request.node.callspec.id}", table(codes, requests))


@pytest.mark.parametrize("fault", HEAVY)
def test_oversized_response_does_not_hide_the_created_integration(server: FaultServer, fault: str) -> None:
    played = play(server, [fault])
    assert judge(played, planted(server)) == []
    assert played.created is not None
    assert played.created.confirmed


# -- a thousand sequences ---------------------------------------------------------------------------------------------


def sequence(draw: Random) -> list[str]:
    """Faults in a row: mostly a few, sometimes so many that the look-up meets them too."""
    return [draw.choice(NAMES) for _ in range(min(1 + int(draw.expovariate(0.4)), 16))]


def one_sequence(server: FaultServer, seed: str) -> tuple[Played, list[str]]:
    """Play the sequence that belongs to a seed, and then what the user would do; what is wrong with either."""
    draw = Random(seed)
    # An hour ago, somebody has taken the identifier: with the same provider or another, here or next door.
    before: list[str] = []
    identifier = draw.choice([None, None, "main"])
    if identifier is not None and draw.random() < 0.4:
        provider = draw.choice(["mailgun", "sendgrid"])
        where = draw.choice(["Development", "Production"])
        before.append(
            server.plant(where, providerId=provider, channel="email", identifier=identifier, check=False)["_id"]
        )
        server.clock.advance(3600)
    played = play(server, sequence(draw), retries=draw.choice([0, 1, 3, 3, 3, 6]), identifier=identifier, random=draw)
    wrong = judge(played, planted(server), before)
    if played.error is not None and RESUME in (played.error.hint or ""):
        wrong += _wrong_after_resuming(server, played, before)
    return played, wrong


def _wrong_after_resuming(server: FaultServer, played: Played, before: Sequence[str]) -> list[str]:
    """What is wrong when the command is repeated, with the same identifier and key, after all faults are over."""
    again = play(server, [], identifier=played.identifier, key=played.key)
    new = [entry["_id"] for entry in again.held if entry["_id"] not in before]
    wrong = [f"LEAK on resuming: {secret[:8]}…" for secret in planted(server) if secret in again.text]
    if len(new) > 1:
        wrong.append(f"DUPLICATE on resuming: {len(new)} are there")
    if again.created is not None and [again.created.integration.id] != new:
        wrong.append("LOST on resuming: success was said, and another is there, or none")
    # Without keys a server says that it is there; and one that has stored a 500 says so for ever.
    stored = again.code == 8 and not new and "use another key" in (again.error.hint or "") if again.error else False
    if again.created is None and not stored and not (again.code == 6 and (new or before)):
        wrong.append(f"WRONG on resuming: exit {again.code}: {again.message}")
    return wrong


def test_random_fault_sequences_never_duplicate_lose_or_misreport(
    unwired: FaultServer, figures: Figures, request: pytest.FixtureRequest
) -> None:
    seed = SEED or str(SystemRandom().randrange(10**9))
    codes: Counter[int] = Counter()
    requests, longest, number = 0, 0.0, SEQUENCES // 2
    for index in range(number):
        played, wrong = one_sequence(unwired, f"{seed}-{index}")
        assert wrong == [], f"INTEGRATIONS_FAULT_SEED={seed}, sequence {index}: {played.script}"
        codes[played.code] += 1
        requests += played.requests
        longest = max(longest, played.seconds)
        unwired.empty()
    rows: list[Sequence[object]] = [
        ["INTEGRATIONS_FAULT_SEED", seed],
        *table(codes, requests),
        ["longest, seconds by its clock", f"{longest:.0f}"],
    ]
    figures(f"Random sequences of faults: {request.node.callspec.id}", rows)


# -- single statements ------------------------------------------------------------------------------------------------


def posts(played: Played) -> list[int | None]:
    """The statuses of the create's attempts."""
    return [report.status for report in played.reports if report.method == "POST"]


def test_existing_identifier_is_reported_after_one_attempt(server: FaultServer) -> None:
    server.plant(providerId="mailgun", channel="email", identifier="main", check=False)
    played = play(server, [], identifier="main")
    assert (played.code, posts(played), played.requests) == (6, [409], 1)
    assert "exists" in played.message


def test_lost_response_without_idempotency_is_confirmed_by_lookup(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        played = play(server, ["lost"])
    assert played.created is not None
    assert (played.created.confirmed, played.created.replayed, played.created.attempts) == (True, False, 2)
    assert posts(played) == [None, 409]


def test_lost_response_with_idempotency_is_replayed_on_retry(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=True) as server:
        played = play(server, ["lost"])
        keys = {asked.key for asked in server.asked}
        bodies = {asked.body for asked in server.asked}
    assert played.created is not None
    assert (played.created.confirmed, played.created.replayed, played.created.idempotency_echoed) == (False, True, True)
    assert (len(keys), len(bodies)) == (1, 1)


def test_existing_identifier_of_another_provider_is_a_conflict(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        server.plant(providerId="sendgrid", channel="email", identifier="main", check=False)
        played = play(server, ["reset after"], identifier="main")
    assert played.code == 6
    assert "sendgrid" in played.message
    assert "nothing was created" in played.message


def test_integration_older_than_first_attempt_is_a_conflict(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        server.plant(providerId="mailgun", channel="email", identifier="main", check=False)
        server.clock.advance(300)
        played = play(server, ["reset after"], identifier="main")
    assert played.code == 6
    assert "was there before" in played.message


@pytest.mark.parametrize("observed", [False, True])
def test_lookup_considers_only_the_key_environment(tmp_path: Path, observed: bool) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False, observed=observed) as server:
        server.plant("Production", providerId="mailgun", channel="email", identifier="main", check=False)
        played = play(server, ["reset after"], identifier="main")
    assert posts(played) == [None, 409]
    assert played.code == 8
    assert "nothing was created" in played.message


def test_stored_500_is_distinguished_from_a_new_500(tmp_path: Path) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=True) as server:
        played = play(server, ["stored 500"])
    assert played.error is not None
    assert (played.code, played.error.status, posts(played)) == (8, 500, [500])
    assert "stored response" in (played.error.hint or "")
    assert RESUME not in (played.error.hint or "")


@pytest.mark.parametrize("fault", ["silent", "409 in progress"])
def test_lookup_continues_while_server_may_still_be_running(tmp_path: Path, fault: str) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        played = play(server, [fault] * 9, retries=0)
        server.empty()
        never = play(server, [fault], retries=0)
    assert played.code == 10
    assert never.code == 10
    assert 59 <= never.seconds <= 61
    assert sum(report.method == "GET" for report in never.reports) >= 5


@pytest.mark.parametrize("fault", ["reset after", "502", "503"])
def test_lookup_is_short_when_nothing_is_running(tmp_path: Path, fault: str) -> None:
    with FaultServer(tmp_path / "s.db", FakeClock(), idempotency=False) as server:
        played = play(server, [fault], retries=0)
    assert played.code == 8
    assert played.seconds <= 3
    assert RESUME in (played.error.hint or "") if played.error else False


def test_failed_lookup_leaves_the_outcome_unknown(server: FaultServer) -> None:
    played = play(server, ["reset after", *["503"] * 9], retries=0)
    assert played.code == 10
    assert "the lookup failed" in played.message


def test_resume_command_follows_the_hint(server: FaultServer) -> None:
    way = f"to go on without the risk of a second one: {RESUME}"
    unknown = play(server, ["reset after", *["503"] * 9], retries=0).error
    assert unknown is not None
    assert unknown.hint == way
    down = play(server, ["503"], retries=0).error
    assert down is not None
    assert down.hint == f"the server is down or overloaded: try again later; {way}"


def test_retries_can_be_turned_off(server: FaultServer) -> None:
    assert posts(play(server, ["429"], retries=0)) == [429]


def test_every_form_of_retry_after_is_honored(server: FaultServer) -> None:
    waits = {"429 0": 0.0, "429 2": 2.0, "429 date": 3.0, "429 past": 0.0, "429 reset": 1.0, "503 wait": 1.0}
    for fault, wait in waits.items():
        server.clock.slept.clear()
        assert play(server, [fault]).code == 0
        assert server.clock.slept == ([wait] if wait else []), fault
        server.empty()


def test_retry_after_beyond_deadline_fails_at_once(server: FaultServer) -> None:
    played = play(server, ["429 3600"])
    assert (played.code, played.seconds) == (8, 0.0)


# -- Ctrl-C at every point --------------------------------------------------------------------------------------------

INTERRUPTED: tuple[list[str], ...] = (
    [],
    ["refuse"],
    ["429 2"],
    ["503"],
    ["silent"],
    ["lost"],
    ["lost in silence", "silent", "silent", "silent"],
    ["reset after", "503", "503", "503", "503"],
)


class Hand:
    """Presses Ctrl-C before the n-th thing that the client does with the network or the clock."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def __call__(self) -> None:
        if self.left == 0:
            self.left -= 1
            raise KeyboardInterrupt
        self.left -= 1


def test_ctrl_c_at_any_point_reports_the_truth(unwired: FaultServer, figures: Figures) -> None:
    said: Counter[str] = Counter()
    for script in INTERRUPTED:
        for moment in itertools.count():
            hand = Hand(moment)
            unwired.tick = unwired.clock.tick = hand
            played = play(unwired, script)
            unwired.tick = unwired.clock.tick = lambda: None
            assert judge(played, planted(unwired)) == [], (script, moment)
            unwired.empty()
            if hand.left >= 0:
                break
            assert played.code == 130
            words = played.message.partition("interrupted")[2]
            said["not known" if "not known" in words else words.rpartition(": ")[2]] += 1
    assert set(said) == {"nothing was sent", "nothing was created", "not known"}
    figures("Ctrl-C at every point of a create", [*said.items()])


# -- the whole program ------------------------------------------------------------------------------------------------


def resuming_command(hint: str) -> list[str]:
    """The words of the command that a hint gives, without the program's name."""
    words = shlex.split(hint[hint.index("integrations create") :])
    return words[1:]


@pytest.mark.parametrize(
    ("script", "retries", "code"),
    [(["503"] * 4, 3, 8), (["reset after", *["503"] * 9], 0, 10), (["503 after work", *["503"] * 9], 0, 10)],
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
    # Without keys a server can only say that it is there already.
    assert resumed.code == 0 or (resumed.code == 6 and not server.idempotency), resumed.err
    assert len(server.held()) == 1


def test_verbose_shows_every_attempt_without_the_key(server: FaultServer, tmp_path: Path) -> None:
    program = Program(
        tmp_path / "home", {"NOVU_SECRET_KEY": server.api_key}, clock=server.clock, random=Random(3).random
    )
    server.script[:] = ["lost", "429 2"]
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
    """The program as it talks to this server, with a clock that makes waiting free."""
    environ = {"NOVU_SECRET_KEY": key, "NOVU_API_URL": server.url}
    return Program(home, environ, clock=FakeClock(), random=Random(3).random)


def test_recovery_from_lost_response_is_explained(server: FaultServer, tmp_path: Path) -> None:
    program = program_for(server, tmp_path / "home", server.api_key)
    plain = program.run("create", "-p", "mailgun")
    assert plain.code == 0, plain.err
    server.script[:] = ["lost"]
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
def answering(posts: Sequence[Reply], listed: Sequence[dict[str, object]]) -> Iterator[Scripted]:
    """A server that answers creates in order, each with the idempotency key, and lists what is said."""
    left = list(posts)

    def answer(request: Received) -> Reply:
        if request.method == "GET":
            return created(request) if request.path.endswith("/me") else Reply(200, {"data": listed})
        reply = left.pop(0)
        return Reply(reply.status, reply.body, {**reply.headers, "Idempotency-Key": request.headers["Idempotency-Key"]})

    with scripted(answer) as server:
        yield server


DOWN = Reply(503, {"statusCode": 503, "message": "down"})
EXISTS = Reply(409, {"statusCode": 409, "message": "exists already"})
THERE: dict[str, object] = {**CREATED, "identifier": "main"}


def test_conflict_on_retry_is_confirmed_by_lookup(tmp_path: Path) -> None:
    with answering([DOWN, EXISTS], [THERE]) as server:
        done = program_for(server, tmp_path).run("create", "-p", "mailgun", "-i", "main", "--json")
    assert done.code == 0, done.err
    assert done.json["_id"] == CREATED["_id"]
    assert "confirmed after a lost response" in done.err


@pytest.mark.parametrize(
    "other", [{"channel": "sms"}, {"providerId": "sendgrid"}, {"providerId": "twilio", "channel": "sms"}]
)
def test_lookup_must_match_provider_and_channel(tmp_path: Path, other: dict[str, object]) -> None:
    found = {**THERE, **other}
    with answering([DOWN, EXISTS], [found]) as server:
        done = program_for(server, tmp_path).run("create", "-p", "mailgun", "-i", "main", "--json")
    assert (done.code, done.out) == (6, "")
    assert f"was there before ({found['providerId']}, {found['channel']}): nothing was created" in done.error["message"]


def test_in_progress_conflict_may_still_be_running(tmp_path: Path) -> None:
    busy = Reply(409, {"statusCode": 409, "message": "in progress"}, {"Retry-After": "1"})
    with answering([busy], []) as server:
        done = program_for(server, tmp_path).run("create", "-p", "mailgun", "-i", "main", "--retries", "0", "--json")
    assert done.code == 10, done.err
    assert "it is not there, but the server may still be working" in done.error["message"]
