"""The hook through which a test watches each call of the seam, fails it or ends the process in it. Knows no file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Observer(Protocol):
    """Receives each call before and after it happens; an exception in `before` fails the call."""

    def before(self, op: str, path: str, detail: object) -> None:
        """Receive a call that is about to be made; `detail` is the other path, or the bytes written."""

    def after(self, op: str, path: str, detail: object) -> None:
        """Receive a call that succeeded."""


T = TypeVar("T")

_observer: Observer | None = None


@contextmanager
def open_observer(observer: Observer) -> Iterator[None]:
    """Pass every call of this process to `observer` while the context lasts."""
    global _observer
    outer, _observer = _observer, observer
    try:
        yield
    finally:
        _observer = outer


def call(op: str, path: str | Path, detail: object, action: Callable[..., T], *args: object) -> T:
    """Do `action`, which is one system call, and return its result; pass it to the observer where there is one."""
    observer = _observer
    if observer is None:
        return action(*args)
    observer.before(op, str(path), detail)
    result = action(*args)
    observer.after(op, str(path), detail)
    return result
