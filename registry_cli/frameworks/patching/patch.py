"""Replaces functions of modules and classes, wherever a name leads to them, and puts them back. Knows no framework."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import update_wrapper
from sysconfig import get_paths
from types import BuiltinFunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Patch:
    """One name that leads to a wrapper; `before` is what stood there, `_MISSING` where it was inherited."""

    owner: Any
    name: str
    before: object
    now: object

    def undo(self) -> None:
        """Put back what stood there, unless somebody has put something else there since."""
        if vars(self.owner).get(self.name) is not self.now:
            return
        if self.before is _MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.before)


class Unbound:
    """A wrapper of a builtin: as a class's attribute it is not bound to objects, as its function is not."""

    def __init__(self, wrapper: Callable[..., Any]) -> None:
        self._call = wrapper
        update_wrapper(self, wrapper)
        self.__wrapped__ = wrapper.__wrapped__  # type: ignore[attr-defined]  # `functools.wraps` made it

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return self._call(*args, **kwargs)

    def __reduce__(self) -> str:
        return str(self.__qualname__)  # type: ignore[attr-defined]  # the wrapper's


class StandIn(type):
    """What stands in for a class of compiled code that nobody can inherit from; to call it is to call its wrapper."""

    __wrapped__: type

    def __new__(cls, wrapper: Callable[..., Any], plain: type) -> StandIn:
        """Make one; what it makes is the class's, so that no `__init__` of its own is called."""
        new = staticmethod(lambda cls, *args, **kwargs: wrapper(*args, **kwargs))
        return super().__new__(cls, plain.__name__, (), {
            "__doc__": plain.__doc__, "__wrapped__": plain, "__new__": new})  # fmt: skip

    def __init__(cls, wrapper: Callable[..., Any], plain: type) -> None:
        super().__init__(plain.__name__, (), {})

    def __dir__(cls) -> list[str]:
        """Return the names of the class's attributes."""
        return dir(cls.__wrapped__)

    def __instancecheck__(cls, instance: object) -> bool:
        """Return whether an object is one of the class."""
        return isinstance(instance, cls.__wrapped__)

    def __subclasscheck__(cls, other: type) -> bool:
        """Return whether another class is the class, by either name."""
        return other is cls or issubclass(other, cls.__wrapped__)

    def __getattr__(cls, name: str) -> Any:
        """Return an attribute of the class."""
        return getattr(cls.__wrapped__, name)


def replace(module: ModuleType, path: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> list[Patch]:
    """Put a wrapper in the place of a function or class, under every name that leads to it in its module or class.

    The wrapper can be pickled by the name under which the function was looked up here.

    Args:
        module: Which.
        path: `name` or `Class.method`.
        wrap: Makes the wrapper.

    Raises:
        AttributeError: There is no such function.
    """
    owner: Any = module
    *above, name = path.split(".")
    for part in above:
        owner = getattr(owner, part)
    raw = _find_raw(owner, name)
    bound = isinstance(raw, staticmethod | classmethod)
    plain = raw.__func__ if bound else raw
    if not callable(plain):
        raise AttributeError(f"{path} is no function")
    wrapper: Any = wrap(plain)
    if isinstance(plain, type):
        wrapper = StandIn(wrapper, plain)
    elif isinstance(plain, BuiltinFunctionType):
        wrapper = Unbound(wrapper)
    wrapper.__module__, wrapper.__qualname__ = module.__name__, path
    new = type(raw)(wrapper) if bound else wrapper
    own = vars(owner)
    names = [name, *(other for other, value in list(own.items()) if value is raw and other != name)]
    patches = [Patch(owner, each, own.get(each, _MISSING), new) for each in names]
    for patch in patches:
        setattr(owner, patch.name, new)
    return patches


def rebind(wrappers: Collection[Any], packages: Collection[str]) -> tuple[list[Patch], list[str]]:
    """Put wrappers in the place of their functions in modules that imported these by name before.

    Args:
        wrappers: Functions whose `__wrapped__` is what they stand for.
        packages: Top-level packages whose modules are theirs.

    Returns:
        What was replaced: in `__main__`, in these packages and in other installed ones; and the names in the user's own
        modules that were not, such as `train_utils.save`.
    """
    plain = {id(wrapper.__wrapped__): wrapper for wrapper in wrappers}
    patches, others = [], []
    for module, name, value in _iter_names(plain.keys()):
        wrapper = plain[id(value)]
        if module.__name__ == "__main__" or module.__name__.partition(".")[0] in packages or _is_installed(module):
            with suppress(Exception):  # a module may refuse it
                setattr(module, name, wrapper)
                patches.append(Patch(module, name, value, wrapper))
        else:
            others.append(f"{module.__name__}.{name}")
    return patches, sorted(others)


def unbind(wrappers: Collection[Any]) -> None:
    """Put functions back wherever a module has their wrapper: such as imported these by name while they stood."""
    ours = {id(wrapper) for wrapper in wrappers}
    for module, name, value in _iter_names(ours):
        with suppress(Exception):
            setattr(module, name, value.__wrapped__)


def _find_raw(owner: Any, name: str) -> Any:
    """Return what stands in an object, or in the class that it inherits from, undescribed."""
    for place in getattr(owner, "__mro__", (owner,)):
        if name in vars(place):
            return vars(place)[name]
    raise AttributeError(f"{owner.__name__} has no {name}")


def _iter_names(ids: Collection[int]) -> Iterator[tuple[ModuleType, str, Any]]:
    """Yield the names of all modules that lead to one of some living objects, given by `id`."""
    wanted = frozenset(ids)
    for module in [one for one in list(sys.modules.values()) if isinstance(one, ModuleType)]:
        names = object.__getattribute__(module, "__dict__")  # to ask one that is imported lazily would import it
        if not wanted.isdisjoint(map(id, list(names.values()))):
            yield from [(module, name, value) for name, value in list(names.items()) if id(value) in wanted]


def _is_installed(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None) or ""
    return file.startswith(tuple(get_paths()[key] for key in ("purelib", "platlib", "stdlib")))
