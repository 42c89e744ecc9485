"""Example values for the credentials of each provider.

What only the user knows is in angle brackets (`<user>`). On a command line a secret is read from a variable or, if it
has several lines, from a file.
"""

from __future__ import annotations

import json
import re
from typing import Final

from integrations_cli.catalogue.credential_fields import CredentialField, Provider
from integrations_cli.models import Json

_TYPICAL: Final = {
    "senderName": "Example",
    "host": "host.example.com",
    "port": "587",
    "domain": "mail.example.com",
    "region": "eu-west-1",
}
"""Values that show the expected form."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def example_body(provider: Provider) -> dict[str, Json]:
    """Return the body of a create with every credential that the provider requires, or all if it requires none."""
    body: dict[str, Json] = {"providerId": provider.id, "channel": provider.channel, "name": provider.name}
    credentials = {field.key: _value(provider, field) for field in example_fields(provider)}
    if credentials:
        body["credentials"] = credentials
    return {**body, "active": True, "check": False}


def variable(provider_id: str, key: str) -> str:
    """Return a name for an environment variable with this credential: `MAILGUN_API_KEY` for apiKey of mailgun."""
    words = f"{provider_id}-{_HUMP.sub('-', key)}"
    return re.sub(r"[^A-Z0-9]+", "_", words.upper())


def example_fields(provider: Provider) -> list[CredentialField]:
    """Return the credentials to fill in; hidden ones are set by the service itself."""
    required = [field for field in provider.credentials if field.required]
    return required or [field for field in provider.credentials if not field.hidden]


def example_argument(provider: Provider, field: CredentialField) -> str:
    """Return the VALUE of `KEY=VALUE` for a command line."""
    if field.secret:
        return f"@{field.key}.txt" if field.type == "textarea" else f"env:{variable(provider.id, field.key)}"
    value = _value(provider, field)
    return value if isinstance(value, str) else json.dumps(value)


def _value(provider: Provider, field: CredentialField) -> Json:
    if field.value_type.example is not None:
        return field.value_type.example
    chosen = field.default if field.default is not None else next(filter(None, field.choices), None)
    if chosen is not None:
        return chosen
    if field.secret:
        return f"<{field.key}>"
    if field.key == "from":
        return "hello@example.com" if provider.channel == "email" else "+15550100123"
    if field.key.lower().endswith("url"):
        return "https://example.com"
    return _TYPICAL.get(field.key, f"<{field.key}>")
