"""The endpoints of integrations: what each of them does to the store, in the order of the servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from integrations_cli import catalogue
from integrations_cli.models import CHANNELS_WITH_PRIMARY
from integrations_cli.sandbox import ids, validation
from integrations_cli.sandbox.behaviour import ServerBehaviour
from integrations_cli.sandbox.errors import ApiError, internal_error
from integrations_cli.sandbox.queries import Queries
from integrations_cli.sandbox.records import Channel, Environment, Record, integration_json, timestamp

_IN_APP: Final = ("novu", "in_app")
_NOVU_CREDENTIALS: Final = (("novu-email", "email"), ("novu-sms", "sms"))


class Success(NamedTuple):
    """A successful response: its status and its `data`."""

    status: int
    data: Any


class Integrations:
    """The endpoints as a server with this behaviour has them."""

    def __init__(self, clock: Callable[[], float], behaviour: ServerBehaviour) -> None:
        self._clock = clock
        self._behaviour = behaviour

    def list_all(self, queries: Queries, caller: Environment, *, only_active: bool = False) -> Success:
        """Answer `GET /v1/integrations` and `…/active`: the integrations of the whole organisation."""
        found = [record for record in queries.integrations(caller.organisation) if record.active or not only_active]
        return Success(200, [integration_json(record, single=False, omit_empty_credentials=False) for record in found])

    def create(self, queries: Queries, caller: Environment, fields: Mapping[str, Any]) -> Success:
        """Answer `POST /v1/integrations`."""
        validation.check_fields(fields, creating=True, behaviour=self._behaviour)
        credentials = validation.known_credentials(fields.get("credentials"))
        provider, channel = fields["providerId"], fields["channel"]
        environment = (fields.get("_environmentId") or caller.id).lower()
        self._check_built_in(queries, Channel(caller.organisation, environment, channel), provider)
        if fields.get("identifier"):
            _check_identifier(queries, caller, fields["identifier"])
        self._check_credentials(fields, provider, channel, credentials)
        known = catalogue.find(provider)
        name = fields.get("name")
        if name is None:
            name = known.name if known else provider[:1].upper() + provider[1:]
        identifier = fields.get("identifier")
        if identifier is None:
            identifier = f"{ids.slug(name)}-{ids.short_id()}"
        now = self._clock()
        record = Record(
            id=ids.object_id(now),
            organisation=caller.organisation,
            environment=environment,
            provider=provider,
            channel=channel,
            name=name,
            identifier=identifier,
            created=timestamp(now),
            updated=timestamp(now),
            active=fields.get("active") or False,
            credentials=_storable(credentials or {}),
            conditions=validation.cast_conditions(fields.get("conditions") or [], now),
            extra=self._extra(fields),
        )
        if record.active and channel in CHANNELS_WITH_PRIMARY:
            built_in = [provider for provider, _ in _NOVU_CREDENTIALS]
            is_primary = all(other.provider in built_in for other in queries.other_active(record))
            priority = _priority_below_primary(queries, record, record.updated)
            record = record._replace(is_primary=is_primary, priority=priority)
        queries.insert(record)
        return Success(201, self._single(record))

    def update(self, queries: Queries, caller: Environment, integration_id: str, fields: Mapping[str, Any]) -> Success:
        """Answer `PUT /v1/integrations/{id}`: credentials are replaced, not merged."""
        validation.check_fields(fields, creating=False, behaviour=self._behaviour)
        credentials = validation.known_credentials(fields.get("credentials"))
        record = _find(queries, caller, integration_id)
        identifier = fields.get("identifier") or record.identifier
        if identifier != record.identifier:
            _check_identifier(queries, caller, identifier)
        effective = record.credentials if credentials is None else credentials
        self._check_credentials(fields, record.provider, record.channel, effective)
        conditions = fields.get("conditions")
        extra = self._extra({key: value for key, value in fields.items() if key != "kind"})
        now = self._clock()
        changed = record._replace(
            name=fields.get("name") or record.name,
            identifier=identifier,
            environment=(fields.get("_environmentId") or record.environment).lower(),
            updated=timestamp(now),
            active=fields.get("active", record.active),
            credentials=record.credentials if credentials is None else _storable(credentials),
            conditions=record.conditions if conditions is None else validation.cast_conditions(conditions, now),
            extra={**record.extra, **extra},
        )
        # For servers a null for `active` is a property, and an empty name is none.
        given = (fields.get("name"), fields.get("_environmentId"), identifier != record.identifier, "active" in fields)
        if not (any(given) or extra or credentials is not None or conditions is not None):
            raise ApiError(400, "No properties found for update")
        if changed.active is not record.active and record.channel in CHANNELS_WITH_PRIMARY:
            if changed.active:
                changed = changed._replace(priority=_priority_below_primary(queries, record, changed.updated))
            else:
                changed = changed._replace(priority=0, is_primary=False)
                queries.number_others(record, changed.updated)
        if conditions:
            changed = changed._replace(is_primary=False)
        queries.update(changed)
        return Success(200, self._single(changed))

    def set_primary(self, queries: Queries, caller: Environment, integration_id: str) -> Success:
        """Answer `POST /v1/integrations/{id}/set-primary`: also makes it active and drops its conditions."""
        if not validation.is_object_id(integration_id):
            raise ApiError(400, ["integrationId must be a mongodb id"])
        record = queries.integration(caller.organisation, integration_id.lower())
        if record is None:
            raise ApiError(404, f"Integration with id {integration_id} not found")
        if record.channel not in CHANNELS_WITH_PRIMARY:
            raise ApiError(400, f"Channel {record.channel} does not support primary")
        if not record.is_primary:
            now = timestamp(self._clock())
            queries.clear_primary(record.place, now)
            others = queries.number_others(record, now)
            record = record._replace(active=True, is_primary=True, priority=others + 1, conditions=[], updated=now)
            queries.update(record)
        return Success(self._behaviour.set_primary_status, self._single(record))

    def delete(self, queries: Queries, caller: Environment, integration_id: str) -> Success:
        """Answer `DELETE /v1/integrations/{id}`: returns what is left in the environment of the API key."""
        record = _find(queries, caller, integration_id)
        now = timestamp(self._clock())
        queries.delete(record, now)
        if record.channel in CHANNELS_WITH_PRIMARY:
            queries.number_others(record, now)
        omit = self._behaviour.omits_empty_credentials
        left = [other for other in queries.integrations(caller.organisation) if other.environment == caller.id]
        return Success(200, [integration_json(other, single=False, omit_empty_credentials=omit) for other in left])

    def _check_built_in(self, queries: Queries, channel: Channel, provider: str) -> None:
        """Refuse a second integration of a built-in provider, and one that the server has no credentials for."""
        if (provider, channel.name) == _IN_APP:
            if queries.has_provider(channel, provider):
                raise ApiError(400, "One environment can only have one In app provider")
        elif (provider, channel.name) in _NOVU_CREDENTIALS:
            if not self._behaviour.has_novu_credentials:
                raise ApiError(400, f"Creating Novu integration for {provider} provider is not allowed")
            if queries.has_provider(channel, provider):
                raise ApiError(409, f"Integration with novu provider for {channel.name} channel already exists")

    def _check_credentials(
        self, fields: Mapping[str, Any], provider: str, channel: str, credentials: Mapping[str, Any] | None
    ) -> None:
        """Do what `check` asks for. There is no network here: an e-mail provider needs its required credentials."""
        if not fields.get("check", self._behaviour.check_by_default):
            return
        if credentials is None:
            raise ApiError(400, ["credentials should not be null or undefined"])
        if channel != "email":
            return
        known = catalogue.find(provider)
        if known is None or known.channel != channel:
            raise ApiError(400, f"Provider {provider} cannot be checked: the sandbox has no such e-mail provider")
        missing = [
            field.key for field in known.credentials if field.required and credentials.get(field.key) in (None, "")
        ]
        if missing:
            raise ApiError(400, f"Provider {provider} cannot be checked: missing credentials {', '.join(missing)}")

    def _extra(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        extra = {key: fields[key] for key in self._behaviour.optional_fields if fields.get(key) is not None}
        validation.check_depth(extra)
        if "configurations" in extra:
            extra["configurations"] = ids.hide_secrets(extra["configurations"])
        return extra

    def _single(self, record: Record) -> dict[str, Any]:
        return integration_json(record, single=True, omit_empty_credentials=self._behaviour.omits_empty_credentials)


def _storable(credentials: dict[str, Any]) -> dict[str, Any]:
    validation.check_depth(credentials)
    return ids.hide_credentials(credentials)


def _priority_below_primary(queries: Queries, record: Record, updated: str) -> int:
    """Return the priority of one that becomes active: the primary's, which moves up, or one above the highest."""
    highest = next(queries.other_active(record), None)
    if highest is None:
        return 1
    if not highest.is_primary:
        return highest.priority + 1
    queries.set_priority(highest.id, highest.priority + 1, updated)
    return highest.priority


def _check_identifier(queries: Queries, caller: Environment, identifier: str) -> None:
    if queries.has_identifier(caller.organisation, identifier):
        raise ApiError(409, "Integration with identifier already exists")


def _find(queries: Queries, caller: Environment, integration_id: str) -> Record:
    if not validation.is_object_id(integration_id):
        raise internal_error()
    record = queries.integration(caller.organisation, integration_id.lower())
    if record is None:
        raise ApiError(404, f"Entity with id {integration_id} not found")
    return record
