"""The statements that the endpoints run on the store: all SQL but that of the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from integrations_cli.sandbox.errors import DamagedError
from integrations_cli.sandbox.records import Channel, Environment, Record, encode_json

if TYPE_CHECKING:
    import sqlite3

STORED_FOR: Final = 24 * 3600.0
"""Seconds for which the response for an idempotency key is stored."""

# The columns have the names of the fields.
_ENVIRONMENT: Final = ", ".join(Environment._fields)
_RECORD: Final = ", ".join(Record._fields)
_ACTIVE_IN: Final = "organisation = ? AND environment = ? AND channel = ? AND active = 1"


class StoredResponse(NamedTuple):
    """The response for an idempotency key; `status` and `body` are None while its request is in progress.

    `begun` is in seconds since the epoch.
    """

    body_hash: bytes
    status: int | None
    body: Any
    begun: float


class Queries:
    """Statements within the transaction, or for the moment, that the store opened."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did if it raises, and keep the transaction open."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO part")
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("RELEASE part")

    def environments(self) -> list[Environment]:
        """Return all environments, oldest first."""
        return self._environments("TRUE")

    def environment_of(self, api_key: str) -> Environment | None:
        """Return the environment of the API key."""
        return next(iter(self._environments("api_key = ?", api_key)), None)

    def hash_key(self, organisation: str) -> bytes:
        """Return the organisation's random key for hashes."""
        row = self._connection.execute("SELECT hash_key FROM organisation WHERE id = ?", (organisation,)).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise DamagedError(self._path)
        return row[0]

    def integrations(
        self, organisation: str, *, environment: str | None = None, only_active: bool = False
    ) -> list[Record]:
        """Return the organisation's integrations, oldest first."""
        active = "AND active = 1" if only_active else ""
        if environment is None:
            return self._records(f"organisation = ? {active}", organisation)
        return self._records(f"organisation = ? AND environment = ? {active}", organisation, environment)

    def integration(self, organisation: str, integration_id: str) -> Record | None:
        """Return the integration with this id."""
        return next(iter(self._records("organisation = ? AND id = ?", organisation, integration_id)), None)

    def highest_active(self, channel: Channel, *, except_id: str) -> Record | None:
        """Return the other active integration with the highest priority in the channel."""
        found = self._records(f"{_ACTIVE_IN} AND id <> ?", *channel, except_id, order="priority DESC, number LIMIT 1")
        return next(iter(found), None)

    def has_active(self, channel: Channel, *, except_providers: Sequence[str]) -> bool:
        """Return whether the channel has an active integration of another provider than these."""
        marks = ", ".join("?" * len(except_providers))
        return self._exists(f"{_ACTIVE_IN} AND provider NOT IN ({marks})", *channel, *except_providers)

    def has_identifier(self, organisation: str, identifier: str) -> bool:
        """Return whether an integration of the organisation has this identifier."""
        return self._exists("organisation = ? AND identifier = ?", organisation, identifier)

    def has_provider(self, channel: Channel, provider: str) -> bool:
        """Return whether the channel has an integration of this provider."""
        return self._exists("organisation = ? AND environment = ? AND channel = ? AND provider = ?", *channel, provider)

    def number_active(self, channel: Channel, *, except_id: str, updated: str) -> int:
        """Number the priorities of the channel's other active integrations down to 1, and return how many there are.

        Their order stays the same. Those that change get the time `updated`.
        """
        ranked = self._connection.execute(
            f"SELECT id, priority FROM integration WHERE deleted IS NULL AND {_ACTIVE_IN} AND id <> ? "  # noqa: S608 - constants
            "ORDER BY priority DESC, number",
            (*channel, except_id),
        ).fetchall()
        for expected, (integration_id, priority) in zip(range(len(ranked), 0, -1), ranked, strict=True):
            if priority != expected:
                self.set_priority(integration_id, expected, updated)
        return len(ranked)

    def set_priority(self, integration_id: str, priority: int, updated: str) -> None:
        """Change the priority of the integration."""
        self._connection.execute(
            "UPDATE integration SET priority = ?, updated = ? WHERE id = ?", (priority, updated, integration_id)
        )

    def clear_primary(self, channel: Channel, *, updated: str) -> None:
        """Make no integration of the channel primary."""
        self._connection.execute(
            f"UPDATE integration SET is_primary = 0, updated = ? "  # noqa: S608 - constants
            f"WHERE deleted IS NULL AND is_primary AND {_ACTIVE_IN}",
            (updated, *channel),
        )

    def insert(self, record: Record) -> None:
        """Add the integration."""
        self._insert("integration", _RECORD, _row(record))

    def update(self, record: Record) -> None:
        """Write all columns of the integration."""
        columns = ", ".join(f"{column} = ?" for column in Record._fields)
        self._connection.execute(
            f"UPDATE integration SET {columns} WHERE id = ?",  # noqa: S608 - constants
            (*_row(record), record.id),
        )

    def delete(self, record: Record, deleted: str) -> None:
        """Mark the integration as deleted at this time."""
        self._connection.execute("UPDATE integration SET deleted = ? WHERE id = ?", (deleted, record.id))

    def stored_response(self, organisation: str, key_hash: bytes) -> StoredResponse | None:
        """Return what is stored for an idempotency key."""
        row = self._connection.execute(
            "SELECT body_hash, status, answer, begun FROM idempotency WHERE organisation = ? AND key_hash = ?",
            (organisation, key_hash),
        ).fetchone()
        if row is None:
            return None
        body_hash, status, body, begun = row
        if not (isinstance(body_hash, bytes) and isinstance(status, int | None) and isinstance(begun, float)):
            raise DamagedError(self._path)
        return StoredResponse(body_hash, status, None if body is None else self._decode(body, dict), begun)

    def store_response(self, organisation: str, key_hash: bytes, response: StoredResponse) -> None:
        """Store the response for an idempotency key."""
        body = None if response.body is None else encode_json(response.body)
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
            (organisation, key_hash, response.body_hash, response.status, body, response.begun),
        )

    def insert_organisation(self, organisation: str, hash_key: bytes) -> None:
        """Add an organisation."""
        self._insert("organisation", "id, hash_key", (organisation, hash_key))

    def insert_environment(self, environment: Environment) -> None:
        """Add an environment."""
        self._insert("environment", _ENVIRONMENT, environment)

    def delete_everything(self) -> None:
        """Remove all integrations and all idempotency keys."""
        self._connection.execute("DELETE FROM integration")
        self._connection.execute("DELETE FROM idempotency")

    def _insert(self, table: str, columns: str, values: Sequence[Any]) -> None:
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608 - constants

    def _environments(self, where: str, *values: str) -> list[Environment]:
        statement = f"SELECT {_ENVIRONMENT} FROM environment WHERE {where} ORDER BY number"  # noqa: S608 - constants
        rows = self._connection.execute(statement, values).fetchall()
        if not all(isinstance(value, str) for row in rows for value in row):
            raise DamagedError(self._path)
        return [Environment(*row) for row in rows]

    def _exists(self, where: str, *values: str) -> bool:
        statement = f"SELECT 1 FROM integration WHERE deleted IS NULL AND {where} LIMIT 1"  # noqa: S608 - constants
        return self._connection.execute(statement, values).fetchone() is not None

    def _records(self, where: str, *values: str, order: str = "number") -> list[Record]:
        statement = f"SELECT {_RECORD} FROM integration WHERE deleted IS NULL AND {where} ORDER BY {order}"  # noqa: S608
        return [self._record(row) for row in self._connection.execute(statement, values)]

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


def _row(record: Record) -> list[Any]:
    return [encode_json(value) if isinstance(value, dict | list) else value for value in record]
