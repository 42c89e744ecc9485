"""The endpoints of integrations: what each of them does to the store, in the order in which servers do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from integrations_cli import catalogue
from integrations_cli.sandbox import conditions, validation
from integrations_cli.sandbox import ids as naming
from integrations_cli.sandbox.errors import ApiError, internal_error
from integrations_cli.sandbox.queries import ChannelOf, Queries

from .concealment import with_tokens, with_tokens_inside
from .records import CHANNELS_WITH_PRIMARY, EXTRA_FIELDS, Environment, Record, integration_json, timestamp

_IN_APP: Final = ("novu", "in_app")
_SENT_BY_THE_SERVER: Final = (("novu-email", "email"), ("novu-sms", "sms"))


class Success(NamedTuple):
    """An answer that says yes: the status and what stands in the envelope."""

    status: int
    data: Any


class Integrations:
    """The endpoints, for one kind of server.

    `observed` is the server that was recorded, where the documented contract says otherwise. `check_default` is what an
    absent `check` means. `novu_keys` says that the server can send e-mail and SMS by itself.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        randomness: naming.Randomness,
        *,
        observed: bool,
        check_default: bool,
        novu_keys: bool,
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self._observed = observed
        self._check_default = check_default
        self._novu_keys = novu_keys

    def listed(self, queries: Queries, caller: Environment, *, active: bool | None = None) -> Success:
        """`GET /v1/integrations` and `…/active`: all of the organisation's."""
        found = queries.integrations(caller.organisation, active=active)
        return Success(200, [integration_json(record, alone=False) for record in found])

    def create(self, queries: Queries, caller: Environment, fields: Mapping[str, Any]) -> Success:
        """`POST /v1/integrations`."""
        validation.check_fields(fields, creating=True, observed=self._observed)
        credentials = validation.known_credentials(fields.get("credentials"))
        provider, channel = fields["providerId"], fields["channel"]
        environment = (fields.get("_environmentId") or caller.id).lower()
        self._check_place(queries, caller.organisation, environment, provider, channel)
        if fields.get("identifier") and queries.has_identifier(caller.organisation, fields["identifier"]):
            raise ApiError(409, "Integration with identifier already exists")
        self._check_credentials(fields, provider, channel, credentials)
        known = catalogue.find(provider)
        name = fields.get("name")
        if name is None:
            name = known.name if known else provider[:1].upper() + provider[1:]
        identifier = fields.get("identifier")
        if identifier is None:
            identifier = f"{naming.slug(name)}-{naming.short_id(self._randomness)}"
        now = self._clock()
        record = Record(
            id=naming.object_id(now, self._randomness),
            organisation=caller.organisation,
            environment=environment,
            provider=provider,
            channel=channel,
            name=name,
            identifier=identifier,
            created=timestamp(now),
            updated=timestamp(now),
            active=fields.get("active") or False,
            credentials=self._storable(credentials or {}),
            conditions=self._conditions(fields.get("conditions") or []),
            extra=self._extra(fields),
        )
        if record.active and channel in CHANNELS_WITH_PRIMARY:
            built_in = [provider for provider, _ in _SENT_BY_THE_SERVER]
            record.primary = not queries.has_active(_place(record), besides_providers=built_in)
            record.priority = self._rank_below_primary(queries, record)
        queries.insert(record)
        return Success(201, self._alone(record))

    def update(self, queries: Queries, caller: Environment, integration_id: str, fields: Mapping[str, Any]) -> Success:
        """`PUT /v1/integrations/{id}`: credentials are replaced, not merged."""
        validation.check_fields(fields, creating=False, observed=self._observed)
        credentials = validation.known_credentials(fields.get("credentials"))
        if not validation.OBJECT_ID.fullmatch(integration_id):
            raise internal_error()
        record = _found(queries, caller, integration_id)
        identifier = fields.get("identifier") or record.identifier
        renamed = identifier != record.identifier
        if renamed and queries.has_identifier(caller.organisation, identifier):
            raise ApiError(409, "Integration with identifier already exists")
        effective = record.credentials if credentials is None else credentials
        self._check_credentials(fields, record.provider, record.channel, effective)
        extra = self._extra({key: value for key, value in fields.items() if key != "kind"})
        changed = replace(
            record,
            name=fields.get("name") or record.name,
            identifier=identifier,
            environment=(fields.get("_environmentId") or record.environment).lower(),
            active=fields.get("active", record.active),
            credentials=record.credentials if credentials is None else self._storable(credentials),
            conditions=record.conditions
            if fields.get("conditions") is None
            else self._conditions(fields["conditions"]),
            extra={**record.extra, **extra},
        )
        given = ("name", "_environmentId")
        # Servers count a null for `active` as a value, and an empty name as none.
        if not (
            renamed
            or "active" in fields
            or extra
            or credentials is not None
            or fields.get("conditions") is not None
            or any(fields.get(name) for name in given)
        ):
            raise ApiError(400, "No properties found for update")
        changed.updated = timestamp(self._clock())
        if changed.active is not record.active and record.channel in CHANNELS_WITH_PRIMARY:
            if changed.active:
                changed.priority = self._rank_below_primary(queries, record)
            else:
                changed.priority, changed.primary = 0, False
                queries.number_active(_place(record), besides=record.id, updated=changed.updated)
        if fields.get("conditions"):
            changed.primary = False
        queries.update(changed)
        return Success(200, self._alone(changed))

    def set_primary(self, queries: Queries, caller: Environment, integration_id: str) -> Success:
        """`POST /v1/integrations/{id}/set-primary`: makes it active too, and drops its conditions."""
        if not validation.OBJECT_ID.fullmatch(integration_id):
            raise ApiError(400, ["integrationId must be a mongodb id"])
        record = queries.integration(caller.organisation, integration_id.lower())
        if record is None:
            raise ApiError(404, f"Integration with id {integration_id} not found")
        if record.channel not in CHANNELS_WITH_PRIMARY:
            raise ApiError(400, f"Channel {record.channel} does not support primary")
        # 200 is what current servers answer, and all that the official Python SDK takes.
        status = 201 if self._observed else 200
        if record.primary:
            return Success(status, self._alone(record))
        now = timestamp(self._clock())
        queries.take_primary(_place(record), updated=now)
        below = queries.number_active(_place(record), besides=record.id, updated=now)
        changed = replace(
            record,
            active=True,
            primary=True,
            priority=below + 1,
            conditions=[],
            updated=now,
        )
        queries.update(changed)
        return Success(status, self._alone(changed))

    def delete(self, queries: Queries, caller: Environment, integration_id: str) -> Success:
        """`DELETE /v1/integrations/{id}`: answers what is left in the environment of the key."""
        if not validation.OBJECT_ID.fullmatch(integration_id):
            raise internal_error()
        record = _found(queries, caller, integration_id)
        now = timestamp(self._clock())
        queries.delete(record, now)
        if record.channel in CHANNELS_WITH_PRIMARY:
            queries.number_active(_place(record), besides=record.id, updated=now)
        left = queries.integrations(caller.organisation, environment=caller.id)
        return Success(
            200, [integration_json(other, alone=False, omit_empty_credentials=self._observed) for other in left]
        )

    def _check_place(self, queries: Queries, organisation: str, environment: str, provider: str, channel: str) -> None:
        """Refuse a second in-app integration of an environment, and what only a server with keys of its own can do."""
        kind = (provider, channel)
        if kind != _IN_APP and kind not in _SENT_BY_THE_SERVER:
            return
        there = queries.integrations(organisation, environment=environment, channel=channel)
        exists = any(other.provider == provider for other in there)
        if kind == _IN_APP:
            if exists:
                raise ApiError(400, "One environment can only have one In app provider")
        elif not self._novu_keys:
            raise ApiError(400, f"Creating Novu integration for {provider} provider is not allowed")
        elif exists:
            raise ApiError(409, f"Integration with novu provider for {channel} channel already exists")

    def _check_credentials(
        self, fields: Mapping[str, Any], provider: str, channel: str, credentials: Mapping[str, Any] | None
    ) -> None:
        """What `check` asks for. There is no network here: a provider is content when its required fields are there."""
        if not fields.get("check", self._check_default):
            return
        if credentials is None:
            raise ApiError(400, ["credentials should not be null or undefined"])
        if channel != "email":
            return
        known = catalogue.find(provider)
        if known is None or known.channel != channel:
            raise ApiError(
                400, f"Provider {provider} is no e-mail provider that the sandbox knows: it cannot be checked"
            )
        missing = [
            field.key for field in known.credentials if field.required and credentials.get(field.key) in (None, "")
        ]
        if missing:
            raise ApiError(400, f"Provider {provider} cannot be checked: missing credentials {', '.join(missing)}")

    def _storable(self, credentials: dict[str, Any]) -> dict[str, Any]:
        validation.check_depth(credentials)
        return with_tokens(credentials, self._randomness)

    def _conditions(self, value: list[Any]) -> list[Any]:
        validation.check_depth(value)
        return conditions.cast(value, lambda: naming.object_id(self._clock(), self._randomness))

    def _extra(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if self._observed:
            return {}
        extra = {key: fields[key] for key in EXTRA_FIELDS if fields.get(key) is not None}
        validation.check_depth(extra)
        return {
            key: with_tokens_inside(value, self._randomness) if key == "configurations" else value
            for key, value in extra.items()
        }

    def _rank_below_primary(self, queries: Queries, record: Record) -> int:
        """The priority of one that becomes active: the primary's, which moves up by one, else one above the highest."""
        highest = queries.highest_active(_place(record), besides=record.id)
        if highest is None:
            return 1
        if not highest.primary:
            return highest.priority + 1
        queries.raise_priority(highest, timestamp(self._clock()))
        return highest.priority

    def _alone(self, record: Record) -> dict[str, Any]:
        return integration_json(record, alone=True, omit_empty_credentials=self._observed)


def _place(record: Record) -> ChannelOf:
    return ChannelOf(record.organisation, record.environment, record.channel)


def _found(queries: Queries, caller: Environment, integration_id: str) -> Record:
    record = queries.integration(caller.organisation, integration_id.lower())
    if record is None:
        raise ApiError(404, f"Entity with id {integration_id} not found")
    return record
