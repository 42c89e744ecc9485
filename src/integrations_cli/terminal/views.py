"""What a command has to show: plain values that know nothing of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from integrations_cli.catalogue.secret_names import sounds_secret
from integrations_cli.models import MASK, Integration, Json


class Fields(NamedTuple):
    """One thing, field by field: a table of two columns, `field<TAB>value` lines, or the JSON document.

    `copyable` are further fields that people copy from a terminal: there they stand below the table, with their own
    line ends and nothing around them; in a pipe each is one more line.
    """

    rows: Sequence[tuple[str, str]]
    json: Json
    title: str = ""
    exit_code: int = 0
    copyable: Sequence[tuple[str, str]] = ()


class Row(NamedTuple):
    """One line of a table, and how it stands out."""

    cells: Sequence[str]
    strong: bool = False
    dim: bool = False


class Table(NamedTuple):
    """Many things of one kind: a table with a line between its groups; TAB-separated lines; a JSON array.

    What the rows of a group have in common stands in their first cell; a person sees it once, a program in each row.
    """

    columns: Sequence[str]
    groups: Sequence[Sequence[Row]]
    json: Json
    caption: str = ""
    exit_code: int = 0


class Text(NamedTuple):
    """Text that is its own form (an identifier, a manifest): printed as it is, ended by one line end.

    `lines` says that it has lines of its own; otherwise a line end in it is shown, not obeyed.
    """

    text: str
    json: Json = None
    lines: bool = False
    exit_code: int = 0


class Nothing(NamedTuple):
    """Nothing to show: what there was has been said already."""

    exit_code: int = 0


View = Fields | Table | Text | Nothing


def mask_credentials(
    provider: str | None,
    credentials: Mapping[str, Json],
    *,
    concealed: Collection[str] = (),
    show_secrets: bool = False,
) -> dict[str, Json]:
    """The credentials with what must not be seen replaced: secret keys, unknown keys and the `concealed` ones."""
    if show_secrets:
        return dict(credentials)
    from integrations_cli import catalogue

    return {
        key: MASK if key in concealed or catalogue.is_secret(provider, key) else _masked_within(value, sounds_secret)
        for key, value in credentials.items()
    }


def _masked_within(value: Json, secret: Callable[[str], bool]) -> Json:
    """The value with what stands under a `secret` name replaced, and all credentials too."""
    if isinstance(value, list):
        return [_masked_within(item, secret) for item in value]
    if not isinstance(value, dict):
        return value
    document: dict[str, Json] = {}
    for key, item in value.items():
        if key == "credentials" and isinstance(item, dict):
            document[key] = mask_credentials(None, item)
        elif secret(key) and item is not None:
            document[key] = MASK
        else:
            document[key] = _masked_within(item, secret)
    return document


def cell_text(value: Json) -> str:
    """A JSON value in one cell: a string as it is, a word for true, false and null, anything else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    import json

    return json.dumps(value, ensure_ascii=False)


def integration_json(
    integration: Integration, *, concealed: Collection[str] = (), show_secrets: bool = False
) -> dict[str, Json]:
    """The integration as the API gave it, its credentials masked."""
    if show_secrets:
        return dict(integration.raw)
    from integrations_cli import catalogue

    document: dict[str, Json] = {}
    for key, item in integration.raw.items():
        if key != "credentials":  # a server that tells more than it should may tell it anywhere
            document |= _masked_within({key: item}, catalogue.secret_keys().__contains__)
        elif isinstance(item, dict):
            document[key] = mask_credentials(integration.provider, item, concealed=concealed)
        else:
            document[key] = None if item is None else MASK
    return document


_FIRST = (
    "_id",
    "name",
    "identifier",
    "providerId",
    "channel",
    "active",
    "primary",
    "priority",
    "_environmentId",
    "_organizationId",
)
_LAST = ("createdAt", "updatedAt", "deleted", "deletedAt", "deletedBy", "__v", "id")


def integration_view(
    integration: Integration, *, concealed: Collection[str] = (), show_secrets: bool = False
) -> Fields:
    """One integration, in the order in which people look for its fields; credentials one by one."""
    document = integration_json(integration, concealed=concealed, show_secrets=show_secrets)
    rows = [(key, cell_text(document[key])) for key in _FIRST if key in document]
    credentials = document.get("credentials")
    if isinstance(credentials, dict) and credentials:
        rows += [(f"credentials.{key}", cell_text(value)) for key, value in credentials.items()]
    elif credentials is not None:
        rows.append(("credentials", cell_text(credentials)))
    rest = [key for key in document if key not in (*_FIRST, *_LAST, "credentials")]
    rows += [(key, cell_text(document[key])) for key in (*rest, *(key for key in _LAST if key in document))]
    return Fields(rows, document, title=integration.name or integration.identifier)
