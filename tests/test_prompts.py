"""The guided create without a terminal: a script answers, and the draft is compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integrations_cli import catalogue
from integrations_cli.catalogue.checks import check_draft
from integrations_cli.create.rerun import create_command
from integrations_cli.errors import CancelledError, InputError, IntegrationsError
from integrations_cli.terminal.prompts import BACK
from script import END, FLAGS, SECRET, Answer, Everything, Script, run_guided, values

TO_DISCORD = (("Channel", "chat"), ("Provider", "discord"), ("Name", None), ("Identifier", ""))


def test_everything_is_asked_in_order() -> None:
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
    draft, sources = run_guided(script)
    assert (draft.channel, draft.provider, draft.name, draft.identifier) == ("email", "mailgun", "Main", "mailgun-main")
    assert (draft.active, draft.check) == (True, False)
    assert values(draft) == {
        "apiKey": SECRET,
        "user": "api",
        "domain": "mg.acme.io",
        "from": "hi@acme.io",
        "senderName": "Acme",
    }
    assert draft.credentials["apiKey"].masked
    assert SECRET not in script.shown
    assert "  API Key: ********" in script.said
    assert create_command(sources) == (
        "integrations create --provider mailgun --channel email --name Main --identifier mailgun-main "
        "--credential apiKey=@- --credential user=api --credential domain=mg.acme.io --credential from=hi@acme.io "
        "--credential senderName=Acme --active --no-check"
    )


def test_each_of_the_providers_can_be_gone_through() -> None:
    for provider in catalogue.providers():
        draft, sources = run_guided(Everything(), provider=provider.id)
        checked, notes = check_draft(draft)
        assert checked.active, provider.id
        assert notes == (), provider.id
        assert {"hidden-value", "text:hidden-value"}.isdisjoint(
            text.partition("=")[2] for text in sources.credentials
        ), provider.id
        hidden = {field.key for field in provider.credentials if field.hidden}
        assert hidden.isdisjoint(draft.credentials), provider.id


def test_the_providers_of_the_channel_alone_are_listed() -> None:
    script = Script(*TO_DISCORD, *END)
    run_guided(script)
    listed = script.options[1]
    assert "Discord (discord)" in listed
    assert len(listed) == sum(provider.channel == "chat" for provider in catalogue.providers())


class TestFlags:
    def test_answers_from_flags_are_not_asked(self) -> None:
        draft, sources = run_guided(Script(("Ready?", "create")), provider="discord", active=True, check=False, **FLAGS)
        assert (draft.provider, draft.channel, draft.name, draft.active) == ("discord", "chat", "N", True)
        assert create_command(sources) == (
            "integrations create --provider discord --channel chat --name N --identifier i --active --no-check"
        )

    def test_a_credential_from_a_flag_is_not_asked(self) -> None:
        script = Script(("Account SID", "AC1"), ("From", "+1"), *END)
        draft, sources = run_guided(script, provider="twilio", credentials=[f"token={SECRET}"], **FLAGS)
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}
        assert SECRET not in script.shown
        assert SECRET not in create_command(sources)

    @pytest.mark.parametrize(
        ("flags", "finding"),
        [
            ({"provider": "discrod"}, "did you mean discord"),
            ({"provider": "discord", "channel": "sms"}, "is a provider for chat, not for 'sms'"),
            ({"channel": "fax"}, "no channel 'fax'"),
        ],
    )
    def test_wrong_flags_are_reported_and_asked(self, flags: dict[str, Any], finding: str) -> None:
        script = Script(*TO_DISCORD, *END)
        draft, _ = run_guided(script, **flags)
        assert finding in script.shown
        assert draft.provider == "discord"

    def test_unknown_credentials_are_reported_and_left_out(self) -> None:
        script = Script(*END)
        draft, sources = run_guided(script, provider="discord", credentials=["apiKey=x"], **FLAGS)
        assert "credentials.apiKey: discord has no such credential" in script.shown
        assert values(draft) == {}
        assert not sources.credentials

    def test_a_wrong_credential_in_a_file_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "credentials.json"
        file.write_text('{"apiKy": "x"}')
        with pytest.raises(InputError, match="apiKy"):
            run_guided(Script(), provider="mailgun", credentials_file=str(file))

    def test_a_provider_that_rejects_the_file_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "credentials.json"
        file.write_text('{"accountSid": "AC1"}')
        script = Script(("Provider", "nexmo"), ("Provider", "twilio"), ("Auth token", SECRET), ("From", "+1"), *END)
        draft, _ = run_guided(script, channel="sms", credentials_file=str(file), **FLAGS)
        assert "credentials.accountSid: nexmo has no such credential" in script.shown
        assert draft.provider == "twilio"
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}

    def test_a_file_is_used_and_named_in_command(self, tmp_path: Path) -> None:
        file = tmp_path / "create.json"
        body = {"providerId": "twilio", "name": "T", "credentials": {"token": SECRET, "from": "+1"}}
        file.write_text(json.dumps(body))
        script = Script(("Identifier", ""), ("Account SID", "AC1"), *END)
        draft, sources = run_guided(script, from_file=str(file))
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}
        assert SECRET not in script.shown
        line = create_command(sources)
        assert f"--from-file {file}" in line
        assert "token" not in line

    def test_fields_without_question_are_kept(self) -> None:
        script = Script(("Ready?", "create"))
        draft, _ = run_guided(
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
        draft, _ = run_guided(
            Script(*END), provider="brand-new", channel="chat", credentials=["x=y"], skip=True, **FLAGS
        )
        assert (draft.provider, draft.channel, values(draft)) == ("brand-new", "chat", {"x": "y"})


class TestGoingBack:
    def test_going_back_proposes_the_last_answer(self) -> None:
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
        draft, _ = run_guided(script)
        assert "This is the first question." in script.said
        assert (draft.channel, draft.name, draft.active) == ("sms", "Second", True)
        assert values(draft) == {"accountSid": "AC1", "token": SECRET, "from": "+1"}

    def test_going_back_skips_answers_from_flags(self) -> None:
        script = Script(("Account SID", BACK), ("Account SID", "AC1"), ("Auth token", SECRET), ("From", "+1"), *END)
        run_guided(script, provider="twilio", **FLAGS)
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
        draft, _ = run_guided(script)
        assert (draft.name, draft.active) == ("Other", True)

    def test_another_provider_resets_credentials_and_name(self) -> None:
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
        draft, sources = run_guided(script)
        assert (draft.provider, draft.channel, draft.name, draft.identifier) == ("discord", "chat", "Discord", "x")
        assert values(draft) == {}
        assert not sources.credentials
        assert draft.active

    def test_incomplete_drafts_are_neither_active_nor_checked(self) -> None:
        script = Script(
            *TO_DISCORD,
            ("Active", True),
            ("Check", True),
            ("Ready?", "change"),
            ("Which answer?", "channel"),
            ("Channel", "sms"),
            ("Provider", "twilio"),
            ("Name", None),
            ("Account SID", "AC1"),
            ("Auth token", ""),
            ("Leave Auth token out?", True),
            ("From", "+1"),
            ("Ready?", "create"),
        )
        draft, sources = run_guided(script)
        assert (draft.provider, draft.active, draft.check) == ("twilio", False, False)
        assert create_command(sources).endswith("--inactive --no-check")

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
        draft, _ = run_guided(script)
        assert draft.identifier is None


class TestTheEnd:
    def test_declining_fails_and_sends_nothing(self) -> None:
        with pytest.raises(IntegrationsError, match="nothing was sent") as caught:
            run_guided(Script(*TO_DISCORD, *END[:2], ("Ready?", "cancel")))
        assert (caught.value.exit_code, caught.value.type) == (1, "failed")

    @pytest.mark.parametrize("interruption", [KeyboardInterrupt, CancelledError])
    def test_an_interruption_says_that_nothing_was_sent(self, interruption: type[BaseException]) -> None:
        class Interrupted(Script):
            def _turn(self, question: str, back: bool) -> Answer:
                raise interruption("x")

        with pytest.raises(CancelledError, match=r"^cancelled: nothing was sent$"):
            run_guided(Interrupted())

    def test_invalid_drafts_cannot_be_confirmed(self) -> None:
        script = Script(*TO_DISCORD, *END[:2], ("Ready?", "cancel"))
        with pytest.raises(IntegrationsError, match="nothing was sent"):
            run_guided(script, environment_id="nonsense")
        assert "environment-id: is not an id" in script.shown
        assert "Create it" not in script.shown

    @pytest.mark.parametrize("name", ["a\x1bb", "a\nb", "a\x9bb"])
    def test_a_name_with_control_characters_is_asked_again(self, name: str) -> None:
        script = Script(*TO_DISCORD[:2], ("Name", name), ("Name", "fine"), ("Identifier", ""), *END)
        draft, _ = run_guided(script)
        assert draft.name == "fine"
        assert "name: must be one line, without control characters" in script.said

    def test_a_non_unicode_name_is_asked_again(self) -> None:
        script = Script(*TO_DISCORD[:2], ("Name", "a\udc80"), ("Name", "fine"), ("Identifier", ""), *END)
        draft, _ = run_guided(script)
        assert draft.name == "fine"
        assert "name: the value is not valid Unicode text" in script.said
