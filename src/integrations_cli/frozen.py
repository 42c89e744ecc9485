"""Frozen values: classes that are a list of typed fields, as `dataclasses` makes them, at a fiftieth of their cost.

`dataclasses` writes and compiles five methods for each class, about half a millisecond: the classes of this program
would cost more than starting the interpreter does. Here all classes share methods that look their fields up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")

_MISSING: Final = object()


class Field(NamedTuple):
    """What a class says of a field besides its type."""

    default: Any = _MISSING
    factory: Callable[[], Any] | None = None
    repr: bool = True
    compare: bool = True


def field(
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] | None = None,
    repr: bool = True,  # noqa: A002  # the name that type checkers know
    compare: bool = True,
) -> Any:
    """A field with a default that is made anew each time, or that is not shown, or not compared."""
    return Field(default, default_factory, repr, compare)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a class of annotated fields a frozen value: a constructor, equality, a hash, a text; no assignment."""
    declared: dict[str, Field] = {}
    for name in cls.__annotations__:
        said = cls.__dict__.get(name, _MISSING)
        declared[name] = said if isinstance(said, Field) else Field(said)
        if isinstance(said, Field) and name in cls.__dict__:
            delattr(cls, name)
    methods: dict[str, Any] = {
        "__frozen_fields__": declared,
        "__frozen_shape__": (
            tuple(declared),
            declared.keys(),
            {name: said.default for name, said in declared.items() if said.default is not _MISSING},
            tuple((name, said.factory) for name, said in declared.items() if said.factory is not None),
        ),
        "__match_args__": tuple(declared),
        "__init__": _init,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__eq__": _eq,
        "__hash__": _hash,
    }
    if "__repr__" not in cls.__dict__:
        methods["__repr__"] = _repr
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def fields(value: object) -> tuple[str, ...]:
    """The names of the fields of a frozen value, or of its class."""
    return tuple(_declared(value))


def replace(value: T, /, **changes: Any) -> T:
    """A copy of a frozen value with these fields changed."""
    return type(value)(**{**vars(value), **changes})


def _declared(value: object) -> Mapping[str, Field]:
    found: Mapping[str, Field] = value.__frozen_fields__  # type: ignore[attr-defined]  # only frozen classes come here
    return found


def _init(self: Any, *arguments: Any, **named: Any) -> None:
    # A large plan makes a hundred thousand of them: no call, and one comparison for all that can be wrong.
    names, keys, defaults, factories = self.__frozen_shape__
    values = self.__dict__
    values.update(defaults)
    if arguments:
        values.update(zip(names, arguments, strict=False))
        if len(arguments) > len(names) or (named and not named.keys().isdisjoint(names[: len(arguments)])):
            raise TypeError(f"{type(self).__name__} takes {', '.join(names)}, each once")
    values.update(named)
    for name, factory in factories:
        if name not in values:
            values[name] = factory()
    if values.keys() != keys:
        if values.keys() - keys:
            raise TypeError(f"{type(self).__name__} takes {', '.join(names)}, each once")
        needed = next(name for name in names if name not in values)
        raise TypeError(f"{type(self).__name__} needs {needed}")


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be changed")


def _compared(value: object) -> tuple[Any, ...]:
    return tuple(vars(value)[name] for name, said in _declared(value).items() if said.compare)


def _eq(self: object, other: object) -> bool:
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: object) -> int:
    return hash(_compared(self))


def _repr(self: object) -> str:
    shown = (f"{name}={vars(self)[name]!r}" for name, said in _declared(self).items() if said.repr)
    return f"{type(self).__name__}({', '.join(shown)})"
