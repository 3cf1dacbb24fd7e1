"""How a script is told of what went wrong behind its back, on standard error.

All are warnings. What only advises passes Python's filters, which may hide it; what was lost passes by them.
"""

from __future__ import annotations

import warnings
from contextlib import suppress


class RegWarning(UserWarning):
    """Something that was asked for has not happened, or not so; the script goes on."""


def warn(text: str) -> None:
    """Show a warning; it never raises, also where the script makes errors of warnings."""
    with suppress(Exception):  # whoever replaced `showwarning` may do anything
        warnings.warn(text, RegWarning, stacklevel=3)


def advise(text: str) -> None:
    """Show a warning that is of no line of the script, such as of what a hook does; it never raises."""
    with suppress(Exception):
        warnings.warn_explicit(text, RegWarning, "reg", 0)


def tell(text: str) -> None:
    """Show a warning of something lost: each, in every place, whatever the filters say; it never raises."""
    with suppress(Exception):
        warnings.showwarning(RegWarning(text), RegWarning, "reg", 0)
