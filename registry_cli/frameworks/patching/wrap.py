"""The four kinds of wrappers. None raises errors of its own into the script, or hides those of the wrapped function.

A save or a load inside another one in the same thread is a part of it: only the outermost counts. The same holds for
scores.
"""

from __future__ import annotations

import functools
import os
import stat
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.patching.hidden_frames import ask_quietly, hide_frame
from registry_cli.frameworks.patching.paths import find_path, find_stream, is_remote
from registry_cli.frameworks.patching.shapes import DATA, Call, Details, Load, Save, Saved, Score, Train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registry_cli.frameworks.patching.rules import Rules
    from registry_cli.frameworks.patching.shapes import Framework, Hook, Sink

    Function = Callable[..., Any]
    Context = tuple["LoggingState", Sink, Framework, Hook]
    """The state of logging, the sink of this call, and the hook of a framework."""

_NOTHING: Final = Details()


class _Inside(threading.local):
    """True in a thread while it runs a save or load (`busy`), or a score."""

    busy = False
    scoring = False


_inside = _Inside()


@contextmanager
def log_nothing() -> Iterator[None]:
    """Log no call of this thread within the block."""
    before, _inside.busy = _inside.busy, True
    try:
        yield
    finally:
        _inside.busy = before


def forget() -> None:
    """Reset in a forked child: it does not continue the calls that its parent was running."""
    _inside.busy = _inside.scoring = False


class LoggingState:
    """The state that all wrappers share: the rules, and the function that returns the sink. It may change any time.

    Attributes:
        rules: None while automatic logging is off.
        make_sink: Returns the sink, or None.
        is_used: True once a hooked function was called while logging was on.
    """

    def __init__(self) -> None:
        self.rules: Rules | None = None
        self.make_sink: Callable[[], Sink | None] = lambda: None
        self.is_used = False
        self._warned: set[str] = set()

    def peek_sink(self) -> Sink | None:
        """Return the sink for a call that counts only outside of saves and loads, and once there was one; else None."""
        return self.make_sink() if self.is_used and self.rules is not None and not _inside.busy else None

    def find_sink(self, framework: Framework) -> Sink | None:
        """Return the sink for a framework's calls; None where they are not logged."""
        rules = self.rules
        if rules is None or (rules.off and not rules.off.isdisjoint(framework.keys)):
            return None
        self.is_used = True
        try:
            return self.make_sink()
        except Exception as error:  # the script's call continues
            self.rules = None
            with suppress(Exception):
                warnings.warn(f"automatic logging has ended: {type(error).__name__}: {error}", stacklevel=2)
            return None

    def warn_once(self, sink: Sink, framework: Framework, hook: Hook, error: Exception) -> None:
        """Warn once per hook that it does not work."""
        if hook.target not in self._warned:
            self._warned.add(hook.target)
            name = hook.target.replace(":", ".")
            sink.warn(f"{framework.title}: {name} is not logged properly: {type(error).__name__}: {error}")


def wrap(state: LoggingState, framework: Framework, hook: Hook, plain: Function) -> Function:
    """Return the wrapper of a function, with the same signature."""
    make = {Save: _wrap_save, Load: _wrap_load, Score: _wrap_score, Train: _wrap_train}[type(hook)]
    wrapper: Function = make(state, framework, hook, plain)  # type: ignore[operator]  # of this very kind
    return functools.wraps(plain)(hide_frame(wrapper))


def _wrap_save(state: LoggingState, framework: Framework, hook: Save, plain: Function) -> Function:
    place, name = hook.path.place, hook.path.name

    def save(*args: Any, **kwargs: Any) -> Any:
        sink = None if _inside.busy else state.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        given = args[place] if len(args) > place else kwargs.get(name)
        path = end = None
        try:
            path = find_path(given)
            if path is not None:
                end = sink.saving(path, empties=hook.empties and isinstance(given, str | os.PathLike))
        except Exception as error:
            state.warn_once(sink, framework, hook, error)
        done = False
        try:
            _inside.busy = True
            result = plain(*args, **kwargs)
            done = True
        finally:
            _inside.busy = False
            if end is not None:
                _try((state, sink, framework, hook), end, done)
        try:
            told = _NOTHING if hook.report is None else ask_quietly(hook.report, Call(args, kwargs, result))
            _report_save(state, sink, framework, hook, told, given, path)
        except Exception as error:
            state.warn_once(sink, framework, hook, error)
        return result

    return save


def _report_save(
    state: LoggingState, sink: Sink, framework: Framework, hook: Save, told: Details | None, given: object,
    path: str | None,
) -> None:  # fmt: skip
    rules = state.rules
    if told is None or rules is None:
        return
    shape = told.shape or hook.shape
    if told.path is not None:
        given, path = told.path, find_path(told.path)
    if path is None:
        if told is not DATA:
            sink.skipped("buffer")
        return
    if rules.wanted and not (rules.admits(framework.keys, path) and rules.admits(told.keys, path)):
        return
    size = mtime = 0
    inode = None
    if is_remote(path):
        sink.skipped("remote")
        return
    if told is DATA:
        sink.skipped("data")
        return
    stream = None if type(given) is str else find_stream(given)
    if shape != "prefix":
        try:
            status = os.stat(path)
        except OSError:
            sink.skipped("gone" if stream is None else "buffer")
            return
        if stat.S_ISREG(status.st_mode):
            size, mtime, inode = status.st_size, status.st_mtime_ns, status.st_ino
        elif stat.S_ISDIR(status.st_mode):
            shape, inode = "folder", status.st_ino
        else:
            sink.skipped("buffer")
            return
    sink.saved(Saved(path, size, mtime, shape, told.framework or framework.name, told, stream, inode))


def _wrap_load(state: LoggingState, framework: Framework, hook: Load, plain: Function) -> Function:
    slow = hide_frame(_wrap_any_load(state, framework, hook, plain))
    if hook.report is not None or hook.shape == "prefix":
        return slow
    place, name = hook.path.place, hook.path.name

    def load(*args: Any, **kwargs: Any) -> Any:
        """Load by the fast way, which most loads take: scripts load many files, few of which are known models."""
        given = args[place] if len(args) > place else kwargs.get(name)
        if type(given) is not str or _inside.busy:
            return slow(*args, **kwargs)
        sink = state.find_sink(framework)
        if sink is None or not sink.may_ignore:
            return slow(*args, **kwargs)
        try:
            _inside.busy = True
            result = plain(*args, **kwargs)
        finally:
            _inside.busy = False
        _try((state, sink, framework, hook), _report_given, sink, hook, given)
        return result

    return load


def _wrap_any_load(state: LoggingState, framework: Framework, hook: Load, plain: Function) -> Function:
    def load(*args: Any, **kwargs: Any) -> Any:
        sink = None if _inside.busy else state.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        call = Call(args, kwargs)
        context = state, sink, framework, hook
        path, opened = _try(context, _redirect, sink, hook, call) or (None, None)
        try:
            _inside.busy = True
            call.result = plain(*call.args, **call.kwargs)
        finally:
            _inside.busy = False
            if opened is not None:
                opened.close()
        _try(context, _report_load, sink, hook, call, path)
        return call.result

    return load


def _redirect(sink: Sink, hook: Load, call: Call) -> tuple[str | None, Any]:
    """Redirect a load if the task was given another file; return the path to report, and a file that was opened."""
    given = hook.path.get(call)
    path = find_path(given)
    other = sink.redirect(path) if path is not None and not is_remote(path) else None
    if other is None:
        return path, None
    if isinstance(given, str | bytes | os.PathLike):
        hook.path.put(call, other)
        return None, None
    if given.tell():  # a part of it is already read
        return path, None
    opened = open(other, "rb")  # noqa: SIM115  # closed after the call
    hook.path.put(call, opened)
    return None, opened


def _report_given(sink: Sink, hook: Load, given: str) -> None:
    path = None if sink.ignores(given) else find_path(given)
    if path is not None:
        _report_path(sink, hook, path)


def _report_load(sink: Sink, hook: Load, call: Call, path: str | None) -> None:
    if path is not None and hook.report is not None:
        path = find_path(ask_quietly(hook.report, call))
    if path is not None:
        _report_path(sink, hook, path)


def _report_path(sink: Sink, hook: Load, path: str) -> None:
    try:
        status = os.stat(path)
    except OSError:  # a name on a hub, or a file that was removed
        if hook.shape == "prefix" and not is_remote(path):
            sink.loaded(path, 0, 0)
        return
    if stat.S_ISREG(status.st_mode):
        sink.loaded(path, status.st_size, status.st_mtime_ns)
    elif stat.S_ISDIR(status.st_mode):
        sink.loaded(path, 0, 0)


def _wrap_score(state: LoggingState, framework: Framework, hook: Score, plain: Function) -> Function:
    def score(*args: Any, **kwargs: Any) -> Any:
        sink = None if _inside.scoring else state.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        try:
            _inside.scoring = True
            result = plain(*args, **kwargs)
        finally:
            _inside.scoring = False
        _try((state, sink, framework, hook), hook.report, Call(args, kwargs, result), sink)
        return result

    return score


def _wrap_train(state: LoggingState, framework: Framework, hook: Train, plain: Function) -> Function:
    def train(*args: Any, **kwargs: Any) -> Any:
        sink = state.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        call = Call(args, kwargs)
        try:
            if hook.enter is not None:
                hook.enter(call, sink)
        except Exception as error:
            state.warn_once(sink, framework, hook, error)
            call = Call(args, kwargs)
        call.result = plain(*call.args, **call.kwargs)
        if hook.leave is not None:
            _try((state, sink, framework, hook), hook.leave, call, sink)
        return call.result

    return train


def _try(context: Context, function: Function, *given: Any) -> Any:
    """Do work of a wrapper outside of its call; an exception is reported and gives None, and the script continues."""
    try:
        return function(*given)
    except Exception as error:
        state, sink, framework, hook = context
        state.warn_once(sink, framework, hook, error)
        return None
