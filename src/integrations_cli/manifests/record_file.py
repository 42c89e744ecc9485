"""Keeps records by name in a file of JSON lines that several processes may add to.

A line is one record; a later line replaces an earlier one of the same name. Lines are only appended, under a lock,
until too many of them are out of date; then the file is replaced as a whole. So no process loses what another one has
saved, and a process that is killed loses at most its last line. Lines that cannot be read are skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from integrations_cli.models import Json
from integrations_cli.settings.atomic_write import file_lock, replace_file

MAX_STALE_LINES: Final = 1000
"""Lines that are out of date, beyond as many as there are records, before the file is replaced."""


class Record(NamedTuple):
    """What is kept of one integration, or of one create whose outcome is unknown.

    `applied` and `exported` have a fingerprint for each field by its path (`credentials.apiKey`); in `exported` a
    reference without a value has None. `pending` is the idempotency key of the create, and the fingerprint of its body.
    """

    applied: Mapping[str, str] | None = None
    exported: Mapping[str, str | None] | None = None
    pending: tuple[str, str] | None = None


class RecordFile:
    """The records of one file. Writing raises OSError where that is not possible; reading never does."""

    def __init__(self, path: Path, *, read: bool = True) -> None:
        """Read the file, if there is one; with `read` false its records are left out."""
        self.path = path
        self._records, self._line_count = _read(path) if read else ({}, 0)
        self._batch: list[str] | None = None

    def get(self, name: str) -> Record | None:
        """Return the record of this name, or None."""
        return self._records.get(name)

    def put(self, records: Mapping[str, Record]) -> None:
        """Save these records; an empty one removes what is there."""
        lines = []
        for name, record in records.items():
            _put(self._records, name, record)
            lines.append(json.dumps([name, *record], separators=(",", ":")) + "\n")
        if self._batch is None:
            self._append(lines)
        else:
            self._batch += lines

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Write what is put inside of the block with one access to the file, at the end of the block."""
        self._batch = []
        try:
            yield
        finally:
            lines, self._batch = self._batch, None
            self._append(lines)

    def _append(self, lines: list[str]) -> None:
        if not lines:
            return
        with file_lock(self.path):
            _append_bytes(self.path, "".join(lines).encode())
            self._line_count += len(lines)
            if self._line_count > 2 * len(self._records) + MAX_STALE_LINES:
                self._records, _ = _read(self.path)  # with what other processes have added
                lines = [json.dumps([name, *record], separators=(",", ":")) for name, record in self._records.items()]
                replace_file(self.path, "".join(f"{line}\n" for line in lines).encode())
                self._line_count = len(lines)


def _put(records: dict[str, Record], name: str, record: Record) -> None:
    records.pop(name, None)
    if record != Record():
        records[name] = record


def _read(path: Path) -> tuple[dict[str, Record], int]:
    """Return the records of a file, and how many lines it has."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return {}, 0
    records: dict[str, Record] = {}
    for line in lines:
        try:
            name, *fields = json.loads(line)
            applied, exported, pending = fields
        except (ValueError, TypeError, RecursionError):
            continue
        if isinstance(name, str) and _is_fingerprints(applied) and _is_fingerprints(exported):
            _put(records, name, Record(applied, exported, _pending(pending)))
    return records, len(lines)


def _is_fingerprints(value: Json) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(text, str | None) for text in value.values()))


def _pending(value: Json) -> tuple[str, str] | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(text, str) for text in value):
        return value[0], value[1]
    return None


def _append_bytes(path: Path, content: bytes) -> None:
    """Append lines; the last line of a process that was killed is ended first. The caller has the lock."""

    def open_private(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)

    with open(path, "a+b", opener=open_private) as file:  # Path.open takes no opener
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                content = b"\n" + content
        file.write(content)
