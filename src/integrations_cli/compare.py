"""Whether what a manifest wants is what a server shows, where the two can be compared at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from . import catalogue
from .fingerprints import Verdict
from .manifest import Desired
from .models import Integration, Json

OPAQUE = "nvsk."
"""What the token that stands for an encrypted credential begins with."""

FIXED = ("kind",)
"""Fields beyond the documented ones that are given at creation only."""


class Known(Protocol):
    """What is remembered of the fields that servers hide."""

    def compare(self, name: str, fields: Mapping[str, Json]) -> Mapping[str, Verdict]:
        """How the fields wanted, by path, differ from those remembered of the integration `name`."""


def fields_of(want: Desired) -> dict[str, Json] | None:
    """The fields of an entry that servers may hide, by path, for their fingerprints; None if it has none.

    A reference without a value is None.
    """
    fields: dict[str, Json] = {key: value for key, value in want.entry.extra.items() if key not in FIXED}
    if want.credentials is not None:
        fields |= {f"credentials.{key}": credential.value for key, credential in want.credentials.items()}
        fields |= {f"credentials.{key}": None for key in want.unresolved}
    return fields or None


def holds(wanted: Json, shown: Json, *, exactly: bool = False) -> bool:
    """Whether `shown` has everything that is in `wanted`, and, with `exactly`, nothing else.

    Servers add ids and defaults to objects of their own.
    """
    if isinstance(wanted, dict):
        if not isinstance(shown, dict) or (exactly and wanted.keys() != shown.keys()):
            return False
        return all(
            (key in shown or value is None) and holds(value, shown.get(key), exactly=exactly)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(shown, list) or len(wanted) != len(shown):
            return False
        return all(holds(item, other, exactly=exactly) for item, other in zip(wanted, shown, strict=True))
    # 1 and 1.0 are one number in JSON; true is none.
    return isinstance(wanted, bool) is isinstance(shown, bool) and bool(wanted == shown)


def visible_credentials(integration: Integration) -> dict[str, Json]:
    """The credentials that a server shows: their values, or their opaque tokens; what is empty counts as absent."""
    return {
        key: value == "true" if key in catalogue.BOOLEAN_KEYS and value in ("true", "false") else value
        for key, value in integration.credentials.items()
        if value is not None and value not in ("", {})
    }


def is_opaque(value: Json) -> bool:
    """Whether a server shows a token in the place of the value."""
    return isinstance(value, str) and value.startswith(OPAQUE)


def credential_changes(
    want: Desired, now: Integration, verdicts: Mapping[str, Verdict], *, shows: bool
) -> Iterator[tuple[str, Verdict]]:
    """The keys whose credential differs from what is there, and how.

    `shows` says that this server shows credentials at all: then one that is not shown is not there.
    """
    wanted = want.credentials or {}
    shown = visible_credentials(now)
    for key in (*wanted, *want.unresolved):
        verdict = verdicts.get(f"credentials.{key}", "unknown")
        if key in shown and not is_opaque(shown[key]) and key in wanted:
            verdict = "same" if wanted[key].value == shown[key] else "changed"
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

    A server that does not show a field may not know it, and one that shows more in it has added that: then the value is
    sent once, and not again while it stays the same.
    """
    for key, value in extra.items():
        sent_before = verdicts.get(key) == "same"
        same = holds(value, now.raw[key], exactly=not sent_before) if key in now.raw else sent_before
        if not same and key not in FIXED:
            yield key


def plain_conditions(conditions: Sequence[Json]) -> list[Json]:
    """Conditions as a user writes them: without the ids that servers add."""
    return [_without_ids(condition) for condition in conditions]


def _without_ids(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_ids(item) for key, item in value.items() if key not in ("_id", "id")}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value
