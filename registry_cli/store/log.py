"""The slots of the log: numbered files, created by `link(2)`, never rewritten. Knows no entry's meaning.

No lock decides, because a stopped holder would block everyone. The first process to link the next number has the slot;
the others read what it wrote and try the number after. A slot that exists implies that its folder is durable, because
the folder is flushed before its first slot is linked.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.sha256 import sha256_hex
from registry_cli.store import files
from registry_cli.store.layout import SHARD, Layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEAP: Final = 10 * SHARD
"""Missing slots in a row beyond which a file that is not an entry is a stray file."""
CHASM: Final = 1000 * SHARD
"""Most missing slots in a row; whatever lies beyond does not belong to the log."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last slot and the SHA-256 of its bytes; slot 0 with an empty digest stands for the empty log."""

    seq: int
    digest: str


EMPTY = Head(0, "")


def digest_entry(data: bytes) -> str:
    """Return the SHA-256 by which the next entry refers to this one."""
    return sha256_hex(data)


class Log:
    """The slots of one registry."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._durable = 0
        """The last slot that this process itself made durable."""

    def find(self, seq: int) -> bytes | None:
        """Return the bytes of a slot, or None where it is free.

        Raises:
            CorruptError: Something other than a regular file lies there, or a file too large for an entry.
        """
        try:
            return files.read_small(self._layout.slot(seq))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def get(self, seq: int) -> bytes:
        """Return the bytes of a slot.

        Raises:
            CorruptError: It is missing, or as in `find`.
        """
        data = self.find(seq)
        if data is None:
            raise CorruptError(f"{self.where(seq)} is missing")
        return data

    def exists(self, seq: int) -> bool:
        """Return whether a slot is taken."""
        return files.exists(self._layout.slot(seq))

    def holds(self, head: Head) -> bool:
        """Return whether the log still has the content it had when its last slot was `head`."""
        if head == EMPTY:
            return True
        data = self.find(head.seq)
        return data is not None and digest_entry(data) == head.digest

    def head(self) -> Head:
        """Return the last slot."""
        last = self.last()
        return Head(last, digest_entry(self.get(last))) if last else EMPTY

    def last(self) -> int:
        """Return the highest slot that is taken, 0 where none is; slots before it may be missing."""
        for shard in reversed(self._list_shards()):
            taken = max((seq for seq in self._iter_slots(shard) if self.exists(seq)), default=0)
            if taken:
                return taken
        return 0

    def find_leap(self) -> tuple[int, list[int]]:
        """Return the last slot before a leap of missing slots, and the taken slots beyond the leap."""
        last = 0
        taken = sorted(seq for shard in self._list_shards() for seq in self._iter_slots(shard))
        for at, seq in enumerate(taken):
            missing = seq - last - 1
            if missing > CHASM or (missing > LEAP and not any(map(self._holds_entry, taken[at:]))):
                return last, taken[at:]
            last = seq
        return last, []

    def find_seq(self, path: Path) -> int | None:
        """Return the slot whose path is `path`, or None: foreign files may lie there too."""
        seq = int(path.stem) if path.stem.isdecimal() else 0
        return seq if seq and path == self._layout.slot(seq) else None

    def check_end(self, seq: int) -> None:
        """Check that the log ends with slot `seq`, or continues right after it.

        Raises:
            CorruptError: A slot is missing in the middle.
        """
        if self.last() > seq and not self.exists(seq + 1):
            raise CorruptError(f"{self.where(seq + 1)} is missing")

    def where(self, seq: int) -> str:
        """Return a slot's path in the form that messages show."""
        path = self._layout.slot(seq)
        return str(path.relative_to(self._layout.root.parent))

    def append(self, seq: int, file: str, data: bytes) -> bool:
        """Link the durable file `file`, whose bytes are `data`, to slot `seq`.

        Returns:
            False where another writer has the slot.

        Raises:
            OSError: The slot could not be linked, and is free.
            CorruptError: It is a hole in the log: the slot after it is taken.
        """
        slot = self._layout.slot(seq)
        if self.exists(seq + 1) and not self.exists(seq):
            raise CorruptError(f"{self.where(seq)} is missing")
        if seq % SHARD == 0 or seq == 1:
            if files.make_dir(slot.parent, shared=self._layout.shared):
                files.give_to_owner(slot.parent)
            files.flush_dir(self._layout.log)
        if seq == 1:  # the process that made the registry may have died before its name was durable
            files.flush_dir(self._layout.root.parent)
        if seq > 1 and self._durable != seq - 1:  # the head may be linked and not yet flushed
            files.flush_dir(self._layout.slot(seq - 1).parent)
        try:
            files.link(file, slot)
        except OSError:
            # a network file system may report failure after success: the slot itself shows which
            taken = self.find(seq)
            if taken is None:
                raise
            if taken != data:
                return False
        files.flush_dir(slot.parent)
        self._durable = seq
        return True

    def _holds_entry(self, seq: int) -> bool:
        from registry_cli.records.codec import load_entry  # listing versions need not load it

        with suppress(CorruptError, OSError):
            return load_entry(self.get(seq), self.where(seq)).seq == seq
        return False

    def _list_shards(self) -> list[Path]:
        """Return the folders, lowest slots first."""
        names = [name for name, is_folder in files.list_entries(self._layout.log) if is_folder and name.isdecimal()]
        return [self._layout.log / name for name in sorted(names, key=int)]

    def _iter_slots(self, shard: Path) -> Iterator[int]:
        return (seq for name in files.list_names(shard) if (seq := self.find_seq(shard / name)))
