"""Text that holds a manifest: where it comes from, what it decodes to, and where in it a key stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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

LARGEST: Final = 16 * 1024 * 1024
"""The most bytes that one file may have; 10,000 integrations take about 3 MB."""


@dataclass(frozen=True)
class Source:
    """One file: its `name` as the user wrote it, its text, and the folder that relative paths in it count from."""

    name: str
    text: str = field(repr=False)
    form: Literal["toml", "json"] = "toml"
    folder: Path | None = None
    _lines: dict[tuple[()], dict[tuple[Key, ...], int]] = field(default_factory=dict, repr=False, compare=False)

    def line(self, *path: Key) -> int:
        """The line on which a key stands, or the table that should have it; 1 if neither is written down."""
        from integrations_cli.inputs.line_numbers import first_lines

        known = self._lines.get(())
        if known is None:  # looked for once, when the first message needs it
            known = self._lines[()] = first_lines(self.places())
        return next((known[path[:end]] for end in range(len(path), 0, -1) if path[:end] in known), 1)

    def at(self, *path: Key) -> str:
        """`FILE:LINE: path`, the beginning of a message about a key."""
        return f"{self.name}:{self.line(*path)}: {toml_path(path)}"

    def places(self) -> Sequence[KeyLocation]:
        """Every place where a key is written."""
        from integrations_cli.inputs.line_numbers import find_keys

        return find_keys(self.text, self.form)


def toml_path(path: Sequence[Key]) -> str:
    """A path as TOML writes it: dots between names, quotes around those that need them."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f"{'.' if text else ''}{step if _is_bare(step) else toml_string(step)}"
    return text


def toml_string(text: str) -> str:
    """The text as a TOML string of one line."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_bare(name: str) -> bool:
    return name.isascii() and name != "" and name.replace("-", "").replace("_", "a").isalnum()


def read_sources(name: str, reader: ValueReader) -> Iterator[Source]:
    """The files that `name` stands for: one, those of a folder, or `-` for standard input."""
    if name == "-":
        try:
            text = decode_utf8(check_size(reader.read_stdin("the manifest -"), LARGEST))
        except DecodeError as error:
            raise InputError(_at("standard input", error), hint=error.hint) from None
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
            text = decode_utf8(read_bytes(file, LARGEST))
        except DecodeError as error:
            raise InputError(_at(str(file), error), hint=error.hint) from None
        yield Source(str(file), text, "json" if file.suffix.lower() == ".json" else "toml", file.parent)


def _manifests_in(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix.lower() in {".toml", ".json"} and not path.name.startswith(".") and path.is_file():
            yield path


def _at(name: str, error: DecodeError) -> str:
    """Return `FILE:LINE:COLUMN: reason`."""
    return f"{name}:{error.line}:{error.column}: {error.reason}" if error.line else f"{name}: {error.reason}"


def parse_document(source: Source, findings: list[str]) -> Mapping[str, Json] | None:
    """The decoded text, its `version` checked, or None where there is no going on."""
    try:
        decoded = (
            load_json(source.text, MANIFEST_LIMITS, unique_keys=True)
            if source.form == "json"
            else load_toml(source.text, MANIFEST_LIMITS)
        )
    except DecodeError as error:
        # The parser names one key that is written twice, and only the later place.
        duplicates = _twice(source) if error.line or isinstance(error, DuplicateKeyError) else []
        findings += duplicates or [_at(source.name, error)]
        return None
    if not isinstance(decoded, dict):
        findings.append(f"{source.name}:1: must hold an object, not {type_name(decoded)}")
        return None
    if "version" not in decoded:
        findings.append(f"{source.name}:1: version is missing: write version = {VERSION} at the top")
    elif type(decoded["version"]) is not int or decoded["version"] != VERSION:
        findings.append(f"{source.at('version')}: must be {VERSION}, the one that this program reads")
    findings += [
        f"{source.at(key)}: there is no such key{did_you_mean(key, ('version', 'integrations'))}"
        for key in decoded
        if key not in ("version", "integrations")
    ]
    return decoded


def _twice(source: Source) -> list[str]:
    """A finding for each key that is written a second time, with both places."""
    from integrations_cli.inputs.line_numbers import duplicate_keys

    tables: set[tuple[Key, ...]] = set()
    findings: list[str] = []
    for earlier, later in duplicate_keys(source.places()):
        if not any(later.path[:end] in tables for end in range(len(later.path))):
            findings.append(
                f"{source.name}:{later.line}: {toml_path(later.path)}: is in {source.name}:{earlier.line} already"
            )
            tables.add(later.path)
    return findings


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown word: the nearest of the known ones, or all of them."""
    from integrations_cli.catalogue.suggest import nearest

    near = nearest(word, known, limit=1)
    return f": did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
