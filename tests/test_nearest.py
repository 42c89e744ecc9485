"""A mistyped word leads to the one that was meant."""

from __future__ import annotations

import string
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Figures
from integrations_cli import catalogue
from integrations_cli.catalogue.nearest import nearest, nearest_named
from integrations_cli.models import Provider


def typos(word: str) -> list[str]:
    """Every word that is one edit away: a letter left out, put in, replaced, or two neighbours swapped."""
    places = range(len(word) + 1)
    left_out = {word[:place] + word[place + 1 :] for place in places[:-1]}
    put_in = {word[:place] + letter + word[place:] for place in places for letter in string.ascii_letters}
    replaced = {word[:place] + letter + word[place + 1 :] for place in places[:-1] for letter in string.ascii_letters}
    swapped = {word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in places[:-2]}
    return sorted((left_out | put_in | replaced | swapped) - {word, ""})


def suggestions(provider: Provider, key: str) -> list[str]:
    """As the checks ask for them: by key and by label."""
    return nearest_named(key, {field.key: (field.key, field.label) for field in provider.credentials})


def test_every_one_edit_typo_of_a_credential_key_is_unknown_and_nearly_all_lead_to_the_right_one(
    figures: Figures,
) -> None:
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    misled: dict[str, set[str]] = defaultdict(set)
    first: dict[tuple[tuple[str, ...], str], str | None] = {}
    for provider in catalogue.providers():
        fields = tuple(f"{field.key} {field.label}" for field in provider.credentials)
        for field in provider.credentials:
            for typo in typos(field.key):
                assert provider.field(typo) is None, f"{typo} is a key of {provider.id}: nobody would notice the typo"
                if (fields, typo) not in first:  # providers with the same credentials need not be asked twice
                    first[fields, typo] = next(iter(suggestions(provider, typo)), None)
                tried[provider.channel] += 1
                if first[fields, typo] == field.key:
                    right[provider.channel] += 1
                else:
                    misled[provider.channel].add(f"{typo} for {field.key}")
    rows = [
        (channel, tried[channel], right[channel], ", ".join(sorted(misled[channel])))
        for channel in catalogue.channels()
    ]
    rate = right.total() / tried.total()
    figures(
        "One-edit typos of the credential keys of all providers, all of them caught",
        [
            ("channel", "typos", "right key first", "not first"),
            *rows,
            ("all", tried.total(), right.total(), f"{rate:.3%}"),
        ],
    )
    assert tried.total() > 150_000
    assert rate >= 0.98


@pytest.mark.parametrize(
    ("typed", "meant"),
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
def test_a_provider_is_found_by_another_spelling_or_its_display_name(typed: str, meant: str) -> None:
    names = {provider_id: (provider_id, name) for provider_id, name in catalogue.provider_names().items()}
    assert nearest_named(typed, names)[0] == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
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
def test_a_key_of_mailgun_is_found_by_another_spelling_or_its_label(typed: str, meant: str) -> None:
    mailgun = catalogue.find("mailgun")
    assert mailgun is not None
    assert suggestions(mailgun, typed)[0] == meant


@pytest.mark.parametrize("word", ["", "-", "xyzzy", "zz", "é"])
def test_nothing_near_is_no_suggestion(word: str) -> None:
    assert nearest(word, ["apiKey", "user", "domain"]) == []


def test_at_most_three_and_the_first_of_equals_is_the_first_given() -> None:
    assert nearest("keyx", ["keya", "keyb", "keyc", "keyd"]) == ["keya", "keyb", "keyc"]
    assert nearest("keyx", ["keyb", "keya"], limit=1) == ["keyb"]


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=6, unique=True))
@settings(deadline=None)
def test_suggestions_are_candidates_without_repetition(word: str, candidates: list[str]) -> None:
    found = nearest(word, candidates)
    assert len(found) == len(set(found)) <= 3
    assert set(found) <= set(candidates)


@given(st.text(string.ascii_letters, min_size=1, max_size=20))
@settings(deadline=None)
def test_a_word_is_nearest_to_itself(word: str) -> None:
    assert nearest(word, [f"{word}s", f"x{word}", word])[0] == word
