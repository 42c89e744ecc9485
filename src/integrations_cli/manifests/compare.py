"""Whether what a manifest wants is what a server shows, where the two can be compared at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.errors import ConflictError
from integrations_cli.manifests.fingerprints import Verdict
from integrations_cli.manifests.load import ResolvedEntry
from integrations_cli.models import Integration, Json

OPAQUE = "nvsk."
"""What the token that stands for an encrypted credential begins with."""

FIXED = ("kind",)
"""Fields beyond the documented ones that are given at creation only."""

_SOUNDS_SECRET: Final = re.compile(r"(key|secret|token|password|passphrase|pfx)$", re.IGNORECASE)
"""Members of `tlsOptions` and of fields that the catalogue does not describe whose text is not shown or written."""


class Memory(Protocol):
    """What is remembered of the fields that servers hide."""

    def compare(self, name: str, fields: Mapping[str, Json]) -> Mapping[str, Verdict]:
        """How the fields wanted, by path, differ from those remembered of the integration `name`."""


def remembered_fields(want: ResolvedEntry) -> dict[str, Json] | None:
    """The fields of an entry that servers may hide, by path, for their fingerprints; None if it has none.

    A reference without a value is None.
    """
    fields: dict[str, Json] = {key: value for key, value in want.entry.extra.items() if key not in FIXED}
    if want.credentials is not None:
        fields |= {f"credentials.{key}": credential.value for key, credential in want.credentials.items()}
        fields |= {f"credentials.{key}": None for key in want.unresolved}
    return fields or None


def hidden_fields(want: ResolvedEntry, now: Integration) -> dict[str, Json]:
    """The same without those with a value that the server shows: nothing has to be remembered to compare them."""
    fields = remembered_fields(want) or {}
    for key, value in now.credentials.items():
        if key not in want.unresolved and isinstance(value, (str, bool)) and value != "" and not is_token(value):
            fields.pop(f"credentials.{key}", None)
    return fields


def contains(wanted: Json, shown: Json, *, exactly: bool = False) -> bool:
    """Whether `shown` has everything that is in `wanted`, and, with `exactly`, nothing else.

    Servers add ids and defaults to objects of their own.
    """
    if isinstance(wanted, dict):
        if not isinstance(shown, dict) or (exactly and wanted.keys() != shown.keys()):
            return False
        return all(
            (key in shown or value is None) and contains(value, shown.get(key), exactly=exactly)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(shown, list) or len(wanted) != len(shown):
            return False
        return all(contains(item, other, exactly=exactly) for item, other in zip(wanted, shown, strict=True))
    # 1 and 1.0 are one number in JSON; true is none.
    return isinstance(wanted, bool) is isinstance(shown, bool) and bool(wanted == shown)


def visible_credentials(integration: Integration) -> dict[str, Json]:
    """The credentials that a server shows: their values, or their opaque tokens; what is empty counts as absent."""
    return {
        key: credential_type(key).from_response(value)
        for key, value in integration.credentials.items()
        if value is not None and value not in ("", {})
    }


def is_token(value: Json) -> bool:
    """Whether a server shows a token in the place of the value."""
    return isinstance(value, str) and value.startswith(OPAQUE)


def without_secrets(value: Json) -> Json:
    """A value without the members that are secret, and without what servers show in their place."""
    if isinstance(value, dict):
        return {
            key: without_secrets(item)
            for key, item in value.items()
            if not is_token(item) and not (_SOUNDS_SECRET.search(key) and isinstance(item, (str, list)))
        }
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def _alike(wanted: Json, shown: Json, verdict: Verdict) -> bool:
    """Whether a value is what is shown of it; what is not shown of it must be what was sent before.

    A server that shows more than was sent has added that.
    """
    before = verdict == "same"
    open_part = without_secrets(wanted)
    return contains(open_part, without_secrets(shown), exactly=not before) and (before or bool(open_part == wanted))


def credential_changes(
    want: ResolvedEntry, now: Integration, verdicts: Mapping[str, Verdict], *, shows: bool
) -> Iterator[tuple[str, Verdict]]:
    """The keys whose credential differs from what is there, and how.

    `shows` says that this server shows credentials at all: then one that is not shown is not there.
    """
    wanted = want.credentials or {}
    shown = visible_credentials(now)
    for key in (*wanted, *want.unresolved):
        verdict = verdicts.get(f"credentials.{key}", "unknown")
        if key in shown and not is_token(shown[key]) and key in wanted:
            verdict = "same" if _alike(wanted[key].value, shown[key], verdict) else "changed"
        elif key not in shown and shows and (verdict != "same" or not catalogue.is_secret(now.provider, key)):
            verdict = "added"
        if verdict != "same":
            yield key, verdict
    for key in shown:
        if key not in wanted and key not in want.unresolved:
            yield key, "removed"
    if not shows:
        for path, verdict in verdicts.items():
            if verdict == "removed" and path.startswith("credentials."):
                yield path.removeprefix("credentials."), verdict


def extra_changes(extra: Mapping[str, Json], now: Integration, verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    """The fields beyond the documented ones that differ.

    A server that does not show a field may not know it: then it is sent once, and not again while it stays the same.
    """
    for key, value in extra.items():
        verdict = verdicts.get(key, "unknown")
        same = _alike(value, now.raw[key], verdict) if key in now.raw else verdict == "same"
        if not same and key not in FIXED:
            yield key


def by_manifest_name(integrations: Sequence[Integration]) -> dict[str, Integration]:
    """The integrations by what a manifest calls them, in the order of these names.

    That is the identifier; the service makes it up for what it brings along itself, of which an environment has one
    each: there it is the provider's id, so that it is the same in every environment.

    Raises:
        ConflictError: An identifier is there twice.
    """
    names: dict[str, Integration] = {}
    twice: dict[str, list[str]] = {}
    providers = [integration.provider for integration in integrations]
    taken = {integration.identifier for integration in integrations if integration.provider not in catalogue.BUILT_IN}
    for integration in integrations:
        name = integration.identifier
        if integration.provider in catalogue.BUILT_IN and providers.count(integration.provider) == 1:
            name = integration.provider
            while name in taken:
                name += "-built-in"
        if name in names:
            twice.setdefault(name, [names[name].id]).append(integration.id)
        names[name] = integration
    if twice:
        said = "; ".join(f"{name} is there {len(ids)} times ({', '.join(ids)})" for name, ids in twice.items())
        raise ConflictError(said, hint="delete all but one of them by _id: integrations delete ID")
    return {name: names[name] for name in sorted(names)}


def conditions_without_ids(conditions: Sequence[Json]) -> list[Json]:
    """Conditions as a user writes them: without the ids that servers add."""
    return [_without_ids(condition) for condition in conditions]


def _without_ids(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_ids(item) for key, item in value.items() if key not in ("_id", "id")}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value
