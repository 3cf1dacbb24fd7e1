from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from registry_cli.catalog.read.journal import iter_changes
from registry_cli.catalog.read.rows import VersionRow
from registry_cli.errors import ConflictError, CorruptError, NotFoundError, RefusedError, RemoteError, UsageError
from registry_cli.ids import parse_model_name
from registry_cli.registry import intake
from registry_cli.registry.add import add_files, add_url
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.external import fetch_file
from registry_cli.registry.get import get_file, get_version, open_path, write_stream
from registry_cli.registry.lifecycle import publish_versions
from registry_cli.registry.moving import Mode
from registry_cli.registry.verify import list_faults
from registry_cli.store import files
from registry_cli.store.format import Format, dump_format
from registry_cli.store.hashing import digest_bytes
from tests.builders import add, add_path, write
from tests.observers import Once, Recorder

MEBI = 1 << 20


def spoil(registry: Registry, data: bytes, bad: bytes) -> Path:
    blob = registry.layout.blob(digest_bytes(data).sha256)
    blob.unlink()
    blob.write_bytes(bad)
    return blob


def add_folder(registry: Registry, folder: Path, content: dict[str, bytes]) -> VersionRow:
    for name, data in content.items():
        write(folder / name, data)
    return add_path(registry, "a/b", folder).version


@pytest.mark.parametrize("size", [0, 7, 3 * MEBI])
def test_the_bytes_come_back(size: int, registry: Registry, tmp_path: Path) -> None:
    data = os.urandom(size)
    row = add(registry, "a/b", data)
    [written] = get_version(registry, row, tmp_path / "new" / "folder")
    assert written.new
    assert written.path == tmp_path / "new" / "folder" / "m.bin"
    assert written.path.read_bytes() == data


@pytest.mark.parametrize("mode", ["copy", "reference", "link"])
def test_a_file_that_could_be_executed_can_be_again(mode: Mode, registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write(folder / "run.sh", b"#!/bin/sh\n").chmod(0o755)
    write(folder / "data", b"1").chmod(0o666)
    row = add_files(registry, Draft(parse_model_name("a/b")), [folder], mode=mode).version
    assert [file.executable for file in row.files] == [False, True]
    get_version(registry, row, tmp_path / "back")
    umask = os.umask(0)
    os.umask(umask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "back").iterdir()}
    assert modes == {"data": 0o666 & ~umask, "run.sh": 0o777 & ~umask}


def test_an_executable_is_one_among_thousands(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SHARED_OUT", 2)
    for name in ("a", "b", "c"):
        write(tmp_path / "out" / name, name.encode()).chmod(0o700 if name == "b" else 0o600)
    row = add_path(registry, "a/b", tmp_path / "out").version
    assert [file.executable for file in row.files] == [False, True, False]


def test_a_file_that_becomes_executable_makes_a_version(registry: Registry, tmp_path: Path) -> None:
    file = write(tmp_path / "run.sh", b"#!/bin/sh\n")
    assert add_path(registry, "a/b", file).version.number == 1
    file.chmod(0o755)
    assert add_path(registry, "a/b", file).version.number == 2
    assert add_path(registry, "a/b", file).version.number == 2


def test_an_identical_file_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    row = add(registry, "a/b", b"weights")
    target = write(tmp_path / "m.bin", b"weights")
    before = target.stat()
    recorder = Recorder()
    with files.open_observer(recorder):
        assert [written.new for written in get_version(registry, row, tmp_path)] == [False]
        assert not get_file(registry, row, target).new
    assert set(recorder.calls) == {("fsync-dir", str(tmp_path))}, "its name may be that of a run that was cut short"
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_different_file_is_replaced_only_by_force(registry: Registry, tmp_path: Path) -> None:
    row = add_folder(registry, tmp_path / "out", {"a": b"1", "b": b"2", "c": b"3"})
    target = tmp_path / "back"
    write(target / "a", b"1")
    write(target / "b", b"mine")
    with pytest.raises(ConflictError, match="b exists and differs") as caught:
        get_version(registry, row, target)
    assert caught.value.hint == "reg model get --help"
    assert sorted(path.name for path in target.iterdir()) == ["a", "b"]
    assert [written.new for written in get_version(registry, row, target, force=True)] == [False, True, True]
    assert (target / "b").read_bytes() == b"2"


def test_one_file_under_another_name(registry: Registry, tmp_path: Path) -> None:
    row = add(registry, "a/b", b"weights")
    target = tmp_path / "other.bin"
    assert get_file(registry, row, target).new
    assert target.read_bytes() == b"weights"
    target.write_bytes(b"mine")
    with pytest.raises(ConflictError):
        get_file(registry, row, target)
    assert get_file(registry, row, target, force=True).new
    assert target.read_bytes() == b"weights"


@pytest.mark.parametrize("force", [False, True])
def test_a_pipe_or_device_is_written_into_and_stays(force: bool, registry: Registry, tmp_path: Path) -> None:
    data = os.urandom(3 * MEBI)
    row = add(registry, "a/b", data)
    (tmp_path / "back").mkdir()
    os.mkfifo(tmp_path / "back" / "m.bin")
    for target in (tmp_path / "back" / "m.bin", tmp_path / "back"):
        got: list[bytes] = []
        reader = threading.Thread(target=lambda got=got: got.append((tmp_path / "back" / "m.bin").read_bytes()))
        reader.start()
        if target.is_dir():
            get_version(registry, row, target, force=force)
        else:
            assert get_file(registry, row, target, force=force).new
        reader.join()
        assert got == [data]
    (tmp_path / "null").symlink_to("/dev/null")
    get_file(registry, row, tmp_path / "null", force=force)
    get_file(registry, row, Path("/dev/null"), force=force)
    assert (tmp_path / "null").is_symlink()
    assert Path("/dev/null").is_char_device()


def test_a_pipe_gets_no_byte_of_a_rotten_blob(registry: Registry, tmp_path: Path) -> None:
    row = add(registry, "a/b", b"weights")
    spoil(registry, b"weights", b"weightX")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(CorruptError):
        get_file(registry, row, tmp_path / "pipe")
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b""


@pytest.mark.parametrize("force", [False, True])
def test_a_link_or_folder_in_the_way_is_refused(force: bool, registry: Registry, tmp_path: Path) -> None:
    row = add_folder(registry, tmp_path / "out", {"a": b"1", "b": b"2"})
    other = write(tmp_path / "other", b"precious")
    back = tmp_path / "back"
    (back / "a").mkdir(parents=True)
    with pytest.raises(ConflictError, match="a is a folder, and never replaced"):
        get_version(registry, row, back, force=force)
    (back / "a").rmdir()
    (back / "a").symlink_to(other)
    with pytest.raises(ConflictError, match=f"a is a link to {other}"):
        get_version(registry, row, back, force=force)
    assert other.read_bytes() == b"precious"
    assert [path.name for path in back.iterdir()] == ["a"], "nothing is written where something is in the way"
    other.write_bytes(b"1")
    assert [written.new for written in get_version(registry, row, back)] == [False, True], "the same through a link"


def test_a_file_that_appears_while_others_are_written_is_not_replaced(registry: Registry, tmp_path: Path) -> None:
    row = add_folder(registry, tmp_path / "out", {"a": b"1", "b": b"2"})
    target = tmp_path / "back"
    with (
        files.open_observer(Once("fsync", lambda: write(target / "b", b"precious"))),
        pytest.raises(ConflictError, match="b exists by now"),
    ):
        get_version(registry, row, target)
    assert (target / "b").read_bytes() == b"precious"
    assert all(not path.name.startswith(".") for path in target.iterdir())


def test_what_was_got_is_durable(registry: Registry, tmp_path: Path) -> None:
    row = add_folder(registry, tmp_path / "out", {"a": b"1", "sub/b": b"2"})
    target = tmp_path / "new" / "back"
    recorder = Recorder()
    with files.open_observer(recorder):
        get_version(registry, row, target)
    for op, path in recorder.calls:
        if op == "link":
            assert ("fsync", path) in recorder.calls[: recorder.calls.index(("link", path))]
    last = {path for op, path in recorder.calls[-2:] if op == "fsync-dir"}
    assert last == {str(target), str(target / "sub")}
    made = [path for op, path in recorder.calls if op == "mkdir"]
    flushed = [path for op, path in recorder.calls if op == "fsync-dir"]
    assert {os.path.dirname(path) for path in made} <= set(flushed)


def test_many_files_are_not_one(registry: Registry, tmp_path: Path) -> None:
    row = add_folder(registry, tmp_path / "out", {"a": b"1", "b": b"2"})
    with pytest.raises(UsageError, match="has 2 files, not one"):
        get_file(registry, row, tmp_path / "x")
    with pytest.raises(UsageError):
        write_stream(registry, row, 1)


def test_a_stream(registry: Registry) -> None:
    data = os.urandom(3 * MEBI)
    row = add(registry, "a/b", data)
    reader, writer = os.pipe()

    def feed() -> None:
        try:
            write_stream(registry, row, writer)
        finally:
            os.close(writer)

    thread = threading.Thread(target=feed)
    thread.start()
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == data
    thread.join()


def test_a_rotten_blob_writes_nothing(registry: Registry, tmp_path: Path) -> None:
    row = add(registry, "a/b", b"weights")
    spoil(registry, b"weights", b"weightX")
    target = write(tmp_path / "back" / "m.bin", b"old")
    with pytest.raises(CorruptError, match=r"a/b:1: m\.bin: blob") as caught:
        get_version(registry, row, tmp_path / "back", force=True)
    assert caught.value.exit_code == 14
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as pipe:
        with pytest.raises(CorruptError):
            write_stream(registry, row, writer)
        os.close(writer)
        assert pipe.read() == b""
    with pytest.raises(CorruptError):
        open_path(registry, row)


def test_faults(registry: Registry) -> None:
    row = add(registry, "a/b", b"weights")
    assert list_faults(registry, row) == list_faults(registry, row, strong=True) == []
    blob = spoil(registry, b"weights", b"weightX")
    for strong in (False, True):
        [fault] = list_faults(registry, row, strong=strong)
        assert fault.what == "m.bin"
        assert "does not hold" in fault.problem
    blob.unlink()
    assert "is missing" in list_faults(registry, row)[0].problem


def test_faults_of_a_record_and_a_publication(registry: Registry) -> None:
    add(registry, "a/b")
    [row] = publish_versions(registry, ["a/b:1"])
    assert row.publication is not None
    assert list_faults(registry, row) == []
    for record in (row.id, row.publication):
        path = registry.layout.record(record)
        good = path.read_bytes()
        path.unlink()
        assert [fault.what for fault in list_faults(registry, row)] == [f"record {record[:12]}"]
        path.write_bytes(good.replace(b"m.bin", b"x.bin"))
        [fault] = list_faults(registry, row)
        assert "was changed after it was written" in fault.problem
        path.write_bytes(good)
    assert list_faults(registry, row) == []


def test_a_path_is_a_file_or_a_folder(registry: Registry, tmp_path: Path) -> None:
    one = add(registry, "a/one", b"1", filename="model.pt")
    many = add_folder(registry, tmp_path / "out", {"config.json": b"{}", "part/1.bin": b"1"})
    assert open_path(registry, one).name == "model.pt"
    assert open_path(registry, one).read_bytes() == b"1"
    assert (open_path(registry, many) / "part" / "1.bin").read_bytes() == b"1"
    assert open_path(registry, many) == open_path(registry, many) == registry.layout.view(many.id)


def test_an_external_file_is_got_as_it_was(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "ext" / "m.bin", b"weights")
    row = add_path(registry, "a/b", source, mode="reference").version
    assert get_file(registry, row, tmp_path / "copy").path.read_bytes() == b"weights"
    assert open_path(registry, row) == source
    assert list_faults(registry, row) == []
    assert len(registry.read(lambda db: list(iter_changes(db)))) == 1


@pytest.mark.parametrize("bad", [b"weightX", b"short"])
def test_an_external_file_that_changed_is_corrupt(bad: bytes, registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "ext" / "m.bin", b"weights")
    row = add_path(registry, "a/b", source, mode="reference").version
    source.write_bytes(bad)
    target = write(tmp_path / "copy", b"old")
    with pytest.raises(CorruptError, match="changed since its digest was recorded") as caught:
        get_file(registry, row, target, force=True)
    assert caught.value.exit_code == 14
    assert target.read_bytes() == b"old"
    with pytest.raises(CorruptError):
        open_path(registry, row)
    assert "changed since its digest was recorded" in list_faults(registry, row)[0].problem


def test_an_external_file_that_is_gone(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "ext" / "m.bin", b"weights")
    row = add_path(registry, "a/b", source, mode="reference").version
    source.unlink()
    with pytest.raises(NotFoundError, match="is gone"):
        get_file(registry, row, tmp_path / "copy")
    with pytest.raises(NotFoundError, match="is gone"):
        open_path(registry, row)
    assert "is gone" in list_faults(registry, row)[0].problem


def test_an_external_file_can_be_read_where_nothing_may_be_written(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "ext" / "m.bin", b"weights")
    add_path(registry, "a/b", source, mode="reference")
    form = Format(registry.id, features=(("write", ("packs",)),))
    registry.layout.format.write_bytes(dump_format(form))
    with Registry.open(tmp_path) as reader:
        assert open_path(reader, reader.get_row("a/b")) == source
        with pytest.raises(RefusedError):
            add(reader, "a/b")


class Server(ThreadingHTTPServer):
    """Answers with what `pages` hold; counts the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes] = {}
        self.cut = 0
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        page = self.server.pages.get(self.path)
        if page is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page[: len(page) - self.server.cut])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def add_page(registry: Registry, server: Server, page: bytes) -> VersionRow:
    server.pages["/m.bin"] = page
    return add_url(registry, Draft(parse_model_name("a/b")), f"{server.url}/m.bin").version


def test_a_page_is_read_once_and_its_digest_learned(registry: Registry, server: Server, tmp_path: Path) -> None:
    page = os.urandom(2 * MEBI + 1)
    row = add_page(registry, server, page)
    assert server.asked == 0
    assert list_faults(registry, row) == []
    assert get_file(registry, row, tmp_path / "copy").path.read_bytes() == page
    learned = registry.get_row("a/b")
    assert (learned.files[0].sha256, learned.size) == (digest_bytes(page).sha256, len(page))
    assert [change.op for change in iter_changes(registry.index.db)].count("digest") == 1
    assert open_path(registry, learned).read_bytes() == page
    assert get_file(registry, learned, tmp_path / "again").path.read_bytes() == page
    for file in learned.files:
        fetch_file(registry, learned, file)
    assert server.asked == 1


def test_a_page_that_changed_since_it_was_first_read(registry: Registry, server: Server, tmp_path: Path) -> None:
    row = add_page(registry, server, b"weights")
    for file in row.files:
        fetch_file(registry, row, file)
    registry.layout.blob(digest_bytes(b"weights").sha256).unlink()
    server.pages["/m.bin"] = b"weightX"
    with pytest.raises(CorruptError, match="changed since its digest was recorded") as caught:
        get_file(registry, registry.get_row("a/b"), tmp_path / "copy")
    assert caught.value.exit_code == 14
    assert not (tmp_path / "copy").exists()
    assert not registry.layout.blob(digest_bytes(b"weightX").sha256).exists()
    server.pages["/m.bin"] = b"weights"
    assert get_file(registry, registry.get_row("a/b"), tmp_path / "copy").new


def test_a_page_that_is_not_there(registry: Registry, server: Server, tmp_path: Path) -> None:
    row = add_page(registry, server, b"x")
    server.pages.clear()
    with pytest.raises(RemoteError, match="cannot be read: Not Found") as caught:
        get_file(registry, row, tmp_path / "copy")
    assert caught.value.exit_code == 15
    assert list(registry.layout.tmp.iterdir()) == []


@pytest.mark.parametrize("cut", [1, MEBI])
def test_a_connection_that_is_cut_teaches_nothing(cut: int, registry: Registry, server: Server, tmp_path: Path) -> None:
    row = add_page(registry, server, os.urandom(2 * MEBI))
    server.cut = cut
    with pytest.raises(RemoteError, match="ended after"):
        get_file(registry, row, tmp_path / "copy")
    assert registry.get_row("a/b").files[0].sha256 is None
    server.cut = 0
    assert get_file(registry, row, tmp_path / "copy").new


def test_a_server_that_is_not_there(registry: Registry, server: Server, tmp_path: Path) -> None:
    add_url(registry, Draft(parse_model_name("a/c")), "http://127.0.0.1:1/m.bin")
    with pytest.raises(RemoteError, match="cannot be read"):
        get_file(registry, registry.get_row("a/c"), tmp_path / "copy")


def test_a_scheme_that_nobody_reads_yet(registry: Registry, tmp_path: Path) -> None:
    row = add_url(registry, Draft(parse_model_name("a/b")), "s3://bucket/m.bin").version
    with pytest.raises(RemoteError, match="s3: files cannot be read yet"):
        get_file(registry, row, tmp_path / "copy")


def test_a_reference_to_what_has_no_end_is_not_read(registry: Registry, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        row = add_url(registry, Draft(parse_model_name("a/b")), path.as_uri()).version
        with pytest.raises(NotFoundError, match=f"{path} is no regular file, and the version only points to it"):
            get_file(registry, row, tmp_path / "copy")
