"""What a credential is: its key, its type, how its value is parsed, checked and asked for.

A new type of value is one class here, and the keys that have it in `_TYPES`.
"""

from __future__ import annotations

import json
from typing import ClassVar, Final, Literal, NamedTuple, NoReturn

from integrations_cli.models import Json, is_nested_deeper

_REFERENCES: Final = frozenset({"env", "file", "command"})


class CredentialType:
    """A text, the type of most credentials, and the base of the others."""

    name: ClassVar[str] = "string"
    """Its name in the output of `providers show --json`."""
    api_name: ClassVar[str] = "a string"
    """Its name in the error messages of the API."""
    description: ClassVar[str] = ""
    """What `providers show` says of it besides the label."""
    choices: ClassVar[tuple[str, ...]] = ()
    """The texts that can be written on the command line, where there are few."""
    example: ClassVar[Json] = None
    """A value of this type; None where it depends on the key."""
    takes_references: ClassVar[bool] = True
    """Whether `{"env": "NAME"}` and the like stand for a value."""
    can_be_secret: ClassVar[bool] = True
    holds_secrets: ClassVar[bool] = False
    """Whether the value is an object that can have a secret member."""

    def parse(self, text: str) -> Json:
        """Return the value that `text` means; text that is not of this type stays text, for `problem` to report."""
        return text

    def from_response(self, value: Json) -> Json:
        """Return a value that a server shows in the type that it was sent in."""
        return value

    def accepts(self, value: Json) -> bool:
        """Return whether the API takes a value of this Python type."""
        return isinstance(value, str)

    def problem(self, value: Json) -> str | None:
        """Return what is wrong with a value, without the value; None if nothing is."""
        if value == "":
            return "is empty"
        if isinstance(value, str):
            return None
        if not isinstance(value, dict):
            return "must be text in quotes"
        if value and _REFERENCES.issuperset(value):
            return "must be text; a reference is an object of exactly one key: env, file or command"
        return 'must be text; put an object in quotes, or in a file of its own: {"file": "PATH"}'


class _BooleanType(CredentialType):
    name = "boolean"
    api_name = "a boolean value"
    description = "true or false"
    choices = ("true", "false")
    example = False
    can_be_secret = False  # masking "true" everywhere would spoil the output

    def parse(self, text: str) -> Json:
        return {"true": True, "false": False}.get(text, text)

    def from_response(self, value: Json) -> Json:
        return self.parse(value) if isinstance(value, str) else value

    def accepts(self, value: Json) -> bool:
        return isinstance(value, bool)

    def problem(self, value: Json) -> str | None:
        if isinstance(value, bool):
            return None
        return f"must be true or false{', without quotes' if value in self.choices else ''}"


class _ObjectType(CredentialType):
    name = "object"
    api_name = "an object"
    description = "a JSON object"
    example: ClassVar[Json] = {}
    takes_references = False
    holds_secrets = True

    def parse(self, text: str) -> Json:
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return text
        return text if not isinstance(value, dict) or is_nested_deeper(value, 60) else value

    def accepts(self, value: Json) -> bool:
        return isinstance(value, dict | list)

    def problem(self, value: Json) -> str | None:
        if isinstance(value, dict):
            return None
        reason = ""
        if isinstance(value, str):
            try:
                reason = ", without quotes around it" if isinstance(json.loads(value), dict) else ""
            except json.JSONDecodeError as error:
                reason = f": {error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno}, column {error.colno})"
            except (ValueError, RecursionError):
                reason = ""
        return f"must be a JSON object{reason}"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


TEXT: Final = CredentialType()
BOOLEAN: Final = _BooleanType()
OBJECT: Final = _ObjectType()

_TYPES: Final[dict[str, CredentialType]] = {
    **dict.fromkeys(("secure", "requireTls", "ignoreTls", "hmac", "authenticateByToken"), BOOLEAN),
    "tlsOptions": OBJECT,
}
"""The keys whose values are not text; `port` is text too."""


def credential_type(key: str) -> CredentialType:
    """Return the type of the values of `key`, for every provider."""
    return _TYPES.get(key, TEXT)


DashboardInput = Literal["string", "text", "textarea", "number", "switch", "dropdown"]


class CredentialField(NamedTuple):
    """One credential of a provider, as the API's own catalogue describes it.

    `type` is the input that the dashboard shows; `choices` may hold None, which means "left out".
    """

    key: str
    label: str
    type: DashboardInput
    required: bool
    secret: bool
    choices: tuple[str | None, ...] = ()
    default: Json = None
    hidden: bool = False
    links: Json = None

    @property
    def value_type(self) -> CredentialType:
        """Return the type that its value has in the API."""
        return credential_type(self.key)

    @property
    def placeholder(self) -> Json:
        """Return a value that every check accepts."""
        if self.value_type.example is not None:
            return self.value_type.example
        return next((choice for choice in self.choices if choice is not None), "text")

    def problem(self, value: Json, *, show_value: bool = True) -> str | None:
        """Return what is wrong with a value; None if nothing is. With `show_value` false it is not repeated."""
        problem = self.value_type.problem(value)
        if problem is not None or not self.choices or value in self.choices:
            return problem
        choices = ", ".join(choice for choice in self.choices if choice is not None)
        omitted = ", or left out" if None in self.choices else ""
        return f"{repr(value) if show_value else 'its value'} is not one of {choices}{omitted}"


class Provider(NamedTuple):
    """A service that delivers for one channel, and the credentials that it takes."""

    id: str
    name: str
    channel: str
    docs: str
    beta: bool
    credentials: tuple[CredentialField, ...]

    def field(self, key: str) -> CredentialField | None:
        """Return the credential called `key`, or None."""
        return next((field for field in self.credentials if field.key == key), None)
