"""The statements that the endpoints run on the store: all SQL but that of the tables.

The columns of environments and integrations have the names of the fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from integrations_cli.sandbox.errors import ApiError, DamagedError
from integrations_cli.sandbox.records import Channel, Environment, Record, encode_json

if TYPE_CHECKING:
    import sqlite3

STORED_FOR: Final = 24 * 3600.0
"""Seconds for which the response for an idempotency key is stored."""

_IN_CHANNEL: Final = "organisation = ? AND environment = ? AND channel = ?"


class KeyUse(NamedTuple):
    """The use of an idempotency key, and its response; `status` and `body` are None while the request is in progress.

    `begun` is in seconds since the epoch.
    """

    organisation: str
    key_hash: bytes
    body_hash: bytes
    status: int | None = None
    body: Any = None
    begun: float = 0.0


class Queries:
    """Statements within the transaction, or for the moment, that the store opened."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did if it raises an ApiError, and keep the transaction open; its end ends this too."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except ApiError:
            self._connection.execute("ROLLBACK TO part")
            raise

    def environments(self) -> list[Environment]:
        """Return all environments, oldest first."""
        columns = ", ".join(Environment._fields)
        rows = self._connection.execute(f"SELECT {columns} FROM environment ORDER BY number").fetchall()  # noqa: S608 - constants
        if not all(isinstance(value, str) for row in rows for value in row):
            raise DamagedError(self._path)
        return [Environment(*row) for row in rows]

    def hash_key(self, organisation: str) -> bytes:
        """Return the organisation's random key for hashes."""
        row = self._connection.execute("SELECT hash_key FROM organisation WHERE id = ?", (organisation,)).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise DamagedError(self._path)
        return row[0]

    def integrations(self, organisation: str) -> list[Record]:
        """Return the organisation's integrations, oldest first."""
        return list(self._records("organisation = ?", organisation))

    def integration(self, organisation: str, integration_id: str) -> Record | None:
        """Return the integration with this id."""
        return next(self._records("organisation = ? AND id = ?", organisation, integration_id), None)

    def other_active(self, record: Record) -> Iterator[Record]:
        """Return the active integrations in the channel of this one but for itself, highest priority first."""
        where = f"{_IN_CHANNEL} AND active = 1 AND id <> ?"
        return self._records(where, *record.place, record.id, order="priority DESC, number")

    def has_identifier(self, organisation: str, identifier: str) -> bool:
        """Return whether an integration of the organisation has this identifier."""
        return any(self._records("organisation = ? AND identifier = ?", organisation, identifier))

    def has_provider(self, channel: Channel, provider: str) -> bool:
        """Return whether the channel has an integration of this provider."""
        return any(self._records(f"{_IN_CHANNEL} AND provider = ?", *channel, provider))

    def number_others(self, record: Record, updated: str) -> int:
        """Number the priorities of the other active integrations in the channel down to 1, and return their count.

        Their order stays the same. Those that change get the time `updated`.
        """
        others = list(self.other_active(record))
        for expected, other in zip(range(len(others), 0, -1), others, strict=True):
            if other.priority != expected:
                self.set_priority(other.id, expected, updated)
        return len(others)

    def set_priority(self, integration_id: str, priority: int, updated: str) -> None:
        """Change the priority of the integration."""
        self._connection.execute(
            "UPDATE integration SET priority = ?, updated = ? WHERE id = ?", (priority, updated, integration_id)
        )

    def clear_primary(self, channel: Channel, updated: str) -> None:
        """Make no integration of the channel primary."""
        where = f"deleted IS NULL AND is_primary AND active = 1 AND {_IN_CHANNEL}"
        statement = f"UPDATE integration SET is_primary = 0, updated = ? WHERE {where}"  # noqa: S608 - constants
        self._connection.execute(statement, (updated, *channel))

    def insert(self, row: Environment | Record) -> None:
        """Add the environment or the integration."""
        table = "integration" if isinstance(row, Record) else "environment"
        columns, marks = ", ".join(row._fields), ", ".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", _encoded(row))  # noqa: S608 - constants

    def update(self, record: Record) -> None:
        """Write all columns of the integration."""
        columns = ", ".join(f"{column} = ?" for column in Record._fields)
        statement = f"UPDATE integration SET {columns} WHERE id = ?"  # noqa: S608 - constants
        self._connection.execute(statement, (*_encoded(record), record.id))

    def delete(self, record: Record, deleted: str) -> None:
        """Mark the integration as deleted at this time."""
        self._connection.execute("UPDATE integration SET deleted = ? WHERE id = ?", (deleted, record.id))

    def stored_use(self, use: KeyUse) -> KeyUse | None:
        """Return the earlier use of the same idempotency key."""
        statement = "SELECT * FROM idempotency WHERE organisation = ? AND key_hash = ?"
        row = self._connection.execute(statement, (use.organisation, use.key_hash)).fetchone()
        if row is None:
            return None
        stored = KeyUse(*row)
        valid = isinstance(stored.body_hash, bytes) and isinstance(stored.status, int | None)
        if not (valid and isinstance(stored.begun, float)):
            raise DamagedError(self._path)
        return stored if stored.body is None else stored._replace(body=self._decode(stored.body, dict))

    def store_use(self, use: KeyUse) -> None:
        """Store the use of an idempotency key, in place of an earlier one."""
        self._connection.execute("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)", _encoded(use))

    def insert_organisation(self, organisation: str, hash_key: bytes) -> None:
        """Add an organisation."""
        self._connection.execute("INSERT INTO organisation VALUES (?, ?)", (organisation, hash_key))

    def delete_everything(self) -> None:
        """Remove all integrations and all idempotency keys."""
        self._connection.execute("DELETE FROM integration")
        self._connection.execute("DELETE FROM idempotency")

    def _records(self, where: str, *values: str, order: str = "number") -> Iterator[Record]:
        columns = ", ".join(Record._fields)
        statement = f"SELECT {columns} FROM integration WHERE deleted IS NULL AND {where} ORDER BY {order}"  # noqa: S608
        return map(self._record, self._connection.execute(statement, values))

    def _record(self, row: Sequence[Any]) -> Record:
        record = Record(*row)
        if not (all(isinstance(value, str) for value in row[:9]) and isinstance(record.priority, int)):
            raise DamagedError(self._path)
        return record._replace(
            active=None if record.active is None else bool(record.active),
            is_primary=bool(record.is_primary),
            credentials=self._decode(record.credentials, dict),
            conditions=self._decode(record.conditions, list),
            extra=self._decode(record.extra, dict),
        )

    def _decode(self, text: Any, kind: type) -> Any:
        """Return the JSON value of this type; SQLite does not see all damage."""
        try:
            value = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            value = None
        if not isinstance(value, kind):
            raise DamagedError(self._path)
        return value


def _encoded(row: tuple[Any, ...]) -> list[Any]:
    return [encode_json(value) if isinstance(value, dict | list) else value for value in row]
