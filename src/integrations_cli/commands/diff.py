"""`integrations diff`: compares two environments, or a manifest and an environment."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli import catalogue
from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import PendingError, UsageError
from integrations_cli.manifests import load as manifest
from integrations_cli.manifests.diff import Side, compare_sides, difference_table, side_of_environment, side_of_manifest
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
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also show what is the same.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 9 if they differ, and 0 if not.")] = False,
) -> View:
    """Compare two environments, or a manifest and an environment.

    In a pipe: identifier, field, the two values and a verdict, with a TAB between them. Secrets are compared only where
    both servers show them; they are never printed.
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
        right, right_name = side_of_manifest(manifest.load(files or [], run.values)), ", ".join(files or [])
        # The service itself creates the built-in integrations: a manifest need not describe them.
        left = {name: side for name, side in left.items() if name in right or side.provider not in catalogue.BUILT_IN}
    if left_name == right_name:
        left_name, right_name = f"{left_name} (left)", f"{right_name} (right)"
    difference = compare_sides(left, right, (left_name, right_name))
    if not difference.pending:
        run.render.note("no difference in what can be compared")
    code = PendingError.exit_code if exit_code and difference.pending else 0
    return difference_table(difference, everything=everything, exit_code=code)


def _environment(run: RunContext) -> tuple[Side, str]:
    """Return the integrations of an environment, and its name."""
    with run.api() as api:
        environment = api.environment()
        side = side_of_environment(api.list())
    name = run.settings.profile or run.settings.api_url
    return side, f"{name}: {environment.name}" if environment is not None and environment.name else name
