"""The guided create in a real terminal: keys in, the screen and the stored integration out."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from program import Program

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals of this kind on Windows", allow_module_level=True)

from terminal import Session, stored

SECRET = "xK9-planted-SECRET-7f"
MODES = ("screen", "lines")
WIDTHS = (40, 80, 200)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def mode_env(mode: str) -> dict[str, str]:
    return {"INTEGRATIONS_ACCESSIBLE": "1"} if mode == "lines" else {}


def mailgun(mode: str) -> list[tuple[str, str]]:
    """The answers that make a Mailgun integration."""
    channel = [("Channel:", "ema"), ("> Email (email)", "\r")] if mode == "screen" else [("Number", "email\r")]
    provider = (
        [("Provider:", "mailg"), ("> Mailgun (mailgun)", "\r")]
        if mode == "screen"
        else [("21. SparkPost", "mailgun\r")]
    )
    return [
        *channel,
        *provider,
        ("Name [Mailgun]:", "Mail · main\r"),
        ("Identifier (optional; one is generated if you leave it out):", "mailgun-main\r"),
        ("API Key (required) (hidden):", f"{SECRET}\r"),
        ("Base URL (optional):", "\r"),
        ("User name (required):", "api\r"),
        ("Domain (required):", "mg.acme.io\r"),
        ("From email address (required):", "hi@acme.io\r"),
        ("Sender name (required):", "Acme & Co\r"),
        ("Active: use it for messages at once?", "y\r"),
        ("Check: let the server test the credentials first?", "\r"),
    ]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("mode", MODES)
def test_a_guided_create_stores_an_integration(program: Program, mode: str, columns: int) -> None:
    with Session(program, ["create", "--sandbox"], columns, env=mode_env(mode), secrets=[SECRET]) as session:
        session.wait("A new integration in the sandbox. Nothing is sent before you confirm.")
        session.answer(*mailgun(mode))
        session.wait("Ready?")
        for line in ("Channel: email", "Name: Mail · main", "API Key: ********", "Active: yes", "Check: no"):
            assert line in session.text
        assert stored(program) == []
        session.wait("Create it")
        session.send("\r")
        session.wait(
            "hint: the next time: integrations create --provider mailgun --channel email --name 'Mail · main' "
            "--identifier mailgun-main --credential apiKey=@- --credential user=api --credential domain=mg.acme.io "
            "--credential from=hi@acme.io --credential 'senderName=Acme & Co' --active --no-check --sandbox"
        )
        assert session.finish() == 0
        session.assert_restored()
    (integration,) = stored(program)
    assert (integration.provider, integration.channel) == ("mailgun", "email")
    assert (integration.name, integration.identifier) == ("Mail · main", "mailgun-main")
    assert integration.active
    assert {key: integration.credentials[key] for key in ("user", "domain", "from", "senderName")} == {
        "user": "api",
        "domain": "mg.acme.io",
        "from": "hi@acme.io",
        "senderName": "Acme & Co",
    }
    assert "baseUrl" not in integration.credentials


@pytest.mark.parametrize("mode", MODES)
def test_standard_output_has_the_data_alone(program: Program, mode: str) -> None:
    out = program.home / "out"
    session = Session(
        program,
        ["create", "--sandbox", "--json"],
        env=mode_env(mode),
        secrets=[SECRET],
        redirect=f"> {shlex.quote(str(out))}",
    )
    with session:
        session.answer(*mailgun(mode), ("Create it", "\r"))
        assert session.finish() == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["identifier"] == "mailgun-main"
    assert document["credentials"]["apiKey"] == "********"


@pytest.mark.parametrize("mode", MODES)
def test_the_command_for_next_time_works(program: Program, mode: str) -> None:
    with Session(program, ["create", "--sandbox"], 200, env=mode_env(mode), secrets=[SECRET]) as session:
        session.answer(*mailgun(mode), ("Create it", "\r"))
        assert session.finish() == 0
    (first,) = stored(program)
    line = session.written.split("the next time: ")[1].split("--sandbox")[0].replace("\r\n", "")
    words = shlex.split(line.replace("--identifier mailgun-main", "--identifier again"))
    assert words[:2] == ["integrations", "create"]
    assert program.run(*words[1:], "--sandbox", stdin=SECRET).code == 0
    (second,) = (integration for integration in stored(program) if integration.identifier == "again")
    same = ("providerId", "channel", "name", "active")
    assert {key: second.raw[key] for key in same} == {key: first.raw[key] for key in same}
    assert {**second.credentials, "apiKey": ""} == {**first.credentials, "apiKey": ""}


# Flags that leave just one question open, and that question: the prompts begin there.
OPEN = {
    "channel": ("", "Channel"),
    "provider": ("-I --channel sms", "Provider"),
    "name": ("-I -p twilio", "Name [Twilio]:"),
    "identifier": ("-I -p twilio -n T", "Identifier (optional"),
    "hidden": ("-I -p twilio -n T -i t -C accountSid=a", "Auth token (required) (hidden):"),
    "text": ("-I -p twilio -n T -i t -C token=@token", "Account SID (required):"),
    "left out": ("-I -p twilio -n T -i t -C token=@token", "Leave Account SID out?"),
    "choice": ("-I -p sendgrid -n S -i s -C apiKey=@token", "Region (optional)"),
    "yes or no": ("-I -p ring-central -n R -i r -C clientId=a -C secretKey=@token -C token=@token", "Is sandbox?"),
    "active": ("-I -p discord -n D -i d", "Active: use it"),
    "check": ("-I -p discord -n D -i d --inactive", "Check: let"),
    "summary": ("-I -p discord -n D -i d --inactive --no-check", "Ready?"),
    "change": ("-I -p discord -n D -i d --inactive --no-check", "Which answer?"),
}


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
@pytest.mark.parametrize("step", OPEN)
@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_and_ctrl_d_restore_the_terminal(program: Program, mode: str, step: str, key: str) -> None:
    arguments, question = OPEN[step]
    (program.home / "token").write_text(SECRET)
    with Session(program, ["create", *arguments.split(), "--sandbox"], env=mode_env(mode), secrets=[SECRET]) as session:
        if step == "left out":
            session.answer(("Account SID (required):", "\r"))
        if step == "change":
            session.answer(("Change an answer", "\x1b[B\r" if mode == "screen" else "2\r"))
        session.answer((question, key))
        assert session.finish() == 130
        session.assert_restored()
        assert "error: cancelled: nothing was sent" in session.text
    assert stored(program) == []


@pytest.mark.parametrize("mode", MODES)
def test_an_interrupt_from_outside_is_a_ctrl_c(program: Program, mode: str) -> None:
    with Session(program, ["create", "--sandbox"], env=mode_env(mode)) as session:
        session.wait("Channel")
        assert session.child.pid is not None
        os.killpg(session.child.pid, signal.SIGINT)
        assert session.finish() == 130
        session.assert_restored()
    assert stored(program) == []


@pytest.mark.parametrize("mode", MODES)
def test_declining_stores_nothing(program: Program, mode: str) -> None:
    arguments, _ = OPEN["summary"]
    with Session(program, ["create", *arguments.split(), "--sandbox"], env=mode_env(mode)) as session:
        session.answer(("Cancel: send nothing", "\x1b[B\x1b[B\r" if mode == "screen" else "3\r"))
        assert session.finish() == 1
        session.assert_restored()
        assert "error: cancelled at the summary: nothing was sent" in session.text
    assert stored(program) == []


@pytest.mark.parametrize("mode", MODES)
def test_back_and_summary_reach_every_answer(program: Program, mode: str) -> None:
    pick = (lambda down: "\x1b[B" * down + "\r") if mode == "screen" else (lambda down: f"{down + 1}\r")
    with Session(program, ["create", "-I", "-p", "discord", "-i", "d", "--sandbox"], env=mode_env(mode)) as session:
        session.answer(
            ("Name [Discord]:", "First\r"),
            ("Active", "<\r"),
            ("Name [First]:", "Second\r"),
            ("Active", "n\r"),
            ("Check", "\r"),
            ("Change an answer", pick(1)),
            ("Which answer?", pick(2)),
            ("Name [Second]:", "Third\r"),
            ("Name: Third", ""),
            ("Create it", "\r"),
        )
        assert session.finish() == 0
        session.assert_restored()
    (integration,) = stored(program)
    assert integration.name == "Third"


def test_typing_filters_a_list(program: Program) -> None:
    with Session(program, ["create", "-I", "--channel", "sms", "--sandbox"], secrets=[]) as session:
        session.wait("type to search")
        session.send("zzzz")
        session.wait("no such entry")
        session.send("\r")  # nothing to choose: the question stays
        session.send("\x7f" * 4)
        session.wait("type to search")
        session.send("twil")
        session.until(lambda screen: ">Twilio(twilio)" in screen and screen.count("(") == 1, "Twilio alone")
        session.send("\x04")
        assert session.finish() == 130


@pytest.mark.parametrize("mode", MODES)
def test_a_hidden_file_reference_is_not_shown(program: Program, mode: str) -> None:
    flags = ["-I", "-p", "twilio", "-n", "T", "-i", "t", "-C", "accountSid=a", "-C", "from=b", "--sandbox"]
    with Session(program, ["create", *flags], 40, env=mode_env(mode), secrets=[SECRET]) as session:
        session.answer(
            ("(hidden):", f"@{SECRET}\r"),
            ("that itself begins with @, env: or cmd:.", f"text:@{SECRET}\r"),
            ("Active", "\r"),
            ("Check", "\r"),
            ("Create it", "\r"),
        )
        assert session.finish() == 0
    assert len(stored(program)) == 1


@pytest.mark.parametrize("mode", MODES)
def test_further_lines_of_a_pasted_secret_are_dropped(program: Program, mode: str) -> None:
    flags = ["-I", "-p", "twilio", "-n", "T", "-i", "t", "-C", "accountSid=a", "-C", "from=b", "--sandbox"]
    with Session(program, ["create", *flags], env=mode_env(mode), secrets=[SECRET]) as session:
        session.answer(
            ("(hidden):", f"first\r{SECRET}\r{SECRET}\r"), ("Active", "n\r"), ("Check", "n\r"), ("Create it", "\r")
        )
        assert session.finish() == 0
    (integration,) = stored(program)
    assert not integration.active


@pytest.mark.parametrize("lines", [1, 600], ids=["short", "more than one read"])
@pytest.mark.parametrize("mode", MODES)
def test_lines_pasted_after_a_hidden_answer_are_dropped(program: Program, mode: str, lines: int) -> None:
    flags = ["-I", "-p", "twilio", "-n", "T", "-i", "t", "-C", "accountSid=a", "-C", "from=b", "--sandbox"]
    with Session(program, ["create", *flags], env=mode_env(mode)) as session:
        session.answer(
            ("(hidden):", "first\r" + "y\r" * lines), ("Active", "n\r"), ("Check", "n\r"), ("Create it", "\r")
        )
        assert session.finish() == 0
    (integration,) = stored(program)
    assert not integration.active


@pytest.mark.parametrize("mode", MODES)
def test_lines_typed_before_a_hidden_question_are_dropped(program: Program, mode: str) -> None:
    out = program.home / "out"
    flags = ["-I", "-p", "twilio", "-n", "T", "-i", "t", "-C", "from=b", "--inactive", "--no-check", "--sandbox"]
    arguments = ["create", *flags, "--dry-run", "--show-secrets", "--json"]
    with Session(program, arguments, env=mode_env(mode), redirect=f"> {shlex.quote(str(out))}") as session:
        session.answer(
            ("Account SID (required):", "AC1\rtoo-early\r"), ("(hidden):", "token\r"), ("Show the request", "\r")
        )
        assert session.finish() == 0
    assert json.loads(out.read_text())["body"]["credentials"] == {"accountSid": "AC1", "token": "token", "from": "b"}


def test_escape_empties_the_line_and_then_goes_back(program: Program) -> None:
    with Session(program, ["create", "-I", "-p", "discord", "-i", "d", "--sandbox"]) as session:
        session.answer(("Name [Discord]:", "First\r"), ("Active", "zzz"), ("zzz", "\x1b"))
        session.until(lambda screen: "zzz" not in screen, "an empty line")
        session.send("\x1b")
        session.answer(("Name [First]:", "\r"), ("Active", "n\r"), ("Check", "n\r"), ("Create it", "\r"))
        assert session.finish() == 0
        session.assert_restored()
    (integration,) = stored(program)
    assert integration.name == "First"


def test_a_multi_line_secret_can_be_pasted(program: Program) -> None:
    key = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"
    out = program.home / "out"
    flags = ["-I", "-p", "fcm", "-n", "F", "-i", "f", "--inactive", "--no-check", "--sandbox"]
    arguments = ["create", *flags, "--dry-run", "--show-secrets", "--json"]
    with Session(program, arguments, secrets=[SECRET, "BEGIN"], redirect=f"> {shlex.quote(str(out))}") as session:
        session.answer(
            ("(hidden):", f"\x1b[200~{key}\n\x1b[201~"), ("(hidden): ********", "\r"), ("Show the request", "\r")
        )
        assert session.finish() == 0
        session.assert_restored()
    assert json.loads(out.read_text())["body"]["credentials"] == {"serviceAccount": key}
    assert stored(program) == []


@pytest.mark.parametrize(
    ("arguments", "env", "redirect"),
    [
        ("", {"CI": "1"}, ""),
        ("--no-input", {}, ""),
        ("", {}, "< /dev/null"),
        ("", {}, "2> err"),
    ],
    ids=["CI", "no-input", "stdin", "stderr"],
)
@pytest.mark.parametrize("interactive", ["", "--interactive"])
def test_without_a_terminal_nothing_is_asked(
    program: Program, arguments: str, env: dict[str, str], redirect: str, interactive: str
) -> None:
    line = ["create", "--sandbox", *arguments.split(), *interactive.split()]
    with Session(program, line, env=env, redirect=redirect) as session:
        assert session.finish() == 2
        err = program.home / "err"
        said = err.read_text() if err.exists() else session.text
    assert ("--interactive needs" if interactive else "provider: is missing") in said
    assert "hint:" in said


def test_a_dumb_terminal_gets_plain_lines(program: Program) -> None:
    arguments, _ = OPEN["summary"]
    with Session(program, ["create", *arguments.split(), "--sandbox"], env={"TERM": "dumb"}) as session:
        session.answer(("3. Cancel: send nothing", "3\r"))
        assert session.finish() == 1
        assert "\x1b" not in session.written


@pytest.mark.parametrize("colored", [True, False])
def test_no_color_is_honoured(program: Program, colored: bool) -> None:
    env = {} if colored else {"NO_COLOR": "1"}
    with Session(program, ["create", "--sandbox"], env=env) as session:
        session.answer(("Channel:", "\x03"))
        assert session.finish() == 130
    assert bool(re.search(r"\x1b\[[0-9;]*[39][0-7]\b", session.written)) is colored


def test_create_without_questions_loads_no_prompts(program: Program) -> None:
    script = (
        "import sys; from integrations_cli.cli import run; "
        "code = run(['create', '--provider', 'discord', '--sandbox', '--quiet']); "
        "loaded = {name.split('.')[0] for name in sys.modules}; "
        "asking = {name for name in sys.modules if name.startswith('integrations_cli.') and 'prompts' in name}; "
        "sys.exit(code or len(loaded & {'prompt_toolkit', 'questionary'}) or len(asking))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=program.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(stored(program)) == 1
