"""What the sandbox stores, and how the API shows it."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from integrations_cli.models import Json

encode_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Environment(NamedTuple):
    """An environment of an organisation, with its API key. `created` is ISO 8601, UTC, milliseconds."""

    id: str
    organisation: str
    name: str
    identifier: str
    api_key: str
    created: str


class Channel(NamedTuple):
    """A channel of an environment: its active integrations have different priorities, and at most one is primary."""

    organisation: str
    environment: str
    name: str


class Record(NamedTuple):
    """An integration as it is stored, with tokens for secret credentials. Times are ISO 8601, UTC, milliseconds.

    `active` may be None: servers store the null that an update sends. `extra` has the optional fields.
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
    active: bool | None
    credentials: dict[str, Json]
    conditions: list[Json]
    extra: dict[str, Json]
    is_primary: bool = False
    priority: int = 0

    @property
    def place(self) -> Channel:
        """Return the channel of its environment."""
        return Channel(self.organisation, self.environment, self.channel)


def integration_json(record: Record, *, single: bool, omit_empty_credentials: bool) -> dict[str, Json]:
    """Return the integration as a response shows it; `single` adds the `id`s that lists do not have."""
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
        "primary": record.is_primary,
        "conditions": [_with_ids(condition) for condition in record.conditions] if single else record.conditions,
        **record.extra,
        "deleted": False,
        "createdAt": record.created,
        "updatedAt": record.updated,
        "__v": 0,
    }
    if omit_empty_credentials and not record.credentials:
        del document["credentials"]
    if single:
        document["id"] = record.id
    return document


def environment_json(environment: Environment) -> dict[str, Json]:
    """Return the environment as `/v1/environments/me` shows it."""
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
    """Return `seconds` since the epoch as the API writes times: `2026-11-23T04:51:58.444Z`."""
    import time

    millis = round(seconds * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(millis // 1000)) + f".{millis % 1000:03d}Z"


def _with_ids(condition: dict[str, Json]) -> dict[str, Json]:
    children = condition["children"]
    if isinstance(children, list):
        children = [child and {**child, "id": child["_id"]} for child in children]
    return {**condition, "children": children, "id": condition["_id"]}
