"""Detects how this process is about to end, as far as Python shows it for sure before the end.

An uncaught exception passes `sys.excepthook`; `sys.exit` is patched; a SIGTERM is reported before it ends the process.
An exit that passes none of them, such as `raise SystemExit(n)`, has a code that is not known: the main module's frame
did not reach its return. A context manager or `reg log` sees it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from registry_cli.dataclass import dataclass
from registry_cli.process import is_worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

_LONGEST: Final = 500
"""Characters of an exception's text that are recorded."""


@dataclass(slots=True)
class Outcome:
    """The known facts of this process's end; an exit code of None is unknown, and does not count as a failure."""

    exit_code: int | None = 0
    signal: str | None = None
    problem: str | None = None


def outcome_of(error: BaseException | None) -> Outcome:
    """Return the end that an exception would cause."""
    if error is None or isinstance(error, GeneratorExit):  # its caller left a generator early, as `break` does
        return Outcome()
    if isinstance(error, SystemExit):
        return _of_exit(error.code)
    if isinstance(error, KeyboardInterrupt):
        return Outcome(128 + signal.SIGINT, "SIGINT", "interrupted")
    words = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(": ")
    return Outcome(1, None, words[:_LONGEST])


class Watch:
    """Observes how this process ends.

    Args:
        report: Called with the end when a SIGTERM is about to cause it.
    """

    def __init__(self, report: Callable[[Outcome], None] = lambda outcome: None) -> None:
        self._report = report
        self._seen: Outcome | None = None
        self._hook = sys.excepthook
        self._main = _find_main()

    @property
    def outcome(self) -> Outcome:
        """The end of this process as known by now; to be read when the process ends."""
        if self._seen is not None:
            return self._seen
        if is_worker():  # it ends within a `finally`, and its exception passes no hook
            return outcome_of(sys.exc_info()[1])
        return _exited or _find_return(self._main)

    def start(self) -> None:
        """Start to observe; SIGTERM too, where the script has no handler of its own."""
        self._hook, sys.excepthook = sys.excepthook, self._on_error
        watch_exits()
        if _is_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._on_term)

    def note(self, error: BaseException | None) -> None:
        """Take the end of a notebook's cell for that of this process, until another cell ends."""
        self._seen = None if error is None else outcome_of(error)

    def stop(self) -> None:
        """Restore the hooks that no other code has replaced meanwhile."""
        if sys.excepthook == self._on_error:
            sys.excepthook = self._hook
        if sys.exit is _exit:
            sys.exit = _plain_exit
        if _is_main_thread() and signal.getsignal(signal.SIGTERM) == self._on_term:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not hasattr(sys, "ps1"):  # an error at the prompt ends nothing
            self._seen = outcome_of(error)
        self._hook(kind, error, trace)

    def _on_term(self, number: int, _frame: object) -> None:
        """Report the end, and end as without this handler."""
        signal.signal(number, signal.SIG_DFL)
        self._report(Outcome(128 + number, "SIGTERM", "terminated"))
        os.kill(os.getpid(), number)


_plain_exit = sys.exit
_exited: Outcome | None = None


def watch_exits() -> None:
    """Patch `sys.exit` to record the code that it ends this process with; twice is fine."""
    sys.exit = _exit  # type: ignore[assignment]  # it never returns either


def _exit(code: Any = None) -> None:
    raise _Exit(code)


class _Exit(SystemExit):
    """An exit that records that it ended the process: it is then freed with no Python frame left below it."""

    def __init__(self, code: Any) -> None:
        super().__init__(*(() if code is None else (code,)))

    def __del__(self) -> None:
        global _exited
        try:
            sys._getframe(1)
        except ValueError:
            _exited = _of_exit(self.code)


def _of_exit(code: Any) -> Outcome:
    if code is None or (isinstance(code, int) and code & 0xFF == 0):
        return Outcome()
    return Outcome(code & 0xFF) if isinstance(code, int) else Outcome(1, None, str(code)[:_LONGEST])


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _find_main() -> FrameType | None:
    """Return the frame of the module that Python was started with; a reference keeps it readable after its end."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    found = None
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
            found = frame
        frame = frame.f_back
    return found


def _find_return(main: FrameType | None) -> Outcome:
    """Return the end that the main module's last instruction shows: a return, or an exit that was not seen."""
    from opcode import opname

    if main is None or hasattr(sys, "ps1"):
        return Outcome(None)
    if opname[main.f_code.co_code[main.f_lasti]].startswith("RETURN"):
        return Outcome()
    return Outcome(None, None, "it ended by an exit whose code was not seen")


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
