"""Ready-made beginnings: for each provider the body of a create, and the command line that says the same.

What only the user knows stands in angle brackets (`<user>`); a secret in the command line is read from a variable or,
where it has several lines, from a file.
"""

from __future__ import annotations

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
"""Values that show the form of what belongs there."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def example_body(provider: Provider) -> dict[str, Json]:
    """The body of a create for `provider`, with every credential that it requires, or all if it requires none."""
    body: dict[str, Json] = {"providerId": provider.id, "channel": provider.channel, "name": provider.name}
    credentials = {field.key: _value(provider, field) for field in _shown(provider)}
    if credentials:
        body["credentials"] = credentials
    return {**body, "active": True, "check": False}


def example_command(provider: Provider) -> str:
    """The `integrations create` line that makes what `example` describes, ready for a POSIX shell.

    Its name is left out: servers take the provider's own by themselves.
    """
    import shlex

    words = ["integrations", "create", "--provider", provider.id, "--channel", provider.channel, "--active"]
    for field in _shown(provider):
        words += ["-C", f"{field.key}={_argument(provider, field)}"]
    return shlex.join(words)


def variable(provider_id: str, key: str) -> str:
    """The environment variable that would hold this credential: `MAILGUN_API_KEY` for apiKey of mailgun."""
    words = f"{provider_id}-{_HUMP.sub('-', key)}"
    return re.sub(r"[^A-Z0-9]+", "_", words.upper())


def _shown(provider: Provider) -> list[CredentialField]:
    """The credentials that are worth filling in; hidden ones are set by the service itself."""
    required = [field for field in provider.credentials if field.required]
    return required or [field for field in provider.credentials if not field.hidden]


def _argument(provider: Provider, field: CredentialField) -> str:
    if field.secret:
        return f"@{field.key}.txt" if field.type == "textarea" else f"env:{variable(provider.id, field.key)}"
    value = _value(provider, field)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "{}" if isinstance(value, dict) else str(value)


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
