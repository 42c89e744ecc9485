"""Suggests the known word closest to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def nearest(word: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """Return at most `limit` candidates that are close to `word`, the closest first.

    The closest is the same word in other case and separators (`api_key`, `apiKey`), then one that is few edits away (a
    letter missing, added, replaced, or two swapped), then one that contains `word`. Empty if none is close.
    """
    return nearest_named(word, {candidate: (candidate,) for candidate in candidates}, limit)


def nearest_named(word: str, spellings: Mapping[str, Sequence[str]], limit: int = 3) -> list[str]:
    """Return the closest things, each of which has several spellings, such as an id and a display name."""
    plain = _plain(word)
    if not plain:
        return []
    ranked: list[tuple[int, int, int, str]] = []
    for position, (thing, names) in enumerate(spellings.items()):
        ranks = [rank for name in names if (rank := _rank(word, plain, name)) is not None]
        if ranks:
            ranked.append((*min(ranks), position, thing))
    return [thing for *_, thing in sorted(ranked)[:limit]]


def _rank(word: str, plain: str, candidate: str) -> tuple[int, int] | None:
    """Return the distance of `candidate` (smaller is closer, exact letters decide a tie); None if it is too far."""
    other = _plain(candidate)
    allowed = max(1, max(len(plain), len(other)) // 4)
    edits = _edits(plain, other, allowed)
    if edits <= allowed:
        return edits, _edits(word, candidate, len(word) + len(candidate))
    shorter, longer = sorted((plain, other), key=len)
    if len(shorter) >= 3 and shorter in longer:
        return 10, len(longer) - len(shorter)
    return None


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))


def _edits(left: str, right: str, most: int) -> int:
    """Return the number of edits between two words: insert, delete or replace a letter, or swap two neighbours.

    More than `most` edits may be returned as any number above it.
    """
    if abs(len(left) - len(right)) > most:
        return most + 1
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            current.append(cost)
        if min(current) > most and min(last) > most:
            return most + 1
        before_last, last = last, current
    return last[-1]
