"""Remembers what was last applied, as keyed fingerprints: enough to see a change, nothing to read a value from.

Servers do not give credentials back. So after each apply the user's state folder keeps, for every integration, one
fingerprint a field: an HMAC of the value under a salt that never leaves the folder. A value that cannot be compared,
since nothing is remembered or the file is damaged, counts as changed.

    STATE/salt                    32 random bytes, readable by the owner alone
    STATE/<environment>.jsonl     one line an integration; a later line replaces an earlier one

A file belongs to one environment of one server. Lines are only ever added, under a lock, until there are many that no
longer count; then the file is written anew, as a whole or not at all. So two processes lose nothing of each other, and
one that is killed loses nothing but its last line.

`export` writes placeholders for secrets that it cannot know. It notes here that they stand for what is there (`adopt`):
until the user gives one of them a value, or gives another value than the one that was set at that time, the
placeholder counts as unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from integrations_cli import catalogue
from integrations_cli.models import Json
from integrations_cli.settings import atomic_write as saving

APPLICATION: Final = "integrations-cli"
SPARE: Final = 1000
"""Lines that no longer count, beyond which (and beyond the number of those that do) a file is written anew."""

Verdict = Literal["same", "changed", "unknown", "added", "removed"]


@dataclass(frozen=True)
class Record:
    """What is remembered of one integration: the fingerprint of each field by its path (`credentials.apiKey`).

    A record is called by a fingerprint of the `_id`, and a credential that no provider has by one of its key.

    `adopted` is set by `export`: there a placeholder without a value has None. `pending` is the idempotency key, and
    the fingerprint of the body, of a create whose outcome is not known.
    """

    applied: Mapping[str, str] | None = None
    adopted: Mapping[str, str | None] | None = None
    pending: tuple[str, str] | None = None


@dataclass(slots=True)
class Fingerprints:
    """The memory of one environment. Nothing is written before something is remembered."""

    path: Path
    _salt: bytes | None = field(default=None, repr=False)
    _records: dict[str, Record] = field(default_factory=dict, repr=False)
    _lines: int = 0
    _held: list[str] | None = None

    def knows(self, name: str) -> bool:
        """Whether anything is remembered of the integration `name`."""
        return self._record(name) is not None

    def compare(self, name: str, fields: Mapping[str, Json]) -> dict[str, Verdict]:
        """How the fields wanted differ from those remembered of the integration `name` (its `_id`), by path.

        In `fields` the value None is a reference that has no value now.
        """
        record = self._record(name)
        remembered = [known for known in (record.applied, record.adopted) if known is not None] if record else []
        if not remembered or self._salt is None:
            return dict.fromkeys(fields, "unknown")
        verdicts: dict[str, Verdict] = {}
        for path, value in fields.items():
            found = [self._verdict(name, path, value, known) for known in remembered]
            verdicts[path] = "same" if "same" in found else found[0]
        wanted = {self._path(name, path) for path in fields}
        gone = set.intersection(*(set(known) for known in remembered)) - wanted
        return verdicts | dict.fromkeys(sorted(gone), "removed")

    def applied(self, name: str, fields: Mapping[str, Json], *, credentials: bool = True) -> None:
        """Remember that these fields of the integration `name` have been sent.

        `credentials` says that all of its credentials have been: what was remembered of them no longer counts.

        Raises:
            OSError: They cannot be saved.
        """
        before = self._record(name) or Record()
        kept = {path: old for path, old in (before.applied or {}).items() if not (credentials and is_credential(path))}
        sent = {path: value for path, value in fields.items() if credentials or not is_credential(path)}
        record = Record(kept | self._prints(name, sent), None if credentials else before.adopted)
        self._remember({name: record})

    def adopt(self, manifest: Mapping[str, Mapping[str, Json]]) -> None:
        """Remember that a manifest was written in which these credentials, as they are now, stand for what is there.

        `manifest` has them for each integration by its `_id`.

        Raises:
            OSError: They cannot be saved.
        """
        records: dict[str, Record] = {}
        for name, fields in manifest.items():
            self._open_salt()
            known = self._record(name) or Record()
            prints = {
                self._path(name, path): None if value is None else self._print(name, path, value)
                for path, value in fields.items()
            }
            if known.adopted != prints:
                records[name] = replace(known, adopted=prints)
        self._remember(records)

    def forget(self, name: str) -> None:
        """Remember nothing of `name` any more.

        Raises:
            OSError: That cannot be saved.
        """
        if self.knows(name):
            self._remember({name: Record()})

    def pending(self, identifier: str, body: bytes) -> str | None:
        """The idempotency key under which this very body was sent for `identifier` with no outcome known."""
        known = (self._record(_create(identifier)) or Record()).pending
        if known is None or known[1] != self._print(_create(identifier), "", body.hex()):
            return None
        return known[0]

    def doubted(self, identifier: str, body: bytes, key: str) -> None:
        """Remember that it is not known what became of a create under this idempotency key.

        Raises:
            OSError: That cannot be saved.
        """
        self._open_salt()
        name = _create(identifier)
        self._remember({name: Record(pending=(key, self._print(name, "", body.hex())))})

    def settled(self, identifier: str) -> None:
        """Forget the doubt about a create.

        Raises:
            OSError: That cannot be saved.
        """
        self.forget(_create(identifier))

    def _verdict(self, name: str, path: str, value: Json, known: Mapping[str, str | None]) -> Verdict:
        called = self._path(name, path)
        if called not in known:
            return "added"
        if value is None:
            return "same" if known[called] is None else "unknown"
        return "same" if known[called] == self._print(name, path, value) else "changed"

    def _record(self, name: str) -> Record | None:
        return None if self._salt is None else self._records.get(self._name(name))

    def _name(self, name: str) -> str:
        """What a record is called: a server that repeats what it was sent could have put a secret into an `_id`."""
        return self._print(name, "", None)

    def _prints(self, name: str, fields: Mapping[str, Json]) -> dict[str, str]:
        self._open_salt()
        return {self._path(name, path): self._print(name, path, value) for path, value in fields.items()}

    def _path(self, name: str, path: str) -> str:
        """What a field is called. Nobody knows what a key is that no provider has, and it may be a server's word."""
        if not is_credential(path) or path.removeprefix("credentials.") in catalogue.credential_keys():
            return path
        return f"credentials.({self._print(name, path, None)[:8]})"

    def _print(self, name: str, path: str, value: Json) -> str:
        """16 bytes of HMAC-SHA-256, in hex. The name and the path are in it: equal values look unlike."""
        import hmac

        assert self._salt is not None
        said = f"text {value}" if isinstance(value, str) else f"json {json.dumps(value, sort_keys=True)}"
        text = f"{self.path.name}\n{name}\n{path!r}\n{said}"
        return hmac.digest(self._salt, text.encode("utf-8", "surrogatepass"), "sha256")[:16].hex()

    def _open_salt(self) -> None:
        if self._salt is None:
            self._salt = _salt(self.path.parent)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Save what is remembered inside of the block as one, at its end.

        Raises:
            OSError: It cannot be saved.
        """
        self._held = []
        try:
            yield
        finally:
            lines, self._held = self._held, None
            self._save(lines)

    def _remember(self, records: Mapping[str, Record]) -> None:
        lines = []
        for name, record in records.items():
            called = self._name(name)
            self._records[called] = record
            if record == Record():
                del self._records[called]
            lines.append(_line(called, record))
        if self._held is None:
            self._save(lines)
        else:
            self._held += lines

    def _save(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        with saving.file_lock(self.path):
            _append(self.path, "".join(lines).encode())
            self._lines += len(lines)
            if self._lines > 2 * len(self._records) + SPARE:
                self._compact()

    def _compact(self) -> None:
        """Write the file anew without the lines that no longer count; the caller has the lock."""
        self._records, _ = _read(self.path)
        saving.replace_file(self.path, "".join(_line(name, known) for name, known in self._records.items()).encode())
        self._lines = len(self._records)


def is_credential(path: str) -> bool:
    """Whether the path of a field is that of a credential."""
    return path.startswith("credentials.")


def load_fingerprints(folder: Path, *, server: str, environment_id: str) -> Fingerprints:
    """What is remembered of the environment `environment_id` of `server` (its URL) in the state folder.

    What cannot be read is not remembered: nothing is raised for it.
    """
    import hashlib

    name = hashlib.sha256(json.dumps([server, environment_id]).encode()).hexdigest()[:32]
    path = folder / f"{name}.jsonl"
    try:
        salt = (folder / "salt").read_bytes()
    except OSError:
        return Fingerprints(path)
    if len(salt) != 32:
        return Fingerprints(path)
    records, lines = _read(path)
    return Fingerprints(path, salt, records, lines)


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where fingerprints are kept: `INTEGRATIONS_STATE`, or the system's folder for the state of programs."""
    named = environ.get("INTEGRATIONS_STATE")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_state_path(APPLICATION, appauthor=False) / "fingerprints"


def _create(identifier: str) -> str:
    """Under which name the doubt about a create is kept; no `_id` has a colon."""
    return f"create:{identifier}"


def _line(name: str, record: Record) -> str:
    return json.dumps([name, record.applied, record.adopted, record.pending], separators=(",", ":")) + "\n"


def _read(path: Path) -> tuple[dict[str, Record], int]:
    """The records of a file and how many lines it has; lines that make no sense are passed over."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}, 0
    lines = content.splitlines()
    records: dict[str, Record] = {}
    for line in lines:
        for name, record in _parsed(line):
            records.pop(name, None)
            if record != Record():
                records[name] = record
    return records, len(lines)


def _parsed(line: bytes) -> Iterator[tuple[str, Record]]:
    try:
        name, applied, adopted, pending = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return
    if not isinstance(name, str):
        return
    good = all(
        known is None
        or (isinstance(known, dict) and all(isinstance(value, (str, type(None))) for value in known.values()))
        for known in (applied, adopted)
    )
    sent = tuple(pending) if isinstance(pending, list) and all(isinstance(text, str) for text in pending) else None
    if good:
        yield name, Record(applied, adopted, (sent[0], sent[1]) if sent is not None and len(sent) == 2 else None)


def _append(path: Path, line: bytes) -> None:
    """Add one line, after ending the one that a killed process may have left unfinished; the caller has the lock."""
    import os

    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, 0o600)
    try:
        size = os.fstat(handle).st_size
        if size:
            os.lseek(handle, size - 1, os.SEEK_SET)
            if os.read(handle, 1) != b"\n":
                line = b"\n" + line
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


def _salt(folder: Path) -> bytes:
    """The salt of this folder, made when it is needed for the first time."""
    import secrets

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "salt"
    with saving.file_lock(path):
        try:
            salt = path.read_bytes()
        except FileNotFoundError:
            salt = b""
        if len(salt) != 32:
            salt = secrets.token_bytes(32)
            saving.replace_file(path, salt)
    return salt
