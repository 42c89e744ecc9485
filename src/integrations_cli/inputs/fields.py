"""Checks the fields of an integration in a create file or a manifest against the table of fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from integrations_cli.catalogue.suggest import nearest
from integrations_cli.inputs.decode import type_name
from integrations_cli.models import FIELDS, IntegrationField, Json

Path = tuple[str | int, ...]
Finding = tuple[Path, str]
"""Where something is wrong, as a path of keys and indexes, and what."""

_EXPECTED: Final[Mapping[str, tuple[type, str]]] = {
    "text": (str, "a text that is not empty"),
    "boolean": (bool, "true or false"),
    "credentials": (dict, "an object"),
}


def known_fields(file: Literal["create", "manifest"]) -> dict[str, IntegrationField]:
    """Return the fields that such a file can have, by the keys that it uses."""
    if file == "create":
        return {field.wire: field for field in FIELDS if field.create}
    return {field.name: field for field in FIELDS if field.manifest}


def field_findings(values: Mapping[str, Json], known: Mapping[str, IntegrationField]) -> Iterator[Finding]:
    """Yield what is wrong with the fields of an integration, besides its credentials: unknown keys and wrong types."""
    for key, value in values.items():
        field = known.get(key)
        if field is None:
            yield (key,), f"there is no such field{_suggestion(key, known)}"
        elif field.type == "conditions":
            yield from condition_findings(value, key)
        elif field.type != "json":
            kind, expected = _EXPECTED[field.type]
            if not isinstance(value, kind) or (isinstance(value, str) and not value.strip()):
                yield (key,), f"must be {expected}, not {type_name(value)}"


def condition_findings(value: Json, key: str = "conditions") -> Iterator[Finding]:
    """Yield what is wrong with conditions: they are a list of objects."""
    if not isinstance(value, list):
        yield (key,), f"must be a list, not {type_name(value)}"
        return
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            yield (key, index), f"must be an object, not {type_name(item)}"


def _suggestion(key: str, known: Mapping[str, IntegrationField]) -> str:
    near = nearest(key, known, limit=1)
    return f": did you mean {near[0]}?" if near else f"; the fields are {', '.join(known)}"
