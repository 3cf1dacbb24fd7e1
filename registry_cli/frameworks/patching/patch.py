"""Replaces functions of modules and classes under all of their names, and restores them. Knows no framework."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import update_wrapper
from sysconfig import get_paths
from types import BuiltinFunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from registry_cli.dataclass import dataclass
from registry_cli.frameworks.patching.hidden_frames import hide_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Patch:
    """One name that leads to a wrapper; `before` is its earlier value, `_MISSING` where it was inherited."""

    owner: Any
    name: str
    before: object
    now: object

    def undo(self) -> None:
        """Restore the earlier value, unless other code has replaced the wrapper since."""
        if vars(self.owner).get(self.name) is not self.now:
            return
        if self.before is _MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.before)


class Unbound:
    """A wrapper of a builtin: like the builtin, it is not bound to an object when it is a class's attribute."""

    def __init__(self, wrapper: Callable[..., Any]) -> None:
        self._call = wrapper
        update_wrapper(self, wrapper)
        self.__wrapped__ = wrapper.__wrapped__  # type: ignore[attr-defined]  # `functools.wraps` made it

    @hide_frame
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the wrapper."""
        return self._call(*args, **kwargs)

    def __reduce__(self) -> str:
        return str(self.__qualname__)  # type: ignore[attr-defined]  # the wrapper's


class StandIn(type):
    """A stand-in for a compiled class that cannot be subclassed; calling it calls the wrapper."""

    __wrapped__: type

    def __new__(cls, wrapper: Callable[..., Any], plain: type) -> StandIn:
        """Make a stand-in; its objects are instances of the real class, so that no `__init__` of its own is called."""
        new = staticmethod(hide_frame(lambda cls, *args, **kwargs: wrapper(*args, **kwargs)))
        return super().__new__(cls, plain.__name__, (), {
            "__doc__": plain.__doc__, "__wrapped__": plain, "__new__": new})  # fmt: skip

    def __init__(cls, wrapper: Callable[..., Any], plain: type) -> None:
        super().__init__(plain.__name__, (), {})

    def __dir__(cls) -> list[str]:
        """Return the names of the class's attributes."""
        return dir(cls.__wrapped__)

    def __instancecheck__(cls, instance: object) -> bool:
        """Return whether an object is an instance of the real class."""
        return isinstance(instance, cls.__wrapped__)

    def __subclasscheck__(cls, other: type) -> bool:
        """Return whether another class is a subclass of the real class, or this stand-in."""
        return other is cls or issubclass(other, cls.__wrapped__)

    def __getattr__(cls, name: str) -> Any:
        """Return an attribute of the class."""
        return getattr(cls.__wrapped__, name)


def replace(module: ModuleType, path: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> list[Patch]:
    """Replace a function or class by a wrapper, under every name that leads to it in its module or class.

    The wrapper can be pickled by the name under which the function was looked up here.

    Args:
        module: The module that holds it.
        path: `name` or `Class.method`.
        wrap: Returns the wrapper of a function.

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
        raise AttributeError(f"{path} is not a function")
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
    """Replace functions by their wrappers in modules that imported these functions by name before.

    Args:
        wrappers: Functions whose `__wrapped__` is the original function.
        packages: Top-level packages that define these functions.

    Returns:
        The patches in `__main__`, in these packages and in other installed ones; and the names in the user's own
        modules that were not replaced, such as `train_utils.save`.
    """
    plain = {id(wrapper.__wrapped__): wrapper for wrapper in wrappers}
    patches, others = [], []
    for module, name, value in _iter_names(plain.keys()):
        wrapper = plain[id(value)]
        if module.__name__ == "__main__" or module.__name__.partition(".")[0] in packages or _is_installed(module):
            with suppress(Exception):  # a module may refuse the assignment
                setattr(module, name, wrapper)
                patches.append(Patch(module, name, value, wrapper))
        else:
            others.append(f"{module.__name__}.{name}")
    return patches, sorted(others)


def unbind(wrappers: Collection[Any]) -> None:
    """Restore functions in all modules that hold their wrapper, such as those that imported it by name."""
    ours = {id(wrapper) for wrapper in wrappers}
    for module, name, value in _iter_names(ours):
        with suppress(Exception):
            setattr(module, name, value.__wrapped__)


def _find_raw(owner: Any, name: str) -> Any:
    """Return an attribute from an object or its base classes, without calling a descriptor."""
    for place in getattr(owner, "__mro__", (owner,)):
        if name in vars(place):
            return vars(place)[name]
    raise AttributeError(f"{owner.__name__} has no {name}")


def _iter_names(ids: Collection[int]) -> Iterator[tuple[ModuleType, str, Any]]:
    """Yield the names in all modules that lead to one of several live objects, given by `id`."""
    wanted = frozenset(ids)
    if not wanted:  # no hooked package is imported yet, and there may be thousands of modules
        return
    for module in [one for one in list(sys.modules.values()) if isinstance(one, ModuleType)]:
        names = object.__getattribute__(module, "__dict__")  # plain access would import a lazily imported module
        if not wanted.isdisjoint(map(id, list(names.values()))):
            yield from [(module, name, value) for name, value in list(names.items()) if id(value) in wanted]


def _is_installed(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None) or ""
    return file.startswith(tuple(get_paths()[key] for key in ("purelib", "platlib", "stdlib")))
