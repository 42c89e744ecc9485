"""`integrations diff`: two environments, or a manifest and an environment, side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import PendingError, UsageError
from integrations_cli.manifests import load as manifest
from integrations_cli.manifests.diff import (
    Side,
    compare_sides,
    difference_table,
    is_built_in,
    side_of_environment,
    side_of_manifest,
)
from integrations_cli.terminal.views import View


def diff(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE...]", help="A manifest to compare the environment of --profile with."),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", "-A", metavar="PROFILE", help="The profile of the other environment.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Show also what is the same.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 9 if they differ, and 0 if not.")] = False,
) -> View:
    """Compare two environments, or a manifest and an environment.

    In a pipe: identifier, field, the two values and a verdict, with a TAB between them. Secrets are compared only where
    a server shows both; they are never shown.
    """
    if bool(files) is (against is not None):
        raise UsageError(
            "diff takes either --against PROFILE or a manifest",
            hint="integrations diff --profile staging --against production; integrations diff FILE",
        )
    run = run_context(context)
    left, left_name = _environment(run)
    if against is not None:
        right, right_name = _environment(run.with_profile(against))
    else:
        right, right_name = side_of_manifest(manifest.load(files or [], run.values).entries), ", ".join(files or [])
        # What the service brings along is there without anybody asking for it.
        left = {name: fields for name, fields in left.items() if name in right or not is_built_in(fields)}
    if left_name == right_name:
        left_name, right_name = f"{left_name} (left)", f"{right_name} (right)"
    found = compare_sides(left, right, (left_name, right_name))
    if not found.pending:
        run.render.note("no difference, as far as it can be seen")
    code = PendingError.exit_code if exit_code and found.pending else 0
    return difference_table(found, everything=everything, exit_code=code)


def _environment(run: RunContext) -> tuple[Side, str]:
    """One side, and what to call it."""
    with run.api() as api:
        environment = api.environment()
        side = side_of_environment(api.list())
    name = run.settings.profile or run.settings.api_url
    return side, f"{name}: {environment.name}" if environment is not None and environment.name else name
