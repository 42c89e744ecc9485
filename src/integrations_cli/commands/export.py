"""`integrations export`: writes an environment as a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from integrations_cli.commands.manifest_options import load_fingerprints
from integrations_cli.commands.options import run_context
from integrations_cli.context import RunContext
from integrations_cli.errors import InputError
from integrations_cli.manifests.export import Exported, export_manifest
from integrations_cli.manifests.fingerprints import Fingerprints
from integrations_cli.terminal.render import json_text, plain_text
from integrations_cli.terminal.views import Nothing, Text, View


def export(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file; JSON by its ending.")
    ] = None,
) -> View:
    """Write the environment as a manifest.

    Secrets are replaced by {{ env = "NAME" }}. TOML, or JSON with --json.
    """
    run = run_context(context)
    with run.api() as api:
        environment = api.environment()
        exported = export_manifest(api.list(), run.environ)
    for note in exported.notes:
        run.render.warn(note)
    if output is not None:
        _write(output, exported)
        run.render.note(f"{len(exported.document['integrations'])} integrations are in {output}")
    _remember(run, load_fingerprints(run, environment), exported)
    return Text(exported.text, json=exported.document, lines=True) if output is None else Nothing()


def _write(path: Path, exported: Exported) -> None:
    """Write the file as it would be printed."""
    is_json = path.suffix.lower() == ".json"
    text = json_text(exported.document) if is_json else plain_text(exported.text, lines=True)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"--output {path}: cannot write it: {error.strerror}") from None


def _remember(run: RunContext, fingerprints: Fingerprints, exported: Exported) -> None:
    """Remember what the references stand for, so that a plan of this manifest has nothing to do."""
    try:
        fingerprints.remember_exported(exported.credentials)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        run.render.warn(f"cannot save fingerprints in {fingerprints.path.parent}: {reason}")
        run.render.hint("plan will count the secrets as changed")
