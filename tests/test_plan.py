"""One computation says what has to be done, in which order, and what cannot be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.manifests import load as manifest
from integrations_cli.manifests.actions import Action, Plan
from integrations_cli.manifests.documents import Source
from integrations_cli.manifests.fingerprints import FieldStatus
from integrations_cli.manifests.plan import make_plan
from integrations_cli.manifests.tables import plan_json, plan_table
from integrations_cli.models import Integration

SECRET = "planted-secret-0123456789"
CONDITIONS = [{"isNegated": False, "type": "GROUP", "value": "AND", "children": [{"on": "tenant", "field": "x"}]}]


class Memory:
    """What is remembered: the values themselves, since nothing is at stake here."""

    def __init__(self, known: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.known = known or {}

    def compare(self, name: str, fields: Mapping[str, Any]) -> dict[str, FieldStatus]:
        known = self.known.get(name)
        if known is None:
            return dict.fromkeys(fields, "unknown")
        verdicts: dict[str, FieldStatus] = {
            key: "same" if known.get(key) == value else "changed" for key, value in fields.items()
        }
        return verdicts | dict.fromkeys(known.keys() - fields.keys(), "removed")


def existing(identifier: str, provider: str = "mailgun", channel: str = "email", **fields: Any) -> Integration:
    named = {"_id": f"id-{identifier}", "identifier": identifier, "providerId": provider, "channel": channel}
    return Integration({**named, "name": "N", "active": False, "primary": False, "conditions": [], **fields})


def planned(
    text: str,
    current: Sequence[Integration] = (),
    known: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    skip: bool = True,
    **options: Any,
) -> Plan:
    reader = ValueReader(stdin=lambda: b"", environ=environ or {})
    read = manifest.parse([Source("env.toml", f"version = 1\n{text}")])
    return make_plan(manifest.resolve_references(read, reader), current, Memory(known), skip_validation=skip, **options)


def entry(identifier: str, *lines: str, provider: str = "mailgun") -> str:
    return "\n".join([f"[integrations.{identifier}]", f'provider = "{provider}"', *lines, ""])


def done(found: Plan) -> list[tuple[str, str]]:
    return [(action.kind, action.identifier) for action in found.actions]


def changes(action: Action) -> dict[str, tuple[Any, Any, str]]:
    return {change.field: (change.before, change.after, change.note) for change in action.changes}


# -- single fields ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "now", "expected"),
    [
        ([], {}, {}),
        (['name = "N"'], {}, {}),
        (['name = "M"'], {}, {"name": ("N", "M", "")}),
        (["active = false"], {}, {}),
        (["active = true"], {}, {"active": (False, True, "")}),
        (["active = false"], {"active": True}, {"active": (True, False, "")}),
        (["active = false"], {"active": None}, {}),
        (["conditions = []"], {}, {}),
        (["conditions = []"], {"conditions": CONDITIONS}, {"conditions": (CONDITIONS, [], "")}),
        (["conditions = [{ type = 'GROUP' }]"], {"conditions": [{"_id": "x", "type": "GROUP", "children": []}]}, {}),
        (["conditions = [{ type = 'OTHER' }]"], {"conditions": [{"type": "GROUP"}]}, {"conditions": ...}),
        (["rules = { a = 1 }"], {"rules": {"a": 1.0}}, {}),
        (["rules = { a = 1 }"], {"rules": {"a": True}}, {"rules": ({"a": True}, {"a": 1}, "")}),
        (["rules = { a = 1 }"], {"rules": {"a": 1, "b": 2}}, {"rules": ({"a": 1, "b": 2}, {"a": 1}, "")}),
        (["rules = { a = [{ b = 1 }] }"], {"rules": {"a": [{"b": 1}]}}, {}),
        (["rules = { a = [{ b = 1 }] }"], {"rules": {"a": [{"b": 1, "c": 2}]}}, {"rules": ...}),
        (["rules = { json = '{\"a\": null}' }"], {"rules": {"a": None}}, {}),
        (['kind = "agent"'], {"kind": "delivery"}, {}),
    ],
)
def test_only_given_fields_that_differ_are_changed(
    lines: list[str], now: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = planned(entry("a", *lines), [existing("a", **now)])
    if not expected:
        assert found.actions == ()
        assert found.unchanged == ("a",)
        return
    (action,) = found.actions
    assert set(changes(action)) == set(expected)
    assert all(changes(action)[name] == value for name, value in expected.items() if value is not ...)


CREDENTIALS = 'credentials = { apiKey = "k", domain = "d" }'


@pytest.mark.parametrize(
    ("shown", "known", "expected"),
    [
        ({"apiKey": "k", "domain": "d"}, None, {}),
        ({"apiKey": "k", "domain": "d", "user": ""}, None, {}),
        ({"apiKey": "other", "domain": "d"}, None, {"apiKey": "changed"}),
        ({"apiKey": "k", "domain": "d", "user": "u"}, None, {"user": "removed"}),
        ({"apiKey": "nvsk.1:2", "domain": "d"}, None, {"apiKey": "unknown"}),
        ({"apiKey": "nvsk.1:2", "domain": "d"}, {"apiKey": "k"}, {}),
        ({"apiKey": "nvsk.1:2", "domain": "d"}, {"apiKey": "old"}, {"apiKey": "changed"}),
        ({"apiKey": "nvsk.1:2"}, {"apiKey": "k", "domain": "d"}, {"domain": "added"}),
        ({"apiKey": "nvsk.1:2", "domain": "x"}, {"apiKey": "k", "domain": "d"}, {"domain": "changed"}),
        (None, None, {"apiKey": "unknown", "domain": "unknown"}),
        (None, {"apiKey": "k", "domain": "d"}, {}),
        (None, {"apiKey": "k", "domain": "x"}, {"domain": "changed"}),
        (None, {"apiKey": "k", "domain": "d", "user": "u"}, {"user": "removed"}),
        ({"apiKey": "nvsk.1:2", "domain": "d"}, {"apiKey": "k", "domain": "d", "user": "u"}, {}),
        ({}, None, {"apiKey": "unknown", "domain": "unknown"}),
    ],
)
def test_credentials_are_compared_with_shown_or_applied_values(
    shown: Any, known: dict[str, str] | None, expected: dict[str, str]
) -> None:
    fields = {} if shown is None else {"credentials": shown}
    remembered = None if known is None else {"id-a": {f"credentials.{key}": value for key, value in known.items()}}
    found = planned(entry("a", CREDENTIALS), [existing("a", **fields)], remembered)
    told = {name: note for action in found.actions for name, (_, _, note) in changes(action).items()}
    assert told == {f"credentials.{key}": note for key, note in expected.items()}
    for action in found.actions:
        assert action.patch is not None
        assert set(action.patch.credentials or {}) == {"apiKey", "domain"}  # all of them: servers replace


def test_boolean_shown_as_text_is_unchanged() -> None:
    text = entry("a", "credentials = { secure = true, ignoreTls = false }", provider="nodemailer")
    now = existing("a", "nodemailer", credentials={"secure": "true", "ignoreTls": False})
    assert planned(text, [now]).actions == ()


def test_field_that_server_hides_is_sent_once() -> None:
    text = entry("a", "rules = { a = 1 }")
    (action,) = planned(text, [existing("a")]).actions
    assert action.patch is not None
    assert dict(action.patch.values) == {"name": "N", "rules": {"a": 1}}
    assert planned(text, [existing("a")], {"id-a": {"rules": {"a": 1}}}).actions == ()


# -- creating and deleting --------------------------------------------------------------------------------------------


def test_missing_is_created_and_undescribed_is_kept() -> None:
    found = planned(entry("a"), [existing("b")])
    assert done(found) == [("create", "a")]
    draft = found.actions[0].draft
    assert draft is not None
    assert (draft.provider, draft.channel, draft.identifier, draft.active, draft.check) == (
        "mailgun",
        "email",
        "a",
        False,
        False,
    )


def test_prune_deletes_last_and_keeps_built_in_integrations() -> None:
    current = [existing("b"), existing("novu-in-app-1", "novu", "in_app"), existing("slack", "novu-slack", "chat")]
    found = planned(entry("a"), current, prune=True)
    assert done(found) == [("create", "a"), ("delete", "b")]


def test_built_in_integration_is_matched_by_provider() -> None:
    current = [existing("novu-in-app-8", "novu", "in_app", active=True)]
    found = planned(entry("novu", "active = false", provider="novu"), current, prune=True)
    (action,) = found.actions
    assert (action.kind, action.id, action.identifier) == ("update", "id-novu-in-app-8", "novu")
    other = planned(entry("novu", provider="novu"))
    assert other.actions[0].draft is not None
    assert other.actions[0].draft.identifier is None  # the name is the service's to choose


def test_targets_limit_what_is_changed() -> None:
    text = entry("a") + entry("b") + entry("c", 'name = "M"')
    current = [existing("c"), existing("d"), existing("e")]
    assert done(planned(text, current, prune=True, targets={"b", "e"})) == [("create", "b"), ("delete", "e")]
    with pytest.raises(
        InputError, match=r"--target bb: not in the manifest, nor in the environment \(did you mean b\?\)"
    ):
        planned(text, current, targets={"bb"})


# -- primary ----------------------------------------------------------------------------------------------------------

PRIMARY, NOT_PRIMARY, ACTIVE = "primary = true", "primary = false", "active = true"
IS_PRIMARY: dict[str, Any] = {"active": True, "primary": True, "priority": 9}


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        (entry("a", PRIMARY), [], [("create", "a"), ("set-primary", "a")]),
        (entry("a", PRIMARY), [existing("a", **IS_PRIMARY)], []),
        (entry("a", PRIMARY), [existing("a", active=True)], [("set-primary", "a")]),
        (entry("a", PRIMARY), [existing("a", active=True), existing("b", **IS_PRIMARY)], [("set-primary", "a")]),
        (entry("a", PRIMARY), [existing("a")], [("update", "a"), ("set-primary", "a")]),
        (entry("a", PRIMARY), [existing("a", primary=True)], [("update", "a"), ("set-primary", "a")]),
        (entry("b", ACTIVE) + entry("a", PRIMARY), [], [("create", "a"), ("create", "b"), ("set-primary", "a")]),
        (entry("a", NOT_PRIMARY), [existing("a", **IS_PRIMARY)], [("update", "a")]),
        (entry("a", NOT_PRIMARY, "active = false"), [existing("a", **IS_PRIMARY)], [("update", "a")]),
        (
            entry("a", NOT_PRIMARY) + entry("b", PRIMARY),
            [existing("a", **IS_PRIMARY), existing("b", active=True)],
            [("set-primary", "b")],
        ),
        (
            entry("a", NOT_PRIMARY) + entry("b", PRIMARY),
            [existing("a", **IS_PRIMARY), existing("b", **IS_PRIMARY)],
            [("update", "a")],
        ),
        (entry("a", NOT_PRIMARY), [existing("a", active=True)], []),
        (entry("a"), [existing("a", **IS_PRIMARY)], []),
        (entry("p", NOT_PRIMARY, ACTIVE, provider="expo"), [existing("p", "expo", "push", active=True)], []),
    ],
)
def test_primary_is_set_last_and_only_if_needed(
    text: str, current: list[Integration], expected: list[tuple[str, str]]
) -> None:
    assert done(planned(text, current)) == expected


def test_non_primary_is_activated_separately_and_last() -> None:
    found = planned(entry("a", NOT_PRIMARY, ACTIVE) + entry("b", ACTIVE))
    assert [(action.identifier, action.activate_separately) for action in found.actions] == [("b", False), ("a", True)]
    (action,) = planned(entry("a", NOT_PRIMARY), [existing("a", **IS_PRIMARY)]).actions
    assert action.activate_separately
    assert changes(action) == {"primary": (True, False, "it is deactivated for a moment")}


def test_conditions_removed_by_set_primary_are_shown() -> None:
    (action,) = planned(entry("a", PRIMARY), [existing("a", active=True, conditions=CONDITIONS)]).actions
    assert changes(action)["conditions"] == (CONDITIONS, [], "a primary integration has none")


def test_actions_that_affect_primary_lock_their_channel() -> None:
    text = entry("a", ACTIVE) + entry("b") + entry("c", ACTIVE, provider="expo") + entry("d", ACTIVE) + entry("e")
    text += entry("f", 'name = "M"') + entry("g", "conditions = [{ type = 'GROUP' }]")
    text += entry("h", "conditions = [{ type = 'GROUP' }]", provider="expo")
    found = planned(
        text, [existing("d"), existing("e"), existing("f", active=True), existing("g"), existing("h", "expo", "push")]
    )
    lanes = {action.identifier: action.channel_lock for action in found.actions}
    assert lanes == {"a": "email", "b": None, "c": None, "d": "email", "f": None, "g": "email", "h": None}


# -- what cannot be done ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "current", "message"),
    [
        (
            entry("a"),
            [existing("a", "sendgrid")],
            (
                "env.toml:3: integrations.a.provider: is sendgrid on the server, and the API cannot change it; "
                "use another identifier, or delete a first"
            ),
        ),
        (
            entry("a", 'channel = "email"', provider="twilio"),
            [existing("a", "twilio", "sms")],
            (
                "env.toml:4: integrations.a.channel: is sms on the server, and the API cannot change it; "
                "use another identifier, or delete a first"
            ),
        ),
        (
            entry("a"),
            [existing("a"), existing("a", _id="other")],
            (
                "env.toml:2: integrations.a: 2 integrations have this identifier (id-a, other); "
                "delete all but one of them by _id"
            ),
        ),
        (
            entry("a", PRIMARY, 'channel = "voice"', provider="new"),
            [],
            "env.toml:4: integrations.a.primary: the channel voice has no primary integration; email and sms have one",
        ),
    ],
)
def test_impossible_changes_are_refused_with_their_line(text: str, current: list[Integration], message: str) -> None:
    with pytest.raises(InputError) as caught:
        planned(text, current)
    assert list(caught.value.details) == [message]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["active = true", 'credentials = { apiKey = "k" }'],
            "env.toml:5: integrations.a.credentials: mailgun needs more",
        ),
        (['credentials = { apikey = "k" }'], "env.toml:4: integrations.a.credentials.apikey: mailgun has no such"),
        (['channel = "sms"'], "env.toml:4: integrations.a.channel: mailgun is a provider for email"),
    ],
)
def test_sent_values_are_checked_against_the_catalogue(lines: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        planned(entry("a", *lines), skip=False)
    (finding,) = caught.value.details
    assert finding.startswith(message)
    assert done(planned(entry("a", *lines))) == [("create", "a")]


def test_unchanged_integrations_are_not_checked() -> None:
    current = [existing("a", "unheard-of", active=True, credentials={"x": "y"})]
    text = entry("a", "active = true", 'name = "N"', 'credentials = { x = "y" }', provider="unheard-of")
    assert planned(text, current, skip=False).actions == ()


def test_all_findings_are_reported_at_once() -> None:
    text = entry("a") + entry("b", 'credentials = { nope = "x" }') + entry("c", provider="mailgnu")
    with pytest.raises(InputError) as caught:
        planned(text, [existing("a", "sendgrid")], skip=False)
    assert [finding.split(":")[1] for finding in caught.value.details] == ["3", "6", "8"]


def test_unresolved_reference_is_reported_where_it_is_sent() -> None:
    text = entry("a", 'credentials = { apiKey = { env = "KEY" } }')
    messages = ("env.toml:4: integrations.a.credentials.apiKey: the environment variable KEY is not set",)
    assert planned(text).unresolved == messages
    assert planned(text, [existing("a")]).unresolved == messages
    assert planned(text, [existing("a")], {"id-a": {"credentials.apiKey": None}}) == Plan(unchanged=("a",))
    choice = entry("a", 'credentials = { apiKey = "k", region = { env = "R" } }', provider="sparkpost")
    assert done(planned(choice, skip=False)) == [("create", "a")]


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_plan_shows_no_secret_in_any_form() -> None:
    text = entry("a", f'credentials = {{ apiKey = {{ env = "KEY" }}, domain = "{SECRET}", unknown = "{SECRET}" }}')
    text += entry("b", f'credentials = {{ apiKey = "{SECRET}" }}')
    current = [existing("b", credentials={"apiKey": "plain-" + SECRET, "token": SECRET})]
    found = planned(text, current, environ={"KEY": SECRET})
    assert done(found) == [("create", "a"), ("update", "b")]
    shown = f"{found!r} {plan_json(found, None)} {plan_table(found)!r}"
    assert SECRET not in shown
    assert "credentials.token" in shown


def test_plan_json_has_the_documented_keys() -> None:
    text = entry("a", 'name = "A"') + entry("b", 'name = "M"', CREDENTIALS) + entry("c")
    current = [existing("b", credentials={"apiKey": "k", "domain": "x"}), existing("c"), existing("d")]
    assert plan_json(planned(text, current, prune=True), None) == {
        "environment": None,
        "actions": [
            {
                "action": "create",
                "identifier": "a",
                "provider": "mailgun",
                "channel": "email",
                "_id": None,
                "changes": [{"field": "name", "after": "A"}, {"field": "active", "after": False}],
            },
            {
                "action": "update",
                "identifier": "b",
                "provider": "mailgun",
                "channel": "email",
                "_id": "id-b",
                "changes": [
                    {"field": "name", "before": "N", "after": "M"},
                    {"field": "credentials.domain", "note": "changed"},
                ],
            },
            {
                "action": "delete",
                "identifier": "d",
                "provider": "mailgun",
                "channel": "email",
                "_id": "id-d",
                "changes": [{"field": "name", "before": "N", "after": None}],
            },
        ],
        "unchanged": ["c"],
        "unresolved": [],
        "summary": {"create": 1, "update": 1, "set-primary": 0, "delete": 1, "unchanged": 1},
    }
