"""Only what no test of a caller shows."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.store.files import SMALL, open_observer, read_small
from registry_cli.store.new_file import AppendFile
from tests.observers import Once, Recorder, fail


def test_a_file_grows_and_is_never_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for data in (b"one\n", b"two\n"):
        file = AppendFile(path)
        file.write(data)
        file.close()
        file.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_two_writers_do_not_overwrite_each_other(tmp_path: Path) -> None:
    one, two = AppendFile(tmp_path / "log"), AppendFile(tmp_path / "log")
    one.write(b"a\n")
    two.write(b"b\n")
    one.write(b"c\n")
    assert (tmp_path / "log").read_bytes() == b"a\nb\nc\n"
    assert (one.written, two.written) == (4, 2)
    one.close()
    two.close()


def test_the_seam_sees_an_append_and_children_do_not_inherit_it(tmp_path: Path) -> None:
    recorder = Recorder()
    with open_observer(recorder):
        file = AppendFile(tmp_path / "log")
        file.write(b"abc")
        file.flush()
        assert fcntl.fcntl(file.fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        file.close()
    assert recorder.list_ops() == ["create", "write", "fsync"]
    assert recorder.written == 3


def test_it_says_how_far_a_failed_write_came(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "log")
    file.write(b"abc")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with open_observer(Once("write", fail(full))), pytest.raises(OSError, match="No space"):
        file.write(b"def")
    assert file.written == 3
    file.close()


@pytest.mark.parametrize("size", [0, 1, 4096, 100_000])
def test_a_small_file_is_read_whole(size: int, tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(os.urandom(size))
    assert read_small(path) == path.read_bytes()


def test_what_is_missing_is_told_as_the_system_does(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError):
        read_small(tmp_path / "none")
    with pytest.raises(NotADirectoryError):
        read_small(tmp_path / "file" / "below")


def test_what_is_no_small_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(CorruptError, match=f"{path} is not a regular file"):
            read_small(path)
    huge = tmp_path / "huge"
    huge.touch()
    os.truncate(huge, SMALL + 1)
    with pytest.raises(CorruptError, match="more than 268,435,456 bytes"):
        read_small(huge)
