"""A manifest: what an environment should be, in TOML or in JSON, read strictly.

    version = 1
    [integrations.mailgun-main]            # the identifier
    provider = "mailgun"
    active = true
    primary = true
    credentials = { apiKey = { env = "MAILGUN_KEY" }, user = "api", domain = "mg.acme.io" }

Only `provider` must be there. What is not said is left as it is; for an integration that is created it is what servers
do by default: inactive, unchecked, under the provider's name. `channel` follows from the provider. `credentials` are
all of an integration's credentials, since servers replace them as a whole. Secrets stay references here: `resolve`
opens them.

Several files, or a folder of them, are one manifest. Nothing that is wrong is reported alone: one InputError has every
finding, each with its file and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_values import ValueReader, is_reference
from integrations_cli.inputs.decode import type_name
from integrations_cli.manifests.documents import Source, parse_document, read_sources
from integrations_cli.manifests.entries import Entry, read_entry
from integrations_cli.models import Credential, Json


@dataclass(frozen=True)
class ResolvedEntry:
    """An entry whose references are opened: `credentials` are ready for the wire.

    `unresolved` has a message for each credential that cannot be had now, and is then not in `credentials`; None as
    credentials means "not said".
    """

    entry: Entry
    credentials: Mapping[str, Credential] | None = field(default=None, repr=False)
    unresolved: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What an environment should be: the entries by identifier, in the order of the files."""

    entries: Mapping[str, Entry]


def load(names: Sequence[str], reader: ValueReader) -> Manifest:
    """The manifest in these files: TOML, JSON by the ending `.json`, folders of both, or `-` for standard input.

    Raises:
        InputError: Everything that is wrong with the files.
    """
    return parse([source for name in names for source in read_sources(name, reader)])


def parse(texts: Sequence[Source]) -> Manifest:
    """The manifest that these texts make together.

    Raises:
        InputError: Everything that is wrong with them.
    """
    findings: list[str] = []
    entries: dict[str, Entry] = {}
    seen: dict[str, Source] = {}
    for source in texts:
        decoded = parse_document(source, findings)
        for identifier, table in _tables(source, decoded, findings) if decoded is not None else ():
            known = read_entry(source, identifier, table, findings)
            earlier = seen.setdefault(identifier, source)
            if earlier is not source:
                place = f"{earlier.name}:{earlier.line('integrations', identifier)}"
                findings.append(f"{source.at('integrations', identifier)}: is in {place} already")
            elif known is not None:
                entries[identifier] = known
    findings += _primaries(entries)
    if findings:
        raise InputError.of(findings, hint="nothing was sent; a manifest is described under `integrations plan --help`")
    return Manifest(entries)


def resolve_references(manifest: Manifest, reader: ValueReader) -> list[ResolvedEntry]:
    """The entries with every reference opened, each file, variable and command read once.

    A reference that cannot be opened is noted in its entry: whether that matters depends on what is to be sent.

    Raises:
        InputError: Values that can never be sent, such as an empty text.
    """
    findings: list[str] = []
    opened: dict[str, Credential | InputError] = {}
    desired = [_resolved(entry, reader, opened, findings) for entry in manifest.entries.values()]
    if findings:
        raise InputError.of(findings)
    return desired


def _tables(
    source: Source, decoded: Mapping[str, Json], findings: list[str]
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    tables = decoded.get("integrations", {})
    if not isinstance(tables, dict):
        findings.append(f"{source.at('integrations')}: must be a table, not {type_name(tables)}")
        return
    for identifier, table in tables.items():
        if not identifier.strip():
            findings.append(f"{source.at('integrations', identifier)}: the identifier is empty")
        elif not isinstance(table, dict):
            findings.append(f"{source.at('integrations', identifier)}: must be a table, not {type_name(table)}")
        else:
            yield identifier, table


def _primaries(entries: Mapping[str, Entry]) -> Iterator[str]:
    """A finding for each entry that wants to be primary where an earlier one is."""
    first: dict[str, Entry] = {}
    for entry in entries.values():
        if entry.primary and entry.channel is not None:
            earlier = first.setdefault(entry.channel, entry)
            if earlier is not entry:
                line = earlier.source.line("integrations", earlier.identifier, "primary")
                place = f"{earlier.identifier} ({earlier.source.name}:{line})"
                yield f"{entry.at('primary')}: the primary one of {entry.channel} is {place} already"


# -- references -------------------------------------------------------------------------------------------------------


def _resolved(
    entry: Entry, reader: ValueReader, opened: dict[str, Credential | InputError], findings: list[str]
) -> ResolvedEntry:
    if entry.credentials is None:
        return ResolvedEntry(entry)
    credentials: dict[str, Credential] = {}
    unresolved: dict[str, str] = {}
    for key, value in entry.credentials.items():
        try:
            if is_reference(value) and credential_type(key).takes_references:
                credentials[key] = _opened(entry, key, value, reader, opened)
            else:
                credentials[key] = reader.document_value(key, value, entry.source.folder, entry.provider)
        except InputError as error:
            reason = error.message.partition(": ")[2] or error.message
            if is_reference(value):
                unresolved[key] = reason
            else:
                findings.append(f"{entry.at('credentials', key)}: {reason}")
    return ResolvedEntry(entry, credentials, unresolved)


def _opened(
    entry: Entry,
    key: str,
    reference: Mapping[str, Json],
    reader: ValueReader,
    opened: dict[str, Credential | InputError],
) -> Credential:
    """The value of a reference; the same one (of the same kind of key) is read once for the whole manifest."""
    ((kind, named),) = reference.items()
    folder = str(entry.source.folder) if kind == "file" else ""
    known_as = f"{credential_type(key).name}\0{kind}\0{folder}\0{named}"
    known = opened.get(known_as)
    if known is None:
        try:
            known = reader.document_value(key, dict(reference), entry.source.folder, entry.provider)
        except InputError as error:
            known = error
        opened[known_as] = known
    if isinstance(known, InputError):
        raise known
    return known
