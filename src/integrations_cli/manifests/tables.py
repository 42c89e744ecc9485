"""Shows plans and outcomes, as tables and as the JSON documents that scripts read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from integrations_cli.manifests.actions import KINDS, Action, Change, Plan
from integrations_cli.manifests.perform import ActionOutcome
from integrations_cli.models import Environment, Json
from integrations_cli.terminal.views import Row, Table, cell_text, error_json

_CAPTIONS = {"create": "to create", "update": "to update", "set-primary": "to make primary", "delete": "to delete"}


def plan_table(plan: Plan) -> Table:
    """Return a table of the actions, grouped by kind, with what each of them changes."""
    groups = [[_row(action) for action in plan.actions if action.kind == kind] for kind in KINDS if plan.count(kind)]
    return Table(
        columns=("action", "identifier", "provider", "channel", "changes"),
        groups=groups,
        json=None,
        caption=plan_summary(plan),
    )


def plan_summary(plan: Plan) -> str:
    """Return how many actions of each kind a plan has, in words."""
    counts = [f"{plan.count(kind)} {_CAPTIONS[kind]}" for kind in KINDS if plan.count(kind)]
    return ", ".join([*counts, f"{len(plan.unchanged)} unchanged"])


def plan_json(plan: Plan, environment: Environment | None) -> dict[str, Json]:
    """Return a plan as JSON. Scripts rely on these keys; more may be added."""
    return {
        "environment": None if environment is None else {"_id": environment.id, "name": environment.name},
        "actions": [
            {**_action_json(action), "changes": [_change_json(action, change) for change in action.changes]}
            for action in plan.actions
        ],
        "unchanged": list(plan.unchanged),
        "unresolved": list(plan.unresolved),
        "summary": {**{kind: plan.count(kind) for kind in KINDS}, "unchanged": len(plan.unchanged)},
    }


def outcome_json(outcome: ActionOutcome, redact: Callable[[str], str]) -> dict[str, Json]:
    """Return an outcome as JSON; `error` is None, or an error as `--json` writes it everywhere."""
    return {
        "status": outcome.status,
        **_action_json(outcome.action),
        "_id": outcome.id or None,
        "note": redact(outcome.note) or None,
        "error": None if outcome.error is None else error_json(outcome.error, redact),
    }


def outcome_cells(outcome: ActionOutcome, redact: Callable[[str], str]) -> Sequence[str]:
    """Return the cells of an outcome in a table."""
    action = outcome.action
    return outcome.status, action.kind, action.identifier, outcome.id, redact(outcome_message(outcome))


def outcome_message(outcome: ActionOutcome) -> str:
    """Return the error or the note of an outcome, or nothing."""
    return outcome.error.message if outcome.error is not None else outcome.note


def _action_json(action: Action) -> dict[str, Json]:
    return {
        "action": action.kind,
        "identifier": action.identifier,
        "provider": action.provider,
        "channel": action.channel,
        "_id": action.id or None,
    }


def _change_json(action: Action, change: Change) -> dict[str, Json]:
    """Return a change as JSON; the values of credentials, and `before` of a new integration, are left out."""
    document: dict[str, Json] = {"field": change.field}
    if not change.field.startswith("credentials."):
        if action.kind != "create":
            document["before"] = change.before
        document["after"] = change.after
    if change.note:
        document["note"] = change.note
    return document


def _row(action: Action) -> Row:
    return Row(
        (action.kind, action.identifier, action.provider, action.channel, "; ".join(_changes(action))),
        strong=action.kind == "delete",
    )


def _changes(action: Action) -> list[str]:
    """Return the changes in words: one text for each field, and one for all credentials with the same note."""
    if action.kind == "delete":
        return []
    texts: list[str] = []
    credentials: dict[str, list[str]] = {}
    for change in action.changes:
        if change.field.startswith("credentials."):
            credentials.setdefault(change.note, []).append(change.field.removeprefix("credentials."))
        elif action.kind == "create":
            texts.append(f"{change.field}: {_value_text(change.after)}")
        else:
            note = f" ({change.note})" if change.note else ""
            texts.append(f"{change.field}: {_value_text(change.before)} → {_value_text(change.after)}{note}")
    texts += [f"credentials {note}: {', '.join(keys)}" for note, keys in credentials.items()]
    return texts


def _value_text(value: Json) -> str:
    return "-" if value is None else cell_text(value)
