"""A check of the whole registry: what it counts, finds, forgives, and what others may do meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.rows import VersionRow
from registry_cli.ids import BlobHash, RecordId, VersionId
from registry_cli.records.codec import dump_entry, dump_publication, load_entry
from registry_cli.records.version import Publication
from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.fsck.report import Report
from registry_cli.registry.get import open_path
from registry_cli.registry.lifecycle import publish_versions, remove_versions
from registry_cli.store import trash
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.log import digest_entry
from registry_cli.store.progress import Unit
from tests.builders import add, add_path, write
from tests.catalog.builders import Forger


def blob_of(registry: Registry, row: VersionRow) -> Path:
    assert row.files[0].sha256
    return registry.layout.blob(row.files[0].sha256)


def rot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def told(report: Report) -> list[tuple[str, str, list[str]]]:
    """Return kind, problem and models of each damage."""
    return [(each.kind, each.problem, [report.names[user] for user in each.users]) for each in report.damages]


@pytest.mark.slow
def test_a_whole_registry_is_whole_and_counted(registry: Registry) -> None:
    row = add(registry, "p/a", b"1234")
    add(registry, "p/b", b"12345678", design=None)
    publish_versions(registry, ["p/a:1"])
    open_path(registry, row)
    report = check_registry(registry)
    assert (report.damages, report.notes, report.names) == ((), (), {})
    counts = report.counts
    assert (counts.entries, counts.records, counts.blobs, counts.views, counts.size) == (3, 3, 2, 1, 12)
    assert check_registry(registry, "fast").counts.read == 0
    assert check_registry(registry, "strong").counts.read >= counts.read >= 12


def test_an_empty_registry_is_whole(registry: Registry) -> None:
    assert check_registry(registry) == Report("default")


def test_what_git_does_not_keep_is_not_missed(registry: Registry) -> None:
    add(registry, "p/a")
    registry.close()
    for folder in sorted(registry.path.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    assert not check_registry(registry).damages


@pytest.mark.slow
def test_every_version_that_names_a_blob_is_touched_but_those_removed(registry: Registry) -> None:
    row = add(registry, "p/a", b"shared")
    add(registry, "p/b", b"shared")
    add(registry, "p/c", b"shared")
    remove_versions(registry, ["p/b:1"])
    rot(blob_of(registry, row))
    assert told(check_registry(registry)) == [("blob", "does not hold the bytes it was given", ["p/a:1", "p/c:1"])]
    remove_versions(registry, ["p/a:1", "p/c:1"])
    assert told(check_registry(registry))[0][2] == ["p/a:1", "p/b:1", "p/c:1"]
    blob_of(registry, row).unlink()
    assert not check_registry(registry).damages


@pytest.mark.slow
def test_the_fast_look_reads_no_blob(registry: Registry) -> None:
    row = add(registry, "p/a", b"12345")
    rot(blob_of(registry, row))
    assert not check_registry(registry, "fast").damages
    blob_of(registry, row).write_bytes(b"1234")
    assert told(check_registry(registry, "fast")) == [("blob", "has 4 bytes instead of 5", ["p/a:1"])]


@pytest.mark.slow
def test_bytes_in_the_trash_serve_and_are_checked_there(registry: Registry) -> None:
    row = add(registry, "p/a")
    place = trash.sweep(registry.layout, blob_of(registry, row))
    assert place
    report = check_registry(registry)
    assert (report.damages, report.notes) == ((), ("1 blob in the trash that something needs: reg repair",))
    assert place.exists()
    assert not blob_of(registry, row).exists()
    rot(place)
    assert told(check_registry(registry)) == [("trash", "does not hold the bytes it was given", ["p/a:1"])]
    trash.set_aside(registry.layout, place.rename(blob_of(registry, row)))
    report = check_registry(registry)
    assert told(report) == [("blob", "is missing", ["p/a:1"])]
    assert report.notes == ("1 damaged file put aside in the trash",)


def test_what_no_version_names_is_counted_and_read_only_when_strong(registry: Registry) -> None:
    digests = digest_bytes(b"nobody's")
    path = write(registry.layout.blob(digests.sha256), b"nobody'S")
    report = check_registry(registry)
    assert (report.damages, report.notes) == ((), ("1 blob that nothing names, 8 bytes: reg gc",))
    (damage,) = check_registry(registry, "strong").damages
    assert (damage.kind, damage.path, damage.users) == ("blob", path, ())


@pytest.mark.slow
def test_an_external_file_is_missed_only_where_it_was_kept(registry: Registry) -> None:
    forger = Forger(registry.path)
    forger.add("far/away")
    assert not check_registry(registry).damages
    digests = digest_bytes(b"bytes")
    (version,) = registry.index.db.execute("SELECT id FROM versions").fetchone()
    forger.entry(changes.digest(version, "m.bin", size=5, sha256=digests.sha256, xxh3=digests.xxh3))
    assert not check_registry(registry).damages
    write(registry.layout.blob(digests.sha256), b"bYtes")
    assert told(check_registry(registry)) == [("blob", "does not hold the bytes it was given", ["far/away:1"])]


def test_foreign_files_are_noted(registry: Registry) -> None:
    add(registry, "p/a")
    for place in ("blobs/x", "blobs/aa/x", "records/x", "records/aa/x.toml", "log/x", "log/000000/9.toml", "views/x"):
        write(registry.path / place)
    report = check_registry(registry)
    assert not report.damages
    assert report.notes == (
        "2 files in records/ that reg did not put there, such as .registry/records/x",
        "2 files in log/ that reg did not put there, such as .registry/log/000000/9.toml",
        "2 files in blobs/ that reg did not put there, such as .registry/blobs/x",
        "1 file in views/ that reg did not put there, such as .registry/views/x",
    )


def test_a_folder_that_is_none_is_found(registry: Registry) -> None:
    registry.layout.hooks.rmdir()
    write(registry.layout.hooks)
    registry.layout.turn.unlink()
    assert told(check_registry(registry)) == [
        ("layout", "is no folder", []),
        ("layout", "is missing: writers cannot take turns", []),
    ]


@pytest.mark.parametrize("text", ["author = [", "no = 'such'", "views = 'sideways'", "'gc.grace' = '1d'"])
def test_settings_that_make_no_sense_are_found(text: str, registry: Registry) -> None:
    registry.layout.config.write_text(text)
    ((kind, _, models),) = told(check_registry(registry))
    assert (kind, models) == ("config", [])


def test_an_entry_that_was_replaced_is_told_by_the_next(registry: Registry) -> None:
    rows = [add(registry, f"p/{name}") for name in "abc"]
    registry.close()
    path = registry.layout.slot(2)
    entry = load_entry(path.read_bytes(), "it")
    forged = dump_entry(type(entry)(**{**{key: getattr(entry, key) for key in entry.__slots__}, "author": "mallory"}))
    path.chmod(0o600)
    path.write_bytes(forged)
    report = check_registry(registry)
    next_one = registry.log.where(3)
    problem = f"is not the entry that {next_one} follows; 1 readable entry follows it"
    assert told(report) == [("log", problem, ["p/b:1"])]
    assert (report.damages[0].seq, report.damages[0].users) == (2, (rows[1].id,))


def test_an_entry_that_stands_for_another_is_noted(registry: Registry) -> None:
    forger = Forger(registry.path)
    add(registry, "p/a")
    lost = digest_entry(registry.log.get(1))
    add(registry, "p/b")
    entry = load_entry(registry.log.get(1), "it")
    fields = {key: getattr(entry, key) for key in entry.__slots__}
    registry.layout.slot(1).unlink()
    forger.put(1, dump_entry(type(entry)(**{**fields, "stands_for": lost})))
    registry.close()
    registry.layout.index.unlink()
    report = check_registry(registry)
    assert not report.damages
    assert f"{registry.log.where(1)} stands for an entry that was lost" in report.notes


@pytest.mark.slow
def test_an_end_that_is_lost_is_told_by_the_index_alone(registry: Registry) -> None:
    for name in "abcd":
        add(registry, f"p/{name}")
    registry.close()
    for seq in (3, 4):
        registry.layout.slot(seq).unlink()
    problem = "is missing, and the index knows that it was written; the log ends there"
    assert told(check_registry(registry)) == [("log", problem, ["p/c:1"]), ("log", problem, ["p/d:1"])]
    registry.layout.index.unlink()
    assert not check_registry(registry).damages


def test_a_newest_entry_that_was_replaced_is_told_by_the_index(registry: Registry) -> None:
    add(registry, "p/a")
    registry.close()
    entry = load_entry(registry.log.get(1), "it")
    fields = {key: getattr(entry, key) for key in entry.__slots__}
    registry.layout.slot(1).unlink()
    Forger(registry.path).put(1, dump_entry(type(entry)(**{**fields, "author": "mallory"})))
    assert told(check_registry(registry)) == [
        ("log", "is not the entry that the index knows; the log ends there", ["p/a:1"])
    ]


def test_void_entries_are_noted(registry: Registry) -> None:
    forger = Forger(registry.path)
    for _ in range(12):
        forger.entry(changes.archive(VersionId(RecordId("0" * 64))))
    report = check_registry(registry)
    assert not report.damages
    assert len([note for note in report.notes if " is void: " in note]) == 10
    assert "2 more entries are void: reg events" in report.notes


def test_a_publication_of_something_else_is_found(registry: Registry) -> None:
    row, other = add(registry, "p/a"), add(registry, "p/b", b"other")
    data = dump_publication(Publication(other.id, datetime.now(UTC), "tester", other.files, None, {}, None, (), {}))
    record = RecordId(digest_bytes(data).sha256)
    forger = Forger(registry.path)
    forger.put_record(VersionId(record), data)
    forger.entry(changes.publish(row.id, record))
    (damage,) = check_registry(registry).damages
    assert (damage.kind, damage.record, damage.problem) == ("record", record, "seals something else than its version")
    assert damage.users == (row.id,)


def test_a_view_shows_its_files_and_nothing_else(registry: Registry, tmp_path: Path) -> None:
    paths = [write(tmp_path / "in" / name, name.encode()) for name in ("a.bin", "b.bin", "c.bin")]
    row = add_path(registry, "p/a", *paths).version
    registry.settings.set("views", "copy")
    folder = open_path(registry, row)
    rot(folder / "a.bin")
    (folder / "b.bin").unlink()
    write(folder / "extra.bin")
    write(registry.layout.views / f"{row.id}.json", b"{")
    assert [(Path(each.path).name, each.problem) for each in check_registry(registry).damages] == [
        (f"{row.id}.json", "cannot be read"),
        ("a.bin", "does not hold the bytes it was given"),
        ("b.bin", "is missing"),
        ("extra.bin", "belongs to no file of the version"),
    ]


@pytest.mark.slow
def test_a_view_that_is_another_name_of_its_blob_is_read_once(registry: Registry) -> None:
    row = add(registry, "p/a", b"weights" * 100)
    registry.settings.set("views", "hardlink")
    open_path(registry, row)
    assert check_registry(registry).counts.read == 700
    rot(blob_of(registry, row))
    assert [kind for kind, *_ in told(check_registry(registry))] == ["blob"]


class Meddler:
    """Does something when a piece of the check begins."""

    def __init__(self, label: str, action: Callable[[], object]) -> None:
        self._label, self._action = label, action

    def start(self, label: str, total: int | None, unit: Unit) -> None:
        if label == self._label:
            self._action()

    def advance(self, n: int) -> None:
        pass

    def stop(self) -> None:
        pass


@pytest.mark.parametrize("label", ["log", "blobs", "views"])
def test_others_may_work_meanwhile(label: str, registry: Registry) -> None:
    row = add(registry, "p/a", b"going")
    add(registry, "p/b", b"staying")
    open_path(registry, row)

    def collect() -> None:
        remove_versions(registry, ["p/a:1"])
        blob_of(registry, row).unlink()
        add(registry, "p/c", b"coming")
        for path in sorted(registry.layout.view(row.id).rglob("*"), reverse=True):
            path.unlink()

    report = check_registry(registry, progress=Meddler(label, collect))
    assert report.damages == ()


@pytest.mark.slow
def test_a_blob_that_comes_and_goes_is_no_damage(registry: Registry) -> None:
    row = add(registry, "p/a")
    path = blob_of(registry, row)
    assert not check_registry(registry, progress=Meddler("blobs", lambda: trash.sweep(registry.layout, path))).damages
    back = Meddler("blobs", lambda: trash.bring_back(registry.layout, path))
    assert not check_registry(registry, progress=back).damages


def test_a_blob_that_is_no_file_is_found(registry: Registry) -> None:
    row = add(registry, "p/a")
    path = blob_of(registry, row)
    path.unlink()
    path.symlink_to(os.devnull)
    ((kind, problem, models),) = told(check_registry(registry))
    assert (kind, problem, models) == ("blob", "is no file", ["p/a:1"])
    assert BlobHash(path.parent.name + path.name) == row.files[0].sha256
