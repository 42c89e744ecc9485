"""Writes an environment as a manifest, in an order that does not depend on the server, without secrets.

In the place of every secret is a reference `{ env = "NAME" }`. The name follows from identifier and key alone, so that
it is the same on every machine and in every environment. What a server shows of a secret, its text or an opaque token,
is not written. Where a server shows no credentials at all, an active integration gets a reference for each credential
that its provider requires: without them it could not be created again.

A channel whose primary integration can be described says `primary = true` there and nothing elsewhere. Where no
integration is primary, or one that has conditions (which a manifest cannot ask for), the others say `primary = false`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.manifests.compare import (
    SHOWN_FIELDS,
    by_manifest_name,
    is_token,
    shown_value,
    visible_credentials,
    without_ids,
    without_secrets,
)
from integrations_cli.manifests.documents import VERSION, toml_path
from integrations_cli.models import Integration, Json
from integrations_cli.terminal.escape import escape_toml

HEADER: Final = """\
# Written by `integrations export`; `integrations plan` and `integrations apply` read it.
# It has no secrets: each one is read from the environment variable that is named in its place.
"""

_PLAIN_IDENTIFIER: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLAIN_KEY: Final = re.compile(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*")
_LARGEST_INTEGER: Final = 2**63


@dataclass(frozen=True)
class Exported:
    """A manifest: as TOML text, and as the document that it holds.

    `credentials` has, by `_id`, the credentials of each integration with references, by path (`credentials.apiKey`);
    None for a variable that is not set. `notes` are for the user.
    """

    text: str
    document: Mapping[str, Json]
    credentials: Mapping[str, Mapping[str, Json]] = field(repr=False)
    notes: tuple[str, ...] = ()


def export_manifest(integrations: Sequence[Integration], environ: Mapping[str, str]) -> Exported:
    """Return the manifest of one environment. `environ` only tells which variables are set already.

    Raises:
        ConflictError: Several integrations have the same identifier, so that a manifest could not tell them apart.
    """
    notes: list[str] = []
    integrations = [integration for integration in integrations if integration.raw.get("deleted") is not True]
    named = by_manifest_name([integration for integration in integrations if _can_be_named(integration, notes)])
    primaries = _primary_values(list(named.values()))
    tables: dict[str, Json] = {}
    with_references: dict[str, dict[str, Json]] = {}
    for name, integration in named.items():
        credentials = _exported_credentials(name, integration, notes)
        tables[name] = _table(integration, primaries.get(id(integration)), credentials)
        if integration.id and any(_is_environment_reference(key, value) for key, value in credentials.items()):
            with_references[integration.id] = {
                f"credentials.{key}": _value_now(key, value, environ) for key, value in credentials.items()
            }
    hidden = sum("credentials" not in integration.raw for integration in named.values())
    if hidden:
        notes.append(
            f"the server does not show the credentials of {hidden} integrations: "
            "only those that an active one requires are in the manifest"
        )
    document = {"version": VERSION, "integrations": tables}
    return Exported(escape_toml(_toml(tables)), document, with_references, tuple(notes))


def _can_be_named(integration: Integration, notes: list[str]) -> bool:
    """Return whether a manifest can name an integration; if not, a note says so."""
    if all(text.strip() and text == _encodable_text(text) for text in (integration.identifier, integration.provider)):
        return True
    name = _encodable_text(integration.id) or "an integration"
    notes.append(f"{name} has no usable identifier or provider, and is left out")
    return False


def variable_name(identifier: str, key: str) -> str:
    """Return the environment variable for a secret: `MAILGUN_MAIN__API_KEY` for `apiKey` of `mailgun-main`.

    Different secrets have different names: where characters are lost, a short hash of the original is added.
    """
    prefix = identifier.replace("-", "_").upper() if _PLAIN_IDENTIFIER.fullmatch(identifier) else _hashed(identifier)
    suffix = re.sub(r"([A-Z])", r"_\1", key).upper() if _PLAIN_KEY.fullmatch(key) else _hashed(key)
    name = f"{prefix}__{suffix}"
    return f"_{name}" if name[0].isdigit() else name


def _hashed(text: str) -> str:
    import hashlib

    letters = re.sub(r"[^A-Z0-9]+", "_", text.upper().encode("ascii", "replace").decode()).strip("_") or "X"
    return f"{letters}__{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8].upper()}"


def _primary_values(integrations: Sequence[Integration]) -> dict[int, bool]:
    """Return the values of `primary` that the manifest needs, by the `id()` of the integration."""
    values: dict[int, bool] = {}
    for channel in catalogue.channels_with_primary():
        active = [integration for integration in integrations if integration.channel == channel and integration.active]
        primaries = [integration for integration in active if integration.primary and not integration.conditions]
        if primaries:
            values[id(max(primaries, key=lambda integration: (integration.priority, integration.identifier)))] = True
        else:
            values |= {id(integration): False for integration in active if not integration.primary}
    return values


def _table(integration: Integration, primary: bool | None, credentials: Mapping[str, Json]) -> dict[str, Json]:
    """Return the table of an integration; empty fields are left out."""
    table: dict[str, Json] = {}
    for known in SHOWN_FIELDS:
        value: Json = primary if known.name == "primary" else shown_value(integration, known)
        if known.type == "conditions":
            value = without_ids(value)
        elif known.type == "json":
            value = without_secrets(value) if value not in ({}, []) else None
        elif isinstance(value, str) and not value.strip():
            value = None
        if value is not None and value != []:
            table[known.name] = _encodable(value)
    if credentials:
        table["credentials"] = credentials
    return table


def _exported_credentials(name: str, integration: Integration, notes: list[str]) -> dict[str, Json]:
    """Return the credentials as the manifest has them, in the order of the catalogue."""
    provider = catalogue.find(integration.provider)
    order = [credential.key for credential in provider.credentials] if provider is not None else []
    visible = visible_credentials(integration)
    if "credentials" not in integration.raw and integration.active and provider is not None:
        visible = {credential.key: None for credential in provider.credentials if credential.required}
    credentials: dict[str, Json] = {}
    for key in sorted(visible, key=lambda key: (order.index(key) if key in order else len(order), key)):
        value = visible[key]
        if credential_type(key).holds_secrets and isinstance(value, dict):
            credentials[key] = _encodable(without_secrets(value))
            removed = sorted(_removed_members(value, credentials[key], key))
            if removed:
                notes.append(f"{name}: secrets are left out: {', '.join(removed)}")
        elif _is_open(integration.provider, key, value):
            credentials[key] = _encodable(value)
        else:
            credentials[key] = {"env": variable_name(name, key)}
    return {_encodable_text(key): value for key, value in credentials.items()}


def _is_open(provider_id: str, key: str, value: Json) -> bool:
    """Return whether a value is not secret, and of the type that a manifest needs."""
    value_type = credential_type(key)
    if catalogue.is_secret(provider_id, key) or is_token(value) or value_type.holds_secrets:
        return False
    return value_type.accepts(value)


def _removed_members(value: Mapping[str, Json], kept: Mapping[str, Json], path: str) -> Iterator[str]:
    """Yield the paths of the members that are not kept."""
    for key, item in value.items():
        if key not in kept:
            yield f"{path}.{key}"
        elif isinstance(item, dict):
            yield from _removed_members(item, kept[key], f"{path}.{key}")


def _value_now(key: str, value: Json, environ: Mapping[str, str]) -> Json:
    """Return the value of a credential while this manifest is written; None if its variable is not set."""
    if _is_environment_reference(key, value):
        text = environ.get(value["env"])
        return credential_type(key).parse(text) if text else None
    return value


def _is_environment_reference(key: str, value: Json) -> bool:
    """Return whether an exported credential is a reference: types whose values are objects have none."""
    return isinstance(value, dict) and credential_type(key).takes_references


def _encodable_text(text: str) -> str:
    """Return the text with a question mark for each lone surrogate, which UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _encodable(value: Json) -> Json:
    if isinstance(value, str):
        return _encodable_text(value)
    if isinstance(value, dict):
        return {_encodable_text(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value


def _toml(tables: Mapping[str, Mapping[str, Json]]) -> str:
    """Return the manifest as TOML, each value on a line of its own, for readable diffs in git."""
    lines = [HEADER, f"version = {VERSION}\n"]
    for name, table in tables.items():
        heading = toml_path(("integrations", name))
        lines.append(f"\n[{heading}]\n")
        lines += [f"{key} = {_field_value(value)}\n" for key, value in table.items() if key != "credentials"]
        if "credentials" in table:
            lines.append(f"\n[{heading}.credentials]\n")
            lines += [f"{toml_path((key,))} = {_one_line(value)}\n" for key, value in table["credentials"].items()]
    return "".join(lines)


def _field_value(value: Json) -> str:
    if isinstance(value, list) and value and _fits(value):
        return "[\n" + "".join(f"  {_inline(item)},\n" for item in value) + "]"
    return _one_line(value)


def _one_line(value: Json) -> str:
    return _inline(value if _fits(value) else {"json": json.dumps(value, ensure_ascii=False)})


def _fits(value: Json) -> bool:
    """Return whether TOML can hold a decoded JSON value: it has no null, and its integers have 64 bits."""
    if isinstance(value, dict):
        return all(_fits(item) for item in value.values())
    if isinstance(value, list):
        return all(_fits(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return -_LARGEST_INTEGER <= value < _LARGEST_INTEGER
    return value is not None


def _inline(value: Json) -> str:
    """Return a TOML value on one line."""
    import tomli_w

    if isinstance(value, dict):
        members = ", ".join(f"{toml_path((key,))} = {_inline(item)}" for key, item in value.items())
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_inline(item) for item in value)}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").removesuffix("\n")
