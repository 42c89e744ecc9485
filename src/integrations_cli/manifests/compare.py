"""Compares what a manifest describes with what a server shows and with what was applied before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.catalogue.secret_names import sounds_secret
from integrations_cli.errors import ConflictError
from integrations_cli.manifests.fingerprints import FieldStatus
from integrations_cli.manifests.load import ResolvedEntry
from integrations_cli.models import FIELDS, Integration, IntegrationField, Json

SHOWN_FIELDS: Final = tuple(field for field in FIELDS if field.manifest and field.name not in {"check", "credentials"})
"""The fields of a manifest that servers show as they are: they do not keep `check`, and they hide credentials."""


_HIDDEN_FIELDS: Final = tuple(field for field in FIELDS if field.type == "json" and field.update)
_DEFAULTS: Final[Mapping[str, Json]] = {"text": "", "boolean": False, "conditions": []}


class AppliedFields(Protocol):
    """What is known of the fields that were applied before."""

    def compare(self, integration_id: str, fields: Mapping[str, Json]) -> Mapping[str, FieldStatus]:
        """Return how fields, by path, differ from those that were applied to the integration."""


def shown_value(integration: Integration, field: IntegrationField) -> Json:
    """Return the value of a field as a server shows it.

    Where it shows none, or one of another type, that is an empty text, false, no conditions, or None.
    """
    value, default = integration.raw.get(field.wire), _DEFAULTS.get(field.type)
    return value if default is None or isinstance(value, type(default)) else default


def field_differs(field: IntegrationField, wanted: Json, current: Integration, remembered: FieldStatus) -> bool:
    """Return whether a field is to be sent. `remembered` is how it differs from what was applied before."""
    shown = shown_value(current, field)
    if field.type == "conditions":
        return not contains(wanted, shown)
    if field.type != "json":
        return bool(wanted != shown)
    if field.wire not in current.raw:  # this server may not know the field: it is sent once
        return remembered != "same"
    return not _matches(wanted, shown, remembered)


def contains(wanted: Json, shown: Json, *, exactly: bool = False) -> bool:
    """Return whether `shown` has everything that is in `wanted`, and, with `exactly`, nothing else.

    Servers add ids and defaults to objects.
    """
    if isinstance(wanted, dict):
        if not isinstance(shown, dict) or (exactly and wanted.keys() != shown.keys()):
            return False
        return all(
            (key in shown or value is None) and contains(value, shown.get(key), exactly=exactly)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(shown, list) or len(wanted) != len(shown):
            return False
        return all(contains(item, other, exactly=exactly) for item, other in zip(wanted, shown, strict=True))
    # 1 and 1.0 are the same number in JSON; true is not a number.
    return isinstance(wanted, bool) is isinstance(shown, bool) and bool(wanted == shown)


def _matches(wanted: Json, shown: Json, remembered: FieldStatus) -> bool:
    """Return whether a value is what the server has, secret members included.

    A server does not show secret members: they are the same only if the whole value was applied before. Then anything
    more that the server shows was added by the server.
    """
    visible = without_secrets(wanted)
    if remembered == "same":
        return contains(visible, without_secrets(shown))
    return contains(visible, without_secrets(shown), exactly=True) and bool(visible == wanted)


def visible_credentials(integration: Integration) -> dict[str, Json]:
    """Return the credentials that a server shows, as values or opaque tokens; empty ones count as absent."""
    return {
        key: credential_type(key).from_response(value)
        for key, value in integration.credentials.items()
        if value is not None and value not in ("", {})
    }


def credential_changes(
    entry: ResolvedEntry, current: Integration, remembered: Mapping[str, FieldStatus], *, server_shows_credentials: bool
) -> dict[str, FieldStatus]:
    """Return the keys of the credentials that differ from those on the server, and how.

    `remembered` has, by path, how they differ from what was applied before. A server that shows no credentials at all
    says nothing about which ones exist.
    """
    if entry.credentials is None:
        return {}
    shown = visible_credentials(current)
    given = [*entry.credentials, *entry.unresolved]
    changes: dict[str, FieldStatus] = {}
    for key in given:
        applied = remembered.get(f"credentials.{key}", "unknown")
        if key in shown:
            changes[key] = _status_of_shown(entry, key, shown[key], applied)
        elif not server_shows_credentials or (applied == "same" and catalogue.is_secret(current.provider, key)):
            changes[key] = applied  # it may exist: some servers hide all credentials, some only secrets
        else:
            changes[key] = "added"
    if server_shows_credentials:
        changes |= {key: "removed" for key in shown if key not in given}
    else:
        paths = [path for path, status in remembered.items() if status == "removed"]
        changes |= {path.removeprefix("credentials."): "removed" for path in paths if path.startswith("credentials.")}
    return {key: status for key, status in changes.items() if status != "same"}


def _status_of_shown(entry: ResolvedEntry, key: str, shown: Json, applied: FieldStatus) -> FieldStatus:
    """Return the status of a credential that the server shows: a token or a missing value cannot be compared."""
    credential = (entry.credentials or {}).get(key)
    if credential is None or is_token(shown):
        return applied
    return "same" if _matches(credential.value, shown, applied) else "changed"


def fields_to_remember(entry: ResolvedEntry) -> dict[str, Json] | None:
    """Return the fields of an entry that servers may hide, by path; None if it has none.

    A reference without a value is None.
    """
    values = entry.entry.values
    fields = {known.wire: values[known.name] for known in _HIDDEN_FIELDS if known.name in values}
    fields |= {f"credentials.{key}": credential.value for key, credential in (entry.credentials or {}).items()}
    fields |= {f"credentials.{key}": None for key in entry.unresolved}
    return fields or None


def hidden_fields(entry: ResolvedEntry, current: Integration) -> dict[str, Json]:
    """Return the same without the credentials whose value the server shows: these can be compared directly."""
    fields = fields_to_remember(entry) or {}
    for key, value in current.credentials.items():
        if key not in entry.unresolved and isinstance(value, str | bool) and value != "" and not is_token(value):
            fields.pop(f"credentials.{key}", None)
    return fields


def is_token(value: Json) -> bool:
    """Return whether a server shows an opaque token in the place of the value."""
    return isinstance(value, str) and value.startswith("nvsk.")


def without_secrets(value: Json) -> Json:
    """Return a value without its secret members, and without the tokens that servers show for them."""
    if isinstance(value, dict):
        return {
            key: without_secrets(item)
            for key, item in value.items()
            if not is_token(item) and not (sounds_secret(key) and isinstance(item, str | list))
        }
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def by_manifest_name(integrations: Sequence[Integration]) -> dict[str, Integration]:
    """Return the integrations by their names in manifests, sorted by these.

    That is the identifier. The service makes up the identifiers of the integrations that it creates itself, one of each
    provider: they are named like their provider, so that the name is the same in every environment.

    Raises:
        ConflictError: Several integrations have the same identifier.
    """
    named: dict[str, list[Integration]] = {}
    providers = [integration.provider for integration in integrations]
    taken = {integration.identifier for integration in integrations if integration.provider not in catalogue.BUILT_IN}
    for integration in integrations:
        name = integration.identifier
        if integration.provider in catalogue.BUILT_IN and providers.count(integration.provider) == 1:
            name = integration.provider
            while name in taken:
                name += "-built-in"
        named.setdefault(name, []).append(integration)
    duplicates = [
        f"{len(found)} integrations are called {name}: {', '.join(integration.id for integration in found)}"
        for name, found in named.items()
        if len(found) > 1
    ]
    if duplicates:
        raise ConflictError("; ".join(duplicates), hint="delete all but one of them by _id: integrations delete ID")
    return {name: named[name][0] for name in sorted(named)}


def without_ids(value: Json) -> Json:
    """Return conditions as a user writes them: without the ids that servers add."""
    if isinstance(value, dict):
        return {key: without_ids(item) for key, item in value.items() if key not in ("_id", "id")}
    return [without_ids(item) for item in value] if isinstance(value, list) else value
