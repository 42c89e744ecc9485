"""The `integrations create` line that says again what was said, without a secret in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.create.draft import DraftInputs

_REFERENCE = ("@", "env:", "cmd:")
_PLAIN = r"[A-Za-z0-9@%+=:,./_-]+"


def create_command(
    sources: DraftInputs, *, shared: Sequence[str] = (), identifier: str | None = None, key: str | None = None
) -> str:
    """One line for a shell, quoted where it needs to be.

    `shared` are words that every command takes (`--sandbox`). `identifier` and `key` make it the line that resumes: the
    same integration under the same idempotency key. Literal secrets become `KEY=@-` (standard input), and from the
    second one on `KEY=@KEY.txt`, since standard input can be read once.
    """
    words = ["integrations", "create"]

    def say(flag: str, value: str | None) -> None:
        if value is not None:
            words.extend((flag, value))

    def switch(flag: str, opposite: str, value: bool | None) -> None:
        if value is not None:
            words.append(flag if value else opposite)

    say("--from-file", sources.from_file)
    say("--provider", sources.provider)
    say("--channel", sources.channel)
    say("--name", sources.name)
    say("--identifier", identifier or sources.identifier)
    say("--environment-id", sources.environment_id)
    say("--credentials-file", sources.credentials_file)
    stdin_taken = "-" in {sources.from_file, sources.credentials_file, sources.conditions_file}
    stdin_taken = stdin_taken or any(text.endswith("=@-") for text in sources.credentials)
    for text in sources.credentials:
        name, _, value = text.partition("=")
        secret = catalogue.is_secret(sources.provider, name) or credential_type(name).holds_secrets
        if secret and not value.startswith(_REFERENCE):
            say("--credential", f"{name}=@{name}.txt" if stdin_taken else f"{name}=@-")
            stdin_taken = True
        else:
            say("--credential", text)
    switch("--active", "--inactive", sources.active)
    switch("--check", "--no-check", sources.check)
    say("--conditions-file", sources.conditions_file)
    for condition in sources.conditions:
        say("--condition", condition)
    for extra in sources.extra:
        say("--extra", extra)
    say("--idempotency-key", key)
    if key is not None:
        words.append("--if-not-exists")  # on a server that keeps no keys, the identifier is what makes it safe
    return " ".join(shell_quote(word) for word in (*words, *shared))


def shell_quote(word: str) -> str:
    """The word as a POSIX shell takes it, on one line."""
    return word if re.fullmatch(_PLAIN, word) else "'" + word.replace("'", "'\"'\"'") + "'"
