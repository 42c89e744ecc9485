"""Where the value of a credential comes from: the text itself, a file, standard input, the environment, a command.

On the command line a value is written `KEY=VALUE`:

    KEY=@FILE         what the file holds; `~/` is the home folder, a relative path counts from the current folder
    KEY=@-            what standard input holds
    KEY=env:NAME      the environment variable
    KEY=cmd:COMMAND   what the command writes to standard output; split into words as a shell would, run without one
    KEY=text:VALUE    VALUE as it stands, for one that begins like a reference
    KEY=VALUE         the same for all others

In a JSON or TOML file the references are objects of one key: `{"file": "PATH"}` (`"-"` is standard input),
`{"env": "NAME"}`, `{"command": ["op", "read", "…"]}`. There a relative path counts from the folder of the file that
names it, so that the file and its keys can be moved, and used from anywhere, together.

From a file, standard input and a command exactly one final line end is dropped; everything else arrives byte for byte.
No message ever holds a value, or anything that a command wrote or was given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.catalogue.secret_names import secrets_within
from integrations_cli.errors import InputError
from integrations_cli.inputs.decode import DecodeError, check_size, decode_utf8, read_bytes
from integrations_cli.models import Credential, Json

if TYPE_CHECKING:
    import subprocess

LARGEST: Final = 1024 * 1024
"""The most bytes that one value may have: ten times what a server takes as a whole body."""

COMMAND_SECONDS: Final = 30.0
"""How long a command may take to say a value."""

_REFERENCES: Final = ("env", "file", "command")
_PREFIXES: Final = ("@", "env:", "cmd:", "text:")
_SAFE_VARIABLE: Final = r"[A-Z_][A-Z0-9_]{0,63}"
_SAFE_PATH: Final = r"[\w ~:./\\-]*[./\\][\w ~-]{1,40}"
_LITERAL_HINT: Final = "a value that itself begins with @, env: or cmd: is written KEY=text:VALUE"


class ValueReader:
    """Reads values for one run of the program: its standard input can be had once.

    `stdin` gives all of standard input, `environ` is the environment, `run` runs a command (as `run_command`), and
    `folder` is where relative paths on the command line begin (None: the current folder).

    What came by reference, and each literal under a secret key, is kept in `secrets`, so that it can be taken out of
    any text that is shown later. `literal_secrets` are the keys whose secret stood in the arguments, for a warning.
    """

    def __init__(
        self,
        *,
        stdin: Callable[[], bytes],
        environ: Mapping[str, str],
        run: Callable[[Sequence[str], str], str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.secrets: set[str] = set()
        self.literal_secrets: list[str] = []
        self._stdin = stdin
        self._stdin_reader: str | None = None
        self._environ = environ
        self._run = run or partial(run_command, environ=environ)
        self._folder = folder or Path()

    def claim_stdin(self, who: str) -> None:
        """Note that `who` (as the user wrote it: `--from-file -`) reads standard input.

        Raises:
            InputError: Something else has read it already.
        """
        if self._stdin_reader is not None:
            raise InputError(
                f"standard input can be read only once: {self._stdin_reader} and {who} both ask for it",
                hint="give one of them a file (@FILE), a variable (env:NAME) or a command (cmd:COMMAND)",
            )
        self._stdin_reader = who

    def read_stdin(self, who: str) -> bytes:
        """All of standard input, for `who`, which nothing else has asked for."""
        self.claim_stdin(who)
        return self._stdin()

    def assignments(self, texts: Iterable[str], provider_id: str | None = None) -> dict[str, Credential]:
        """The credentials that `KEY=VALUE` texts give, in their order.

        `provider_id` only decides which literals are secret. All that is wrong is raised as one InputError.
        """
        findings = _Findings()
        given: dict[str, Credential] = {}
        for text in texts:
            with findings:
                key, value = parse_assignment(text)
                if key in given:
                    raise InputError(f"credentials.{key}: given twice on the command line")
                given[key] = self.argument(key, value, provider_id)
        findings.settle()
        return given

    def argument(self, key: str, value: str, provider_id: str | None = None, *, show_path: bool = True) -> Credential:
        """Return the credential `key` from the VALUE part of one `KEY=VALUE`.

        With `show_path` false no message names the file after an @: it may be a password that begins with one.
        """
        what = f"credentials.{key}"
        if value.startswith("@"):
            path = value[1:]
            if not path:
                raise InputError(f"{what}: @ names no file", hint=f"write {key}=@FILE or {key}=@-; {_LITERAL_HINT}")
            text = self._file(
                path, what, f"{key}=@-", self._folder, by_name=show_path and re.fullmatch(_SAFE_PATH, path) is not None
            )
        elif value.startswith("env:"):
            text = read_variable(value.removeprefix("env:"), self._environ, what)
        elif value.startswith("cmd:"):
            text = self._run(split_command(value.removeprefix("cmd:"), what), what)
        else:
            return self._literal(key, value.removeprefix("text:"), provider_id, in_arguments=True)
        return self._revealed(key, text)

    def document(
        self, values: Mapping[str, Json], folder: Path | None = None, provider_id: str | None = None
    ) -> dict[str, Credential]:
        """The credentials that a JSON or TOML file gives as one object, in their order.

        `folder` is where the file lies (None: it came from standard input). All that is wrong is raised as one
        InputError; a value of the wrong type is left to the checks, which know the field.
        """
        findings = _Findings()
        given: dict[str, Credential] = {}
        for key, value in values.items():
            with findings:
                given[key] = self.document_value(key, value, folder, provider_id)
        findings.settle()
        return given

    def document_value(
        self, key: str, value: Json, folder: Path | None = None, provider_id: str | None = None
    ) -> Credential:
        """The credential `key` from its decoded JSON or TOML value: a literal or a reference."""
        what = f"credentials.{key}"
        if credential_type(key).takes_references and is_reference(value):
            (kind, named) = next(iter(value.items()))
            if kind == "env":
                text = read_variable(_text(named, f"{what}.env"), self._environ, what)
            elif kind == "file":
                text = self._file(_text(named, f"{what}.file"), what, f'{key} = {{"file": "-"}}', folder)
            else:
                text = self._run(_words(named, f"{what}.command"), what)
            return self._revealed(key, text)
        if isinstance(value, str):
            return self._literal(key, value, provider_id, in_arguments=False)
        self.secrets.update(secrets_within(value))
        return Credential(value)

    def _file(
        self, path: str, what: str, who: str, folder: Path | None, *, by_name: bool = True, show_path: bool = True
    ) -> str:
        if path == "-":
            return decode_text(self.read_stdin(who), what, "standard input")
        whole = (folder or self._folder) / _expanded(path, what)
        return read_file(whole, what, by_name=by_name, show_path=show_path)

    def _literal(self, key: str, text: str, provider_id: str | None, *, in_arguments: bool) -> Credential:
        check_text(text, f"credentials.{key}")
        value = credential_type(key).parse(text) if in_arguments else text
        secrets = {text} if catalogue.is_secret(provider_id, key) else set(secrets_within(value))
        self.secrets |= secrets
        if secrets and in_arguments and key not in self.literal_secrets:
            self.literal_secrets.append(key)
        return Credential(value)

    def _revealed(self, key: str, text: str) -> Credential:
        value = credential_type(key).parse(text)
        if credential_type(key).can_be_secret:
            self.secrets |= {text, *_long_texts(value)}
        return Credential(value, concealed=True)


def parse_assignment(text: str) -> tuple[str, str]:
    """`KEY=VALUE` as key and value, cut at the first equals sign.

    Raises:
        InputError: There is no key or no equals sign. The text is not repeated: it may be a secret.
    """
    key, equals, value = text.partition("=")
    known = key in catalogue.credential_keys()
    if not equals or not (known or value.strip("=")):  # base64, whose end looks like a KEY without its VALUE
        named = f" {key}" if known else ""
        raise InputError(f"--credential{named} has no value", hint="write it as KEY=VALUE, for example apiKey=@key.txt")
    if not key.strip():
        raise InputError("--credential has no key before the equals sign", hint="write it as KEY=VALUE")
    return key, value


def is_reference(value: Json) -> bool:
    """Whether a decoded JSON or TOML value names the place of a value: an object of exactly one known key."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _REFERENCES


def as_argument(text: str) -> str:
    """`text` as the VALUE of a `KEY=VALUE` that means exactly this text."""
    return f"text:{text}" if text.startswith(_PREFIXES) else text


def read_file(path: Path, what: str, *, by_name: bool = True, show_path: bool = True) -> str:
    """Return the text in a file without its final line end; `what` (`credentials.apiKey`) begins every message.

    With `by_name` false an unreadable file is not named: what stands after the @ may be no path, but a password. With
    `show_path` false no file is named.

    Raises:
        InputError: It is missing, unreadable, a folder, too big, empty or not text.
    """
    named = f"the file {path}" if by_name and show_path else "the file that @ names"
    try:
        content = read_bytes(path, LARGEST)
    except DecodeError as error:
        raise InputError(f"{what}: {named}: {error}", hint=_LITERAL_HINT) from None
    return decode_text(content, what, f"the file {path}" if show_path else "the file")


def read_variable(name: str, environ: Mapping[str, str], what: str) -> str:
    """The environment variable called `name`, as it stands.

    Raises:
        InputError: It is not set, or empty. A name that looks like a value (`env:$KEY`, by mistake) is not repeated.
    """
    shown = f"the environment variable {name}" if re.fullmatch(_SAFE_VARIABLE, name) else "the environment variable"
    if not name or name not in environ:
        raise InputError(f"{what}: {shown} is not set", hint="env: takes the name of a variable, without a $")
    return check_text(environ[name], what, shown)


def run_command(
    argv: Sequence[str], what: str, *, seconds: float = COMMAND_SECONDS, environ: Mapping[str, str] | None = None
) -> str:
    """What a command writes to standard output, without its final line end.

    It runs without a shell and without standard input, in `environ` (None: this process's); what it writes to standard
    error is thrown away, since that may hold a secret too. It may take `seconds`.

    Raises:
        InputError: It cannot be started, fails, is too slow, or writes nothing or no text.
    """
    import subprocess
    from threading import Thread

    source = f"{what}: the command"
    hint = "run the command by itself to see what it says"
    try:
        # A user asks for this program by name; there is no shell to misread it.
        process = subprocess.Popen(  # noqa: S603
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ
        )
    except (OSError, ValueError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a program"
        raise InputError(f"{source} cannot be started: {reason}", hint="the first word names the program") from None
    chunks: list[bytes] = []
    assert process.stdout is not None
    stdout = process.stdout
    reader = Thread(target=lambda: chunks.append(stdout.read(LARGEST + 1)), daemon=True)
    reader.start()
    try:
        reader.join(seconds)
        if reader.is_alive():
            raise InputError(f"{source} did not finish within {seconds:g} s", hint=hint)
        content = b"".join(chunks)
        if len(content) <= LARGEST:
            code = _ended(process, seconds)
            if code is None:
                raise InputError(f"{source} did not finish within {seconds:g} s", hint=hint)
            if code != 0:
                raise InputError(f"{source} failed with exit code {code}", hint=hint)
    finally:
        process.kill()
        process.wait()
        reader.join(1)
        if not reader.is_alive():  # otherwise a child of the command keeps the pipe, and closing it would wait for that
            stdout.close()
    return decode_text(content, what, "the output of the command")


def split_command(text: str, what: str) -> list[str]:
    """A command line in words, as a shell would split it. On Windows the backslash is a letter, as paths need it."""
    import shlex

    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if os.name == "nt":
        lexer.escape = ""
    try:
        words = list(lexer)
    except ValueError:
        raise InputError(f"{what}: the command has a quotation mark without its partner") from None
    if not words or not words[0]:
        raise InputError(f"{what}: cmd: names no command", hint=f"write KEY=cmd:COMMAND; {_LITERAL_HINT}")
    return words


def decode_text(content: bytes, what: str, place: str) -> str:
    """Return the text of `content` without a byte order mark and one final line end.

    `what` (`credentials.apiKey`) and `place` (`standard input`) begin every message.

    Raises:
        InputError: It is empty, too big, or not UTF-8 text.
    """
    try:
        text = decode_utf8(check_size(content, LARGEST))
    except DecodeError as error:
        raise InputError(f"{what}: {place}: {error}", hint=error.hint) from None
    if text.endswith("\n"):
        text = text[:-2] if text.endswith("\r\n") else text[:-1]
    return check_text(text, what, place)


def check_text(text: str, what: str, place: str = "the value") -> str:
    """`text`, if a server can be sent it.

    Raises:
        InputError: It is empty, or holds a NUL or a lone surrogate (a byte that was not UTF-8).
    """
    if not text:
        raise InputError(f"{what}: {place} is empty")
    if "\0" in text:
        raise InputError(f"{what}: {place} holds a NUL character", hint="text files are saved as UTF-8, not as UTF-16")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{what}: {place} is not valid Unicode text", hint="give it as UTF-8") from None
    return text


class _Findings:
    """Gathers the InputErrors of several `with` blocks into one."""

    def __init__(self) -> None:
        self._errors: list[InputError] = []

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if isinstance(error, InputError):
            self._errors.append(error)
            return True
        return False

    def settle(self) -> None:
        """Raise what was gathered, if anything was."""
        if self._errors:
            hint = next((error.hint for error in self._errors if error.hint), None)
            raise InputError.of([error.message for error in self._errors], hint=hint)


def _ended(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit code of a process that has closed its output, or None if it does not end."""
    import subprocess

    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _expanded(path: str, what: str) -> Path:
    try:
        return Path(path).expanduser() if path.startswith("~") else Path(path)
    except (RuntimeError, ValueError):
        raise InputError(f"{what}: there is no home folder for the file that begins with ~") from None


def _long_texts(value: Json) -> Iterator[str]:
    """The texts inside an object, since a server may repeat one alone; short ones are options, not keys."""
    if isinstance(value, str) and len(value) >= 8:
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _long_texts(item)


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{where}: must be text")
    return value


def _words(value: Json, where: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value) or not value[0]:
        raise InputError(f"{where}: must be a list of texts, the program first")
    return value
