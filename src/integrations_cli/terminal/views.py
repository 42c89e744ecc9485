"""What commands return to be printed, as plain values, and the JSON documents of integrations and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from integrations_cli import catalogue
from integrations_cli.catalogue.secret_names import is_secret_name
from integrations_cli.errors import IntegrationsError
from integrations_cli.models import MASK, Integration, Json


class Fields(NamedTuple):
    """One thing: a table of two columns on a terminal, `field<TAB>value` lines in a pipe, or the document `json`.

    `copyable` are more fields, which people copy from a terminal: there they stand below the table, with their own
    line ends and no frame; in a pipe each is one more line.
    """

    rows: Sequence[tuple[str, str]]
    json: Json
    title: str = ""
    exit_code: int = 0
    copyable: Sequence[tuple[str, str]] = ()


class Row(NamedTuple):
    """One line of a table, and its style on a terminal."""

    cells: Sequence[str]
    strong: bool = False
    dim: bool = False


class Table(NamedTuple):
    """Many things: a table with a line between its groups, TAB-separated lines in a pipe, or the document `json`.

    The first cell of a row is what its group has in common; a terminal shows it once, a pipe gets it in every row.
    """

    columns: Sequence[str]
    groups: Sequence[Sequence[Row]]
    json: Json
    caption: str = ""
    exit_code: int = 0


class Text(NamedTuple):
    """Text that is printed as it is (an identifier, a manifest), ended by one line end.

    With `lines` it may have several lines; otherwise a line end in it is escaped.
    """

    text: str
    json: Json = None
    lines: bool = False
    exit_code: int = 0


class Nothing(NamedTuple):
    """No output."""

    exit_code: int = 0


View = Fields | Table | Text | Nothing


def error_json(error: IntegrationsError, redact: Callable[[str], str]) -> dict[str, Json]:
    """Return an error as scripts get it. A server may have written parts of its texts: those are redacted."""
    return {
        "type": error.type,
        "message": redact(error.message),
        "hint": None if error.hint is None else redact_hint(error.hint, redact),
        "status": error.status,
        "details": [redact(detail) for detail in error.details],
        "error_id": error.error_id,
        "idempotency_key": error.idempotency_key,
    }


def redact_hint(hint: str, redact: Callable[[str], str]) -> str:
    """Return a hint without secrets; the command line that it may end with has to work, and stays as it is."""
    text, program, arguments = hint.partition("integrations ")
    return f"{redact(text)}{program}{arguments}"


def mask_credentials(
    provider: str | None, credentials: Mapping[str, Json], *, masked: Collection[str] = ()
) -> dict[str, Json]:
    """Return the credentials with secret keys, unknown keys and the `masked` ones replaced by asterisks."""
    return {
        key: MASK if key in masked or catalogue.is_secret(provider, key) else _masked(value, None, masked)
        for key, value in credentials.items()
    }


def _masked(value: Json, provider: str | None, masked: Collection[str]) -> Json:
    """Return the value with all members masked that are secret by their name, and all credentials in it."""
    if isinstance(value, list):
        return [_masked(item, None, masked) for item in value]
    if not isinstance(value, dict):
        return value
    document: dict[str, Json] = {}
    for key, item in value.items():
        if key == "credentials" and isinstance(item, dict):
            document[key] = mask_credentials(provider, item, masked=masked)
        elif item is not None and (key == "credentials" or is_secret_name(key)):
            document[key] = MASK
        else:
            document[key] = _masked(item, None, masked)
    return document


def cell_text(value: Json) -> str:
    """Return a JSON value as one cell: a string as it is, nothing for null, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def integration_json(
    integration: Integration, *, masked: Collection[str] = (), show_secrets: bool = False
) -> dict[str, Json]:
    """Return the integration as the API gave it, its secrets masked; servers may show them in any member."""
    raw = dict(integration.raw)
    return raw if show_secrets else dict(_masked(raw, integration.provider, masked))


_FIRST = ("_id", "name", "identifier", "providerId", "channel", "active", "primary", "priority")
_OWNERS = ("_environmentId", "_organizationId")
_LAST = ("createdAt", "updatedAt", "deleted", "deletedAt", "deletedBy", "__v", "id")


def integration_view(integration: Integration, *, masked: Collection[str] = (), show_secrets: bool = False) -> Fields:
    """Return the view of one integration: its fields in the order in which people look for them."""
    document = integration_json(integration, masked=masked, show_secrets=show_secrets)
    first, last = (*_FIRST, *_OWNERS, "credentials"), _LAST
    rest = [key for key in document if key not in (*first, *last)]
    rows: list[tuple[str, str]] = []
    for key in (*first, *rest, *last):
        value = document.get(key)
        if key == "credentials" and value and isinstance(value, dict):
            rows += [(f"{key}.{name}", cell_text(item)) for name, item in value.items()]
        elif key in document and (key != "credentials" or value is not None):
            rows.append((key, cell_text(value)))
    return Fields(rows, document, title=integration.name or integration.identifier)
