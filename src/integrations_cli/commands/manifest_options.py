"""What `plan`, `apply`, `export` and `diff` share: from files and an environment to a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, NamedTuple

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
    typer.Option("--target", "-t", metavar="IDENTIFIER", help="Touch only this one (repeatable)."),
]
SkipValidation = Annotated[bool, typer.Option("--skip-validation", help="Send what the catalogue does not know.")]

SHOWN = 20
"""How many unresolved references are named one by one."""


class PlanOptions(NamedTuple):
    """What to plan."""

    files: Sequence[str]
    prune: bool = False
    targets: Sequence[str] = ()
    skip_validation: bool = False


@contextmanager
def without_collector() -> Iterator[None]:
    """Do not look for garbage in what stays: with thousands of entries that takes longer than the work."""
    import gc

    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def read(run: RunContext, options: PlanOptions) -> list[ResolvedEntry]:
    """The manifest, its references opened. Nothing is sent.

    Raises:
        InputError: Everything that is wrong with the files.
    """
    desired = manifest.resolve_references(manifest.load(options.files, run.values), run.values)
    run.learn_secrets()
    said = (text for want in desired for text in (want.entry.identifier, want.entry.provider, want.entry.name))
    run.render.redactor.allow(filter(None, said))
    return desired


def refuse_unresolved(desired: Sequence[ResolvedEntry], options: PlanOptions) -> None:
    """See that every reference has a value before anything is sent: a placeholder is never sent in its place.

    Raises:
        InputError: Every one that has none.
    """
    findings = [
        f"{want.entry.at('credentials', key)}: {why}"
        for want in desired
        if not options.targets or want.entry.identifier in options.targets
        for key, why in want.unresolved.items()
    ]
    if findings:
        raise InputError.of(findings, hint="nothing was sent; set the variables, or leave entries out with --target")


def memory_of(run: RunContext, environment: Environment | None) -> Fingerprints:
    """What this machine remembers of the environment that the key opens."""
    return fingerprints.load_fingerprints(
        fingerprints.state_folder(run.environ),
        server=run.settings.api_url,
        environment_id=environment.id if environment is not None else "",
    )


def plan_environment(api: Client, desired: Sequence[ResolvedEntry], memory: Fingerprints, options: PlanOptions) -> Plan:
    """The plan for the environment as it is now."""
    return make_plan(
        desired,
        api.list(),
        memory,
        prune=options.prune,
        targets=frozenset(options.targets),
        skip_validation=options.skip_validation,
    )


def tell_unresolved(run: RunContext, plan: Plan) -> None:
    """Warn of what keeps this plan from being applied."""
    for message in plan.unresolved[:SHOWN]:
        run.render.warn(message)
    if len(plan.unresolved) > SHOWN:
        run.render.warn(f"{len(plan.unresolved) - SHOWN} more references have no value")
