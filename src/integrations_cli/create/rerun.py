"""Builds `integrations create` command lines: the one that repeats a create, and an example for each provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from integrations_cli.catalogue import is_secret
from integrations_cli.catalogue.credential_fields import Provider, credential_type
from integrations_cli.catalogue.examples import example_argument, example_fields
from integrations_cli.create.draft import DraftInputs

REFERENCES = ("@", "env:", "cmd:")
"""How a reference to a value begins."""


def quoted(words: Iterable[str]) -> str:
    """Return the words as one line for a POSIX shell."""
    import shlex

    return shlex.join(words)


def create_command(
    inputs: DraftInputs, *, common: Sequence[str] = (), identifier: str | None = None, key: str | None = None
) -> str:
    """Return the line that creates the same, quoted for a POSIX shell, without a literal secret.

    `common` are words that every command takes (`--sandbox`). `identifier` and `key` make it the line that goes on: the
    same integration under the same idempotency key. Literal secrets become `KEY=@-` (standard input), and from the
    second one on `KEY=@KEY.txt`, since standard input can be read once.
    """
    credentials = tuple(_without_literal_secrets(inputs))
    safe = inputs._replace(identifier=identifier or inputs.identifier, credentials=credentials)
    words = ["integrations", "create", *safe.words]
    if key is not None:
        # On a server that keeps no keys, the identifier is what makes it safe.
        words += ["--idempotency-key", key, "--if-not-exists"]
    return quoted([*words, *common])


def example_command(provider: Provider) -> str:
    """Return a line that creates an integration of this provider; what only the user knows is in angle brackets."""
    credentials = tuple(f"{field.key}={example_argument(provider, field)}" for field in example_fields(provider))
    inputs = DraftInputs(provider=provider.id, channel=provider.channel, credentials=credentials, active=True)
    return quoted(["integrations", "create", *inputs.words])


def _without_literal_secrets(inputs: DraftInputs) -> Iterator[str]:
    stdin_taken = "-" in {inputs.from_file, inputs.credentials_file, inputs.conditions_file}
    stdin_taken = stdin_taken or any(text.endswith("=@-") for text in inputs.credentials)
    for text in inputs.credentials:
        name, _, value = text.partition("=")
        secret = is_secret(inputs.provider, name) or credential_type(name).holds_secrets
        if not secret or value.startswith(REFERENCES):
            yield text
        else:
            yield f"{name}=@{name}.txt" if stdin_taken else f"{name}=@-"
            stdin_taken = True
