"""Runs the actions of a plan: several at a time, each one once, and on after failures.

The actions run in stages: create and update, then set-primary, then delete. Actions with the same `channel_lock` run
one after the other. At most `concurrency` actions run at a time. Outcomes are not kept beyond what the rest of the run
needs: the memory taken does not grow with the plan.

An action that fails is not repeated; a later run finds it still to be done. A deletion waits for all other actions of
its channel, and is skipped if one of them did not succeed: the replacement may be missing.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from integrations_cli.api.client import Client
from integrations_cli.errors import AuthError, IntegrationsError, UnavailableError
from integrations_cli.manifests.actions import Action, Plan
from integrations_cli.manifests.fingerprints import Fingerprints
from integrations_cli.manifests.perform import ActionOutcome, perform, prepare

DEFAULT_CONCURRENCY: Final = 4

MAX_REFUSALS: Final = 8
"""Actions in a row for which the server cannot be reached, or refuses the key, until the run ends."""

SAVE_EVERY: Final = 40
"""Outcomes that are saved together: what a killed process has not saved yet counts as changed."""

STAGES: Final = (("create", "update"), ("set-primary",), ("delete",))


class ApplyRun:
    """One run of one plan. Iterate over it once for the outcomes.

    `request_stop` may be called from anywhere, a signal handler too: nothing more is started, and what is running is
    finished. After the iteration, `fatal_error` is the error that ended the run early, and `save_error` says why
    fingerprints could not be saved; both are None if there is nothing to say.
    """

    def __init__(
        self,
        plan: Plan,
        api: Client,
        fingerprints: Fingerprints,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        resume: Callable[[], str] = lambda: "integrations apply",
    ) -> None:
        """Prepare to run `plan` through `api`. `resume` returns the command that continues this run."""
        self.fatal_error: IntegrationsError | None = None
        self.stop_requested = False
        self.on_idle: Callable[[], None] = lambda: None
        """Called in the thread that iterates whenever no action has ended for a moment."""
        self._actions = plan.actions
        self._worker_count = min(concurrency, len(plan.actions))
        self._perform = lambda action: perform(action, api, fingerprints, resume)
        self._prerequisites = _Prerequisites(plan)
        self._recorder = _Recorder(fingerprints)
        self._refusals = 0

    @property
    def save_error(self) -> str | None:
        """Return why fingerprints could not be saved, or None."""
        return self._recorder.error

    def request_stop(self) -> None:
        """Start no more actions."""
        self.stop_requested = True

    def __iter__(self) -> Iterator[ActionOutcome]:
        """Yield the outcomes as the actions end."""
        workers = _Workers(self._worker_count, self._perform, self.on_idle)
        try:
            for stage in STAGES:
                yield from self._run_stage([action for action in self._actions if action.kind in stage], workers)
        finally:
            workers.close()
            self._recorder.save()
        workers.join()

    def _run_stage(self, actions: Sequence[Action], workers: _Workers) -> Iterator[ActionOutcome]:
        waiting = _WaitingActions(actions)
        while True:
            skipped: list[ActionOutcome] = []
            while workers.are_free and not self.stop_requested and (action := waiting.next()) is not None:
                reason = self._prerequisites.reason_to_skip(action)
                if reason is None:
                    workers.submit(self._prerequisites.with_id(action))
                else:
                    waiting.done(action)
                    skipped.append(ActionOutcome(action, "skipped", action.id, note=reason))
            yield from skipped
            if not workers.running:
                return
            outcome = workers.next_outcome()
            waiting.done(outcome.action)
            self._prerequisites.note(outcome)
            self._recorder.add(outcome)
            self._count_refusals(outcome)
            yield outcome

    def _count_refusals(self, outcome: ActionOutcome) -> None:
        """End the run after too many actions in a row for which the server is away or refuses the key."""
        refused = isinstance(outcome.error, AuthError | UnavailableError)
        self._refusals = self._refusals + 1 if refused else 0
        if self._refusals >= MAX_REFUSALS:
            self.fatal_error, self.stop_requested = outcome.error, True


class _Workers:
    """Threads that perform actions, for one thread that submits them and waits for their outcomes."""

    def __init__(self, count: int, perform: Callable[[Action], ActionOutcome], on_idle: Callable[[], None]) -> None:
        self.running = 0
        """How many actions were submitted whose outcome has not been returned."""
        self._perform = perform
        self._on_idle = on_idle
        self._submitted: queue.SimpleQueue[Action | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[ActionOutcome | BaseException] = queue.SimpleQueue()
        # Daemons: a second Ctrl-C does not wait for them.
        self._threads = [
            threading.Thread(target=self._work, name=f"apply-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def are_free(self) -> bool:
        return self.running < len(self._threads)

    def submit(self, action: Action) -> None:
        self.running += 1
        self._submitted.put(action)

    def next_outcome(self) -> ActionOutcome:
        """Wait for an action to end. An exception in a worker, which is a bug, is raised here."""
        while True:
            try:
                outcome = self._outcomes.get(timeout=0.2)  # without a timeout Windows cannot interrupt it
                break
            except queue.Empty:
                self._on_idle()
        self.running -= 1
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self) -> None:
        """Let the threads end when they have nothing more to do."""
        for _ in self._threads:
            self._submitted.put(None)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (action := self._submitted.get()) is not None:
            try:
                self._outcomes.put(self._perform(action))
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
                self._outcomes.put(error)
                return


class _WaitingActions:
    """The actions of one stage that have not been started. One `channel_lock` is held by one action at a time."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._by_lock: dict[str | None, deque[Action]] = {}
        self._held: set[str | None] = set()
        for action in sorted(actions, key=lambda action: action.channel_lock is None):  # those with a lock first
            self._by_lock.setdefault(action.channel_lock, deque()).append(action)

    def next(self) -> Action | None:
        """Return an action that may start, and hold its lock; None if there is none now."""
        for lock, actions in self._by_lock.items():
            if actions and lock not in self._held:
                self._held |= {lock} - {None}
                return actions.popleft()
        return None

    def done(self, action: Action) -> None:
        """Release the lock of an action."""
        self._held.discard(action.channel_lock)


class _Prerequisites:
    """What later actions need from earlier ones: the ids of new integrations, and failures in their channel."""

    def __init__(self, plan: Plan) -> None:
        self._new_ids = {action.identifier: "" for action in plan.actions if action.kind == "set-primary"}
        self._first_failure: dict[str, str] = {}
        """The identifier of the first action that did not succeed, by channel."""

    def note(self, outcome: ActionOutcome) -> None:
        action = outcome.action
        if outcome.status != "done":
            self._first_failure.setdefault(action.channel, action.identifier)
        elif action.kind == "create" and action.identifier in self._new_ids:
            self._new_ids[action.identifier] = outcome.id

    def reason_to_skip(self, action: Action) -> str | None:
        """Return why an action cannot be started, or None."""
        if action.kind == "set-primary" and not action.id and not self._new_ids[action.identifier]:
            return f"{action.identifier} was not created, as far as is known"
        if action.kind == "delete" and action.channel in self._first_failure:
            return f"{self._first_failure[action.channel]} in the same channel did not succeed"
        return None

    def with_id(self, action: Action) -> Action:
        """Return the action with the `_id` of the integration that this run created for it."""
        if action.kind == "set-primary" and not action.id:
            return replace(action, id=self._new_ids[action.identifier])
        return action


class _Recorder:
    """Saves the fingerprints of what was applied, several outcomes at a time."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self.error: str | None = None
        """Why they could not be saved."""
        self._fingerprints = fingerprints
        self._unsaved: list[ActionOutcome] = []

    def add(self, outcome: ActionOutcome) -> None:
        self._unsaved.append(outcome)
        if len(self._unsaved) >= SAVE_EVERY:
            self.save()

    def save(self) -> None:
        outcomes, self._unsaved = self._unsaved, []
        try:
            with self._fingerprints.batch():
                for outcome in outcomes:
                    self._remember(outcome)
        except OSError as error:
            self.error = f"{self._fingerprints.path.parent}: {error.strerror or type(error).__name__}"

    def _remember(self, outcome: ActionOutcome) -> None:
        action, done = outcome.action, outcome.status == "done"
        if action.kind == "create":
            self._remember_pending(outcome)
        if action.kind == "delete" and done:
            self._fingerprints.remove(action.id)
        elif action.remembered_fields is not None and done and outcome.id:
            self._fingerprints.remember_applied(
                outcome.id, action.remembered_fields, credentials=action.sends_credentials
            )

    def _remember_pending(self, outcome: ActionOutcome) -> None:
        """Remember the idempotency key of a create while its outcome is unknown, for the next run."""
        action, error = outcome.action, outcome.error
        if outcome.status in {"done", "failed"}:
            self._fingerprints.remove_pending_create(action.identifier)
        elif error is not None and error.idempotency_key:
            body = prepare(action, error.idempotency_key).body
            self._fingerprints.remember_pending_create(action.identifier, body, error.idempotency_key)
