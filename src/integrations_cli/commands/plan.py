"""`integrations plan`: shows what `apply` would do."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from integrations_cli.commands.manifest_options import (
    Files,
    PlanOptions,
    Prune,
    SkipValidation,
    Targets,
    garbage_collection_paused,
    load_fingerprints,
    nothing_to_do,
    plan_environment,
    read_manifest,
    warn_of_unresolved,
)
from integrations_cli.commands.options import run_context
from integrations_cli.errors import PendingError
from integrations_cli.manifests.tables import plan_json, plan_table
from integrations_cli.terminal.views import Nothing, View

MAX_INDENTED_ACTIONS: Final = 1000
"""The JSON of more actions is written on one line: indenting it takes longer than to plan them."""


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

    In a pipe: action, identifier, provider, channel and changes, with a TAB between them. Servers do not give
    credentials back: what this machine applied last is known by fingerprints, and unknown counts as changed.
    """
    options = PlanOptions(files, prune, target or (), skip_validation)
    run = run_context(context)
    with garbage_collection_paused():
        entries = read_manifest(run, options)
        with run.api() as api:
            environment = api.environment()
            found = plan_environment(api, entries, load_fingerprints(run, environment), options)
        warn_of_unresolved(run, found)
        if not found.actions:
            run.render.note(nothing_to_do(found))
        if run.flags.json:
            run.render.show_json(plan_json(found, environment), lines=len(found.actions) > MAX_INDENTED_ACTIONS)
        else:
            run.render.show(plan_table(found))
    return Nothing(exit_code=PendingError.exit_code if exit_code and found.actions else 0)
