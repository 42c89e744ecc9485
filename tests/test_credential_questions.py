"""Questions about credentials: references, hidden answers, choices, and what may be left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from integrations_cli import catalogue
from integrations_cli.create.rerun import create_command
from integrations_cli.models import Draft
from integrations_cli.terminal.prompts import BACK
from script import END, FLAGS, SECRET, Answer, Script, run_guided, values


class TestCredentials:
    def ask(self, *turns: tuple[str, Answer], provider: str = "twilio", **more: Any) -> tuple[Script, Draft, str]:
        script = Script(*turns, *END)
        draft, sources = run_guided(script, provider=provider, **FLAGS, **more)
        assert SECRET not in script.shown
        line = create_command(sources)
        assert SECRET not in line
        return script, draft, line

    def test_references_are_resolved_and_shown_as_typed(self, tmp_path: Path) -> None:
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
        assert all(credential.masked for credential in draft.credentials.values())
        assert "  Auth token: @token" in script.said
        assert "accountSid=env:SID --credential token=@token --credential 'from=cmd:op read from'" in line

    def test_unreadable_references_are_asked_again(self) -> None:
        script, draft, _ = self.ask(
            ("Account SID", "env:SID"),
            ("Account SID", "AC1"),
            ("Auth token", "@-"),
            ("Auth token", SECRET),
            ("From", "+1"),
        )
        assert "the environment variable SID is not set" in script.shown
        assert "standard input can be read only once, but the prompts and token=@-" in script.shown
        assert values(draft)["token"] == SECRET

    @pytest.mark.parametrize("prefix", ["@", "@~/", "@./", "@a//", "@/"])
    def test_a_hidden_reference_is_not_shown(self, prefix: str, tmp_path: Path) -> None:
        script, draft, line = self.ask(
            ("Account SID", "AC1"),
            ("Auth token", f"{prefix}{SECRET}"),
            ("Auth token", f"text:{prefix}{SECRET}"),
            ("From", "text:@acme"),
            folder=tmp_path,
        )
        assert "credentials.token: the file that @ names: cannot read it" in script.shown
        assert values(draft) == {"accountSid": "AC1", "token": f"{prefix}{SECRET}", "from": "@acme"}
        assert "from=text:@acme" in line

    def test_a_short_hidden_answer_spoils_no_message(self, tmp_path: Path) -> None:
        script, *_ = self.ask(
            ("Account SID", "AC1"),
            ("Auth token", "@rec"),
            ("Auth token", "@./qzx"),
            ("Auth token", "@./qzxw"),
            ("Auth token", SECRET),
            ("From", "+1"),
            folder=tmp_path,
        )
        said = [line for line in script.said if line.startswith("credentials.token: ")]
        assert said == ["credentials.token: the file that @ names: cannot read it: No such file or directory"] * 3

    def test_a_hidden_folder_name_is_not_shown(self, tmp_path: Path) -> None:
        (tmp_path / SECRET).mkdir()
        script, *_ = self.ask(
            ("Account SID", "AC1"), ("Auth token", f"@{SECRET}"), ("Auth token", "x"), ("From", "+1"), folder=tmp_path
        )
        assert "is a folder, not a file" in script.shown

    def test_only_one_hidden_answer_becomes_standard_input(self) -> None:
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

    def test_hidden_answers_are_stripped_and_keep_lines(self) -> None:
        _, draft, _ = self.ask(("Service Account", "{\n  1\n}\n"), provider="fcm")
        assert values(draft) == {"serviceAccount": "{\n  1\n}"}
        _, draft, _ = self.ask(("Service Account", f"  {SECRET} \n"), provider="fcm")
        assert values(draft) == {"serviceAccount": SECRET}

    def test_visible_multi_line_values_become_a_file(self) -> None:
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
        draft, _ = run_guided(script, provider=provider, **FLAGS)
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

    def test_leaving_out_required_credentials_means_inactive(self) -> None:
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
        draft, _ = run_guided(script, provider="twilio", **FLAGS)
        assert values(draft) == {"accountSid": "AC1", "from": "+1"}
        assert not draft.active
        assert "  Needed before it can be active: Auth token" in script.said

    def test_active_needs_every_required_credential(self) -> None:
        script = Script(
            ("Account SID", "AC1"), ("Auth token", ""), ("Auth token", SECRET), ("From", "+1"), ("Check", None), END[-1]
        )
        draft, _ = run_guided(script, provider="twilio", active=True, **FLAGS)
        assert "Twilio needs Auth token to be active or checked." in script.said
        assert draft.active


class TestAskedAgain:
    """What stands at a question about a value that may be seen, when it is asked a second time."""

    def change(self, *turns: tuple[str, Answer], **flags: Any) -> tuple[Script, Draft]:
        """Answer these questions, change the credential `from` at the summary, and confirm."""
        script = Script(*turns, ("Ready?", "create"))
        draft, _ = run_guided(script, provider="twilio", active=False, check=False, **FLAGS, **flags)
        return script, draft

    def test_enter_keeps_a_reference_without_reading_it_again(self) -> None:
        calls: list[str] = []

        def run(argv: Sequence[str], _: str) -> str:
            calls.append(argv[0])
            return "+1"

        script, draft = self.change(
            ("From", "cmd:op"),
            ("Ready?", "change"),
            ("Which answer?", "credentials.from"),
            ("From (required)", None),
            credentials=["accountSid=AC1", f"token={SECRET}"],
            run=run,
        )
        assert script.said.count("[cmd:op]") == 1
        assert values(draft)["from"] == "+1"
        assert calls == ["op"]

    def test_enter_keeps_a_concealed_value_of_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps({"accountSid": "AC1", "token": SECRET, "from": {"env": "FROM"}}))
        script, draft = self.change(
            ("Ready?", "change"),
            ("Which answer?", "credentials.from"),
            ("From (required, Enter keeps it)", ""),
            credentials_file=str(file),
            environ={"FROM": "+49-masked"},
        )
        assert "+49-masked" not in script.shown
        assert values(draft)["from"] == "+49-masked"

    def test_a_plain_value_of_a_file_is_proposed(self, tmp_path: Path) -> None:
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps({"accountSid": "AC1", "token": SECRET, "from": "+49"}))
        script, draft = self.change(
            ("Ready?", "change"),
            ("Which answer?", "credentials.from"),
            ("From (required)", None),
            credentials_file=str(file),
        )
        assert "[+49]" in script.said
        assert values(draft)["from"] == "+49"

    def test_a_hyphen_removes_an_optional_value_alone(self) -> None:
        script = Script(
            ("API Key", SECRET),
            ("Base URL (optional)", "https://mail.acme.io"),
            ("User name", BACK),
            ("Base URL (optional, - leaves it out)", "-"),
            ("User name (required)", "api"),
            ("Domain", BACK),
            ("User name (required)", "-"),
            ("Domain", "acme.io"),
            ("From", "hi@acme.io"),
            ("Sender name", "Acme"),
            *END,
        )
        draft, _ = run_guided(script, provider="mailgun", **FLAGS)
        assert "baseUrl" not in values(draft)
        assert values(draft)["user"] == "-"

    def test_required_values_are_asked_until_left_out(self) -> None:
        script = Script(
            ("Account SID", ""),
            ("Leave Account SID out?", False),
            ("Account SID", ""),
            ("Leave Account SID out?", True),
            ("Auth token", SECRET),
            ("From", "+1"),
            ("Ready?", "create"),
        )
        draft, _ = run_guided(script, provider="twilio", **FLAGS)
        assert values(draft) == {"token": SECRET, "from": "+1"}
        assert "is empty" not in script.shown
