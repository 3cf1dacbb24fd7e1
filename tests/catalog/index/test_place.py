"""Where an index may lie, and which files SQLite may open there: nothing that somebody else could have put."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli.catalog.index.admission import APPLICATION, BESIDE, find_strange, read_header
from registry_cli.catalog.index.place import Place, find_place
from registry_cli.catalog.schema import SCHEMA
from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.store.mounts import is_local
from tests.builders import add


@pytest.fixture
def there(tmp_path: Path) -> Registry:
    """A closed registry of one version, with an index."""
    with Registry.init(tmp_path / "there") as registry:
        add(registry, "p/m")
    if not is_local(tmp_path):
        pytest.skip("the tests lie on a network file system")
    return registry


def place_of(registry: Registry, home: Path) -> Place:
    return find_place(registry.layout, registry.id, lambda: home)


def test_an_index_says_in_its_header_that_it_is_one(there: Registry) -> None:
    assert read_header(str(there.layout.index)) == (APPLICATION, SCHEMA)


@pytest.mark.parametrize("folder", ["root", "cache"])
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_where_others_can_put_files_the_index_lies_elsewhere(
    folder: str, mode: int, there: Registry, tmp_path: Path
) -> None:
    assert place_of(there, tmp_path / "home").path == there.layout.index
    getattr(there.layout, folder).chmod(mode)
    assert place_of(there, tmp_path / "home").path == tmp_path / "home" / f"{there.id}.sqlite"


def test_the_index_of_a_shared_registry_lies_elsewhere(tmp_path: Path) -> None:
    with Registry.init(tmp_path / "s", shared=True) as registry:
        assert place_of(registry, tmp_path / "home").path == tmp_path / "home" / f"{registry.id}.sqlite"


def test_an_own_registry_is_ours_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        registry = Registry.init(tmp_path / "open")
    finally:
        os.umask(before)
    assert [folder.stat().st_mode & 0o777 for folder in (registry.path, registry.layout.cache)] == [0o755, 0o755]
    assert place_of(registry, tmp_path / "home").path == registry.layout.index


def link(path: Path, aside: Path) -> None:
    path.symlink_to(aside)


def dangle(path: Path, aside: Path) -> None:
    path.symlink_to(aside.with_name("nowhere"))


def name_twice(path: Path, aside: Path) -> None:
    path.hardlink_to(aside)


def pipe(path: Path, _aside: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, _aside: Path) -> None:
    path.mkdir()


def identity(path: Path) -> tuple[int, ...]:
    status = path.lstat()
    return status.st_ino, status.st_mode, status.st_nlink, status.st_size


PLANTS = [link, dangle, name_twice, pipe, folder]


@pytest.mark.sweep(4)
@pytest.mark.parametrize("end", ["", *BESIDE])
@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_no_file_of_ours_is_left_alone(
    plant: Callable[[Path, Path], None], end: str, there: Registry, tmp_path: Path
) -> None:
    aside = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(aside)) as db, db:
        db.execute("CREATE TABLE runs (a)")
    path = Path(f"{there.layout.index}{end}")
    path.unlink(missing_ok=True)
    plant(path, aside)
    before = identity(path)
    strange = find_strange(str(there.layout.index))
    assert strange
    assert strange.startswith(f"{path} ")
    with Registry.open(there.path) as registry:
        assert registry.get_row("p/m").number == 1
        assert Path(registry.index.db.execute("PRAGMA database_list").fetchone()[2]) != there.layout.index
    assert identity(path) == before
    with closing(sqlite3.connect(aside)) as db:
        assert db.execute("SELECT * FROM runs").fetchall() == []


@pytest.mark.sweep(5)
@pytest.mark.parametrize("plant", PLANTS)
def test_fsck_names_what_is_no_file_of_ours(
    plant: Callable[[Path, Path], None], there: Registry, tmp_path: Path
) -> None:
    (tmp_path / "aside").write_bytes(b"")
    there.layout.index.unlink()
    plant(there.layout.index, tmp_path / "aside")
    with Registry.open(there.path) as registry:
        assert there.layout.index in [damage.path for damage in check_registry(registry).damages]


def test_another_programs_database_is_left_alone(there: Registry) -> None:
    index = there.layout.index
    index.unlink()
    with closing(sqlite3.connect(index)) as db, db:
        db.execute("CREATE TABLE runs (a)")
    before = index.read_bytes()
    with Registry.open(there.path) as registry:
        assert registry.get_row("p/m").number == 1
        (damage,) = check_registry(registry).damages
    assert (damage.path, damage.problem) == (index, "is another program's database")
    assert index.read_bytes() == before


def test_a_journal_that_names_a_file_to_delete_is_left_alone(there: Registry, tmp_path: Path) -> None:
    """SQLite rolls such a journal back and then deletes the file (`pager_delsuper` in its pager.c)."""
    victim = tmp_path / "id_rsa"
    victim.write_bytes(b"no journal")
    name = os.fsencode(victim)
    data = bytes.fromhex("d9d505f920a163d7") + bytes(4 * 5) + bytes(512 - 28)
    end = len(name).to_bytes(4, "big") + (sum(name) & 0xFFFFFFFF).to_bytes(4, "big")
    journal = there.layout.index.with_name("index.sqlite-journal")
    journal.write_bytes(data + b"\x00\x00\x00\x00" + name + end + data[:8])
    with Registry.open(there.path) as registry:
        assert registry.get_row("p/m").number == 1
    assert victim.exists()
    assert journal.exists()


def test_an_index_of_before_the_header_said_so_is_made_anew(there: Registry) -> None:
    with closing(sqlite3.connect(there.layout.index)) as db, db:
        db.execute("UPDATE stamp SET value = ? WHERE key = 'schema'", (str(SCHEMA - 1),))
        db.execute("UPDATE versions SET comment = 'a lie'")
        db.execute("PRAGMA application_id = 0")
        db.execute("PRAGMA user_version = 0")
    with Registry.open(there.path) as registry:
        assert registry.get_row("p/m").comment is None
        assert Path(registry.index.db.execute("PRAGMA database_list").fetchone()[2]) == there.layout.index
    assert read_header(str(there.layout.index)) == (APPLICATION, SCHEMA)


HOSTILE = {
    "endless view": (
        "DROP TABLE stamp",
        "CREATE VIEW stamp AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS key,"
        " x AS value FROM c WHERE x < 0",
    ),
    "trigger": (
        "CREATE TRIGGER evil AFTER INSERT ON entries BEGIN UPDATE versions SET comment = 'a lie'; END",
    ),
    "more tables": ("CREATE TABLE more (a)",),
    "fewer tables": ("DROP TABLE tags",),
    "another index": ("DROP INDEX tags_tag", "CREATE INDEX tags_tag ON tags (version)"),
}  # fmt: skip


@pytest.mark.sweep(3)
@pytest.mark.sweep(2)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_never_run(name: str, there: Registry) -> None:
    with closing(sqlite3.connect(there.layout.index)) as db:
        for statement in HOSTILE[name]:
            db.execute(statement)
        db.commit()
    with Registry.open(there.path) as registry:
        (damage,) = check_registry(registry).damages
        assert damage.problem in {"has unexpected tables", "is damaged inside"}
    with Registry.open(there.path) as registry:
        add(registry, "p/m")
        assert [registry.get_row(f"p/m:{number}").comment for number in (1, 2)] == [None, None]
        assert not check_registry(registry).damages
