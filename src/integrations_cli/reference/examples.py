"""Example command lines for `--help`, the man pages and `commands --json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Example(NamedTuple):
    """One command line that can be typed as it is, and what it does."""

    line: str
    about: str


# By command, the arguments that follow it, and what the line does.
_ARGUMENTS: Final = {
    "": {
        "create --provider mailgun --channel email --sandbox": "Try it without an account.",
        "profiles add staging": "Save the API key of an environment as a profile.",
        "list --profile staging": "List the integrations of that environment.",
    },
    "create": {
        "": "Answer prompts for everything.",
        "--provider mailgun --channel email": "Create it without credentials; add them later.",
        "-p mailgun -C apiKey=@- -C domain=mg.acme.io < key.txt": (
            "Read the secret from standard input, so that no process list shows it."
        ),
        "-p getstream -i chat -C apiKey=env:KEY --if-not-exists": (
            "Read the secret from a variable; do nothing if the identifier exists. Safe to repeat."
        ),
        "--from-file mailgun.json --json": "Read everything from a file and print JSON.",
        "--from-file mailgun.json --dry-run": "Print the request without sending it.",
    },
    "list": {
        "": "List all integrations of the environment.",
        "--channel email --active --json": "Print the active email integrations as JSON.",
    },
    "get": {"mailgun-main": "Show one integration by its identifier."},
    "update": {
        "mailgun-main --name 'Mailgun EU' --active": "Rename it and activate it.",
        "sendgrid-main -C apiKey=@key.txt --replace-credentials": "Replace all of its credentials with this one.",
    },
    "delete": {
        "mailgun-main": "Delete it after a confirmation.",
        "mailgun-main --yes": "Delete it without a confirmation.",
    },
    "set-primary": {"mailgun-main": "Make it the primary integration of its channel."},
    "plan": {
        "integrations.toml": "Show what apply would do.",
        "integrations.toml --exit-code": "Exit with 9 if there are differences.",
    },
    "apply": {
        "integrations.toml": "Show the plan, ask for confirmation, apply it.",
        "integrations.toml --yes --json": "Apply it in CI, without a confirmation, and print JSON.",
    },
    "export": {"> integrations.toml": "Write a manifest of the environment, without secrets."},
    "diff": {"--profile staging --against production": "Compare two environments."},
    "providers list": {
        "--channel sms": "List the providers of one channel.",
        "--search mail": "List the providers whose name contains a word.",
    },
    "providers show": {"mailgun": "Show its credentials and a command to start from."},
    "profiles add": {
        "staging": "Type the API key at a hidden prompt.",
        "staging --region eu --api-key-stdin < key.txt": "Read the API key from standard input.",
        "live --api-key-command 'op read op://vault/novu'": (
            "Read the API key from a password manager each time; store nothing."
        ),
    },
    "profiles list": {"": "List the profiles and mark the default."},
    "profiles show": {"staging": "Show its settings and where each one comes from."},
    "profiles use": {"staging": "Make it the default profile."},
    "profiles remove": {"staging": "Remove it together with its API key."},
    "sandbox serve": {
        "": "Serve it on http://127.0.0.1:8787 and print its API keys.",
        "--port 0 --json": "Choose a free port, for tests.",
        "--rate-limit 100": "Allow 100 requests a second, as a paid plan does.",
    },
    "sandbox reset": {"--yes": "Delete all data of the sandbox."},
    "doctor": {
        "": "Check configuration and connectivity.",
        "--profile staging --json": "Check one profile and print JSON.",
    },
    "commands": {"--json": "Describe all commands and flags as one JSON document."},
}

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    command: tuple(
        Example(" ".join(filter(None, ("integrations", command, arguments))), about)
        for arguments, about in lines.items()
    )
    for command, lines in _ARGUMENTS.items()
}
"""Examples by command, without the program's name; the empty key is the program itself."""
