from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.registry.init import make_registry
from registry_cli.store import files
from registry_cli.store.layout import SHARD, Layout
from registry_cli.store.log import EMPTY, LEAP, Head, Log, digest_entry
from registry_cli.store.staging import Staging
from tests.observers import Once, Recorder, fail


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path, shared=False)


def append(layout: Layout, log: Log, seq: int, data: bytes) -> bool:
    with Staging(layout) as staging:
        file = staging.write_entry(data)
        staging.install()
        return log.append(seq, file, data)


def test_an_empty_log(layout: Layout) -> None:
    log = Log(layout)
    assert log.head() == EMPTY
    assert log.find(1) is None
    assert not log.exists(1)
    with pytest.raises(CorruptError, match=r"\.registry/log/000000/000001\.toml is missing"):
        log.get(1)


def test_slots_are_taken_in_turn(layout: Layout) -> None:
    log = Log(layout)
    for seq in (1, 2, 3):
        assert append(layout, log, seq, b"entry %d" % seq)
    assert [log.get(seq) for seq in (1, 2, 3)] == [b"entry 1", b"entry 2", b"entry 3"]
    assert log.head() == Head(3, digest_entry(b"entry 3"))
    assert list(layout.tmp.iterdir()) == []


def test_a_slot_has_one_winner_and_is_never_rewritten(layout: Layout) -> None:
    assert append(layout, Log(layout), 1, b"first")
    assert not append(layout, Log(layout), 1, b"second")
    assert Log(layout).get(1) == b"first"


def test_a_link_that_succeeds_and_reports_failure(layout: Layout) -> None:
    """NFS does so when the answer to a link is lost: the slot holds our own entry, so it is ours."""
    log = Log(layout)
    once = Once("link", fail(OSError(errno.EIO, "answer lost")), when="after")
    with files.open_observer(once):
        assert append(layout, log, 1, b"mine")
    assert once.done
    assert log.get(1) == b"mine"
    assert append(layout, log, 2, b"next")


def test_a_link_that_fails_while_another_takes_the_slot(layout: Layout) -> None:
    def lose() -> None:
        assert append(layout, Log(layout), 1, b"theirs")
        raise OSError(errno.EIO, "answer lost")

    with files.open_observer(Once("link", lose)):
        assert not append(layout, Log(layout), 1, b"mine")
    assert Log(layout).get(1) == b"theirs"


def test_a_link_that_fails_for_nobody(layout: Layout) -> None:
    with files.open_observer(Once("link", fail(OSError(errno.EIO, "broken")))), pytest.raises(OSError, match="broken"):
        append(layout, Log(layout), 1, b"mine")
    assert Log(layout).head() == EMPTY


def test_a_writer_flushes_a_head_that_another_process_wrote(layout: Layout) -> None:
    append(layout, Log(layout), 1, b"1")
    log = Log(layout)
    own, other = Recorder(), Recorder()
    with files.open_observer(other):
        append(layout, log, 2, b"2")
    with files.open_observer(own):
        append(layout, log, 3, b"3")
    assert other.list_ops().count("fsync-dir") == own.list_ops().count("fsync-dir") + 1
    assert own.list_ops() == ["create", "write", "fsync", "link", "fsync-dir", "unlink"]


def test_the_first_slot_of_a_folder_makes_the_folder_durable_first(layout: Layout) -> None:
    log = Log(layout)
    assert layout.slot(SHARD).parent != layout.slot(SHARD - 1).parent
    layout.slot(SHARD - 1).parent.mkdir()
    layout.slot(SHARD - 1).write_bytes(b"last of the first folder")
    recorder = Recorder()
    with files.open_observer(recorder):
        assert append(layout, log, SHARD, b"x")
    calls = recorder.calls
    assert calls.index(("fsync-dir", str(layout.log))) < [op for op, _ in calls].index("link")
    assert log.head() == Head(SHARD, digest_entry(b"x"))


def test_an_empty_last_folder_is_no_head(layout: Layout) -> None:
    append(layout, Log(layout), 1, b"1")
    layout.slot(SHARD).parent.mkdir()
    assert Log(layout).head().seq == 1


def test_what_is_named_like_no_slot_of_ours_is_none(layout: Layout) -> None:
    append(layout, Log(layout), 1, b"1")
    for name in ("²/000000.toml", "000000/²", "000000/000009", "000000/0000009.toml", "000000/001000.toml", "0001/x"):
        path = layout.log / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert Log(layout).last() == 1
    assert Log(layout).find_leap() == (1, [])


def test_what_lies_beyond_a_leap_is_told_apart(layout: Layout) -> None:
    log = Log(layout)
    for seq in (1, 3, LEAP + 4, 2 * LEAP + 6, 20_241_123):
        layout.slot(seq).parent.mkdir(exist_ok=True)
        layout.slot(seq).touch()
    assert log.find_leap() == (LEAP + 4, [2 * LEAP + 6, 20_241_123])
    with pytest.raises(CorruptError, match=r"000002\.toml is missing"):
        log.check_end(1)


def test_a_pipe_in_a_slot_is_not_waited_for(layout: Layout) -> None:
    layout.slot(1).parent.mkdir(exist_ok=True)
    os.mkfifo(layout.slot(1))
    with pytest.raises(CorruptError, match="is not a regular file"):
        Log(layout).find(1)
    with pytest.raises(CorruptError, match="is not a regular file"):
        append(layout, Log(layout), 1, b"1")


def test_a_head_that_the_log_holds(layout: Layout) -> None:
    log = Log(layout)
    append(layout, log, 1, b"first\n")
    assert log.holds(EMPTY)
    assert log.holds(log.head())
    assert not log.holds(Head(1, digest_entry(b"another\n")))
    assert not log.holds(Head(2, digest_entry(b"first\n")))
