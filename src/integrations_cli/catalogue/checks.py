"""What the catalogue has to say about a draft before it is sent: servers accept most mistakes in silence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.suggest import nearest, nearest_named
from integrations_cli.errors import InputError
from integrations_cli.models import Credential, CredentialField, Draft, Json, Provider

_OBJECT_ID: Final = r"[0-9a-fA-F]{24}"
_REFERENCES: Final = frozenset({"env", "file", "command"})


def check_draft(draft: Draft, *, skip: bool = False) -> tuple[Draft, tuple[str, ...]]:
    """The draft with its channel filled in, and hints about it; nothing is sent and nothing else is changed.

    With `skip` the catalogue has no word, and only what no request can hold is refused.

    Raises:
        InputError: All that is wrong, one finding a line in `details`, joined in the message.
    """
    provider = catalogue.find(draft.provider) if draft.provider else None
    if provider is not None and not draft.channel:
        draft = draft._replace(channel=provider.channel)
    findings = [*_incomplete(draft, skip=skip), *_unsendable(draft)]
    if not skip:
        findings += _mistaken(draft, provider)
    if findings:
        raise InputError.of(findings, hint=_hint(draft, provider, skip=skip))
    return draft, () if skip or provider is None else tuple(_notes(draft, provider))


def missing_credentials(provider: Provider, given: Sequence[str]) -> list[CredentialField]:
    """The credentials that `provider` needs before it can deliver, without those in `given`."""
    return [field for field in provider.credentials if field.required and field.key not in given]


def describe_fields(fields: Sequence[CredentialField]) -> str:
    """Credentials in words: each key with its label, and its usual value where there is one."""
    return ", ".join(
        f"{field.key} ({field.label}{f'; usually {field.default}' if field.default is not None else ''})"
        for field in fields
    )


def suggest_providers(word: str) -> str:
    """A suggestion of the providers that `word` may have been meant to be, in brackets, or nothing."""
    names = catalogue.provider_names()
    near = nearest_named(word, {provider_id: (provider_id, name) for provider_id, name in names.items()})
    return _suggestion(name if nearest(word, (name,)) else f"{name} ({names[name]})" for name in near)


def suggest_channels(word: str) -> str:
    """The same for channels."""
    return _suggestion(nearest(word, catalogue.channels(), 1))


def _hint(draft: Draft, provider: Provider | None, *, skip: bool) -> str | None:
    if not draft.provider:
        return "name it with --provider; integrations providers list shows them all"
    if skip:
        return None if draft.channel else f"name it with --channel: {', '.join(catalogue.channels())}"
    shows = "list shows them all" if provider is None else f"show {provider.id} shows what it takes"
    return f"integrations providers {shows}; --skip-validation sends what the catalogue does not know"


def _notes(draft: Draft, provider: Provider) -> Iterator[str]:
    needed = missing_credentials(provider, tuple(draft.credentials))
    if needed:
        yield f"still needed before {provider.id} can be activated: {describe_fields(needed)}"


# -- what no request can hold -----------------------------------------------------------------------------------------


def _incomplete(draft: Draft, *, skip: bool) -> Iterator[str]:
    if not draft.provider:
        yield "provider: none is given"
    elif skip and not draft.channel:
        yield f"channel: none is given, and the catalogue does not know the provider {draft.provider!r}"


def _unsendable(draft: Draft) -> Iterator[str]:
    for where, text in (
        ("provider", draft.provider),
        ("channel", draft.channel),
        ("name", draft.name),
        ("identifier", draft.identifier),
        ("environment-id", draft.environment_id),
    ):
        yield from _unencodable(where, text)
    for key, credential in draft.credentials.items():
        yield from _unencodable(f"credentials.{key}", credential.value)
    yield from _unencodable("conditions", draft.conditions)
    for key, value in draft.extra.items():
        yield from _unencodable(key, value)


def _unencodable(where: str, value: Json) -> Iterator[str]:
    """Why JSON cannot hold `value`, with the path to it; the value itself is never shown."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield f"{where}: is not valid Unicode text"
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield f"{where}: is not a number that JSON has"
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unencodable(where, key) if isinstance(key, str) else (f"{where}: has a key that is not text",)
            yield from _unencodable(f"{where}.{key}", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _unencodable(f"{where}[{index}]", item)
    elif value is not None and not isinstance(value, (bool, int)):
        yield f"{where}: is a date or a time, which JSON does not have; write it in quotes"


# -- what the catalogue knows better ----------------------------------------------------------------------------------


def _mistaken(draft: Draft, provider: Provider | None) -> Iterator[str]:
    if draft.provider and provider is None:
        yield f"provider: the catalogue has no {draft.provider!r}{suggest_providers(draft.provider)}"
    if draft.channel:
        yield from _wrong_channel(draft.channel, provider)
    if draft.environment_id is not None and not re.fullmatch(_OBJECT_ID, draft.environment_id):
        yield "environment-id: is not an id (24 digits from 0 to 9 and a to f)"
    for field in ("name", "identifier"):
        if getattr(draft, field) == "":
            yield f"{field}: is empty"
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
        yield f"channel: {provider.id} delivers for {provider.channel}, not for {channel!r}"
    elif channel not in catalogue.channels():
        known = ", ".join(catalogue.channels())
        yield f"channel: there is no {channel!r}{suggest_channels(channel)}; it is {known}"


def _unknown_key(provider: Provider, key: str) -> str:
    near = nearest_named(key, {field.key: (field.key, field.label) for field in provider.credentials})
    fate = (
        ", only other providers do" if key in catalogue.credential_keys() else "; the server would drop it in silence"
    )
    return f"credentials.{key}: {provider.id} has no such credential{_suggestion(near)}{fate}"


def _wrong_value(provider: Provider | None, key: str, credential: Credential) -> Iterator[str]:
    where, value = f"credentials.{key}", credential.value
    if value is None:
        yield f"{where}: is null; leave it out instead"
    elif key in catalogue.BOOLEAN_KEYS:
        if not isinstance(value, bool):
            yield f"{where}: must be true or false{', without quotes' if value in ('true', 'false') else ''}"
    elif key in catalogue.OBJECT_KEYS:
        if not isinstance(value, dict):
            yield f"{where}: must be a JSON object{_why_no_object(value)}"
    elif not isinstance(value, str):
        yield f"{where}: must be text{_why_no_text(value)}"
    elif not value:
        yield f"{where}: is empty"
    else:
        yield from _no_choice(provider, key, credential)


def _no_choice(provider: Provider | None, key: str, credential: Credential) -> Iterator[str]:
    field = provider.field(key) if provider is not None else None
    if provider is None or field is None or not field.choices or credential.value in field.choices:
        return
    choices = [choice for choice in field.choices if choice is not None]
    hidden = credential.concealed or catalogue.is_secret(provider.id, key)
    shown = "its value" if hidden else repr(credential.value)
    meant = "" if hidden else _suggestion(nearest(credential.value, choices, 1))
    omitted = ", or left out" if None in field.choices else ""
    yield f"credentials.{key}: {shown} is not one of {', '.join(choices)}{omitted}{meant}"


def _why_no_object(value: Json) -> str:
    if not isinstance(value, str):
        return ""
    try:
        decoded = json.loads(value)
    except json.JSONDecodeError as error:
        return f": {error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno}, column {error.colno})"
    except (ValueError, RecursionError):
        return ""
    return ", without quotes around it" if isinstance(decoded, dict) else ""


def _why_no_text(value: Json) -> str:
    if isinstance(value, dict):
        if value and _REFERENCES.issuperset(value):
            return "; a reference is an object of exactly one key: env, file or command"
        return '; put an object in quotes, or in a file of its own: {"file": "PATH"}'
    return " in quotes"


def _suggestion(near: Iterable[str]) -> str:
    words = list(near)
    if not words:
        return ""
    *most, last = words
    return f" (did you mean {', '.join(most)}{' or ' if most else ''}{last}?)"
