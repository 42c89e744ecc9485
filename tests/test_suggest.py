"""A mistyped word gets a suggestion of the intended one."""

from __future__ import annotations

import string
from itertools import chain
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Figures
from integrations_cli import catalogue
from integrations_cli.catalogue.credential_fields import Provider
from integrations_cli.catalogue.suggest import nearest, nearest_named

TYPOS_PER_KIND = 3
"""The number of typos of each kind that are tried for each key."""


def typos(word: str) -> list[list[str]]:
    """Return all one-edit typos by kind: a letter deleted, inserted or replaced, or two neighbours swapped."""
    positions = range(len(word) + 1)
    kinds = (
        {word[:position] + word[position + 1 :] for position in positions[:-1]},
        {word[:position] + letter + word[position:] for position in positions for letter in string.ascii_letters},
        {
            word[:position] + letter + word[position + 1 :]
            for position in positions[:-1]
            for letter in string.ascii_letters
        },
        {word[:position] + word[position + 1] + word[position] + word[position + 2 :] for position in positions[:-2]},
    )
    return [sorted(kind - {word, ""}) for kind in kinds]


def suggestions(provider: Provider, key: str) -> list[str]:
    """Return the suggestions by key and by label, as validation does."""
    return nearest_named(key, {field.key: (field.key, field.label) for field in provider.credentials})


def test_no_credential_key_is_a_typo_of_another() -> None:
    for provider in catalogue.providers():
        keys = {field.key for field in provider.credentials}
        for key in keys:
            assert keys.isdisjoint(chain(*typos(key))), f"nobody would notice a typo of {key} of {provider.id}"


@pytest.mark.parametrize("channel", catalogue.channels())
def test_typo_suggests_the_intended_key(channel: str, figures: Figures) -> None:
    """Try a fixed sample of one-edit typos: a few of every credential key of the channel."""
    draw = Random(channel)
    tried, misled = 0, []
    for provider in catalogue.providers():
        for field in provider.credentials if provider.channel == channel else ():
            for typo in chain(*(draw.sample(kind, min(TYPOS_PER_KIND, len(kind))) for kind in typos(field.key))):
                assert provider.field(typo) is None, f"{typo} is a key of {provider.id}: nobody would notice the typo"
                tried += 1
                if next(iter(suggestions(provider, typo)), None) != field.key:
                    misled.append(f"{typo} for {field.key}")
    right = tried - len(misled)
    figures(
        "A sample of one-edit typos of the credential keys of all providers, all of them caught",
        [(channel, f"{tried} typos", f"{right} with the right key first", ", ".join(misled))],
    )
    assert tried
    assert right >= 0.98 * tried


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("SendGrid", "sendgrid"),
        ("sendgird", "sendgrid"),
        ("Send Grid", "sendgrid"),
        ("twillio", "twilio"),
        ("ms-teams", "msteams"),
        ("Custom SMTP", "nodemailer"),
        ("smtp", "nodemailer"),
        ("firebase", "fcm"),
        ("Africas Talking", "africas-talking"),
        ("kudosity", "burst-sms"),
    ],
)
def test_provider_is_suggested_for_spelling_or_display_name(given: str, expected: str) -> None:
    names = {provider.id: (provider.id, provider.name) for provider in catalogue.providers()}
    assert nearest_named(given, names)[0] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("api_key", "apiKey"),
        ("API-KEY", "apiKey"),
        ("apikey", "apiKey"),
        ("username", "user"),
        ("form", "from"),
        ("sender_name", "senderName"),
        ("fromEmailAddress", "from"),
    ],
)
def test_credential_is_suggested_for_spelling_or_label(given: str, expected: str) -> None:
    mailgun = catalogue.find("mailgun")
    assert mailgun is not None
    assert suggestions(mailgun, given)[0] == expected


@pytest.mark.parametrize("word", ["", "-", "xyzzy", "zz", "é"])
def test_distant_word_has_no_suggestion(word: str) -> None:
    assert nearest(word, ["apiKey", "user", "domain"]) == []


def test_suggestions_are_limited_and_keep_candidate_order() -> None:
    assert nearest("keyx", ["keya", "keyb", "keyc", "keyd"]) == ["keya", "keyb", "keyc"]
    assert nearest("keyx", ["keyb", "keya"], limit=1) == ["keyb"]


def test_exact_case_breaks_a_tie() -> None:
    assert nearest("apiKeyx", ["apikey", "apiKey"]) == ["apiKey", "apikey"]


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=6, unique=True))
@settings(deadline=None)
def test_suggestions_are_unique_candidates(word: str, candidates: list[str]) -> None:
    found = nearest(word, candidates)
    assert len(found) == len(set(found)) <= 3
    assert set(found) <= set(candidates)


@given(st.text(string.ascii_letters, min_size=1, max_size=20))
@settings(deadline=None)
def test_word_is_its_own_nearest_match(word: str) -> None:
    assert nearest(word, [f"{word}s", f"x{word}", word])[0] == word
