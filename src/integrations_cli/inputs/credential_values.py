"""Reads the values of credentials: from the text itself, a file, standard input, the environment or a command.

On the command line a value is written `KEY=VALUE`:

    KEY=@FILE         the content of a file; `~/` is the home folder, relative paths start at the current folder
    KEY=@-            standard input
    KEY=env:NAME      an environment variable
    KEY=cmd:COMMAND   the output of a command; split into words as a shell would, run without a shell
    KEY=text:VALUE    VALUE itself, for one that begins like a reference
    KEY=VALUE         VALUE itself

In a JSON or TOML file the references are objects of one key: `{"file": "PATH"}` (`"-"` is standard input),
`{"env": "NAME"}`, `{"command": ["op", "read", "…"]}`. There a relative path starts at the folder of that file, so that
the file and its keys can be moved together.

A value from a file, standard input or a command loses a byte order mark and one final line end, nothing else. No
message holds a value, or anything that a command wrote or was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import credential_type
from integrations_cli.catalogue.secret_names import secrets_within
from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_text import LARGEST, check_text, decode_text
from integrations_cli.inputs.decode import DecodeError, read_bytes
from integrations_cli.inputs.run_command import run_command, split_command
from integrations_cli.models import Credential, Json

_REFERENCES: Final = ("env", "file", "command")
_SAFE_VARIABLE: Final = r"[A-Z_][A-Z0-9_]{0,63}"
_SAFE_PATH: Final = r"[\w ~:./\\-]*[./\\][\w ~-]{1,40}"
_LITERAL_HINT: Final = "for a value that begins with @, env: or cmd:, write KEY=text:VALUE"


class ValueReader:
    """Reads values for one run of the program; standard input can be read once.

    `stdin` returns all of standard input, `run` runs a command (as `run_command`), and relative paths on the command
    line start at `folder` (None: the current folder).

    `secrets` are the values that came by reference, and literals of secret keys, for redaction. `literal_secrets` are
    the keys whose secret is on the command line, for a warning.
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
        """Reserve standard input for `who` (as the user wrote it: `--from-file -`), once in a run."""
        if self._stdin_reader is not None:
            raise InputError(
                f"standard input can be read only once, but {self._stdin_reader} and {who} both read it",
                hint="use a file (@FILE), a variable (env:NAME) or a command (cmd:COMMAND) for one of them",
            )
        self._stdin_reader = who

    def read_stdin(self, who: str) -> bytes:
        """Return all of standard input, for `who`."""
        self.claim_stdin(who)
        return self._stdin()

    def assignments(self, texts: Iterable[str], provider_id: str | None = None) -> dict[str, Credential]:
        """Return the credentials in `KEY=VALUE` texts, in their order.

        `provider_id` only decides which literals are secret. All problems are raised as one InputError.
        """
        errors: list[InputError] = []
        given: dict[str, Credential] = {}
        for text in texts:
            try:
                key, value = parse_assignment(text)
                if key in given:
                    errors.append(InputError(f"credentials.{key}: given twice on the command line"))
                else:
                    given[key] = self.argument(key, value, provider_id)
            except InputError as error:
                errors.append(error)
        _raise_joined(errors)
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
            looks_safe = re.fullmatch(_SAFE_PATH, path) is not None
            text = self._file(path, what, f"{key}=@-", self._folder, show_path=show_path and looks_safe)
        elif value.startswith("env:"):
            text = read_variable(value.removeprefix("env:"), self._environ, what)
        elif value.startswith("cmd:"):
            text = self._run(split_command(value.removeprefix("cmd:"), what), what)
        else:
            return self._literal(key, value.removeprefix("text:"), provider_id, in_arguments=True)
        return self._from_reference(key, text)

    def document(
        self, values: Mapping[str, Json], folder: Path | None = None, provider_id: str | None = None
    ) -> dict[str, Credential]:
        """Return the credentials in an object of a JSON or TOML file, in their order.

        `folder` is the folder of the file (None: standard input). All problems are raised as one InputError; values
        of a wrong type are left to `check_draft`, which knows the field.
        """
        errors: list[InputError] = []
        given: dict[str, Credential] = {}
        for key, value in values.items():
            try:
                given[key] = self.document_value(key, value, folder, provider_id)
            except InputError as error:
                errors.append(error)
        _raise_joined(errors)
        return given

    def document_value(
        self, key: str, value: Json, folder: Path | None = None, provider_id: str | None = None
    ) -> Credential:
        """Return the credential `key` from its decoded JSON or TOML value: a literal or a reference."""
        what = f"credentials.{key}"
        if credential_type(key).takes_references and is_reference(value):
            (kind, named) = next(iter(value.items()))
            if kind == "env":
                text = read_variable(_text(named, f"{what}.env"), self._environ, what)
            elif kind == "file":
                text = self._file(_text(named, f"{what}.file"), what, f'{key} = {{"file": "-"}}', folder)
            else:
                text = self._run(_words(named, f"{what}.command"), what)
            return self._from_reference(key, text)
        if isinstance(value, str):
            return self._literal(key, value, provider_id, in_arguments=False)
        self.secrets.update(secrets_within(value))
        return Credential(value)

    def _file(self, path: str, what: str, who: str, folder: Path | None, *, show_path: bool = True) -> str:
        if path == "-":
            return decode_text(self.read_stdin(who), what, "standard input")
        return read_file((folder or self._folder) / _expanded(path, what), what, show_path=show_path)

    def _literal(self, key: str, text: str, provider_id: str | None, *, in_arguments: bool) -> Credential:
        check_text(text, f"credentials.{key}")
        value = credential_type(key).parse(text) if in_arguments else text
        secrets = {text} if catalogue.is_secret(provider_id, key) else set(secrets_within(value))
        self.secrets |= secrets
        if secrets and in_arguments and key not in self.literal_secrets:
            self.literal_secrets.append(key)
        return Credential(value)

    def _from_reference(self, key: str, text: str) -> Credential:
        value = credential_type(key).parse(text)
        if credential_type(key).can_be_secret:
            self.secrets |= {text, *_long_texts(value)}
        return Credential(value, masked=True)


def parse_assignment(text: str) -> tuple[str, str]:
    """Split `KEY=VALUE` at the first equals sign. No message repeats the text: it may be a secret."""
    key, equals, value = text.partition("=")
    known = key in catalogue.credential_keys()
    if not equals or not (known or value.strip("=")):  # the end of base64 looks like a KEY without its VALUE
        named = f" {key}" if known else ""
        raise InputError(f"--credential{named} has no value", hint="write it as KEY=VALUE, for example apiKey=@key.txt")
    if not key.strip():
        raise InputError("--credential has no key before the equals sign", hint="write it as KEY=VALUE")
    return key, value


def is_reference(value: Json) -> bool:
    """Return whether a decoded value is a reference: an object of exactly one known key."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _REFERENCES


def read_file(path: Path, what: str, *, show_path: bool = True) -> str:
    """Return the text in a file without its final line end; `what` (`credentials.apiKey`) begins every message.

    With `show_path` false no message names the file: what follows the @ may be no path, but a password.
    """
    file = f"the file {path}" if show_path else "the file that @ names"
    try:
        content = read_bytes(path, LARGEST)
    except DecodeError as error:
        raise InputError(f"{what}: {file}: {error}", hint=_LITERAL_HINT) from None
    return decode_text(content, what, file)


def read_variable(name: str, environ: Mapping[str, str], what: str) -> str:
    """Return the environment variable `name`. No message repeats one that looks like a value (`env:$KEY`)."""
    shown = f"the environment variable {name}" if re.fullmatch(_SAFE_VARIABLE, name) else "the environment variable"
    if not name or name not in environ:
        raise InputError(f"{what}: {shown} is not set", hint="env: takes the name of a variable, without a $")
    return check_text(environ[name], what, shown)


def _raise_joined(errors: Sequence[InputError]) -> None:
    if errors:
        hint = next((error.hint for error in errors if error.hint), None)
        raise InputError.of([error.message for error in errors], hint=hint)


def _expanded(path: str, what: str) -> Path:
    try:
        return Path(path).expanduser() if path.startswith("~") else Path(path)
    except (RuntimeError, ValueError):
        raise InputError(f"{what}: there is no home folder for the path that begins with ~") from None


def _long_texts(value: Json) -> Iterator[str]:
    """Yield the texts inside an object, since a server may repeat one of them; short ones are options, not keys."""
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
