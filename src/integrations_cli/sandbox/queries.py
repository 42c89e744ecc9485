"""The look-ups and changes that the endpoints make in the store: all of the SQL but the tables themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from integrations_cli.sandbox.failures import damaged
from integrations_cli.sandbox.records import Environment, Record

_COLUMNS: Final = (
    "id, organisation, environment, provider, channel, name, identifier, created, updated, "
    "active, is_primary, priority, credentials, conditions, extra"
)


_ACTIVE_IN: Final = "deleted IS NULL AND organisation = ? AND environment = ? AND channel = ? AND active = 1"


class ChannelOf(NamedTuple):
    """Where integrations compete for being first: a channel of an environment."""

    organisation: str
    environment: str
    channel: str


class Connection(Protocol):
    """What is needed of an open SQLite database."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """Run the statement and give a cursor."""


class StoredResponse(NamedTuple):
    """What became of an idempotency key: `answer` is None while its request is in progress. `begun` is seconds."""

    body_hash: bytes
    status: int | None
    answer: Any
    begun: float


class Queries:
    """The look-ups and changes, within the transaction or the moment that the store opened for them."""

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @contextmanager
    def undone_on_failure(self) -> Iterator[None]:
        """Undo what the block did if it raises, without giving up the transaction around it."""
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
        """All environments, in the order in which they were made."""
        rows = self._connection.execute(
            "SELECT id, organisation, name, identifier, api_key, created FROM environment ORDER BY number"
        )
        return [self._environment(row) for row in rows]

    def environment_of(self, api_key: str) -> Environment | None:
        """The environment that the key opens."""
        row = self._connection.execute(
            "SELECT id, organisation, name, identifier, api_key, created FROM environment WHERE api_key = ?", (api_key,)
        ).fetchone()
        return self._environment(row) if row else None

    def hash_key(self, organisation: str) -> bytes:
        """The organisation's key for hashes, random and never shown."""
        row = self._connection.execute("SELECT hash_key FROM organisation WHERE id = ?", (organisation,)).fetchone()
        (key,) = row or (None,)
        if not isinstance(key, bytes):
            raise damaged(self._path)
        return key

    def integrations(
        self,
        organisation: str,
        *,
        environment: str | None = None,
        channel: str | None = None,
        active: bool | None = None,
    ) -> list[Record]:
        """The organisation's integrations that are not deleted, oldest first, narrowed by what is given."""
        where, values = "organisation = ? AND deleted IS NULL", [organisation]
        for column, value in (("environment", environment), ("channel", channel)):
            if value is not None:
                where += f" AND {column} = ?"
                values.append(value)
        if active is not None:
            where += f" AND active = {int(active)}"
        statement = f"SELECT {_COLUMNS} FROM integration WHERE {where} ORDER BY number"  # noqa: S608 - columns of ours
        rows = self._connection.execute(statement, values)
        return [self._record(row) for row in rows]

    def highest_active(self, place: ChannelOf, *, besides: str = "") -> Record | None:
        """The active integration with the highest priority in this place, the one with the id `besides` left aside."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM integration WHERE {_ACTIVE_IN} AND id <> ? "  # noqa: S608 - columns of ours
            "ORDER BY priority DESC, number LIMIT 1",
            (*place, besides),
        ).fetchone()
        return self._record(row) if row else None

    def has_active(self, place: ChannelOf, *, besides_providers: Sequence[str]) -> bool:
        """Whether an active integration is in this place whose provider is not one of these."""
        marks = ", ".join("?" * len(besides_providers))
        found = self._connection.execute(
            f"SELECT 1 FROM integration WHERE {_ACTIVE_IN} AND provider NOT IN ({marks}) LIMIT 1",  # noqa: S608
            (*place, *besides_providers),
        )
        return found.fetchone() is not None

    def raise_priority(self, record: Record, updated: str) -> None:
        """Move the integration up by one."""
        self._connection.execute(
            "UPDATE integration SET priority = priority + 1, updated = ? WHERE id = ?", (updated, record.id)
        )

    def number_active(self, place: ChannelOf, *, besides: str, updated: str) -> int:
        """Give the active integrations of this place, but the one with the id `besides`, priorities down to 1, in the
        order that they have now, and say how many they are. `updated` is the time of the change.
        """
        ranked = self._connection.execute(
            f"SELECT id, priority FROM integration WHERE {_ACTIVE_IN} AND id <> ? ORDER BY priority DESC, number",  # noqa: S608
            (*place, besides),
        ).fetchall()
        for index, (integration_id, priority) in enumerate(ranked):
            if priority != len(ranked) - index:
                self._connection.execute(
                    "UPDATE integration SET priority = ?, updated = ? WHERE id = ?",
                    (len(ranked) - index, updated, integration_id),
                )
        return len(ranked)

    def take_primary(self, place: ChannelOf, *, updated: str) -> None:
        """Leave no integration of this place primary."""
        self._connection.execute(
            f"UPDATE integration SET is_primary = 0, updated = ? WHERE {_ACTIVE_IN} AND is_primary",  # noqa: S608
            (updated, *place),
        )

    def integration(self, organisation: str, integration_id: str) -> Record | None:
        """The integration with this id, unless it is deleted."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM integration WHERE id = ? AND organisation = ? AND deleted IS NULL",  # noqa: S608
            (integration_id, organisation),
        ).fetchone()
        return self._record(row) if row else None

    def has_identifier(self, organisation: str, identifier: str) -> bool:
        """Whether an integration of the organisation has this identifier; deleted ones do not count."""
        found = self._connection.execute(
            "SELECT 1 FROM integration WHERE organisation = ? AND identifier = ? AND deleted IS NULL",
            (organisation, identifier),
        )
        return found.fetchone() is not None

    def insert(self, record: Record) -> None:
        """Add the integration."""
        marks = ", ".join("?" * 15)
        self._connection.execute(
            f"INSERT INTO integration ({_COLUMNS}) VALUES ({marks})",  # noqa: S608 - columns of ours
            _row(record),
        )

    def update(self, record: Record) -> None:
        """Write all columns of the integration anew."""
        columns = ", ".join(f"{column} = ?" for column in _COLUMNS.split(", ")[1:])
        self._connection.execute(
            f"UPDATE integration SET {columns} WHERE id = ?",  # noqa: S608 - columns of ours
            (*_row(record)[1:], record.id),
        )

    def delete(self, record: Record, at: str) -> None:
        """Mark the integration as deleted at this time."""
        self._connection.execute("UPDATE integration SET deleted = ? WHERE id = ?", (at, record.id))

    def remembered(self, organisation: str, key_hash: bytes) -> StoredResponse | None:
        """What is known of an idempotency key."""
        row = self._connection.execute(
            "SELECT body_hash, status, answer, begun FROM idempotency WHERE organisation = ? AND key_hash = ?",
            (organisation, key_hash),
        ).fetchone()
        if row is None:
            return None
        body_hash, status, answer, begun = row
        if not (isinstance(body_hash, bytes) and isinstance(status, int | None) and isinstance(begun, float)):
            raise damaged(self._path)
        return StoredResponse(body_hash, status, None if answer is None else self._json(answer, dict), begun)

    def remember(self, organisation: str, key_hash: bytes, remembered: StoredResponse) -> None:
        """Keep what became of an idempotency key."""
        answer = None if remembered.answer is None else _text(remembered.answer)
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
            (organisation, key_hash, remembered.body_hash, remembered.status, answer, remembered.begun),
        )

    def insert_organisation(self, organisation: str, hash_key: bytes) -> None:
        """Add an organisation."""
        self._connection.execute("INSERT INTO organisation VALUES (?, ?)", (organisation, hash_key))

    def insert_environment(self, environment: Environment) -> None:
        """Add an environment."""
        self._connection.execute(
            "INSERT INTO environment (id, organisation, name, identifier, api_key, created) VALUES (?, ?, ?, ?, ?, ?)",
            (
                environment.id,
                environment.organisation,
                environment.name,
                environment.identifier,
                environment.api_key,
                environment.created,
            ),
        )

    def forget_everything(self) -> None:
        """Take out all integrations, deleted ones too, and all idempotency keys."""
        self._connection.execute("DELETE FROM integration")
        self._connection.execute("DELETE FROM idempotency")

    def _environment(self, row: Sequence[Any]) -> Environment:
        if not all(isinstance(value, str) for value in row):
            raise damaged(self._path)
        return Environment(*row)

    def _record(self, row: Sequence[Any]) -> Record:
        active, primary, priority, credentials, conditions, extra = row[9:]
        if not (all(isinstance(value, str) for value in row[:9]) and isinstance(priority, int)):
            raise damaged(self._path)
        record = Record(*row[:9])
        record.active = None if active is None else bool(active)
        record.primary = bool(primary)
        record.priority = priority
        record.credentials = self._json(credentials, dict)
        record.conditions = self._json(conditions, list)
        record.extra = self._json(extra, dict)
        return record

    def _json(self, text: Any, kind: type) -> Any:
        """What the text says, if it is of that kind: damage that SQLite cannot see is found here."""
        try:
            value = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            value = None
        if not isinstance(value, kind):
            raise damaged(self._path)
        return value


def _row(record: Record) -> tuple[Any, ...]:
    return (
        record.id,
        record.organisation,
        record.environment,
        record.provider,
        record.channel,
        record.name,
        record.identifier,
        record.created,
        record.updated,
        record.active,
        record.primary,
        record.priority,
        _text(record.credentials),
        _text(record.conditions),
        _text(record.extra),
    )


_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
