"""`integrations apply`: makes an environment what a manifest says."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated, Self

import typer

from integrations_cli.api.rate_limit import RateLimitedTransport, RateLimiter
from integrations_cli.api.retry import Clock, RetryPolicy
from integrations_cli.commands.manifest_options import (
    Files,
    PlanOptions,
    Prune,
    SkipValidation,
    Targets,
    memory_of,
    plan_environment,
    read,
    refuse_unresolved,
)
from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.create.rerun import shell_quote
from integrations_cli.errors import CancelledError, IntegrationsError
from integrations_cli.manifests.actions import Plan
from integrations_cli.manifests.apply import CONCURRENCY, ActionOutcome, ApplyRun
from integrations_cli.manifests.tables import outcome_cells, outcome_document, outcome_message, plan_summary, plan_table
from integrations_cli.terminal.views import Nothing, View, redact_hint

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from integrations_cli.api.transport.base import Transport

    _Handler = Callable[[int, FrameType | None], object] | int | None


def apply(
    context: typer.Context,
    files: Files,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    prune: Prune = False,
    target: Targets = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="How many requests at a time.")
    ] = CONCURRENCY,
    retries: Annotated[
        int | None, typer.Option("--retries", metavar="N", min=0, max=100, help="How often to try again (default: 3).")
    ] = None,
    skip_validation: SkipValidation = False,
) -> View:
    """Make the environment match a manifest.

    Shows the plan and asks first. Standard output gets a line for each action as it ends (status, action, identifier,
    _id and message, with a TAB between them; one JSON document each with --json). What fails is left and reported: the
    same command finishes the rest.
    """
    options = PlanOptions(files, prune, target or (), skip_validation)
    policy = RetryPolicy() if retries is None else RetryPolicy(retries=retries)
    return _apply(run_context(context), options, policy, yes=yes, concurrency=concurrency)


def _apply(run: RunContext, options: PlanOptions, policy: RetryPolicy, *, yes: bool, concurrency: int) -> View:
    run.require_confirmation(yes=yes)
    desired = read(run, options)
    refuse_unresolved(desired, options)
    limiter = RateLimiter()

    def paced(transport: Transport, clock: Clock) -> Transport:
        return RateLimitedTransport(transport, limiter, clock)

    with run.api(policy, paced) as api:
        environment = api.environment()
        memory = memory_of(run, environment)
        plan = plan_environment(api, desired, memory, options)
        if not plan.actions:
            run.render.note(f"nothing to do: {len(plan.unchanged)} integrations are as the manifest says")
            return Nothing()
        run.render.preview(plan_table(plan))
        name = environment.name if environment is not None and environment.name else run.settings.api_url
        run.confirm(f"Apply this to {name} ({plan_summary(plan)})?", yes=yes)
        again, began = _again(run, options), api.clock.now()
        running = ApplyRun(plan, api, memory, concurrency=concurrency, resume=lambda: again)
        try:
            counts = _report(run, plan, running)
        except KeyboardInterrupt:
            raise CancelledError(
                "interrupted: what became of the requests under way is not known",
                hint=f"the rest: {again}",
            ) from None
        seconds = api.clock.now() - began
    if running.forgotten:
        run.render.warn(f"what was applied cannot be remembered in {running.forgotten}; plan will count it as changed")
    if run.flags.verbose:
        limit = "" if limiter.rate is None else f", limited to {limiter.rate:.0f} a second"
        run.render.log(f"{limiter.sent} requests in {seconds:.2f} s{limit}, {limiter.limited} of them answered 429")
    return _end(run, plan, running, counts, again)


def _report(run: RunContext, plan: Plan, running: ApplyRun) -> dict[str, int]:
    """Run the plan, and write a line for each outcome; how many there were of each status."""
    counts: dict[str, int] = {}
    redact = run.render.redactor.clean
    with _Ending(run, running) as ending, run.render.progress(len(plan.actions)) as advance:
        for outcome in running:
            ending.tell()
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
            if run.flags.json:
                run.render.show_json(outcome_document(outcome, redact), lines=True)
            else:
                advance(outcome_cells(outcome, redact), _complaint(outcome, redact))
    return counts


def _complaint(outcome: ActionOutcome, redact: Callable[[str], str]) -> str:
    if outcome.status == "done" and not outcome.note:
        return ""
    hint = outcome.error.hint if outcome.error is not None else None
    advice = f" ({redact_hint(hint, redact)})" if hint else ""
    action, message = outcome.action, redact(outcome_message(outcome))
    return f"{action.kind} {action.identifier}: {outcome.status}: {message}{advice}"


class _Ending:
    """Lets the first Ctrl-C finish what is under way, while the block runs; the second one leaves at once."""

    def __init__(self, run: RunContext, running: ApplyRun) -> None:
        self._run, self._running = run, running
        self._told = False
        self._before: _Handler = None
        running.idle = self.tell

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other is told of signals
            self._before = signal.signal(signal.SIGINT, self._asked)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        if self._running.stopping:
            raise KeyboardInterrupt
        self._running.stop()  # and no word here: the program may be in the middle of writing one

    def tell(self) -> None:
        """Say once that the end has begun."""
        if self._running.stopping and not self._told:
            self._told = True
            self._run.render.note("finishing what is under way; Ctrl-C again leaves at once")


def _again(run: RunContext, options: PlanOptions) -> str:
    """The command line that does the rest."""
    words = ["integrations", "apply", *options.files, *run.shared_words()]
    words += [word for target in options.targets for word in ("--target", target)]
    words += ["--prune"] * options.prune + ["--skip-validation"] * options.skip_validation
    return " ".join(shell_quote(word) for word in words)


def _end(run: RunContext, plan: Plan, running: ApplyRun, counts: dict[str, int], again: str) -> View:
    """Say how it ended.

    Raises:
        CancelledError: Ctrl-C ended it.
        IntegrationsError: Something is left to be done.
    """
    total, tried = len(plan.actions), sum(counts.values())
    words = [f"{counts[status]} {status}" for status in ("done", "failed", "unknown", "skipped") if status in counts]
    if tried < total:
        words.append(f"{total - tried} not begun")
    summary = f"{', '.join(words)}, of {total}"
    if counts.get("done", 0) == total:
        run.render.note(summary)
        return Nothing()
    if running.stopped is not None:
        error = running.stopped
        raise type(error)(f"{summary}; ended since {error.message}", hint=error.hint, status=error.status) from None
    if tried < total:
        raise CancelledError(f"interrupted: {summary}", hint=f"the rest: {again}")
    raise IntegrationsError(summary, hint=f"what failed is left as it was; the rest: {again}")
