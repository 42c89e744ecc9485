"""Command lines worth showing, by command: in the man pages, in `--help` and in the description for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Example(NamedTuple):
    """One command line, ready to be typed, and what it does."""

    line: str
    about: str


EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "": (
        Example("integrations create --provider mailgun --channel email --sandbox", "Try it, without an account."),
        Example("integrations profiles add staging", "Keep the key of an environment under a name."),
        Example("integrations list --profile staging", "See what is there."),
    ),
    "create": (
        Example("integrations create", "Be asked for everything, on a terminal."),
        Example("integrations create --provider mailgun --channel email", "Create it; the credentials come later."),
        Example(
            "integrations create -p mailgun -C apiKey=@- -C domain=mg.acme.io < key.txt",
            "Take the secret from standard input, where no process list shows it.",
        ),
        Example(
            "integrations create -p getstream -i chat -C apiKey=env:KEY --if-not-exists",
            "Take the secret from the environment, and do nothing if the identifier is there: made for scripts.",
        ),
        Example("integrations create --from-file mailgun.json --json", "Take all of it from a file, and print JSON."),
        Example("integrations create --from-file mailgun.json --dry-run", "See the request, and send nothing."),
    ),
    "list": (
        Example("integrations list", "Show the environment of the key."),
        Example("integrations list --channel email --active --json", "The active email integrations, for a program."),
    ),
    "get": (Example("integrations get mailgun-main", "Show one, by its identifier."),),
    "update": (
        Example("integrations update mailgun-main --name 'Mailgun EU' --active", "Rename it, and switch it on."),
        Example(
            "integrations update sendgrid-main -C apiKey=@key.txt --replace-credentials",
            "Replace its credentials, all of them, with this one.",
        ),
    ),
    "delete": (
        Example("integrations delete mailgun-main", "Delete it, after a question."),
        Example("integrations delete mailgun-main --yes", "Delete it without one."),
    ),
    "set-primary": (Example("integrations set-primary mailgun-main", "Let it come first in its channel."),),
    "plan": (
        Example("integrations plan integrations.toml", "See what apply would do."),
        Example("integrations plan integrations.toml --exit-code", "Exit 9 if there is something to do."),
    ),
    "apply": (
        Example("integrations apply integrations.toml", "Show the plan, ask, and do it."),
        Example("integrations apply integrations.toml --yes --json", "Do it in CI, one line of JSON an outcome."),
    ),
    "export": (
        Example("integrations export > integrations.toml", "Write what is there as a manifest, without its secrets."),
    ),
    "diff": (
        Example("integrations diff --profile staging --against production", "Compare two environments side by side."),
    ),
    "providers list": (
        Example("integrations providers list --channel sms", "The providers of one channel."),
        Example("integrations providers list --search mail", "Those whose name holds a word."),
    ),
    "providers show": (
        Example("integrations providers show mailgun", "The credentials that it takes, and a command to start from."),
    ),
    "profiles add": (
        Example("integrations profiles add staging", "Be asked for the key; it is not shown."),
        Example(
            "integrations profiles add staging --region eu --api-key-stdin < key.txt", "Take it from standard input."
        ),
        Example(
            "integrations profiles add live --api-key-command 'op read op://vault/novu'",
            "Ask a password manager for it each time, and store nothing.",
        ),
    ),
    "profiles list": (Example("integrations profiles list", "The profiles, and which of them is the default."),),
    "profiles show": (Example("integrations profiles show staging", "Its values, and where each of them comes from."),),
    "profiles use": (Example("integrations profiles use staging", "Use it where no --profile is given."),),
    "profiles remove": (Example("integrations profiles remove staging", "Forget it, and its key."),),
    "sandbox serve": (
        Example("integrations sandbox serve", "Serve it on http://127.0.0.1:8787 and print its keys."),
        Example("integrations sandbox serve --port 0 --json", "Take a free port; for tests."),
        Example("integrations sandbox serve --rate-limit 100", "Behave as a plan that allows 100 requests a second."),
    ),
    "sandbox reset": (Example("integrations sandbox reset --yes", "Empty it."),),
    "doctor": (
        Example("integrations doctor", "Look at everything that a call needs."),
        Example("integrations doctor --profile staging --json", "The same for one profile, for a program."),
    ),
    "commands": (Example("integrations commands --json", "The whole command line as one JSON document."),),
}
"""The key is what is typed after `integrations`; the empty one is the program itself."""
