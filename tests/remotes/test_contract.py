"""The contract of the port, kept by every remote."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest

from registry_cli.errors import RemoteError
from registry_cli.remotes.folder import FolderRemote
from registry_cli.remotes.port import LONGEST_KEY, PART, AbsentError, Remote, is_key
from tests.remotes.faults import FaultRemote
from tests.remotes.memory import MemoryRemote

MAKE: dict[str, Callable[[Path], Remote]] = {
    "memory": lambda _: MemoryRemote(),
    "folder": lambda path: FolderRemote(path / "remote"),
    "shared folder": lambda path: FolderRemote(path / "remote", shared=True),
    "memory, behind a connection that is good": lambda _: FaultRemote(MemoryRemote()),
}
KEYS = ("a-b/x", "a/b", "a/c/d", "a0", "log/0009", "log/0010", "log/seg/0001-1000")
"""Keys in their order; `-` comes before `/`, and `0` after it."""
BAD_KEYS = (
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    "..",
    "a/../b",
    "../a",
    ".a",
    "a/.b",
    "a b",
    "a\0",
    "ä",
    "a\n",
    "a" * (LONGEST_KEY + 1),
)


@pytest.fixture(params=MAKE)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    return MAKE[request.param](tmp_path)


def test_an_object_is_read_as_it_was_created(remote: Remote) -> None:
    assert remote.put_new("a/b", b"0123456789")
    assert remote.get("a/b", most=100) == b"0123456789"
    assert remote.get("a/b", 3, most=4) == b"3456"
    assert remote.get("a/b", 8, most=4) == b"89"
    assert remote.get("a/b", 10, most=4) == remote.get("a/b", 99, most=4) == b""
    status = remote.head("a/b")
    assert status is not None
    assert (status.key, status.size) == ("a/b", 10)


def test_an_object_is_made_of_all_of_an_open_file(remote: Remote, tmp_path: Path) -> None:
    data = bytes(range(256)) * (PART // 256 + 1)
    (tmp_path / "source").write_bytes(data)
    with (tmp_path / "source").open("rb") as file:
        assert remote.put_new("whole", file)
        file.read(7)
        assert remote.put_new("again", file)
    assert b"".join(remote.get("whole", at, most=PART) for at in range(0, len(data), PART)) == data
    assert remote.get("again", most=100) == data[:100]


def test_an_object_may_be_empty(remote: Remote) -> None:
    assert remote.put_new("nothing", b"")
    assert remote.get("nothing", most=1) == b""
    assert not remote.put_new("nothing", b"something")


def test_an_object_is_created_once(remote: Remote) -> None:
    assert remote.put_new("log/0001", b"first")
    assert not remote.put_new("log/0001", b"second")
    assert not remote.put_new("log/0001", io.BytesIO(b"second") if isinstance(remote, MemoryRemote) else b"second")
    assert remote.get("log/0001", most=10) == b"first"


def test_one_of_many_creates_it(remote: Remote) -> None:
    for turn in range(20):
        start = Barrier(8)
        won: list[int] = []

        def create(who: int, key: str, start: Barrier, won: list[int]) -> None:
            start.wait()
            if remote.put_new(key, b"%d" % who):
                won.append(who)

        threads = [Thread(target=create, args=(who, f"race/{turn}", start, won)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [b"%d" % who for who in won] == [remote.get(f"race/{turn}", most=10)]


def test_what_is_not_there(remote: Remote) -> None:
    remote.put_new("there", b"x")
    with pytest.raises(AbsentError):
        remote.get("a/b", most=1)
    with pytest.raises(AbsentError):
        remote.get("there/b", most=1)
    assert remote.head("a/b") is None
    assert remote.head("there/b") is None
    assert not remote.put_if("a/b", b"x", "1")
    assert list(remote.list_after("a/")) == []
    remote.delete("a/b")
    remote.delete("there/b")
    assert remote.head("there") is not None


def test_an_object_is_replaced_by_those_who_know_its_tag(remote: Remote) -> None:
    remote.put_new("head", b"one")
    first = remote.head("head")
    assert first is not None
    assert remote.put_if("head", b"two", first.tag)
    assert not remote.put_if("head", b"six", first.tag)
    assert remote.get("head", most=10) == b"two"
    second = remote.head("head")
    assert second is not None
    assert second.tag != first.tag
    assert remote.put_if("head", b"six", second.tag)
    assert remote.get("head", most=10) == b"six"


def test_one_of_many_replaces_it(remote: Remote) -> None:
    remote.put_new("counter", b"0")

    def count() -> None:
        while True:
            status = remote.head("counter")
            assert status is not None
            number = int(remote.get("counter", most=10))
            if remote.put_if("counter", b"%d" % (number + 1), status.tag):
                return

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert remote.get("counter", most=10) == b"8"


def test_a_list_is_sorted_and_goes_on_after_a_key(remote: Remote) -> None:
    for key in reversed(KEYS):
        remote.put_new(key, key.encode())
    assert tuple(sorted(KEYS)) == KEYS
    for after in ("", *KEYS, "a", "a/", "a/b/c", "log", "log/", "z"):
        for prefix in ("", "a", "a/", "a/c", "log/", "log/00", "log/seg/", "b", "log/0009"):
            expected = [key for key in KEYS if key.startswith(prefix) and key > after]
            assert [one.key for one in remote.list_after(prefix, after)] == expected, (prefix, after)
    assert [one.size for one in remote.list_after("log/")] == [8, 8, 17]


def test_an_object_is_deleted(remote: Remote) -> None:
    remote.put_new("a/b", b"x")
    remote.delete("a/b")
    assert remote.head("a/b") is None
    assert list(remote.list_after("")) == []
    assert remote.put_new("a/b", b"y")


@pytest.mark.parametrize("key", BAD_KEYS)
def test_what_is_no_key_is_refused(remote: Remote, key: str) -> None:
    assert not is_key(key)
    with pytest.raises(RemoteError, match="is no key of an object"):
        remote.put_new(key, b"x")
