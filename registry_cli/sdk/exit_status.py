"""How this process is about to end, as far as Python lets one know it before it has ended.

An exception that nobody caught passes `sys.excepthook`; `sys.exit` and `exit` are watched; a SIGTERM becomes an exit
that can be told of. `raise SystemExit(n)`, and a `sys.exit` that was looked up before it was watched, pass neither:
where the main module's frame did not come to its return, there was an exit, and its code is not known. A context
manager or `reg log` sees it.
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
"""Characters of an exception's text that are kept."""
_SOON: Final = 0.05
"""Seconds after which a signal is sent again that came where nobody can leave."""


@dataclass(slots=True)
class Fate:
    """What is known of this process's end; an exit code of None is not known, and then no failure either."""

    exit_code: int | None = 0
    signal: str | None = None
    problem: str | None = None

    def ending(self, *, cancelled: bool) -> Ending:
        """Return how the attempt ends; `cancelled` where somebody asked for it."""
        status: Status = "failed" if self.exit_code else "completed"
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
        ending: Whether a SIGTERM comes too late to change anything.

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
        """What is known by now; to be asked when the process ends."""
        if self._seen is not None:
            return self._seen
        if is_worker():  # it ends within a `finally`, and its exception passes no hook
            return fate_of(sys.exc_info()[1])
        return _exited or _guess(self._main)

    @property
    def hears_terms(self) -> bool:
        """Whether a SIGTERM is answered here, and not by the script."""
        return signal.getsignal(signal.SIGTERM) == self._on_term

    def start(self) -> None:
        """Begin to look; SIGTERM becomes an exit, where the script has no handler of its own."""
        self._hook, self._drop_hook = sys.excepthook, sys.unraisablehook
        sys.excepthook, sys.unraisablehook = self._on_error, self._on_drop
        watch_exits()
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._on_term)

    def stop(self) -> None:
        """Put back what nobody else has replaced meanwhile."""
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
        """Leave, which the script may take time for; what catches that and goes on is ended by the next SIGTERM."""
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
        """Leave a moment later where Python lets nobody leave: in a `__del__`, or in what is called around a fork."""
        error = dropped.exc_value
        if not isinstance(error, _Exit) or error.caught != self._stay:
            self._drop_hook(dropped)
            return
        error.caught, self._leaving = None, False
        timer = threading.Timer(_SOON, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        start_thread(timer)

    def _stay(self) -> None:
        """The script has caught its exit and goes on."""
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
    """See which code `sys.exit` and `exit` end this process with; twice is fine."""
    sys.exit = _exit  # type: ignore[assignment]  # it never returns either
    if _plain_quit is not None:
        _quitter.__call__ = _quit


def forget_exits() -> None:
    """Let `sys.exit` and `exit` be as they were."""
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
    """An exit that tells when it is what ended the process: then it is freed with no Python code left below it."""

    def __init__(self, fate: Fate, code: Any, caught: Callable[[], None] | None = None) -> None:
        """Call `caught` where it does not end the process."""
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
    """Return the frame of the module that Python was started with; it outlives its end while it is held."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    found = None
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
            found = frame
        frame = frame.f_back
    return found


def _guess(main: FrameType | None) -> Fate:
    """Return what the main module's last instruction tells: a return, else an exit that nobody saw."""
    from opcode import opname

    if main is None or hasattr(sys, "ps1"):
        return Fate(None)
    if opname[main.f_code.co_code[main.f_lasti]].startswith("RETURN"):
        return Fate()
    return Fate(None, None, "it ended by an exit whose code was not seen")


_mask = threading.local()


def _before_fork() -> None:
    """Keep a SIGTERM for the child until it has no handler: Python forgets one that comes in between."""
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
