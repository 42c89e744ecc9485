"""Computes what has to be done so that an environment is what a manifest describes; `plan` shows it, `apply` runs it.

One run is enough, since the order of the actions follows from how servers keep the primary integration of a channel:

    The first active integration that is created in a channel becomes primary; activating one later never does that.
    Conditions, or being deactivated, end being primary, and no other integration takes over.
    set-primary activates the integration, removes its conditions, and ends the others being primary; it does nothing
    if the integration is primary already.

So integrations are created and updated first, then the primary ones are set, then, with `prune`, the rest is deleted: a
replacement exists before the old one is deleted. Servers end up with several primaries if creating, activating and
setting primary happen in one channel at the same time: such actions share a `channel_lock`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.errors import InputError
from integrations_cli.manifests.actions import Action, Change, Plan
from integrations_cli.manifests.compare import (
    SHOWN_FIELDS,
    AppliedFields,
    credential_changes,
    field_differs,
    fields_to_remember,
    hidden_fields,
    shown_value,
)
from integrations_cli.manifests.entries import Entry
from integrations_cli.manifests.load import ResolvedEntry
from integrations_cli.models import EXTRA_FIELDS, FIELDS, Credential, Draft, Integration, Json, Patch


@dataclass(slots=True)
class _PlannedEntry:
    """An entry, the integration that it describes, and what is to be done to it."""

    resolved: ResolvedEntry
    current: Integration | None
    action: Action | None = None

    @property
    def entry(self) -> Entry:
        return self.resolved.entry

    @property
    def channel(self) -> str:
        return self.current.channel if self.current is not None else self.entry.channel or ""

    @property
    def active(self) -> bool:
        """Return whether the integration is active after the plan."""
        if self.entry.primary or self.entry.active is not None:
            return bool(self.entry.primary or self.entry.active)
        return self.current is not None and self.current.active

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Return the identifier, the provider, the channel and the `_id`, as actions have them."""
        if self.current is None:
            return self.entry.identifier, self.entry.provider, self.channel, ""
        return self.entry.identifier, self.current.provider, self.channel, self.current.id

    @property
    def sends_credentials(self) -> bool:
        return self.action is not None and self.action.sends_credentials

    @property
    def values(self) -> dict[str, Json]:
        """Return the values of the integration after the plan, by their names in manifests."""
        return {**self.entry.values, "active": self.active}

    def draft(self, credentials: Mapping[str, Credential]) -> Draft:
        """Return the whole integration after the plan."""
        values = self.values
        sent = {field.wire: values[field.name] for field in FIELDS if field.create and field.name in values}
        return Draft.from_values(sent, credentials)


def make_plan(
    entries: Sequence[ResolvedEntry],
    integrations: Sequence[Integration],
    applied: AppliedFields,
    *,
    prune: bool = False,
    targets: Collection[str] = (),
    skip_validation: bool = False,
) -> Plan:
    """Return what has to be done so that an environment with these integrations becomes what the entries describe.

    `applied` knows the hidden fields that were applied before. With `prune`, integrations without an entry are
    deleted, except those that the service itself creates. With `targets` only these identifiers are changed.

    Raises:
        InputError: Everything that cannot be done: a provider or channel that would have to change, several
            integrations with one identifier, what the catalogue finds in what is to be sent (unless
            `skip_validation`), unknown targets.
    """
    findings: list[str] = []
    integrations = [integration for integration in integrations if integration.raw.get("deleted") is not True]
    planned, others = _match(entries, integrations, findings)
    findings += _unknown_targets(targets, planned, others)
    planned = [each for each in planned if not targets or each.entry.identifier in targets]
    server_shows_credentials = any(integration.credentials for integration in integrations)
    for each in planned:
        current = each.current
        each.action = _create(each) if current is None else _update(each, current, applied, server_shows_credentials)
    set_primary = list(_settle_primaries(planned, findings))
    findings += [problem for each in planned for problem in _problems(each, skip_validation=skip_validation)]
    if findings:
        hint = "nothing was sent; --skip-validation turns off the checks against the catalogue, and only these"
        raise InputError.of(findings, hint=hint)
    deletions = [_delete(integration) for integration in others if prune and _is_prunable(integration, targets)]
    return _ordered_plan(planned, set_primary, deletions)


def _ordered_plan(planned: Sequence[_PlannedEntry], set_primary: Sequence[Action], deletions: Sequence[Action]) -> Plan:
    """Return the plan with its actions in an order in which servers can carry them out."""
    changes = [each.action for each in planned if each.action is not None]
    future_primaries = {action.identifier for action in set_primary}
    # Created first, a future primary becomes primary at once. One that must not become primary is created last.
    changes.sort(key=lambda action: (action.identifier not in future_primaries, action.activate_separately))
    changed = {action.identifier for action in (*changes, *set_primary)}
    return Plan(
        (*changes, *set_primary, *deletions),
        unchanged=tuple(each.entry.identifier for each in planned if each.entry.identifier not in changed),
        unresolved=tuple(
            message for each in planned if each.sends_credentials for message in each.resolved.unresolved_findings()
        ),
    )


def _match(
    entries: Sequence[ResolvedEntry], integrations: Sequence[Integration], findings: list[str]
) -> tuple[list[_PlannedEntry], list[Integration]]:
    """Return the entries with the integrations that they describe, and the integrations without an entry.

    The service creates at most one integration of each built-in provider, under an identifier that it makes up: an
    entry with such a provider describes this integration, whatever its identifier is.
    """
    by_identifier: dict[str, list[Integration]] = {}
    for integration in integrations:
        by_identifier.setdefault(integration.identifier, []).append(integration)
    planned: list[_PlannedEntry] = []
    for resolved in entries:
        entry = resolved.entry
        found = by_identifier.pop(entry.identifier, [])
        if len(found) > 1:
            ids = ", ".join(integration.id for integration in found)
            message = f"{len(found)} integrations have this identifier ({ids}); delete all but one of them by _id"
            findings.append(f"{entry.at()}: {message}")
        planned.append(_PlannedEntry(resolved, found[0] if found else None))
    for each in planned:
        if each.current is None and each.entry.provider in catalogue.BUILT_IN:
            same_provider = [
                integration
                for integrations in by_identifier.values()
                for integration in integrations
                if integration.provider == each.entry.provider and each.channel in {"", integration.channel}
            ]
            if len(same_provider) == 1:
                each.current = by_identifier.pop(same_provider[0].identifier)[0]
    return planned, [integration for found in by_identifier.values() for integration in found]


def _unknown_targets(
    targets: Collection[str], planned: Sequence[_PlannedEntry], others: Sequence[Integration]
) -> Iterator[str]:
    from integrations_cli.catalogue.suggest import nearest

    known = [*(each.entry.identifier for each in planned), *(integration.identifier for integration in others)]
    for target in targets:
        if target not in known:
            near = nearest(target, known, limit=1)
            suggestion = f" (did you mean {near[0]}?)" if near else ""
            yield f"--target {target}: not in the manifest, nor in the environment{suggestion}"


def _is_prunable(integration: Integration, targets: Collection[str]) -> bool:
    return integration.provider not in catalogue.BUILT_IN and (not targets or integration.identifier in targets)


def _delete(integration: Integration) -> Action:
    identity = (integration.identifier, integration.provider, integration.channel, integration.id)
    changes = (Change("name", integration.name),)
    return Action("delete", *identity, changes=changes, channel_lock=_channel_lock(integration.channel))


def _create(planned: _PlannedEntry) -> Action:
    entry = planned.entry
    # The service chooses the identifier of a built-in integration; in manifests the provider stands for it.
    named_by_service = entry.provider in catalogue.BUILT_IN and entry.identifier == entry.provider
    draft = planned.draft(planned.resolved.credentials or {})
    values = planned.values
    changes = [
        Change(field.name, after=values[field.name])
        for field in SHOWN_FIELDS
        if field.create and field.name not in ("provider", "channel") and values.get(field.name) not in (None, [])
    ]
    changes += [Change(f"credentials.{key}", note="added") for key in entry.credentials or ()]
    return Action(
        "create",
        *planned.identity,
        changes=tuple(changes),
        draft=draft._replace(identifier=None if named_by_service else entry.identifier),
        channel_lock=_channel_lock(planned.channel) if planned.active else None,
        remembered_fields=fields_to_remember(planned.resolved),
    )


def _update(
    planned: _PlannedEntry, current: Integration, applied: AppliedFields, server_shows_credentials: bool
) -> Action | None:
    """Return the update of an integration; None if it is what the entry describes."""
    resolved = planned.resolved
    remembered = applied.compare(current.id, hidden_fields(resolved, current)) if current.id else {}
    wanted = planned.values
    changed = [
        field
        for field in SHOWN_FIELDS
        if field.update and field.name in wanted
        if field_differs(field, wanted[field.name], current, remembered.get(field.wire, "unknown"))
    ]
    values = {field.wire: wanted[field.name] for field in changed}
    changes = [Change(field.name, shown_value(current, field), wanted[field.name]) for field in changed]
    differing = credential_changes(resolved, current, remembered, server_shows_credentials=server_shows_credentials)
    changes += [Change(f"credentials.{key}", note=status) for key, status in differing.items()]
    credentials = resolved.credentials if differing else None
    if not changes:
        return None
    sends_hidden = credentials is not None or not values.keys().isdisjoint(EXTRA_FIELDS)
    if credentials is None and values.keys() <= set(EXTRA_FIELDS):
        # A server that does not know these fields refuses a request with nothing else in it.
        values["name"] = current.name or None
    return Action(
        "update",
        *planned.identity,
        changes=tuple(changes),
        patch=Patch(values, credentials, check=resolved.entry.check),
        channel_lock=_channel_lock(current.channel) if values.keys() & {"active", "conditions"} else None,
        remembered_fields=fields_to_remember(resolved) if sends_hidden else None,
    )


def _channel_lock(channel: str) -> str | None:
    return channel if channel in catalogue.channels_with_primary() else None


def _settle_primaries(planned: Sequence[_PlannedEntry], findings: list[str]) -> Iterator[Action]:
    """Yield the set-primary actions, and adapt the actions of entries that must not be primary."""
    for channel in catalogue.channels_with_primary():
        in_channel = [each for each in planned if each.channel == channel]
        wanted = [each for each in in_channel if each.entry.primary]
        findings += [
            f"{each.entry.at('primary')}: {wanted[0].entry.identifier} is already the primary one of {channel}"
            for each in wanted[1:]
        ]
        if wanted and not _is_primary(wanted[0].current):
            yield _set_primary(wanted[0])  # which also ends the others being primary
        else:
            for each in in_channel:
                if each.entry.primary is False and each.active:
                    each.action = _without_primary(each)
    findings += [
        f"{each.entry.at('primary')}: the channel {each.channel} has no primary integration"
        for each in planned
        if each.entry.primary and each.channel and each.channel not in catalogue.channels_with_primary()
    ]


def _is_primary(integration: Integration | None) -> bool:
    return integration is not None and integration.primary and integration.active


def _set_primary(planned: _PlannedEntry) -> Action:
    current = planned.current
    changes = [Change("primary", before=False, after=True)]
    if current is not None and current.conditions and "conditions" not in planned.entry.values:
        changes.append(Change("conditions", list(current.conditions), [], "a primary integration has none"))
    return Action("set-primary", *planned.identity, changes=tuple(changes), channel_lock=planned.channel)


def _without_primary(planned: _PlannedEntry) -> Action | None:
    """Return the action of an active entry that is not to be primary: its integration is inactive for a moment."""
    current, action = planned.current, planned.action
    if current is None:
        return replace(action, activate_separately=True) if action is not None else None
    loses_primary = action is not None and action.patch is not None and action.patch.values.get("conditions")
    if not _is_primary(current) or loses_primary:
        return action
    change = Change("primary", before=True, after=False, note="it is deactivated for a moment")
    action = action or Action("update", *planned.identity)
    changes = (*action.changes, change)
    return replace(action, changes=changes, activate_separately=True, channel_lock=planned.channel)


def _problems(planned: _PlannedEntry, *, skip_validation: bool) -> Iterator[str]:
    """Yield what keeps an entry from being applied, each finding with its place."""
    entry, current = planned.entry, planned.current
    if current is not None:
        for name, existing in (("provider", current.provider), ("channel", current.channel)):
            if entry.values.get(name, existing) != existing:
                yield (
                    f"{entry.at(name)}: is {existing} on the server, and the API cannot change it; "
                    f"use another identifier, or delete {current.identifier} first"
                )
                return
        if catalogue.find(current.provider) is None:
            return
    if planned.sends_credentials:
        yield from _catalogue_findings(planned, skip_validation=skip_validation)


def _catalogue_findings(planned: _PlannedEntry, *, skip_validation: bool) -> Iterator[str]:
    entry, current, resolved = planned.entry, planned.current, planned.resolved
    draft = planned.draft({**(resolved.credentials or {}), **_placeholders(resolved)})
    if current is not None:
        draft = draft._replace(channel=current.channel)
    try:
        check_draft(draft, skip=skip_validation)
    except InputError as error:
        for finding in error.details:
            path, _, message = finding.partition(": ")
            yield f"{entry.at(*filter(None, path.split('.', 1)))}: {message}"


def _placeholders(resolved: ResolvedEntry) -> dict[str, Credential]:
    """Return a value that passes every check for each reference without a value."""
    provider = catalogue.find(resolved.entry.provider)
    fields = {key: provider.field(key) if provider is not None else None for key in resolved.unresolved}
    return {
        key: Credential("text" if field is None else field.placeholder, masked=True) for key, field in fields.items()
    }
