"""A scripted prompter that answers in place of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integrations_cli.create.draft import DraftInputs, build_draft
from integrations_cli.create.guided import GuidedCreate
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.models import Draft
from integrations_cli.terminal.prompts import BACK, GoBack, Option

Answer = str | bool | None
"""What the script answers; None takes what is proposed."""


class Script:
    """Answers questions one after the other, and checks that each is the expected one."""

    def __init__(self, *turns: tuple[str, Answer]) -> None:
        self.turns = list(turns)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.options: list[list[str]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        answer = self._turn(question, back)
        self.said.append(f"[{default}]")
        return default if answer is None else str(answer)

    def secret(self, question: str, *, back: bool = False) -> str:
        answer = self._turn(question, back)
        return "" if answer is None else str(answer)

    def choose(
        self, question: str, options: Sequence[Option], *, default: str | None = None, back: bool = False
    ) -> str:
        answer = self._turn(question, back)
        self.options.append([option.label for option in options])
        value = default if answer is None else str(answer)
        assert value in [option.value for option in options]
        assert value is not None
        return value

    def confirm(self, question: str, default: bool = False, *, back: bool = False) -> bool:
        answer = self._turn(question, back)
        return default if answer is None else answer is True

    @contextmanager
    def session(self) -> Iterator[None]:
        yield

    def _turn(self, question: str, back: bool) -> Answer:
        assert self.turns, f"nobody expected to be asked {question!r}"
        expected, answer = self.turns.pop(0)
        assert expected in question
        self.asked.append(question)
        if answer == BACK:
            assert back
            raise GoBack
        return answer

    @property
    def shown(self) -> str:
        """All that the person has seen."""
        return "\n".join([*self.said, *self.asked, *(label for labels in self.options for label in labels)])


class Everything(Script):
    """Answers whatever is asked: with the proposal, else with something that fits."""

    def _turn(self, question: str, back: bool) -> Answer:
        self.asked.append(question)
        if question.startswith("Active"):
            return True
        return None

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        return super().text(question, default=default, back=back) or ("x" if "(required" in question else "")

    def secret(self, question: str, *, back: bool = False) -> str:
        return super().secret(question, back=back) or "hidden-value"


def no_stdin() -> bytes:
    raise AssertionError("nothing may read standard input")


def run_guided(
    script: Script,
    *,
    environ: Mapping[str, str] | None = None,
    run: Callable[[Sequence[str], str], str] | None = None,
    folder: Path | None = None,
    skip: bool = False,
    **flags: Any,
) -> tuple[Draft, DraftInputs]:
    """Return what a guided create with these flags gives when this script answers."""
    sources = DraftInputs(**flags)
    reader = ValueReader(stdin=no_stdin, environ=environ or {}, run=run, folder=folder)
    reader.claim_stdin("the prompts")
    guided = GuidedCreate(script, build_draft(sources, reader), sources, reader, skip=skip)
    outcome = guided.run(where="the sandbox")
    assert not script.turns
    return outcome


def values(draft: Draft) -> dict[str, Any]:
    return {key: credential.value for key, credential in draft.credentials.items()}


SECRET = "xK9-planted-SECRET-7f"
END: tuple[tuple[str, Answer], ...] = (("Active", None), ("Check", None), ("Ready?", "create"))
FLAGS: dict[str, Any] = {"name": "N", "identifier": "i"}
