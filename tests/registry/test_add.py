from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import ConflictError, NotFoundError, RegError, UsageError
from registry_cli.ids import parse_alias, parse_model_name, parse_tag
from registry_cli.opening import Registry
from registry_cli.registry.add import add_files, add_stream, add_url, make_design
from registry_cli.registry.draft import Draft
from registry_cli.registry.get import get_version, open_path
from registry_cli.registry.verify import list_faults
from registry_cli.store import files
from registry_cli.store.hashing import Digests, digest_bytes
from registry_cli.store.staging import Staging
from tests.builders import add, add_path, make_registry, write
from tests.formats import vectors
from tests.observers import Once, Recorder
from tests.registry.test_sources import make_snapshot
from tests.secrets.planted import PLANTED

MEBI = 1 << 20


def count_entries(registry: Registry) -> int:
    return len({change.seq for change in iter_changes(registry.index.db)})


def count_versions(registry: Registry) -> int:
    return len(registry.query(include_archived=True))


def test_a_version_of_one_file(registry: Registry) -> None:
    row = add(registry, "My Project/net", b"weights", message="first try", step=3)
    assert (row.ref, row.message, row.author, row.step, row.size) == ("My Project/net:1", "first try", "tester", 3, 7)
    [file] = row.files
    digests = digest_bytes(b"weights")
    assert (file.path, file.size, file.sha256, file.xxh3) == ("m.bin", 7, digests.sha256, digests.xxh3)
    assert not row.published
    assert not row.archived
    assert add(registry, "My Project/net", b"more").number == 2


def test_a_version_of_a_folder(registry: Registry, tmp_path: Path) -> None:
    content = {"config.json": b"{}", "part/1.bin": b"1", "part/2.bin": b"1", "empty": b""}
    for name, data in content.items():
        write(tmp_path / "out" / name, data)
    row = add_path(registry, "a/b", tmp_path / "out").version
    assert [file.path for file in row.files] == sorted(content)
    assert row.size == 4
    get_version(registry, row, tmp_path / "back")
    assert {name: (tmp_path / "back" / name).read_bytes() for name in content} == content


def test_what_is_said_of_a_file_is_said_of_the_bytes_that_are_kept(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer may come between any two looks at its file."""
    data = vectors.safetensors({"w": ("F16", [4], 8)}, {"format": "pt"})
    path = write(tmp_path / "model.safetensors", data)
    plain = Staging.add_open

    def add_open(staging: Staging, *words: Any, **more: Any) -> Digests:
        digests = plain(staging, *words, **more)
        write(path, vectors.safetensors({"w": ("F32", [2], 8)}, {"format": "tf"}))
        return digests

    with monkeypatch.context() as patched:
        patched.setattr(Staging, "add_open", add_open)
        with pytest.raises(ConflictError, match="changed while it was read"):
            add_path(registry, "a/b", path)
    row = add_path(registry, "a/b", path).version
    assert (row.framework, row.metadata["weights"]["dtypes"]) == ("TensorFlow", ["F32"])


@pytest.mark.parametrize("size", [100, 3 * MEBI])
def test_an_unchanged_version_is_not_made_again(size: int, registry: Registry) -> None:
    data = os.urandom(size)
    row = add(registry, "a/b", data)
    before = {path: path.stat().st_mtime_ns for path in registry.path.rglob("*") if path.is_file()}
    recorder = Recorder()
    with files.open_observer(recorder):
        again = add_path(registry, "a/b", registry.path.parent / "sources" / "m.bin")
    assert (again.new, again.version) == (False, row)
    assert count_entries(registry) == 1
    assert recorder.written == 0
    after = {path: path.stat().st_mtime_ns for path in registry.path.rglob("*") if path.is_file()}
    assert {path for path in after if "cache" not in path.parts} == {
        path for path in before if "cache" not in path.parts
    }
    assert list(registry.layout.tmp.iterdir()) == []


def test_the_same_may_be_made_again_when_told_so(registry: Registry) -> None:
    first = add(registry, "a/b", allow_same=True)
    second = add(registry, "a/b", allow_same=True)
    assert (first.number, second.number) == (1, 2)
    assert first.id != second.id


BASE: dict[str, Any] = {
    "framework": "torch",
    "step": 3,
    "labels": {"cat": 1},
    "params": {"lr": 0.1, "deep": {"a": [1, 2]}},
    "metrics": {"acc": 0.9, "loss": math.nan},
    "metadata": {"owner": "risk", "when": datetime(2026, 1, 1, tzinfo=UTC)},
    "interface": {"in": [1, 2]},
    "design": make_design(b'{"a": 1}', "net.json"),
    "tags": (parse_tag("good"),),
    "aliases": (parse_alias("prod"),),
}
OTHER: dict[str, Any] = {
    "framework": "onnx",
    "step": 4,
    "labels": {"cat": 2},
    "params": {"lr": 0.2},
    "metrics": {"acc": math.nan},
    "metadata": {"owner": None},
    "interface": {"in": [1]},
    "design": make_design(b'{"a": 2}', "net.json"),
    "tags": (parse_tag("bad"),),
    "aliases": (parse_alias("best"),),
}


@pytest.mark.parametrize("field", [None, *BASE])
def test_every_given_field_is_compared(field: str | None, registry: Registry) -> None:
    first = add(registry, "a/b", **BASE)
    given = BASE if field is None else {field: BASE[field]}
    assert add(registry, "a/b", allow_same=False, **given) == first
    if field:
        assert add(registry, "a/b", allow_same=False, **{field: OTHER[field]}).number == 2


def test_what_is_not_given_is_not_compared(registry: Registry) -> None:
    first = add(registry, "a/b", **BASE)
    assert add(registry, "a/b", allow_same=False) == first


def test_parents_are_compared(registry: Registry) -> None:
    add(registry, "base/one", b"1")
    add(registry, "base/two", b"2")
    one = (("base", "base/one:1"),)
    first = add(registry, "a/b", parents=one)
    assert add(registry, "a/b", allow_same=False, parents=one) == first
    assert add(registry, "a/b", allow_same=False, parents=(("merge", "base/one:1"),)).number == 2
    assert add(registry, "a/b", allow_same=False, parents=(("base", "base/two:1"),)).number == 3


def test_other_bytes_or_names_make_a_version(registry: Registry) -> None:
    add(registry, "a/b", b"1")
    assert add(registry, "a/b", b"2", allow_same=False).number == 2
    assert add(registry, "a/b", b"2", allow_same=False, filename="other.bin").number == 3
    assert add(registry, "a/b", b"1", allow_same=False).number == 4  # only the newest counts


def test_another_writer_adds_the_same_while_we_do(registry: Registry, tmp_path: Path) -> None:
    """The slot is lost after both have looked, so the loser looks again and finds nothing new to say."""
    write(tmp_path / "m.bin", b"x")
    with make_registry(tmp_path) as other:

        def race() -> None:
            add_path(other, "a/b", tmp_path / "m.bin")

        with files.open_observer(Once("link", race)):
            added = add_path(registry, "a/b", tmp_path / "m.bin")
        assert not added.new
        assert added.version.id == other.get_row("a/b").id
    assert count_versions(registry) == 1


def test_a_lost_slot_takes_the_next_number(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path / "m.bin", b"mine")
    write(tmp_path / "o.bin", b"theirs")
    with (
        make_registry(tmp_path) as other,
        files.open_observer(Once("link", lambda: add_path(other, "a/b", tmp_path / "o.bin"))),
    ):
        assert add_path(registry, "a/b", tmp_path / "m.bin").version.number == 2
    assert [version.number for version in registry.query(sort="number")] == [1, 2]


def test_writers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    make_registry(tmp_path).close()
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with Registry.open(tmp_path) as registry:
                for at in range(5):
                    path = write(tmp_path / "in" / f"{name}{at}", f"{name}{at}".encode())
                    add_files(registry, Draft(parse_model_name("a/b")), [path])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Registry.open(tmp_path) as registry:
        assert sorted(version.number for version in registry.query()) == list(range(1, 16))
        assert registry.log.head().seq == 15


def test_everything_is_one_entry(registry: Registry) -> None:
    row = add(registry, "a/b", **BASE)
    assert count_entries(registry) == 1
    assert (row.tags, row.aliases, row.labels, row.framework) == (("good",), ("prod",), {"cat": 1}, "torch")
    assert row.metrics["acc"] == 0.9
    assert math.isnan(float(str(row.metrics["loss"])))
    assert row.params == BASE["params"]
    assert row.interface == BASE["interface"]


def test_an_alias_moves_to_the_new_version(registry: Registry) -> None:
    prod = (parse_alias("prod"),)
    add(registry, "a/b", b"1", aliases=prod)
    add(registry, "a/b", b"2", aliases=(*prod, *prod))
    assert registry.get_row("a/b:1").aliases == ()
    assert registry.get_row("a/b@prod").number == 2


def test_nulls_and_odd_numbers_in_metadata(registry: Registry) -> None:
    given = {"none": None, "nan": math.nan, "inf": -math.inf, "big": 2**63 - 1, "text": "1.10", "yes": True}
    row = add(registry, "a/b", metadata=given)
    assert "none" not in row.metadata
    assert math.isnan(float(str(row.metadata["nan"])))
    assert row.metadata["inf"] == -math.inf
    assert (row.metadata["big"], row.metadata["text"], row.metadata["yes"]) == (2**63 - 1, "1.10", True)
    assert b"metadata.none" in registry.layout.record(row.id).read_bytes()
    assert list_faults(registry, row, strong=True) == []


def test_parents_and_their_roles(registry: Registry) -> None:
    base = add(registry, "a/base", aliases=(parse_alias("prod"),))
    data = add(registry, "a/data", b"data")
    row = add(registry, "a/b", parents=(("base", "a/base@prod"), ("input", data.id[:12])))
    assert [(parent.id, parent.role, parent.name, parent.number) for parent in row.parents] == [
        (base.id, "base", "a/base", 1),
        (data.id, "input", "a/data", 1),
    ]


def test_an_unknown_parent_or_role(registry: Registry) -> None:
    with pytest.raises(NotFoundError) as caught:
        add(registry, "a/b", parents=(("base", "a/nobody:1"),))
    assert caught.value.exit_code == 11
    add(registry, "a/base")
    with pytest.raises(UsageError, match="'mother' is no role"):
        add(registry, "a/b", parents=(("mother", "a/base:1"),))
    assert count_entries(registry) == 1
    assert list(registry.layout.tmp.iterdir()) == []


def test_labels(registry: Registry) -> None:
    assert add(registry, "a/b", labels={"none": 0, "also none": 0, "cat": 1}).labels["cat"] == 1
    with pytest.raises(UsageError, match="have one id, 1"):
        add(registry, "a/b", labels={"cat": 1, "dog": 1})


@pytest.mark.parametrize("data", [b"small", b'{"a": 1}\r\n', b"x" * 5000, b"\xff\x00 no text"])
def test_a_design_is_kept_byte_for_byte(data: bytes, registry: Registry) -> None:
    row = add(registry, "a/b", design=make_design(data, "net.json"))
    assert row.design is not None
    assert row.design.media == "application/json"
    if row.design.text is not None:
        assert row.design.text.encode() == data
        return
    assert row.design.sha256 == digest_bytes(data).sha256
    blob = registry.layout.blob(digest_bytes(data).sha256)
    assert blob.read_bytes() == data
    assert list_faults(registry, row) == []
    blob.unlink()
    [fault] = list_faults(registry, row)
    assert fault.what == "design"


def test_a_url_is_kept_and_not_read(registry: Registry) -> None:
    url = "http://127.0.0.1:1/models/my%20net.pth?download=1"  # nobody listens there
    added = add_url(registry, Draft(parse_model_name("a/b")), url)
    [file] = added.version.files
    assert (file.path, file.url, file.sha256, file.size) == ("my net.pth", url, None, None)
    assert not add_url(registry, Draft(parse_model_name("a/b")), url).new


@pytest.mark.parametrize(
    "url", ["model.pth", "https://example.org/", "https://example.org", "", "http://[", "https://e.org/..", "x:%0a"]
)
def test_what_is_no_url_of_a_file(url: str, registry: Registry) -> None:
    with pytest.raises(UsageError):
        add_url(registry, Draft(parse_model_name("a/b")), url)


def test_a_reference_points_and_takes_nothing_in(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "my data" / "m.bin", b"weights")
    [file] = add_path(registry, "a/b", source, mode="reference").version.files
    digests = digest_bytes(b"weights")
    assert (file.url, file.sha256, file.xxh3) == (source.as_uri(), digests.sha256, digests.xxh3)
    assert not registry.layout.blob(digests.sha256).exists()
    assert open_path(registry, registry.get_row("a/b")) == source


def test_a_link_shares_the_bytes(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "m.bin", b"weights")
    add_path(registry, "a/b", source, mode="link")
    assert os.path.samefile(source, registry.layout.blob(digest_bytes(b"weights").sha256))


def test_a_snapshot_of_the_hub_keeps_repository_and_revision(registry: Registry, tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path)
    row = add_path(registry, "hub/bert", snapshot, mode="link").version
    assert row.metadata["hub"] == {"repo": "org/name", "revision": "0123abc"}
    assert [file.path for file in row.files] == ["model.safetensors", "sub/config.json"]
    blob = registry.layout.blob(digest_bytes(b"weights").sha256)
    assert os.path.samefile(blob, snapshot.parent.parent / "blobs" / "aaaa")
    assert not blob.is_symlink()


@pytest.mark.parametrize("size", [0, 7, 3 * MEBI])
def test_a_stream(size: int, registry: Registry) -> None:
    data = os.urandom(size)
    reader, writer = os.pipe()

    def feed() -> None:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(data)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        row = add_stream(registry, Draft(parse_model_name("a/b")), reader, "dir/model.bin").version
    finally:
        os.close(reader)
        thread.join()
    [file] = row.files
    assert (file.path, file.size, file.sha256) == ("dir/model.bin", size, digest_bytes(data).sha256)
    assert open_path(registry, row).read_bytes() == data


def test_a_stream_needs_a_name_that_can_be_kept(registry: Registry) -> None:
    with pytest.raises(UsageError, match="is not a path inside a version"):
        add_stream(registry, Draft(parse_model_name("a/b")), 0, "../model.bin")


@pytest.mark.parametrize("size", [7, 3 * MEBI])
def test_a_moved_file_goes_when_the_version_is_there(size: int, registry: Registry, tmp_path: Path) -> None:
    data = os.urandom(size)
    source = write(tmp_path / "m.bin", data)

    class Watcher(Recorder):
        def before(self, op: str, path: str, detail: object) -> None:
            if (op, path) == ("rename", str(source)):
                assert registry.log.head().seq == 1

    watcher = Watcher()
    with files.open_observer(watcher):
        row = add_path(registry, "a/b", source, mode="move").version
    assert ("rename", str(source)) in watcher.calls
    assert not source.exists()
    assert open_path(registry, row).read_bytes() == data


def test_a_move_that_fails_leaves_the_file(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "m.bin", b"x")
    with pytest.raises(NotFoundError):
        add_path(registry, "a/b", source, mode="move", parents=(("base", "no/body:1"),))
    with files.open_observer(Once("fsync", _fail)), pytest.raises(OSError, match="full"):
        add_path(registry, "a/b", source, mode="move")
    assert source.read_bytes() == b"x"
    assert count_entries(registry) == 0


def test_a_move_of_what_is_there_already(registry: Registry, tmp_path: Path) -> None:
    add(registry, "a/b", b"x")
    source = write(tmp_path / "m.bin", b"x")
    assert not add_path(registry, "a/b", source, mode="move").new
    assert not source.exists()
    assert open_path(registry, registry.get_row("a/b")).read_bytes() == b"x"


def test_a_source_that_changes_makes_no_version(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "m.bin", os.urandom(2 * MEBI))

    def grow() -> None:
        with source.open("ab") as file:
            file.write(b"more")

    with files.open_observer(Once("copy", grow)), pytest.raises(ConflictError, match="changed while it was read"):
        add_path(registry, "a/b", source)
    assert count_entries(registry) == 0
    assert list(registry.layout.tmp.iterdir()) == []
    assert add_path(registry, "a/b", source).version.number == 1


def test_one_bad_file_among_many_makes_no_version(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path / "out" / "a.bin")
    os.mkfifo(tmp_path / "out" / "z")
    with pytest.raises(UsageError):
        add_path(registry, "a/b", tmp_path / "out")
    with pytest.raises(RegError):
        registry.get_row("a/b")


def test_a_line_has_one_spelling(registry: Registry) -> None:
    add(registry, "Fraud/XGB", b"1")
    row = add(registry, "fraud/xgb", b"2")
    assert row.ref == "Fraud/XGB:2"
    assert add(registry, "FRAUD/xgb", b"2", allow_same=False) == row


def test_a_record_that_is_too_large(registry: Registry) -> None:
    with pytest.raises(UsageError, match="are allowed"):
        add(registry, "a/b", metadata={"text": "x" * 70_000})
    assert count_entries(registry) == 0


def _fail() -> None:
    raise OSError("full")


MEMORY = """
import pathlib, sys
def peak():  # kept per program; ru_maxrss would start from the one that forked us
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
bare = peak()
from registry_cli.ids import parse_model_name
from registry_cli.registry.add import add_files
from registry_cli.opening import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.get import get_file
from registry_cli.registry.verify import list_faults
with Registry.init(".") as registry:
    row = add_files(registry, Draft(parse_model_name("a/b")), [pathlib.Path("large")]).version
    get_file(registry, row, pathlib.Path("back"))
    assert list_faults(registry, row, strong=True) == []
print((peak() - bare) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_memory_is_flat(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        for _ in range(300):
            file.write(os.urandom(MEBI))
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True, env=env)
    assert int(done.stdout) <= 64


def test_a_url_with_a_password_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match="holds a password"):
        add_url(registry, Draft(parse_model_name("a/m")), "https://ada:secret@example.org/m.bin")


@pytest.mark.parametrize(
    "url", ["https://{}@h.org/m.pth", "https://h.org/m.pth?X-Amz-Signature={}", "https://h.org/{}/m"]
)
def test_an_address_that_lets_one_in_is_refused(url: str, registry: Registry) -> None:
    head = registry.index.sync()
    with pytest.raises(UsageError, match="a record is permanent"):
        add_url(registry, Draft(parse_model_name("u/x")), url.format(PLANTED["github"]))
    assert registry.index.sync() == head


def test_a_token_in_what_is_said_is_refused() -> None:
    name = parse_model_name("u/x")
    with pytest.raises(UsageError, match=r"metadata.source holds a GitHub token"):
        Draft(name, metadata={"source": PLANTED["github"]})
    with pytest.raises(UsageError, match=r"params.auth.key holds a GitHub token"):
        Draft(name, params={"auth": {"key": PLANTED["github"]}})
    with pytest.raises(UsageError, match="the design holds a private key"):
        make_design(b"layers: 3\n" + PLANTED["private key"].encode(), "net.yaml")
