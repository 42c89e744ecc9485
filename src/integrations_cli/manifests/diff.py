"""Two environments side by side: identifiers by fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from integrations_cli import catalogue
from integrations_cli.inputs.credential_values import is_reference
from integrations_cli.manifests.compare import (
    by_manifest_name,
    conditions_without_ids,
    contains,
    is_token,
    visible_credentials,
    without_secrets,
)
from integrations_cli.manifests.documents import toml_path
from integrations_cli.manifests.entries import NEWER_FIELDS, Entry
from integrations_cli.models import MASK, Integration, Json
from integrations_cli.terminal.views import Row, Table, cell_text

Verdict = Literal["same", "different", "left only", "right only", "unknown"]

UNSAID: Final = object()
"""What a side says of a field of which it says nothing."""

REST, CREDENTIALS = "", "credentials"
"""Under these names a side has `UNSAID` where it says nothing of the fields that it does not name."""


@dataclass(frozen=True)
class Cell:
    """One field of one integration on both sides, as it may be shown; None where it is not there.

    `unknown`: it is there on both sides, and cannot be compared.
    """

    identifier: str
    field: str
    left: Json
    right: Json
    verdict: Verdict


@dataclass(frozen=True)
class Difference:
    """All fields of all integrations of two sides, in the order of the identifiers."""

    left: str
    right: str
    cells: Sequence[Cell]

    @property
    def pending(self) -> bool:
        """Whether anything differs, as far as that can be known."""
        return any(cell.verdict not in ("same", "unknown") for cell in self.cells)


Side = Mapping[str, Mapping[str, Json]]
"""The fields of one side by identifier; the values may be secrets."""


def side_of_environment(integrations: Sequence[Integration]) -> Side:
    """What is there, as fields.

    Raises:
        ConflictError: An identifier is there twice.
    """
    return {name: _fields(integration) for name, integration in by_manifest_name(integrations).items()}


def side_of_manifest(entries: Mapping[str, Entry]) -> Side:
    """What a manifest says, as fields."""
    return {name: _said(entries[name]) for name in sorted(entries)}


def is_built_in(fields: Mapping[str, Json]) -> bool:
    """Whether these are the fields of an integration that the service brings along itself."""
    return fields["provider"] in catalogue.BUILT_IN


def compare_sides(left: Side, right: Side, names: tuple[str, str]) -> Difference:
    """The two sides next to each other; secrets are compared where both are known, and shown as masks."""
    cells: list[Cell] = []
    for identifier in sorted({*left, *right}):
        one, other = left.get(identifier), right.get(identifier)
        provider = (one or other or {}).get("provider")
        for field in dict.fromkeys((*(one or ()), *(other or ()))):
            cell = _cell(identifier, field, provider, one, other)
            if cell is not None:
                cells.append(cell)
    return Difference(*names, cells)


def difference_table(difference: Difference, *, everything: bool = False, exit_code: int = 0) -> Table:
    """The matrix: a group for each identifier, a row for each field that differs, or, with `everything`, for each."""
    groups: dict[str, list[Row]] = {}
    for cell in difference.cells:
        if everything or cell.verdict not in ("same", "unknown"):
            cells = (cell.identifier, cell.field, cell_text(cell.left), cell_text(cell.right), cell.verdict)
            groups.setdefault(cell.identifier, []).append(Row(cells, dim=cell.verdict in ("same", "unknown")))
    identifiers = dict.fromkeys(cell.identifier for cell in difference.cells)
    unknown = sum(cell.verdict == "unknown" for cell in difference.cells)
    caption = f"{len(groups)} of {len(identifiers)} integrations differ" if not everything else ""
    if unknown and caption:
        caption += f"; {unknown} credentials cannot be compared"
    return Table(
        columns=("identifier", "field", difference.left, difference.right, "verdict"),
        groups=list(groups.values()),
        json=_document(difference),
        caption=caption,
        exit_code=exit_code,
    )


def _document(difference: Difference) -> dict[str, Json]:
    integrations: dict[str, dict[str, Json]] = {}
    for cell in difference.cells:
        integrations.setdefault(cell.identifier, {})[cell.field] = {
            "left": cell.left,
            "right": cell.right,
            "verdict": cell.verdict,
        }
    return {
        "left": difference.left,
        "right": difference.right,
        "different": difference.pending,
        "integrations": integrations,
    }


def _fields(integration: Integration) -> dict[str, Json]:
    fields: dict[str, Json] = {
        "provider": integration.provider,
        "channel": integration.channel,
        "name": integration.name,
        "active": integration.active,
    }
    if integration.channel in catalogue.channels_with_primary():
        fields["primary"] = integration.primary
    fields["conditions"] = conditions_without_ids(integration.conditions)
    if "credentials" not in integration.raw:
        fields[CREDENTIALS] = UNSAID
    fields |= {
        f"credentials.{toml_path((key,))}": value for key, value in sorted(visible_credentials(integration).items())
    }
    return fields | {key: integration.raw[key] for key in NEWER_FIELDS if integration.raw.get(key) is not None}


def _said(entry: Entry) -> dict[str, Json]:
    """The fields of an entry; what it leaves as it is, is `UNSAID`."""
    fields: dict[str, Json] = {REST: UNSAID, "provider": entry.provider}
    if entry.credentials is None:
        fields[CREDENTIALS] = UNSAID
    said = {"channel": entry.channel, "name": entry.name, "active": entry.active, "primary": entry.primary}
    fields |= {name: value for name, value in said.items() if value is not None}
    if entry.conditions is not None:
        fields["conditions"] = conditions_without_ids(entry.conditions)
    fields |= {f"credentials.{toml_path((key,))}": value for key, value in (entry.credentials or {}).items()}
    return fields | dict(entry.extra)


def _value(side: Mapping[str, Json] | None, field: str) -> Json:
    """What a side says of a field: a value, None if it is not there, or `UNSAID`."""
    if side is None:
        return None
    if field in side:
        return side[field]
    return side.get(CREDENTIALS if field.startswith("credentials.") else REST)


def _cell(
    identifier: str,
    field: str,
    provider: Json,
    one: Mapping[str, Json] | None,
    other: Mapping[str, Json] | None,
) -> Cell | None:
    left, right = _value(one, field), _value(other, field)
    if left is UNSAID or right is UNSAID:
        return None
    verdict: Verdict
    if one is None or (left is None and right is not None):
        verdict = "right only"
    elif other is None or right is None:
        verdict = "left only"
    elif _hidden(field, left) or _hidden(field, right):
        verdict = "unknown"
    else:
        same = contains(left, right, exactly=field != "conditions") or contains(
            right, left, exactly=field != "conditions"
        )
        verdict = "same" if same else "different"
    return Cell(identifier, field, _open(field, provider, left), _open(field, provider, right), verdict)


def _hidden(field: str, value: Json) -> bool:
    """Whether a credential stands in for a value that is not here."""
    return field.startswith("credentials.") and (
        is_token(value) or is_reference(value) or without_secrets(value) != value
    )


def _open(field: str, provider: Json, value: Json) -> Json:
    """A value as it may be shown."""
    if value is None or not field.startswith("credentials."):
        return without_secrets(value)
    key = field.removeprefix("credentials.")
    if is_reference(value):
        return value
    secret = catalogue.is_secret(provider if isinstance(provider, str) else None, key)
    return MASK if secret or is_token(value) else without_secrets(value)
