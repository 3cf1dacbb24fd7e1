"""Commands in a copy whose bytes are elsewhere: each does what it does where they are here, and exits with 0."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.opening import Registry
from registry_cli.store.layout import DIRECTORY, Layout
from tests.cli.conftest import Reg
from tests.tasks.making import run
from tests.upstreams import RemoteUpstream, make_upstream, send_away

REF = "iris/softmax:1"
SIZE = 100
"""Bytes of each file of the registry `iris`."""


@pytest.fixture
def copies(iris: Reg, tmp_path: Path) -> Reg:
    """`reg` in a folder with a registry of versions, one with a design that is a blob, and of tasks."""
    Path("large.json").write_text("1, 2, 3\n" * 1000)
    iris("model", "add", "iris/deep", "in/1.safetensors", "--design", "large.json")
    Path("large.json").write_text("1, 2, 3\n" * 1000 + "4\n")
    iris("model", "add", "iris/deep", "in/2.safetensors", "--design", "large.json")
    with Registry.open(tmp_path) as registry:
        run(registry, "first", points={"loss": [1.0, 0.5]}, console=b"one\ntwo\n", lock=b"numpy==1.26.4\n")
        run(registry, "second", points={"loss": [1.0, 0.25]}, console=b"one\nthree\n", lock=b"numpy==2.0.0\n")
    return iris


@pytest.fixture
def leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], RemoteUpstream]:
    """Send all bytes away, and plug the upstream into each registry that is opened from now on."""

    def send() -> RemoteUpstream:
        upstream = make_upstream(tmp_path / "upstream")
        send_away(Layout(tmp_path / DIRECTORY), upstream)
        monkeypatch.setattr(Registry, "upstream", upstream)
        return upstream

    return send


FETCHING = {
    "get": ("model", "get", REF, "out"),
    "get one": ("model", "get", REF, "-o", "one"),
    "path": ("model", "path", REF),
    "path --verify": ("model", "path", REF, "--verify"),
    "verify": ("model", "verify", REF),
    "verify --strong": ("model", "verify", REF, "--strong"),
    "show --design": ("model", "show", "iris/deep:1", "--design"),
    "compare": ("model", "compare", "iris/deep:1", "iris/deep:2"),
    "task logs": ("task", "logs", "first"),
    "task compare": ("task", "compare", "first", "second"),
    "task show": ("task", "show", "first"),
}
READING = {
    "show": ("model", "show", REF, "--json"),
    "list": ("model", "list"),
    "query": ("model", "query", "metrics.acc > 0.9"),
    "lineage": ("model", "lineage", "iris/tuned:1"),
    "history": ("model", "history", "iris/softmax"),
    "find": ("model", "find", "in/1.safetensors"),
    "task list": ("task", "list", "--columns", "name,status"),
    "du --by": ("du", "--by", "model"),
    "gc --dry-run": ("gc", "--dry-run"),
    "repair": ("repair",),
    "repair --dry-run": ("repair", "--dry-run"),
}
CHANGING = {
    "derive": [("model", "derive", REF, "--name", "iris/other")],
    "edit the design": [
        ("model", "edit", "iris/deep:2", "--unset", "design"),
        ("undo",),
    ],
    "remove and restore": [("model", "remove", "iris/softmax:2"), ("model", "restore", "iris/softmax:2")],
    "prune": [("model", "prune", "name = iris/deep", "--keep", "last 1", "--yes")],
    "task clone": [("task", "clone", "first", "--name", "again")],
    "task edit": [("task", "edit", "first", "--comment", "good")],
    "task remove and restore": [("task", "remove", "first"), ("task", "restore", "first")],
    "gc": [("gc",), ("gc",)],
    "gc --now": [("model", "remove", "iris/deep:1"), ("gc", "--now"), ("trash", "empty", "--yes")],
}


@pytest.mark.sweep(5)
@pytest.mark.parametrize("name", FETCHING)
def test_a_command_fetches_what_it_reads(name: str, copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    here = copies(*FETCHING[name])
    shutil.rmtree("out", ignore_errors=True)
    Path("one").unlink(missing_ok=True)
    shutil.rmtree(".registry/views")
    Path(".registry/views").mkdir()
    upstream = leave()
    there = copies(*FETCHING[name])
    assert (there.stdout, there.err) == (here.stdout, here.err)
    assert 1 <= len(upstream.fetched) <= 4 < len(upstream.sizes)
    upstream.fetched.clear()
    assert copies(*FETCHING[name], *(["--force"] if "get" in name else [])).stdout == here.stdout
    assert not upstream.fetched
    assert "no damage found" in copies("fsck").err


@pytest.mark.sweep(5)
@pytest.mark.parametrize("name", READING)
def test_a_listing_fetches_nothing(name: str, copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    here = copies(*READING[name])
    upstream = leave()
    there = copies(*READING[name])
    assert there.stdout == here.stdout
    assert not upstream.fetched


@pytest.mark.sweep(5)
@pytest.mark.parametrize("name", CHANGING)
def test_a_change_fetches_nothing(name: str, copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    upstream = leave()
    for words in CHANGING[name]:
        copies(*words)
    assert not upstream.fetched
    assert "no damage found" in copies("fsck").err


def test_fsck_says_how_much_is_elsewhere(copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    upstream = leave()
    size = sum(upstream.sizes.values())
    note = f"note: {len(upstream.sizes)} blobs of {size:,} bytes at the upstream alone: fetched when needed\n"
    for words in (("fsck",), ("fsck", "--fast"), ("fsck", "--strong")):
        assert copies(*words).err.startswith(note)
    assert copies("fsck", "--json").json["ok"]


def test_status_and_du_say_how_much_is_here(copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    assert "here" not in copies("status", "--json").json
    assert "elsewhere" not in copies("du").out
    before = copies("status", "--json").json
    upstream = leave()
    copies("model", "get", REF, "out")
    status = copies("status", "--json").json
    assert {**before, "here": 100} == status
    assert any(line.rstrip().endswith(", 100 B of it here") for line in copies("status", terminal=True).shown)
    rows = {row["area"]: row for row in copies("du", "--json").json}
    assert (rows["blobs"]["files"], rows["blobs"]["bytes"]) == (1, 100)
    assert rows["elsewhere"]["files"] == len(upstream.sizes) - 1
    assert rows["elsewhere"]["bytes"] == sum(upstream.sizes.values()) - 100
    assert rows["elsewhere"]["disk"] == 0
    assert rows["total"]["bytes"] == sum(row["bytes"] for row in rows.values()) - rows["total"]["bytes"]


def test_gc_explains(copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    leave()
    assert "stays at the upstream" in copies("gc", "--explain", REF).out
    copies("model", "remove", "iris/tuned:1")
    removed = copies("gc", "--explain", "iris/tuned:1")
    assert "at the upstream alone" in removed.out
    assert "hint: reg model restore iris/tuned:1" in removed.err


def test_publishing_fetches_what_it_seals(copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    upstream = leave()
    copies("model", "publish", REF)
    assert len(upstream.fetched) == 1


@pytest.mark.slow
def test_repair_keeps_no_damaged_bytes_that_the_upstream_has_whole(
    copies: Reg, leave: Callable[[], RemoteUpstream]
) -> None:
    upstream = leave()
    copies("model", "get", REF, "out")
    (blob,) = upstream.fetched
    path = Path(".registry/blobs", blob[:2], blob[2:])
    path.chmod(0o644)
    path.write_bytes(b"rot" * 30 + b"1234567890")
    copies("fsck", code=14)
    copies("model", "verify", REF, code=14)
    planned = copies("repair", "--dry-run", "--json").json
    mended = copies("repair", "--json").json
    for found in (planned, mended):
        assert found["lost"] == []
        assert [each["how"] for each in found["mended"]] == ["moved to the trash: the upstream has its bytes"]
    assert not Path(".registry/partial.toml").exists()
    copies("fsck")
    copies("model", "verify", REF)


@pytest.mark.slow
def test_what_the_upstream_lacks_is_lost(copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    upstream = leave()
    blob = copies("model", "show", REF, "--json").json["files"][0]["sha256"]
    del upstream.sizes[blob]
    assert copies("fsck", code=14).out.count("\n") == 1
    assert len(copies("repair", "--json", code=14).json["lost"]) == 1
    copies("model", "get", REF, "out", code=14)
    assert copies("status", "--json").json["lost"] == 1
    upstream.sizes[blob] = SIZE  # another copy has pushed it since
    assert copies("status", "--json").json["lost"] == 0
    copies("model", "get", REF, "out")


@pytest.mark.sweep(5)
@pytest.mark.parametrize("name", FETCHING)
def test_an_upstream_that_is_gone(name: str, copies: Reg, leave: Callable[[], RemoteUpstream]) -> None:
    leave()
    Path("upstream").rename("unmounted")
    result = copies(*FETCHING[name], code=15)
    assert "upstream is no folder, or is not mounted" in result.err
    assert "no damage found" in copies("fsck").err
