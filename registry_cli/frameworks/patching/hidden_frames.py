"""Hides the frames of wrappers from Python's warnings, so that a warning points at the line of the script.

`warnings.warn(..., stacklevel=2)` counts frames from the function that warns to the line that called it. Frames of the
import system are not counted: Python knows them by `importlib` and `_bootstrap` in the name of their file
(`_is_internal_frame` in https://github.com/python/cpython/blob/3.11/Lib/warnings.py). A wrapper that is called so is
not counted either, and a warning is shown, filtered and collapsed as if the function were not wrapped.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    F = TypeVar("F", bound=Callable[..., Any])

_UNCOUNTED: Final = " (importlib._bootstrap)"
_codes: dict[CodeType, CodeType] = {}
"""The renamed code of each wrapper: all functions that one `def` makes share theirs."""


def hide_frame(function: F) -> F:
    """Make the frames of a Python function invisible to warnings, and return it."""
    code = function.__code__
    if code not in _codes:
        _codes[code] = code.replace(co_filename=code.co_filename + _UNCOUNTED)
    function.__code__ = _codes[code]
    return function


def ask_quietly(function: Callable[[Any], Any], given: Any) -> Any:
    """Call a function of ours without its warnings, of which the script knows nothing.

    `warnings.catch_warnings` would make Python forget which warnings it has shown, and show them again.
    """
    filters = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        return function(given)
    finally:
        warnings.filters = filters
