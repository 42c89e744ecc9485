"""Values that occur nowhere by chance, planted where secrets are, and the search for them in whatever comes out.

A canary is found in any disguise: whole or a piece of it, broken over lines or table cells, in base64 at any offset, in
hexadecimal, in any case, backwards. The search knows nothing of how the program hides secrets.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PIECE: Final = 10
"""Characters of a canary that nobody may see in a row."""

_LETTERS: Final = string.ascii_letters + string.digits
_FILLING: Final = re.compile(r"\\[nrt]|[^A-Za-z0-9+/=_%-]+")


@dataclass(frozen=True)
class Hit:
    """A piece of the canary `name`, found in `place`."""

    name: str
    place: str
    piece: str


@dataclass
class Canaries:
    """What was planted, by the name of the place where it was."""

    values: dict[str, str] = field(default_factory=dict)
    scanned: int = 0
    """Texts and files that were looked through."""
    _pieces: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A token of letters and digits."""
        return self.plant(name, _token(name, 24))

    def marked(self, name: str) -> str:
        """A text with everything in it that has another form in JSON, a URL, a page or a shell."""
        return self.plant(name, f"{_token(name, 16)}/+ \"é&'\\%<{_token(name + '2', 16)}")

    def pem(self, name: str) -> str:
        """A private key of several lines."""
        lines = [_token(f"{name}{number}", 64) for number in range(4)]
        text = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
        for line in lines:
            self._learn(name, line)
        self.values[name] = text
        return text

    def account(self, name: str) -> str:
        """A service account: JSON in which a private key stands."""
        key = self.pem(f"{name}: private_key")
        token = self.text(f"{name}: client_secret")
        text = json.dumps({"type": "service_account", "private_key": key, "client_secret": token}, indent=2)
        self.values[name] = text
        return text

    def plant(self, name: str, value: str) -> str:
        """Remember `value`; its runs of letters and digits are what is looked for."""
        known = self.values.setdefault(name, value)
        assert known == value, f"{name} is planted twice"
        for run in re.findall(f"[A-Za-z0-9]{{{PIECE},}}", value):
            self._learn(name, run)
        return value

    def _learn(self, name: str, run: str) -> None:
        for start in range(len(run) - PIECE + 1):
            piece = run[start : start + PIECE]
            self._pieces[piece] = name
            self._pieces[piece.swapcase()] = name
            self._pieces[piece[::-1]] = name
        raw = run.encode()
        for form in (raw.hex(), raw.hex().upper(), *_in_base64(raw)):
            for start in range(len(form) - 2 * PIECE + 1):
                self._pieces[form[start : start + 2 * PIECE]] = name

    def search(self, text: str, place: str, allowed: Collection[str] = ()) -> list[Hit]:
        """The canaries in a text, but for those whose names begin with one of `allowed`."""
        self.scanned += 1
        found: dict[str, Hit] = {}
        for form in (text, _FILLING.sub("", text)):
            for length in (PIECE, 2 * PIECE):
                for piece in _windows(form, length) & self._pieces.keys():
                    name = self._pieces[piece]
                    if not name.startswith(tuple(allowed)):
                        found.setdefault(name, Hit(name, place, piece))
        return list(found.values())

    def search_file(self, path: Path, allowed: Collection[str] = ()) -> list[Hit]:
        """The canaries in a file, of whatever kind."""
        return self.search(path.read_bytes().decode("latin-1"), str(path), allowed)

    def search_below(self, folder: Path, allowed: Collection[str] = ()) -> list[Hit]:
        """The canaries in every file below a folder, and in their names."""
        hits = []
        for path in sorted(folder.rglob("*")):
            hits += self.search(path.name, f"the name of {path}", allowed)
            if path.is_file():
                hits += self.search_file(path, allowed)
        return hits


def _token(name: str, length: int) -> str:
    """Letters and digits that follow from the name, so that a run can be repeated."""
    digits = b"".join(hashlib.sha256(f"{name} {block}".encode()).digest() for block in range(length // 32 + 1))
    return "".join(_LETTERS[digit % len(_LETTERS)] for digit in digits[:length])


def _in_base64(raw: bytes) -> Iterator[str]:
    """What is sure to be in the base64 of anything that `raw` is a part of."""
    for before in range(3):
        letters = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        inner = letters[4 if before else 0 : -2]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def _windows(text: str, length: int) -> set[str]:
    return {text[start : start + length] for start in range(len(text) - length + 1)}
