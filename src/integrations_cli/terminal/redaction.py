"""Mask known secrets in prose: text that a server or a library wrote. Data and commands to repeat are not redacted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Final

from integrations_cli.catalogue.secret_names import secrets_within
from integrations_cli.models import MASK

SHORTEST: Final = 4  # Shorter values are left alone: they occur by chance, and masks would give them away.
WORD: Final = 6  # Shorter values are masked as whole words only.
RUN: Final = 12  # Servers shorten what they repeat: so many characters of a longer secret in a row are masked.

# What may be put into a secret that is broken over lines; and what JSON, a URL or HTML write in place of a character.
_GAP: Final = "[\\s\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
_ESCAPE: Final = (
    rf"(?i){_GAP}+|(?:\\+u[0-9a-f]{{4}})+|\\+[nrt]?|(?:%(?:25)*[0-9a-f]{{2}})+|&(?:amp;)*(?:#x?[0-9a-f]+|[a-z]+);"
)


class Redactor:
    """Replaces known secrets by a mask. Threads may share it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know `secrets` from the start."""
        self._secrets = self._always = self._public = frozenset[str]()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str], *, always: bool = False) -> None:
        """Add secrets; one that is learned with `always` (the API key) can never become public."""
        new = {text for text in secrets if len(text) >= SHORTEST and text.lower() not in {"true", "false"}}
        self._secrets |= new
        self._always |= new if always else frozenset()

    def allow(self, public: Iterable[str]) -> None:
        """Add values that are no secrets, since the user typed them openly."""
        self._public |= set(public)

    def clean(self, text: str) -> str:
        """Return the text with a mask in place of every secret."""
        if len(text) < SHORTEST or not self._secrets:
            return text
        index = _make_index(self._secrets, self._always, self._public)
        spans = [*_plain_spans(text, index)]
        spans += [span for span, decoded in _decoded(text) if any(True for _ in _plain_spans(decoded, index))]
        parts, end = [""], -1
        for start, stop in sorted(spans):
            parts += [text[max(0, end) : start], MASK] if start > end else []
            end = max(end, stop)
        return "".join(parts) + text[max(0, end) :]


@lru_cache(maxsize=2)
def _make_index(secrets: frozenset[str], always: frozenset[str], public: frozenset[str]) -> dict[int, set[str]]:
    """Return short secrets by their length, and under RUN all runs of the others: thousands cost as much as a few."""
    own, spoken = _forms(always), {_pack(text)[0] for text in public}
    forms = (_forms(secrets) - spoken) | own
    sizes = {len(form) for form in forms} & {*range(SHORTEST, RUN)}
    short = {size: {form for form in forms if len(form) == size} for size in sizes}
    return {**short, RUN: (_runs(forms) - _runs(spoken)) | _runs(own)}


def _forms(secrets: Iterable[str]) -> set[str]:
    """Return what is looked for: the long lines of a secret, else all of it; of a JSON document its secret members."""
    parts: list[str] = []
    for secret in secrets:
        texts = [secret]
        if secret.lstrip().startswith("{"):
            with suppress(ValueError, RecursionError):  # it may only begin like JSON
                texts = list(secrets_within(json.loads(secret))) or texts
        for text in texts:
            lines = [line for line in text.splitlines() if len(line) >= RUN and not line.startswith("-----")]
            parts += lines or [text]
    return {_pack(part)[0] for part in parts}


def _runs(forms: Iterable[str]) -> set[str]:
    return {form[start : start + RUN] for form in forms for start in range(len(form) - RUN + 1)}


def _plain_spans(text: str, index: dict[int, set[str]]) -> Iterator[tuple[int, int]]:
    """Yield where secrets are in a text; the places may overlap."""
    packed, places = _pack(text)
    for size, secrets in index.items():
        for first in range(len(packed) - size + 1):
            if packed[first : first + size] in secrets:
                start, end = places[first][0], places[first + size - 1][1]
                word = rf"(?:(?<![\w-])|(?<=\\[nrt])).{{{size}}}(?![\w-])"
                if size >= WORD or (end - start == size and re.compile(word, re.DOTALL).match(text, start)):
                    yield start, end


def _pack(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text in lower case, without escapes and gaps, and where in `text` each of its characters was."""
    places: list[tuple[int, int]] = []
    parts, end = [""], 0
    for escape in re.finditer(_ESCAPE, f"{text}\n"):
        start, written = escape.start(), escape[0]
        if written[0] == "&":
            from html import unescape

            plain = unescape(re.sub("&(amp;)+(?=.)", "&", written))
        else:
            units = "".join(re.findall("(?i)(?:%(?:25)*|u)((?:[0-9a-f]{2})+)", written))
            plain = bytes.fromhex(units).decode("utf-8" if written[0] == "%" else "utf-16-be", "replace")
        plain = re.sub(rf"{_GAP}|\\", "", plain)
        parts += [text[end:start], plain]
        places += [*zip(range(end, start), range(end + 1, start + 1), strict=True), *[escape.span()] * len(plain)]
        end = escape.end()
    return "".join(parts).replace("\u0130", "I").lower(), places  # no other character becomes longer


def _decoded(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield what base64 and hexadecimal may say, and where; their beginning may belong to something else."""
    from base64 import b64decode

    for token in re.finditer("([A-Za-z0-9+/_-]{12,})=*", text):
        letters = token[1].replace("-", "+").replace("_", "/")
        tails = [letters[start:] for start in range(4)]
        data = [b64decode(f"{tail[: len(tail) - (len(tail) % 4 == 1)]}==") for tail in tails]
        for digits in re.findall("[0-9A-Fa-f]{12,}", letters):
            data += [bytes.fromhex(part[: len(part) // 2 * 2]) for part in (digits, digits[1:])]
        likely = filter(re.compile(b"[ -~]{5}").search, data)  # words decode to hardly anything printable
        yield from ((token.span(), decoded.decode("utf-8", "replace")) for decoded in likely)
