"""Follows `os.rename` and `os.replace`: a script may write to a temporary name, and then give a file its own.

`shutil.move`, `Path.rename` and `Path.replace` call them.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.patching.hidden_frames import hide_frame
from registry_cli.frameworks.patching.paths import find_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.wrap import LoggingState

    Function = Callable[..., Any]

NAMES: Final = ("rename", "replace")
"""The functions of `os`."""


def wrap_move(state: LoggingState, plain: Function) -> Function:
    """Return the wrapper of a function that renames a file; only calls with two paths alone are followed."""

    def move(*args: Any, **kwargs: Any) -> Any:
        sink = state.peek_sink() if len(args) == 2 and not kwargs else None
        if sink is None:
            return plain(*args, **kwargs)
        end, done = None, False
        try:
            source, target = find_path(args[0]), find_path(args[1])
            if source is not None and target is not None:
                end = sink.moving(source, target)
        except Exception as error:
            sink.warn(f"a renamed file may not be found again: {type(error).__name__}: {error}")
        try:
            result = plain(*args)
            done = True
        finally:
            if end is not None:
                try:
                    end(done)
                except Exception as error:
                    sink.warn(f"a renamed file may not be found again: {type(error).__name__}: {error}")
        return result

    return functools.wraps(plain)(hide_frame(move))
