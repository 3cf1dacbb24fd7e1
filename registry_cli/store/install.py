"""The names that one commit gives and counts on, kept true until its entry has a slot, whatever a collector does.

Knows nothing of how the files came into `tmp/`.
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
"""Names from which on it pays to list a folder of the fan-out once."""
_SMALL: Final = 1 << 16
"""Bytes of a folder with some hundred names; of a larger one each name is asked for."""
_UNKNOWN: Final[Container[str]] = ()


class Placing:
    """Names of blobs and records, as texts: they may be many.

    Attributes:
        staged: Names still to be given, each with the durable file in `tmp/` that shall have it.
        hits: Names that were there when we looked, to be counted on.
        placed: What has its name, each with the file in `tmp/` that holds the bytes too, where we wrote it.
    """

    def __init__(self, layout: Layout, number: int = 0) -> None:
        """Begin.

        Args:
            layout: Where.
            number: Names that will be asked for; of many, each small folder is listed once.
        """
        self._layout = layout
        self._listed: dict[str, Container[str]] | None = {} if number >= LIST else None
        self.staged: dict[str, str] = {}
        self.hits: set[str] = set()
        self.placed: dict[str, str | None] = {}

    def is_there(self, target: str) -> bool:
        """Return whether a name is taken; of many, whether it was when the first in its folder was asked for."""
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
        """Give all names, durably, and bring back what a collector took since the last time.

        Args:
            whole: Flushes all folders at once, where they are many.

        Raises:
            ConflictError: A collector has deleted bytes that were stored when we looked.
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
        """Bring back what a collector took between `place` and our slot in the log.

        Raises:
            CorruptError: It is not in the trash either: somebody else deleted it.
        """
        with hold_folders():
            for target in self.placed:
                if not files.exists(target):
                    if not self._bring_back(target):
                        raise CorruptError(f"{_short(target)} was deleted while it was added")
                    files.flush_dir(_parent(target))

    def set_aside(self, target: str, sha256: BlobHash) -> None:
        """Make room for good bytes; what another process has put there since we looked gets its name back."""
        try:
            aside = trash.set_aside(self._layout, Path(target))
        except FileNotFoundError:  # a collector took it while we looked
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
            files.freshen(target)  # another process brought the same bytes
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
