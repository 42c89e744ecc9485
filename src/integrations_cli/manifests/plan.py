"""What has to be done so that an environment is what a manifest says: one computation, for showing and for doing.

The order of the actions is the order in which they can be done so that one run is enough, given how servers keep the
primary integration of a channel:

    the first active integration of a channel that is created becomes primary; one that is activated never does;
    conditions, or being deactivated, take primary away, and nobody inherits it;
    set-primary activates, removes conditions, and takes primary from all others, but only if it is not primary itself.

So first everything is created and updated, then the primary ones are set, then, with `prune`, the rest is deleted: what
replaces something is there before that goes away. Creating, activating and setting primary in one channel at the same
time confuses servers (several primaries); such actions carry their channel as `lane`, and run one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.errors import InputError
from integrations_cli.manifests.actions import Action, Change, Plan
from integrations_cli.manifests.compare import (
    Memory,
    contains,
    credential_changes,
    extra_changes,
    hidden_fields,
    remembered_fields,
)
from integrations_cli.manifests.entries import Entry
from integrations_cli.manifests.load import ResolvedEntry
from integrations_cli.models import Credential, Draft, Integration, Json, Patch


@dataclass(slots=True)
class _Match:
    """An entry and what is there of it."""

    want: ResolvedEntry
    now: Integration | None
    channel: str
    action: Action | None = None

    @property
    def entry(self) -> Entry:
        return self.want.entry

    @property
    def active(self) -> bool:
        """Whether it is active in the end."""
        if self.entry.primary:
            return True
        if self.entry.active is None:
            return self.now is not None and self.now.active
        return self.entry.active


def make_plan(
    desired: Sequence[ResolvedEntry],
    current: Sequence[Integration],
    known: Memory,
    *,
    prune: bool = False,
    targets: Collection[str] = (),
    skip_validation: bool = False,
) -> Plan:
    """What has to be done so that `current` (one environment) becomes what is `desired`.

    `known` is what is remembered of credentials. With `prune`, what no entry describes is deleted, but for the
    integrations that the service itself brings along. With `targets` only these identifiers are touched.

    Raises:
        InputError: Everything that cannot be done: a provider or channel that would have to change, an identifier that
            is there twice, what the catalogue finds in what is to be sent (unless `skip_validation`), unknown targets.
    """
    findings: list[str] = []
    current = [integration for integration in current if integration.raw.get("deleted") is not True]
    matches, rest = _matched(desired, current, findings)
    findings += _unknown_targets(targets, matches, rest)
    chosen = [match for match in matches if not targets or match.entry.identifier in targets]
    shows = any(integration.credentials for integration in current)
    for match in chosen:
        match.action = _create(match) if match.now is None else _update(match, match.now, known, shows=shows)
    primaries = list(_settle_primaries(chosen, findings))
    unresolved: list[str] = []
    for match in chosen:
        fixed = list(_fixed(match))
        findings += fixed
        if match.action is not None and not fixed:
            findings += _mistakes(match, match.action, skip=skip_validation)
            unresolved += _unresolved(match, match.action)
    if findings:
        raise InputError.of(
            findings,
            hint="nothing was sent; --skip-validation leaves out the checks against the catalogue, and only them",
        )
    deletes = [_delete(integration) for integration in rest if prune and _may_go(integration, targets)]
    wanted = {action.identifier for action in primaries}
    first = [match.action for match in chosen if match.action is not None]
    # The primary one becomes it at once where it is the first; one that is not to be primary comes after the others.
    first.sort(key=lambda action: (action.identifier not in wanted, action.toggle))
    touched = {action.identifier for action in (*first, *primaries)}
    unchanged = tuple(match.entry.identifier for match in chosen if match.entry.identifier not in touched)
    return Plan((*first, *primaries, *deletes), unchanged, tuple(unresolved))


# -- what is there ----------------------------------------------------------------------------------------------------


def _matched(
    desired: Sequence[ResolvedEntry], current: Sequence[Integration], findings: list[str]
) -> tuple[list[_Match], list[Integration]]:
    """The entries with what is there of them, and what no entry describes.

    A service has at most one integration of each provider that it brings along, under an identifier that it made up:
    such an entry means that one, whatever the two are called.
    """
    by_identifier: dict[str, list[Integration]] = {}
    for integration in current:
        by_identifier.setdefault(integration.identifier, []).append(integration)
    matches: list[_Match] = []
    for want in desired:
        entry = want.entry
        found = by_identifier.pop(entry.identifier, [])
        if len(found) > 1:
            ids = ", ".join(integration.id for integration in found)
            findings.append(f"{entry.at()}: is there {len(found)} times ({ids}); delete all but one of them by _id")
        now = found[0] if found else None
        matches.append(_Match(want, now, now.channel if now is not None else entry.channel or ""))
    for match in matches:
        if match.now is None and match.entry.provider in catalogue.BUILT_IN:
            alike = [
                integration
                for integrations in by_identifier.values()
                for integration in integrations
                if integration.provider == match.entry.provider and match.channel in {"", integration.channel}
            ]
            if len(alike) == 1:
                match.now = by_identifier.pop(alike[0].identifier)[0]
                match.channel = match.now.channel
    return matches, [integration for integrations in by_identifier.values() for integration in integrations]


def _unknown_targets(targets: Collection[str], matches: Sequence[_Match], rest: Sequence[Integration]) -> Iterator[str]:
    from integrations_cli.catalogue.suggest import nearest

    known = [*(match.entry.identifier for match in matches), *(integration.identifier for integration in rest)]
    for target in targets:
        if target not in known:
            near = nearest(target, known, limit=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            yield f"--target {target}: neither the manifest nor the environment has it{meant}"


def _may_go(integration: Integration, targets: Collection[str]) -> bool:
    return integration.provider not in catalogue.BUILT_IN and (not targets or integration.identifier in targets)


def _delete(integration: Integration) -> Action:
    lane = integration.channel if integration.channel in catalogue.channels_with_primary() else None
    change = Change("name", integration.name)
    return Action(
        "delete",
        integration.identifier,
        integration.provider,
        integration.channel,
        integration.id,
        changes=(change,),
        lane=lane,
    )


# -- one entry --------------------------------------------------------------------------------------------------------


def _create(match: _Match) -> Action:
    entry = match.entry
    # The service names what it brings along itself; the name of the provider stands for it in manifests.
    identifier = (
        None if entry.provider in catalogue.BUILT_IN and entry.identifier == entry.provider else entry.identifier
    )
    draft = Draft(
        provider=entry.provider,
        channel=entry.channel,
        name=entry.name,
        identifier=identifier,
        credentials=match.want.credentials or {},
        active=match.active,
        check=entry.check,
        conditions=entry.conditions,
        extra=entry.extra,
    )
    changes = [Change(name, None, value) for name, value in _said(draft, entry) if value is not None]
    changes += [Change(f"credentials.{key}", note="added") for key in entry.credentials or ()]
    return Action(
        "create",
        entry.identifier,
        entry.provider,
        match.channel,
        changes=tuple(changes),
        draft=draft,
        lane=_lane(match.channel) if match.active else None,
        remembered=remembered_fields(match.want),
    )


def _said(draft: Draft, entry: Entry) -> Iterator[tuple[str, Json]]:
    yield "name", draft.name
    yield "active", draft.active
    yield "conditions", list(draft.conditions) if draft.conditions else None
    yield from entry.extra.items()


def _update(match: _Match, now: Integration, known: Memory, *, shows: bool) -> Action | None:
    """The update of an integration that is there, or None if it is what is wanted."""
    entry = match.entry
    changes: list[Change] = []
    said: dict[str, Json] = {}
    credentials: Mapping[str, Credential] | None = None
    if entry.name is not None and entry.name != now.name:
        changes.append(Change("name", now.name, entry.name))
        said["name"] = entry.name
    if match.active != now.active:
        changes.append(Change("active", now.active, match.active))
        said["active"] = match.active
    if entry.conditions is not None and not contains(list(entry.conditions), list(now.conditions)):
        changes.append(Change("conditions", list(now.conditions), list(entry.conditions)))
        said["conditions"] = entry.conditions
    verdicts = known.compare(now.id, hidden_fields(match.want, now)) if now.id else {}
    if match.want.credentials is not None:
        differing = [
            Change(f"credentials.{key}", note=why)
            for key, why in credential_changes(match.want, now, verdicts, shows=shows)
        ]
        changes += differing
        if differing:
            credentials = match.want.credentials
    extra = {key: entry.extra[key] for key in extra_changes(entry.extra, now, verdicts)} if entry.extra else {}
    if extra:
        changes += [Change(key, now.raw.get(key), value) for key, value in extra.items()]
        # A server that does not know these fields refuses a request in which there is nothing else.
        said = said or ({} if credentials else {"name": now.name or None})
    if not changes:
        return None
    return Action(
        "update",
        entry.identifier,
        now.provider,
        now.channel,
        now.id,
        changes=tuple(changes),
        patch=Patch({**said, **extra}, credentials, check=entry.check),
        lane=_lane(now.channel) if said.keys() & {"active", "conditions"} else None,
        remembered=remembered_fields(match.want) if extra or credentials is not None else None,
    )


def _lane(channel: str) -> str | None:
    return channel if channel in catalogue.channels_with_primary() else None


# -- who is primary ---------------------------------------------------------------------------------------------------


def _settle_primaries(matches: Sequence[_Match], findings: list[str]) -> Iterator[Action]:
    """The set-primary actions; entries that are not to be primary get what it takes for that."""
    for channel in catalogue.channels_with_primary():
        inside = [match for match in matches if match.channel == channel]
        wanted = [match for match in inside if match.entry.primary]
        findings += [f"{match.entry.at('primary')}: {wanted[0].entry.identifier} is to be it" for match in wanted[1:]]
        winner = wanted[0] if wanted else None
        takes_over = winner is not None and not (winner.now is not None and _is_primary(winner.now))
        for match in inside:
            if match.entry.primary is False and match.active and not takes_over:
                _keep_from_primary(match)
        if winner is not None and takes_over:
            yield _set_primary(winner)
    findings += [
        f"{match.entry.at('primary')}: the channel {match.channel} has no primary one"
        for match in matches
        if match.entry.primary and match.channel and match.channel not in catalogue.channels_with_primary()
    ]


def _is_primary(integration: Integration) -> bool:
    return integration.primary and integration.active


def _set_primary(match: _Match) -> Action:
    now = match.now
    changes = [Change("primary", False, True)]
    if now is not None and now.conditions and match.entry.conditions is None:
        changes.append(Change("conditions", list(now.conditions), [], "the primary one has none"))
    provider = now.provider if now is not None else match.entry.provider
    return Action(
        "set-primary",
        match.entry.identifier,
        provider,
        match.channel,
        now.id if now is not None else "",
        changes=tuple(changes),
        lane=match.channel,
    )


def _keep_from_primary(match: _Match) -> None:
    """Have an integration active without being primary, where nobody else takes that over."""
    now, action = match.now, match.action
    if now is None:
        if action is not None:
            match.action = replace(action, toggle=True)
    elif _is_primary(now) and not (action and action.patch and action.patch.values.get("conditions")):
        change = Change("primary", True, False, "it is deactivated for a moment")
        action = action or Action("update", match.entry.identifier, now.provider, now.channel, now.id)
        match.action = replace(action, changes=(*action.changes, change), toggle=True, lane=match.channel)


# -- what cannot be done ----------------------------------------------------------------------------------------------


def _fixed(match: _Match) -> Iterator[str]:
    """A finding for a provider or a channel that would have to change."""
    entry, now = match.entry, match.now
    if now is None:
        return
    for name, said, there in (("provider", entry.provider, now.provider), ("channel", entry.channel, now.channel)):
        if said is not None and said != there:
            yield (
                f"{entry.at(name)}: is {there} on the server, and the API cannot change it; "
                f"take another identifier, or delete {now.identifier} first"
            )
            return


def _mistakes(match: _Match, action: Action, *, skip: bool) -> Iterator[str]:
    """What is wrong with what an action would send, each finding with its place."""
    entry, now = match.entry, match.now
    sends = action.draft is not None or (action.patch is not None and action.patch.credentials is not None)
    if not sends or (now is not None and catalogue.find(now.provider) is None):
        return
    draft = action.draft
    if draft is None or match.want.unresolved:
        draft = Draft(
            provider=entry.provider,
            channel=entry.channel if now is None else now.channel,
            name=entry.name,
            credentials={**(match.want.credentials or {}), **_stand_ins(match.want)},
            active=match.active,
            check=entry.check,
            conditions=entry.conditions,
            extra=entry.extra,
        )
    try:
        check_draft(draft, skip=skip)
    except InputError as error:
        for finding in error.details:
            path, _, message = finding.partition(": ")
            head, _, key = path.partition(".")
            yield f"{entry.at(head, *([key] if key else []))}: {message}"


def _stand_ins(want: ResolvedEntry) -> dict[str, Credential]:
    """For a reference without a value, a value that no check can find fault with."""
    provider = catalogue.find(want.entry.provider)
    stand_ins: dict[str, Credential] = {}
    for key in want.unresolved:
        known = provider.field(key) if provider is not None else None
        stand_ins[key] = Credential(known.placeholder if known is not None else "text", concealed=True)
    return stand_ins


def _unresolved(match: _Match, action: Action) -> Iterator[str]:
    if action.draft is not None or (action.patch is not None and action.patch.credentials is not None):
        for key, why in match.want.unresolved.items():
            yield f"{match.entry.at('credentials', key)}: {why}"
