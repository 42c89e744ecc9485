"""The conversation by itself: a script answers, and what comes out is compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations_cli import catalogue
from integrations_cli.asking import BACK, GoBack, Option, insist
from integrations_cli.catalogue.checks import check
from integrations_cli.command_line import create_line
from integrations_cli.drafting import DraftSources, compose
from integrations_cli.errors import CancelledError, InputError, IntegrationsError
from integrations_cli.models import IntegrationDraft
from integrations_cli.prompts import Conversation
from integrations_cli.values import ValueReader

Answer = str | bool | None
"""What the script answers; None takes what is proposed."""


class Script:
    """Answers questions one after the other, and checks that each is the expected one."""

    def __init__(self, *turns: tuple[str, Answer]) -> None:
        self.turns = list(turns)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.options: list[list[str]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        answer = self._turn(question, back)
        self.said.append(f"[{default}]")
        return default if answer is None else str(answer)

    def secret(self, question: str, *, back: bool = False) -> str:
        answer = self._turn(question, back)
        return "" if answer is None else str(answer)

    def choose(
        self, question: str, options: Sequence[Option], *, default: str | None = None, back: bool = False
    ) -> str:
        answer = self._turn(question, back)
        self.options.append([option.label for option in options])
        value = default if answer is None else str(answer)
        assert value in [option.value for option in options]
        assert value is not None
        return value

    def confirm(self, question: str, default: bool = False, *, back: bool = False) -> bool:
        answer = self._turn(question, back)
        return default if answer is None else answer is True

    def ask_secret(self, label: str) -> str:
        return insist(self, label)

    @contextmanager
    def session(self) -> Iterator[None]:
        yield

    def _turn(self, question: str, back: bool) -> Answer:
        assert self.turns, f"nobody expected to be asked {question!r}"
        expected, answer = self.turns.pop(0)
        assert expected in question
        self.asked.append(question)
        if answer == BACK:
            assert back
            raise GoBack
        return answer

    @property
    def shown(self) -> str:
        """All that the person has seen."""
        return "\n".join([*self.said, *self.asked, *(label for labels in self.options for label in labels)])


class Everything(Script):
    """Answers whatever is asked: with the proposal, else with something that fits."""

    def _turn(self, question: str, back: bool) -> Answer:
        self.asked.append(question)
        if question.startswith("Active"):
            return True
        return None

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        return super().text(question, default=default, back=back) or ("x" if "(required" in question else "")

    def secret(self, question: str, *, back: bool = False) -> str:
        return super().secret(question, back=back) or "hidden-value"


def no_stdin() -> bytes:
    raise AssertionError("nothing may read standard input")


def hold(
    script: Script,
    *,
    environ: Mapping[str, str] | None = None,
    run: Callable[[Sequence[str], str], str] | None = None,
    folder: Path | None = None,
    skip: bool = False,
    **flags: Any,
) -> tuple[IntegrationDraft, DraftSources]:
    """The conversation that these flags begin and this script carries on."""
    sources = DraftSources(**flags)
    reader = ValueReader(stdin=no_stdin, environ=environ or {}, run=run, folder=folder)
    reader.claim_stdin("the conversation")
    conversation = Conversation(script, compose(sources, reader), sources, reader, skip=skip)
    outcome = conversation.hold(where="the sandbox")
    assert not script.turns
    return outcome


def values(draft: IntegrationDraft) -> dict[str, Any]:
    return {key: credential.value for key, credential in draft.credentials.items()}


SECRET = "xK9-planted-SECRET-7f"
TO_DISCORD = (("Channel", "chat"), ("Provider", "discord"), ("Name", None), ("Identifier", ""))
END: tuple[tuple[str, Answer], ...] = (("Active", None), ("Check", None), ("Ready?", "create"))
FLAGS: dict[str, Any] = {"name": "N", "identifier": "i"}


def test_it_asks_for_everything_in_its_order() -> None:
    script = Script(
        ("Channel", "email"),
        ("Provider", "mailgun"),
        ("Name", "Main"),
        ("Identifier (optional", "mailgun-main"),
        ("API Key (required)", SECRET),
        ("Base URL (optional)", ""),
        ("User name (required)", "api"),
        ("Domain (required)", "mg.acme.io"),
        ("From email address (required)", "hi@acme.io"),
        ("Sender name (required)", "Acme"),
        ("Active", True),
        ("Check", False),
        ("Ready?", "create"),
    )
    draft, sources = hold(script)
    assert (draft.channel, draft.provider, draft.name, draft.identifier) == ("email", "mailgun", "Main", "mailgun-main")
    assert (draft.active, draft.check) == (True, False)
    assert values(draft) == {
        "apiKey": SECRET,
        "user": "api",
        "domain": "mg.acme.io",
        "from": "hi@acme.io",
        "senderName": "Acme",
    }
    assert draft.credentials["apiKey"].concealed
    assert SECRET not in script.shown
    assert "  API Key: ********" in script.said
    assert create_line(sources) == (
        "integrations create --provider mailgun --channel email --name Main --identifier mailgun-main "
        "--credential apiKey=@- --credential user=api --credential domain=mg.acme.io --credential from=hi@acme.io "
        "--credential senderName=Acme --active --no-check"
    )


def test_each_of_the_providers_can_be_gone_through() -> None:
    for provider in catalogue.providers():
        draft, sources = hold(Everything(), provider=provider.id)
        checked, notes = check(draft)
        assert checked.active, provider.id
        assert notes == (), provider.id
        assert {"hidden-value", "text:hidden-value"}.isdisjoint(
            text.partition("=")[2] for text in sources.credentials
        ), provider.id
        hidden = {field.key for field in provider.credentials if field.hidden}
        assert hidden.isdisjoint(draft.credentials), provider.id


def test_the_providers_of_the_channel_alone_are_listed() -> None:
    script = Script(*TO_DISCORD, *END)
    hold(script)
    listed = script.options[1]
    assert "Discord (discord)" in listed
    assert len(listed) == sum(provider.channel == "chat" for provider in catalogue.providers())


class TestFlags:
    def test_what_is_said_already_is_not_asked(self) -> None:
        draft, sources = hold(Script(("Ready?", "create")), provider="discord", active=True, check=False, **FLAGS)
        assert (draft.provider, draft.channel, draft.name, draft.active) == ("discord", "chat", "N", True)
        assert create_line(sources) == (
            "integrations create --provider discord --channel chat --name N --identifier i --active --no-check"
        )

    def test_a_credential_from_a_flag_is_not_asked(self) -> None:
        script = Script(("Account SID", "AC1"), ("From", "+1"), *END)
        draft, sources = hold(script, provider="twilio", credentials=[f"token={SECRET}"], **FLAGS)
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}
        assert SECRET not in script.shown
        assert SECRET not in create_line(sources)

    @pytest.mark.parametrize(
        ("flags", "finding"),
        [
            ({"provider": "discrod"}, "did you mean discord"),
            ({"provider": "discord", "channel": "sms"}, "delivers for chat, not for 'sms'"),
            ({"channel": "fax"}, "no channel 'fax'"),
        ],
    )
    def test_a_wrong_one_is_told_and_asked(self, flags: dict[str, Any], finding: str) -> None:
        script = Script(*TO_DISCORD, *END)
        draft, _ = hold(script, **flags)
        assert finding in script.shown
        assert draft.provider == "discord"

    def test_a_credential_that_the_provider_does_not_have_is_told_and_left_out(self) -> None:
        script = Script(*END)
        draft, sources = hold(script, provider="discord", credentials=["apiKey=x"], **FLAGS)
        assert "credentials.apiKey: discord has no such credential" in script.shown
        assert values(draft) == {}
        assert not sources.credentials

    def test_a_wrong_credential_in_a_file_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "credentials.json"
        file.write_text('{"apiKy": "x"}')
        with pytest.raises(InputError, match="apiKy"):
            hold(Script(), provider="mailgun", credentials_file=str(file))

    def test_a_file_is_taken_over_and_named_in_the_line(self, tmp_path: Path) -> None:
        file = tmp_path / "create.json"
        body = {"providerId": "twilio", "name": "T", "credentials": {"token": SECRET, "from": "+1"}}
        file.write_text(json.dumps(body))
        script = Script(("Identifier", ""), ("Account SID", "AC1"), *END)
        draft, sources = hold(script, from_file=str(file))
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}
        assert SECRET not in script.shown
        line = create_line(sources)
        assert f"--from-file {file}" in line
        assert "token" not in line

    def test_what_has_no_question_goes_along(self) -> None:
        script = Script(("Ready?", "create"))
        draft, _ = hold(
            script,
            provider="discord",
            environment_id="a" * 24,
            conditions=["tenant.identifier=acme"],
            extra=['kind="delivery"'],
            active=False,
            check=False,
            **FLAGS,
        )
        assert draft.environment_id == "a" * 24
        assert draft.conditions
        assert draft.extra == {"kind": "delivery"}
        assert f"  Environment id: {'a' * 24}" in script.said
        assert "  kind: delivery" in script.said

    def test_without_validation_an_unknown_provider_is_taken(self) -> None:
        draft, _ = hold(Script(*END), provider="brand-new", channel="chat", credentials=["x=y"], skip=True, **FLAGS)
        assert (draft.provider, draft.channel, values(draft)) == ("brand-new", "chat", {"x": "y"})


class TestCredentials:
    def ask(
        self, *turns: tuple[str, Answer], provider: str = "twilio", **more: Any
    ) -> tuple[Script, IntegrationDraft, str]:
        script = Script(*turns, *END)
        draft, sources = hold(script, provider=provider, **FLAGS, **more)
        assert SECRET not in script.shown
        line = create_line(sources)
        assert SECRET not in line
        return script, draft, line

    def test_references_are_read_and_shown_as_they_were_said(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(f"{SECRET}\n")
        script, draft, line = self.ask(
            ("Account SID", "env:SID"),
            ("Auth token", "@token"),
            ("From", "cmd:op read from"),
            environ={"SID": "AC1"},
            run=lambda argv, _: "+1" if list(argv) == ["op", "read", "from"] else "",
            folder=tmp_path,
        )
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}
        assert all(credential.concealed for credential in draft.credentials.values())
        assert "  Auth token: @token" in script.said
        assert "accountSid=env:SID --credential token=@token --credential 'from=cmd:op read from'" in line

    def test_a_reference_that_cannot_be_read_is_asked_again(self) -> None:
        script, draft, _ = self.ask(
            ("Account SID", "env:SID"),
            ("Account SID", "AC1"),
            ("Auth token", "@-"),
            ("Auth token", SECRET),
            ("From", "+1"),
        )
        assert "the environment variable SID is not set" in script.shown
        assert "standard input can be read only once: the conversation and token=@-" in script.shown
        assert values(draft)["token"] == SECRET

    @pytest.mark.parametrize("prefix", ["@", "@~/", "@./", "@a//", "@/"])
    def test_a_hidden_answer_that_looks_like_a_reference_is_not_shown(self, prefix: str, tmp_path: Path) -> None:
        script, draft, line = self.ask(
            ("Account SID", "AC1"),
            ("Auth token", f"{prefix}{SECRET}"),
            ("Auth token", f"text:{prefix}{SECRET}"),
            ("From", "text:@acme"),
            folder=tmp_path,
        )
        assert "credentials.token: cannot read the file" in script.shown
        assert values(draft) == {"accountSid": "AC1", "token": f"{prefix}{SECRET}", "from": "@acme"}
        assert "from=text:@acme" in line

    def test_a_folder_in_a_hidden_answer_is_not_shown(self, tmp_path: Path) -> None:
        (tmp_path / SECRET).mkdir()
        script, *_ = self.ask(
            ("Account SID", "AC1"), ("Auth token", f"@{SECRET}"), ("Auth token", "x"), ("From", "+1"), folder=tmp_path
        )
        assert "is a folder, not a file" in script.shown

    def test_several_hidden_answers_cannot_all_come_from_standard_input(self) -> None:
        _, _, line = self.ask(
            ("App ID", "a"),
            ("Client ID", "b"),
            ("Client Secret", SECRET),
            ("Signing Secret", f"{SECRET}2"),
            ("Redirect URL", ""),
            ("HMAC?", True),
            provider="slack",
        )
        assert "secretKey=@- --credential signingSecret=@signingSecret.txt --credential hmac=true" in line

    def test_blanks_around_a_hidden_answer_go_and_lines_stay(self) -> None:
        _, draft, _ = self.ask(("Service Account", "{\n  1\n}\n"), provider="fcm")
        assert values(draft) == {"serviceAccount": "{\n  1\n}"}
        _, draft, _ = self.ask(("Service Account", f"  {SECRET} \n"), provider="fcm")
        assert values(draft) == {"serviceAccount": SECRET}

    def test_several_lines_that_may_be_seen_become_a_file_in_the_line(self) -> None:
        _, draft, line = self.ask(
            ("Method", "PUT"),
            ("Endpoint URL", "https://acme.io"),
            ("Headers", ""),
            ("Body", "a\nb"),
            ("Hmac Key", ""),
            provider="tool-webhook",
        )
        assert values(draft)["body"] == "a\nb"
        assert "body=@body.txt" in line

    def test_choices_propose_the_default(self) -> None:
        script, draft, _ = self.ask(
            ("Service Plan ID", "p"), ("API Token", "t"), ("Region", None), ("From", "+1"), provider="sinch"
        )
        assert values(draft)["region"] == "eu"
        assert script.options[0] == ["eu", "us", "au", "br", "ca"]

    @pytest.mark.parametrize(("provider", "answer"), [("sendgrid", "-"), ("sparkpost", None)])
    def test_a_choice_can_be_left_out(self, provider: str, answer: Answer) -> None:
        script = Script(
            ("API Key", "k"),
            *([("Region", answer), ("IP Pool", "")] if provider == "sendgrid" else [("Region", answer)]),
            ("From", "a@b.c"),
            ("Sender", "A"),
            *END,
        )
        draft, _ = hold(script, provider=provider, **FLAGS)
        assert "region" not in draft.credentials

    def test_a_wrong_value_is_told_and_asked_again(self) -> None:
        script, draft, _ = self.ask(
            ("User", ""),
            ("Password", ""),
            ("Host", "h"),
            ("Port", "25"),
            ("Secure?", True),
            ("Require TLS?", False),
            ("Ignore TLS?", None),
            ("TLS options", "{no"),
            ("TLS options", '{"rejectUnauthorized": false}'),
            *self.rest("nodemailer", after="tlsOptions"),
            provider="nodemailer",
        )
        assert "credentials.tlsOptions: must be a JSON object" in script.shown
        assert values(draft)["tlsOptions"] == {"rejectUnauthorized": False}
        assert (values(draft)["secure"], values(draft)["requireTls"], values(draft)["port"]) == (True, False, "25")

    @staticmethod
    def rest(provider_id: str, *, after: str) -> list[tuple[str, Answer]]:
        """Some answer to each question behind the one about `after`."""
        provider = catalogue.find(provider_id)
        assert provider is not None
        keys = [field.key for field in provider.credentials]
        fields = provider.credentials[keys.index(after) + 1 :]
        return [(field.label, "x" if field.required else "") for field in fields]

    def test_a_required_one_can_be_left_out_and_leaves_it_inactive(self) -> None:
        script = Script(
            ("Account SID", "AC1"),
            ("Auth token", ""),
            ("Leave Auth token out?", False),
            ("Auth token", ""),
            ("Leave Auth token out?", BACK),
            ("Auth token", ""),
            ("Leave Auth token out?", True),
            ("From", "+1"),
            ("Ready?", "create"),
        )
        draft, _ = hold(script, provider="twilio", **FLAGS)
        assert values(draft) == {"accountSid": "AC1", "from": "+1"}
        assert not draft.active
        assert "  Still needed before it can be active: Auth token" in script.said

    def test_with_active_a_required_one_cannot_be_left_out(self) -> None:
        script = Script(
            ("Account SID", "AC1"), ("Auth token", ""), ("Auth token", SECRET), ("From", "+1"), ("Check", None), END[-1]
        )
        draft, _ = hold(script, provider="twilio", active=True, **FLAGS)
        assert "Twilio needs Auth token to be active or checked." in script.said
        assert draft.active


class TestGoingBack:
    def test_the_question_before_is_asked_again_with_its_answer(self) -> None:
        script = Script(
            ("Channel", BACK),
            ("Channel", "chat"),
            ("Provider", BACK),
            ("Channel", "sms"),
            ("Provider", "twilio"),
            ("Name", "First"),
            ("Identifier", BACK),
            ("Name", None),
            ("Identifier", BACK),
            ("Name", "Second"),
            ("Identifier", ""),
            ("Account SID", "AC1"),
            ("Auth token", SECRET),
            ("From", BACK),
            ("Auth token (required, Enter keeps it)", ""),
            ("From", "+1"),
            ("Active", True),
            ("Check", BACK),
            ("Active", None),
            *END[1:],
        )
        draft, _ = hold(script)
        assert "This is the first question." in script.said
        assert (draft.channel, draft.name, draft.active) == ("sms", "Second", True)
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}

    def test_what_the_flags_answered_is_passed_over(self) -> None:
        script = Script(("Account SID", BACK), ("Account SID", "AC1"), ("Auth token", SECRET), ("From", "+1"), *END)
        hold(script, provider="twilio", **FLAGS)
        assert "This is the first question." in script.said

    def test_from_the_summary_to_any_answer(self) -> None:
        script = Script(
            *TO_DISCORD,
            *END[:2],
            ("Ready?", "change"),
            ("Which answer?", BACK),
            ("Ready?", "change"),
            ("Which answer?", "name"),
            ("Name", BACK),
            ("Ready?", "change"),
            ("Which answer?", "name"),
            ("Name", "Other"),
            ("Ready?", BACK),
            ("Name", None),
            ("Ready?", "change"),
            ("Which answer?", "active"),
            ("Active", True),
            ("Ready?", "create"),
        )
        draft, _ = hold(script)
        assert (draft.name, draft.active) == ("Other", True)

    def test_another_provider_has_other_credentials_and_its_own_name(self) -> None:
        script = Script(
            ("Channel", "sms"),
            ("Provider", "twilio"),
            ("Name", None),
            ("Identifier", "x"),
            ("Account SID", "AC1"),
            ("Auth token", SECRET),
            ("From", "+1"),
            ("Active", True),
            ("Check", None),
            ("Ready?", "change"),
            ("Which answer?", "channel"),
            ("Channel", "chat"),
            ("Provider", "discord"),
            ("Name", None),
            ("Ready?", "create"),
        )
        draft, sources = hold(script)
        assert (draft.provider, draft.channel, draft.name, draft.identifier) == ("discord", "chat", "Discord", "x")
        assert values(draft) == {}
        assert not sources.credentials
        assert draft.active

    def test_an_optional_answer_can_be_taken_away_again(self) -> None:
        script = Script(
            *TO_DISCORD[:2],
            ("Name", None),
            ("Identifier", "mine"),
            *END[:2],
            ("Ready?", "change"),
            ("Which answer?", "identifier"),
            ("Identifier (optional; - for", "-"),
            ("Ready?", "create"),
        )
        draft, _ = hold(script)
        assert draft.identifier is None


class TestTheEnd:
    def test_declining_fails_and_sends_nothing(self) -> None:
        with pytest.raises(IntegrationsError, match="nothing was sent") as caught:
            hold(Script(*TO_DISCORD, *END[:2], ("Ready?", "cancel")))
        assert (caught.value.exit_code, caught.value.type) == (1, "failed")

    @pytest.mark.parametrize("interruption", [KeyboardInterrupt, CancelledError])
    def test_an_interruption_says_that_nothing_was_sent(self, interruption: type[BaseException]) -> None:
        class Interrupted(Script):
            def _turn(self, question: str, back: bool) -> Answer:
                raise interruption("x")

        with pytest.raises(CancelledError, match=r"^cancelled: nothing was sent$"):
            hold(Interrupted())

    def test_what_no_question_can_mend_cannot_be_confirmed(self) -> None:
        script = Script(*TO_DISCORD, *END[:2], ("Ready?", "cancel"))
        with pytest.raises(IntegrationsError, match="nothing was sent"):
            hold(script, environment_id="nonsense")
        assert "environment-id: is not an id" in script.shown
        assert "Create it" not in script.shown

    @pytest.mark.parametrize("name", ["a\x1bb", "a\nb", "a\x9bb"])
    def test_a_name_with_control_characters_is_asked_again(self, name: str) -> None:
        script = Script(*TO_DISCORD[:2], ("Name", name), ("Name", "fine"), ("Identifier", ""), *END)
        draft, _ = hold(script)
        assert draft.name == "fine"
        assert "name: must be one line, without control characters" in script.said
