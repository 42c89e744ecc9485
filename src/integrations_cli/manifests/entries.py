"""One integration of a manifest: a table read strictly, every key known and of its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import is_encodable, json_findings
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.inputs.credential_values import is_reference
from integrations_cli.inputs.decode import FILE_LIMITS, DecodeError, load_json, type_name
from integrations_cli.inputs.fields import Finding, Path, field_findings, known_fields
from integrations_cli.manifests.documents import Source
from integrations_cli.models import Json

if TYPE_CHECKING:
    from integrations_cli.inputs.line_numbers import Key

_KNOWN: Final = known_fields("manifest")
_JSON_KEYS: Final = frozenset(name for name, field in _KNOWN.items() if field.type in ("conditions", "json"))


@dataclass(frozen=True)
class Entry:
    """One integration as the manifest has it.

    `values` has its fields by their names in manifests, without `credentials`, which may still be references. A field
    that is not given is not in it; credentials that are not given are None.
    """

    identifier: str
    source: Source = field(repr=False, compare=False)
    values: Mapping[str, Json]
    credentials: Mapping[str, Json] | None = field(default=None, repr=False)

    @property
    def provider(self) -> str:
        """Return the provider's id."""
        return str(self.values.get("provider", ""))

    @property
    def channel(self) -> str | None:
        """Return the channel that is given, or else the channel of the provider; None if the catalogue has neither."""
        return self.values.get("channel")

    @property
    def name(self) -> str | None:
        """Return the name."""
        return self.values.get("name")

    @property
    def active(self) -> bool | None:
        """Return whether it is to be active."""
        return self.values.get("active")

    @property
    def primary(self) -> bool | None:
        """Return whether it is to be the primary one of its channel."""
        return self.values.get("primary")

    @property
    def check(self) -> bool:
        """Return whether the server is to check the credentials; not without being asked."""
        return bool(self.values.get("check"))

    def at(self, *path: Key) -> str:
        """Return `FILE:LINE: integrations.identifier.path`, the beginning of a message about this entry."""
        return self.source.at("integrations", self.identifier, *path)


def read_entry(source: Source, identifier: str, table: Mapping[str, Json], findings: list[str]) -> Entry | None:
    """Return the entry in a table; None if something is wrong with it, which is added to `findings`."""
    problems: list[Finding] = []
    if not is_encodable(identifier):
        problems.append(((), "the identifier is not valid Unicode text"))
    values = _read_values(table, problems)
    credentials = values.pop("credentials", None)
    if isinstance(credentials, dict):
        credentials = {key: _read_credential(key, value, problems) for key, value in credentials.items()}
    entry = Entry(identifier, source, values, credentials)
    if "provider" not in values:
        problems.append(((), "provider is missing"))
    elif not problems:
        problems += _primary_findings(entry)
    findings += [f"{entry.at(*path)}: {problem}" for path, problem in problems]
    return None if problems else entry


def _read_values(table: Mapping[str, Json], problems: list[Finding]) -> dict[str, Json]:
    """Return the fields, JSON in texts decoded and the channel filled in; what is wrong is added to `problems`."""
    values = {
        key: _decode_embedded(value, (key,), problems) if key in _JSON_KEYS else value for key, value in table.items()
    }
    problems += field_findings(values, _KNOWN)
    wrong = {path[0] for path, _ in problems if path}
    for key, value in values.items():
        if key not in wrong and key != "credentials":
            problems += json_findings(value, key)
    provider = catalogue.find(values["provider"]) if isinstance(values.get("provider"), str) else None
    if provider is not None:
        values.setdefault("channel", provider.channel)
    return values


def _primary_findings(entry: Entry) -> Iterator[Finding]:
    """Yield why an entry cannot be the primary one of its channel, if it wants to be."""
    if not entry.primary:
        return
    if entry.channel is not None and entry.channel not in catalogue.channels_with_primary():
        channels = " and ".join(catalogue.channels_with_primary())
        yield ("primary",), f"the channel {entry.channel} has no primary integration; {channels} have one"
    if entry.active is False:
        yield ("primary",), "only an active integration can be primary: set active = true, or leave primary out"
    if entry.values.get("conditions"):
        yield ("primary",), "an integration with conditions cannot be primary: servers would drop one of the two"


def _read_credential(key: str, value: Json, problems: list[Finding]) -> Json:
    """Return a credential, references as they are; what is wrong with it is added to `problems`."""
    path = ("credentials", key)
    value_type = credential_type(key)
    if value_type.takes_references and is_reference(value):
        problems += _reference_findings(value, path)
        return value
    if not value_type.takes_references:
        value = _decode_embedded(value, path, problems)
        problems += json_findings(value, *path)
    problem = value_type.problem(value)
    if problem is not None:
        problems.append((path, problem))
    return value


def _reference_findings(reference: Mapping[str, Json], path: Path) -> Iterator[Finding]:
    ((kind, target),) = reference.items()
    if kind != "command":
        if not isinstance(target, str) or not target:
            yield (*path, kind), f"must be a text that is not empty, not {type_name(target)}"
    elif not isinstance(target, list) or not target or not all(isinstance(word, str) for word in target):
        yield (*path, kind), "must be a list of texts, the program first"
    elif not target[0]:
        yield (*path, kind), "the first text must name the program"


def _decode_embedded(value: Json, path: Path, problems: list[Finding]) -> Json:
    """Return what the text in `{ json = "…" }` means: null and numbers beyond 64 bits, which TOML does not have.

    Any other value is returned as it is.
    """
    if not isinstance(value, dict) or set(value) != {"json"} or not isinstance(value["json"], str):
        return value
    try:
        return load_json(value["json"], FILE_LIMITS)
    except DecodeError:
        problems.append(((*path, "json"), "must hold valid JSON"))
        return value
