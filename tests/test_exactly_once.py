"""Exactly one integration or none, and the truth about it, whatever the network does."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random, SystemRandom

import pytest

from conftest import Figures
from exactly_once import CANARY, RESUME, TOKEN, Played, judge, play
from fault_server import FakeClock, FaultServer
from faults import HEAVY, KINDS, NAMES

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
def test_every_single_fault_ends_with_one_or_none_and_the_truth(
    server: FaultServer, retries: int, figures: Figures, request: pytest.FixtureRequest
) -> None:
    codes, requests = play_all(server, [([name], retries) for name in NAMES])
    figures(f"Single faults: {request.node.callspec.id}", table(codes, requests))


@pytest.mark.parametrize("retries", [0, 3])
def test_every_pair_of_faults_in_a_row_does_too(
    unwired: FaultServer, retries: int, figures: Figures, request: pytest.FixtureRequest
) -> None:
    pairs = itertools.product(KINDS, KINDS)
    codes, requests = play_all(unwired, [(pair, retries) for pair in pairs])
    figures(f"Pairs of faults: {request.node.callspec.id}", table(codes, requests))


@pytest.mark.parametrize("fault", HEAVY)
def test_an_answer_without_end_does_not_hide_what_was_created(server: FaultServer, fault: str) -> None:
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
    if again.created is None and not (again.code == 6 and (new or before)):
        wrong.append(f"WRONG on resuming: exit {again.code}: {again.message}")
    return wrong


def test_a_thousand_random_sequences_make_no_duplicate_lose_nothing_and_say_nothing_wrong(
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
