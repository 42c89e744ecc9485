"""Carries out one action of a plan with the requests that it takes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from integrations_cli.api.client import Client, update_body
from integrations_cli.create.exactly_once import PreparedCreate, create_exactly_once, prepare_create
from integrations_cli.errors import ConflictError, IntegrationsError, NotFoundError, UnknownOutcomeError
from integrations_cli.manifests.actions import Action
from integrations_cli.manifests.fingerprints import Fingerprints
from integrations_cli.models import Patch

Status = Literal["done", "failed", "unknown", "skipped"]


@dataclass(frozen=True)
class ActionOutcome:
    """What became of an action. `id` is the `_id` of the integration, empty if it is not known.

    `unknown`: it is not known whether the server did it. `skipped`: it was not tried; `note` says why.
    """

    action: Action
    status: Status
    id: str = ""
    error: IntegrationsError | None = None
    note: str = ""


def perform(action: Action, api: Client, fingerprints: Fingerprints, resume: Callable[[], str]) -> ActionOutcome:
    """Carry out an action, and return what became of it. `resume` returns the command that continues the run."""
    try:
        if action.kind == "create":
            return _create(action, api, fingerprints, resume)
        if action.kind == "delete":
            return _delete(action, api)
        if action.kind == "set-primary":
            api.set_primary(action.id)
        else:
            _update(action, api)
    except UnknownOutcomeError as error:
        return ActionOutcome(action, "unknown", action.id, error)
    except IntegrationsError as error:
        if isinstance(error, ConflictError) and action.kind == "create":
            error.hint = (
                "if plan does not show this identifier, another environment has it: "
                "some servers keep identifiers unique in the whole organisation"
            )
        return ActionOutcome(action, "failed", action.id, error)
    return ActionOutcome(action, "done", action.id)


def prepare(action: Action, key: str, random: Callable[[], float] | None = None) -> PreparedCreate:
    """Return the create request of an action, with this idempotency key."""
    assert action.draft is not None
    draft = action.draft._replace(active=False) if action.activate_separately else action.draft
    return prepare_create(draft, key, random=random)


def _create(action: Action, api: Client, fingerprints: Fingerprints, resume: Callable[[], str]) -> ActionOutcome:
    prepared = prepare(action, secrets.token_hex(16), api.random)
    pending_key = fingerprints.pending_create_key(action.identifier, prepared.body)
    if pending_key is not None:
        prepared = prepared._replace(key=pending_key)
    created = create_exactly_once(api, prepared, resume=resume)
    if action.activate_separately:
        _activate(api, created.integration.id, check=prepared.draft.check)
    note = "found in the list after a lost response" if created.confirmed else ""
    return ActionOutcome(action, "done", created.integration.id, note=note)


def _update(action: Action, api: Client) -> None:
    patch = action.patch or Patch()
    values = {**patch.values, "active": False} if action.activate_separately else patch.values
    api.update(action.id, update_body(patch._replace(values=values)))
    if action.activate_separately:
        _activate(api, action.id, check=patch.check)


def _activate(api: Client, integration_id: str, *, check: bool) -> None:
    api.update(integration_id, update_body(Patch({"active": True}, check=check)))


def _delete(action: Action, api: Client) -> ActionOutcome:
    try:
        api.delete(action.id)
    except NotFoundError:
        return ActionOutcome(action, "done", action.id, note="was already deleted")
    return ActionOutcome(action, "done", action.id)
