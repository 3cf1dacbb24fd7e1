"""Bytes that changed, files that went, a registry from a stranger: told by name, mended where they are derived."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.errors import CorruptError, RefusedError, RegError
from registry_cli.ids import RecordId, parse_model_name, parse_tag
from registry_cli.records.task import Task
from registry_cli.records.task_codec import load_task
from registry_cli.records.toml import seal
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import DesignSource, Draft
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.fsck import fsck
from registry_cli.registry.fsck.report import Kind, Level, Report
from registry_cli.registry.get import get_version, open_path
from registry_cli.registry.query import find_versions
from registry_cli.registry.verify import list_faults
from registry_cli.store.blobs import get_record
from registry_cli.store.files import open_observer
from tests.faults import harness
from tests.faults.harness import (
    TALLY,
    Acknowledge,
    Site,
    check_whole,
    end_child,
    list_all,
    names_of,
    snapshot_of,
    start_child,
)
from tests.observers import Recorder
from tests.registry import making_tasks

Damage = Callable[[Path], None]
NOBODY = 65534
OUTSIDE = "outside.bin"
"""A file in the registry's folder that a version points to."""
ASIDE = "aside"
"""Where a file lies while another is in its place."""


def truncate(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path, near: bytes = b"") -> None:
    """Flip a bit in the middle, or at the first place that holds `near`."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[data.index(near) if near else len(data) // 2] ^= 1
    path.write_bytes(data)


def zero(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"")


def link_away(path: Path) -> None:
    """Put a link to the very same bytes in a file's place."""
    path.unlink()
    root = next(folder for folder in path.parents if folder.name == ".registry")
    path.symlink_to(root.parent / ASIDE)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Damage] = {"truncated": truncate, "flipped": flip, "empty": empty, "deleted": Path.unlink}
DAMAGED = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


@dataclass(frozen=True)
class Victim:
    """A file to damage.

    Attributes:
        kind: What `fsck` must call it.
        pattern: Where it lies in the registry, or with `outside` in its folder; the first that fits, or the last.
        models: Which versions it touches.
    """

    kind: Kind
    pattern: str
    models: tuple[str, ...] = ()
    last: bool = False
    outside: bool = False

    def find(self, site: Site) -> Path:
        folder = site.folder if self.outside else site.root
        return sorted(folder.glob(self.pattern))[-1 if self.last else 0]


def make_victims(registry: Registry) -> dict[str, Victim]:
    """Return one file of every kind that there is."""
    base, new, net = (registry.get_row(ref) for ref in ("p/base:1", "p/new:1", "p/net:1"))
    blobs = {file.path: str(file.sha256) for row in (base, new, net) for file in row.files}
    assert net.design
    assert net.design.sha256
    assert base.publication

    task, first, last = read_task(registry)

    def at(area: str, name: str) -> str:
        return f"{area}/{name[:2]}/{name[2:]}"

    return {
        "format": Victim("format", "format.toml"),
        "config": Victim("config", "config.toml"),
        "ignored": Victim("layout", ".gitignore"),
        "blob": Victim("blob", at("blobs", blobs["base.bin"]), ("p/base:1",)),
        "big blob": Victim("blob", at("blobs", blobs["model.bin"]), ("p/new:1", "p/net:1")),
        "design": Victim("blob", at("blobs", net.design.sha256), ("p/net:1",)),
        "version": Victim("record", at("records", new.id) + ".toml", ("p/new:1",)),
        "publication": Victim("record", at("records", base.publication) + ".toml", ("p/base:1",)),
        "first entry": Victim("log", "log/000000/000001.toml", ("p/base:1",)),
        "middle entry": Victim("log", "log/000000/000002.toml", ("p/new:1",)),
        "newest entry": Victim("log", "log/000000/*.toml", ("p/base:1",), last=True),
        "task": Victim("record", at("records", last) + ".toml", (f"task:{task.name}",)),
        "start of a task": Victim("record", at("records", first) + ".toml", ("task:baseline",)),
        "console": Victim("blob", at("blobs", str(task.files[0].sha256)), ("task:baseline",)),
        "entry of a task": Victim("log", f"log/000000/{seq_of_start(registry):06d}.toml", ("task:baseline",)),
        "view": Victim("view", f"views/{new.id}/model.bin", ("p/new:1",)),
        "stamp": Victim("view", f"views/{new.id}.json", ("p/new:1",)),
        "index": Victim("index", "cache/index.sqlite"),
        "reserve": Victim("layout", "reserve"),
        "reference": Victim("external", OUTSIDE, ("p/outside:1",), outside=True),
    }


def read_task(registry: Registry) -> tuple[Task, RecordId, RecordId]:
    """Return the one task, and the records of its start and its end."""
    found = registry.index.db.execute("SELECT record FROM task_records ORDER BY seq").fetchall()
    first, last = (RecordId(record) for (record,) in found)
    return load_task(get_record(registry.layout, last), "it"), first, last


def seq_of_start(registry: Registry) -> int:
    return int(registry.index.db.execute("SELECT min(seq) FROM task_records").fetchone()[0])


VICTIMS = ("format", "config", "ignored", "blob", "big blob", "design", "version", "publication", "first entry",
           "middle entry", "newest entry", "task", "start of a task", "console", "entry of a task", "view", "stamp",
           "index", "reserve", "reference")  # fmt: skip
ROT: dict[str, Damage] = {
    "flipped": flip,
    "zeroed": zero,
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": empty,
    "deleted": Path.unlink,
    "linked": link_away,
    "piped": make_pipe,
}
SEEN_FAST = frozenset({"truncated", "emptied", "deleted", "linked", "piped"})
"""What changes a size or a kind, or takes a name away."""
INVISIBLE = frozenset(
    {("config", "flipped"), ("ignored", "truncated"), ("reference", "linked")}
    | {("reserve", rot) for rot in ("flipped", "zeroed", "truncated", "emptied", "deleted")}
)
"""Nothing vouches for the settings of a copy, which people edit: another value is a value; `*` needs no line break; the
reserve may hold anything; a file outside may be a link."""
HARMLESS = frozenset(
    {("config", "emptied"), ("config", "deleted"), ("stamp", "flipped"), ("stamp", "deleted"), ("index", "emptied"),
     ("index", "deleted")}
)  # fmt: skip
"""What a user or a crash may do as well and what is made anew: told, and no damage."""
PAIRS = [(victim, rot) for victim in VICTIMS for rot in ROT if (victim, rot) not in INVISIBLE]


@dataclass(frozen=True)
class Stock:
    """A registry with a file of every kind, what `fsck` says of it while it is whole, and the files to damage."""

    site: Site
    victims: dict[str, Victim]
    notes: tuple[str, ...]

    @contextmanager
    def rotten(self, name: str, rot: str) -> Iterator[Path]:
        """Damage a file while the context lasts; it comes back with its inode and time."""
        path = self.victims[name].find(self.site)
        aside = self.site.folder / ASIDE
        path.rename(aside)
        path.write_bytes(aside.read_bytes())
        try:
            (partial(flip, near=b"p/base") if (name, rot) == ("index", "flipped") else ROT[rot])(path)
            TALLY["files rotted"] += 1
            yield path
        finally:
            aside.rename(path)

    def is_detected(self, name: str, rot: str, level: Level) -> bool:
        """Return whether `fsck` finds a damaged file by kind and place, and names what it touches."""
        victim = self.victims[name]
        with self.rotten(name, rot) as path:
            try:
                report = examine(self.site, level)
            except RegError as error:
                return name == "format" and "format.toml" in error.message and error.exit_code in {10, 14}
        if (name, rot) in HARMLESS:
            return report.damages != () or report.notes != self.notes
        found = [damage for damage in report.damages if (damage.kind, damage.path) == (victim.kind, path)]
        return len(found) == 1 and {report.names[user] for user in found[0].users} == set(victim.models)


def examine(site: Site, level: Level) -> Report:
    """Check a registry, and that checking it changes nothing."""
    before, watch = digest_tree(site.root), Recorder()
    with Registry.open(site.folder) as registry, open_observer(watch):
        report = fsck.check_registry(registry, level)
    assert not watch.calls
    assert digest_tree(site.root) == before
    return report


def digest_tree(root: Path) -> dict[str, tuple[int, int, int, str]]:
    found = {}
    for path in root.rglob("*"):
        status = path.stat()
        data = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (status.st_ino, status.st_mode, status.st_mtime_ns, data)
    return found


@pytest.fixture(scope="module")
def stock(template: Site, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    folder = tmp_path_factory.mktemp("stock")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(env.REG_AUTHOR, "tester")
        patch.setenv(env.REG_CONFIG_HOME, str(folder / "home"))
        site = template.copy(folder / "site")
        harness.add_new(site)
        design = DesignSource(b'{"layers": [' + b"1, " * 2000 + b"1]}", "application/json")
        with Registry.open(site.folder) as registry:
            registry.settings.set("views", "copy")
            add_files(registry, Draft(parse_model_name("p/net"), design=design), [site.sources / "model.bin"])
            outside = site.folder / OUTSIDE
            outside.write_bytes(b"bytes that stay outside")
            add_files(registry, Draft(parse_model_name("p/outside")), [outside], mode="reference")
            open_path(registry, registry.get_row("p/new:1"))
            making_tasks.run(registry)
        harness.tag(site)
        harness.publish(site)
        with Registry.open(site.folder) as registry:
            report = fsck.check_registry(registry)
            assert not report.damages
            victims = make_victims(registry)
    assert tuple(victims) == VICTIMS
    return Stock(site, victims, report.notes)


@pytest.mark.sweep(31)
@pytest.mark.parametrize(("victim", "rot"), PAIRS, ids=map(" ".join, PAIRS))
def test_every_damage_is_found(victim: str, rot: str, stock: Stock) -> None:
    assert stock.is_detected(victim, rot, "default")
    assert stock.is_detected(victim, rot, "strong")
    if rot in SEEN_FAST:
        assert stock.is_detected(victim, rot, "fast")


@pytest.mark.slow
@pytest.mark.parametrize("left_out", fsck.CHECKS, ids=lambda check: check.__name__)
def test_a_check_that_is_left_out_would_be_noticed(
    left_out: Callable[..., None], stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fsck, "CHECKS", tuple(check for check in fsck.CHECKS if check is not left_out))
    assert not all(stock.is_detected(*pair, "default") for pair in PAIRS)


@pytest.mark.slow
def test_a_lost_entry_is_told_by_the_records_where_there_is_no_index(site: Site) -> None:
    find_only(site, "log/000000/000001.toml").unlink()
    report = examine(site, "default")
    (damage,) = (damage for damage in report.damages if damage.kind == "log")
    assert damage.problem == "is missing; 2 readable entries follow it"
    assert [report.names[user] for user in damage.users] == ["p/base:?"]


@pytest.fixture
def site(template: Site, tmp_path: Path) -> Site:
    """Two versions and three entries, with no index."""
    site = template.copy(tmp_path / "site")
    harness.add_new(site)
    harness.tag(site)
    site.forget_index()
    return site


def find_only(site: Site, pattern: str) -> Path:
    return sorted(site.root.glob(pattern))[0]


@pytest.mark.sweep(5)
@DAMAGED
def test_damaged_record_is_named_and_the_others_are_read(damage: Damage, site: Site) -> None:
    with Registry.open(site.folder) as registry:
        victim, *others = find_versions(registry, include_archived=True)
        path = registry.layout.record(victim.id)
        good = path.read_bytes()
    site.forget_index()
    path.chmod(0o644)
    damage(path)
    with Registry.open(site.folder) as registry:
        with pytest.raises(CorruptError, match=f"{victim.ref} is damaged: .*{path.stem}"):
            registry.get_row(victim.ref)
        assert others
        assert registry.list_rows([row.ref for row in others]) == others
        with pytest.raises(CorruptError, match=f"nothing can be added while {victim.ref} is damaged"):
            tag_versions(registry, [others[0].ref], add=[parse_tag("new")])
    path.unlink(missing_ok=True)
    path.write_bytes(good)
    with Registry.open(site.folder) as registry:
        assert registry.get_row(victim.ref) == victim


@pytest.mark.sweep(5)
@pytest.mark.parametrize("damage", [truncate, flip, empty])
@pytest.mark.parametrize("number", [1, 2])
def test_damaged_entry_is_named(number: int, damage: Damage, site: Site) -> None:
    """By the entry itself where it cannot be read, else by the one that no longer follows it."""
    damage(find_only(site, f"log/000000/{number:06d}.toml"))
    with pytest.raises(CorruptError, match=f"{number:06d}.toml|{number + 1:06d}.toml"):
        snapshot_of(site)


@pytest.mark.parametrize("number", [1, 2])
def test_hole_in_the_log_is_named_and_not_filled(number: int, site: Site) -> None:
    hole = find_only(site, f"log/000000/{number:06d}.toml")
    with Registry.open(site.folder) as registry:
        assert registry.index.head.seq == 3
        data = hole.read_bytes()
        hole.unlink()
        with pytest.raises(CorruptError, match=hole.name):
            registry.log.append(number, site.root / "format.toml", data)
    site.forget_index()
    with pytest.raises(CorruptError, match=hole.name):
        snapshot_of(site)
    assert not hole.exists()


@DAMAGED
def test_damaged_format_is_told(damage: Damage, site: Site) -> None:
    damage(site.root / "format.toml")
    with pytest.raises(Exception, match=r"format\.toml") as caught:
        snapshot_of(site)
    assert getattr(caught.value, "exit_code", None) in {10, 14}


def test_broken_config_is_named_where_it_is_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.root / "config.toml").write_text("author = [broken")
    monkeypatch.delenv("REG_AUTHOR")
    with Registry.open(site.folder) as registry, pytest.raises(CorruptError, match=r"config\.toml"):
        _ = registry.author


@pytest.mark.sweep(5)
@DAMAGED
def test_damaged_blob_is_never_handed_out(damage: Damage, site: Site, tmp_path: Path) -> None:
    with Registry.open(site.folder) as registry:
        row = registry.get_row("p/new:1")
        sha256 = next(file.sha256 for file in row.files if file.path == "model.bin")
        assert sha256 is not None
        assert not list_faults(registry, row)
        damage(registry.layout.blob(sha256))
        (fault,) = list_faults(registry, row)
        assert fault.what == "model.bin"
        with pytest.raises(CorruptError):
            get_version(registry, row, tmp_path / "got")
        assert not (tmp_path / "got" / "model.bin").exists()
        with pytest.raises(CorruptError):
            open_path(registry, row)
        assert not list_faults(registry, registry.get_row("p/base:1"))


@pytest.mark.sweep(5)
@DAMAGED
def test_adding_the_bytes_again_mends_a_damaged_blob(damage: Damage, site: Site) -> None:
    with Registry.open(site.folder) as registry:
        sha256 = registry.get_row("p/base:1").files[0].sha256
        assert sha256 is not None
        damage(registry.layout.blob(sha256))
    harness.add_known(site)
    assert names_of(check_whole(site)) == ["p/base:1", "p/new:1", "p/twin:1"]


def _zeros(index: Path) -> None:
    index.write_bytes(bytes(index.stat().st_size))


def _foreign(index: Path) -> None:
    index.unlink()
    with sqlite3.connect(index) as db:
        db.execute("CREATE TABLE stamp (key TEXT, value TEXT)")
        db.execute("CREATE TABLE versions (whatever)")
    db.close()


def _of_another_log(index: Path) -> None:
    with sqlite3.connect(index) as db:
        db.execute("UPDATE stamp SET value = '9' WHERE key = 'seq'")
    db.close()


def _torn(index: Path) -> None:
    data = index.read_bytes()
    index.write_bytes(data[:4096] + os.urandom(len(data) - 4096))


def _text(index: Path) -> None:
    index.write_text("not a database")


INDEX_DAMAGES: dict[str, Damage] = {
    "empty": empty,
    "zeroed": _zeros,
    "cut": truncate,
    "torn": _torn,
    "foreign": _foreign,
    "of another log": _of_another_log,
    "text": _text,
}


@pytest.mark.sweep(5)
@pytest.mark.parametrize("damage", INDEX_DAMAGES.values(), ids=INDEX_DAMAGES)
def test_broken_index_is_made_anew(damage: Damage, site: Site) -> None:
    before = snapshot_of(site)
    damage(site.root / "cache" / "index.sqlite")
    assert snapshot_of(site) == before
    harness.alias(site)
    assert len(snapshot_of(site)) == len(before)


def test_hooks_of_a_stranger_never_run(site: Site, tmp_path: Path) -> None:
    for name in ("pre-commit", "pre-add", "post-add", "post-commit", "publish", "pre-publish", "update"):
        hook = site.root / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
    for command in harness.COMMANDS.values():
        command(site)
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who must not write")
def test_read_only_registry_is_read(site: Site, tmp_path: Path) -> None:
    harness.open_to_all(tmp_path)
    (tmp_path / "cache").mkdir(mode=0o777)
    (tmp_path / "cache").chmod(0o777)

    def read(acknowledge: Acknowledge) -> None:
        os.environ["REG_CACHE_HOME"] = str(tmp_path / "cache")
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with Registry.open(site.folder) as registry:
            assert [row.ref for row in list_all(registry)] == ["p/base:1", "p/new:1"]
            assert open_path(registry, registry.get_row("p/base:1")).read_bytes() == b"base" * 500
            get_version(registry, registry.get_row("p/new:1"), tmp_path / "cache" / "got")
        with pytest.raises(PermissionError):
            harness.alias(site)
        acknowledge()

    before = sorted(site.root.rglob("*"))
    ended = end_child(*start_child(read))
    assert (ended.code, ended.acknowledged) == (0, 1)
    assert sorted(site.root.rglob("*")) == before


def test_newer_layout_is_refused_politely(site: Site) -> None:
    path = site.root / "format.toml"
    text, _, _ = path.read_text().replace("layout = 1", "layout = 2").rpartition("# ")
    path.write_bytes(seal(text.encode()))
    with pytest.raises(RefusedError, match="layout 2") as caught:
        Registry.open(site.folder)
    assert caught.value.hint == "reg --version"


@pytest.mark.parametrize("operation", ["read", "write"])
def test_unknown_feature_is_refused_where_it_matters(operation: str, site: Site) -> None:
    path = site.root / "format.toml"
    lines = path.read_text().splitlines()[:-1]
    text = "\n".join(line for line in lines if line != "[features]")
    path.write_bytes(seal(f'{text}\n[features]\n{operation} = ["later"]\n'.encode()))
    if operation == "write":
        assert len(snapshot_of(site)) == 2
    with pytest.raises(RefusedError, match="later"):
        harness.tag(site)
