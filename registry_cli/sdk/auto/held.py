"""Copies of models that are about to be written over before anybody has taken them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.store import files
from registry_cli.store.files import NewFile

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 64 << 20
"""Bytes that are copied where the file system cannot share them; more would make the script wait."""
MOST: Final = 32
"""Copies that may wait to be taken."""


def hold_file(path: Path, size: int, target: Path) -> bool:
    """Copy a file to a new one as it is now; return False where that would cost too much.

    Args:
        path: The file.
        size: Its bytes.
        target: In the folder of such copies.

    Raises:
        OSError: It cannot be read, or there is no room.
    """
    if sum(1 for _ in target.parent.iterdir()) >= MOST:
        return False
    if _clone(path, target):
        return True
    if size > LARGEST:
        return False
    files.copy_file(path, target)
    return True


def _clone(path: Path, target: Path) -> bool:
    with path.open("rb", buffering=0) as source:
        file = NewFile(target)
        cloned = False
        try:
            cloned = file.clone(source.fileno())
        finally:
            file.close()
            if not cloned:
                files.unlink(target)
        return cloned
