"""Asks for one credential: by a hidden prompt, a list, yes or no, or a line. Each may be a reference to a value."""

from __future__ import annotations

from typing import Final, NamedTuple

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.catalogue.credential_fields import BOOLEAN, CredentialField, Provider, credential_type
from integrations_cli.create.rerun import REFERENCES
from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_text import check_text
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.models import MASK, Credential, Draft
from integrations_cli.terminal.prompts import GoBack, Option, Prompter
from integrations_cli.terminal.views import cell_text

REMOVE: Final = "-"
"""The answer that leaves out an optional value which Enter would keep."""

_LEFT_OUT: Final = Option(REMOVE, "(leave it out)")


class CredentialAnswer(NamedTuple):
    """A credential, and its value as a command line says it.

    `written` is None for a credential that comes from a file, and empty for one that may not be on a command line.
    """

    credential: Credential
    written: str | None = None


class CredentialQuestions:
    """Asks for each credential until the answer is valid.

    With `skip` the catalogue does not refuse anything; with `complete` no required credential can be left out.
    """

    def __init__(self, prompter: Prompter, reader: ValueReader, *, skip: bool = False, complete: bool = False) -> None:
        """Ask through `prompter`, and resolve references with `reader`."""
        self._prompter, self._reader, self._skip, self._complete = prompter, reader, skip, complete
        self._introduced = False

    def ask(
        self, provider: Provider, field: CredentialField, current: CredentialAnswer | None
    ) -> CredentialAnswer | None:
        """Return the answer, or None to leave the credential out; Enter keeps `current`.

        Raises:
            GoBack: The person wants the previous question.
        """
        if not self._introduced:
            self._introduced = True
            self._prompter.say("A credential can be a reference: @FILE, env:NAME or cmd:COMMAND.")
            self._prompter.say("Type text:VALUE for a value that begins like one.")
        if field.links:
            self._prompter.say(f"See {', '.join(map(str, field.links))}")
        if field.value_type is BOOLEAN:
            before = current is not None and current.credential.value is True
            answer = self._prompter.confirm(f"{field.label}?", before, back=True)
            return CredentialAnswer(Credential(answer), "true" if answer else "false")
        if field.choices:
            return self._choose(field, current)
        hidden = field.secret or catalogue.is_secret(provider.id, field.key)
        return self._ask_value(provider, field, current, hidden=hidden)

    def check(self, provider: Provider, key: str, credential: Credential) -> None:
        """Check one credential by itself.

        Raises:
            InputError: The provider does not have it, or its value is invalid.
        """
        check_draft(Draft(provider.id, provider.channel, credentials={key: credential}), skip=self._skip)

    def _choose(self, field: CredentialField, current: CredentialAnswer | None) -> CredentialAnswer | None:
        options = [Option(choice, choice) for choice in field.choices if choice is not None]
        if None in field.choices or not field.required:
            options.append(_LEFT_OUT)
        default = current.credential.value if current is not None else field.default
        answer = self._prompter.choose(_question(field), options, default=default or _LEFT_OUT.value, back=True)
        return None if answer == _LEFT_OUT.value else CredentialAnswer(Credential(answer), answer)

    def _ask_value(
        self, provider: Provider, field: CredentialField, current: CredentialAnswer | None, *, hidden: bool
    ) -> CredentialAnswer | None:
        default = "" if hidden else _default(field, current)
        optional = not field.required and (current is not None or bool(default))
        question = _question(field, keep=current is not None and not default, remove=optional)
        while True:
            if hidden:
                answer = _stripped(self._prompter.secret(question, back=True))
            else:
                answer = self._prompter.text(question, default=default, back=True)
            if current is not None and answer in ("", default):
                return current
            if not answer or (answer == REMOVE and optional):
                if self._may_leave_out(provider, field):
                    return None
                continue
            read = self._read(provider, field.key, answer, hidden=hidden)
            if read is not None:
                return read

    def _read(self, provider: Provider, key: str, answer: str, *, hidden: bool) -> CredentialAnswer | None:
        """Return the credential that was typed; None after saying what is wrong with it."""
        try:
            if answer.startswith(REFERENCES):
                credential = self._reader.argument(key, answer, provider.id, show_path=not hidden)
                read = CredentialAnswer(credential, answer)
            else:
                text = check_text(answer.removeprefix("text:"), f"credentials.{key}")
                if hidden:
                    self._reader.secrets.add(text)
                read = CredentialAnswer(
                    Credential(credential_type(key).parse(text), masked=hidden), "" if hidden else answer
                )
            self.check(provider, key, read.credential)
        except InputError as error:
            say_findings(self._prompter, error)
            if answer.startswith(REFERENCES):
                self._prompter.say("Type text:VALUE for a value that itself begins with @, env: or cmd:.")
            return None
        return read

    def _may_leave_out(self, provider: Provider, field: CredentialField) -> bool:
        """Return whether to go on without it: an optional one at once, a required one if the person agrees."""
        if not field.required:
            return True
        if self._complete:
            self._prompter.say(f"{provider.name} needs {field.label} to be active or checked.")
            return False
        try:
            return self._prompter.confirm(
                f"Leave {field.label} out? {provider.name} then stays inactive until it is set.", back=True
            )
        except GoBack:
            return False


def say_findings(prompter: Prompter, error: InputError) -> None:
    """Print what is wrong with an answer, one finding a line."""
    for finding in error.details or (error.message,):
        prompter.say(finding)


def credential_text(provider: Provider, key: str, answer: CredentialAnswer | None) -> str:
    """Return the value of a credential for the summary: a reference as it was typed, a secret as a mask."""
    if answer is None:
        return "(left out)"
    if answer.written is not None and answer.written.startswith(REFERENCES):
        return answer.written
    if answer.credential.masked or catalogue.is_secret(provider.id, key):
        return MASK
    return cell_text(answer.credential.value)


def _stripped(answer: str) -> str:
    """Return a pasted secret without the blanks around it; of several lines (a file) only the final line end goes."""
    return answer.removesuffix("\n") if "\n" in answer.strip() else answer.strip()


def _question(field: CredentialField, *, keep: bool = False, remove: bool = False) -> str:
    """Return the question: the label, and what special answers mean."""
    notes = ["required" if field.required else "optional"]
    if field.type == "textarea":
        notes.append("@FILE for several lines")
    if keep:
        notes.append("Enter keeps it")
    if remove:
        notes.append(f"{REMOVE} leaves it out")
    return f"{field.label} ({', '.join(notes)})"


def _default(field: CredentialField, current: CredentialAnswer | None) -> str:
    """Return what Enter means for a visible value: the answer of before, else the catalogue's default."""
    if current is None:
        return str(field.default or "")
    if current.written is not None:
        return current.written
    return "" if current.credential.masked else cell_text(current.credential.value)
