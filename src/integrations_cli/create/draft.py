"""Puts an integration together from what the user said: a file first, then the flags, field by field."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from integrations_cli.catalogue.suggest import nearest
from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.inputs.decode import FILE_LIMITS, LimitError, load_json, load_toml, type_name
from integrations_cli.models import Credential, Draft, Json

LARGEST_FILE: Final = 4 * 1024 * 1024
"""No file that describes an integration is bigger; the API takes bodies of at most 100 KiB."""

NEWER_FIELDS: Final = ("kind", "configurations", "rules")
"""Fields that current servers know beyond the documented ones; they are sent as they are."""

_TEXTS: Final = {
    "providerId": "provider",
    "channel": "channel",
    "name": "name",
    "identifier": "identifier",
    "_environmentId": "environment_id",
}
_FLAGS: Final = {
    "providerId": "provider",
    "_environmentId": "environment-id",
    "credentials": "credential",
    "conditions": "condition",
}
"""The flags that are not called like their field."""

_SWITCHES: Final = ("active", "check")
_FIELDS: Final = (*_TEXTS, "credentials", *_SWITCHES, "conditions")

_CONDITION = r"(?s)(?P<on>[A-Za-z][A-Za-z0-9]*)\.(?P<field>[^=!]+?)(?P<not>!?)=(?P<value>.*)"


class DraftInputs(NamedTuple):
    """Where an integration is described: files first, flags over them. None and empty mean "not said"."""

    from_file: str | None = None
    provider: str | None = None
    channel: str | None = None
    name: str | None = None
    identifier: str | None = None
    environment_id: str | None = None
    credentials: Sequence[str] = ()
    credentials_file: str | None = None
    active: bool | None = None
    check: bool | None = None
    conditions_file: str | None = None
    conditions: Sequence[str] = ()
    extra: Sequence[str] = ()

    def __repr__(self) -> str:
        """Return a text without credentials and extra fields, which may hold secrets."""
        return f"DraftInputs(provider={self.provider!r}, identifier={self.identifier!r})"


def build_draft(sources: DraftInputs, reader: ValueReader) -> Draft:
    """The draft that the sources describe; credentials are merged key by key.

    Raises:
        InputError: A file or a flag cannot be understood; the message says which, and where in it.
    """
    draft = _from_file(sources.from_file, reader) if sources.from_file is not None else Draft()
    said: dict[str, Json] = {
        name: value
        for name in _TEXTS.values()
        if (value := _not_empty(f"--{name.replace('_', '-')}", getattr(sources, name))) is not None
    }
    said |= {name: value for name in _SWITCHES if (value := getattr(sources, name)) is not None}
    draft = draft._replace(**said)
    credentials = dict(draft.credentials)
    if sources.credentials_file is not None:
        where = f"--credentials-file {sources.credentials_file}"
        document, folder = _document(sources.credentials_file, where, reader)
        credentials |= reader.document(document, folder, draft.provider)
    credentials |= reader.assignments(sources.credentials, draft.provider)
    conditions = draft.conditions
    if sources.conditions_file is not None and sources.conditions:
        raise InputError(
            "--conditions-file and --condition both say when it is used", hint="put all conditions in one of them"
        )
    if sources.conditions_file is not None:
        where = f"--conditions-file {sources.conditions_file}"
        conditions = _conditions(_decoded(sources.conditions_file, where, reader)[0], where)
    if sources.conditions:
        conditions = [*_group(sources.conditions)]
    extra = {**draft.extra, **_extra(sources.extra)}
    return draft._replace(credentials=credentials, conditions=conditions, extra=extra)


def _not_empty(flag: str, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise InputError(f"{flag} is empty", hint="leave the flag out, or give it a value")
    return value


# -- files ------------------------------------------------------------------------------------------------------------


def _from_file(name: str, reader: ValueReader) -> Draft:
    """The whole body out of a file, read strictly: every field is known and of its type."""
    document, folder = _document(name, f"--from-file {name}", reader)
    place = "standard input" if name == "-" else name
    findings: list[str] = []
    said: dict[str, Json] = {}
    extra: dict[str, Json] = {}
    for key, value in document.items():
        if key in _TEXTS:
            if not isinstance(value, str) or not value.strip():
                findings.append(f"{key}: must be a text that is not empty, not {_kind(value)}")
            said[_TEXTS[key]] = value
        elif key in _SWITCHES:
            if not isinstance(value, bool):
                findings.append(f"{key}: must be true or false, not {_kind(value)}")
            said[key] = value
        elif key in NEWER_FIELDS:
            extra[key] = value
        elif key == "credentials":
            if not isinstance(value, dict):
                findings.append(f"credentials: must be an object, not {_kind(value)}")
        elif key == "conditions":
            findings += _condition_findings(value)
            said["conditions"] = value
        else:
            near = nearest(key, (*_FIELDS, *NEWER_FIELDS), limit=1)
            meant = f": did you mean {near[0]}?" if near else ""
            findings.append(f"{key}: there is no such field{meant}")
    if findings:
        raise InputError.of(
            [f"{place}: {finding}" for finding in findings],
            hint=f"the fields are {', '.join(_FIELDS)}; any other can be sent with --extra KEY=JSON",
        )
    credentials: Mapping[str, Credential] = {}
    if "credentials" in document:
        credentials = reader.document(document["credentials"], folder, said.get("provider"))
    return Draft(credentials=credentials, extra=extra, **said)


def _document(name: str, where: str, reader: ValueReader) -> tuple[dict[str, Json], Path | None]:
    """A file that holds one object, and the folder that paths in it count from."""
    decoded, folder = _decoded(name, where, reader)
    if not isinstance(decoded, dict):
        raise InputError(f"{where}: must hold an object, not {_kind(decoded)}")
    return decoded, folder


def _decoded(name: str, where: str, reader: ValueReader) -> tuple[Json, Path | None]:
    """What a JSON file holds, or a TOML file by its ending; `-` is JSON on standard input."""
    if name == "-":
        return _json(_text(reader.read_stdin(where), where), where), None
    path = Path(name)
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        reason = "it is a folder" if os.path.isdir(path) else reason  # noqa: PTH112  # Path.is_dir may raise
        raise InputError(f"{where}: cannot read it: {reason}", hint="check the path; - is standard input") from None
    text = _text(content, where)
    return (_toml(text, where) if path.suffix.lower() == ".toml" else _json(text, where)), path.parent


def _text(content: bytes, where: str) -> str:
    if len(content) > LARGEST_FILE:
        raise InputError(f"{where}: it is bigger than 4 MiB: that is no integration")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: it is not UTF-8 text (byte {error.start + 1})", hint="save it as UTF-8") from None
    if not text.strip():
        raise InputError(f"{where}: it is empty", hint='it takes an object such as {"providerId": "mailgun"}')
    return text


def _json(text: str, where: str) -> Json:
    try:
        return load_json(text, FILE_LIMITS, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]}"
        raise InputError(f"{where}: not valid JSON: {reason} (line {error.lineno}, column {error.colno})") from None
    except ValueError as error:  # a name written twice, NaN, or a number of thousands of digits
        reason = str(error) if isinstance(error, _RefusedError | LimitError) else "a number in it is too long"
        raise InputError(f"{where}: not usable: {reason}") from None


class _RefusedError(ValueError):
    """JSON that Python reads and a server may not, or not alike; its text holds names only."""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _RefusedError(f"{name} is written twice in one object")
            seen.add(name)
    return members


def _no_constant(name: str) -> NoReturn:
    raise _RefusedError(f"{name} is not a JSON number")


def _toml(text: str, where: str) -> Json:
    import tomllib

    try:
        return load_toml(text, FILE_LIMITS)
    except tomllib.TOMLDecodeError as error:
        lines = text.split("\n")
        end = f"line {len(lines)}, column {len(lines[-1]) + 1}"
        # What the library says holds names of keys and single characters, never a value.
        reason = str(error).replace("(at end of document)", f"(at {end})").replace("(at ", "(")
        raise InputError(f"{where}: not valid TOML: {reason[:1].lower()}{reason[1:]}") from None
    except ValueError as error:
        reason = str(error) if isinstance(error, LimitError) else "a number in it is too long"
        raise InputError(f"{where}: not usable: {reason}") from None


def _kind(value: Json) -> str:
    return type_name(value, "an object")


# -- conditions and extras --------------------------------------------------------------------------------------------


def _conditions(value: Json, where: str) -> list[Json]:
    findings = _condition_findings(value)
    if findings:
        raise InputError.of([f"{where}: {finding}" for finding in findings])
    return list(value)


def _condition_findings(value: Json) -> list[str]:
    if not isinstance(value, list):
        return [f"conditions: must be a list, not {_kind(value)}"]
    return [
        f"conditions[{index}]: must be an object, not {_kind(item)}"
        for index, item in enumerate(value)
        if not isinstance(item, dict)
    ]


def _group(texts: Sequence[str]) -> list[Json]:
    """`ON.FIELD=VALUE` texts as one group of conditions that must all hold, as the dashboard writes it."""
    children = []
    for text in texts:
        match = re.fullmatch(_CONDITION, text)
        if match is None:
            raise InputError(
                f"--condition {text!r} is not of the form ON.FIELD=VALUE",
                hint="for example --condition tenant.identifier=acme, or tenant.identifier!=acme",
            )
        operator = "NOT_EQUAL" if match["not"] else "EQUAL"
        children.append({"field": match["field"], "value": match["value"], "operator": operator, "on": match["on"]})
    return [{"isNegated": False, "type": "GROUP", "value": "AND", "children": children}]


def _extra(texts: Sequence[str]) -> dict[str, Json]:
    given: dict[str, Json] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError("--extra is not of the form KEY=JSON", hint="""for example --extra 'kind="delivery"'""")
        if key in _FIELDS:
            raise InputError(f"--extra {key}: this field has a flag of its own", hint=f"use --{_FLAGS.get(key, key)}")
        given[key] = _json(value, f"--extra {key}") if value.strip() else _empty_extra(key)
    return given


def _empty_extra(key: str) -> NoReturn:
    raise InputError(f"--extra {key} has no value", hint=f"""write JSON: --extra '{key}="text"', or {key}=true""")
