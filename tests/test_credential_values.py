"""Credential values are read unchanged from every source, and no message contains one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_cli.create.draft import DraftInputs, build_draft
from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_text import LARGEST, decode_text
from integrations_cli.inputs.credential_values import ValueReader, parse_assignment, read_file, read_variable
from integrations_cli.inputs.run_command import run_command, split_command
from integrations_cli.models import Credential
from program import Program

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\r\nIBADAN  \n\n-----END PRIVATE KEY-----"
SECRET = "sk-very-secret"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def reader(
    stdin: bytes = b"", environ: Mapping[str, str] | None = None, folder: Path | None = None, **more: Any
) -> ValueReader:
    return ValueReader(stdin=lambda: stdin, environ=environ or {}, folder=folder, **more)


def input_error(read: Any, *arguments: Any, **named: Any) -> InputError:
    """Return the error of a call, and check that it does not contain the secret."""
    with pytest.raises(InputError) as caught:
        read(*arguments, **named)
    assert SECRET not in caught.value.message
    assert SECRET not in (caught.value.hint or "")
    return caught.value


# -- any text is unchanged --------------------------------------------------------------------------------------------


@given(texts)
@settings(deadline=None)
def test_any_text_is_unchanged_from_a_file(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "value")
        path.write_bytes(f"{text}\r\n".encode())
        assert reader().argument("apiKey", f"@{path}") == Credential(text, masked=True)
        assert reader().document_value("apiKey", {"file": "value"}, Path(folder)).value == text
        if not text.endswith("\n"):
            path.write_bytes(text.encode())
            assert reader().argument("apiKey", f"@{path}").value == text


@given(texts)
@settings(deadline=None)
def test_any_text_is_unchanged_from_stdin(text: str) -> None:
    assert reader(f"{text}\r\n".encode()).argument("apiKey", "@-") == Credential(text, masked=True)
    assert reader(f"{text}\r\n".encode()).document_value("apiKey", {"file": "-"}).value == text


@given(texts)
@settings(deadline=None)
def test_any_text_is_unchanged_from_the_environment(text: str) -> None:
    assert reader(environ={"KEY": text}).argument("apiKey", "env:KEY") == Credential(text, masked=True)
    assert reader(environ={"KEY": text}).document_value("apiKey", {"env": "KEY"}).value == text


@given(texts)
@settings(deadline=None)
def test_any_text_is_unchanged_from_the_command_line(text: str) -> None:
    assert reader().assignments([f"apiKey=text:{text}"])["apiKey"] == Credential(text)


@given(texts, st.booleans())
@settings(deadline=None)
def test_any_text_is_unchanged_from_json(text: str, ascii_only: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "credentials.json")
        path.write_bytes(json.dumps({"apiKey": text}, ensure_ascii=ascii_only).encode())
        draft = build_draft(DraftInputs(credentials_file=str(path)), reader())
    assert draft.credentials == {"apiKey": Credential(text)}


@given(texts, st.booleans())
@settings(deadline=None)
def test_any_text_is_unchanged_from_toml(text: str, multiline: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "integration.toml")
        document = {"providerId": "mailgun", "credentials": {"apiKey": text}}
        # A raw CR in a TOML multi-line string may be read as part of a line end, by TOML's own rules.
        path.write_bytes(tomli_w.dumps(document, multiline_strings=multiline and "\r" not in text).encode())
        draft = build_draft(DraftInputs(from_file=str(path)), reader())
    assert draft.credentials == {"apiKey": Credential(text)}


@given(st.lists(texts, min_size=6, max_size=6))
@settings(deadline=None, max_examples=30)
def test_text_from_all_sources_reaches_request_body_unchanged(values: list[str]) -> None:
    from_stdin, from_file, from_environment, from_arguments, from_json, from_toml = values
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "value").write_bytes(f"{from_file}\r\n".encode())
        (folder / "all.json").write_bytes(json.dumps({"senderName": from_json}).encode())
        (folder / "all.toml").write_bytes(tomli_w.dumps({"credentials": {"baseUrl": from_toml}}).encode())
        done = Program(folder / "home").run(
            *("create", "--provider", "mailgun", "--from-file", str(folder / "all.toml")),
            *("--credentials-file", str(folder / "all.json")),
            *(
                "-C",
                "apiKey=@-",
                "-C",
                f"user=@{folder / 'value'}",
                "-C",
                "domain=env:V",
                "-C",
                f"from=text:{from_arguments}",
            ),
            *("--sandbox", "--dry-run", "--show-secrets", "--json"),
            stdin=f"{from_stdin}\r\n".encode(),
            env={"V": from_environment},
        )
    assert done.code == 0, done.err
    assert done.json["body"]["credentials"] == {
        "apiKey": from_stdin,
        "user": from_file,
        "domain": from_environment,
        "from": from_arguments,
        "senderName": from_json,
        "baseUrl": from_toml,
    }


# -- final newlines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"key", "key"),
        (b"key\n", "key"),
        (b"key\r\n", "key"),
        (b"key\n\n", "key\n"),
        (b"key\r\n\r\n", "key\r\n"),
        (b"key\r", "key\r"),
        (b" key \t\n", " key \t"),
        (b"\nkey\n", "\nkey"),
        (b"\xef\xbb\xbfkey", "key"),
        (PEM.encode() + b"\n", PEM),
    ],
)
def test_exactly_one_final_newline_is_removed(content: bytes, text: str) -> None:
    assert decode_text(content, "credentials.apiKey", "standard input") == text


def test_environment_value_keeps_its_final_newline() -> None:
    assert reader(environ={"KEY": "key\n"}).argument("apiKey", "env:KEY").value == "key\n"


def test_service_account_file_is_unchanged(tmp_path: Path) -> None:
    account = json.dumps({"private_key": PEM, "client_email": "ä@x.iam"}, indent=2, ensure_ascii=False)
    (tmp_path / "account.json").write_text(account + "\n", encoding="utf-8", newline="")
    assert reader(folder=tmp_path).argument("serviceAccount", "@account.json").value == account


# -- relative paths ---------------------------------------------------------------------------------------------------


def test_relative_paths_resolve_from_document_or_current_folder(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "key").write_text("beside the document")
    (tmp_path / "key").write_text("in the current folder")
    (tmp_path / "conf" / "mailgun.json").write_text('{"apiKey": {"file": "key"}}')
    sources = DraftInputs(credentials_file=str(tmp_path / "conf" / "mailgun.json"), credentials=["secretKey=@key"])
    draft = build_draft(sources, reader(folder=tmp_path))
    assert {key: credential.value for key, credential in draft.credentials.items()} == {
        "apiKey": "beside the document",
        "secretKey": "in the current folder",
    }


def test_tilde_expands_to_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "key").write_text("at home")
    assert reader().argument("apiKey", "@~/key").value == "at home"
    assert reader().document_value("apiKey", {"file": "~/key"}, Path("elsewhere")).value == "at home"


# -- types ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("secure", "true", True),
        ("hmac", "false", False),
        ("secure", "yes", "yes"),
        ("secure", "True", "True"),
        ("port", "587", "587"),
        ("tlsOptions", '{"rejectUnauthorized": false}', {"rejectUnauthorized": False}),
        ("tlsOptions", "[1]", "[1]"),
        ("tlsOptions", "{", "{"),
        ("tlsOptions", '{"a": NaN}', '{"a": NaN}'),
        ("tlsOptions", "[" * 100_000, "[" * 100_000),
        ("apiKey", "true", "true"),
        ("apiKey", "a=b=c", "a=b=c"),
    ],
)
def test_text_is_converted_to_key_type_when_possible(key: str, text: str, value: Any) -> None:
    assert reader().assignments([f"{key}={text}"])[key].value == value
    assert reader(environ={"V": text}).argument(key, "env:V").value == value


def test_tls_options_object_is_not_a_reference() -> None:
    literal = {"env": "HOME"}
    assert reader().document({"tlsOptions": literal}) == {"tlsOptions": Credential(literal)}


def test_other_document_values_are_left_for_validation() -> None:
    values = {"secure": True, "port": 587, "host": None, "user": {"env": "A", "file": "b"}, "from": {"a": "b"}}
    assert {key: c.value for key, c in reader().document(values).items()} == values


# -- recorded secrets -------------------------------------------------------------------------------------------------


def test_referenced_values_are_concealed_and_recorded_as_secrets() -> None:
    values = reader(b"from stdin", {"A": "from env", "S": "true"})
    given_values = values.assignments(["apiKey=@-", "user=env:A", "from=plain", "secure=env:S"], "mailgun")
    assert {key: credential.masked for key, credential in given_values.items()} == {
        "apiKey": True,
        "user": True,
        "from": False,
        "secure": True,
    }
    assert values.secrets == {"from stdin", "from env"}
    assert values.literal_secrets == []


def test_strings_in_referenced_object_are_recorded_as_secrets() -> None:
    text = json.dumps({"key": PEM, "minVersion": "TLSv1", "ca": [SECRET], "rejectUnauthorized": True})
    values = reader(environ={"TLS": text})
    assert values.argument("tlsOptions", "env:TLS").masked
    assert values.secrets == {text, PEM, SECRET}


def test_literal_secret_is_reported_only_from_command_line() -> None:
    values = reader()
    values.assignments([f"apiKey={SECRET}", "from=a@b.co", "strange=?", "domain=text:@x"], "mailgun")
    values.document({"password": "in a file"}, None, "nodemailer")
    assert values.literal_secrets == ["apiKey", "strange"]
    assert values.secrets == {SECRET, "?", "in a file"}


# -- one reader of stdin ----------------------------------------------------------------------------------------------


def test_second_stdin_reader_is_rejected_naming_both() -> None:
    error = input_error(reader(b"x").assignments, ["apiKey=@-", "secretKey=@-"])
    assert error.message == "standard input can be read only once, but apiKey=@- and secretKey=@- both read it"


def test_from_file_and_credential_cannot_share_stdin() -> None:
    values = reader(b'{"providerId": "mailgun"}')
    error = input_error(build_draft, DraftInputs(from_file="-", credentials=["apiKey=@-"]), values)
    assert "--from-file - and apiKey=@- both" in error.message


# -- errors without the value -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("apiKey=@absent.txt", "credentials.apiKey: the file absent.txt: cannot read it: No such file or directory"),
        ("apiKey=@folder", "credentials.apiKey: the file that @ names: it is a folder, not a file"),
        ("apiKey=@empty", "credentials.apiKey: the file that @ names is empty"),
        ("apiKey=@newline", "credentials.apiKey: the file that @ names is empty"),
        ("apiKey=@latin1", "credentials.apiKey: the file that @ names: not UTF-8 text (line 1, column 15)"),
        ("apiKey=@utf16", "credentials.apiKey: the file that @ names: not UTF-8 text (line 1, column 1)"),
        ("apiKey=@nul", "credentials.apiKey: the file that @ names holds a NUL character"),
        ("apiKey=@big", "credentials.apiKey: the file that @ names: it is bigger than 1 MiB"),
        ("apiKey=@a\0b", "credentials.apiKey: the file that @ names: cannot read it: not a path"),
        (f"apiKey=@{SECRET}", "credentials.apiKey: the file that @ names: cannot read it: No such file or directory"),
        (f"apiKey=@{'n' * 5000}", "credentials.apiKey: the file that @ names: cannot read it: File name too long"),
        ("apiKey=@~\0/x", "credentials.apiKey: there is no home folder for the path that begins with ~"),
        ("c2VjcmV0LWtleS0xMjM0==", "--credential has no value"),
        ("apiKey=@", "credentials.apiKey: @ names no file"),
        ("apiKey=@-", "credentials.apiKey: standard input is empty"),
        ("apiKey=env:ABSENT", "credentials.apiKey: the environment variable ABSENT is not set"),
        ("apiKey=env:EMPTY", "credentials.apiKey: the environment variable EMPTY is empty"),
        ("apiKey=env:BYTES", "credentials.apiKey: the environment variable BYTES is not valid Unicode text"),
        (f"apiKey=env:{SECRET}", "credentials.apiKey: the environment variable is not set"),
        ("apiKey=env:", "credentials.apiKey: the environment variable is not set"),
        ("apiKey=cmd:", "credentials.apiKey: the command is empty"),
        (f"apiKey=cmd:'{SECRET}", "credentials.apiKey: the command has an unclosed quote"),
        ("apiKey=", "credentials.apiKey: the value is empty"),
        ("apiKey=text:", "credentials.apiKey: the value is empty"),
        (f"apiKey={SECRET}\udcff", "credentials.apiKey: the value is not valid Unicode text"),
        (f"{SECRET}", "--credential has no value"),
        ("apiKey", "--credential apiKey has no value"),
        (f"={SECRET}", "--credential has no key before the equals sign"),
    ],
)
def test_unusable_value_is_one_error_line(
    assignment: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "newline").write_bytes(b"\n")
    (tmp_path / "latin1").write_bytes(SECRET.encode() + b"\xe4")
    (tmp_path / "utf16").write_bytes(SECRET.encode("utf-16"))
    (tmp_path / "nul").write_bytes(SECRET.encode("utf-16-le"))
    (tmp_path / "big").write_bytes(b"k" * (LARGEST + 1))
    values = reader(environ={"EMPTY": "", "BYTES": f"{SECRET}\udcff"})
    error = input_error(values.assignments, [assignment])
    assert error.message == message
    assert error.details == (message,)
    assert values.secrets == set()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(mode=0)
    assert input_error(read_file, path, "credentials.apiKey").message.endswith("Permission denied")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux has a file that opens and cannot be read")
def test_read_failure_is_an_error() -> None:
    error = input_error(read_file, Path("/proc/self/mem"), "credentials.apiKey")
    assert error.message == "credentials.apiKey: the file /proc/self/mem: cannot read it: Input/output error"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs the files of the shell's <(COMMAND)")
def test_file_can_be_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from a pipe\n")
    os.close(writing)
    try:
        assert read_file(Path(f"/dev/fd/{reading}"), "credentials.apiKey") == "from a pipe"
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"env": 1}, "credentials.apiKey.env: must be text"),
        ({"file": ""}, "credentials.apiKey.file: must be text"),
        ({"command": "op read"}, "credentials.apiKey.command: must be a list of texts, the program first"),
        ({"command": []}, "credentials.apiKey.command: must be a list of texts, the program first"),
        ({"command": ["op", 1]}, "credentials.apiKey.command: must be a list of texts, the program first"),
        ("", "credentials.apiKey: the value is empty"),
    ],
)
def test_malformed_reference_error_names_its_path(value: Any, message: str) -> None:
    assert input_error(reader().document, {"apiKey": value}).message == message


def test_all_assignment_errors_are_reported_together() -> None:
    error = input_error(reader().assignments, ["apiKey=env:ONE", "secretKey=env:TWO", "from=a", "from=b", "nothing"])
    assert error.details == (
        "credentials.apiKey: the environment variable ONE is not set",
        "credentials.secretKey: the environment variable TWO is not set",
        "credentials.from: given twice on the command line",
        "--credential has no value",
    )
    assert error.message == "; ".join(error.details)
    assert error.hint


def test_assignment_value_can_contain_equals_signs() -> None:
    assert parse_assignment("apiKey=a=b") == ("apiKey", "a=b")


def test_variable_is_read_for_a_profile() -> None:
    assert read_variable("NOVU_KEY", {"NOVU_KEY": "k"}, "profile staging") == "k"


# -- commands ---------------------------------------------------------------------------------------------------------


def test_command_is_split_like_shell_without_running_one() -> None:
    commands: list[Sequence[str]] = []

    def run(argv: Sequence[str], what: str) -> str:
        commands.append((what, *argv))
        return "value"

    values = reader(run=run)
    assert values.argument("apiKey", """cmd:op read 'op://Private Vault/key' "a b"; $HOME #x""").masked
    assert values.document_value("token", {"command": ["op", "a b", "*"]}).value == "value"
    assert commands == [
        ("credentials.apiKey", "op", "read", "op://Private Vault/key", "a b;", "$HOME", "#x"),
        ("credentials.token", "op", "a b", "*"),
    ]
    assert values.secrets == {"value"}


def test_backslash_escapes_except_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert split_command(r"op a\ b", "x") == ["op", "a b"]
    monkeypatch.setattr("integrations_cli.inputs.run_command.os.name", "nt")
    assert split_command(r"C:\op\op.exe 'a b'", "x") == [r"C:\op\op.exe", "a b"]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_command_stdout_is_unchanged_and_stderr_is_discarded(capfd: pytest.CaptureFixture[str]) -> None:
    code = f"import sys; sys.stdout.buffer.write({PEM!r}.encode() + b'\\n'); sys.stderr.write({SECRET!r})"
    assert run_command(python(code), "credentials.apiKey") == PEM
    assert capfd.readouterr() == ("", "")


def test_command_gets_empty_stdin_and_given_environment() -> None:
    environ = {**os.environ, "ONLY_HERE": "seen"}
    code = "import os, sys; print(len(sys.stdin.read()), os.environ['ONLY_HERE'])"
    assert run_command(python(code), "credentials.apiKey", environ=environ) == "0 seen"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (f"import sys; print({SECRET!r}); sys.exit(3)", "the command failed with exit code 3"),
        ("pass", "the output of the command is empty"),
        (
            f"import sys; sys.stdout.buffer.write({SECRET!r}.encode() + b'\\xff')",
            "the output of the command: not UTF",
        ),
        ("while True: print('x' * 65536)", "the output of the command: it is bigger than 1 MiB"),
    ],
)
def test_failed_command_error_hides_its_output(code: str, message: str) -> None:
    error = input_error(run_command, python(code), "credentials.apiKey")
    assert error.message.startswith(f"credentials.apiKey: {message}")


@pytest.mark.parametrize("argv", [["no-such-program-anywhere", SECRET], ["", SECRET], ["a\0b"], []])
def test_command_start_error_hides_the_arguments(argv: list[str]) -> None:
    assert input_error(run_command, argv, "x").message.startswith("x: the command cannot be started: ")


@pytest.mark.parametrize(
    "code",
    [
        "import signal, sys; print('started', flush=True); signal.pause()",
        "import os, signal, sys; os.close(1); signal.pause()",
    ],
    ids=["keeps its output open", "closes its output"],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows cannot pause")
def test_slow_command_is_killed(code: str) -> None:
    error = input_error(run_command, python(code), "credentials.apiKey", seconds=0.5)
    assert error.message == "credentials.apiKey: the command did not finish within 0.5 s"


RUN_COMMAND = """
import sys
from integrations_cli.errors import InputError
from integrations_cli.inputs.run_command import run_command
try:
    run_command(sys.argv[1:], "credentials.apiKey", seconds=1)
except InputError as error:
    sys.exit(error.message)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes of this kind")
def test_child_of_command_does_not_delay_exit(tmp_path: Path) -> None:
    pipe, started = tmp_path / "pipe", tmp_path / "started"
    os.mkfifo(pipe)
    opened = os.open(pipe, os.O_RDWR)  # `cat` ends when this is closed
    command = ["/bin/sh", "-c", 'cat "$1" & : >"$2"', "sh", str(pipe), str(started)]
    process = subprocess.Popen([sys.executable, "-c", RUN_COMMAND, *command], stderr=subprocess.PIPE)
    try:
        _, err = process.communicate(timeout=20)
    finally:
        os.close(opened)
        process.kill()
        process.wait()
    assert started.exists()  # so the child ran, and kept the output of the command open
    assert err.decode() == "credentials.apiKey: the command did not finish within 1 s\n"
    assert process.returncode == 1


HOLD_OUTPUT = """
import os, socket, sys
if os.fork():
    os._exit(0)
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.recv(1)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot fork")
def test_child_of_command_does_not_delay_signal(tmp_path: Path) -> None:
    script = tmp_path / "hold_output.py"
    script.write_text(HOLD_OUTPUT)
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = f"cmd:{sys.executable} {script} {server.getsockname()[1]}"
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "integrations_cli",
                "create",
                "-p",
                "mailgun",
                "-C",
                f"apiKey={command}",
                "--sandbox",
            ],
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        child, _ = server.accept()  # so the child holds the output of the command open
        with child:
            process.terminate()
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert err.startswith(b"error: interrupted")
