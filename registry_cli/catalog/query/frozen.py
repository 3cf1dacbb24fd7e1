"""The base of the immutable values that a query consists of on its way to SQL.

A frozen dataclass does the same and more, but creating the twenty dataclasses that a query needs takes longer than
reading its rows.
"""

from __future__ import annotations

from typing import ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Frozen:
    """A value whose fields are its class's annotations, in their order; equal fields make two of one class equal."""

    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._names = tuple(cls.__annotations__)
        type.__setattr__(cls, "__match_args__", cls._names)  # for positional patterns in `match`

    def __init__(self, *values: object, **named: object) -> None:
        fields = dict(zip(self._names, values, strict=False), **named)
        for name in self._names:
            self.__dict__[name] = fields[name] if name in fields else getattr(type(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"
