"""Reads a manifest: what an environment should be, in TOML or in JSON.

    version = 1
    [integrations.mailgun-main]            # the identifier
    provider = "mailgun"
    active = true
    primary = true
    credentials = { apiKey = { env = "MAILGUN_KEY" }, user = "api", domain = "mg.acme.io" }

Only `provider` is required. A field that is not given keeps its value; a new integration gets the default of servers:
inactive, unchecked, named like its provider. `channel` follows from the provider. `credentials` are all of an
integration's credentials, since servers replace them as a whole. Secrets stay references until `resolve_references`.

Several files, or a folder of them, are one manifest. One InputError has every finding, each with its file and line.
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
    """An entry with the values of its references.

    `credentials` are ready to be sent; None if the entry gives none. A reference without a value is not in it: there
    `unresolved` has a message for its key.
    """

    entry: Entry
    credentials: Mapping[str, Credential] | None = field(default=None, repr=False)
    unresolved: Mapping[str, str] = field(default_factory=dict)

    def unresolved_findings(self) -> list[str]:
        """Return a message with its place for each reference without a value."""
        return [f"{self.entry.at('credentials', key)}: {reason}" for key, reason in self.unresolved.items()]


def load(names: Sequence[str], reader: ValueReader) -> dict[str, Entry]:
    """Return the entries in these files by identifier, in their order.

    A file is TOML, JSON by the ending `.json`, a folder of both, or `-` (standard input).

    Raises:
        InputError: Everything that is wrong with the files.
    """
    return parse([source for name in names for source in read_sources(name, reader)])


def parse(sources: Sequence[Source]) -> dict[str, Entry]:
    """Return the entries of the manifest that these files make together, by identifier.

    Raises:
        InputError: Everything that is wrong with them.
    """
    findings: list[str] = []
    entries: dict[str, Entry] = {}
    first_sources: dict[str, Source] = {}
    for source in sources:
        document = parse_document(source, findings)
        for identifier, table in _tables(source, document, findings) if document is not None else ():
            entry = read_entry(source, identifier, table, findings)
            first = first_sources.setdefault(identifier, source)
            if first is not source:
                place = f"{first.name}:{first.line('integrations', identifier)}"
                findings.append(f"{source.at('integrations', identifier)}: is already in {place}")
            elif entry is not None:
                entries[identifier] = entry
    findings += _second_primaries(entries)
    if findings:
        raise InputError.of(findings, hint="nothing was sent; integrations plan --help describes manifests")
    return entries


def _tables(
    source: Source, document: Mapping[str, Json], findings: list[str]
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield the tables under `integrations` with their identifiers; what is none is added to `findings`."""
    tables = document.get("integrations", {})
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


def _second_primaries(entries: Mapping[str, Entry]) -> Iterator[str]:
    """Yield a finding for each entry that wants to be primary in a channel where an earlier entry does."""
    first: dict[str, Entry] = {}
    for entry in entries.values():
        if entry.primary and entry.channel is not None:
            earlier = first.setdefault(entry.channel, entry)
            if earlier is not entry:
                line = earlier.source.line("integrations", earlier.identifier, "primary")
                place = f"{earlier.identifier} ({earlier.source.name}:{line})"
                yield f"{entry.at('primary')}: {place} is already the primary one of {entry.channel}"


def resolve_references(entries: Mapping[str, Entry], reader: ValueReader) -> list[ResolvedEntry]:
    """Return the entries with the values of their references; each file, variable and command is read once.

    A reference without a value is noted in its entry: whether that matters depends on what is to be sent.

    Raises:
        InputError: Values that can never be sent, such as an empty text.
    """
    findings: list[str] = []
    cache: _Cache = {}
    resolved = [_resolve(entry, reader, cache, findings) for entry in entries.values()]
    if findings:
        raise InputError.of(findings)
    return resolved


_Cache = dict[tuple[str, ...], Credential | InputError]
"""The value of each reference, or why it has none."""


def _resolve(entry: Entry, reader: ValueReader, cache: _Cache, findings: list[str]) -> ResolvedEntry:
    if entry.credentials is None:
        return ResolvedEntry(entry)
    credentials: dict[str, Credential] = {}
    unresolved: dict[str, str] = {}
    for key, value in entry.credentials.items():
        try:
            credentials[key] = _read_value(entry, key, value, reader, cache)
        except InputError as error:
            reason = error.message.partition(": ")[2] or error.message
            if is_reference(value):
                unresolved[key] = reason
            else:
                findings.append(f"{entry.at('credentials', key)}: {reason}")
    return ResolvedEntry(entry, credentials, unresolved)


def _read_value(entry: Entry, key: str, value: Json, reader: ValueReader, cache: _Cache) -> Credential:
    """Return a credential; the same reference is read once for all keys of one type."""
    value_type = credential_type(key)
    if not (value_type.takes_references and is_reference(value)):
        return reader.document_value(key, value, entry.source.folder, entry.provider)
    ((kind, target),) = value.items()
    folder = str(entry.source.folder) if kind == "file" else ""
    cache_key = (value_type.name, kind, folder, repr(target))
    if cache_key not in cache:
        try:
            cache[cache_key] = reader.document_value(key, value, entry.source.folder, entry.provider)
        except InputError as error:
            cache[cache_key] = error
    cached = cache[cache_key]
    if isinstance(cached, InputError):
        raise cached
    return cached
