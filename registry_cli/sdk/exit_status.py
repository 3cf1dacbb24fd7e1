"""Detects how this process is about to end, as far as Python shows it before the end.

An uncaught exception passes `sys.excepthook`; `sys.exit` and `exit` are patched; a SIGTERM becomes an exit that can be
reported. `raise SystemExit(n)`, and a `sys.exit` that was looked up before it was patched, pass neither: where the main
module's frame did not reach its return, there was an exit, and its code is not known. A context manager or `reg log`
sees it.
"""

from __future__ import annotations

import builtins
import os
import signal
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from registry_cli.process import is_worker, start_thread
from registry_cli.tasks.attempt.finish import Ending

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from registry_cli.records.status import Status

_LONGEST: Final = 500
"""Characters of an exception's text that are recorded."""
_SOON: Final = 0.05
"""Seconds until a signal is sent again that arrived where Python drops exceptions."""


@dataclass(slots=True)
class Fate:
    """The known facts of this process's end; an exit code of None is unknown, and does not count as a failure."""

    exit_code: int | None = 0
    signal: str | None = None
    problem: str | None = None

    def ending(self, *, cancelled: bool) -> Ending:
        """Return the ending of the attempt; `cancelled` is True where a user asked for it."""
        status: Status = "failed" if self.exit_code else "completed"
        if self.exit_code and (cancelled or self.signal == "SIGINT"):
            status = "cancelled"
        return Ending(status, None if self.signal else self.exit_code, self.signal, self.problem)


def fate_of(error: BaseException | None) -> Fate:
    """Return the end that an exception would cause."""
    if error is None:
        return Fate()
    if isinstance(error, SystemExit):
        return _of_exit(error.code)
    if isinstance(error, KeyboardInterrupt):
        return Fate(128 + signal.SIGINT, "SIGINT", "interrupted")
    words = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(": ")
    return Fate(1, None, words[:_LONGEST])


class Watch:
    """Observes how this process ends.

    Attributes:
        ending: True once a SIGTERM comes too late to change anything.

    Args:
        caught: Called when a SIGTERM becomes an exit.
    """

    def __init__(self, caught: Callable[[], None] = lambda: None) -> None:
        self.ending = False
        self._caught = caught
        self._leaving = self._insisted = self._stayed = False
        self._seen: Fate | None = None
        self._hook, self._drop_hook = sys.excepthook, sys.unraisablehook
        self._main = _find_main()

    @property
    def fate(self) -> Fate:
        """The end of this process as known by now; to be read when the process ends."""
        if self._seen is not None:
            return self._seen
        if is_worker():  # it ends within a `finally`, and its exception passes no hook
            return fate_of(sys.exc_info()[1])
        return _exited or _guess(self._main)

    @property
    def hears_terms(self) -> bool:
        """True where this watch handles SIGTERM, and not the script."""
        return signal.getsignal(signal.SIGTERM) == self._on_term

    def start(self) -> None:
        """Start to observe; SIGTERM becomes an exit, where the script has no handler of its own."""
        self._hook, self._drop_hook = sys.excepthook, sys.unraisablehook
        sys.excepthook, sys.unraisablehook = self._on_error, self._on_drop
        watch_exits()
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._on_term)

    def stop(self) -> None:
        """Restore the hooks that no other code has replaced meanwhile."""
        if sys.excepthook == self._on_error:
            sys.excepthook = self._hook
        if sys.unraisablehook == self._on_drop:
            sys.unraisablehook = self._drop_hook
        forget_exits()
        main = threading.current_thread() is threading.main_thread()
        if main and self.hears_terms:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not hasattr(sys, "ps1"):  # an error at the prompt ends nothing
            self._seen = fate_of(error)
        self._hook(kind, error, trace)

    def _on_term(self, number: int, _frame: object) -> None:
        """Raise an exit, for which the script may take time; the next SIGTERM ends a script that caught the exit."""
        if self.ending:
            return
        if self._stayed:
            _die()
        if self._leaving:
            self._insisted = True
            return
        self._leaving = True
        self._caught()
        raise _Exit(Fate(128 + number, "SIGTERM", "terminated"), 128 + number, self._stay)

    def _on_drop(self, dropped: sys.UnraisableHookArgs) -> None:
        """Exit a moment later where Python drops the exception: in a `__del__`, or in a callback around a fork."""
        error = dropped.exc_value
        if not isinstance(error, _Exit) or error.caught != self._stay:
            self._drop_hook(dropped)
            return
        error.caught, self._leaving = None, False
        timer = threading.Timer(_SOON, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        start_thread(timer)

    def _stay(self) -> None:
        """Note that the script has caught its exit and continues."""
        self._stayed = True
        if self._insisted:
            _die()


def _die() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


_plain_exit = sys.exit
_quitter: Any = type(getattr(builtins, "exit", None))
_plain_quit: Any = _quitter.__call__ if _quitter.__module__ == "_sitebuiltins" else None
_exited: Fate | None = None


def watch_exits() -> None:
    """Patch `sys.exit` and `exit` to record the code that they end this process with; twice is fine."""
    sys.exit = _exit  # type: ignore[assignment]  # it never returns either
    if _plain_quit is not None:
        _quitter.__call__ = _quit


def forget_exits() -> None:
    """Restore `sys.exit` and `exit`."""
    if sys.exit is _exit:
        sys.exit = _plain_exit
    if _plain_quit is not None:
        _quitter.__call__ = _plain_quit


def _exit(code: Any = None) -> None:
    raise _Exit(_of_exit(code), code)


def _quit(quitter: object, code: Any = None) -> None:
    try:
        _plain_quit(quitter, code)
    except SystemExit as error:
        raise _Exit(_of_exit(error.code), error.code) from None


class _Exit(SystemExit):
    """An exit that records that it ended the process: it is then freed with no Python frame left below it."""

    def __init__(self, fate: Fate, code: Any, caught: Callable[[], None] | None = None) -> None:
        """Make an exit that calls `caught` where it does not end the process."""
        super().__init__(*(() if code is None else (code,)))
        self._fate = fate
        self.caught = caught

    def __del__(self) -> None:
        global _exited
        try:
            sys._getframe(1)
        except ValueError:
            _exited = self._fate
        else:
            if self.caught is not None:
                self.caught()


def _of_exit(code: Any) -> Fate:
    if code is None or (isinstance(code, int) and code & 0xFF == 0):
        return Fate()
    return Fate(code & 0xFF) if isinstance(code, int) else Fate(1, None, str(code)[:_LONGEST])


def _find_main() -> FrameType | None:
    """Return the frame of the module that Python was started with; a reference keeps it readable after its end."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    found = None
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
            found = frame
        frame = frame.f_back
    return found


def _guess(main: FrameType | None) -> Fate:
    """Return the end that the main module's last instruction shows: a return, or an exit that passed unseen."""
    from opcode import opname

    if main is None or hasattr(sys, "ps1"):
        return Fate(None)
    if opname[main.f_code.co_code[main.f_lasti]].startswith("RETURN"):
        return Fate()
    return Fate(None, None, "it ended by an exit whose code was not seen")


_mask = threading.local()


def _before_fork() -> None:
    """Block SIGTERM for the child until it has no handler: Python loses one that arrives in between."""
    handler = signal.getsignal(signal.SIGTERM)
    ours = isinstance(getattr(handler, "__self__", None), Watch)
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}) if ours else None


def _after_fork() -> None:
    if _mask.before is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _after_fork_in_child() -> None:
    if _mask.before is not None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # our task is its parent's to end
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
