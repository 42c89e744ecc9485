"""Checks and casts of the fields of a create or an update, in the order and words of the servers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.models import is_nested_deeper
from integrations_cli.sandbox.behaviour import ServerBehaviour
from integrations_cli.sandbox.errors import ApiError, internal_error
from integrations_cli.sandbox.ids import object_id

OBJECT_ID: Final = re.compile(r"[0-9a-fA-F]{24}")

_CHANNELS: Final = "in_app, email, sms, chat, push"
_KINDS: Final = ("delivery", "agent")
_MAX_DEPTH: Final = 100  # levels of nesting that the API's database allows

_CREDENTIALS: Final = (
    *("apiKey", "user", "secretKey", "domain", "password", "host", "port", "secure", "region", "accountSid"),
    *("messageProfileId", "token", "from", "senderName", "projectName", "applicationId", "clientId", "requireTls"),
    *("ignoreTls", "tlsOptions", "baseUrl", "webhookUrl", "redirectUrl", "hmac", "serviceAccount", "ipPoolName"),
    *("apiKeyRequestHeader", "secretKeyRequestHeader", "idPath", "datePath", "apiToken", "authenticateByToken"),
    *("authenticationTokenKey", "instanceId", "alertUid", "title", "imageUrl", "state", "externalLink", "channelId"),
    *("phoneNumberIdentification", "accessKey"),
)
"""The credentials in the servers' order; those that only the catalogue has come after them."""

_BOOLEANS_FROM_TEXT: Final = ("secure", "requireTls", "ignoreTls")  # may also be "true" and "false"
_TRUE: Final = (True, 1, "true", "1", "yes")
_FALSE: Final = (False, 0, "false", "0", "no")


def check_fields(fields: Mapping[str, Any], *, creating: bool, behaviour: ServerBehaviour) -> None:
    """Check the type of every field that the server has; creating requires `providerId` and `channel`."""
    optional = behaviour.optional_fields
    wrong = _of_wrong_type(fields, ("name", "identifier"), str, "a string")
    environment = fields.get("_environmentId")
    if environment is not None and not is_object_id(environment):
        wrong.append("_environmentId must be a mongodb id")
    if creating:
        wrong += _wrong_provider_and_channel(fields, behaviour)
    if "kind" in optional and fields.get("kind") not in (None, *_KINDS):
        wrong.append(f"kind must be one of the following values: {', '.join(_KINDS)}")
    wrong += _wrong_credentials(fields.get("credentials"))
    wrong += _of_wrong_type(fields, ("active", "check"), bool, "a boolean value")
    wrong += _wrong_conditions(fields.get("conditions"))
    wrong += _of_wrong_type(fields, [name for name in optional if name != "kind"], dict, "an object")
    if wrong:
        raise ApiError(400, wrong)


def known_credentials(value: Any) -> dict[str, Any] | None:
    """Return the credentials that servers keep of a checked value, in their order; None if there is no value."""
    if value is None:
        return None
    if not isinstance(value, dict):
        return {}
    kept = {key: _boolean_from_text(key, value[key]) for key in _credential_keys() if key in value}
    if any(value is None and key in catalogue.secret_keys() for key, value in kept.items()):
        raise internal_error()  # servers fail to encrypt a null
    return kept


def check_depth(value: Any) -> None:
    """Check that the database allows the nesting of the value; servers answer 500 if it does not."""
    if is_nested_deeper(value, _MAX_DEPTH - 1):
        raise internal_error()


def cast_conditions(value: Sequence[Any], now: float) -> list[dict[str, Any]]:
    """Return checked conditions with the types and keys that the database has, and new ids where they have none."""
    check_depth(value)
    groups = []
    for index, item in enumerate(value):
        path = f"conditions.{index}"
        given = item if isinstance(item, dict) else {}
        group: dict[str, Any] = {}
        if "isNegated" in given:
            group["isNegated"] = _cast_boolean(given["isNegated"], f"{path}.isNegated")
        group |= _cast_strings(given, ("type", "value"), path)
        group["children"] = _cast_children(given.get("children", []), f"{path}.children", now)
        group["_id"] = _cast_id(given.get("_id"), f"{path}._id", now)
        groups.append(group)
    return groups


def is_object_id(value: Any) -> bool:
    """Return whether the value is an id of the API's database."""
    return isinstance(value, str) and OBJECT_ID.fullmatch(value) is not None


def _of_wrong_type(fields: Mapping[str, Any], names: Sequence[str], kind: type, what: str) -> list[str]:
    return [f"{name} must be {what}" for name in names if not isinstance(fields.get(name), kind | None)]


def _wrong_provider_and_channel(fields: Mapping[str, Any], behaviour: ServerBehaviour) -> list[str]:
    wrong = []
    if fields.get("providerId") is None:
        wrong.append("providerId should not be null or undefined")
    if not isinstance(fields.get("providerId"), str):
        wrong.append("providerId must be a string")
    channel = fields.get("channel")
    if channel is None:
        wrong.append("channel should not be null or undefined")
    if channel not in behaviour.channels:
        wrong.append(f"channel must be one of the following values: {_CHANNELS}")
    return wrong


def _wrong_credentials(value: Any) -> list[str]:
    must_be_nested = "nested property credentials must be either object or array"
    if value is None:
        return []
    if isinstance(value, list):
        return [] if _all_nested(value) else [f"credentials.{must_be_nested}"]
    if not isinstance(value, dict):
        return [must_be_nested]
    wrong = []
    for key in _credential_keys():
        given = value.get(key)
        if given is None:
            continue
        value_type = credential_type(key)
        if not value_type.accepts(_boolean_from_text(key, given)):
            wrong.append(f"credentials.{key} must be {value_type.api_name}")
    return wrong


def _wrong_conditions(value: Any) -> list[str]:
    must_be_nested = "each value in nested property conditions must be either object or array"
    if value is None:
        return []
    if isinstance(value, list):
        return [] if _all_nested(value) else [f"conditions.{must_be_nested}"]
    return ["conditions must be an array", *([] if isinstance(value, dict) else [must_be_nested])]


def _all_nested(value: Sequence[Any]) -> bool:
    return all(isinstance(item, dict | list) for item in value)


def _boolean_from_text(key: str, value: Any) -> Any:
    if key in _BOOLEANS_FROM_TEXT and value in ("true", "false"):
        return value == "true"
    return value


def _credential_keys() -> Sequence[str]:
    return (*_CREDENTIALS, *sorted(catalogue.credential_keys().difference(_CREDENTIALS)))


def _cast_children(value: Any, path: str, now: float) -> list[dict[str, Any] | None] | None:
    if value is None:
        return None
    children: list[dict[str, Any] | None] = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(item, dict | list | None):
            raise _cast_error(path, "embedded")
        if item is None:
            children.append(None)
            continue
        given = item if isinstance(item, dict) else {}
        child = _cast_strings(given, ("field", "operator", "on"), f"{path}.{index}")
        if "value" in given:
            child["value"] = given["value"]
        child["_id"] = _cast_id(given.get("_id"), f"{path}.{index}._id", now)
        children.append(child)
    return children


def _cast_strings(given: Mapping[str, Any], keys: Sequence[str], path: str) -> dict[str, Any]:
    cast = {}
    for key in keys:
        if key in given:
            value = given[key]
            if isinstance(value, dict | list):
                raise _cast_error(f"{path}.{key}", "string")
            cast[key] = value if isinstance(value, str | None) else json.dumps(value)
    return cast


def _cast_boolean(value: Any, path: str) -> bool | None:
    if value is None:
        return None
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise _cast_error(path, "Boolean")


def _cast_id(value: Any, path: str, now: float) -> str:
    if value is None:
        return object_id(now)
    if not is_object_id(value):
        raise _cast_error(path, "ObjectId")
    return str(value).lower()


def _cast_error(path: str, kind: str) -> ApiError:
    return ApiError(400, f"Integration validation failed: {path}: Cast to {kind} failed")
