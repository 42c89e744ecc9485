"""The things that the program speaks of: frozen values, no input, no output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

Json = Any  # A decoded JSON value; its shape is checked where it enters, not by the type.

CHANNELS: Final = ("in_app", "email", "sms", "chat", "push", "tool")
"""The five documented channels, and `tool`, which current servers take."""

CHANNELS_WITH_PRIMARY: Final = ("email", "sms")
"""Only in these does one integration of an environment come first."""

MASK: Final = "********"


class Secret:
    """A text that shows itself only when asked to: `str` and `repr` give a mask."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


FieldType = Literal["string", "text", "textarea", "number", "switch", "dropdown"]


class CredentialField(NamedTuple):
    """One credential of a provider, as the API's own catalogue describes it.

    `type` is the input that the dashboard shows; `choices` may hold None, which means "left out".
    """

    key: str
    label: str
    type: FieldType
    required: bool
    secret: bool
    choices: tuple[str | None, ...] = ()
    default: Json = None
    hidden: bool = False
    links: Json = None


class Provider(NamedTuple):
    """A service that delivers for one channel, and the credentials that it needs."""

    id: str
    name: str
    channel: str
    docs: str
    beta: bool
    credentials: tuple[CredentialField, ...]

    def field(self, key: str) -> CredentialField | None:
        """The credential called `key`, or None."""
        return next((field for field in self.credentials if field.key == key), None)


class Credential(NamedTuple):
    """The value of one credential, ready for the wire, and whether it must stay hidden.

    `value` is a string, a boolean or, for `tlsOptions`, an object. `concealed` is true for what came by reference
    (a file, the environment, a command, standard input) or from a hidden prompt: it is masked whatever its key is.
    """

    value: Json
    concealed: bool = False

    def __repr__(self) -> str:
        """Return a text without the value."""
        return f"Credential(concealed={self.concealed})"


class Draft(NamedTuple):
    """An integration as the user wants it, before it is sent. None means "not said"."""

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


class Patch(NamedTuple):
    """What is to change about an integration that is there. None means "leave it as it is".

    `credentials` are all of them: servers replace them as a whole.
    """

    name: str | None = None
    identifier: str | None = None
    active: bool | None = None
    check: bool = False
    credentials: Mapping[str, Credential] | None = None
    conditions: Sequence[Json] | None = None
    extra: Mapping[str, Json] = MappingProxyType({})


class Integration(NamedTuple):
    """An integration as the API gave it: `raw` is the whole answer without its envelope."""

    raw: Mapping[str, Json]

    def __repr__(self) -> str:
        """Return a text without what the server sent, which may hold secrets."""
        return f"Integration({self.id!r})"

    def _text(self, key: str) -> str:
        value = self.raw.get(key)
        return value if isinstance(value, str) else ""

    @property
    def id(self) -> str:
        """The `_id`, which some answers call only `id`; empty when the server left both out."""
        return self._text("_id") or self._text("id")

    @property
    def environment_id(self) -> str:
        """The `_environmentId`: where it lives."""
        return self._text("_environmentId")

    @property
    def identifier(self) -> str:
        """What people call it by, unique in the organisation."""
        return self._text("identifier")

    @property
    def name(self) -> str:
        """The name that the dashboard shows."""
        return self._text("name")

    @property
    def provider(self) -> str:
        """The `providerId`, as the catalogue spells it."""
        return self._text("providerId")

    @property
    def channel(self) -> str:
        """The channel that it delivers for."""
        return self._text("channel")

    @property
    def active(self) -> bool:
        """Whether it delivers; only a plain true counts."""
        return self.raw.get("active") is True

    @property
    def primary(self) -> bool:
        """Whether it comes first in its channel."""
        return self.raw.get("primary") is True

    @property
    def priority(self) -> int:
        """The rank among the fallbacks: higher comes first, 0 for inactive ones."""
        value = self.raw.get("priority")
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    @property
    def conditions(self) -> Sequence[Json]:
        """When it is used; empty when the answer has none."""
        value = self.raw.get("conditions")
        return value if isinstance(value, list) else []

    @property
    def credentials(self) -> Mapping[str, Json]:
        """What the server shows of them: often nothing, or opaque tokens."""
        value = self.raw.get("credentials")
        return value if isinstance(value, dict) else {}


class Environment(NamedTuple):
    """The environment that an API key opens."""

    id: str
    name: str
