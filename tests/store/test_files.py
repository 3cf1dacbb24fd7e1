"""Only what no test of a caller shows."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from registry_cli.store.files import AppendFile, open_observer
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
