"""No secret comes out: every command, in every output mode, through success and every answer that gives secrets back.

Canaries stand wherever the program meets a secret; whatever it writes is searched for them, whole or in pieces, plain
or encoded. Servers repeat them in messages, headers and members that are secret by name; other data is shown as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from audit import API_KEYS, NETWORK, READING, Call, Scene, calls_of, flags_of, leaves, only_changes, scene_in
from conftest import Figures
from echoes import CUT, echoing, pairs

Mode = tuple[tuple[str, ...], bool]
"""Flags, and whether the three streams are a terminal."""

MODES: Final[Sequence[Mode]] = (
    ((), False),
    ((), True),
    (("--json",), False),
    (("--verbose",), False),
    (("--verbose", "--json"), False),
    (("--verbose", "--color", "always"), True),
)

KEYS: Final[Sequence[tuple[str, ...]]] = ((), ("-P", "text"), ("-P", "variable"), ("-P", "command"))
"""The ways to get at an API key: the environment, and the three kinds of profile."""

TITLE: Final = "Leaks: canaries planted, runs, streams and files searched"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path) as scene:
        yield scene


def test_every_command_of_the_tree_is_audited(scene: Scene) -> None:
    assert set(calls_of(scene)) == set(leaves())


@pytest.mark.parametrize("command", sorted(leaves()))
def test_no_command_lets_a_secret_out(scene: Scene, command: str, figures: Figures) -> None:
    calls = calls_of(scene)[command]
    known = flags_of(command)
    few = ("--retries", "0") if "--retries" in known else ()
    keys = itertools.cycle([()] if command == "profiles add" else KEYS)

    def run(call: Call, mode: Mode) -> None:
        flags, terminal = mode
        arguments = (*command.split(), *call.arguments, *flags, *next(keys), *few, "--no-input")
        scene.run(*arguments, stdin=call.stdin, terminal=terminal)

    special = [(flag,) for flag in ("--quiet", "--dry-run", "--exit-code") if flag in known]
    modes = [*MODES, *((flag, terminal) for flag in special for terminal in (False, True))]
    for call, mode in itertools.product(calls, modes):
        run(call, mode)
    assert scene.done or not calls, "it never did what it was asked"
    if command in NETWORK:
        well, turns, told = scene.server.answer, itertools.cycle(MODES), itertools.cycle(calls)
        for status, name in pairs():
            answer = echoing(status, name)
            call, mode = next(told), next(turns)
            answers = [] if command in READING else [only_changes(well, answer)]
            if command in READING or status in {200, 400}:  # of a read that fails, the reading commands meet the rest
                answers.append(answer)
            for scene.server.answer in answers:
                run(call, mode)
        if command not in READING:  # all that was sent comes back, and is cut off within a secret
            for scene.server.answer in (only_changes(well, echoing(400, name)) for name in CUT):
                for call in calls:
                    run(call, next(turns))
    scene.look_at_files()
    figures(TITLE, [scene.figures(command)])
    assert not scene.hits, "\n".join(scene.verdict())


@pytest.mark.parametrize("command", ["create", "update", "list", "get"])
def test_show_secrets_never_shows_the_api_key(scene: Scene, command: str, figures: Figures) -> None:
    scene.told.repeats_key = False  # with --show-secrets, what a server calls a secret is shown
    shown = set()
    for call, (flags, terminal) in itertools.product(calls_of(scene)[command], MODES):
        arguments = (*command.split(), *call.arguments, *flags, "--show-secrets", "--no-input")
        before = len(scene.hits)
        scene.run(*arguments, stdin=call.stdin, terminal=terminal)
        shown |= {hit.name for hit in scene.hits[before:]}
        scene.hits[before:] = [hit for hit in scene.hits[before:] if hit.name.startswith(API_KEYS)]
    assert "credential that the server returns" in shown
    assert not {name for name in shown if name.startswith(("cookie", "header", "variable"))}
    figures(TITLE, [scene.figures(f"{command} --show-secrets")])
    assert not scene.hits, "\n".join(scene.verdict())
