"""The four wrappers. None raises into the script, and none hides what its function raises.

A save or a load within another, in the same thread, is a part of it: the outermost counts. So it is with scores.
"""

from __future__ import annotations

import functools
import os
import stat
import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.patching.paths import find_path, find_stream, is_remote
from registry_cli.frameworks.patching.shapes import Call, Load, Save, Saved, Score, Told, Train

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.rules import Rules
    from registry_cli.frameworks.patching.shapes import Framework, Hook, Sink

    Function = Callable[..., Any]
    Hearing = tuple["Ears", Sink, Framework, Hook]
    """Who listens, whom he tells, and of what."""

_NOTHING: Final = Told()


class _Inside(threading.local):
    """What runs in this thread."""

    busy = False
    scoring = False


_inside = _Inside()


def forget() -> None:
    """Begin anew in a forked child: what its parent was in the middle of is not its business."""
    _inside.busy = _inside.scoring = False


class Ears:
    """What the wrappers ask: whether they shall hear, and whom they tell. One for all; it changes.

    Attributes:
        rules: None while automatic logging is off.
        make_sink: Gives whom to tell, or None.
    """

    def __init__(self) -> None:
        self.rules: Rules | None = None
        self.make_sink: Callable[[], Sink | None] = lambda: None
        self._stumbled: set[str] = set()

    def find_sink(self, framework: Framework) -> Sink | None:
        """Return whom to tell of a framework's doings; None where nobody wants to know."""
        rules = self.rules
        if rules is None or (rules.off and not rules.off.isdisjoint(framework.keys)):
            return None
        try:
            return self.make_sink()
        except Exception as error:  # the script's call goes on
            self.rules = None
            with suppress(Exception):
                warnings.warn(f"automatic logging has ended: {type(error).__name__}: {error}", stacklevel=3)
            return None

    def stumble(self, sink: Sink, framework: Framework, hook: Hook, error: Exception) -> None:
        """Say once for each hook that it does not work."""
        if hook.target not in self._stumbled:
            self._stumbled.add(hook.target)
            name = hook.target.replace(":", ".")
            sink.warn(f"{framework.title}: {name} is not heard as it should be: {type(error).__name__}: {error}")


def wrap(ears: Ears, framework: Framework, hook: Hook, plain: Function) -> Function:
    """Return what stands in a function's place; its signature is the function's."""
    make = {Save: _wrap_save, Load: _wrap_load, Score: _wrap_score, Train: _wrap_train}[type(hook)]
    wrapper: Function = make(ears, framework, hook, plain)  # type: ignore[operator]  # of this very kind
    return functools.wraps(plain)(wrapper)


def _wrap_save(ears: Ears, framework: Framework, hook: Save, plain: Function) -> Function:
    def save(*args: Any, **kwargs: Any) -> Any:
        sink = None if _inside.busy else ears.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        call = Call(args, kwargs)
        hearing = ears, sink, framework, hook
        path, end = _try(hearing, _announce, sink, hook, call) or (None, None)
        done = False
        try:
            _inside.busy = True
            call.result = plain(*args, **kwargs)
            done = True
        finally:
            _inside.busy = False
            if end is not None:
                _try(hearing, end, done)
        _try(hearing, _tell_saved, *hearing, call, path)
        return call.result

    return save


def _announce(sink: Sink, hook: Save, call: Call) -> tuple[str | None, Callable[[bool], None] | None]:
    """Say where a call is about to save; return that, and what is to be called after it."""
    given = hook.path.get(call)
    path = find_path(given)
    if path is None:
        return None, None
    return path, sink.saving(path, empties=hook.empties and isinstance(given, str | os.PathLike))


def _tell_saved(ears: Ears, sink: Sink, framework: Framework, hook: Save, call: Call, path: str | None) -> None:
    told = hook.tell(call) if hook.tell is not None else _NOTHING
    rules = ears.rules
    if told is None or rules is None:
        return
    shape = told.shape or hook.shape
    if told.path is not None:
        path = find_path(told.path)
    if path is None:
        sink.skipped("buffer")
        return
    if not rules.admits(framework.keys, path) or (told.keys and not rules.admits(told.keys, path)):
        return
    size = mtime = 0
    if is_remote(path):
        sink.skipped("remote")
        return
    stream = None if told.path is not None else find_stream(hook.path.get(call))
    if shape != "prefix":
        try:
            status = os.stat(path)
        except OSError:
            sink.skipped("gone" if stream is None else "buffer")
            return
        if stat.S_ISDIR(status.st_mode):
            shape = "folder"
        elif stat.S_ISREG(status.st_mode):
            size, mtime = status.st_size, status.st_mtime_ns
        else:
            sink.skipped("buffer")
            return
    sink.saved(Saved(path, size, mtime, shape, told.framework or framework.name, told, stream))


def _wrap_load(ears: Ears, framework: Framework, hook: Load, plain: Function) -> Function:
    slow = _wrap_any_load(ears, framework, hook, plain)
    if hook.tell is not None or hook.shape == "prefix":
        return slow
    place, name = hook.path.place, hook.path.name

    def load(*args: Any, **kwargs: Any) -> Any:
        """Load; the way of most: scripts load far more files than they were given models, and some load many."""
        given = args[place] if len(args) > place else kwargs.get(name)
        if type(given) is not str or _inside.busy:
            return slow(*args, **kwargs)
        sink = ears.find_sink(framework)
        if sink is None or not sink.may_ignore:
            return slow(*args, **kwargs)
        try:
            _inside.busy = True
            result = plain(*args, **kwargs)
        finally:
            _inside.busy = False
        _try((ears, sink, framework, hook), _tell_given, sink, hook, given)
        return result

    return load


def _wrap_any_load(ears: Ears, framework: Framework, hook: Load, plain: Function) -> Function:
    def load(*args: Any, **kwargs: Any) -> Any:
        sink = None if _inside.busy else ears.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        call = Call(args, kwargs)
        hearing = ears, sink, framework, hook
        path, opened = _try(hearing, _redirect, sink, hook, call) or (None, None)
        try:
            _inside.busy = True
            call.result = plain(*call.args, **call.kwargs)
        finally:
            _inside.busy = False
            if opened is not None:
                opened.close()
        _try(hearing, _tell_loaded, sink, hook, call, path)
        return call.result

    return load


def _redirect(sink: Sink, hook: Load, call: Call) -> tuple[str | None, Any]:
    """Let a call load another file if the task was given another; return the path to tell of and the file opened."""
    given = hook.path.get(call)
    path = find_path(given)
    other = sink.redirect(path) if path is not None and not is_remote(path) else None
    if other is None:
        return path, None
    if isinstance(given, str | bytes | os.PathLike):
        hook.path.put(call, other)
        return None, None
    if given.tell():  # a part of it is read already
        return path, None
    opened = open(other, "rb")  # noqa: SIM115  # closed when the call is over
    hook.path.put(call, opened)
    return None, opened


def _tell_given(sink: Sink, hook: Load, given: str) -> None:
    path = None if sink.ignores(given) else find_path(given)
    if path is not None:
        _tell_path(sink, hook, path)


def _tell_loaded(sink: Sink, hook: Load, call: Call, path: str | None) -> None:
    if path is not None and hook.tell is not None:
        path = find_path(hook.tell(call))
    if path is not None:
        _tell_path(sink, hook, path)


def _tell_path(sink: Sink, hook: Load, path: str) -> None:
    try:
        status = os.stat(path)
    except OSError:  # a name of a hub, a file that was taken away
        if hook.shape == "prefix" and not is_remote(path):
            sink.loaded(path, 0, 0)
        return
    if stat.S_ISREG(status.st_mode):
        sink.loaded(path, status.st_size, status.st_mtime_ns)
    elif stat.S_ISDIR(status.st_mode):
        sink.loaded(path, 0, 0)


def _wrap_score(ears: Ears, framework: Framework, hook: Score, plain: Function) -> Function:
    def score(*args: Any, **kwargs: Any) -> Any:
        sink = None if _inside.scoring else ears.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        try:
            _inside.scoring = True
            result = plain(*args, **kwargs)
        finally:
            _inside.scoring = False
        _try((ears, sink, framework, hook), hook.tell, Call(args, kwargs, result), sink)
        return result

    return score


def _wrap_train(ears: Ears, framework: Framework, hook: Train, plain: Function) -> Function:
    def train(*args: Any, **kwargs: Any) -> Any:
        sink = ears.find_sink(framework)
        if sink is None:
            return plain(*args, **kwargs)
        call = Call(args, kwargs)
        try:
            if hook.enter is not None:
                hook.enter(call, sink)
        except Exception as error:
            ears.stumble(sink, framework, hook, error)
            call = Call(args, kwargs)
        call.result = plain(*call.args, **call.kwargs)
        if hook.leave is not None:
            _try((ears, sink, framework, hook), hook.leave, call, sink)
        return call.result

    return train


def _try(hearing: Hearing, function: Function, *given: Any) -> Any:
    """Do what a wrapper does beside its call; what it raises is told and gives None, and the script goes on."""
    try:
        return function(*given)
    except Exception as error:
        ears, sink, framework, hook = hearing
        ears.stumble(sink, framework, hook, error)
        return None
