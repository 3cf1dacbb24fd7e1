"""`dataclass`, `field`, `fields`, `replace` and `asdict` as in the standard library, for the classes of this package.

The standard library compiles up to eight functions for each class when it is defined, and a command defines about
seventy classes. Here all classes share their methods but `__init__`, which is compiled for the first object of its
class. Type checkers see the standard library's functions.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MISSING: Final = object()
_assign: Final = object.__setattr__


class _Field(NamedTuple):
    """A field as its class declares it."""

    default: object = _MISSING
    default_factory: object = _MISSING
    init: bool = True
    repr: bool = True
    compare: bool = True
    name: str = ""


class _Base:
    """The methods that all dataclasses share."""

    __slots__ = ()
    _fields: Mapping[str, _Field]
    _read: Callable[[object], object]
    """Returns the values of the fields that are compared."""

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name, field in self._fields.items() if field.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self._read(self) == self._read(other)

    __hash__ = None  # type: ignore[assignment]  # an object that changes is no key

    def __getstate__(self) -> list[object]:
        return [getattr(self, name) for name in self._fields]

    def __setstate__(self, values: list[object]) -> None:
        for name, value in zip(self._fields, values, strict=True):
            _assign(self, name, value)


class _FrozenBase(_Base):
    """The methods of those whose fields cannot be assigned."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # the base's objects are no keys
        return hash(self._read(self))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete field {name!r}")


def _dataclass(*, frozen: bool = False, slots: bool) -> Callable[[type], type]:
    """Return a decorator that makes a dataclass of a class; it has slots, and a base that gives it the methods."""
    assert slots

    def make(cls: type) -> type:
        fields = {name: _read_field(name, cls.__dict__.get(name, _MISSING)) for name in cls.__annotations__}
        compared = [name for name, field in fields.items() if field.compare]
        dropped = {*fields, "__dict__", "__weakref__"}
        body = {
            **{name: value for name, value in cls.__dict__.items() if name not in dropped},
            "__qualname__": cls.__qualname__,
            "__slots__": tuple(fields),
            "__match_args__": tuple(name for name, field in fields.items() if field.init),
            "__init__": _put_init,
            "_fields": fields,
            "_read": attrgetter(*compared) if compared else type,
        }
        own_bases = (base for base in cls.__bases__ if base is not object)
        return type(cls)(cls.__name__, (*own_bases, _FrozenBase if frozen else _Base), body)

    return make


def _read_field(name: str, value: object) -> _Field:
    field = value if isinstance(value, _Field) else _Field(value)
    return field._replace(name=name)


def _put_init(self: Any, *values: object, **named: object) -> None:
    """Compile the `__init__` of an object's class, put it in the place of this function, and call it."""
    owner: Any = next(each for each in type(self).__mro__ if "_fields" in each.__dict__)
    owner.__init__ = init = _compile_init(owner)  # of two threads both may do it
    init(self, *values, **named)


def _compile_init(cls: Any) -> Callable[..., None]:
    """Return an `__init__` that takes the fields by position or by name and assigns them."""
    scope: dict[str, Any] = {"assign_": _assign, "missing_": _MISSING}
    parameters, lines = ["self"], []
    for name, field in cls._fields.items():
        if not field.init:
            continue
        value, default = name, ""
        if field.default_factory is not _MISSING:
            scope[f"new_{name}_"], default = field.default_factory, "=missing_"
            value = f"new_{name}_() if {name} is missing_ else {name}"
        elif field.default is not _MISSING:
            scope[f"default_{name}_"], default = field.default, f"=default_{name}_"
        parameters.append(name + default)
        lines.append(f"assign_(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join(lines or ["pass"])
    # compiled first: at the interpreter's end, `exec` of a text makes it forget that Ctrl-C ended the script
    exec(compile(f"def __init__({', '.join(parameters)}):\n    {body}", "<dataclass>", "exec"), scope)
    init: Callable[..., None] = scope["__init__"]
    return init


def _list_fields(value: Any) -> tuple[_Field, ...]:
    """Return the fields of a dataclass or of an object of one, in their order; each has its `name`."""
    return tuple(value._fields.values())


def _replace(value: Any, **changes: object) -> Any:
    """Return a copy with other values of some fields.

    Raises:
        TypeError: There is no field of a name.
    """
    kept = {name: getattr(value, name) for name, field in value._fields.items() if field.init}
    return type(value)(**{**kept, **changes})


def _as_dict(value: Any) -> Any:
    """Return a dataclass as a plain dict of its fields, and all dataclasses in it likewise."""
    if isinstance(value, _Base):
        return {name: _as_dict(getattr(value, name)) for name in value._fields}
    if isinstance(value, dict):
        return {key: _as_dict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_as_dict, value))
    return value


if TYPE_CHECKING:
    from dataclasses import asdict as asdict
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import replace as replace
else:
    asdict, dataclass, field, fields, replace = _as_dict, _dataclass, _Field, _list_fields, _replace
