"""Files read in threads: each is judged by the digest that is asked for, and trouble ends all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.ids import BlobHash
from registry_cli.registry.fsck import digests
from registry_cli.registry.fsck.digests import GONE, Reader, Reading
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.progress import SILENT, Unit
from tests.interrupts import interrupt_everywhere

DATA = b"weights"
RIGHT = digest_bytes(DATA)
OTHER = digest_bytes(b"other")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


def test_each_file_is_judged_by_its_digest(file: Path, tmp_path: Path) -> None:
    readings = [
        Reading(file, RIGHT.sha256, RIGHT.xxh3, "right"),
        Reading(file, RIGHT.sha256, None, "right by SHA-256"),
        Reading(file, RIGHT.sha256, OTHER.xxh3, "named with a wrong XXH3"),
        Reading(file, OTHER.sha256, RIGHT.xxh3, "a twin: only SHA-256 would tell"),
        Reading(file, OTHER.sha256, OTHER.xxh3, "wrong"),
        Reading(file, OTHER.sha256, None, "wrong by SHA-256"),
        Reading(tmp_path / "none", RIGHT.sha256, None, "gone"),
        Reading(tmp_path, RIGHT.sha256, None, "folder"),
    ]
    reader = Reader(SILENT)
    bad = {found.subject: problem for found, problem in reader.list_bad(readings)}
    assert bad == {
        "wrong": "does not hold the bytes it was given",
        "wrong by SHA-256": "does not hold the bytes it was given",
        "gone": GONE,
        "folder": f"cannot be read: {os.strerror(21)}",
    }
    assert reader.read == 6 * len(DATA)


def test_trouble_ends_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Angry:
        told = 0

        def start(self, label: str, total: int | None, unit: Unit) -> None:
            pass

        def advance(self, n: int) -> None:
            self.told += 1
            raise KeyboardInterrupt

        def stop(self) -> None:
            pass

    angry = Angry()
    monkeypatch.setattr(digests, "READERS", 1)
    with pytest.raises(KeyboardInterrupt):
        Reader(angry).list_bad(Reading(file, BlobHash("0" * 64), None, number) for number in range(100))
    assert angry.told == 1


def test_no_interrupt_leaves_it_waiting(file: Path) -> None:
    readings = [Reading(file, RIGHT.sha256, RIGHT.xxh3, number) for number in range(3)]
    assert interrupt_everywhere(lambda: Reader(SILENT).list_bad(readings)) > 20


def test_no_more_is_listed_than_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "READERS", 1)
    reader, ahead = Reader(SILENT), list[int]()

    def iter_readings() -> Iterator[Reading[int]]:
        for number in range(10):
            ahead.append(number - reader.read // len(DATA))
            yield Reading(file, RIGHT.sha256, None, number)

    assert reader.list_bad(iter_readings()) == []
    assert set(ahead) == {0}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    [(_, problem)] = Reader(SILENT).list_bad([Reading(tmp_path / "pipe", RIGHT.sha256, None, "pipe")])
    assert problem == "cannot be read: not a regular file"
