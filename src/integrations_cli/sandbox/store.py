"""The sandbox's database: one SQLite file, safe for many threads and processes, and for `kill -9` at any moment.

The file is in write-ahead mode: a killed process loses nothing that it acknowledged, and readers never wait. A power
failure can lose the last moments, never the file. Every change is one immediate transaction, so that no other writer
comes between a check and the insert that depends on it. No secret value is stored: credentials are tokens, and of a
request with an idempotency key only keyed hashes are stored.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from integrations_cli.sandbox.errors import DamagedError, StoreError
from integrations_cli.sandbox.ids import object_id, short_id
from integrations_cli.sandbox.queries import STORED_FOR, Queries
from integrations_cli.sandbox.records import Environment, Record, timestamp

APPLICATION_ID: Final = 0x6E76736B
"""Identifies a sandbox's file in SQLite's header."""

VERSION: Final = 1
"""The version of the tables below."""

MAX_WAIT: Final = 20.0
"""Seconds for which a writer waits for others."""

_OTHER_FILE: Final = "name another file with INTEGRATIONS_SANDBOX"
_OR_REMOVE: Final = f"{_OTHER_FILE}, or remove this one"

_MAGIC: Final = b"SQLite format 3\x00"

_TABLES: Final = (
    "CREATE TABLE organisation (id TEXT PRIMARY KEY, hash_key BLOB NOT NULL)",
    """CREATE TABLE environment (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, organisation TEXT NOT NULL, name TEXT NOT NULL,
        identifier TEXT NOT NULL, api_key TEXT NOT NULL UNIQUE, created TEXT NOT NULL)""",
    """CREATE TABLE integration (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, organisation TEXT NOT NULL,
        environment TEXT NOT NULL, provider TEXT NOT NULL, channel TEXT NOT NULL, name TEXT NOT NULL,
        identifier TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, active INTEGER,
        is_primary INTEGER NOT NULL, priority INTEGER NOT NULL, credentials TEXT NOT NULL, conditions TEXT NOT NULL,
        extra TEXT NOT NULL, deleted TEXT)""",
    # Servers let any number of integrations have an empty identifier.
    """CREATE UNIQUE INDEX one_identifier ON integration (organisation, identifier)
        WHERE deleted IS NULL AND identifier <> ''""",
    """CREATE INDEX highest_first ON integration (organisation, environment, channel, active, priority)
        WHERE deleted IS NULL""",
    """CREATE TABLE idempotency (
        organisation TEXT NOT NULL, key_hash BLOB NOT NULL, body_hash BLOB NOT NULL, status INTEGER, answer TEXT,
        begun REAL NOT NULL, PRIMARY KEY (organisation, key_hash)) WITHOUT ROWID""",
)


class Store:
    """An open database file. Threads may share it; each process opens its own.

    A file that does not exist is created with mode 0600, its folder with 0700. `clock` returns seconds since the epoch.
    Every method raises StoreError when the file fails.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time, *, max_wait: float = MAX_WAIT) -> None:
        self.path = path
        self._clock = clock
        self._max_wait = max_wait
        self._lock = threading.RLock()
        _create_file(path)
        with self._failures():
            # Statements begin and end transactions themselves; the lock above keeps threads apart.
            self._connection = sqlite3.connect(path, timeout=max_wait, isolation_level=None, check_same_thread=False)
        try:
            with self._failures():
                self._set_up()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file. It may be called twice."""
        with self._lock, self._failures():
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[Queries]:
        """Open the store for reading; each statement sees everything that was acknowledged before."""
        with self._lock, self._failures():
            yield Queries(self._connection, self.path)

    @contextmanager
    def writing(self) -> Iterator[Queries]:
        """Open one transaction, which is undone if the block raises."""
        with self._lock, self._failures():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Queries(self._connection, self.path)
                self._connection.execute("COMMIT")
            except BaseException:
                # A failed disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def empty(self) -> None:
        """Remove everything but the organisations, their environments and API keys, as in a new store."""
        with self.writing() as queries:
            queries.delete_everything()
            self._insert_in_app(queries)

    def _set_up(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA synchronous = NORMAL")
        if self._is_new():
            execute("BEGIN IMMEDIATE")
            # Another process may have created the tables meanwhile.
            if self._is_new():
                for table in _TABLES:
                    execute(table)
                execute(f"PRAGMA application_id = {APPLICATION_ID}")
                execute(f"PRAGMA user_version = {VERSION}")
                queries = Queries(self._connection, self.path)
                self.add_organisation(queries, ("Development", "Production"))
                self._insert_in_app(queries)
            execute("COMMIT")
        self._check_format()
        if execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            # This needs the file exclusively for a moment. If others use it, or the file system cannot do it, the
            # rollback journal is as safe, only slower.
            with suppress(sqlite3.OperationalError):
                execute("PRAGMA journal_mode = WAL")
        expired = self._clock() - STORED_FOR
        if execute("SELECT 1 FROM idempotency WHERE begun < ? LIMIT 1", (expired,)).fetchone():
            execute("DELETE FROM idempotency WHERE begun < ?", (expired,))

    def _is_new(self) -> bool:
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return self._format() == (0, 0) and not tables

    def _format(self) -> tuple[int, int]:
        """Return the file's application id and version."""
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return application, version

    def _check_format(self) -> None:
        application, version = self._format()
        if application != APPLICATION_ID:
            raise StoreError(f"{self.path} is a database of another program, not a sandbox", _OTHER_FILE)
        if version != VERSION:
            found = f"format {version}, not {VERSION}"
            raise StoreError(f"{self.path} was written by another version of this program: {found}", _OR_REMOVE)

    def add_organisation(self, queries: Queries, names: Sequence[str]) -> list[Environment]:
        """Add an organisation with environments of these names."""
        now = self._clock()
        organisation = object_id(now)
        queries.insert_organisation(organisation, os.urandom(32))
        environments = [
            Environment(object_id(now), organisation, name, short_id(12), os.urandom(16).hex(), timestamp(now))
            for name in names
        ]
        for environment in environments:
            queries.insert(environment)
        return environments

    def _insert_in_app(self, queries: Queries) -> None:
        now = self._clock()
        for environment in queries.environments():
            in_app = Record(
                id=object_id(now),
                organisation=environment.organisation,
                environment=environment.id,
                provider="novu",
                channel="in_app",
                name="Novu In-App",
                identifier=f"novu-in-app-{short_id()}",
                created=timestamp(now),
                updated=timestamp(now),
                active=True,
                credentials={},
                conditions=[],
                extra={},
            )
            queries.insert(in_app)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn SQLite's errors into StoreError, but not those that are mistakes in this program."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise _store_error(self.path, error, self._max_wait) from error
        except UnicodeDecodeError as error:  # SQLite's error quotes a damaged file
            raise DamagedError(self.path) from error


def discard(path: Path) -> None:
    """Remove a database file that cannot be opened; raise StoreError if its header is not that of a sandbox."""
    try:
        with path.open("rb") as file:
            header = file.read(72)
        if header[:16] != _MAGIC or header[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            raise StoreError(f"{path} does not look like a sandbox's database; it was not changed", _OR_REMOVE)
        for leftover in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_use(path, error) from error


def _create_file(path: Path) -> None:
    """Create the file with mode 0600 in a folder with 0700, unless they exist; nobody else may read it."""
    try:
        path.parent.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.touch(mode=stat.S_IRUSR | stat.S_IWUSR, exist_ok=False)
        with path.open("r+b") as file:
            header = file.read(16)
    except OSError as error:
        raise _cannot_use(path, error) from error
    if header and header != _MAGIC:
        raise StoreError(f"{path} is not a sandbox's database", _OR_REMOVE)


def _cannot_use(path: Path, error: OSError) -> StoreError:
    return StoreError(f"the sandbox cannot use {path}: {error.strerror or error}", _OTHER_FILE)


def _store_error(path: Path, error: sqlite3.Error, max_wait: float) -> StoreError:
    """Return the StoreError for SQLite's error, whose own text may quote the file."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            locked = f"the sandbox's database {path} was locked by another program for {max_wait:g} seconds"
            return StoreError(locked, f"stop that program, or {_OTHER_FILE}")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StoreError(f"the sandbox cannot write {path}, or its folder", _OTHER_FILE)
        case sqlite3.SQLITE_FULL:
            return StoreError(f"the disk is full: the sandbox cannot write {path}", "free some space and try again")
        case sqlite3.SQLITE_IOERR:
            hint = "name a file on another disk with INTEGRATIONS_SANDBOX"
            return StoreError(f"disk error: the sandbox cannot read or write {path}", hint)
    return DamagedError(path)
