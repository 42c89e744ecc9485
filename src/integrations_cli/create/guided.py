"""The guided conversation: from a few flags, or none, to an integration that is worth sending.

Each question is a step. A step that the flags have answered is skipped; the person can go back a step at any question,
and from the summary to every step. What asks is behind the protocol `ask.Prompter`, so that a test can answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft, missing_credentials
from integrations_cli.catalogue.credential_fields import CredentialField, Provider
from integrations_cli.create.credential_questions import REMOVE, CredentialQuestions, Given, shown
from integrations_cli.create.draft import DraftInputs
from integrations_cli.errors import CancelledError, InputError, IntegrationsError
from integrations_cli.inputs.credential_text import check_text
from integrations_cli.inputs.credential_values import ValueReader, parse_assignment
from integrations_cli.models import Draft
from integrations_cli.terminal.ask import BACK, GoBack, Option, Prompter
from integrations_cli.terminal.views import cell_text

_CHANNELS: Final = {"in_app": "In-app", "email": "Email", "sms": "SMS", "chat": "Chat", "push": "Push", "tool": "Tool"}
_CREDENTIAL: Final = "credentials."
_SUMMARY: Final = "summary"


@dataclass(frozen=True)
class _Answers:
    """What has been answered so far; `steps` are the questions that need not be asked any more."""

    channel: str | None = None
    provider: Provider | None = None
    name: str | None = None
    identifier: str | None = None
    credentials: Mapping[str, Given] = field(default_factory=dict)
    active: bool = False
    check: bool = False
    steps: frozenset[str] = frozenset()


class GuidedCreate:
    """One guided create: asks what `sources` leave open, and gives the draft and the sources that say the same.

    `draft` is what `sources` say. With `skip` the catalogue does not refuse anything.
    """

    def __init__(
        self, prompter: Prompter, draft: Draft, sources: DraftInputs, reader: ValueReader, *, skip: bool = False
    ) -> None:
        self._prompter, self._skip = prompter, skip
        self._draft, self._sources = draft, sources
        self._said = dict(parse_assignment(text) for text in sources.credentials)
        self._questions = CredentialQuestions(prompter, reader, skip=skip, complete=draft.active or draft.check)
        self._answers = _Answers()

    def hold(self, *, where: str, purpose: str = "Create it") -> tuple[Draft, DraftInputs]:
        """Ask until the person confirms; `where` names the server, `purpose` is what confirming does.

        The sources that come back hold no secret: what was typed at a hidden question stands there as `KEY=@-` or
        `KEY=@KEY.txt`.

        Raises:
            IntegrationsError: The person declined.
            CancelledError: The person pressed Ctrl-C or ended the input.
        """
        try:
            with self._prompter.session():
                self._prompter.say(f"A new integration in {where}. Nothing is sent before you confirm.")
                self._prompter.say(f"Enter takes what stands in [brackets], {BACK} goes back, Ctrl-C stops.")
                self._take_over()
                self._ask_all(purpose)
        except (CancelledError, KeyboardInterrupt):
            raise CancelledError("cancelled: nothing was sent") from None
        return self._drafted(), self._spoken()

    # -- the order of the questions -----------------------------------------------------------------------------------

    def _steps(self) -> Iterator[str]:
        """The names of all questions, in their order, as far as the answers so far decide them."""
        yield from ("channel", "provider", "name", "identifier")
        provider = self._answers.provider
        for known in provider.credentials if provider is not None else ():
            if not known.hidden or known.key in self._answers.credentials:
                yield f"{_CREDENTIAL}{known.key}"
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
                    changed = self._summarise(purpose)
                    if changed is None:
                        return
                    self._answers = replace(before, steps=before.steps - {changed})
                else:
                    self._ask(step)
                    self._answers = replace(self._answers, steps=self._answers.steps | {step})
                history.append((step, before))
            except GoBack:
                if not history:
                    self._prompter.say("This is the first question.")
                    continue
                step, before = history.pop()
                # A question that is asked again proposes its last answer; a change begun at the summary is undone.
                self._answers = before if step == _SUMMARY else replace(self._answers, steps=before.steps)

    def _ask(self, step: str) -> None:
        if step.startswith(_CREDENTIAL):
            self._ask_credential(step.removeprefix(_CREDENTIAL))
        else:
            questions: Mapping[str, Callable[[], None]] = {
                "channel": self._ask_channel,
                "provider": self._ask_provider,
                "name": self._ask_name,
                "identifier": self._ask_identifier,
                "active": self._ask_active,
                "check": self._ask_check,
            }
            questions[step]()

    # -- what the flags and files say ---------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Count as answered what was said already; what is wrong with it is said, and asked."""
        draft = self._draft
        steps = {step for step in ("name", "identifier") if getattr(draft, step) is not None}
        steps |= {step for step in ("active", "check") if getattr(self._sources, step) is not None}
        channel, provider = draft.channel, None
        if draft.provider:
            try:
                checked, _ = check_draft(Draft(draft.provider, channel), skip=self._skip and channel is not None)
            except InputError as error:
                self._say_findings(error)
                channel = None
            else:
                channel = checked.channel
                provider = catalogue.find(draft.provider) or Provider(
                    draft.provider, draft.provider, channel or "", "", beta=False, credentials=()
                )
                steps.add("provider")
        elif channel is not None and channel not in catalogue.channels():
            self._prompter.say(f"There is no channel {channel!r}.")
            channel = None
        if channel is not None:
            steps.add("channel")
        self._answers = _Answers(
            channel=channel,
            name=draft.name,
            identifier=draft.identifier,
            active=draft.active,
            check=draft.check,
            steps=frozenset(steps),
        )
        if provider is not None:
            self._adopt(provider)

    def _adopt(self, provider: Provider) -> None:
        """Take this provider, with the credentials from flags and files that it knows.

        Raises:
            InputError: It does not know one that stands in a file, or not with this value.
        """
        kept: dict[str, Given] = {}
        for key, credential in self._draft.credentials.items():
            try:
                self._questions.examine(provider, key, credential)
            except InputError as error:
                if key not in self._said:
                    raise
                self._say_findings(error)
            else:
                kept[key] = Given(credential, self._said.get(key))
        answers = self._answers
        steps = {step for step in answers.steps if not step.startswith(_CREDENTIAL)}
        steps |= {f"{_CREDENTIAL}{key}" for key in kept}
        name = answers.name
        if answers.provider is not None and name == answers.provider.name:
            name = None  # it was the name of the other provider
            steps.discard("name")
        self._answers = replace(answers, provider=provider, credentials=kept, name=name, steps=frozenset(steps))

    # -- the questions ------------------------------------------------------------------------------------------------

    def _ask_channel(self) -> None:
        delivering = [provider.channel for provider in catalogue.providers()]
        options = [
            Option(channel, f"{_CHANNELS.get(channel, channel)} ({channel}), providers: {delivering.count(channel)}")
            for channel in catalogue.channels()
        ]
        channel = self._prompter.choose("Channel", options, default=self._answers.channel or "email", back=True)
        steps = self._answers.steps
        if self._answers.provider is not None and self._answers.provider.channel != channel:
            steps -= {"provider"}
        self._answers = replace(self._answers, channel=channel, steps=steps)

    def _ask_provider(self) -> None:
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
                return
            try:
                self._adopt(provider)
            except InputError as error:
                self._say_findings(error)
                continue
            if provider.docs:
                self._prompter.say(f"About its credentials: {provider.docs}")
            return

    def _ask_name(self) -> None:
        provider = self._answers.provider
        assert provider is not None
        name = self._line("Name", "name", self._answers.name or provider.name)
        self._answers = replace(self._answers, name=name)

    def _ask_identifier(self) -> None:
        current = self._answers.identifier
        remove = f"; {REMOVE} for a generated one" if current else "; one is generated if you leave it out"
        identifier = self._line(f"Identifier (optional{remove})", "identifier", current or "")
        self._answers = replace(self._answers, identifier=None if identifier in ("", REMOVE) else identifier)

    def _line(self, question: str, what: str, default: str) -> str:
        """A text without control characters."""
        while True:
            answer = self._prompter.text(question, default=default, back=True)
            if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in answer):
                self._prompter.say(f"{what}: must be one line, without control characters")
                continue
            try:
                return check_text(answer, what) if answer else answer
            except InputError as error:
                self._say_findings(error)

    def _ask_active(self) -> None:
        active = self._prompter.confirm("Active: deliver with it at once?", self._answers.active, back=True)
        self._answers = replace(self._answers, active=active)

    def _ask_check(self) -> None:
        tried = self._prompter.confirm(
            "Check: let the server try the credentials first?", self._answers.check, back=True
        )
        self._answers = replace(self._answers, check=tried)

    def _ask_credential(self, key: str) -> None:
        provider = self._answers.provider
        assert provider is not None
        known = provider.field(key)
        assert known is not None
        given = self._questions.ask(provider, known, self._answers.credentials.get(key))
        credentials = {name: value for name, value in self._answers.credentials.items() if name != key}
        if given is not None:
            credentials[key] = given
        self._answers = replace(self._answers, credentials=credentials)

    def _missing(self) -> list[CredentialField]:
        provider = self._answers.provider
        return missing_credentials(provider, tuple(self._answers.credentials)) if provider is not None else []

    # -- the end ------------------------------------------------------------------------------------------------------

    def _summarise(self, purpose: str) -> str | None:
        """Show all answers; None when they are confirmed, or the question whose answer is to be changed.

        Raises:
            IntegrationsError: The person declined.
        """
        while True:
            self._prompter.say("")
            answered = [step for step in self._steps() if step != _SUMMARY]
            for step in answered:
                self._prompter.say(f"  {self._described(step)}")
            for line in self._further():
                self._prompter.say(f"  {line}")
            ends = [Option("change", "Change an answer"), Option("cancel", "Cancel: send nothing")]
            try:
                check_draft(self._drafted(), skip=self._skip)
            except InputError as error:
                self._say_findings(error)
            else:
                ends.insert(0, Option("create", purpose))
            chosen = self._prompter.choose("Ready?", ends, default=ends[0].value, back=True)
            if chosen == "create":
                return None
            if chosen == "cancel":
                raise IntegrationsError("cancelled at the summary: nothing was sent")
            try:
                options = [Option(step, self._described(step)) for step in answered]
                return self._prompter.choose("Which answer?", options, back=True)
            except GoBack:
                continue

    def _described(self, step: str) -> str:
        """A question and its answer, without a secret."""
        answers = self._answers
        assert answers.provider is not None
        if step.startswith(_CREDENTIAL):
            key = step.removeprefix(_CREDENTIAL)
            known, given = answers.provider.field(key), answers.credentials.get(key)
            return f"{known.label if known else key}: {shown(answers.provider, key, given)}"
        texts = {
            "channel": answers.channel,
            "provider": f"{answers.provider.name} ({answers.provider.id})",
            "name": answers.name,
            "identifier": answers.identifier or "(generated)",
            "active": "yes" if answers.active else "no",
            "check": "yes" if answers.check else "no",
        }
        return f"{step.capitalize()}: {texts[step]}"

    def _further(self) -> Iterator[str]:
        """What is in the draft that no question is about."""
        for field_name in (needed.label for needed in self._missing()):
            yield f"Still needed before it can be active: {field_name}"
        if self._draft.environment_id is not None:
            yield f"Environment id: {self._draft.environment_id}"
        if self._draft.conditions is not None:
            yield f"Conditions: {cell_text(self._draft.conditions)}"
        for name, value in self._draft.extra.items():
            yield f"{name}: {cell_text(value)}"

    def _drafted(self) -> Draft:
        answers, complete = self._answers, not self._missing()
        assert answers.provider is not None
        return self._draft._replace(
            provider=answers.provider.id,
            channel=answers.channel,
            name=answers.name or None,
            identifier=answers.identifier or None,
            credentials={key: given.credential for key, given in self._in_order()},
            active=answers.active and complete,
            check=answers.check and complete,
        )

    def _spoken(self) -> DraftInputs:
        """The sources that say what the draft says, without what was typed at hidden questions."""
        draft, texts = self._drafted(), []
        stdin_taken = False
        for key, given in self._in_order():
            if given.said is None:
                continue
            if given.said and "\n" not in given.said:
                texts.append(f"{key}={given.said}")
            elif given.credential.concealed and not stdin_taken:
                texts.append(f"{key}=@-")
                stdin_taken = True
            else:
                texts.append(f"{key}=@{key}.txt")
        return self._sources._replace(
            provider=draft.provider,
            channel=draft.channel,
            name=draft.name,
            identifier=draft.identifier,
            credentials=texts,
            active=draft.active,
            check=draft.check,
        )

    def _in_order(self) -> list[tuple[str, Given]]:
        """The credentials as the catalogue orders them, then those that it does not know."""
        provider, credentials = self._answers.provider, self._answers.credentials
        known = [field.key for field in provider.credentials if field.key in credentials] if provider else []
        return [(key, credentials[key]) for key in (*known, *(key for key in credentials if key not in known))]

    def _say_findings(self, error: InputError) -> None:
        for finding in error.details or (error.message,):
            self._prompter.say(finding)


def _built_in(provider: Provider) -> str:
    return ", comes with the service" if provider.id in catalogue.BUILT_IN else ""
