"""Asks for one credential: hidden, as a list, as yes or no, or as a line; each may also be a reference to a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.catalogue.credential_fields import CredentialField, Provider, credential_type
from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_text import check_text
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.models import MASK, Credential, Draft
from integrations_cli.terminal.ask import GoBack, Option, Prompter
from integrations_cli.terminal.views import cell_text

REMOVE: Final = "-"
"""What a person answers to leave out an optional value that Enter would keep."""

_REFERENCES: Final = ("@", "env:", "cmd:")
_LEFT_OUT: Final = Option(REMOVE, "(leave it out)")


@dataclass(frozen=True)
class Given:
    """A credential, and how it is said on a command line.

    `said` is None for one that stands in a file, and empty for one that no command line may hold.
    """

    credential: Credential
    said: str | None = None


class CredentialQuestions:
    """Asks for credentials, each until it is right.

    With `skip` the catalogue does not refuse anything; with `complete` none that is required can be left out.
    """

    def __init__(self, prompter: Prompter, reader: ValueReader, *, skip: bool = False, complete: bool = False) -> None:
        """Ask through `prompter`, and open references with `reader`."""
        self._prompter, self._reader, self._skip, self._complete = prompter, reader, skip, complete
        self._introduced = False

    def ask(self, provider: Provider, known: CredentialField, current: Given | None) -> Given | None:
        """The credential that the person gives; None to leave it out. `current` is the answer of before.

        Raises:
            GoBack: The person wants the question before this one.
        """
        if not self._introduced:
            self._introduced = True
            self._prompter.say("A credential may be @FILE, env:NAME or cmd:COMMAND; text:VALUE for one that begins so.")
        if known.links:
            self._prompter.say(f"See {', '.join(map(str, known.links))}")
        if known.prompt == "confirm":
            before = current is not None and current.credential.value is True
            answer = self._prompter.confirm(f"{known.label}?", before, back=True)
            return Given(Credential(answer), "true" if answer else "false")
        if known.choices:
            return self._chosen(known, current)
        if known.secret or catalogue.is_secret(provider.id, known.key):
            return self._hidden(provider, known, current)
        return self._typed(provider, known, current)

    def examine(self, provider: Provider, key: str, credential: Credential) -> None:
        """Check one credential by itself.

        Raises:
            InputError: The provider does not have it, or not with this value.
        """
        check_draft(Draft(provider.id, provider.channel, credentials={key: credential}), skip=self._skip)

    def _chosen(self, known: CredentialField, current: Given | None) -> Given | None:
        options = [Option(choice, choice) for choice in known.choices if choice is not None]
        if None in known.choices or not known.required:
            options.append(_LEFT_OUT)
        default = current.credential.value if current is not None else known.default
        answer = self._prompter.choose(_labelled(known), options, default=default or _LEFT_OUT.value, back=True)
        return None if answer == _LEFT_OUT.value else Given(Credential(answer), answer)

    def _hidden(self, provider: Provider, known: CredentialField, current: Given | None) -> Given | None:
        while True:
            answer = self._prompter.secret(_labelled(known, keep=current is not None), back=True)
            # Blanks around a value were copied with it; several lines are a file, of which one final line end is not.
            answer = answer.removesuffix("\n") if "\n" in answer.strip() else answer.strip()
            if not answer and current is not None:
                return current
            if not answer or (answer == REMOVE and current is not None and not known.required):
                if self._may_lack(provider, known):
                    return None
                continue
            given = self._given(provider, known.key, answer, hidden=True)
            if given is not None:
                return given

    def _typed(self, provider: Provider, known: CredentialField, current: Given | None) -> Given | None:
        proposed = _proposed(known, current)
        label = _labelled(known, keep=current is not None and not proposed, remove=bool(proposed))
        while True:
            answer = self._prompter.text(label, default=proposed, back=True)
            if current is not None and answer in ("", proposed):
                return current
            if not answer or (answer == REMOVE and proposed and not known.required):
                if self._may_lack(provider, known):
                    return None
                continue
            given = self._given(provider, known.key, answer, hidden=False)
            if given is not None:
                return given

    def _given(self, provider: Provider, key: str, answer: str, *, hidden: bool) -> Given | None:
        """The credential that an answer means; None after saying why it cannot be one."""
        try:
            if answer.startswith(_REFERENCES):
                given = Given(self._reader.argument(key, answer, provider.id, show_path=not hidden), answer)
            else:
                text = check_text(answer.removeprefix("text:"), f"credentials.{key}")
                if hidden:
                    self._reader.secrets.add(text)
                given = Given(Credential(credential_type(key).parse(text), concealed=hidden), "" if hidden else answer)
            self.examine(provider, key, given.credential)
        except InputError as error:
            for finding in error.details or (error.message,):
                self._prompter.say(finding)
            if answer.startswith(_REFERENCES):
                self._prompter.say("A value that itself begins with @, env: or cmd: is answered as text:VALUE.")
            return None
        return given

    def _may_lack(self, provider: Provider, known: CredentialField) -> bool:
        """Whether to go on without it: at once if it is optional, else if the person says so."""
        if not known.required:
            return True
        if self._complete:
            self._prompter.say(f"{provider.name} needs {known.label} to be active or checked.")
            return False
        try:
            return self._prompter.confirm(
                f"Leave {known.label} out? {provider.name} then stays inactive until it is given.", back=True
            )
        except GoBack:
            return False


def shown(provider: Provider, key: str, given: Given | None) -> str:
    """The value of a credential for a summary: a reference as it was said, a secret as a mask."""
    if given is None:
        return "(left out)"
    if given.said is not None and given.said.startswith(_REFERENCES):
        return given.said
    if given.credential.concealed or catalogue.is_secret(provider.id, key):
        return MASK
    return cell_text(given.credential.value)


def _labelled(known: CredentialField, *, keep: bool = False, remove: bool = False) -> str:
    """The question for a credential: its label, and what special answers mean."""
    notes = ["required" if known.required else "optional"]
    if known.type == "textarea":
        notes.append("@FILE for several lines")
    if keep:
        notes.append("Enter keeps it")
    if (keep or remove) and not known.required:
        notes.append(f"{REMOVE} leaves it out")
    return f"{known.label} ({', '.join(notes)})"


def _proposed(known: CredentialField, current: Given | None) -> str:
    """What Enter means for a value that may be seen: the answer of before, else the catalogue's default."""
    if current is None:
        return str(known.default or "")
    if current.said is not None:
        return current.said
    return "" if current.credential.concealed else cell_text(current.credential.value)
