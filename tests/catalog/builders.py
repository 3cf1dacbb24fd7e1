"""Small catalogs for tests, and a forger: it writes what a program with other ideas of the rules would write."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from registry_cli.catalog.fold.changes import Change, add_version
from registry_cli.catalog.fold.fold import Fold
from registry_cli.catalog.fold.task_rows import TaskRows, load_task_rows
from registry_cli.catalog.fold.version_rows import VersionRows, load_version_rows
from registry_cli.catalog.index.index import Index
from registry_cli.catalog.index.place import Place
from registry_cli.catalog.schema import INDEXES, TABLES
from registry_cli.catalog.seals import seal_all
from registry_cli.dataclass import replace
from registry_cli.errors import CorruptError
from registry_cli.ids import EntryId, ModelName, RecordId, TaskId, VersionId, new_ulid, parse_model_name
from registry_cli.records.codec import dump_entry, dump_version
from registry_cli.records.entry import Entry
from registry_cli.records.parts import FileEntry, Parent
from registry_cli.records.task import Recipe, Task
from registry_cli.records.task_codec import dump_task
from registry_cli.records.version import VersionRecord
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.layout import DIRECTORY, Layout
from registry_cli.store.log import Head, Log, digest_entry

START = datetime(2026, 1, 1, tzinfo=UTC)
REGISTRY_ID = "01JTESTTESTTESTTESTTESTTES"


def make_record(model: str = "a/m", *, parents: tuple[str, ...] = (), **fields: Any) -> tuple[VersionId, bytes]:
    """Return a version's id and its record's bytes."""
    version = VersionRecord(
        model=parse_model_name(model),
        nonce=str(fields.pop("nonce", None) or new_ulid()),
        created=fields.pop("created", START),
        author="tester",
        files=fields.pop("files", (FileEntry("m.bin", url="https://example.org/m.bin"),)),
        parents=tuple(Parent(VersionId(RecordId(parent)), "base") for parent in parents),
        **fields,
    )
    data = dump_version(version)
    return VersionId(RecordId(digest_bytes(data).sha256)), data


def make_task(**fields: Any) -> Task:
    """Return a task, a draft unless `fields` say otherwise."""
    given: dict[str, Any] = {
        "id": TaskId(new_ulid()), "name": "train", "project": "iris", "status": "draft", "attempt": 0, "created": START,
        "author": "tester", "recipe": Recipe(("python", "train.py")), **fields,
    }  # fmt: skip
    return Task(**given)


def make_entry(seq: int, *wanted: Change, previous: str = "", message: str | None = None, **fields: Any) -> Entry:
    """Return an entry; `fields` replace any of its attributes."""
    entry = Entry(
        seq=seq,
        previous=previous,
        id=EntryId(new_ulid()),
        time=START + timedelta(seconds=seq),
        author="tester",
        tool="reg 0",
        rules=1,
        message=message,
        changes=tuple(wanted),
    )
    return replace(entry, **fields)


class Catalog:
    """A fold in memory: no disk, no log."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.executescript(TABLES + INDEXES)
        seal_all(self.db)
        self._version_rows: dict[VersionId, VersionRows] = {}
        self._tasks: dict[RecordId, TaskRows] = {}
        self._lost: set[RecordId] = set()
        self._seq = 0

    def apply(self, *wanted: Change, message: str | None = None) -> str | None:
        self._seq += 1
        fold = Fold(self.db, self._version_rows.__getitem__, self._get_task)
        return fold.apply(make_entry(self._seq, *wanted, message=message))

    def know(self, model: str = "a/m", **fields: Any) -> VersionId:
        """Make a record that can be added."""
        version, data = make_record(model, **fields)
        self._version_rows[version] = load_version_rows(version, data)
        return version

    def lose(self, record: RecordId) -> None:
        """Let a task's record be one that cannot be read."""
        self._lost.add(record)

    def _get_task(self, record: RecordId) -> TaskRows:
        if record in self._lost:
            raise CorruptError(f"record {record[:12]} is missing")
        return self._tasks[record]

    def know_task(self, **fields: Any) -> RecordId:
        """Make a task's record that a change can bring."""
        data = dump_task(make_task(**fields))
        record = RecordId(digest_bytes(data).sha256)
        self._tasks[record] = load_task_rows(record, data)
        return record

    def add(self, model: str = "a/m", **fields: Any) -> VersionId:
        """Add a version."""
        version = self.know(model, **fields)
        assert self.apply(add_version(version, ModelName(model))) is None
        return version


class Forger:
    """Writes records and log entries straight into a registry's folders, past every check of ours."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root if root.name == DIRECTORY else root / DIRECTORY)
        self.layout.log.mkdir(parents=True, exist_ok=True)
        self.log = Log(self.layout)

    def record(self, model: str = "a/m", **fields: Any) -> VersionId:
        version, data = make_record(model, **fields)
        self.put_record(version, data)
        return version

    def put_record(self, version: VersionId, data: bytes) -> None:
        path = self.layout.record(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def entry(self, *wanted: Change, message: str | None = None, **fields: Any) -> Entry:
        """Put an entry into the next slot; the chain is right unless `fields` say otherwise."""
        head = self.head()
        entry = make_entry(head.seq + 1, *wanted, previous=head.digest, message=message)
        entry = replace(entry, **fields)
        self.put(head.seq + 1, dump_entry(entry))
        return entry

    def put(self, seq: int, data: bytes) -> None:
        slot = self.layout.slot(seq)
        slot.parent.mkdir(exist_ok=True)
        slot.write_bytes(data)

    def add(self, model: str = "a/m", **fields: Any) -> VersionId:
        version = self.record(model, **fields)
        self.entry(add_version(version, parse_model_name(model)))
        return version

    def head(self) -> Head:
        seq = 0
        while self.log.exists(seq + 1):
            seq += 1
        return Head(seq, digest_entry(self.log.get(seq)) if seq else "")

    def index(self, path: Path | None = None, registry: str = REGISTRY_ID) -> Index:
        """Open an index on the log; in memory without a path."""
        return Index(self.layout, self.log, registry, Place(path))


def dump_tables(db: sqlite3.Connection) -> Mapping[str, list[tuple[object, ...]]]:
    """Return everything that an index holds."""
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}
