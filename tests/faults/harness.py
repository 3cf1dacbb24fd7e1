"""What the fault suites share: a registry to break, the commands that are broken, and what must hold afterwards."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Final, TypeVar

import pytest

from registry_cli.catalog.fold.fold import check_entry
from registry_cli.catalog.read import tasks as task_read
from registry_cli.catalog.read import versions as read
from registry_cli.catalog.read.entries import list_void
from registry_cli.catalog.read.rows import TaskRow, VersionRow
from registry_cli.ids import parse_alias, parse_model_name, parse_tag
from registry_cli.opening import Registry
from registry_cli.records.codec import load_entry
from registry_cli.registry.add import add_files
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.draft import Draft
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.lifecycle import publish_versions
from registry_cli.store.log import EMPTY, Head, digest_entry
from tests.forks import fork

TALLY: Final[Counter[str]] = Counter()
"""What was tried, for the last line of the run."""
SHARE: Final = [1]
"""The n of `--faults-share`."""
EXTENT: Final = pytest.mark.parametrize("extent", [pytest.param("all", marks=pytest.mark.faults)])
"""`all` is the whole sweep; `some`, by which a few tests of the default run are covered, has each kind of call once."""
T = TypeVar("T")
Acknowledge = Callable[[], object]
Files = tuple[tuple[str, str | None], ...]
State = tuple[bool, bool, str | None]
"""Whether a version is archived, whether it is removed, and its design."""
Snapshot = tuple[tuple[str, Files, tuple[str, ...], tuple[str, ...], bool, State], ...]
"""Of each version its address, files with digests, tags, aliases, whether it is published, and its state; then of each
task the same, with its status instead of a design."""


def extents(names: Iterable[str], smoke: str) -> pytest.MarkDecorator:
    """Sweep `name` over all of them; in the default run try some calls of one."""
    whole = [pytest.param(name, "all", marks=pytest.mark.faults) for name in names]
    return pytest.mark.parametrize(("name", "extent"), [(smoke, "some"), *whole])


@dataclass(frozen=True)
class Site:
    """A folder with a `.registry`, and the files that are added to it."""

    folder: Path
    sources: Path

    @property
    def root(self) -> Path:
        return self.folder / ".registry"

    def copy(self, folder: Path) -> Site:
        for path, _, names in os.walk(self.folder):
            twin = folder / os.path.relpath(path, self.folder)
            twin.mkdir(parents=True, exist_ok=True)
            for name in names:
                shutil.copy(os.path.join(path, name), twin)
        return Site(folder, self.sources)

    def forget_index(self) -> None:
        shutil.rmtree(self.root / "cache")
        (self.root / "cache").mkdir()


@dataclass(frozen=True)
class Call:
    """One call of the seam, before or after it was made."""

    moment: str
    op: str
    path: str
    detail: object

    @property
    def kind(self) -> tuple[str, str, str]:
        """What calls have in common that differ only by a name."""
        area = next((part for part in ("cache", "tmp", "log", "blobs", "records") if f"/{part}" in self.path), "")
        target = next((part for part in ("log", "blobs", "records") if f"/{part}/" in str(self.detail)), "")
        return self.moment, self.op, area + target


class Witness:
    """Counts the calls of the seam; `act` is told of each, with its number from 1, and may raise or never return."""

    def __init__(self, act: Callable[[int, Call], None] = lambda _number, _call: None) -> None:
        self.calls: list[Call] = []
        self._act = act
        self._one = threading.Lock()

    def before(self, op: str, path: str, detail: object) -> None:
        self._see(Call("before", op, path, detail))

    def after(self, op: str, path: str, detail: object) -> None:
        self._see(Call("after", op, path, detail))

    def _see(self, call: Call) -> None:
        with self._one:
            self.calls.append(call)
            number = len(self.calls)
        self._act(number, call)


def take_share(items: Sequence[T]) -> Sequence[T]:
    """Return every n-th of a whole sweep's cases where `--faults-share n` is given, from one that the seed chooses."""
    return items[random.randrange(min(SHARE[0], len(items) or 1)) :: SHARE[0]]


def share_of(count: int) -> int:
    """Return how many of the rounds of a whole sweep are to be made."""
    return max(min(count, 4), count // SHARE[0])


def choose(calls: Sequence[Call], extent: str) -> list[int]:
    """Return the numbers of the calls to try: all, or of each kind the first before it is made or the last after."""
    numbers = range(1, len(calls) + 1)
    if extent == "all":
        return list(take_share(numbers))
    last = {call.kind[1:]: number for number, call in zip(numbers, calls, strict=True) if call.moment == "after"}
    pairs = zip(reversed(numbers), reversed(calls), strict=True)
    first = {call.kind[1:]: number for number, call in pairs if call.moment == "before"}
    return sorted((first if at % 2 else last).get(kind, number) for at, (kind, number) in enumerate(first.items()))


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code or minus the signal, and how often it acknowledged."""

    code: int
    acknowledged: int


def start_child(work: Callable[[Acknowledge], object]) -> tuple[int, int]:
    """Fork a process that does `work`; return its id and the pipe on which it acknowledges."""
    reading, writing = os.pipe()

    def tell() -> None:
        os.close(reading)
        work(lambda: os.write(writing, b"+"))

    pid = fork(tell)
    os.close(writing)
    return pid, reading


def end_child(pid: int, reading: int) -> Ended:
    with os.fdopen(reading, "rb") as pipe:
        acknowledged = len(pipe.read())
    return Ended(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), acknowledged)


def kill_self(_number: int = 0, _call: Call | None = None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def make_site(folder: Path) -> Site:
    """Make a registry that holds one tagged version with an alias, and files to be added to it."""
    sources = folder / "sources"
    (sources / "folder" / "deep").mkdir(parents=True)
    (sources / "model.bin").write_bytes(bytes(range(256)) * (3 << 12))
    (sources / "folder" / "config.json").write_bytes(b'{"layers": 3}')
    (sources / "folder" / "deep" / "vocab.txt").write_bytes(b"word\n" * 2000)
    (sources / "base.bin").write_bytes(b"base" * 500)
    site = Site(folder / "site", sources)
    Registry.init(site.folder)
    add(site, "p/base", "base.bin", tags=["kept"], aliases=["prod"])
    return site


def add(site: Site, name: str, *sources: str, tags: Iterable[str] = (), aliases: Iterable[str] = ()) -> None:
    draft = Draft(parse_model_name(name), tags=tuple(map(parse_tag, tags)), aliases=tuple(map(parse_alias, aliases)))
    with Registry.open(site.folder) as registry:
        add_files(registry, draft, [site.sources / source for source in sources])


def add_new(site: Site) -> None:
    add(site, "p/new", "model.bin", "folder", tags=["fresh"], aliases=["best"])


def add_known(site: Site) -> None:
    add(site, "p/twin", "base.bin")


def tag(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        tag_versions(registry, ["p/base:1"], add=[parse_tag("good")], remove=[parse_tag("kept")])


def alias(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        set_alias(registry, "p/base:1", parse_alias("champion"))


def publish(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        publish_versions(registry, ["p/base:1"])


COMMANDS: Final[dict[str, Callable[[Site], None]]] = {
    "add": add_new,
    "add-known": add_known,
    "tag": tag,
    "alias": alias,
    "publish": publish,
}


def list_all(registry: Registry) -> list[VersionRow]:
    rows = [row for (row,) in registry.index.db.execute("SELECT row FROM versions ORDER BY row")]
    return read.list_versions(registry.index.db, rows)


def take_snapshot(registry: Registry) -> Snapshot:
    """Return what a registry says, without what differs from one run to the next."""
    versions = (
        (row.ref, tuple((file.path, file.sha256) for file in row.files), row.tags, row.aliases, row.published,
         (row.archived, row.removed, _design_of(row)))
        for row in list_all(registry)
    )  # fmt: skip
    db = registry.index.db
    rows = [row for (row,) in db.execute("SELECT row FROM attempts WHERE newest = 1 ORDER BY row")]
    tasks = (
        (f"task:{task.name}", _list_files(db, row, task), task.tags, (), False,
         (task.archived, task.removed, task.status))
        for row, task in zip(rows, task_read.list_tasks(db, rows), strict=True)
    )  # fmt: skip
    return (*versions, *tasks)


def _list_files(db: Connection, row: int, task: TaskRow) -> tuple[tuple[str, str], ...]:
    """Return the files of a task; of a removed one those of its newest attempt, as a purge takes the others' away."""
    if task.removed:
        return tuple(db.execute("SELECT path, sha256 FROM task_files WHERE task = ? ORDER BY path", (row,)))
    return tuple((file.path, str(file.sha256)) for file in task_read.list_task_files(db, task.id))


def _design_of(row: VersionRow) -> str | None:
    return (row.design.sha256 or row.design.text) if row.design else None


def names_of(snapshot: Snapshot) -> list[str]:
    return [row[0] for row in snapshot]


def snapshot_of(site: Site) -> Snapshot:
    with Registry.open(site.folder) as registry:
        return take_snapshot(registry)


def check_whole(site: Site) -> Snapshot:
    """Check that all that a registry says it has is there and right, and return what it says.

    The registry's own check must find so too, and must not need what opening the registry mends.
    """
    check_chain(site.root)
    check_names(site.root)
    with Registry.open(site.folder) as registry:
        damages = check_registry(registry, "strong").damages
        assert not damages, damages
        assert registry.read(list_void) == []
        return take_snapshot(registry)


def check_chain(root: Path) -> int:
    """Check that the log has no gap and each entry names the one before; return how many there are."""
    slots = sorted((root / "log").rglob("*.toml"))
    assert [int(slot.stem) for slot in slots] == list(range(1, len(slots) + 1))
    head: Head = EMPTY
    for slot in slots:
        data = slot.read_bytes()
        check_entry(load_entry(data, str(slot)), head.seq + 1, head.digest, str(slot))
        head = Head(head.seq + 1, digest_entry(data))
    return len(slots)


def check_names(root: Path) -> None:
    """Check that each blob and record holds the bytes that its name promises: none is partial."""
    for area in ("blobs", "records"):
        for path in (root / area).rglob("*"):
            if path.is_file():
                name = path.parent.name + path.name.removesuffix(".toml")
                assert hashlib.sha256(path.read_bytes()).hexdigest() == name, path


def open_to_all(folder: Path) -> None:
    """Let other users reach a test's folder, through those above it that are closed."""
    for place in (folder, *folder.parents):
        if place.stat().st_mode & 0o055 != 0o055:
            place.chmod(0o755)
