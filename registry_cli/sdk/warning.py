"""Warns a script on standard error of failures that no call of its own raises.

Advice goes through Python's warning filters, which may hide it; a report of something lost bypasses them.
"""

from __future__ import annotations

import warnings
from contextlib import suppress


class RegWarning(UserWarning):
    """A request of the script was not done, or not as asked; the script continues."""


def warn(text: str) -> None:
    """Show a warning; never raise, even where the script turns warnings into errors."""
    with suppress(Exception):  # a replaced `showwarning` may do anything
        warnings.warn(text, RegWarning, stacklevel=3)


def advise(text: str) -> None:
    """Show a warning that belongs to no line of the script, such as one from a hook; never raise."""
    with suppress(Exception):
        warnings.warn_explicit(text, RegWarning, "reg", 0)


def report_loss(text: str) -> None:
    """Show a warning of something lost, every time and from every place, whatever the filters say; never raise."""
    with suppress(Exception):
        warnings.showwarning(RegWarning(text), RegWarning, "reg", 0)
