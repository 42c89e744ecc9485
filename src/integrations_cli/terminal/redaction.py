"""Takes what the program knows to be secret out of text that somebody else wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from integrations_cli.catalogue.secret_names import secrets_within
from integrations_cli.models import MASK, Json

SHORTEST: Final = 4
"""Shorter values are left alone: they occur by chance, and masking every occurrence would give them away."""

LINE: Final = 12
"""A line of a secret of several lines (a private key) is a secret of its own from this length on."""

LONG: Final = 8
"""From this length on a form is found where blanks, line ends, backslashes or invisible marks were put in."""

FEW: Final = 100
"""Up to so many forms are looked for one by one, which the interpreter does fast."""

_GAP: Final = "[\\\\\\s\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
_GAPS: Final = f"{_GAP}+"

_PLAIN: Final = "[A-Za-z0-9_.~-]+"
"""What has one form only in JSON, a URL and a page."""


def _pieces(secret: str) -> set[str]:
    """What of a secret is one by itself: its lines, and, in a JSON document (a service account), keys and tokens."""
    wholes = {secret}
    if secret.lstrip().startswith("{"):
        import json
        from contextlib import suppress

        with suppress(ValueError, RecursionError):  # it may only begin like one
            wholes.update(secrets_within(json.loads(secret)))
    return wholes | {line for whole in wholes for line in whole.splitlines() if len(line) >= LINE}


def _forms(secret: str) -> Iterator[str]:
    """The secret as it may come back: as it is, escaped for JSON, a URL or a page, in base64, in hex, line by line."""
    for piece in _pieces(secret):
        if re.fullmatch(_PLAIN, piece):
            yield piece
            yield from _encoded(piece)
            continue
        # What is repeated is often the JSON that was sent, and that in its turn is quoted or encoded.
        for text in {piece, *_as_json(piece)}:
            yield text
            yield re.sub(_GAPS, "", text)
            yield from _encoded(text)
            yield from _escaped(text)


def _as_json(text: str) -> tuple[str, str]:
    import json

    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


def _escaped(text: str) -> Iterator[str]:
    from urllib.parse import quote, quote_plus

    yield from _as_json(text)
    raw = text.encode("utf-8", "surrogatepass")
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield quoted
        yield re.sub("%[0-9A-F]{2}", lambda escape: escape.group().lower(), quoted)
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    yield entities
    yield entities.replace("'", "&#x27;")
    yield entities.replace("'", "&#39;")


def _encoded(text: str) -> Iterator[str]:
    from base64 import b64encode

    raw = text.encode("utf-8", "surrogatepass")
    yield raw.hex()
    yield raw.hex().upper()
    yield b64encode(raw).decode()
    for before in range(3):
        # Within something longer (`name:key`, a whole header) it starts at any of three places of a group of four
        # letters; those at either end that the neighbours have a part in are not of it alone.
        letters = b64encode(bytes(before) + raw).decode().rstrip("=")
        inner = letters[(0, 2, 3)[before] : None if (before + len(raw)) % 3 == 0 else -1]
        if len(inner) >= LONG:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")


REMEMBERED: Final = 4096
LONG_TEXT: Final = 64
"""So many texts, each shorter than this, are not cleaned a second time: a large document repeats a few of them."""


class Redactor:
    """Replaces every known secret, in each form that it may take, by a mask. Threads may share it."""

    def __init__(self, secrets: Iterable[str] = (), *, public: Iterable[str] = ()) -> None:
        """Know `secrets`; a value that is also in `public` (said openly on the command line) is not one."""
        self._secrets: set[str] = set()
        self._always: set[str] = set()
        self._public = set(public)
        self._known: _Known | None = None
        self._hidden: set[str] = set()
        self._cleaned: dict[str, str] = {}
        self.learn(secrets)

    def learn(self, secrets: Iterable[str], *, always: bool = False) -> None:
        """Add what has become known since; what is learned `always` (the API key) can never become public."""
        known = self._always if always else self._secrets
        new = {secret for secret in secrets if len(secret) >= SHORTEST} - known
        if new:
            self._secrets |= new
            if always:
                self._always |= new
            self._forget()

    def allow(self, public: Iterable[str]) -> None:
        """Say what is no secret, since the user said it openly."""
        self._public.update(public)
        self._forget()

    def _forget(self) -> None:
        """Work out anew what follows from the secrets, when it is needed next."""
        self._hidden = (self._secrets - self._public) | self._always
        self._known = None
        self._cleaned = {}

    def clean(self, text: str) -> str:
        """The text without the secrets."""
        if not self._secrets or len(text) < SHORTEST:
            return text
        seen = self._cleaned  # another thread may learn of a secret meanwhile, and begin a new one
        cleaned = seen.get(text)
        if cleaned is None:
            cleaned = self._clean(text)
            if len(seen) < REMEMBERED and len(text) < LONG_TEXT:
                seen[text] = cleaned
        return cleaned

    def _clean(self, text: str) -> str:
        for form in self._found(text):
            text = text.replace(form, MASK)
        together = re.sub(_GAPS, "", text)
        if len(together) < len(text):
            for form in self._found(together):
                if len(form) >= LONG:
                    text = re.sub(f"{_GAP}*".join(map(re.escape, form)), MASK, text)
        return text

    def clean_json(self, value: Json) -> Json:
        """A copy of a decoded JSON value with every string in it cleaned, the names of its members too."""
        if value is None:  # documents are large, and this is what they hold most of
            return None
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            clean, seen = self.clean, self._cleaned
            return {seen.get(key) or clean(key): self.clean_json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.clean_json(item) for item in value]
        return MASK if isinstance(value, (int, float)) and str(value) in self._hidden else value

    def _found(self, text: str) -> list[str]:
        """The forms that are in the text, the longest first."""
        if self._known is None:
            self._known = _Known(self._hidden)
        return sorted(self._known.within(text), key=len, reverse=True)


class _Known:
    """Every form of every secret, to be looked for."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        self._starts: dict[str, list[str]] = {}
        if len(self._forms) > FEW:
            for form in self._forms:
                self._starts.setdefault(form[:SHORTEST], []).append(form)

    def within(self, text: str) -> set[str]:
        """The forms that are in the text.

        Many are looked up by how they start: a plan of thousands of integrations knows thousands of secrets.
        """
        if not self._starts:
            return {form for form in self._forms if form in text}
        starts, size = self._starts, SHORTEST
        found = [position for position in range(len(text) - size + 1) if text[position : position + size] in starts]
        return {
            form
            for position in found
            for form in starts[text[position : position + size]]
            if text.startswith(form, position)
        }
