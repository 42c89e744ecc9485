"""Compares two environments, or an environment and a manifest, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from integrations_cli import catalogue
from integrations_cli.inputs.credential_values import is_reference
from integrations_cli.manifests.compare import (
    SHOWN_FIELDS,
    by_manifest_name,
    contains,
    is_token,
    shown_value,
    visible_credentials,
    without_ids,
    without_secrets,
)
from integrations_cli.manifests.documents import toml_path
from integrations_cli.manifests.entries import Entry
from integrations_cli.models import MASK, Integration, Json
from integrations_cli.terminal.views import Row, Table, cell_text

Verdict = Literal["same", "different", "left only", "right only", "unknown"]

_CREDENTIAL = "credentials."


@dataclass(frozen=True)
class Description:
    """An integration as one side describes it: the values of its fields, which may be secrets.

    A manifest leaves fields as they are that it does not name; a server may hide all credentials. There
    `names_all_fields` or `names_all_credentials` is false, and a field that is missing in `fields` is not compared.
    """

    fields: Mapping[str, Json] = field(repr=False)
    names_all_fields: bool = True
    names_all_credentials: bool = True

    @property
    def provider(self) -> str:
        """Return the provider's id."""
        return str(self.fields["provider"])

    def covers(self, name: str) -> bool:
        """Return whether the side says what this field is, or that it is missing."""
        names_all = self.names_all_credentials if name.startswith(_CREDENTIAL) else self.names_all_fields
        return names_all or name in self.fields


Side = Mapping[str, Description]
"""The integrations of one side by identifier."""


@dataclass(frozen=True)
class Cell:
    """One field of one integration on both sides, without secrets; None where it is missing.

    `unknown`: both sides have it, and the values cannot be compared.
    """

    identifier: str
    field: str
    left: Json
    right: Json
    verdict: Verdict

    @property
    def differs(self) -> bool:
        """Return whether the sides differ, as far as that can be known."""
        return self.verdict not in ("same", "unknown")


@dataclass(frozen=True)
class Difference:
    """All compared fields of all integrations, and the names of the two sides."""

    left: str
    right: str
    cells: Sequence[Cell]

    @property
    def pending(self) -> bool:
        """Return whether anything differs, as far as that can be known."""
        return any(cell.differs for cell in self.cells)


def side_of_environment(integrations: Sequence[Integration]) -> Side:
    """Return what exists in an environment; ConflictError if two integrations have the same identifier."""
    return {name: _describe_integration(integration) for name, integration in by_manifest_name(integrations).items()}


def side_of_manifest(entries: Mapping[str, Entry]) -> Side:
    """Return what a manifest describes."""
    return {name: _describe_entry(entries[name]) for name in sorted(entries)}


def _describe_integration(integration: Integration) -> Description:
    values = {known.name: shown_value(integration, known) for known in SHOWN_FIELDS}
    if integration.channel not in catalogue.channels_with_primary():
        del values["primary"]
    fields = _fields(values, dict(sorted(visible_credentials(integration).items())))
    return Description(fields, names_all_credentials="credentials" in integration.raw)


def _describe_entry(entry: Entry) -> Description:
    fields = _fields(entry.values, entry.credentials or {})
    return Description(fields, names_all_fields=False, names_all_credentials=entry.credentials is not None)


def _fields(values: Mapping[str, Json], credentials: Mapping[str, Json]) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    for known in SHOWN_FIELDS:
        value = values.get(known.name)
        if value is not None:
            fields[known.name] = without_ids(value) if known.type == "conditions" else value
    return fields | {f"{_CREDENTIAL}{toml_path((key,))}": value for key, value in credentials.items()}


def compare_sides(left: Side, right: Side, names: tuple[str, str]) -> Difference:
    """Compare the two sides. Secrets are compared where both values are known, and masked."""
    cells: list[Cell] = []
    for identifier in sorted({*left, *right}):
        sides = (left.get(identifier), right.get(identifier))
        described = [side for side in sides if side is not None]
        fields = dict.fromkeys(name for side in described for name in side.fields)
        cells += [
            _cell(identifier, name, described[0].provider, *sides)
            for name in fields
            if all(side.covers(name) for side in described)
        ]
    return Difference(*names, cells)


def _cell(identifier: str, name: str, provider: str, left: Description | None, right: Description | None) -> Cell:
    left_value = None if left is None else left.fields.get(name)
    right_value = None if right is None else right.fields.get(name)
    verdict: Verdict
    if left_value is None:
        verdict = "right only"
    elif right_value is None:
        verdict = "left only"
    elif _is_hidden(name, left_value) or _is_hidden(name, right_value):
        verdict = "unknown"
    else:
        verdict = "same" if _is_same(name, left_value, right_value) else "different"
    return Cell(
        identifier, name, _printable(name, provider, left_value), _printable(name, provider, right_value), verdict
    )


def _is_same(name: str, left: Json, right: Json) -> bool:
    """Return whether two values are equal; servers add defaults to conditions."""
    exactly = name != "conditions"
    return contains(left, right, exactly=exactly) or contains(right, left, exactly=exactly)


def _is_hidden(name: str, value: Json) -> bool:
    """Return whether this is a credential of which the value is not known."""
    return name.startswith(_CREDENTIAL) and (is_token(value) or is_reference(value) or without_secrets(value) != value)


def _printable(name: str, provider: str, value: Json) -> Json:
    """Return a value without secrets."""
    if name.startswith(_CREDENTIAL) and value is not None:
        if is_reference(value):
            return value
        if is_token(value) or catalogue.is_secret(provider, name.removeprefix(_CREDENTIAL)):
            return MASK
    return without_secrets(value)


def difference_table(difference: Difference, *, everything: bool = False, exit_code: int = 0) -> Table:
    """Return a table: a group for each identifier, a row for each field that differs, or for all with `everything`."""
    groups: dict[str, list[Row]] = {}
    for cell in difference.cells:
        if everything or cell.differs:
            texts = (cell.identifier, cell.field, cell_text(cell.left), cell_text(cell.right), cell.verdict)
            groups.setdefault(cell.identifier, []).append(Row(texts, dim=not cell.differs))
    return Table(
        columns=("identifier", "field", difference.left, difference.right, "verdict"),
        groups=list(groups.values()),
        json=_difference_json(difference),
        caption="" if everything else _summary(difference),
        exit_code=exit_code,
    )


def _summary(difference: Difference) -> str:
    identifiers = {cell.identifier for cell in difference.cells}
    differing = {cell.identifier for cell in difference.cells if cell.differs}
    unknown = sum(cell.verdict == "unknown" for cell in difference.cells)
    not_compared = f"; {unknown} credentials cannot be compared" if unknown else ""
    return f"{len(differing)} of {len(identifiers)} integrations differ{not_compared}"


def _difference_json(difference: Difference) -> dict[str, Json]:
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
