"""The names that one commit gives and counts on, kept true until its entry has a slot, whatever a collector does.

Knows nothing of how the files came into `tmp/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.errors import ConflictError, CorruptError
from registry_cli.store import files, flushing, trash
from registry_cli.store.hashing import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.ids import BlobHash
    from registry_cli.store.layout import Layout
    from registry_cli.store.syncfs import WholeSync


class Placing:
    """Names of blobs and records.

    Attributes:
        staged: Names still to be given, each with the durable file in `tmp/` that shall have it.
        hits: Names that were there when we looked, to be counted on.
        placed: What has its name, each with the file in `tmp/` that holds the bytes too, where we wrote it.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.staged: dict[Path, Path] = {}
        self.hits: set[Path] = set()
        self.placed: dict[Path, Path | None] = {}

    def place(self, whole: WholeSync | None = None) -> None:
        """Give all names, durably, and bring back what a collector took since the last time.

        Args:
            whole: Flushes all folders at once, where they are many.

        Raises:
            ConflictError: A collector has deleted bytes that were stored when we looked.
        """
        for target, file in self.staged.items():
            self._link(file, target)
        lost = [target for target in self.placed if not files.exists(target)]
        stale = [target for target in self.hits if not files.freshen(target)]
        for target in [*lost, *stale]:
            if not self._bring_back(target):
                raise ConflictError(f"{_short(target)} was collected while it was added", hint="run the command again")
        flushing.flush_dirs((target.parent for target in [*self.staged, *self.hits, *lost]), whole)
        self.placed |= {**self.staged, **dict.fromkeys(self.hits)}
        self.staged.clear()
        self.hits.clear()

    def restore_lost(self) -> None:
        """Bring back what a collector took between `place` and our slot in the log.

        Raises:
            CorruptError: It is not in the trash either: somebody else deleted it.
        """
        for target in self.placed:
            if not files.exists(target):
                if not self._bring_back(target):
                    raise CorruptError(f"{_short(target)} was deleted while it was added")
                files.flush_dir(target.parent)

    def set_aside(self, target: Path, sha256: BlobHash) -> None:
        """Make room for good bytes; what another process has put there since we looked gets its name back."""
        try:
            aside = trash.set_aside(self._layout, target)
        except FileNotFoundError:  # a collector took it while we looked
            return
        if sha256_of_file(aside) == sha256:
            self._link(aside, target)

    def _bring_back(self, target: Path) -> bool:
        ours = self.placed.get(target)
        if ours is not None and files.exists(ours):
            self._link(ours, target)
            return True
        return trash.bring_back(self._layout, target)

    def _link(self, source: Path, target: Path) -> None:
        try:
            files.link(source, target)
        except FileExistsError:
            files.freshen(target)  # another process brought the same bytes
        except FileNotFoundError:
            if files.is_dir(target.parent):
                raise
            # a copy of the registry may have lost its empty folders
            files.make_dirs(target.parent, shared=self._layout.shared, inside=True)
            files.link(source, target)


def _short(target: Path) -> str:
    return f"{target.parent.name}{target.name[:8]}"
