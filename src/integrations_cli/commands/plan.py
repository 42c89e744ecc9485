"""`integrations plan`: what `apply` would do, and nothing done."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli.commands.manifest_options import (
    Files,
    PlanOptions,
    Prune,
    SkipValidation,
    Targets,
    memory_of,
    plan_environment,
    read,
    tell_unresolved,
    without_collector,
)
from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import PendingError
from integrations_cli.manifests.tables import plan_document, plan_table
from integrations_cli.terminal.views import Nothing, View

MANY = 1000
"""So many actions are not written as JSON for the eye, on many lines: that takes longer than to plan them."""


def plan(
    context: typer.Context,
    files: Files,
    prune: Prune = False,
    target: Targets = None,
    skip_validation: SkipValidation = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 9 if there is anything to do, and 0 if not.")
    ] = False,
) -> View:
    """Show what apply would change.

    In a pipe: action, identifier, provider, channel and changes, with a TAB between them. Credentials are not read
    back from servers: what was applied last from this machine is known by fingerprints, and unknown counts as changed.
    """
    options = PlanOptions(files, prune, target or (), skip_validation)
    return _plan(run_context(context), options, exit_code=exit_code)


def _plan(run: RunContext, options: PlanOptions, *, exit_code: bool) -> View:
    with without_collector():
        desired = read(run, options)
        with run.api() as api:
            environment = api.environment()
            planned = plan_environment(api, desired, memory_of(run, environment), options)
        tell_unresolved(run, planned)
        if not planned.actions:
            run.render.note(f"nothing to do: {len(planned.unchanged)} integrations are as the manifest says")
        if run.flags.json:
            run.render.show_json(plan_document(planned, environment), lines=len(planned.actions) > MANY)
        else:
            run.render.show(plan_table(planned))
    return Nothing(exit_code=PendingError.exit_code if exit_code and planned.actions else 0)
