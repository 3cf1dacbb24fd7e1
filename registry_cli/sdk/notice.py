"""How a script is told of what went wrong behind its back: by a warning, which Python shows on standard error."""

from __future__ import annotations

import warnings


class RegWarning(UserWarning):
    """Something that was asked for has not happened, or not so; the script goes on."""


def warn(text: str) -> None:
    """Show a warning; it never raises, also where the script makes errors of warnings."""
    try:
        warnings.warn(text, RegWarning, stacklevel=3)
    except RegWarning:
        pass
