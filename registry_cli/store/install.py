"""Gives files of one commit their names, and keeps these names existing until its entry has a slot.

A collector may run at any time and remove such names. Knows nothing of how the files came into `tmp/`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.errors import ConflictError, CorruptError
from registry_cli.store import files, flushing, trash
from registry_cli.store.beneath import hold_folders
from registry_cli.store.hashing import sha256_of_file
from registry_cli.store.layout import FANOUT

if TYPE_CHECKING:
    from collections.abc import Container

    from registry_cli.ids import BlobHash
    from registry_cli.store.beneath import AnyPath
    from registry_cli.store.layout import Layout
    from registry_cli.store.syncfs import WholeSync


LIST: Final = 8 * len(FANOUT)
"""Names from which on it pays to list each folder of the fan-out once."""
_SMALL: Final = 1 << 16
"""Bytes of a folder with some hundred names; in a larger one each name is checked by itself."""
_UNKNOWN: Final[Container[str]] = ()


class Placing:
    """The names of blobs and records that a commit needs, as texts because they may be many.

    Attributes:
        staged: Names still to be given, each with the durable file in `tmp/` that gets it.
        hits: Names that existed when they were checked, and that the commit needs.
        placed: Names that exist, each with the file in `tmp/` that holds the bytes too, or None where another process
            wrote them.
    """

    def __init__(self, layout: Layout, number: int = 0) -> None:
        """Start with no names.

        Args:
            layout: The registry.
            number: Number of names that will be checked; for many, each small folder is listed once.
        """
        self._layout = layout
        self._listed: dict[str, Container[str]] | None = {} if number >= LIST else None
        self.staged: dict[str, str] = {}
        self.hits: set[str] = set()
        self.placed: dict[str, str | None] = {}

    def is_there(self, target: str) -> bool:
        """Return whether a name exists, or for many names, existed when the first in its folder was checked."""
        if self._listed is None:
            return files.exists(target)
        folder, _, name = target.rpartition("/")
        if folder not in self._listed:
            status = files.find_status(folder)
            small = status is not None and status.st_size <= _SMALL
            self._listed[folder] = frozenset(files.list_names(Path(folder))) if small else _UNKNOWN
        names = self._listed[folder]
        return files.exists(target) if names is _UNKNOWN else name in names

    def place(self, whole: WholeSync | None = None) -> None:
        """Give all staged names, durably, and restore names that a collector has removed since the last call.

        Args:
            whole: Flushes all folders at once, where they are many.

        Raises:
            ConflictError: A collector has deleted bytes that were stored when they were checked.
        """
        with hold_folders():
            for target, file in self.staged.items():
                self._link(file, target)
            lost = [target for target in self.placed if not files.exists(target)]
            stale = [target for target in self.hits if not files.freshen(target)]
            for target in [*lost, *stale]:
                if not self._bring_back(target):
                    problem = f"{_short(target)} was collected while it was added: the command can run again"
                    raise ConflictError(problem)
        flushing.flush_dirs({_parent(target) for target in [*self.staged, *self.hits, *lost]}, whole)
        self.placed |= {**self.staged, **dict.fromkeys(self.hits)}
        self.staged.clear()
        self.hits.clear()

    def restore_lost(self) -> None:
        """Restore names that a collector has removed between `place` and our slot in the log.

        Raises:
            CorruptError: The bytes are not in the trash either: something else deleted them.
        """
        with hold_folders():
            for target in self.placed:
                if not files.exists(target):
                    if not self._bring_back(target):
                        raise CorruptError(f"{_short(target)} was deleted while it was added")
                    files.flush_dir(_parent(target))

    def set_aside(self, target: str, sha256: BlobHash) -> None:
        """Move damaged bytes away; good bytes that another process has placed there meanwhile get their name back."""
        try:
            aside = trash.set_aside(self._layout, Path(target))
        except FileNotFoundError:  # a collector has removed it meanwhile
            return
        if sha256_of_file(aside) == sha256:
            self._link(aside, target)

    def _bring_back(self, target: str) -> bool:
        ours = self.placed.get(target)
        if ours is not None and files.exists(ours):
            self._link(ours, target)
            return True
        return trash.bring_back(self._layout, Path(target))

    def _link(self, source: AnyPath, target: str) -> None:
        try:
            files.link(source, target)
        except FileExistsError:
            files.freshen(target)  # another process has stored the same bytes
        except FileNotFoundError:
            folder = Path(target).parent
            if files.is_dir(folder):
                raise
            # a copy of the registry may have lost its empty folders
            files.make_dirs(folder, shared=self._layout.shared, inside=True)
            files.link(source, target)


def _parent(target: str) -> str:
    return target.rpartition("/")[0]


def _short(target: str) -> str:
    *_, folder, name = target.split("/")
    return f"{folder}{name[:8]}"
