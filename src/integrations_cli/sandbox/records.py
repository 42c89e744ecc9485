"""What the sandbox keeps, and how the API shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

Json = Any  # A decoded JSON value.

CHANNELS_WITH_PRIMARY: Final = ("email", "sms")

EXTRA_FIELDS: Final = ("kind", "configurations", "rules")
"""Fields that only current servers know; shown when they were sent."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment of an organisation, with the key that opens it. `created` is ISO 8601, UTC, milliseconds."""

    id: str
    organisation: str
    name: str
    identifier: str
    api_key: str = field(repr=False)
    created: str


@dataclass(slots=True)
class Record:
    """An integration as it is stored: secret credentials are tokens already. Times are ISO 8601, UTC, milliseconds.

    `active` may be None: servers store the null that an update sends.
    """

    id: str
    organisation: str
    environment: str
    provider: str
    channel: str
    name: str
    identifier: str
    created: str
    updated: str
    active: bool | None = False
    primary: bool = False
    priority: int = 0
    credentials: dict[str, Json] = field(default_factory=dict)
    conditions: list[Json] = field(default_factory=list)
    extra: dict[str, Json] = field(default_factory=dict)


def integration_json(record: Record, *, alone: bool, omit_empty_credentials: bool = False) -> dict[str, Json]:
    """The integration as an answer shows it; `alone` adds the `id`s that lists do not have."""
    document: dict[str, Json] = {
        "_id": record.id,
        "_environmentId": record.environment,
        "_organizationId": record.organisation,
        "providerId": record.provider,
        "channel": record.channel,
        "credentials": record.credentials,
        "active": record.active,
        "name": record.name,
        "identifier": record.identifier,
        "priority": record.priority,
        "primary": record.primary,
        "conditions": [_with_ids(condition) for condition in record.conditions] if alone else record.conditions,
        **record.extra,
        "deleted": False,
        "createdAt": record.created,
        "updatedAt": record.updated,
        "__v": 0,
    }
    if omit_empty_credentials and not record.credentials:
        del document["credentials"]
    if alone:
        document["id"] = record.id
    return document


def environment_json(environment: Environment) -> dict[str, Json]:
    """The environment as `/v1/environments/me` answers it."""
    return {
        "widget": {"notificationCenterEncryption": False},
        "name": environment.name,
        "identifier": environment.identifier,
        "_organizationId": environment.organisation,
        "_id": environment.id,
        "createdAt": environment.created,
        "updatedAt": environment.created,
        "__v": 0,
        "id": environment.id,
    }


def timestamp(seconds: float) -> str:
    """`seconds` since the epoch as the API writes times: `2026-11-23T04:51:58.444Z`."""
    import time

    millis = round(seconds * 1000)
    moment = time.gmtime(millis // 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{millis % 1000:03d}Z"


def _with_ids(condition: dict[str, Json]) -> dict[str, Json]:
    children = condition["children"]
    if isinstance(children, list):
        children = [child and {**child, "id": child["_id"]} for child in children]
    return {**condition, "children": children, "id": condition["_id"]}
