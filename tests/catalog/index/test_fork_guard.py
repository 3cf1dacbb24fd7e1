"""Forks beside a thread that is inside SQLite."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli import process
from registry_cli.catalog.index import sqlite_file
from tests.forks import end, fork


def look(path: Path) -> None:
    with closing(sqlite_file.connect(str(path))) as db:
        assert db.execute("SELECT count(*) FROM numbers").fetchone() == (100,)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.sqlite"
    with closing(sqlite_file.connect(str(path))) as db:
        sqlite_file.prefer_wal(db)
        db.execute("CREATE TABLE numbers (number INTEGER)")
        db.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in range(100)])
    return path


@pytest.mark.slow
def test_no_child_finds_its_locks_taken(path: Path) -> None:
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            look(path)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(150):
            assert end(fork(lambda: look(path)), seconds=20) == 0
    finally:
        over.set()
        thread.join(30)


def test_a_fork_waits_for_who_is_quiet(path: Path) -> None:
    begun, done, told = threading.Event(), threading.Event(), []

    def work() -> None:
        with process.quiet:
            begun.set()
            done.wait(0.2)
            told.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    child = fork(lambda: None)
    assert told == ["done"]
    assert end(child) == 0
    thread.join(30)


def test_every_cursor_is_guarded(path: Path) -> None:
    with closing(sqlite_file.connect(str(path))) as db:
        insert = "INSERT INTO numbers VALUES (?)"
        made = [db.cursor(), db.execute("SELECT 1"), db.execute(insert, (1,)), db.executemany(insert, [(1,)])]
        assert {type(cursor) for cursor in made} == {type(db.cursor())}
        assert type(db.cursor()) is not sqlite3.Cursor


def test_rows_may_be_left(path: Path) -> None:
    with closing(sqlite_file.connect(str(path))) as db:
        rows = iter(db.execute("SELECT number FROM numbers ORDER BY number"))
        assert [next(rows), next(rows)] == [(0,), (1,)]
        del rows
        db.execute("DROP TABLE numbers")
