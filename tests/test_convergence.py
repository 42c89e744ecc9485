"""Manifests and environments, generated: one apply is enough, a second does nothing, an export is the same."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from environments import Environment, environment
from integrations_cli import catalogue
from integrations_cli.models import Integration

SETTINGS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # what holds today holds tomorrow: a run that fails does so every time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

PROVIDERS = {
    "mail-a": "mailgun",
    "mail-b": "sendgrid",
    "mail_C": "nodemailer",
    "mail-d": "mailgun",
    "text-a": "twilio",
    "text-b": "nexmo",
    "push-a": "expo",
    "chat-a": "discord",
}
"""The identifiers of the generated world; the provider of each never changes, since the API cannot change it."""

CONDITION = {
    "isNegated": False,
    "type": "GROUP",
    "value": "AND",
    "children": [{"field": "identifier", "value": "acme", "operator": "EQUAL", "on": "tenant"}],
}
SECRET = "planted-secret-value"


def channel_of(identifier: str) -> str:
    provider = catalogue.find(PROVIDERS[identifier])
    assert provider is not None
    return provider.channel


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, str, Any]]:
    """What somebody did to an environment: creations, updates, set-primaries, deletions."""
    one = st.tuples(
        st.sampled_from(["create", "create", "update", "set-primary", "delete"]),
        st.sampled_from(sorted(PROVIDERS)),
        st.fixed_dictionaries(
            {"active": st.booleans()},
            optional={
                "name": st.sampled_from(["One", "Zwei ☃", "[red]", "a\u202eb"]),
                "conditions": st.sampled_from([[], [CONDITION]]),
                "credentials": st.sampled_from(
                    [{}, {"apiKey": SECRET}, {"apiKey": SECRET, "from": "x", "domain": "d"}]
                ),
                "configurations": st.sampled_from([{}, {"a": 1, "b": [None, 2.5], "token": SECRET}]),
            },
        ),
    )
    return draw(st.lists(one, max_size=14))


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """A manifest of some of the identifiers, each saying something."""
    tables: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for identifier in draw(st.lists(st.sampled_from(sorted(PROVIDERS)), unique=True)):
        table: dict[str, Any] = {"provider": PROVIDERS[identifier]}
        channel = channel_of(identifier)
        for key, values in (
            ("name", ["One", "Two", "Drei ☃"]),
            ("active", [True, False]),
            ("conditions", [[], [CONDITION]]),
            ("credentials", [{}, {"apiKey": SECRET}, {"apiKey": {"env": "KEY"}, "from": "x"}]),
            ("configurations", [{"a": 1}, {"b": [None], "apiKey": SECRET}]),
        ):
            if draw(st.booleans()):
                table[key] = draw(st.sampled_from(values))
        if channel in catalogue.channels_with_primary():
            primary = draw(st.sampled_from([None, None, False, True]))
            if primary and (table.get("active") is False or table.get("conditions") or channel in taken):
                primary = False
            if primary is not None:
                table["primary"] = primary
            if primary:
                taken.add(channel)
        tables[identifier] = table
    return json.dumps({"version": 1, "integrations": tables})


NOT_PRIMARY = {"provider": "mailgun", "active": True, "primary": False}
ACTIVE_MAIL = [("create", "mail-a", {"active": True})]
"""It is created first, so it is primary."""


def manifest_of(**fields: Any) -> str:
    """A manifest of one integration that is active and not primary."""
    return json.dumps({"version": 1, "integrations": {"mail-a": {**NOT_PRIMARY, **fields}}})


@contextmanager
def fresh(**options: Any) -> Iterator[Environment]:
    with tempfile.TemporaryDirectory() as folder, environment(Path(folder), **options) as env:
        env.environ["KEY"] = SECRET
        yield env


def make(env: Environment, history: list[tuple[str, str, Any]]) -> None:
    for verb, identifier, fields in history:
        known = {integration.identifier: integration for integration in env.integrations()}
        if verb == "create" and identifier not in known:
            env.create(
                providerId=PROVIDERS[identifier], channel=channel_of(identifier), identifier=identifier, **fields
            )
        elif identifier not in known:
            continue
        elif verb == "update":
            env.send("PUT", f"/v1/integrations/{known[identifier].id}", {"check": False, **fields})
        elif verb == "delete":
            env.send("DELETE", f"/v1/integrations/{known[identifier].id}")
        elif verb == "set-primary" and channel_of(identifier) in catalogue.channels_with_primary():
            env.send("POST", f"/v1/integrations/{known[identifier].id}/set-primary")


def state(integrations: Any) -> dict[str, Any]:
    return {
        integration.identifier: {key: value for key, value in integration.raw.items() if key != "updatedAt"}
        for integration in integrations
    }


def differences(tables: Mapping[str, Mapping[str, Any]], env: Mapping[str, Integration]) -> list[str]:
    """What of a manifest is not so in an environment, worked out without the program."""
    wrong = []
    for identifier, table in tables.items():
        now = env.get(identifier)
        if now is None:
            wrong.append(f"{identifier} is not there")
            continue
        active = True if table.get("primary") else table.get("active", now.active)
        wrong += [f"{identifier}.name"] * ("name" in table and now.name != table["name"])
        wrong += [f"{identifier}.active"] * (now.active is not active)
        wrong += [f"{identifier}.primary"] * ("primary" in table and now.primary is not table["primary"])
        wrong += [f"{identifier}.conditions"] * (
            "conditions" in table and len(now.conditions) != len(table["conditions"])
        )
        wrong += [f"{identifier}.credentials"] * (
            "credentials" in table and set(now.credentials) != set(table["credentials"])
        )
    return wrong


@pytest.mark.parametrize("observed", [False, True])
@SETTINGS
@given(history=steps(), manifest=manifests(), prune=st.booleans(), concurrency=st.sampled_from([1, 4]))
@example(history=ACTIVE_MAIL, manifest=manifest_of(), prune=False, concurrency=1).via("is deactivated for a moment")
@example(history=ACTIVE_MAIL, manifest=manifest_of(name="Two"), prune=False, concurrency=1).via("and is updated")
@example(history=[], manifest=manifest_of(), prune=False, concurrency=1).via("is created inactive, then activated")
def test_second_apply_does_nothing(
    observed: bool, history: list[tuple[str, str, Any]], manifest: str, prune: bool, concurrency: int
) -> None:
    with fresh(observed=observed) as env:
        make(env, history)
        options = {"prune": prune, "skip_validation": True}
        outcomes = env.apply(manifest, concurrency=concurrency, **options)
        assert [outcome for outcome in outcomes if outcome.status != "done"] == []
        after = {integration.identifier: integration for integration in env.integrations()}
        tables = json.loads(manifest)["integrations"]
        assert differences(tables, after) == []
        if prune:
            assert {name for name, now in after.items() if now.provider not in catalogue.BUILT_IN} == set(tables)
        again = env.plan(manifest, **options)
        assert again.actions == ()
        assert env.apply(manifest, **options) == []
        assert state(env.integrations()) == state(after.values())


@pytest.mark.parametrize("observed", [False, True])
@SETTINGS
@given(history=steps())
def test_export_round_trips_through_another_environment(observed: bool, history: list[tuple[str, str, Any]]) -> None:
    with fresh(observed=observed) as here, fresh(observed=observed) as env:
        make(here, history)
        exported = here.export()
        assert SECRET not in exported.text
        assert here.plan(exported.text, prune=True).actions == ()
        env.set_placeholders(exported)
        outcomes = env.apply(exported.text, skip_validation=True)
        assert [outcome for outcome in outcomes if outcome.status != "done"] == []
        assert env.export().text == exported.text
        assert env.plan(exported.text, prune=True, skip_validation=True).actions == ()
