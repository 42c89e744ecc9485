"""Conditions as the API's database takes them: cast to its types, unknown keys dropped, ids added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from integrations_cli.sandbox.errors import ApiError

from .validation import OBJECT_ID

_TRUE: Final = (True, 1, "true", "1", "yes")
_FALSE: Final = (False, 0, "false", "0", "no")
_GROUP_KEYS: Final = ("type", "value")
_FILTER_KEYS: Final = ("field", "operator", "on")


class _CastError(Exception):
    """A value that the database cannot take at this path."""

    def __init__(self, path: str, wanted: str, value: Any, because: str = "") -> None:
        reason = f' because of "{because}"' if because else ""
        name = path.rpartition(".")[2]
        shown = value if isinstance(value, str) else _inspect(value)
        super().__init__(
            f'{path}: Cast to {wanted} failed for value "{shown}" (type {_type(value)}) at path "{name}"{reason}'
        )


def cast(conditions: list[Any], new_id: Callable[[], str]) -> list[dict[str, Any]]:
    """The conditions as they are stored; `new_id` makes the ids of groups and filters.

    Raises:
        Refusal: 400 with the database's words for every value that it cannot cast.
    """
    failures: list[str] = []
    groups = [_group(item, f"conditions.{index}", new_id, failures) for index, item in enumerate(conditions)]
    if failures:
        raise ApiError(400, f"Integration validation failed: {', '.join(failures)}")
    return groups


def _group(item: Any, path: str, new_id: Callable[[], str], failures: list[str]) -> dict[str, Any]:
    given = item if isinstance(item, dict) else {}
    group: dict[str, Any] = {}
    casts: list[tuple[str, Callable[[Any, str], Any]]] = [("isNegated", _boolean)]
    casts += [(key, _string) for key in _GROUP_KEYS]
    _cast_all(given, group, casts, path, failures)
    group["children"] = []
    try:
        group["children"] = _children(given.get("children", []), path, new_id, failures)
    except _CastError as error:
        failures.append(str(error))
    _identify(given, group, path, new_id, failures)
    return group


def _children(value: Any, path: str, new_id: Callable[[], str], failures: list[str]) -> list[Any] | None:
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, dict | list | None):
            raise _CastError(f"{path}.children", "embedded", item, "ObjectParameterError")
    return [
        item if item is None else _filter(item, f"{path}.children.{index}", new_id, failures)
        for index, item in enumerate(items)
    ]


def _filter(item: Any, path: str, new_id: Callable[[], str], failures: list[str]) -> dict[str, Any]:
    given = item if isinstance(item, dict) else {}
    kept: dict[str, Any] = {}
    _cast_all(given, kept, [(key, _string) for key in _FILTER_KEYS], path, failures)
    if "value" in given:
        kept["value"] = given["value"]
    _identify(given, kept, path, new_id, failures)
    return kept


def _cast_all(
    given: dict[str, Any],
    kept: dict[str, Any],
    casts: list[tuple[str, Callable[[Any, str], Any]]],
    path: str,
    failures: list[str],
) -> None:
    for key, to in casts:
        if key in given:
            try:
                kept[key] = to(given[key], f"{path}.{key}")
            except _CastError as error:
                failures.append(str(error))


def _identify(
    given: dict[str, Any], kept: dict[str, Any], path: str, new_id: Callable[[], str], failures: list[str]
) -> None:
    wanted = given.get("_id")
    if wanted is None:
        kept["_id"] = new_id()
    elif isinstance(wanted, str) and OBJECT_ID.fullmatch(wanted):
        kept["_id"] = wanted.lower()
    else:
        failures.append(str(_CastError(f"{path}._id", "ObjectId", wanted, "BSONError")))


def _boolean(value: Any, path: str) -> bool | None:
    if value is None:
        return None
    if not isinstance(value, dict | list):
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
    raise _CastError(path, "Boolean", value, "CastError")


def _string(value: Any, path: str) -> str | None:
    if isinstance(value, dict | list):
        raise _CastError(path, "string", value)
    return value if value is None or isinstance(value, str) else _inspect(value)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "Object" if isinstance(value, dict) else "Array"


def _inspect(value: Any, depth: int = 0) -> str:
    """The value as Node prints it."""
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, dict):
        if depth > 2:
            return "[Object]"
        inner = ", ".join(
            f"{key if key.isidentifier() else repr(key)}: {_inspect(item, depth + 1)}" for key, item in value.items()
        )
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        if depth > 2:
            return "[Array]"
        return f"[ {', '.join(_inspect(item, depth + 1) for item in value)} ]" if value else "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
