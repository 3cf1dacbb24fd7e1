"""The power goes at any moment: what was acknowledged is there and right, the rest whole or absent; work goes on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from registry_cli.errors import RegError
from registry_cli.ids import parse_tag
from registry_cli.registry.api import Registry
from registry_cli.registry.configure import set_setting
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.get import open_path
from registry_cli.registry.lifecycle import restore_versions
from registry_cli.store import files, flushing, syncfs, trash, views
from registry_cli.store.log import Log
from registry_cli.store.new_file import NewFile
from tests.faults import dump, harness
from tests.faults.crash_model import ACKNOWLEDGE, Disk, PowerError, Recorder, Step, Tree, digest_tree, write_tree
from tests.faults.harness import EXTENT, TALLY, Site, Snapshot, check_whole, extents, snapshot_of, take_share

Command = Callable[[Site], object]
TELLING = frozenset({"fsync", "syncfs", "link", "rename", ACKNOWLEDGE})
"""After these the default run cuts the power; a fsync-dir only takes states away."""


@dataclass
class Story:
    """Commands that ran one after the other, all they did to the disk, and what the registry said after each."""

    site: Site
    recorder: Recorder = field(default_factory=Recorder)
    history: list[Snapshot] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    """The last slot after each command."""
    begin: int = 0
    """The step from which the power may go."""

    def run(self, command: Command) -> None:
        """Let a process do a command, which is acknowledged."""
        with files.open_observer(self.recorder):
            command(self.site)
        self._remember()
        self.recorder.acknowledge(len(self.history) - 1)

    def die(self, command: Command, dies: Callable[[Step], bool]) -> None:
        """Let a process do a command and be killed on the way."""
        self.recorder.dies = dies
        with pytest.raises(PowerError), files.open_observer(self.recorder):
            command(self.site)
        self.recorder.revive()
        self._remember()

    def start(self) -> None:
        """What comes from here on is tried."""
        self.begin = len(self.recorder.steps)

    def put_index(self, root: Path, promised: int) -> None:
        """Give a state an index that has folded all that ever came, and claims as flushed what was acknowledged."""
        path = root / "cache" / "index.sqlite"
        shutil.copy(self.site.root / "cache" / "index.sqlite", path)
        flushed = self.heads[promised] if promised >= 0 else 0
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE stamp SET value = ? WHERE key = 'durable'", (str(flushed),))

    def _remember(self) -> None:
        self.history.append(snapshot_of(self.site))
        with Registry.open(self.site.folder) as registry:
            self.heads.append(registry.index.head.seq)


@pytest.fixture
def story(tmp_path: Path, quick_disk: None) -> Story:
    sources = tmp_path / "sources"
    (sources / "folder").mkdir(parents=True)
    (sources / "model.bin").write_bytes(bytes(range(251)) * 4200)
    (sources / "folder" / "config.json").write_bytes(b'{"layers": 3}')
    (sources / "base.bin").write_bytes(b"base" * 1300)
    (tmp_path / "site").mkdir()
    return Story(Site(tmp_path / "site", sources))


def init(site: Site) -> None:
    Registry.init(site.folder)


def add_base(site: Site) -> None:
    harness.add(site, "p/base", "base.bin", tags=["kept"], aliases=["prod"])


def add_later(site: Site) -> None:
    harness.add(site, "p/later", "base.bin")


def tag_later(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        tag_versions(registry, ["p/later:1"], add=[parse_tag("late")])


def explore(story: Story, scratch: Path, extent: str) -> None:
    """Cut the power after each step, and check every state in which the disk may then be."""
    disk = Disk(story.site.folder)
    seen: set[bytes] = set()
    promised = -1
    steps = range(story.begin, len(story.recorder.steps))
    tried = set(take_share(steps) if extent == "all" else steps)
    for number, step in enumerate(story.recorder.steps):
        if step.op == ACKNOWLEDGE:
            assert isinstance(step.data, int)
            promised = step.data
        else:
            disk.apply(step)
        if number not in tried or (extent == "some" and step.op not in TELLING):
            continue
        for tree in disk.iter_states():
            TALLY["states after a power loss"] += 1
            digest = digest_tree(tree) + bytes([promised + 1])
            if digest not in seen:
                seen.add(digest)
                TALLY["states after a power loss that differ"] += ".registry" in tree
                where = f"state {len(seen)}, power lost after step {number}: {step.op} {step.path}"
                _check_state(story, tree, promised, scratch / str(len(seen)), where)


def _check_state(story: Story, tree: Tree, promised: int, place: Path, where: str) -> None:
    if ".registry" not in tree:
        assert promised < 0, where
        return
    write_tree(tree, place)
    story.put_index(place / ".registry", promised)
    site = Site(place, story.site.sources)
    try:
        found = check_whole(site)
        assert found in story.history[max(promised, 0) :]
        add_later(site)
        tag_later(site)
        assert check_whole(site)[: len(found)] == found
    except (AssertionError, RegError, OSError) as error:
        raise AssertionError(f"{where}: {error}") from error
    shutil.rmtree(place)


def tell(story: Story, *commands: Command) -> None:
    story.run(init)
    story.run(add_base)
    story.start()
    for command in commands:
        story.run(command)


def links_nothing_durable(area: str, recorder: Recorder) -> Callable[[Step], bool]:
    """Die after a name in `area` was linked, before its folder is flushed."""
    return lambda step: (
        step.op == "fsync-dir" and f"/{area}/" in step.path and any(f"/{area}/" in str(before.data)
        for before in recorder.steps[-8:] if before.op == "link")
    )  # fmt: skip


@EXTENT
def test_init_and_first_add(extent: str, story: Story, tmp_path: Path) -> None:
    story.run(init)
    if extent == "some":
        story.start()
    story.run(add_base)
    explore(story, tmp_path / "states", extent)


@EXTENT
def test_init_that_was_killed_before_its_name_was_durable(extent: str, story: Story, tmp_path: Path) -> None:
    story.die(init, lambda step: step.op == "fsync-dir" and step.path == str(story.site.folder))
    story.start()
    story.run(add_base)
    explore(story, tmp_path / "states", extent)


@pytest.mark.slow
@extents(harness.COMMANDS, smoke="tag")
def test_command(name: str, extent: str, story: Story, tmp_path: Path) -> None:
    tell(story, harness.COMMANDS[name])
    explore(story, tmp_path / "states", extent)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few files be flushed as many are: by a flush of the whole file system."""
    monkeypatch.setattr(syncfs, "MANY", 2)
    monkeypatch.setattr(flushing, "FOLDERS", 1)
    monkeypatch.setattr(syncfs, "_is_linux", lambda: True)
    monkeypatch.setattr(syncfs, "_read_waiting", lambda: 0)
    monkeypatch.setattr(syncfs.WholeSync, "is_known", lambda _whole: True)
    monkeypatch.setattr(syncfs.WholeSync, "_sync", lambda _whole: None)


def add_folder(site: Site) -> None:
    harness.add(site, "p/folder", "model.bin", "folder", "base.bin")


@EXTENT
def test_add_of_many_files(extent: str, story: Story, tmp_path: Path, at_once: None) -> None:
    tell(story, add_folder)
    assert [step.op for step in story.recorder.steps].count("syncfs") == 2
    explore(story, tmp_path / "states", extent)


@pytest.mark.faults
@pytest.mark.parametrize("which", [0, 1], ids=["files", "folders"])
def test_the_model_notices_a_missing_flush_of_all(
    which: int, story: Story, tmp_path: Path, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes, flush = iter(range(2)), syncfs.WholeSync.flush
    monkeypatch.setattr(syncfs.WholeSync, "flush", lambda whole: None if next(flushes) == which else flush(whole))
    tell(story, add_folder)
    with pytest.raises(AssertionError, match="power lost after step"):
        explore(story, tmp_path / "states", "some")


@EXTENT
def test_add_of_bytes_that_a_dead_process_linked(extent: str, story: Story, tmp_path: Path) -> None:
    tell(story)
    story.die(harness.add_new, links_nothing_durable("blobs", story.recorder))
    story.run(harness.add_new)
    explore(story, tmp_path / "states", extent)


@EXTENT
def test_writer_that_did_not_write_the_head(extent: str, story: Story, tmp_path: Path) -> None:
    tell(story)
    story.die(harness.tag, lambda step: step.op == "fsync-dir" and story.recorder.steps[-1].op == "link")
    story.run(harness.alias)
    explore(story, tmp_path / "states", extent)


@EXTENT
def test_collection_and_the_same_bytes_again(extent: str, story: Story, tmp_path: Path) -> None:
    """Each step of a collection, and bytes that come back from the trash or are given anew."""

    def first(site: Site) -> None:
        harness.add(site, "p/first", "model.bin")
        hurry(site)

    tell(story, first)
    if extent == "some":
        story.start()
    story.run(lambda site: dump.remove(site, "p/first:1"))
    for _ in range(2):
        story.run(lambda site: dump.collect_all(site, 1))
    story.run(restore_first)
    story.run(lambda site: dump.collect_all(site, 1))  # its second name in the trash goes
    story.run(lambda site: dump.remove(site, "p/first:1"))
    for _ in range(3):
        story.run(lambda site: dump.collect_all(site, 1))
    story.run(lambda site: harness.add(site, "p/again", "model.bin"))
    explore(story, tmp_path / "states", extent)


@pytest.mark.faults
def test_bytes_that_a_reader_brought_back(story: Story, tmp_path: Path) -> None:
    """A collector and a writer died as they met; a reader finds the bytes in the trash, a collector tidies up."""

    def lose(site: Site) -> None:
        with Registry.open(site.folder) as registry:
            (base,) = harness.list_all(registry)
            assert base.files[0].sha256
            trash.sweep(registry.layout, registry.layout.blob(base.files[0].sha256))

    def read(site: Site) -> None:
        check_whole(site)

    tell(story, hurry, lose, read, lambda site: dump.collect_all(site, 1))
    explore(story, tmp_path / "states", "all")


def hurry(site: Site) -> None:
    """Let a collector take each step at once."""
    with Registry.open(site.folder) as registry:
        for key in ("gc.grace", "gc.trash"):
            set_setting(registry, key, "0s")


def restore_first(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        restore_versions(registry, ["p/first:1"])


@pytest.mark.faults
def test_a_view_that_is_not_flushed_is_read_after_the_boot(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stamp spares reading the file during the boot that it names; no cut of the power leaves that."""

    def look(site: Site) -> None:
        with Registry.open(site.folder) as registry:
            open_path(registry, registry.get_row("p/base:1"))

    tell(story, look)
    right = (story.site.sources / "base.bin").read_bytes()
    disk, spoiled = Disk(story.site.folder), set[bytes]()
    monkeypatch.setattr(views, "read_boot", lambda: "the next boot")
    for number, step in enumerate(story.recorder.steps):
        disk.apply(step)
        for tree in disk.iter_states() if number >= story.begin else ():
            shown = [path for path in tree if path.endswith("/base.bin") and f"{path[:-9]}.json" in tree]
            if all(tree[path] == right for path in shown) or digest_tree(tree) in spoiled:
                continue
            spoiled.add(digest_tree(tree))
            place = tmp_path / str(len(spoiled))
            write_tree(tree, place)
            with Registry.open(place) as registry:
                assert open_path(registry, registry.get_row("p/base:1")).read_bytes() == right, step
    assert spoiled


@pytest.mark.faults
@pytest.mark.parametrize(("owner", "name"), [(NewFile, "flush"), (files, "flush_dir")])
def test_the_model_notices_a_missing_fsync(
    owner: object, name: str, story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.run(init)
    story.start()
    monkeypatch.setattr(owner, name, lambda _path: None)
    story.run(add_base)
    with pytest.raises(AssertionError, match="power lost after step"):
        explore(story, tmp_path / "states", "some")


@pytest.mark.faults
def test_the_model_notices_a_head_that_nobody_flushed(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Log.append

    def trusting(log: Log, seq: int, file: Path, data: bytes) -> bool:
        log._durable = seq - 1
        return append(log, seq, file, data)

    monkeypatch.setattr(Log, "append", trusting)
    tell(story)
    story.die(harness.tag, lambda step: step.op == "fsync-dir" and story.recorder.steps[-1].op == "link")
    story.run(harness.alias)
    with pytest.raises(AssertionError, match="power lost after step"):
        explore(story, tmp_path / "states", "some")


@pytest.mark.faults
def test_the_model_notices_a_hit_that_nobody_flushed(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(story)
    story.die(harness.add_new, links_nothing_durable("blobs", story.recorder))
    flush_dirs = flushing.flush_dirs

    def flush_others(paths: Iterable[Path], whole: syncfs.WholeSync | None = None) -> None:
        flush_dirs((path for path in paths if "blobs" not in str(path)), whole)

    monkeypatch.setattr(flushing, "flush_dirs", flush_others)
    story.run(harness.add_new)
    with pytest.raises(AssertionError, match="power lost after step"):
        explore(story, tmp_path / "states", "some")
