"""Shared by the commands that read manifests or write them: options, and the way from files to a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final, NamedTuple

import typer

from integrations_cli.api.client import Client
from integrations_cli.context import RunContext
from integrations_cli.errors import InputError
from integrations_cli.manifests import fingerprints
from integrations_cli.manifests import load as manifest
from integrations_cli.manifests.actions import Plan
from integrations_cli.manifests.fingerprints import Fingerprints
from integrations_cli.manifests.load import ResolvedEntry
from integrations_cli.manifests.plan import make_plan
from integrations_cli.models import Environment

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="TOML or JSON; a folder of them; - is standard input.")
]
Prune = Annotated[bool, typer.Option("--prune", help="Delete what the manifest does not describe.")]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", "-t", metavar="IDENTIFIER", help="Change only this integration (repeatable)."),
]
SkipValidation = Annotated[bool, typer.Option("--skip-validation", help="Send what the catalogue does not know.")]

MAX_WARNINGS: Final = 20
"""How many references without a value are named one by one."""


class PlanOptions(NamedTuple):
    """What to plan."""

    files: Sequence[str]
    prune: bool = False
    targets: Sequence[str] = ()
    skip_validation: bool = False


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Collect no garbage inside of the block: with thousands of entries that would take longer than the work."""
    import gc

    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_manifest(run: RunContext, options: PlanOptions) -> list[ResolvedEntry]:
    """Return the entries of the manifest with the values of their references. Nothing is sent."""
    entries = manifest.resolve_references(manifest.load(options.files, run.values), run.values)
    run.learn_secrets()
    names = (text for each in entries for text in (each.entry.identifier, each.entry.provider, each.entry.name))
    run.render.redactor.allow(filter(None, names))
    return entries


def refuse_unresolved(entries: Sequence[ResolvedEntry], options: PlanOptions) -> None:
    """Raise InputError if a reference of the entries to apply has no value."""
    findings = [
        finding
        for each in entries
        if not options.targets or each.entry.identifier in options.targets
        for finding in each.unresolved_findings()
    ]
    if findings:
        raise InputError.of(findings, hint="nothing was sent; set the variables, or leave entries out with --target")


def load_fingerprints(run: RunContext, environment: Environment | None) -> Fingerprints:
    """Return what this machine remembers of the environment that the key opens."""
    return fingerprints.load_fingerprints(
        fingerprints.state_folder(run.environ),
        server=run.settings.api_url,
        environment_id=environment.id if environment is not None else "",
    )


def plan_environment(
    api: Client, entries: Sequence[ResolvedEntry], applied: Fingerprints, options: PlanOptions
) -> Plan:
    """Return the plan for the environment as it is now."""
    return make_plan(
        entries,
        api.list(),
        applied,
        prune=options.prune,
        targets=frozenset(options.targets),
        skip_validation=options.skip_validation,
    )


def nothing_to_do(plan: Plan) -> str:
    """Return the note for a plan without actions."""
    return f"nothing to do: {len(plan.unchanged)} integrations are as the manifest says"


def warn_of_unresolved(run: RunContext, plan: Plan) -> None:
    """Name the references that keep this plan from being applied."""
    for message in plan.unresolved[:MAX_WARNINGS]:
        run.render.warn(message)
    if len(plan.unresolved) > MAX_WARNINGS:
        run.render.warn(f"{len(plan.unresolved) - MAX_WARNINGS} more references have no value")
