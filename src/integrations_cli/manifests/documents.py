"""Reads the files of a manifest, and decodes one with the line of everything that is wrong with it as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_values import ValueReader
from integrations_cli.inputs.decode import (
    MANIFEST_LIMITS,
    DecodeError,
    DuplicateKeyError,
    check_size,
    decode_utf8,
    load_json,
    load_toml,
    read_bytes,
    type_name,
)
from integrations_cli.models import Json

if TYPE_CHECKING:
    from integrations_cli.inputs.line_numbers import Key, KeyLocation

VERSION: Final = 1

MAX_BYTES: Final = 16 * 1024 * 1024
"""Of one file; 10,000 integrations take about 3 MB."""

_KEYS: Final = ("version", "integrations")


@dataclass(frozen=True)
class Source:
    """One file: its `name` as the user wrote it, its text, and the folder that relative paths in it count from."""

    name: str
    text: str = field(repr=False)
    form: Literal["toml", "json"] = "toml"
    folder: Path | None = None

    def line(self, *path: Key) -> int:
        """Return the line of a key, or else of the nearest table around it; 1 if neither is written."""
        return next((self._lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._lines), 1)

    def at(self, *path: Key) -> str:
        """Return `FILE:LINE: path`, the beginning of a message about a key."""
        return f"{self.name}:{self.line(*path)}: {toml_path(path)}"

    def key_locations(self) -> Sequence[KeyLocation]:
        """Return every place where a key is written."""
        from integrations_cli.inputs.line_numbers import find_keys

        return find_keys(self.text, self.form)

    @cached_property
    def _lines(self) -> Mapping[tuple[Key, ...], int]:
        """The first line of each key, found when the first message needs it."""
        from integrations_cli.inputs.line_numbers import first_lines

        return first_lines(self.key_locations())


def toml_path(path: Sequence[Key]) -> str:
    """Return a path as TOML writes it: dots between names, quotes around those that need them."""
    steps = [
        f"[{step}]" if isinstance(step, int) else f".{step if _is_bare(step) else _toml_string(step)}" for step in path
    ]
    return "".join(steps).removeprefix(".")


def _is_bare(name: str) -> bool:
    return name.isascii() and name != "" and name.replace("-", "").replace("_", "a").isalnum()


def _toml_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_sources(name: str, reader: ValueReader) -> Iterator[Source]:
    """Yield the files that `name` stands for: one, those of a folder, or `-` for standard input.

    Raises:
        InputError: A file or the folder cannot be read.
    """
    if name == "-":
        try:
            text = decode_utf8(check_size(reader.read_stdin("the manifest -"), MAX_BYTES))
        except DecodeError as error:
            raise InputError(_located("standard input", error), hint=error.hint) from None
        yield Source("standard input", text, "json" if text.lstrip().startswith("{") else "toml")
        return
    path = Path(name)
    try:
        files = sorted(_manifests_in(path)) if path.is_dir() else [path]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise InputError(f"{name}: cannot read it: {reason}", hint="check the path; - is standard input") from None
    if not files:
        raise InputError(f"{name}: no .toml or .json file is in this folder")
    for file in files:
        try:
            text = decode_utf8(read_bytes(file, MAX_BYTES))
        except DecodeError as error:
            raise InputError(_located(str(file), error), hint=error.hint) from None
        yield Source(str(file), text, "json" if file.suffix.lower() == ".json" else "toml", file.parent)


def _manifests_in(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix.lower() in {".toml", ".json"} and not path.name.startswith(".") and path.is_file():
            yield path


def _located(name: str, error: DecodeError) -> str:
    """Return `FILE:LINE:COLUMN: reason`."""
    return f"{name}:{error.line}:{error.column}: {error.reason}" if error.line else f"{name}: {error.reason}"


def parse_document(source: Source, findings: list[str]) -> Mapping[str, Json] | None:
    """Return the decoded text, its `version` and top level checked; None if it cannot be decoded."""
    try:
        decoded = (
            load_json(source.text, MANIFEST_LIMITS, unique_keys=True)
            if source.form == "json"
            else load_toml(source.text, MANIFEST_LIMITS)
        )
    except DecodeError as error:
        # The parser names one key that is written twice, and only the later place.
        duplicates = _duplicates(source) if error.line or isinstance(error, DuplicateKeyError) else []
        findings += duplicates or [_located(source.name, error)]
        return None
    if not isinstance(decoded, dict):
        findings.append(f"{source.name}:1: must hold an object, not {type_name(decoded)}")
        return None
    if "version" not in decoded:
        findings.append(f"{source.name}:1: version is missing: write version = {VERSION} at the top")
    elif type(decoded["version"]) is not int or decoded["version"] != VERSION:
        findings.append(f"{source.at('version')}: must be {VERSION}, the only version that this program reads")
    findings += [f"{source.at(key)}: there is no such key{_suggestion(key)}" for key in decoded if key not in _KEYS]
    return decoded


def _duplicates(source: Source) -> list[str]:
    """Return a finding for each key that is written a second time, with both places."""
    from integrations_cli.inputs.line_numbers import duplicate_keys

    reported: set[tuple[Key, ...]] = set()
    findings: list[str] = []
    for earlier, later in duplicate_keys(source.key_locations()):
        if not any(later.path[:end] in reported for end in range(len(later.path))):
            path = toml_path(later.path)
            findings.append(f"{source.name}:{later.line}: {path}: is already in {source.name}:{earlier.line}")
            reported.add(later.path)
    return findings


def _suggestion(key: str) -> str:
    from integrations_cli.catalogue.suggest import nearest

    near = nearest(key, _KEYS, limit=1)
    return f": did you mean {near[0]}?" if near else f"; the keys are {', '.join(_KEYS)}"
