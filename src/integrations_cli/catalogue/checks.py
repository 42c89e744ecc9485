"""Checks a draft against the catalogue before it is sent: servers accept most mistakes silently."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import CredentialField, Provider, credential_type
from integrations_cli.catalogue.suggest import nearest, nearest_named
from integrations_cli.errors import InputError
from integrations_cli.models import FIELDS, Credential, Draft, Json

_OBJECT_ID: Final = r"[0-9a-fA-F]{24}"


def check_draft(draft: Draft, *, skip: bool = False) -> tuple[Draft, tuple[str, ...]]:
    """Return the draft with its channel filled in, and hints about it.

    With `skip` the catalogue is not asked, and only what no request can contain is refused.

    Raises:
        InputError: Everything that is wrong: one finding each in `details`, joined in the message.
    """
    provider = catalogue.find(draft.provider) if draft.provider else None
    if provider is not None and not draft.channel:
        draft = draft._replace(channel=provider.channel)
    findings = [*_incomplete(draft, skip=skip), *_unsendable(draft)]
    if not skip:
        findings += _mistaken(draft, provider)
    if findings:
        raise InputError.of(findings, hint=_hint(draft, provider, skip=skip))
    needed = () if skip or provider is None else missing_credentials(provider, tuple(draft.credentials))
    if not needed:
        return draft, ()
    return draft, (f"still needed before {draft.provider} can be activated: {describe_fields(needed)}",)


def missing_credentials(provider: Provider, given: Sequence[str]) -> list[CredentialField]:
    """Return the required credentials of the provider that are not in `given`."""
    return [field for field in provider.credentials if field.required and field.key not in given]


def describe_fields(fields: Sequence[CredentialField]) -> str:
    """Return the keys with their labels, and their usual values where there are any."""
    return ", ".join(
        f"{field.key} ({field.label}{f'; usually {field.default}' if field.default is not None else ''})"
        for field in fields
    )


def suggest_providers(word: str) -> str:
    """Return ` (did you mean …?)` with the providers closest to `word`, or nothing."""
    names = {provider.id: provider.name for provider in catalogue.providers()}
    near = nearest_named(word, {provider_id: (provider_id, name) for provider_id, name in names.items()})
    return _suggestion(name if nearest(word, (name,)) else f"{name} ({names[name]})" for name in near)


def suggest_channels(word: str) -> str:
    """Return ` (did you mean …?)` with the closest channel, or nothing."""
    return _suggestion(nearest(word, catalogue.channels(), 1))


def _hint(draft: Draft, provider: Provider | None, *, skip: bool) -> str | None:
    if not draft.provider:
        return "pass --provider; integrations providers list shows all"
    if skip:
        return None if draft.channel else f"pass --channel: {', '.join(catalogue.channels())}"
    shows = "list shows all" if provider is None else f"show {provider.id} shows its credentials"
    return f"integrations providers {shows}; --skip-validation turns these checks off"


def _incomplete(draft: Draft, *, skip: bool) -> Iterator[str]:
    if not draft.provider:
        yield "provider: is missing"
    elif skip and not draft.channel:
        yield f"channel: is missing, and the catalogue does not have the provider {draft.provider!r}"


def _unsendable(draft: Draft) -> Iterator[str]:
    names = {field.wire: field.name.replace("_", "-") for field in FIELDS}
    for wire, value in draft.values.items():
        for path, problem in json_findings(value, names.get(wire, wire)):
            steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
            yield f"{steps.removeprefix('.')}: {problem}"


def json_findings(value: Json, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what JSON cannot hold in a decoded value, each as a path and a message without the value.

    That is dates, NaN and infinity, and lone surrogates.
    """
    if isinstance(value, str):
        if not is_encodable(value):
            yield path, "is not valid Unicode text"
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield path, "is not a number that JSON has"
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not is_encodable(key):
                yield path, "has a key that is not valid Unicode text"
            else:
                yield from json_findings(item, *path, key)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from json_findings(item, *path, index)
    elif value is not None and not isinstance(value, bool | int):
        yield path, "is a date or a time, which JSON does not have: put it in quotes"


def is_encodable(text: str) -> bool:
    """Return whether the text can be written as UTF-8."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _mistaken(draft: Draft, provider: Provider | None) -> Iterator[str]:
    if draft.provider and provider is None:
        yield f"provider: the catalogue has no {draft.provider!r}{suggest_providers(draft.provider)}"
    if draft.channel:
        yield from _wrong_channel(draft.channel, provider)
    if draft.environment_id is not None and not re.fullmatch(_OBJECT_ID, draft.environment_id):
        yield "environment-id: is not an id (24 digits from 0 to 9 and a to f)"
    for name, text in (("name", draft.name), ("identifier", draft.identifier)):
        if text == "":
            yield f"{name}: is empty"
    for key, credential in draft.credentials.items():
        if provider is not None and provider.field(key) is None:
            yield _unknown_key(provider, key)
        else:
            yield from _wrong_value(provider, key, credential)
    if provider is not None and (draft.active or draft.check):
        needed = missing_credentials(provider, tuple(draft.credentials))
        if needed:
            purpose = "to be active" if draft.active else "to be checked"
            yield f"credentials: {provider.id} needs more {purpose}: {describe_fields(needed)}"


def _wrong_channel(channel: str, provider: Provider | None) -> Iterator[str]:
    if provider is not None and channel != provider.channel:
        yield f"channel: {provider.id} is a provider for {provider.channel}, not for {channel!r}"
    elif channel not in catalogue.channels():
        known = ", ".join(catalogue.channels())
        yield f"channel: there is no {channel!r}{suggest_channels(channel)}; the channels are {known}"


def _unknown_key(provider: Provider, key: str) -> str:
    near = nearest_named(key, {field.key: (field.key, field.label) for field in provider.credentials})
    fate = ", only other providers do" if key in catalogue.credential_keys() else "; the server would ignore it"
    return f"credentials.{key}: {provider.id} has no such credential{_suggestion(near)}{fate}"


def _wrong_value(provider: Provider | None, key: str, credential: Credential) -> Iterator[str]:
    value = credential.value
    field = provider.field(key) if provider is not None else None
    if value is None:
        yield f"credentials.{key}: is null; leave it out instead"
    elif field is None:
        problem = credential_type(key).problem(value)
        if problem is not None:
            yield f"credentials.{key}: {problem}"
    else:
        hidden = credential.masked or field.secret
        problem = field.problem(value, show_value=not hidden)
        if problem is not None:
            known = [choice for choice in field.choices if choice is not None]
            near = nearest(value, known, 1) if isinstance(value, str) and known and not hidden else []
            yield f"credentials.{key}: {problem}{_suggestion(near)}"


def _suggestion(near: Iterable[str]) -> str:
    words = list(near)
    if not words:
        return ""
    *most, last = words
    return f" (did you mean {', '.join(most)}{' or ' if most else ''}{last}?)"
