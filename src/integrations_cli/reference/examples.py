"""Example command lines for `--help`, the man pages and `commands --json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Example(NamedTuple):
    """One command line that can be typed as it is, and what it does."""

    line: str
    about: str


EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "": (
        Example("integrations create --provider mailgun --channel email --sandbox", "Try it without an account."),
        Example("integrations profiles add staging", "Save the API key of an environment as a profile."),
        Example("integrations list --profile staging", "List the integrations of that environment."),
    ),
    "create": (
        Example("integrations create", "Answer prompts for everything."),
        Example(
            "integrations create --provider mailgun --channel email", "Create it without credentials; add them later."
        ),
        Example(
            "integrations create -p mailgun -C apiKey=@- -C domain=mg.acme.io < key.txt",
            "Read the secret from standard input, so that no process list shows it.",
        ),
        Example(
            "integrations create -p getstream -i chat -C apiKey=env:KEY --if-not-exists",
            "Read the secret from a variable; do nothing if the identifier exists. Safe to repeat.",
        ),
        Example("integrations create --from-file mailgun.json --json", "Read everything from a file and print JSON."),
        Example("integrations create --from-file mailgun.json --dry-run", "Print the request without sending it."),
    ),
    "list": (
        Example("integrations list", "List all integrations of the environment."),
        Example("integrations list --channel email --active --json", "Print the active email integrations as JSON."),
    ),
    "get": (Example("integrations get mailgun-main", "Show one integration by its identifier."),),
    "update": (
        Example("integrations update mailgun-main --name 'Mailgun EU' --active", "Rename it and activate it."),
        Example(
            "integrations update sendgrid-main -C apiKey=@key.txt --replace-credentials",
            "Replace all of its credentials with this one.",
        ),
    ),
    "delete": (
        Example("integrations delete mailgun-main", "Delete it after a confirmation."),
        Example("integrations delete mailgun-main --yes", "Delete it without a confirmation."),
    ),
    "set-primary": (
        Example("integrations set-primary mailgun-main", "Make it the primary integration of its channel."),
    ),
    "plan": (
        Example("integrations plan integrations.toml", "Show what apply would do."),
        Example("integrations plan integrations.toml --exit-code", "Exit with 9 if there are differences."),
    ),
    "apply": (
        Example("integrations apply integrations.toml", "Show the plan, ask for confirmation, apply it."),
        Example(
            "integrations apply integrations.toml --yes --json",
            "Apply it in CI, without a confirmation, and print JSON.",
        ),
    ),
    "export": (
        Example("integrations export > integrations.toml", "Write a manifest of the environment, without secrets."),
    ),
    "diff": (Example("integrations diff --profile staging --against production", "Compare two environments."),),
    "providers list": (
        Example("integrations providers list --channel sms", "List the providers of one channel."),
        Example("integrations providers list --search mail", "List the providers whose name contains a word."),
    ),
    "providers show": (
        Example("integrations providers show mailgun", "Show its credentials and a command to start from."),
    ),
    "profiles add": (
        Example("integrations profiles add staging", "Type the API key at a hidden prompt."),
        Example(
            "integrations profiles add staging --region eu --api-key-stdin < key.txt",
            "Read the API key from standard input.",
        ),
        Example(
            "integrations profiles add live --api-key-command 'op read op://vault/novu'",
            "Read the API key from a password manager each time; store nothing.",
        ),
    ),
    "profiles list": (Example("integrations profiles list", "List the profiles and mark the default."),),
    "profiles show": (
        Example("integrations profiles show staging", "Show its settings and where each one comes from."),
    ),
    "profiles use": (Example("integrations profiles use staging", "Make it the default profile."),),
    "profiles remove": (Example("integrations profiles remove staging", "Remove it together with its API key."),),
    "sandbox serve": (
        Example("integrations sandbox serve", "Serve it on http://127.0.0.1:8787 and print its API keys."),
        Example("integrations sandbox serve --port 0 --json", "Choose a free port, for tests."),
        Example("integrations sandbox serve --rate-limit 100", "Allow 100 requests a second, as a paid plan does."),
    ),
    "sandbox reset": (Example("integrations sandbox reset --yes", "Delete all data of the sandbox."),),
    "doctor": (
        Example("integrations doctor", "Check configuration and connectivity."),
        Example("integrations doctor --profile staging --json", "Check one profile and print JSON."),
    ),
    "commands": (Example("integrations commands --json", "Describe all commands and flags as one JSON document."),),
}
"""Examples by command, without the program's name; the empty key is the program itself."""
