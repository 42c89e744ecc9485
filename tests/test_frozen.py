"""Frozen values behave as frozen dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from integrations_cli.frozen import field, fields, frozen, replace


@frozen
class Point:
    x: int
    y: int = 2
    label: str | None = None


@frozen
class Secretive:
    name: str
    value: Any = field(repr=False)
    extra: Mapping[str, int] = field(default_factory=dict)
    cache: list[int] = field(default_factory=list, compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Standard:
    x: int
    y: int = 2
    label: str | None = None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((1,), {}), ((1, 3), {}), ((1,), {"label": "a"}), ((), {"x": 1, "y": 5}), ((1, 2, "b"), {})],
)
def test_it_is_made_from_the_same_arguments(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    assert vars(Point(*arguments, **named)) == vars(Standard(*arguments, **named))


@pytest.mark.parametrize(
    ("arguments", "named"), [((), {}), ((1, 2, "a", 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})]
)
def test_it_refuses_the_same_arguments(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Standard(*arguments, **named)
    with pytest.raises(TypeError):
        Point(*arguments, **named)


def test_nothing_can_be_assigned_or_deleted() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="frozen"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        point.new = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="frozen"):
        del point.x
    assert point == Point(1)


def test_equality_and_hash_go_by_class_and_fields() -> None:
    assert Point(1) == Point(1, 2)
    assert hash(Point(1)) == hash(Point(1, 2))
    assert Point(1) != Point(2)
    others: list[object] = [Standard(1), (1, 2, None), Point(1, 3)]
    assert Point(1) not in others
    assert Secretive("a", 1, cache=[1]) == Secretive("a", 1, cache=[2])
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secretive("a", 1))


def test_what_must_not_be_seen_is_not_in_the_text() -> None:
    assert repr(Point(1, label="a")) == "Point(x=1, y=2, label='a')"
    assert repr(Secretive("a", "hidden")) == "Secretive(name='a', extra={})"


def test_a_factory_makes_a_value_for_each() -> None:
    assert Secretive("a", 1).cache is not Secretive("a", 1).cache


def test_copies() -> None:
    point = Point(1, label="a")
    assert replace(point, y=7) == Point(1, 7, "a")
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
    with pytest.raises(TypeError):
        replace(point, z=1)


def test_the_fields_are_known_in_order() -> None:
    assert fields(Point) == fields(Point(1)) == ("x", "y", "label")
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
