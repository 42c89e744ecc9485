"""Plans and what became of them, as tables and as the JSON documents that scripts read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from integrations_cli.manifests.actions import STAGES, Action, Change, Plan
from integrations_cli.manifests.apply import ActionOutcome
from integrations_cli.models import Environment, Json
from integrations_cli.terminal.views import Row, Table, cell_text, error_json

_CAPTIONS = {"create": "to create", "update": "to update", "set-primary": "to make primary", "delete": "to delete"}


def plan_table(plan: Plan) -> Table:
    """A plan for people: its actions by kind, and what each of them changes."""
    groups = [[_row(action) for action in plan.actions if action.kind == kind] for kind in STAGES if plan.count(kind)]
    return Table(
        columns=("action", "identifier", "provider", "channel", "changes"),
        groups=groups,
        json=None,
        caption=plan_summary(plan),
    )


def plan_summary(plan: Plan) -> str:
    """How much a plan does, in words."""
    counts = [f"{plan.count(kind)} {_CAPTIONS[kind]}" for kind in STAGES if plan.count(kind)]
    return ", ".join([*counts, f"{len(plan.unchanged)} unchanged"])


def plan_document(plan: Plan, environment: Environment | None) -> dict[str, Json]:
    """A plan as JSON. Scripts rely on these names; there may come to be more of them."""
    return {
        "environment": None if environment is None else {"_id": environment.id, "name": environment.name},
        "actions": [
            {**_action_document(action), "changes": [_change_document(action, change) for change in action.changes]}
            for action in plan.actions
        ],
        "unchanged": list(plan.unchanged),
        "unresolved": list(plan.unresolved),
        "summary": {**{kind: plan.count(kind) for kind in STAGES}, "unchanged": len(plan.unchanged)},
    }


def outcome_document(outcome: ActionOutcome, redact: Callable[[str], str]) -> dict[str, Json]:
    """Return what became of an action, as one JSON document; `error` is as `--json` writes errors elsewhere."""
    return {
        "status": outcome.status,
        **_action_document(outcome.action),
        "_id": outcome.id or None,
        "note": redact(outcome.note) or None,
        "error": None if outcome.error is None else error_json(outcome.error, redact),
    }


def outcome_cells(outcome: ActionOutcome, redact: Callable[[str], str]) -> Sequence[str]:
    """Return what became of an action, in one line."""
    action = outcome.action
    return outcome.status, action.kind, action.identifier, outcome.id, redact(outcome_message(outcome))


def outcome_message(outcome: ActionOutcome) -> str:
    """What is to be said of an outcome: the failure, the note, or nothing."""
    return outcome.error.message if outcome.error is not None else outcome.note


def _action_document(action: Action) -> dict[str, Json]:
    return {
        "action": action.kind,
        "identifier": action.identifier,
        "provider": action.provider,
        "channel": action.channel,
        "_id": action.id or None,
    }


def _change_document(action: Action, change: Change) -> dict[str, Json]:
    """One change; `before` and `after` are left out where they are not known, as credentials are."""
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
    """The changes in words; credentials in one, by what is known of them."""
    if action.kind == "delete":
        return []
    words: list[str] = []
    credentials: dict[str, list[str]] = {}
    for change in action.changes:
        if change.field.startswith("credentials."):
            credentials.setdefault(change.note, []).append(change.field.removeprefix("credentials."))
        elif action.kind == "create":
            words.append(f"{change.field}: {_shown(change.after)}")
        else:
            note = f" ({change.note})" if change.note else ""
            words.append(f"{change.field}: {_shown(change.before)} → {_shown(change.after)}{note}")
    words += [f"credentials {note}: {', '.join(keys)}" for note, keys in credentials.items()]
    return words


def _shown(value: Json) -> str:
    return "-" if value is None else cell_text(value)
