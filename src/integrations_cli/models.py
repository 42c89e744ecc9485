"""The values that all parts of the program share, and the table of an integration's fields. No input, no output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, Self

Json = Any  # A decoded JSON value; its shape is checked where it enters, not by the type.

CHANNELS: Final = ("in_app", "email", "sms", "chat", "push", "tool")
"""The five documented channels, and `tool`, which current servers take."""

CHANNELS_WITH_PRIMARY: Final = ("email", "sms")  # one integration of an environment comes first

MASK: Final = "********"


class IntegrationField(NamedTuple):
    """One field of an integration, and the names by which flags, files, the API and `Draft` know it.

    `name` is its name in a manifest, `wire` the one in the API and in create files, `flag` its flag. `type` is what
    its value must be in files: `credentials` and `conditions` are read by functions of their own, `json` is anything.
    `create`, `update` and `manifest` say where it can be given. A field without an attribute in `Draft` is kept in
    `Draft.extra`.
    """

    name: str
    wire: str
    type: Literal["text", "boolean", "credentials", "conditions", "json"]
    flag: str | None = None
    create: bool = True
    update: bool = True
    manifest: bool = True


FIELDS: Final = (
    IntegrationField("provider", "providerId", "text", "--provider", update=False),
    IntegrationField("channel", "channel", "text", "--channel", update=False),
    IntegrationField("name", "name", "text", "--name"),
    IntegrationField("identifier", "identifier", "text", "--identifier", manifest=False),
    IntegrationField("environment_id", "_environmentId", "text", "--environment-id", update=False, manifest=False),
    IntegrationField("credentials", "credentials", "credentials", "--credential"),
    IntegrationField("active", "active", "boolean", "--active"),
    IntegrationField("check", "check", "boolean", "--check"),
    IntegrationField("primary", "primary", "boolean", create=False, update=False),
    IntegrationField("conditions", "conditions", "conditions", "--condition"),
    IntegrationField("kind", "kind", "json", update=False),
    IntegrationField("configurations", "configurations", "json"),
    IntegrationField("rules", "rules", "json"),
)
"""All fields, in the order in which they are sent: servers compare the bodies of repeated requests in key order."""

EXTRA_FIELDS: Final = tuple(field.wire for field in FIELDS if field.type == "json")
"""The fields that only current servers know."""


class Secret:
    """A text that shows itself only when asked to: `str` and `repr` give a mask."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one place that sends it."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Credential(NamedTuple):
    """The value of one credential, ready for the wire, and whether it must stay hidden.

    `value` is a string, a boolean or, for `tlsOptions`, an object. `masked` is true for what came by reference
    (a file, the environment, a command, standard input) or from a hidden prompt: it is masked whatever its key is.
    """

    value: Json
    masked: bool = False

    def __repr__(self) -> str:
        return f"Credential(masked={self.masked})"  # without the value


class Draft(NamedTuple):
    """An integration as the user wants it, before it is sent; None is "not given".

    `extra` has the fields without an attribute here, by their names in the API.
    """

    provider: str | None = None
    channel: str | None = None
    name: str | None = None
    identifier: str | None = None
    environment_id: str | None = None
    credentials: Mapping[str, Credential] = MappingProxyType({})
    active: bool = False
    check: bool = False
    conditions: Sequence[Json] | None = None
    extra: Mapping[str, Json] = MappingProxyType({})

    @classmethod
    def from_values(cls, values: Mapping[str, Json], credentials: Mapping[str, Credential]) -> Self:
        """Return the draft with these values, by their names in the API."""
        return cls(
            provider=values.get("providerId"),
            channel=values.get("channel"),
            name=values.get("name"),
            identifier=values.get("identifier"),
            environment_id=values.get("_environmentId"),
            credentials=credentials,
            active=values.get("active", False),
            check=values.get("check", False),
            conditions=values.get("conditions"),
            extra={name: values[name] for name in EXTRA_FIELDS if name in values},
        )

    @property
    def values(self) -> dict[str, Json]:
        """Return the values that are given, by their names in the API and in its order."""
        values: dict[str, Json] = {
            "providerId": self.provider,
            "channel": self.channel,
            "name": self.name,
            "identifier": self.identifier,
            "_environmentId": self.environment_id,
            "credentials": wire_credentials(self.credentials) or None,
            "active": self.active,
            "check": self.check,
            "conditions": self.conditions,
        }
        return {name: value for name, value in values.items() if value is not None} | dict(self.extra)

    @property
    def masked(self) -> set[str]:
        """Return the keys of the credentials that must stay hidden."""
        return {key for key, credential in self.credentials.items() if credential.masked}


def wire_credentials(credentials: Mapping[str, Credential]) -> dict[str, Json]:
    """Return the values of the credentials as the API takes them."""
    return {key: credential.value for key, credential in credentials.items()}


class Patch(NamedTuple):
    """What is to change about an integration that exists.

    `values` has the fields by their names in the API, without credentials. `credentials` are all of them, since
    servers replace them as a whole; None leaves them as they are.
    """

    values: Mapping[str, Json] = MappingProxyType({})
    credentials: Mapping[str, Credential] | None = None
    check: bool = False


class Integration:
    """An integration as the API returned it: `raw` is the response without its envelope. Missing texts are empty."""

    def __init__(self, raw: Mapping[str, Json]) -> None:
        self.raw = raw
        self.id = self._text("_id") or self._text("id")  # some responses call it only `id`
        self.environment_id = self._text("_environmentId")
        self.identifier = self._text("identifier")
        self.name = self._text("name")
        self.provider = self._text("providerId")
        self.channel = self._text("channel")
        self.active = raw.get("active") is True
        self.primary = raw.get("primary") is True
        priority, conditions, credentials = raw.get("priority"), raw.get("conditions"), raw.get("credentials")
        # The rank among the fallbacks: higher comes first, 0 for inactive ones.
        self.priority = priority if isinstance(priority, int) and not isinstance(priority, bool) else 0
        self.conditions: Sequence[Json] = conditions if isinstance(conditions, list) else []
        # What the server shows of them: often nothing, or opaque tokens.
        self.credentials: Mapping[str, Json] = credentials if isinstance(credentials, dict) else {}

    def __repr__(self) -> str:
        return f"Integration({self.id!r})"  # without what the server sent, which may hold secrets

    def _text(self, key: str) -> str:
        value = self.raw.get(key)
        return value if isinstance(value, str) else ""


class Environment(NamedTuple):
    """The environment that an API key opens."""

    id: str
    name: str


def is_nested_deeper(value: Json, levels: int) -> bool:
    """Return whether objects and lists are nested in more than so many levels; without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        if not level:
            return False
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
    return bool(level)
