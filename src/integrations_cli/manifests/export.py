"""Writes an environment as a manifest: what is there, in an order that does not change, and no secret in it.

In the place of every secret stands `{ env = "NAME" }`; the name follows from identifier and key alone, so that it is
the same on every machine and in every environment. What a server shows of a secret, its text or an opaque token, is not
written. Where a server shows no credentials at all, an active integration gets a placeholder for each one that its
provider requires, since it cannot be made anew without them.

A channel whose primary integration can be described says `primary = true` there and nothing elsewhere. Where none is
primary, or one that has conditions (which a manifest cannot ask for), the others say `primary = false`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.manifests.compare import (
    by_manifest_name,
    conditions_without_ids,
    is_token,
    visible_credentials,
    without_secrets,
)
from integrations_cli.manifests.documents import VERSION, toml_path
from integrations_cli.manifests.entries import NEWER_FIELDS
from integrations_cli.models import Integration, Json
from integrations_cli.terminal.escape import escape_toml

HEADER: Final = """\
# What is there, as `integrations export` writes it; `integrations plan` and `apply` read it.
# Secrets are not in it: each is read from the environment variable that stands in its place.
"""

_PLAIN_IDENTIFIER: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLAIN_KEY: Final = re.compile(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*")
_LARGEST_INTEGER: Final = 2**63


@dataclass(frozen=True)
class Exported:
    """A manifest: as TOML text, and as the document that it holds.

    `adopted` has, by `_id`, the credentials that the manifest says of each integration, None for a placeholder without
    a value; `notes` are for the user.
    """

    text: str
    document: Mapping[str, Json]
    adopted: Mapping[str, Mapping[str, Json]] = field(repr=False)
    notes: tuple[str, ...] = ()


def export_manifest(integrations: Sequence[Integration], environ: Mapping[str, str]) -> Exported:
    """The manifest of one environment. `environ` only tells which placeholders have a value already.

    Raises:
        ConflictError: An identifier is there twice: a manifest could not tell the two apart.
    """
    notes: list[str] = []
    there: list[Integration] = []
    for integration in integrations:
        if integration.raw.get("deleted") is True:
            continue
        if all(text.strip() and text == _text(text) for text in (integration.identifier, integration.provider)):
            there.append(integration)
        else:
            notes.append(f"{_text(integration.id) or 'an integration'} has no identifier or provider to call it by")
    names = by_manifest_name(there)
    primaries = _primaries(list(names.values()))
    tables: dict[str, Json] = {}
    adopted: dict[str, dict[str, Json]] = {}
    for name, integration in names.items():
        credentials = _credentials(name, integration, notes.append)
        tables[name] = dict(_fields(integration, primaries.get(id(integration)), credentials))
        if integration.id and any(_is_placeholder(key, value) for key, value in credentials.items()):
            adopted[integration.id] = {
                f"credentials.{key}": _value_now(key, value, environ) for key, value in credentials.items()
            }
    hidden = sum("credentials" not in integration.raw for integration in there)
    if hidden:
        notes.append(
            f"the server does not show the credentials of {hidden} integrations: "
            "only those that an active one requires are in the manifest"
        )
    document = {"version": VERSION, "integrations": tables}
    return Exported(escape_toml(_toml(tables)), document, adopted, tuple(notes))


def placeholder(identifier: str, key: str) -> str:
    """The environment variable for a secret: `MAILGUN_MAIN__API_KEY` for `apiKey` of `mailgun-main`.

    Different secrets have different names: where letters are lost on the way, a short hash of them is added.
    """
    named = identifier.replace("-", "_").upper()
    if not _PLAIN_IDENTIFIER.fullmatch(identifier):
        named = f"{_letters(identifier)}__{_hash(identifier)}"
    field_name = re.sub(r"([A-Z])", r"_\1", key).upper()
    if not _PLAIN_KEY.fullmatch(key):
        field_name = f"{_letters(key)}__{_hash(key)}"
    name = f"{named}__{field_name}"
    return f"_{name}" if name[0].isdigit() else name


def _letters(text: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", text.upper().encode("ascii", "replace").decode()).strip("_") or "X"


def _hash(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8].upper()


# -- what is said of an integration -----------------------------------------------------------------------------------


def _primaries(integrations: Sequence[Integration]) -> dict[int, bool]:
    """What `primary` says for the integrations (by the `id()` of the object) for which it says something."""
    said: dict[int, bool] = {}
    for channel in catalogue.channels_with_primary():
        active = [integration for integration in integrations if integration.channel == channel and integration.active]
        first = [integration for integration in active if integration.primary and not integration.conditions]
        if first:
            said[id(max(first, key=lambda integration: (integration.priority, integration.identifier)))] = True
        else:
            said |= {id(integration): False for integration in active if not integration.primary}
    return said


def _fields(
    integration: Integration, primary: bool | None, credentials: Mapping[str, Json]
) -> Iterator[tuple[str, Json]]:
    yield "provider", _text(integration.provider)
    if integration.channel:
        yield "channel", _text(integration.channel)
    if integration.name.strip():
        yield "name", _text(integration.name)
    yield "active", integration.active
    if primary is not None:
        yield "primary", primary
    if integration.conditions:
        yield "conditions", _encodable(conditions_without_ids(integration.conditions))
    if credentials:
        yield "credentials", credentials
    for key in NEWER_FIELDS:
        value = integration.raw.get(key)
        if value is not None and value not in ({}, []):
            yield key, _encodable(without_secrets(value))


def _credentials(name: str, integration: Integration, note: Callable[[str], None]) -> dict[str, Json]:
    """The credentials as the manifest says them, in the order of the catalogue."""
    provider = catalogue.find(integration.provider)
    known = [credential.key for credential in provider.credentials] if provider is not None else []
    visible = visible_credentials(integration)
    if "credentials" not in integration.raw and integration.active and provider is not None:
        visible = {credential.key: None for credential in provider.credentials if credential.required}
    said: dict[str, Json] = {}
    for key in sorted(visible, key=lambda key: (known.index(key) if key in known else len(known), key)):
        value = visible[key]
        if credential_type(key).holds_secrets and isinstance(value, dict):
            said[key] = _encodable(without_secrets(value))
            lost = sorted(_lost(value, said[key], key))
            if lost:
                note(f"{name}: {', '.join(lost)} cannot be written without its text, and is left out")
        elif _is_open(integration.provider, key, value):
            said[key] = value if isinstance(value, bool) else _text(value)
        else:
            said[key] = {"env": placeholder(name, key)}
    return {_text(key): value for key, value in said.items()}


def _is_open(provider_id: str, key: str, value: Json) -> bool:
    """Whether a value may be written as it is."""
    kind = credential_type(key)
    return not (catalogue.is_secret(provider_id, key) or is_token(value) or kind.holds_secrets) and kind.accepts(value)


def _lost(value: Mapping[str, Json], kept: Mapping[str, Json], path: str) -> Iterator[str]:
    for key, item in value.items():
        if key not in kept:
            yield f"{path}.{key}"
        elif isinstance(item, dict):
            yield from _lost(item, kept[key], f"{path}.{key}")


def _value_now(key: str, value: Json, environ: Mapping[str, str]) -> Json:
    """What a credential is while this manifest is written; None for a placeholder without a value."""
    if _is_placeholder(key, value):
        text = environ.get(value["env"])
        return credential_type(key).parse(text) if text else None
    return value


def _is_placeholder(key: str, value: Json) -> bool:
    return isinstance(value, dict) and credential_type(key).takes_references


def _text(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _encodable(value: Json) -> Json:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value


# -- TOML -------------------------------------------------------------------------------------------------------------


def _toml(tables: Mapping[str, Mapping[str, Json]]) -> str:
    """The manifest as TOML, each value on a line of its own, so that a change is seen where it is."""
    lines = [HEADER, f"version = {VERSION}\n"]
    for name, table in tables.items():
        heading = toml_path(("integrations", name))
        lines.append(f"\n[{heading}]\n")
        lines += [f"{key} = {_top_value(value)}\n" for key, value in table.items() if key != "credentials"]
        if "credentials" in table:
            lines.append(f"\n[{heading}.credentials]\n")
            lines += [f"{toml_path((key,))} = {_one_line(value)}\n" for key, value in table["credentials"].items()]
    return "".join(lines)


def _top_value(value: Json) -> str:
    if isinstance(value, list) and value and _fits(value):
        return "[\n" + "".join(f"  {_inline(item)},\n" for item in value) + "]"
    return _one_line(value)


def _one_line(value: Json) -> str:
    return _inline(value if _fits(value) else {"json": json.dumps(value, ensure_ascii=False)})


def _fits(value: Json) -> bool:
    """Whether TOML can hold a decoded JSON value: it has no null, and integers of 64 bits."""
    if isinstance(value, dict):
        return all(_fits(item) for item in value.values())
    if isinstance(value, list):
        return all(_fits(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return -_LARGEST_INTEGER <= value < _LARGEST_INTEGER
    return value is not None


def _inline(value: Json) -> str:
    """A value on one line."""
    import tomli_w

    if isinstance(value, dict):
        members = ", ".join(f"{toml_path((key,))} = {_inline(item)}" for key, item in value.items())
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_inline(item) for item in value)}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").removesuffix("\n")
