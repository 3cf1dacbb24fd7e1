from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli.tasks.capture import digests
from registry_cli.tasks.capture.digests import digest_files


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files old enough to be remembered; nobody can set when a file was changed, so the patience is."""
    monkeypatch.setattr(digests, "_RACY", -3_600_000_000_000)
    paths = [tmp_path / "data" / str(number) for number in range(5)]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_text(path.name * 100)
    return paths


def real(paths: list[Path]) -> list[tuple[int, str]]:
    return [(path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]


def rows(cache: Path) -> int:
    with sqlite3.connect(cache) as db:
        count: int = db.execute("SELECT count(*) FROM digests").fetchone()[0]
    db.close()
    return count


def forge(cache: Path) -> None:
    db = sqlite3.connect(cache)
    db.execute("UPDATE digests SET sha256 = ?", ("f" * 64,))
    db.commit()
    db.close()


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, data: list[Path]) -> None:
    cache = tmp_path / "cache"
    assert digest_files(data, cache) == real(data)
    forge(cache)
    assert {one[1] for one in digest_files(data, cache) if isinstance(one, tuple)} == {"f" * 64}


def test_what_has_changed_is(tmp_path: Path, data: list[Path]) -> None:
    cache = tmp_path / "cache"
    digest_files(data, cache)
    forge(cache)
    status = data[1].stat()
    data[0].write_text("other")
    data[1].write_text("x" * status.st_size)  # as long, and as old
    os.utime(data[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(data[2], data[3])
    found = digest_files([data[0], data[1], data[3], data[4]], cache)
    assert found[:3] == real([data[0], data[1], data[3]])
    assert found[3] == (data[4].stat().st_size, "f" * 64)


def test_young_files_are_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "young").write_text("1")
    cache = tmp_path / "cache"
    assert digest_files([tmp_path / "young"], cache) == real([tmp_path / "young"])
    assert rows(cache) == 0


def test_the_same_file_twice(tmp_path: Path, data: list[Path]) -> None:
    assert digest_files([data[0], data[0]], tmp_path / "cache") == real([data[0], data[0]])


def test_nothing(tmp_path: Path) -> None:
    assert digest_files([], tmp_path / "cache") == []


def test_a_broken_memory_is_made_anew(tmp_path: Path, data: list[Path]) -> None:
    cache = tmp_path / "cache"
    cache.write_bytes(b"no database at all" * 999)
    assert digest_files(data, cache) == real(data)
    assert digest_files(data, cache) == real(data)
    assert rows(cache) == 5


def test_a_memory_with_other_tables(tmp_path: Path, data: list[Path]) -> None:
    cache = tmp_path / "cache"
    db = sqlite3.connect(cache)
    db.execute("CREATE TABLE digests (x)")
    db.close()
    assert digest_files(data, cache) == real(data)


@pytest.mark.parametrize("place", ["gone/cache", "data"])
def test_where_nothing_can_be_remembered(tmp_path: Path, data: list[Path], place: str) -> None:
    assert digest_files(data, tmp_path / place) == real(data)


@pytest.mark.slow
def test_many_processes_at_once(tmp_path: Path, data: list[Path]) -> None:
    code = (
        "import sys; from pathlib import Path; from registry_cli.tasks.capture import digests; digests._RACY = -10**15;"
        "print(digests.digest_files(list(map(Path, sys.argv[2:])), Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache"), *map(str, data)]
    root = Path(__file__).parents[3]
    runs = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {run.communicate()[0].strip() for run in runs} == {str(real(data))}
    assert rows(tmp_path / "cache") == 5


def test_a_file_that_cannot_be_read_holds_no_other_up(tmp_path: Path, data: list[Path]) -> None:
    for _ in range(2):
        first, gone, folder, last = digest_files([data[0], tmp_path / "gone", tmp_path, data[1]], tmp_path / "cache")
        assert [first, last] == real(data[:2])
        assert isinstance(gone, FileNotFoundError)
        assert isinstance(folder, OSError)
