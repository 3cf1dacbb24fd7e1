"""Checks paths inside a version: relative, with `/` between their parts, and storable together on every file system."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
"""Matches most paths; a path that matches needs no further check."""


def check_path(path: str) -> str:
    """Return a file's path inside its version, in NFC.

    Raises:
        UsageError: It is absolute, climbs with `..`, is empty, or holds a control character.
    """
    if _PLAIN.fullmatch(path):
        return path
    normal = unicodedata.normalize("NFC", path)
    # An absolute path has an empty first part. A drive letter and a backslash mean nothing here: Windows is refused.
    if any(part in {"", ".", ".."} for part in normal.split("/")):
        raise UsageError(f"{path!r} is not a path inside a version: it must be relative and must not climb")
    if not normal.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} for c in normal):
        raise UsageError(f"{path!r} holds a control character")
    return normal


def check_paths(paths: Iterable[str]) -> None:
    """Check that no two paths are equal on a file system that folds case, and that none is a folder of another.

    Raises:
        UsageError: Two of them collide.
    """
    seen: dict[str, str] = {}
    for path in paths:
        key = unicodedata.normalize("NFC", path.casefold())
        if key in seen:
            if seen[key] == path:
                raise UsageError(f"two files are called {path!r}: rename one of them, or add their folder")
            raise UsageError(f"{seen[key]!r} and {path!r} differ only by case: rename one of the files")
        seen[key] = path
    for key, path in seen.items():
        above = key.rpartition("/")[0]
        while above:
            if above in seen:
                raise UsageError(f"{seen[above]!r} is a file and the folder of {path!r}")
            above = above.rpartition("/")[0]
