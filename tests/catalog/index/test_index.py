"""The index: a cache that is made anew on any doubt, and never in the way."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli import process
from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.record_source import RecordSource
from registry_cli.catalog.index import sqlite_file
from registry_cli.catalog.index.index import Index
from registry_cli.catalog.index.place import Place, find_place
from registry_cli.catalog.read import versions
from registry_cli.catalog.read.models import list_lines
from registry_cli.catalog.schema import SCHEMA
from registry_cli.errors import CorruptError
from registry_cli.ids import ModelName, RecordId, TagName, VersionId
from registry_cli.records.codec import load_version
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.store.layout import DIRECTORY, Layout
from registry_cli.store.mounts import is_local
from tests.catalog.builders import REGISTRY_ID, Forger, dump_tables, make_entry, make_record

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")


@pytest.fixture
def forger(tmp_path: Path) -> Forger:
    """A log of three versions, one of them published, and one void entry."""
    forger = Forger(tmp_path / DIRECTORY)
    first = forger.add("a/m")
    forger.add("a/m", parents=(first,), metrics={"acc": 0.5})
    forger.add("b/n", metadata={"owner": "risk"})
    forger.entry(changes.publish(first, RecordId("ab" * 32)))
    forger.entry(changes.tag(first, add=[TagName("x")]), changes.restore(first))
    return forger


def _path(forger: Forger) -> Path:
    forger.layout.cache.mkdir(exist_ok=True)
    return forger.layout.index


def _dump(index: Index) -> object:
    return dump_tables(index.db)


def _truth(forger: Forger) -> object:
    with closing(forger.index()) as fresh:
        return _dump(fresh)


def _stamp(path: Path, key: str, value: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE stamp SET value = ? WHERE key = ?", (value, key))


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _drop_stamp(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM stamp WHERE key = 'seq'")


def _drop_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE stamp")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "truncated": _truncate,
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"no database at all" * 1000),
    "other schema": lambda path: _stamp(path, "schema", str(SCHEMA + 1)),
    "other registry": lambda path: _stamp(path, "registry", "01JOTHER"),
    "seq is no number": lambda path: _stamp(path, "seq", "many"),
    "seq is beyond the log": lambda path: _stamp(path, "seq", "99"),
    "digest is not the log's": lambda path: _stamp(path, "digest", "00" * 32),
    "no seq": _drop_stamp,
    "no stamp": _drop_table,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_whatever_is_wrong_with_the_file_it_is_made_anew(forger: Forger, damage: str) -> None:
    path = _path(forger)
    forger.index(path).close()
    with closing(sqlite3.connect(path)) as db, db:  # a lie that only a rebuild takes away
        db.execute("UPDATE versions SET comment = 'a lie'")
    DAMAGE[damage](path)
    with closing(forger.index(path)) as index:
        assert _dump(index) == _truth(forger)
        assert index.db.execute("PRAGMA database_list").fetchall()[0][2] == str(path)
    assert [file.name for file in path.parent.iterdir() if "ulid" in file.name or file.name.count("-") > 2] == []


def test_a_good_file_is_used_as_it_is(forger: Forger) -> None:
    path = _path(forger)
    forger.index(path).close()
    before = path.stat().st_ino
    with closing(forger.index(path)) as index:
        assert index.head == forger.head()
    assert path.stat().st_ino == before


def test_a_replaced_log_is_noticed(forger: Forger, tmp_path: Path) -> None:
    path = _path(forger)
    forger.index(path).close()
    other = Forger(tmp_path / "other")
    for _ in range(5):
        other.add("c/o")
    for seq in range(1, 6):
        forger.put(seq, other.log.get(seq))
    with closing(forger.index(path)) as index, pytest.raises(CorruptError, match="c/o:1 is damaged"):
        index.check_undamaged()
    for record in other.layout.records.glob("*/*.toml"):
        target = forger.layout.records / record.relative_to(other.layout.records)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(record.read_bytes())
    with closing(forger.index(path)) as index:
        assert [row.name for row in list_lines(index.db)] == ["c/o"]


def test_a_shortened_log_is_noticed(forger: Forger) -> None:
    path = _path(forger)
    forger.index(path).close()
    forger.layout.slot(5).unlink()
    with closing(forger.index(path)) as index:
        assert index.head.seq == 4
        assert _dump(index) == _truth(forger)


def test_sync_folds_only_what_is_new(forger: Forger) -> None:
    path = _path(forger)
    with closing(forger.index(path)) as one, closing(forger.index(path)) as other:
        forger.add("d/e")
        assert one.sync() == forger.head()
        forger.add("d/e")
        assert other.sync() == forger.head()  # reads the first from the file, folds the second
        assert one.sync() == forger.head()
        assert _dump(one) == _dump(other) == _truth(forger)


def test_sync_stops_at_a_broken_entry_and_stays_where_it_was(forger: Forger) -> None:
    with closing(forger.index(_path(forger))) as index:
        head, before = index.head, _dump(index)
        version = forger.add("d/e")
        forger.entry(changes.tag(version, add=[TagName("x")]), previous="00" * 32)
        for _ in range(2):
            with pytest.raises(CorruptError, match=r"000007\.toml"):
                index.sync()
            assert (index.head, _dump(index)) == (head, before)


def test_rehearse_leaves_no_trace(forger: Forger) -> None:
    with closing(forger.index(_path(forger))) as index:
        before = _dump(index)
        version, data = make_record("z/z")
        entry = make_entry(6, changes.add_version(version, ModelName("z/z")))
        index.expect(version, load_version(data, "it"))
        assert index.rehearse(entry) is None
        assert index.rehearse(make_entry(6, changes.restore(VersionId(RecordId("00" * 32))))) is not None
        assert _dump(index) == before


def test_append_folds_the_entry_even_if_the_slot_is_not_seen(forger: Forger) -> None:
    with closing(forger.index(_path(forger))) as index:
        entry = make_entry(6, changes.setting("s", 1), previous=index.head.digest)
        assert index.append(entry, b"its bytes") is None
        assert versions.read_settings(index.db) == {"s": 1}
        assert index.head.seq == 6


@pytest.mark.parametrize(
    "read",
    [
        Index.check_writable,
        Index.check_undamaged,
        lambda index: index.read(versions.read_settings),
        lambda index: index.rehearse(make_entry(6, changes.setting("s", 1))),
        lambda index: index.append(make_entry(6, changes.setting("s", 1), previous=index.head.digest), b"its bytes"),
    ],
)
def test_an_index_that_breaks_while_it_is_open_stops_nobody(forger: Forger, read: Callable[[Index], object]) -> None:
    with closing(forger.index(_path(forger))) as index:
        for table in ("stamp", "settings", "entries"):
            index.db.execute(f"DROP TABLE {table}")
        read(index)
        assert dump_tables(index.db)


def test_nothing_is_folded_inside_a_snapshot(forger: Forger) -> None:
    path = _path(forger)
    with closing(forger.index(path)) as index:
        inode = path.stat().st_ino
        forger.add("d/e")
        with pytest.raises(RuntimeError, match="inside a snapshot"):
            index.read(lambda _db: index.sync())
        assert path.stat().st_ino == inode


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "WAIT", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_locked_index_is_worked_around(forger: Forger) -> None:
    path = _path(forger)
    forger.index(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        forger.add("d/e")
        started = time.monotonic()
        with closing(forger.index(path)) as index:
            assert time.monotonic() - started < 2
            assert _dump(index) == _truth(forger)
            forger.add("d/e")
            index.sync()
            assert _dump(index) == _truth(forger)
        holder.execute("ROLLBACK")
    with closing(forger.index(path)) as index:
        assert _dump(index) == _truth(forger)


@pytest.mark.usefixtures("impatient")
def test_a_locked_index_does_not_stop_a_commit(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        forger = Forger(registry.path)
        forger.add("a/m")
        assert registry.get_row("a/m").tags == ()
        with closing(sqlite3.connect(registry.layout.index, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            for tag in ("one", "two"):
                tag_versions(registry, ["a/m"], add=[TagName(tag)])
            assert time.monotonic() - started < 2
            assert registry.get_row("a/m").tags == ("one", "two")
            holder.execute("ROLLBACK")
        with Registry.open(tmp_path) as other:
            assert other.get_row("a/m").tags == ("one", "two")


@pytest.mark.usefixtures("impatient")
def test_an_index_locked_for_reading_too_is_worked_around(forger: Forger) -> None:
    path = _path(forger)
    forger.index(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        with closing(Index(forger.layout, forger.log, REGISTRY_ID, Place(path, local=False))) as index:
            assert _dump(index) == _truth(forger)


@pytest.mark.usefixtures("impatient")
def test_a_reader_of_an_index_without_wal_stops_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "prefer_wal", lambda _db: None)
    with Registry.init(tmp_path) as registry:
        Forger(registry.path).add("a/m")
        assert registry.get_row("a/m").tags == ()
        with closing(sqlite3.connect(registry.layout.index, isolation_level=None)) as holder:
            holder.execute("BEGIN")
            assert holder.execute("SELECT * FROM stamp").fetchone()
            for tag in ("one", "two"):
                tag_versions(registry, ["a/m"], add=[TagName(tag)])
            assert registry.get_row("a/m").tags == ("one", "two")
        with Registry.open(tmp_path) as other:
            assert other.get_row("a/m").tags == ("one", "two")


@pytest.mark.usefixtures("impatient")
def test_an_open_index_that_is_locked_for_reading_too_is_left(forger: Forger) -> None:
    path = _path(forger)
    with closing(Index(forger.layout, forger.log, REGISTRY_ID, Place(path, local=False))) as index:
        forger.add("d/e")
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            index.sync()
            assert _dump(index) == _truth(forger)


def test_without_a_place_it_lives_in_memory(forger: Forger) -> None:
    with closing(forger.index()) as index:
        assert index.head == forger.head()
    with closing(forger.index(forger.layout.root / "format.toml" / "no-folder" / "index.sqlite")) as index:
        assert index.head == forger.head()
    assert not forger.layout.cache.exists()


def test_an_index_that_is_no_file_is_worked_around(forger: Forger) -> None:
    path = _path(forger)
    path.mkdir()
    with closing(forger.index(path)) as index:
        assert _dump(index) == _truth(forger)


def test_off_a_local_disk_it_keeps_a_rollback_journal(forger: Forger) -> None:
    path = _path(forger)
    with closing(Index(forger.layout, forger.log, REGISTRY_ID, Place(path, local=False))) as index:
        assert index.db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with closing(forger.index(path)) as index:
        assert index.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_place_is_in_the_registry_where_it_can_be(tmp_path: Path) -> None:
    layout = Layout(tmp_path / DIRECTORY)
    layout.cache.mkdir(parents=True)

    def never() -> Path:
        raise AssertionError("the cache folder is asked only when needed")

    if not is_local(tmp_path):
        pytest.skip("the tests lie on a network file system")
    assert find_place(layout, "id", never) == Place(layout.index)


@needs_root
def test_an_index_of_somebody_else_is_ignored(tmp_path: Path) -> None:
    with Registry.init(tmp_path / "there") as registry:
        forger = Forger(registry.path)
        forger.add("a/m")
        assert registry.get_row("a/m").comment is None
        with registry.index.db:
            registry.index.db.execute("UPDATE versions SET comment = 'a lie'")
        index = registry.layout.index
    os.chown(index, 12345, 12345)
    home = tmp_path / "cache"
    assert find_place(registry.layout, registry.id, lambda: home).path == home / f"{registry.id}.sqlite"
    with Registry.open(tmp_path / "there") as registry:
        assert registry.get_row("a/m").comment is None
        assert index.stat().st_uid == 12345


def test_where_nothing_can_be_written_there_is_no_place(tmp_path: Path) -> None:
    layout = Layout(tmp_path / DIRECTORY)  # has no cache folder, as on a read-only disk

    def no_home() -> Path:
        return tmp_path / "file" / "home"

    (tmp_path / "file").write_text("")
    assert find_place(layout, "id", no_home) == Place(None)
    assert find_place(layout, "id", lambda: tmp_path / "home").path == tmp_path / "home" / "id.sqlite"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_registry_is_indexed_in_the_cache_folder(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        Forger(registry.path).add("a/m")
    registry.layout.cache.chmod(0o555)
    try:
        with Registry.open(tmp_path) as registry:
            assert registry.get_row("a/m").number == 1
        assert not registry.layout.index.exists()
    finally:
        registry.layout.cache.chmod(0o755)


def test_rows_are_the_same_however_their_record_comes(forger: Forger) -> None:
    version, data = make_record("a/m", metrics={"acc": 0.5}, parents=("ab" * 32,))
    source = RecordSource(forger.layout)
    with pytest.raises(CorruptError, match=version[2:]):
        source.get(version)
    source.expect(version, load_version(data, "it"))
    expected = source.get(version)
    forger.put_record(version, data)
    assert RecordSource(forger.layout).get(version) == expected
    forger.layout.record(version).write_bytes(data + b"#")
    with pytest.raises(CorruptError):
        RecordSource(forger.layout).get(version)


@pytest.mark.parametrize("is_command", [True, False])
def test_only_a_command_maps_its_index(is_command: bool, forger: Forger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cuts the file short ends each process that has mapped it (SIGBUS); that must be no training."""
    monkeypatch.setattr(process, "is_command", is_command)
    with closing(forger.index(_path(forger))) as index:
        (mapped,) = index.db.execute("PRAGMA mmap_size").fetchone()
    assert bool(mapped) is is_command
