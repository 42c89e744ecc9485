"""`integrations update`: change what is given, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from integrations_cli import catalogue
from integrations_cli.api.client import Client, update_body
from integrations_cli.api.find import find
from integrations_cli.catalogue.checks import check_draft, missing_credentials
from integrations_cli.commands.integration_options import (
    Check,
    Conditions,
    ConditionsFile,
    Credentials,
    CredentialsFile,
    Extra,
    Name,
    SkipValidation,
    changed_view,
    warn_of_literal_secrets,
)
from integrations_cli.commands.options import Quiet, Reference, ShowSecrets, run_context
from integrations_cli.context import RunContext
from integrations_cli.create.draft import DraftInputs, build_draft
from integrations_cli.errors import InputError, UsageError
from integrations_cli.manifests.compare import visible_credentials
from integrations_cli.models import Draft, Integration, Json, Patch
from integrations_cli.terminal.views import View


def update(
    context: typer.Context,
    reference: Reference,
    name: Name = None,
    identifier: Annotated[
        str | None, typer.Option("--identifier", "-i", metavar="IDENTIFIER", help="Another unique identifier.")
    ] = None,
    credential: Credentials = None,
    credentials_file: CredentialsFile = None,
    replace_credentials: Annotated[
        bool, typer.Option("--replace-credentials", help="Drop credentials that are not passed.")
    ] = False,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether it is active.")] = None,
    check_: Check = None,
    conditions_file: ConditionsFile = None,
    condition: Conditions = None,
    extra: Extra = None,
    skip_validation: SkipValidation = False,
    quiet: Quiet = False,
    show_secrets: ShowSecrets = False,
) -> View:
    """Change an integration.

    Only what is given changes. Servers replace credentials as a whole: pass all of them, or --replace-credentials.
    Provider and channel cannot be changed.
    """
    inputs = DraftInputs(
        name=name,
        identifier=identifier,
        credentials=credential or (),
        credentials_file=credentials_file,
        active=active,
        check=check_,
        conditions_file=conditions_file,
        conditions=condition or (),
        extra=extra or (),
    )
    run = run_context(context)
    draft, after = _update(run, reference, inputs, replace=replace_credentials, skip=skip_validation)
    return changed_view(after, draft, quiet=quiet, show_secrets=show_secrets)


def _update(
    run: RunContext, reference: str, inputs: DraftInputs, *, replace: bool, skip: bool
) -> tuple[Draft, Integration]:
    """Send what the inputs change, and return it and the integration as it is then."""
    if inputs == DraftInputs(check=inputs.check):
        raise UsageError("there is nothing to change", hint="integrations update --help lists what can be changed")
    draft = build_draft(inputs, run.values)
    run.learn_secrets()
    run.render.redactor.allow(filter(None, (draft.name, draft.identifier)))
    warn_of_literal_secrets(run)
    patch = _patch(inputs, draft)
    with run.api() as api:
        before = find(reference, api.list(), api.environment())
        _check(before, draft, skip=skip)
        if patch.credentials is not None and not replace:
            _refuse_losses(before, draft)
        after = api.update(before.id, update_body(patch))
        if patch.credentials is not None:
            _remember(run, api, before, draft)
    if before.primary and not after.primary:
        why = "it has conditions" if draft.conditions else "it is inactive"
        run.render.hint(f"{before.channel} has no primary integration now: {why}")
    return draft, after


def _patch(inputs: DraftInputs, draft: Draft) -> Patch:
    gives_credentials = bool(draft.credentials) or inputs.credentials_file is not None
    values: dict[str, Json] = {
        "name": draft.name,
        "identifier": draft.identifier,
        "active": inputs.active,
        "conditions": draft.conditions,
        **draft.extra,
    }
    return Patch(values, draft.credentials if gives_credentials else None, check=draft.check)


def _check(before: Integration, draft: Draft, *, skip: bool) -> None:
    """Check the new values against the catalogue: servers accept most mistakes silently."""
    provider = catalogue.find(before.provider)
    whole = draft._replace(provider=before.provider, channel=before.channel, active=False, check=False)
    check_draft(whole, skip=skip or provider is None or provider.channel != before.channel)


def _refuse_losses(before: Integration, draft: Draft) -> None:
    """Refuse to drop credentials that exist, or that the provider requires, because they were not passed."""
    provider = catalogue.find(before.provider)
    required = missing_credentials(provider, tuple(draft.credentials)) if provider is not None else []
    existing = [key for key in visible_credentials(before) if key not in draft.credentials]
    lost = tuple(dict.fromkeys((*existing, *(field.key for field in required))))
    if lost:
        raise InputError(
            f"{before.identifier} would lose {', '.join(lost)}: servers replace credentials as a whole",
            hint="pass these too, or drop them with --replace-credentials",
            details=[f"credentials.{key}: is missing" for key in lost],
        )


def _remember(run: RunContext, api: Client, before: Integration, draft: Draft) -> None:
    """Remember the new credentials for a later `plan`, if a manifest manages this integration."""
    from integrations_cli.manifests import fingerprints

    environment = api.environment()
    if environment is None:
        return
    folder = fingerprints.state_folder(run.environ)
    memory = fingerprints.load_fingerprints(folder, server=run.settings.api_url, environment_id=environment.id)
    if not memory.is_known(before.id):
        return
    fields = {f"credentials.{key}": credential.value for key, credential in draft.credentials.items()}
    try:
        memory.remember_applied(before.id, fields)
    except OSError as error:
        run.render.warn(f"the new credentials cannot be remembered in {folder}: {error.strerror}")
