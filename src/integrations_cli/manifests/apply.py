"""Runs a plan: several requests at a time, each action once, past failures, and stops in order when asked to.

The actions go through in the stages of the plan (create and update, set-primary, delete); actions that name a `lane`
follow one another inside it. No more than `concurrency` actions are under way, and what is kept of those that are done
is what the rest needs of them: the memory taken does not grow with the plan.

What has failed is reported and left; a later run finds it still to be done. A deletion waits for everything else in its
channel, and is left out if some of that failed: what is to replace it may not be there.
"""

from __future__ import annotations

import queue
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from integrations_cli.api.client import Client, update_body
from integrations_cli.create import exactly_once as create
from integrations_cli.errors import (
    AuthError,
    ConflictError,
    IntegrationsError,
    NotFoundError,
    UnavailableError,
    UnknownOutcomeError,
)
from integrations_cli.manifests.actions import Action, Plan
from integrations_cli.manifests.fingerprints import Fingerprints
from integrations_cli.models import Draft, Patch

CONCURRENCY: Final = 4

GIVE_UP: Final = 8
"""So many actions in a row for which the server cannot be reached, or refuses the key, end the run."""

SAVED_AT_ONCE: Final = 10
"""So many outcomes are remembered together: what a process that is killed has not saved yet counts as changed."""

Status = Literal["done", "failed", "unknown", "skipped"]


@dataclass(frozen=True)
class ActionOutcome:
    """What became of an action. `id` is the integration's `_id` where it is known; `note` is worth telling.

    `unknown`: whether the server did it is not known. `skipped`: it was not tried, `note` says why.
    """

    action: Action
    status: Status
    id: str = ""
    error: IntegrationsError | None = None
    note: str = ""


class ApplyRun:
    """One run of one plan. Iterate over it once; `stop` may be called from anywhere, a signal handler too.

    After the iteration `stopped` says why actions are left that have no outcome, if there are any: an error of this
    run, or None if it was asked to stop. `forgotten` says why what was applied could not be remembered, if so.
    """

    def __init__(
        self,
        plan: Plan,
        api: Client,
        memory: Fingerprints,
        *,
        concurrency: int = CONCURRENCY,
        resume: Callable[[], str] = lambda: "integrations apply",
    ) -> None:
        """Prepare to run `plan` through `api`; `memory` learns what was applied.

        `resume` gives the command that goes on where this run stops.
        """
        self.stopped: IntegrationsError | None = None
        self.forgotten = ""
        self.stopping = False
        self.idle: Callable[[], None] = lambda: None
        """Called in the thread that iterates whenever nothing has come for a moment."""
        self._plan = plan
        self._api = api
        self._memory = memory
        self._concurrency = concurrency
        self._resume = resume
        self._tasks: queue.SimpleQueue[Action | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[ActionOutcome | BaseException] = queue.SimpleQueue()
        self._created = {action.identifier: "" for action in plan.actions if action.kind == "set-primary"}
        self._broken: dict[str, str] = {}
        self._turned_away = 0
        self._unsaved: list[ActionOutcome] = []

    def stop(self) -> None:
        """Begin nothing more; what is under way is finished."""
        self.stopping = True

    def __iter__(self) -> Iterator[ActionOutcome]:
        """The outcomes, as they come. Ends early after `stop`, or when the server cannot be talked to."""
        actions = self._plan.actions
        workers = [
            threading.Thread(target=self._work, name=f"apply-{number}", daemon=True)
            for number in range(min(self._concurrency, len(actions)))
        ]
        for worker in workers:
            worker.start()
        try:
            for stage in (("create", "update"), ("set-primary",), ("delete",)):
                yield from self._stage([action for action in actions if action.kind in stage], len(workers))
        finally:
            for _ in workers:
                self._tasks.put(None)
            self._save()
        for worker in workers:
            worker.join()

    def _stage(self, actions: Sequence[Action], workers: int) -> Iterator[ActionOutcome]:
        waiting = _Waiting(actions)
        under_way = 0
        while True:
            ready: list[ActionOutcome] = []
            while under_way < workers and not self.stopping and (action := waiting.next()) is not None:
                skipped = self._skipped(action)
                if skipped is None:
                    self._tasks.put(self._with_id(action))
                    under_way += 1
                else:
                    waiting.done(action)
                    ready.append(skipped)
            yield from ready
            if not under_way:
                return
            result = self._next_result()
            under_way -= 1
            if isinstance(result, BaseException):
                raise result
            waiting.done(result.action)
            self._note(result)
            yield result

    def _next_result(self) -> ActionOutcome | BaseException:
        while True:
            try:
                # A wait without an end cannot be interrupted on Windows.
                return self._results.get(timeout=0.2)
            except queue.Empty:
                self.idle()

    # -- in the thread of the caller ----------------------------------------------------------------------------------

    def _with_id(self, action: Action) -> Action:
        return (
            replace(action, id=self._created[action.identifier])
            if action.kind == "set-primary" and not action.id
            else action
        )

    def _skipped(self, action: Action) -> ActionOutcome | None:
        """The outcome of an action that cannot be begun, since one before it failed."""
        if action.kind == "set-primary" and not action.id and not self._created[action.identifier]:
            return ActionOutcome(action, "skipped", note=f"{action.identifier} could not be created")
        if action.kind == "delete" and action.channel in self._broken:
            return ActionOutcome(
                action, "skipped", action.id, note=f"{self._broken[action.channel]} failed, and is to be there first"
            )
        return None

    def _note(self, outcome: ActionOutcome) -> None:
        """Keep what later actions and later runs need to know of an outcome."""
        action = outcome.action
        self._turned_away = self._turned_away + 1 if isinstance(outcome.error, (AuthError, UnavailableError)) else 0
        if outcome.status != "done":
            self._broken.setdefault(action.channel, action.identifier)
            if self._turned_away >= GIVE_UP:
                self.stopped, self.stopping = outcome.error, True
        elif action.kind == "create" and action.identifier in self._created:
            self._created[action.identifier] = outcome.id
        self._unsaved.append(outcome)
        if len(self._unsaved) >= SAVED_AT_ONCE:
            self._save()

    def _save(self) -> None:
        """Remember what was applied since the last time."""
        outcomes, self._unsaved = self._unsaved, []
        try:
            with self._memory.together():
                for outcome in outcomes:
                    self._remember(outcome)
        except OSError as error:
            self.forgotten = f"{self._memory.path.parent}: {error.strerror or type(error).__name__}"

    def _remember(self, outcome: ActionOutcome) -> None:
        action = outcome.action
        if outcome.status == "done" and action.kind == "delete":
            self._memory.forget(action.id)
        elif outcome.status == "done" and action.remembered is not None and outcome.id:
            whole = action.draft is not None or (action.patch is not None and action.patch.credentials is not None)
            self._memory.applied(outcome.id, action.remembered, credentials=whole)
        if action.kind == "create" and outcome.status in {"done", "failed"}:
            self._memory.settled(action.identifier)
        elif action.kind == "create" and outcome.error is not None and outcome.error.idempotency_key:
            key = outcome.error.idempotency_key
            self._memory.doubted(action.identifier, create.prepare_create(_first_draft(action), key).body, key)

    # -- in the threads of the workers --------------------------------------------------------------------------------

    def _work(self) -> None:
        while (action := self._tasks.get()) is not None:
            try:
                self._results.put(self._performed(action))
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits for it
                self._results.put(error)
                return

    def _performed(self, action: Action) -> ActionOutcome:
        try:
            return self._perform(action)
        except UnknownOutcomeError as error:
            return ActionOutcome(action, "unknown", action.id, error)
        except IntegrationsError as error:
            if isinstance(error, ConflictError) and action.kind == "create":
                error.hint = (
                    "if plan does not show it, another environment has it: "
                    "there are servers on which an organisation has every identifier once"
                )
            return ActionOutcome(action, "failed", action.id, error)

    def _perform(self, action: Action) -> ActionOutcome:
        if action.kind == "create":
            return self._create(action)
        if action.kind == "update":
            patch = action.patch
            if patch is not None:
                first = patch._replace(values={**patch.values, "active": False}) if action.toggle else patch
                self._api.update(action.id, update_body(first))
            if action.toggle:
                check = patch.check if patch is not None else False
                if patch is None:
                    self._api.update(action.id, update_body(Patch({"active": False}, check=check)))
                self._api.update(action.id, update_body(Patch({"active": True}, check=check)))
        elif action.kind == "set-primary":
            self._api.set_primary(action.id)
        else:
            try:
                self._api.delete(action.id)
            except NotFoundError:
                return ActionOutcome(action, "done", action.id, note="it was gone already")
        return ActionOutcome(action, "done", action.id)

    def _create(self, action: Action) -> ActionOutcome:
        draft = _first_draft(action)
        prepared = create.prepare_create(draft, secrets.token_hex(16), random=self._api.random)
        key = self._memory.pending(action.identifier, prepared.body)
        if key is not None:
            prepared = prepared._replace(key=key)
        created = create.create_exactly_once(self._api, prepared, resume=self._resume)
        if action.toggle:
            self._api.update(created.integration.id, update_body(Patch({"active": True}, check=draft.check)))
        note = "confirmed after a lost answer" if created.confirmed else ""
        return ActionOutcome(action, "done", created.integration.id, note=note)


def _first_draft(action: Action) -> Draft:
    """What is sent to create an integration."""
    assert action.draft is not None
    return action.draft._replace(active=False) if action.toggle else action.draft


class _Waiting:
    """The actions of one stage that are still to be begun: those of a lane one after the other."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._free = deque(action for action in actions if action.lane is None)
        self._lanes: dict[str, deque[Action]] = {}
        self._busy: set[str] = set()
        for action in actions:
            if action.lane is not None:
                self._lanes.setdefault(action.lane, deque()).append(action)

    def next(self) -> Action | None:
        """The next action that may begin, or None if there is none now."""
        for lane, actions in self._lanes.items():
            if actions and lane not in self._busy:
                self._busy.add(lane)
                return actions.popleft()
        return self._free.popleft() if self._free else None

    def done(self, action: Action) -> None:
        """Let the next one of its lane begin."""
        if action.lane is not None:
            self._busy.discard(action.lane)
