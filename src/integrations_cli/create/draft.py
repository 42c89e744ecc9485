"""Builds the draft of an integration from a file and from flags; flags override the file field by field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.inputs.decode import (
    FILE_LIMITS,
    DecodeError,
    check_size,
    decode_utf8,
    load_json,
    load_toml,
    read_bytes,
    type_name,
)
from integrations_cli.inputs.fields import condition_findings, field_findings, known_fields
from integrations_cli.models import FIELDS, Draft, Json

LARGEST_FILE: Final = 4 * 1024 * 1024
"""No file that describes an integration is bigger; the API takes bodies of at most 100 KiB."""

_CONDITION = r"(?s)(?P<on>[A-Za-z][A-Za-z0-9]*)\.(?P<field>[^=!]+?)(?P<not>!?)=(?P<value>.*)"


class DraftInputs(NamedTuple):
    """What the flags of `create` and `update` give of an integration; None and empty mean "not given"."""

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

    @property
    def words(self) -> list[str]:
        """Return the words of a command line that give the same."""
        pairs = [
            ("--from-file", self.from_file),
            ("--provider", self.provider),
            ("--channel", self.channel),
            ("--name", self.name),
            ("--identifier", self.identifier),
            ("--environment-id", self.environment_id),
            ("--credentials-file", self.credentials_file),
            *(("--credential", text) for text in self.credentials),
            ("--active" if self.active else "--inactive", None if self.active is None else ""),
            ("--check" if self.check else "--no-check", None if self.check is None else ""),
            ("--conditions-file", self.conditions_file),
            *(("--condition", text) for text in self.conditions),
            *(("--extra", text) for text in self.extra),
        ]
        return [word for flag, value in pairs if value is not None for word in ((flag, value) if value else (flag,))]


def build_draft(inputs: DraftInputs, reader: ValueReader) -> Draft:
    """Return the draft that the inputs describe; credentials are merged key by key.

    Raises:
        InputError: A file or a flag cannot be understood; the message says which, and where in it.
    """
    draft = _from_file(inputs.from_file, reader) if inputs.from_file is not None else Draft()
    draft = draft._replace(
        provider=_given("--provider", inputs.provider, draft.provider),
        channel=_given("--channel", inputs.channel, draft.channel),
        name=_given("--name", inputs.name, draft.name),
        identifier=_given("--identifier", inputs.identifier, draft.identifier),
        environment_id=_given("--environment-id", inputs.environment_id, draft.environment_id),
        active=draft.active if inputs.active is None else inputs.active,
        check=draft.check if inputs.check is None else inputs.check,
    )
    credentials = dict(draft.credentials)
    if inputs.credentials_file is not None:
        where = f"--credentials-file {inputs.credentials_file}"
        document, folder = _document(inputs.credentials_file, where, reader)
        credentials |= reader.document(document, folder, draft.provider)
    credentials |= reader.assignments(inputs.credentials, draft.provider)
    conditions = draft.conditions
    if inputs.conditions_file is not None and inputs.conditions:
        raise InputError(
            "--conditions-file and --condition exclude each other", hint="put all conditions into one of them"
        )
    if inputs.conditions_file is not None:
        where = f"--conditions-file {inputs.conditions_file}"
        conditions = _conditions(_decoded(inputs.conditions_file, where, reader)[0], where)
    if inputs.conditions:
        conditions = _group(inputs.conditions)
    extra = {**draft.extra, **_extra(inputs.extra)}
    return draft._replace(credentials=credentials, conditions=conditions, extra=extra)


def _given(flag: str, value: str | None, otherwise: str | None) -> str | None:
    """Return the value of a flag, or `otherwise` if the flag is not given."""
    if value is None:
        return otherwise
    if not value.strip():
        raise InputError(f"{flag} is empty", hint="leave the flag out, or give it a value")
    return value


def _from_file(name: str, reader: ValueReader) -> Draft:
    """Return the draft in a file, read strictly: every field is known and of its type."""
    document, folder = _document(name, f"--from-file {name}", reader)
    known = known_fields("create")
    file = "standard input" if name == "-" else name
    findings = [f"{file}: {_path_text(path)}: {problem}" for path, problem in field_findings(document, known)]
    if findings:
        hint = f"the fields are {', '.join(known)}; any other can be sent with --extra KEY=JSON"
        raise InputError.of(findings, hint=hint)
    credentials = reader.document(document.get("credentials", {}), folder, document.get("providerId"))
    return Draft.from_values(document, credentials)


def _path_text(path: Sequence[str | int]) -> str:
    return str(path[0]) + "".join(f"[{step}]" for step in path[1:])


def _document(name: str, where: str, reader: ValueReader) -> tuple[dict[str, Json], Path | None]:
    """Return the object in a file, and the folder that relative paths in it start from."""
    decoded, folder = _decoded(name, where, reader)
    if not isinstance(decoded, dict):
        raise InputError(f"{where}: must hold an object, not {type_name(decoded)}")
    return decoded, folder


def _decoded(name: str, where: str, reader: ValueReader) -> tuple[Json, Path | None]:
    """Return what a JSON or (by its ending) TOML file holds, and its folder; `-` is JSON on standard input."""
    path = None if name == "-" else Path(name)
    try:
        text = _text(
            check_size(reader.read_stdin(where), LARGEST_FILE) if path is None else read_bytes(path, LARGEST_FILE)
        )
        is_toml = path is not None and path.suffix.lower() == ".toml"
        decoded = load_toml(text, FILE_LIMITS) if is_toml else load_json(text, FILE_LIMITS, unique_keys=True)
    except DecodeError as error:
        raise InputError(f"{where}: {error}", hint=error.hint) from None
    return decoded, None if path is None else path.parent


def _text(content: bytes) -> str:
    text = decode_utf8(content)
    if not text.strip():
        raise DecodeError("it is empty", hint='it takes an object such as {"providerId": "mailgun"}')
    return text


def _conditions(value: Json, where: str) -> list[Json]:
    """Return the conditions in a file: a list, or a table with `conditions`, since TOML has no list at its top."""
    if isinstance(value, dict) and value.keys() == {"conditions"}:
        value = value["conditions"]
    findings = [f"{where}: {_path_text(path)}: {problem}" for path, problem in condition_findings(value)]
    if findings:
        raise InputError.of(findings)
    return list(value)


def _group(texts: Sequence[str]) -> list[Json]:
    """Return `ON.FIELD=VALUE` texts as one group of conditions that must all hold, as the dashboard writes it."""
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
        flag = next((field.flag for field in FIELDS if field.wire == key), None)
        if flag is not None:
            raise InputError(f"--extra {key}: this field has a flag of its own", hint=f"use {flag}")
        if not value.strip():
            raise InputError(
                f"--extra {key} has no value", hint=f"""write JSON: --extra '{key}="text"', or {key}=true"""
            )
        try:
            given[key] = load_json(value, FILE_LIMITS, unique_keys=True)
        except DecodeError as error:
            raise InputError(f"--extra {key}: {error}", hint=error.hint) from None
    return given
