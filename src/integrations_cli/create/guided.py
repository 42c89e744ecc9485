"""Asks for everything that flags and files leave open, until there is an integration that can be sent.

Each question is a step. A step that the flags have answered is skipped. `<` goes back one step, the summary to any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft, missing_credentials
from integrations_cli.catalogue.credential_fields import CredentialField, Provider
from integrations_cli.create.credential_questions import (
    REMOVE,
    CredentialAnswer,
    CredentialQuestions,
    credential_text,
    say_findings,
)
from integrations_cli.create.draft import DraftInputs
from integrations_cli.errors import CancelledError, InputError, IntegrationsError
from integrations_cli.inputs.credential_text import check_text
from integrations_cli.inputs.credential_values import ValueReader, parse_assignment
from integrations_cli.models import Draft
from integrations_cli.terminal.prompts import BACK, GoBack, Option, Prompter
from integrations_cli.terminal.views import cell_text

_CHANNELS: Final = {"in_app": "In-app", "email": "Email", "sms": "SMS", "chat": "Chat", "push": "Push", "tool": "Tool"}
_CREDENTIAL: Final = "credentials."
_SUMMARY: Final = "summary"


@dataclass(frozen=True)
class _Answers:
    """The answers so far; `steps` are the questions that need not be asked any more."""

    channel: str | None = None
    provider: Provider | None = None
    name: str | None = None
    identifier: str | None = None
    credentials: Mapping[str, CredentialAnswer] = field(default_factory=dict)
    active: bool = False
    check: bool = False
    steps: frozenset[str] = frozenset()


class GuidedCreate:
    """Asks what `inputs` leave open, and returns the draft and the inputs that mean the same.

    `draft` is what `inputs` mean. With `skip` the catalogue does not refuse anything.
    """

    def __init__(
        self, prompter: Prompter, draft: Draft, inputs: DraftInputs, reader: ValueReader, *, skip: bool = False
    ) -> None:
        self._prompter, self._skip = prompter, skip
        self._draft, self._inputs = draft, inputs
        self._typed = dict(parse_assignment(text) for text in inputs.credentials)
        self._questions = CredentialQuestions(prompter, reader, skip=skip, complete=draft.active or draft.check)
        self._answers = _Answers()

    def run(self, *, where: str, purpose: str = "Create it") -> tuple[Draft, DraftInputs]:
        """Ask until the person confirms; `where` names the server, `purpose` is what confirming does.

        The returned inputs hold no secret: one that was typed at a hidden prompt is `KEY=@-` or `KEY=@KEY.txt` in them.

        Raises:
            IntegrationsError: The person declined.
            CancelledError: The person pressed Ctrl-C or ended the input.
        """
        try:
            with self._prompter.session():
                self._prompter.say(f"A new integration in {where}. Nothing is sent before you confirm.")
                self._prompter.say(f"Enter accepts the value in [brackets], {BACK} goes back, Ctrl-C cancels.")
                self._use_inputs()
                self._ask_all(purpose)
        except (CancelledError, KeyboardInterrupt):
            raise CancelledError("cancelled: nothing was sent") from None
        return self._final_draft(), self._final_inputs()

    def _steps(self) -> Iterator[str]:
        """Yield the names of all questions in their order, as far as the answers so far decide them."""
        yield from ("channel", "provider", "name", "identifier")
        provider = self._answers.provider
        for credential in provider.credentials if provider is not None else ():
            if not credential.hidden or credential.key in self._answers.credentials:
                yield f"{_CREDENTIAL}{credential.key}"
        if not self._missing():
            yield from ("active", "check")
        yield _SUMMARY

    def _ask_all(self, purpose: str) -> None:
        history: list[tuple[str, _Answers]] = []
        while True:
            step = next(step for step in self._steps() if step not in self._answers.steps)
            before = self._answers
            try:
                if step == _SUMMARY:
                    change = self._confirm(purpose)
                    if change is None:
                        return
                    self._answers = replace(before, steps=before.steps - {change})
                else:
                    answers = self._ask(step)
                    self._answers = replace(answers, steps=answers.steps | {step})
                history.append((step, before))
            except GoBack:
                if not history:
                    self._prompter.say("This is the first question.")
                    continue
                step, before = history.pop()
                # A question that is asked again proposes its last answer; a change begun at the summary is undone.
                self._answers = before if step == _SUMMARY else replace(self._answers, steps=before.steps)

    def _ask(self, step: str) -> _Answers:
        """Return the answers with the one to this question."""
        answers, ask = self._answers, self._prompter
        if step == "channel":
            return self._ask_channel()
        if step == "provider":
            return self._ask_provider()
        if step == "name":
            return replace(answers, name=self._ask_line("Name", "name", answers.name or self._provider.name))
        if step == "identifier":
            return self._ask_identifier()
        if step == "active":
            active = ask.confirm("Active: use it for messages at once?", answers.active, back=True)
            return replace(answers, active=active)
        if step == "check":
            check = ask.confirm("Check: let the server test the credentials first?", answers.check, back=True)
            return replace(answers, check=check)
        return self._ask_credential(step.removeprefix(_CREDENTIAL))

    @property
    def _provider(self) -> Provider:
        """The provider, once it is chosen."""
        assert self._answers.provider is not None
        return self._answers.provider

    def _use_inputs(self) -> None:
        """Take the answers from flags and files; invalid ones are reported, and asked for."""
        draft, inputs = self._draft, self._inputs
        channel, provider = self._checked_provider()
        given = {
            "channel": channel,
            "provider": provider,
            "name": draft.name,
            "identifier": draft.identifier,
            "active": inputs.active,
            "check": inputs.check,
        }
        self._answers = _Answers(
            channel=channel,
            name=draft.name,
            identifier=draft.identifier,
            active=draft.active,
            check=draft.check,
            steps=frozenset(step for step, value in given.items() if value is not None),
        )
        if provider is not None:
            self._answers = self._with_provider(provider)

    def _checked_provider(self) -> tuple[str | None, Provider | None]:
        """Return the channel and the provider of the flags, as far as the catalogue accepts them."""
        name, channel = self._draft.provider, self._draft.channel
        if not name:
            if channel is not None and channel not in catalogue.channels():
                self._prompter.say(f"There is no channel {channel!r}.")
                channel = None
            return channel, None
        try:
            checked, _ = check_draft(Draft(name, channel), skip=self._skip and channel is not None)
        except InputError as error:
            say_findings(self._prompter, error)
            return None, None
        unknown = Provider(name, name, checked.channel or "", "", beta=False, credentials=())
        return checked.channel, catalogue.find(name) or unknown

    def _with_provider(self, provider: Provider) -> _Answers:
        """Return the answers with this provider, and with the credentials from flags and files that it accepts."""
        kept: dict[str, CredentialAnswer] = {}
        for key, credential in self._draft.credentials.items():
            try:
                self._questions.check(provider, key, credential)
            except InputError as error:
                if key not in self._typed:
                    raise
                say_findings(self._prompter, error)
            else:
                kept[key] = CredentialAnswer(credential, self._typed.get(key))
        answers = self._answers
        steps = {step for step in answers.steps if not step.startswith(_CREDENTIAL)}
        steps |= {f"{_CREDENTIAL}{key}" for key in kept}
        name = answers.name
        if answers.provider is not None and name == answers.provider.name:
            name = None  # it was the name of the other provider
            steps.discard("name")
        return replace(answers, provider=provider, credentials=kept, name=name, steps=frozenset(steps))

    def _ask_channel(self) -> _Answers:
        channels = [provider.channel for provider in catalogue.providers()]
        options = [
            Option(channel, f"{_CHANNELS.get(channel, channel)} ({channel}), providers: {channels.count(channel)}")
            for channel in catalogue.channels()
        ]
        channel = self._prompter.choose("Channel", options, default=self._answers.channel or "email", back=True)
        provider, steps = self._answers.provider, self._answers.steps
        if provider is not None and provider.channel != channel:
            steps -= {"provider"}
        return replace(self._answers, channel=channel, steps=steps)

    def _ask_provider(self) -> _Answers:
        options = [
            Option(provider.id, f"{provider.name} ({provider.id}){_built_in(provider)}")
            for provider in sorted(catalogue.providers(), key=lambda provider: provider.name.casefold())
            if provider.channel == self._answers.channel
        ]
        current = self._answers.provider
        while True:
            chosen = self._prompter.choose("Provider", options, default=current.id if current else None, back=True)
            provider = catalogue.find(chosen)
            assert provider is not None
            if provider == current:
                return self._answers
            try:
                answers = self._with_provider(provider)
            except InputError as error:
                say_findings(self._prompter, error)
                continue
            if provider.docs:
                self._prompter.say(f"Where to find its credentials: {provider.docs}")
            return answers

    def _ask_identifier(self) -> _Answers:
        current = self._answers.identifier
        remove = f"; {REMOVE} for a generated one" if current else "; one is generated if you leave it out"
        identifier = self._ask_line(f"Identifier (optional{remove})", "identifier", current or "")
        return replace(self._answers, identifier=None if identifier in ("", REMOVE) else identifier)

    def _ask_line(self, question: str, name: str, default: str) -> str:
        """Return a text without control characters."""
        while True:
            answer = self._prompter.text(question, default=default, back=True)
            if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in answer):
                self._prompter.say(f"{name}: must be one line, without control characters")
                continue
            try:
                return check_text(answer, name) if answer else answer
            except InputError as error:
                say_findings(self._prompter, error)

    def _ask_credential(self, key: str) -> _Answers:
        credential_field = self._provider.field(key)
        assert credential_field is not None
        credentials = dict(self._answers.credentials)
        answer = self._questions.ask(self._provider, credential_field, credentials.pop(key, None))
        if answer is not None:
            credentials[key] = answer
        return replace(self._answers, credentials=credentials)

    def _missing(self) -> list[CredentialField]:
        provider = self._answers.provider
        return missing_credentials(provider, tuple(self._answers.credentials)) if provider is not None else []

    def _confirm(self, purpose: str) -> str | None:
        """Show all answers; return None when they are confirmed, or the question whose answer is to be changed."""
        while True:
            steps = [step for step in self._steps() if step != _SUMMARY]
            self._prompter.say("")
            for line in (*map(self._summary_line, steps), *self._other_lines()):
                self._prompter.say(f"  {line}")
            ends = [Option("change", "Change an answer"), Option("cancel", "Cancel: send nothing")]
            try:
                check_draft(self._final_draft(), skip=self._skip)
            except InputError as error:
                say_findings(self._prompter, error)
            else:
                ends.insert(0, Option("create", purpose))
            chosen = self._prompter.choose("Ready?", ends, default=ends[0].value, back=True)
            if chosen == "create":
                return None
            if chosen == "cancel":
                raise IntegrationsError("cancelled at the summary: nothing was sent")
            try:
                options = [Option(step, self._summary_line(step)) for step in steps]
                return self._prompter.choose("Which answer?", options, back=True)
            except GoBack:
                continue

    def _summary_line(self, step: str) -> str:
        """Return a question and its answer, without a secret."""
        answers, provider = self._answers, self._provider
        if step.startswith(_CREDENTIAL):
            key = step.removeprefix(_CREDENTIAL)
            credential_field = provider.field(key)
            text = credential_text(provider, key, answers.credentials.get(key))
            return f"{credential_field.label if credential_field else key}: {text}"
        texts = {
            "channel": answers.channel,
            "provider": f"{provider.name} ({provider.id})",
            "name": answers.name,
            "identifier": answers.identifier or "(generated)",
            "active": "yes" if answers.active else "no",
            "check": "yes" if answers.check else "no",
        }
        return f"{step.capitalize()}: {texts[step]}"

    def _other_lines(self) -> Iterator[str]:
        """Yield what is missing, and what the draft has that no question asks for."""
        for missing in self._missing():
            yield f"Needed before it can be active: {missing.label}"
        if self._draft.environment_id is not None:
            yield f"Environment id: {self._draft.environment_id}"
        if self._draft.conditions is not None:
            yield f"Conditions: {cell_text(self._draft.conditions)}"
        for name, value in self._draft.extra.items():
            yield f"{name}: {cell_text(value)}"

    def _final_draft(self) -> Draft:
        answers, complete = self._answers, not self._missing()
        return self._draft._replace(
            provider=self._provider.id,
            channel=answers.channel,
            name=answers.name or None,
            identifier=answers.identifier or None,
            credentials={key: answer.credential for key, answer in self._credentials()},
            active=answers.active and complete,
            check=answers.check and complete,
        )

    def _final_inputs(self) -> DraftInputs:
        """Return the inputs that mean the same as the draft, without what was typed at hidden prompts."""
        draft, texts = self._final_draft(), []
        stdin_taken = False
        for key, answer in self._credentials():
            if answer.written is None:
                continue
            if answer.written and "\n" not in answer.written:
                texts.append(f"{key}={answer.written}")
            elif answer.credential.masked and not stdin_taken:
                texts.append(f"{key}=@-")
                stdin_taken = True
            else:
                texts.append(f"{key}=@{key}.txt")
        return self._inputs._replace(
            provider=draft.provider,
            channel=draft.channel,
            name=draft.name,
            identifier=draft.identifier,
            credentials=texts,
            active=draft.active,
            check=draft.check,
        )

    def _credentials(self) -> list[tuple[str, CredentialAnswer]]:
        """Return the credentials in the order of the catalogue, then those that it does not know."""
        credentials = self._answers.credentials
        known = [field.key for field in self._provider.credentials if field.key in credentials]
        return [(key, credentials[key]) for key in dict.fromkeys((*known, *credentials))]


def _built_in(provider: Provider) -> str:
    return ", comes with the service" if provider.id in catalogue.BUILT_IN else ""
