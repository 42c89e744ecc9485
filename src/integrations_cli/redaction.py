"""Takes what the program knows to be secret out of text that somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterable

from .models import MASK, Json

SHORTEST = 4
"""Shorter values are left alone: they occur by chance, and masking every occurrence would give them away."""

LINE = 12
"""A line of a secret of several lines (a private key) is a secret of its own from this length on."""


def _forms(secret: str) -> set[str]:
    """The secret as it may come back: as it is, escaped for JSON or a URL, in base64, or line by line."""
    import base64
    import json
    from urllib.parse import quote, quote_plus

    pieces = {secret, *(line for line in secret.splitlines() if len(line) >= LINE)}
    forms = set(pieces)
    for piece in pieces:
        forms.add(json.dumps(piece)[1:-1])
        forms.add(json.dumps(piece, ensure_ascii=False)[1:-1])
        encoded = piece.encode("utf-8", "surrogatepass")
        forms.add(quote(encoded, safe=""))
        forms.add(quote_plus(encoded))
        forms.add(base64.b64encode(encoded).decode())
        forms.add(base64.urlsafe_b64encode(encoded).decode())
        forms.add(encoded.hex())
    return forms


class Redactor:
    """Replaces every known secret, in each form that it may take, by a mask."""

    def __init__(self, secrets: Iterable[str] = (), *, public: Iterable[str] = ()) -> None:
        """Know `secrets`; a value that is also in `public` (said openly on the command line) is not one."""
        self._secrets: set[str] = set()
        self._public = set(public)
        self._forms: list[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add what has become known since."""
        self._secrets.update(secret for secret in secrets if len(secret) >= SHORTEST)
        self._forms = None

    def allow(self, public: Iterable[str]) -> None:
        """Say what is no secret, since the user said it openly."""
        self._public.update(public)
        self._forms = None

    def clean(self, text: str) -> str:
        """The text without the secrets."""
        if self._forms is None:
            known = self._secrets - self._public
            self._forms = sorted({form for secret in known for form in _forms(secret)}, key=len, reverse=True)
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def clean_json(self, value: Json) -> Json:
        """A copy of a decoded JSON value with every string in it cleaned, the names of its members too."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, list):
            return [self.clean_json(item) for item in value]
        if isinstance(value, dict):
            return {self.clean(key): self.clean_json(item) for key, item in value.items()}
        return value
