"""The fold: applies log entries to the index, one after the other. No other code writes the catalog.

An entry is all or nothing: a change that breaks a rule voids its whole entry, which is stored and reported but has no
effect. Every copy of the registry folds the same entries to the same catalog, so nothing here may read a clock, a file
or a network; records come through `version_rows` and `task_rows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.documents import dump_doc, microseconds
from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.change_shapes import find_flaw
from registry_cli.catalog.fold.effect_parts import Effect, VoidError
from registry_cli.catalog.fold.effects import HANDLERS
from registry_cli.catalog.schema import UNKNOWN
from registry_cli.catalog.seals import Seals
from registry_cli.dataclass import replace
from registry_cli.errors import CorruptError
from registry_cli.ids import EntryId, RecordId, VersionId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from registry_cli.catalog.fold.task_rows import TaskRows
    from registry_cli.catalog.fold.version_rows import VersionRows
    from registry_cli.records.entry import Entry


class Fold:
    """Applies entries to one index.

    Args:
        db: A connection inside a transaction, autocommit off.
        version_rows: Returns the rows of a version's record; raises CorruptError or NotFoundError where there are none.
        task_rows: Returns the rows of a task's record; raises the same errors.
        fresh: True where the index started empty; the caller seals it at the end.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        version_rows: Callable[[VersionId], VersionRows],
        task_rows: Callable[[RecordId], TaskRows],
        *,
        fresh: bool = False,
    ) -> None:
        self.db = db
        self.version_rows = version_rows
        self.task_rows = task_rows
        self.seals = Seals(db, fresh=fresh)
        self.entry: Entry

    def apply(self, entry: Entry) -> str | None:
        """Apply one entry and return None, or the reason why it is void.

        Raises:
            DoubtError: A row that the entry touches differs from what the fold wrote.
        """
        self.entry = entry
        if self._is_known(entry.id):
            return self._record(self._renamed(entry), [], f"entry {entry.id} is there already")
        unknown = _unknown(entry)
        if unknown:
            self.db.execute("INSERT OR REPLACE INTO stamp VALUES (?, ?)", (UNKNOWN, f"entry {entry.id} {unknown}"))
            return self._record(entry, [], f"not understood: {unknown}")
        self.db.execute("SAVEPOINT entry")
        try:
            done = [self._change(change) for change in entry.changes]
        except VoidError as broken:
            self.db.execute("ROLLBACK TO entry")
            self.db.execute("RELEASE entry")
            self.seals.drop()
            return self._record(entry, [], str(broken))
        self.db.execute("RELEASE entry")
        self.seals.flush()
        return self._record(entry, done, None)

    def _change(self, change: Mapping[str, object]) -> Effect:
        flaw = find_flaw(change)
        if flaw:
            raise VoidError(f"malformed: {flaw}")
        return HANDLERS[str(change["op"])](self, change)

    def _is_known(self, entry: EntryId) -> bool:
        return self.db.execute("SELECT 1 FROM entries WHERE id = ?", (entry,)).fetchone() is not None

    def _renamed(self, entry: Entry) -> Entry:
        """Return a forged second entry of one id under an unused id, so that the index can store it."""
        name = entry.id
        while self._is_known(name):
            name = EntryId(f"{name}~{entry.seq}")
        return replace(entry, id=name)

    def _record(self, entry: Entry, done: list[Effect], void: str | None) -> str | None:
        self.db.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)",
            (entry.seq, entry.id, microseconds(entry.time), entry.author, entry.tool, entry.message, void),
        )
        padded = done or [Effect(None, None, None)] * len(entry.changes)
        self.db.executemany(
            "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (entry.seq, position, change["op"], effect.version, effect.line, _json(change), _json(effect.before),
                 *_about_task(change))
                for position, (change, effect) in enumerate(zip(entry.changes, padded, strict=True))
            ],
        )  # fmt: skip
        return void


def check_entry(entry: Entry, seq: int, previous: str, where: str) -> None:
    """Check that an entry is in its slot and holds the digest of the entry before it.

    Raises:
        CorruptError: The chain is broken.
    """
    if entry.seq != seq or entry.previous != previous:
        raise CorruptError(f"{where} does not follow the entry before it: one of the two was changed")


def _unknown(entry: Entry) -> str | None:
    if entry.rules > changes.RULES:
        return f"follows rules {entry.rules}, this program knows rules up to {changes.RULES}"
    ops = sorted({str(change["op"]) for change in entry.changes} - changes.OPS.keys())
    return f"holds {', '.join(ops)}, which this program does not know" if ops else None


def _about_task(change: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Return the task and the record of a `task` change, or None for each that is not text in a malformed change."""
    if change["op"] != changes.TASK:
        return None, None
    task, record = change.get("task"), change.get("record")
    return task if isinstance(task, str) else None, record if isinstance(record, str) else None


def _json(table: Mapping[str, object] | None) -> str | None:
    return None if table is None else dump_doc(table)
