"""One integration of a manifest: a table read strictly, every key known and of its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from integrations_cli import catalogue
from integrations_cli.inputs.credential_values import is_reference
from integrations_cli.inputs.decode import FILE_LIMITS, DecodeError, load_json, type_name
from integrations_cli.manifests.documents import Source, did_you_mean
from integrations_cli.models import Json

if TYPE_CHECKING:
    from integrations_cli.inputs.line_numbers import Key

NEWER_FIELDS: Final = ("kind", "configurations", "rules")
"""Fields that current servers know beyond the documented ones; they are sent as they are."""

_TEXTS: Final = ("provider", "channel", "name")
_SWITCHES: Final = ("active", "primary", "check")
_FIELDS: Final = (*_TEXTS, *_SWITCHES, "conditions", "credentials", *NEWER_FIELDS)


@dataclass(frozen=True)
class Entry:
    """One integration as the manifest has it. None means "not said"; credentials may still be references."""

    identifier: str
    provider: str
    source: Source = field(repr=False, compare=False)
    channel: str | None = None
    name: str | None = None
    active: bool | None = None
    primary: bool | None = None
    check: bool = False
    conditions: Sequence[Json] | None = None
    credentials: Mapping[str, Json] | None = field(default=None, repr=False)
    extra: Mapping[str, Json] = field(default_factory=dict)

    def at(self, *path: Key) -> str:
        """`FILE:LINE: integrations.identifier.path`, the beginning of a message about this entry."""
        return self.source.at("integrations", self.identifier, *path)


def read_entry(source: Source, identifier: str, table: Mapping[str, Json], findings: list[str]) -> Entry | None:
    """One table as an entry, or None when something is wrong with it, which is then added to `findings`."""
    before = len(findings)

    def wrong(message: str, *path: Key) -> None:
        findings.append(f"{source.at('integrations', identifier, *path)}: {message}")

    if not _encodable(identifier):
        wrong("the identifier is not valid Unicode text")
    said: dict[str, Json] = {}
    extra: dict[str, Json] = {}
    for key, value in table.items():
        if key in _TEXTS:
            if not isinstance(value, str) or not value.strip() or not _encodable(value):
                wrong(f"must be a text that is not empty, not {type_name(value)}", key)
            said[key] = value
        elif key in _SWITCHES:
            if not isinstance(value, bool):
                wrong(f"must be true or false, not {type_name(value)}", key)
            said[key] = value
        elif key == "credentials":
            said[key] = _credentials(value, wrong)
        elif key == "conditions" or key in NEWER_FIELDS:
            plain = _embedded(value, wrong, key)
            _check_json(plain, wrong, key)
            if key == "conditions":
                _check_conditions(plain, wrong)
                said[key] = plain
            else:
                extra[key] = plain
        else:
            wrong(f"there is no such key{did_you_mean(key, _FIELDS)}", key)
    if "provider" not in table:
        wrong("provider is missing")
    elif len(findings) == before:
        said.setdefault("channel", _channel_of(said["provider"]))
        _check_primary(said, wrong)
    if len(findings) > before:
        return None
    return Entry(identifier, source=source, extra=extra, **said)


def _channel_of(provider_id: str) -> str | None:
    provider = catalogue.find(provider_id)
    return provider.channel if provider is not None else None


def _check_primary(said: Mapping[str, Json], wrong: Callable[..., None]) -> None:
    channel = said["channel"]
    if not said.get("primary"):
        return
    if channel is not None and channel not in catalogue.channels_with_primary():
        known = " and ".join(catalogue.channels_with_primary())
        wrong(f"the channel {channel} has no primary one; {known} have", "primary")
    if said.get("active") is False:
        wrong("only an active integration can be the primary one: set active = true, or leave primary out", "primary")
    if said.get("conditions"):
        wrong("the primary one has no conditions: servers take one of the two away", "primary")


def _credentials(value: Json, wrong: Callable[..., None]) -> Json:
    """The credentials with references as they are, after complaining of what is not of its type."""
    if not isinstance(value, dict):
        wrong(f"must be a table, not {type_name(value)}", "credentials")
        return {}
    return {key: _credential(key, item, wrong) for key, item in value.items()}


def _credential(key: str, value: Json, wrong: Callable[..., None]) -> Json:
    if key in catalogue.OBJECT_KEYS:
        plain = _embedded(value, wrong, "credentials", key)
        if not isinstance(plain, dict):
            wrong(f"must be a table, not {type_name(plain)}", "credentials", key)
        _check_json(plain, wrong, "credentials", key)
        return plain
    if is_reference(value):
        _check_reference(value, wrong, key)
    elif key in catalogue.BOOLEAN_KEYS:
        if not isinstance(value, bool):
            wrong(f"must be true or false, without quotes, not {type_name(value)}", "credentials", key)
    elif isinstance(value, dict):
        wrong("must be a text, or a reference of one key: env, file or command", "credentials", key)
    elif not isinstance(value, str) or not value:
        reason = ": put it in quotes" if isinstance(value, (int, float)) else ""
        wrong(f"must be a text that is not empty, not {type_name(value)}{reason}", "credentials", key)
    return value


def _check_reference(reference: Mapping[str, Json], wrong: Callable[..., None], key: str) -> None:
    ((kind, named),) = reference.items()
    if kind == "command":
        if not isinstance(named, list) or not named or not all(isinstance(word, str) and word for word in named[:1]):
            wrong("must be a list of texts, the program first", "credentials", key, kind)
        elif not all(isinstance(word, str) for word in named):
            wrong("must be a list of texts", "credentials", key, kind)
    elif not isinstance(named, str) or not named:
        wrong(f"must be a text that is not empty, not {type_name(named)}", "credentials", key, kind)


def _check_conditions(value: Json, wrong: Callable[..., None]) -> None:
    if not isinstance(value, list):
        wrong(f"must be a list, not {type_name(value)}", "conditions")
        return
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            wrong(f"must be a table, not {type_name(item)}", "conditions", index)


def _embedded(value: Json, wrong: Callable[..., None], *path: Key) -> Json:
    """The value of `{ json = "…" }`, which holds what TOML cannot: null, and numbers beyond 64 bits."""
    if not isinstance(value, dict) or set(value) != {"json"} or not isinstance(value["json"], str):
        return value
    try:
        return load_json(value["json"], FILE_LIMITS)
    except DecodeError:
        wrong("must hold valid JSON", *path, "json")
        return value


def _check_json(value: Json, wrong: Callable[..., None], *path: Key) -> None:
    """Complain of what JSON cannot say: dates, NaN and infinity, lone surrogates."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not _encodable(key):
                wrong("is not valid Unicode text", *path)
            _check_json(item, wrong, *path, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_json(item, wrong, *path, index)
    elif isinstance(value, str):
        if not _encodable(value):
            wrong("is not valid Unicode text", *path)
    elif isinstance(value, float):
        if value - value != 0.0:
            wrong("is not a number that JSON has", *path)
    elif value is not None and not isinstance(value, (bool, int)):
        wrong("is a date or a time, which JSON does not have: put it in quotes", *path)


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
