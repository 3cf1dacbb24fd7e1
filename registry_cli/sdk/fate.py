"""How this process is about to end, as far as Python lets one know it before it has ended.

An exception that nobody caught passes `sys.excepthook`; `sys.exit` is watched; a SIGTERM becomes an exit that can be
told of. `raise SystemExit(n)` outside of `sys.exit` passes neither: a context manager or `reg log` sees it.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry_cli.tasks.finish import Ending

if TYPE_CHECKING:
    from types import TracebackType

    from registry_cli.records.task import Status

_LONGEST = 500
"""Characters of an exception's text that are kept."""


@dataclass(slots=True)
class Fate:
    """What is known of this process's end."""

    exit_code: int = 0
    signal: str | None = None
    problem: str | None = None

    def ending(self, *, cancelled: bool) -> Ending:
        """Return how the attempt ends; `cancelled` where somebody asked for it."""
        status: Status = "completed" if self.exit_code == 0 else "failed"
        if self.exit_code and (cancelled or self.signal == "SIGINT"):
            status = "cancelled"
        return Ending(status, None if self.signal else self.exit_code, self.signal, self.problem)


def fate_of(error: BaseException | None) -> Fate:
    """Return the end that an exception would bring."""
    if error is None:
        return Fate()
    if isinstance(error, SystemExit):
        return _of_exit(error.code)
    if isinstance(error, KeyboardInterrupt):
        return Fate(128 + signal.SIGINT, "SIGINT", "interrupted")
    words = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(": ")
    return Fate(1, None, words[:_LONGEST])


class Watch:
    """Learns the fate of this process.

    Attributes:
        fate: What is known by now.
        ending: Whether a SIGTERM comes too late to change anything; the first one sets it.

    Args:
        term: Whether SIGTERM becomes an exit, where the script has no handler of its own.
    """

    def __init__(self, *, term: bool) -> None:
        self.fate = Fate()
        self.ending = False
        self._term = term
        self._hook = sys.excepthook
        self._exit = sys.exit
        self._handler: Any = None

    def start(self) -> None:
        """Begin to look."""
        self._hook, self._exit = sys.excepthook, sys.exit
        sys.excepthook = self._on_error
        sys.exit = self._on_exit  # type: ignore[assignment]  # it never returns either
        main = threading.current_thread() is threading.main_thread()
        if self._term and main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._handler = self._on_term
            signal.signal(signal.SIGTERM, self._handler)

    def stop(self) -> None:
        """Put back what nobody else has replaced meanwhile."""
        if sys.excepthook == self._on_error:
            sys.excepthook = self._hook
        if sys.exit == self._on_exit:
            sys.exit = self._exit
        main = threading.current_thread() is threading.main_thread()
        if main and self._handler is not None and signal.getsignal(signal.SIGTERM) == self._handler:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.fate = fate_of(error)
        self._hook(kind, error, trace)

    def _on_exit(self, code: Any = None) -> None:
        raise _Exit(self, _of_exit(code), code)

    def _on_term(self, number: int, _frame: object) -> None:
        if not self.ending:
            self.ending = True
            raise _Exit(self, Fate(128 + number, "SIGTERM", "terminated"), 128 + number)


class _Exit(SystemExit):
    """An exit that tells when it is what ended the process: then it is freed with no Python code left below it."""

    def __init__(self, watch: Watch, fate: Fate, code: Any) -> None:
        super().__init__(*(() if code is None else (code,)))
        self._watch, self._fate = watch, fate

    def __del__(self) -> None:
        try:
            sys._getframe(1)
        except ValueError:
            self._watch.fate = self._fate


def _of_exit(code: Any) -> Fate:
    if code is None or (isinstance(code, int) and code & 0xFF == 0):
        return Fate()
    return Fate(code & 0xFF) if isinstance(code, int) else Fate(1, None, str(code)[:_LONGEST])
