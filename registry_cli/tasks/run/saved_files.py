"""Finds the files behind a path given to a framework: the file, those of a folder, or those with it as a prefix."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from registry_cli.ids import new_ulid
from registry_cli.store import files
from registry_cli.store.hashing import sha256_of_file
from registry_cli.store.layout import DIRECTORY
from registry_cli.store.mounts import is_local
from registry_cli.store.stamps import Stamp, stamp_of
from registry_cli.tasks.attempt.notes import LoadedNote, SavedNote
from registry_cli.tasks.run.step_names import is_step_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from registry_cli.ids import BlobHash

Cache: TypeAlias = "dict[tuple[str, Stamp], BlobHash]"
"""SHA-256 of files by path and stamp."""
_EVENTS: Final = "events.out.tfevents."
"""Prefix of the names of TensorBoard's files."""


def list_prefixed(path: Path) -> list[Path]:
    """Return the file of a path, if there is one, and those that add a suffix to its name, such as `ckpt-1.index`."""
    try:
        with os.scandir(path.parent) as entries:
            named = [one for one in entries if f"{one.name}.".startswith(f"{path.name}.")]
            return sorted(Path(one.path) for one in named if one.is_file())
    except OSError:
        return []


def list_left(folder: Path, saved: Collection[str]) -> list[Path]:
    """Return the paths in a saved folder that are no part of the saved model.

    A trainer saves its model into the folder that holds its checkpoints and TensorBoard's files: no part of it are
    folders that were saved themselves, those that are named after a step, and TensorBoard's files.

    Args:
        folder: The saved folder, absolute.
        saved: Folders that were saved.
    """
    left = {Path(each) for each in saved if each.startswith(f"{folder}/")}
    for top, folders, names in os.walk(folder):
        left |= {Path(top, name) for name in names if name.startswith(_EVENTS)}
        left |= {Path(top, name) for name in folders if name == DIRECTORY or is_step_folder(name)}
        folders[:] = [name for name in folders if Path(top, name) not in left]
    return sorted(left)


def list_files(path: Path) -> list[Path]:
    """Return the files behind a path, sorted; none where there are none."""
    if path.is_file():
        return [path]
    if path.is_dir():
        return sorted(Path(top, name) for top, _, names in os.walk(path) for name in names)
    return list_prefixed(path)


@contextmanager
def open_saved(note: SavedNote | LoadedNote) -> Iterator[list[Path]]:
    """Yield the paths to store; a held file has its original name meanwhile, by a link."""
    path = Path(note.path)
    if note.held is None:
        whole = isinstance(note, LoadedNote) and path.exists()
        yield [path] if whole or (isinstance(note, SavedNote) and note.shape != "prefix") else list_prefixed(path)
        return
    held = Path(note.held)
    named = held.parent / new_ulid() / path.name
    files.make_dir(named.parent)
    try:
        files.set_mode(held, 0o444)
        files.link(held, named)
        yield [named]
    finally:
        files.unlink(named)
        files.remove_dir(named.parent)


def has_writer(path: Path) -> bool:
    """Return True where a process may write to a file, because it has it open or mapped, or the system cannot tell.

    The system can tell only for a disk of this machine alone: elsewhere another machine may have the file open.
    """
    if not is_local(path):
        return True
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        import fcntl

        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)  # sent on a write meanwhile; the default, SIGIO, ends us
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)  # granted where there is no writer
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except (OSError, AttributeError):
        return True
    finally:
        os.close(fd)
    return False


def digest_file(path: Path, cache: Cache) -> BlobHash:
    """Return the SHA-256 of a file, which is read once while it stays the same.

    Raises:
        OSError: It cannot be read.
    """
    key = (str(path), stamp_of(path.stat()))
    if key not in cache:
        cache[key] = sha256_of_file(path)
    return cache[key]
