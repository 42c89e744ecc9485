"""What servers accept in the body of a create or an update, and the words in which they refuse the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrations_cli import catalogue
from integrations_cli.sandbox.errors import ApiError, internal_error

OBJECT_ID: Final = re.compile(r"[0-9a-fA-F]{24}")

_CHANNELS: Final = "in_app, email, sms, chat, push"
_KINDS: Final = ("delivery", "agent")
_DEEPEST: Final = 100
"""How deep the API's database lets a document nest."""

_CREDENTIALS: Final = (
    *("apiKey", "user", "secretKey", "domain", "password", "host", "port", "secure", "region", "accountSid"),
    *("messageProfileId", "token", "from", "senderName", "projectName", "applicationId", "clientId", "requireTls"),
    *("ignoreTls", "tlsOptions", "baseUrl", "webhookUrl", "redirectUrl", "hmac", "serviceAccount", "ipPoolName"),
    *("apiKeyRequestHeader", "secretKeyRequestHeader", "idPath", "datePath", "apiToken", "authenticateByToken"),
    *("authenticationTokenKey", "instanceId", "alertUid", "title", "imageUrl", "state", "externalLink", "channelId"),
    *("phoneNumberIdentification", "accessKey"),
)
"""The credentials in the order in which servers look at them; those that only the catalogue knows come after."""

_READ_AS_BOOLEAN: Final = ("secure", "requireTls", "ignoreTls")
"""For these servers take `"true"` and `"false"` too."""

_NOT_NESTED: Final = "nested property credentials must be either object or array"
_EACH_NOT_NESTED: Final = "each value in nested property conditions must be either object or array"


def check_fields(fields: Mapping[str, Any], *, creating: bool, observed: bool) -> None:
    """Look at the type of every field that servers know.

    `creating` requires `providerId` and `channel`. The `observed` server knows neither the channel `tool` nor `kind`,
    `configurations` and `rules`.

    Raises:
        Refusal: 400 with one message for each finding, in the servers' order.
    """
    wrong: list[str] = []
    for name in ("name", "identifier"):
        _string(fields, name, wrong)
    environment = fields.get("_environmentId")
    if environment is not None and not (isinstance(environment, str) and OBJECT_ID.fullmatch(environment)):
        wrong.append("_environmentId must be a mongodb id")
    if creating:
        _provider_and_channel(fields, wrong, observed=observed)
    if not observed and fields.get("kind") is not None and fields["kind"] not in _KINDS:
        wrong.append(f"kind must be one of the following values: {', '.join(_KINDS)}")
    _credentials(fields.get("credentials"), wrong)
    wrong += [
        f"{name} must be a boolean value"
        for name in ("active", "check")
        if not isinstance(fields.get(name), bool | None)
    ]
    _conditions(fields.get("conditions"), wrong)
    if not observed:
        wrong += [
            f"{name} must be an object"
            for name in ("configurations", "rules")
            if not isinstance(fields.get(name), dict | None)
        ]
    if wrong:
        raise ApiError(400, wrong)


def known_credentials(value: Any) -> dict[str, Any] | None:
    """The credentials that servers keep, in their order: unknown keys are dropped, `"true"` becomes true.

    None stands for none. The value has passed `check_fields`.

    Raises:
        Refusal: 500 for a secret that is null, which servers fail to encrypt.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        return {}
    kept = {key: _boolean(key, value[key]) for key in _order() if key in value}
    if any(value is None and key in catalogue.secret_keys() for key, value in kept.items()):
        raise internal_error()
    return kept


def check_depth(*values: Any) -> None:
    """Refuse what nests deeper than the database allows.

    Raises:
        Refusal: 500, as servers answer it.
    """
    level: list[Any] = list(values)
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        level = inner
        if not level:
            return
    raise internal_error()


def _provider_and_channel(fields: Mapping[str, Any], wrong: list[str], *, observed: bool) -> None:
    if fields.get("providerId") is None:
        wrong.append("providerId should not be null or undefined")
    if not isinstance(fields.get("providerId"), str):
        wrong.append("providerId must be a string")
    channel = fields.get("channel")
    if channel is None:
        wrong.append("channel should not be null or undefined")
    if not (isinstance(channel, str) and (channel in _CHANNELS.split(", ") or (channel == "tool" and not observed))):
        wrong.append(f"channel must be one of the following values: {_CHANNELS}")


def _string(fields: Mapping[str, Any], name: str, wrong: list[str]) -> None:
    if not isinstance(fields.get(name), str | None):
        wrong.append(f"{name} must be a string")


def _credentials(value: Any, wrong: list[str]) -> None:
    if value is None:
        return
    if isinstance(value, list):
        if not all(isinstance(item, dict | list) for item in value):
            wrong.append(f"credentials.{_NOT_NESTED}")
        return
    if not isinstance(value, dict):
        wrong.append(_NOT_NESTED)
        return
    for key in _order():
        given = value.get(key)
        if given is None:
            continue
        if key in catalogue.BOOLEAN_KEYS:
            if not isinstance(_boolean(key, given), bool):
                wrong.append(f"credentials.{key} must be a boolean value")
        elif key in catalogue.OBJECT_KEYS:
            if not isinstance(given, dict | list):
                wrong.append(f"credentials.{key} must be an object")
        elif not isinstance(given, str):
            wrong.append(f"credentials.{key} must be a string")


def _conditions(value: Any, wrong: list[str]) -> None:
    if value is None:
        return
    if isinstance(value, list):
        if not all(isinstance(item, dict | list) for item in value):
            wrong.append(f"conditions.{_EACH_NOT_NESTED}")
        return
    wrong.append("conditions must be an array")
    if not isinstance(value, dict):
        wrong.append(_EACH_NOT_NESTED)


def _boolean(key: str, value: Any) -> Any:
    if key in _READ_AS_BOOLEAN and value in ("true", "false"):
        return value == "true"
    return value


def _order() -> Sequence[str]:
    later = catalogue.credential_keys().difference(_CREDENTIALS)
    return (*_CREDENTIALS, *sorted(later))
