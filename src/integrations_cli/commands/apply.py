"""`integrations apply`: makes an environment what a manifest describes."""

from __future__ import annotations

import shlex
import signal
import threading
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Self

import typer

from integrations_cli.api.rate_limit import RateLimitedTransport, RateLimiter
from integrations_cli.api.retry import RetryPolicy
from integrations_cli.commands.manifest_options import (
    Files,
    PlanOptions,
    Prune,
    SkipValidation,
    Targets,
    load_fingerprints,
    nothing_to_do,
    plan_environment,
    read_manifest,
    refuse_unresolved,
)
from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import CancelledError, IntegrationsError
from integrations_cli.manifests.actions import Plan
from integrations_cli.manifests.apply import DEFAULT_CONCURRENCY, ApplyRun
from integrations_cli.manifests.perform import ActionOutcome
from integrations_cli.manifests.tables import outcome_cells, outcome_json, outcome_message, plan_summary, plan_table
from integrations_cli.models import Environment
from integrations_cli.terminal.views import Nothing, View, redact_hint

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    _Handler = Callable[[int, FrameType | None], object] | int | None


def apply(
    context: typer.Context,
    files: Files,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    prune: Prune = False,
    target: Targets = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="How many requests at a time.")
    ] = DEFAULT_CONCURRENCY,
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
    entries = read_manifest(run, options)
    refuse_unresolved(entries, options)
    limiter = RateLimiter()
    with run.api(policy, lambda transport, clock: RateLimitedTransport(transport, limiter, clock)) as api:
        environment = api.environment()
        fingerprints = load_fingerprints(run, environment)
        plan = plan_environment(api, entries, fingerprints, options)
        if not plan.actions:
            run.render.note(nothing_to_do(plan))
            return Nothing()
        _confirm(run, plan, environment, yes=yes)
        started, rerun = api.clock.now(), _rerun(run, options)
        apply_run = ApplyRun(plan, api, fingerprints, concurrency=concurrency, resume=lambda: rerun)
        statuses = _report_outcomes(run, plan, apply_run, rerun)
        seconds = api.clock.now() - started
    if apply_run.save_error is not None:
        run.render.warn(
            f"cannot save fingerprints in {apply_run.save_error}; plan will count what was applied as changed"
        )
    if run.flags.verbose:
        _log_requests(run, limiter, seconds)
    return _conclude(run, plan, apply_run, statuses, rerun)


def _confirm(run: RunContext, plan: Plan, environment: Environment | None, *, yes: bool) -> None:
    run.render.preview(plan_table(plan))
    name = environment.name if environment is not None and environment.name else run.settings.api_url
    run.confirm(f"Apply this to {name} ({plan_summary(plan)})?", yes=yes)


def _rerun(run: RunContext, options: PlanOptions) -> str:
    """Return the command line that does what this run leaves."""
    words = ["integrations", "apply", *options.files, *run.shared_words()]
    words += [word for target in options.targets for word in ("--target", target)]
    words += ["--prune"] * options.prune + ["--skip-validation"] * options.skip_validation
    return shlex.join(words)


def _report_outcomes(run: RunContext, plan: Plan, apply_run: ApplyRun, rerun: str) -> Counter[str]:
    """Run the plan, print each outcome as it comes, and return how many there are of each status."""
    statuses: Counter[str] = Counter()
    redact = run.render.redactor.clean
    try:
        with _StopOnInterrupt(run, apply_run) as stop, run.render.progress(len(plan.actions)) as advance:
            for outcome in apply_run:
                stop.announce()
                statuses[outcome.status] += 1
                if run.flags.json:
                    run.render.show_json(outcome_json(outcome, redact), lines=True)
                else:
                    advance(outcome_cells(outcome, redact), _problem(outcome, redact))
    except KeyboardInterrupt:
        raise CancelledError(
            "interrupted: the outcome of the running requests is not known", hint=f"to continue: {rerun}"
        ) from None
    return statuses


def _problem(outcome: ActionOutcome, redact: Callable[[str], str]) -> str:
    """Return what standard error says about an outcome; nothing if all went well."""
    if outcome.status == "done" and not outcome.note:
        return ""
    action, message = outcome.action, redact(outcome_message(outcome))
    hint = f" ({redact_hint(outcome.error.hint, redact)})" if outcome.error is not None and outcome.error.hint else ""
    return f"{action.kind} {action.identifier}: {outcome.status}: {message}{hint}"


class _StopOnInterrupt:
    """Stops the run in order at the first Ctrl-C inside of the block, and at once at the second one."""

    def __init__(self, run: RunContext, apply_run: ApplyRun) -> None:
        self._run, self._apply_run = run, apply_run
        self._announced = False
        self._previous_handler: _Handler = None
        apply_run.on_idle = self.announce

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # only this one can handle signals
            self._previous_handler = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous_handler is not None:
            signal.signal(signal.SIGINT, self._previous_handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._apply_run.stop_requested:
            raise KeyboardInterrupt
        # It prints nothing: the program may be in the middle of printing.
        self._apply_run.request_stop()

    def announce(self) -> None:
        """Say once that the run is stopping."""
        if self._apply_run.stop_requested and not self._announced:
            self._announced = True
            self._run.render.note("finishing the running requests; press Ctrl-C again to exit at once")


def _log_requests(run: RunContext, limiter: RateLimiter, seconds: float) -> None:
    limit = "" if limiter.rate is None else f", limited to {limiter.rate:.0f} a second"
    run.render.log(f"{limiter.sent} requests in {seconds:.2f} s{limit}, {limiter.limited} of them answered 429")


def _conclude(run: RunContext, plan: Plan, apply_run: ApplyRun, statuses: Counter[str], rerun: str) -> View:
    """Print a summary of a run in which everything succeeded."""
    total, not_started = len(plan.actions), len(plan.actions) - statuses.total()
    summary = f"{statuses['done']} of {total} succeeded"
    summary += "".join(
        f", {statuses[status]} {status}" for status in ("failed", "unknown", "skipped") if statuses[status]
    )
    summary += f", {not_started} not started" if not_started else ""
    if statuses["done"] == total:
        run.render.note(summary)
        return Nothing()
    error = apply_run.fatal_error
    if error is not None:
        raise type(error)(f"{summary}; stopped because {error.message}", hint=error.hint, status=error.status)
    if not_started:
        raise CancelledError(f"interrupted: {summary}", hint=f"to continue: {rerun}")
    raise IntegrationsError(summary, hint=f"to try the rest again: {rerun}")
