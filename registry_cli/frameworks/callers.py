"""Finds the caller of a hooked function: the script, or a library for its own purposes. Knows no framework."""

from __future__ import annotations

import sys
from functools import cache
from sysconfig import get_paths
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_OURS: Final = "registry_cli."
_INSTALLED: Final = ("/site-packages/", "/dist-packages/")


def find_caller() -> FrameType | None:
    """Return the frame that called the hooked function; None where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_OURS):
        frame = frame.f_back
    return frame


def is_script(frame: FrameType | None) -> bool:
    """Return whether a frame runs the user's own code: neither the standard library's nor an installed package's."""
    return frame is not None and _is_own(frame.f_code.co_filename)


@cache
def _is_own(file: str) -> bool:
    libraries = tuple(f"{get_paths()[key]}/" for key in ("stdlib", "platstdlib", "purelib", "platlib"))
    return not (file.startswith(("<frozen ", *libraries)) or any(part in file for part in _INSTALLED))
