"""Watchers of the seam: one that notes each call, and one that does something at a call."""

from __future__ import annotations

from collections.abc import Callable

from registry_cli.store.files import Observer

WRITING = frozenset({"create", "write", "truncate", "clone", "link", "rename", "unlink", "mkdir", "rmdir"})


class Recorder(Observer):
    """Notes each call that succeeded, as op and path."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.written = 0

    def before(self, op: str, path: str, detail: object) -> None:
        pass

    def after(self, op: str, path: str, detail: object) -> None:
        self.calls.append((op, path))
        if op == "write" and isinstance(detail, bytes | memoryview):
            self.written += len(detail)

    def list_ops(self) -> list[str]:
        return [op for op, _ in self.calls]


class Once(Observer):
    """Does `action` at the first call of `op`, before it happens or after."""

    def __init__(self, op: str, action: Callable[[], object], *, when: str = "before") -> None:
        self._op, self._action, self._when = op, action, when
        self.done = False

    def before(self, op: str, path: str, detail: object) -> None:
        self._see("before", op)

    def after(self, op: str, path: str, detail: object) -> None:
        self._see("after", op)

    def _see(self, when: str, op: str) -> None:
        if not self.done and (when, op) == (self._when, self._op):
            self.done = True
            self._action()


def fail(error: Exception) -> Callable[[], None]:
    """Return an action that raises `error`."""

    def action() -> None:
        raise error

    return action
