"""The index on disk: compared table by table, never touched, and blamed for nothing that it may be."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.fsck.report import Report
from tests.builders import add
from tests.faults.test_rot import digest_tree


@pytest.fixture
def closed(registry: Registry) -> Registry:
    """A registry with two versions whose index is closed."""
    add(registry, "p/a", tags=())
    add(registry, "p/b")
    registry.close()
    return registry


def change(registry: Registry, statement: str) -> None:
    with closing(sqlite3.connect(registry.layout.index)) as db, db:
        db.execute(statement)


def problems(report: Report) -> list[tuple[str, str]]:
    return [(damage.kind, damage.problem) for damage in report.damages]


@pytest.mark.sweep(3)
@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE versions SET comment = 'a lie' WHERE row = 2", "its table `versions` is not what the log says"),
        ("DELETE FROM files WHERE version = 2", "its table `files` is not what the log says"),
        ("INSERT INTO tags VALUES (1, 'prod')", "its table `tags` is not what the log says"),
        ("DROP INDEX tags_tag", "has unexpected tables"),
        ("DROP TABLE tags", "has unexpected tables"),
        ("UPDATE stamp SET value = 'no' WHERE key = 'seq'", "has no readable stamp"),
        ("DELETE FROM stamp WHERE key = 'digest'", "has no readable stamp"),
        ("UPDATE stamp SET value = 'no' WHERE key = 'digest'", "its stamp names another entry than the log holds"),
    ],
)
def test_a_lie_in_the_index_is_found(closed: Registry, statement: str, problem: str) -> None:
    assert not check_registry(closed).damages
    change(closed, statement)
    assert problems(check_registry(closed)) == [("index", problem)]


@pytest.mark.parametrize("key", ["schema", "registry"])
def test_an_index_of_another_program_is_only_noted(closed: Registry, key: str) -> None:
    change(closed, f"UPDATE stamp SET value = '0' WHERE key = '{key}'")
    report = check_registry(closed)
    assert not report.damages
    assert report.notes == ("the index is of another program or registry: it will be rebuilt",)


def test_an_index_behind_the_log_is_as_it_should_be(closed: Registry) -> None:
    stale = closed.layout.index.read_bytes()
    add(closed, "p/c")
    closed.close()
    closed.layout.index.write_bytes(stale)
    report = check_registry(closed)
    assert (report.damages, report.notes) == ((), ())


@pytest.mark.slow
def test_an_index_in_use_is_read_through_its_journal(registry: Registry) -> None:
    add(registry, "p/a")
    with closing(sqlite3.connect(registry.layout.index)) as holder:  # keeps the journal
        holder.execute("SELECT 1 FROM versions").fetchone()
        add(registry, "p/b")
        assert registry.layout.index.with_name("index.sqlite-wal").stat().st_size
        before = digest_tree(registry.path)
        assert not check_registry(registry).damages
        assert digest_tree(registry.path) == before
        registry.index.db.execute("UPDATE versions SET comment = 'a lie'")
        assert problems(check_registry(registry)) == [("index", "its table `versions` is not what the log says")]


def test_the_fast_look_sees_a_cut_index(closed: Registry) -> None:
    path = closed.layout.index
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    (damage,) = check_registry(closed, "fast").damages
    assert (damage.kind, damage.path) == ("index", Path(path))


def test_an_index_that_must_be_rolled_back_is_left_alone(closed: Registry) -> None:
    change(closed, "UPDATE versions SET comment = 'half written'")
    closed.layout.index.with_name("index.sqlite-journal").write_bytes(b"what was there before")
    report = check_registry(closed)
    assert not report.damages
    assert len(report.notes) == 1


@pytest.mark.slow
def test_an_index_that_a_killed_process_left_is_read(registry: Registry, tmp_path: Path) -> None:
    add(registry, "p/a")
    add(registry, "p/b")
    registry.index.db.execute("UPDATE versions SET comment = 'a lie'")
    copy = tmp_path / "copy" / ".registry"
    shutil.copytree(registry.path, copy)
    with Registry.open(copy) as left:
        assert problems(check_registry(left)) == [("index", "its table `versions` is not what the log says")]
        left.layout.index.with_name("index.sqlite-shm").unlink()
        report = check_registry(left)
        assert not report.damages
        assert report.notes[0].startswith("the index could not be read: ")
