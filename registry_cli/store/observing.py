"""Lets a test watch each call of the seam, fail it or end the process in it. Knows no file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Observer(Protocol):
    """Sees each call before and after it happens; raising in `before` fails the call."""

    def before(self, op: str, path: str, detail: object) -> None:
        """Learn of a call that is about to be made; `detail` is the other path, or the bytes written."""

    def after(self, op: str, path: str, detail: object) -> None:
        """Learn of a call that succeeded."""


_observer: Observer | None = None


@contextmanager
def open_observer(observer: Observer) -> Iterator[None]:
    """Let `observer` watch every call of this process while the context lasts."""
    global _observer
    outer, _observer = _observer, observer
    try:
        yield
    finally:
        _observer = outer


def call(op: str, path: str | Path, detail: object, action: Callable[[], object]) -> None:
    """Do `action`, which is one call of the system, under the observer's eyes where there is one."""
    observer = _observer
    if observer is None:
        action()
        return
    observer.before(op, str(path), detail)
    action()
    observer.after(op, str(path), detail)
