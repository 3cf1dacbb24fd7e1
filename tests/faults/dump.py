"""A registry full of what nothing uses, the commands that may need it again, and what must hold beside collectors."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar

import pytest

from registry_cli.catalog.read.tasks import get_task_row
from registry_cli.errors import ConflictError, CorruptError, RefusedError
from registry_cli.ids import BlobHash, parse_model_name
from registry_cli.registry.add import add_files, make_design
from registry_cli.registry.api import Registry
from registry_cli.registry.configure import set_setting
from registry_cli.registry.draft import Draft
from registry_cli.registry.editing import Edit, derive_version, edit_versions
from registry_cli.registry.gc import collect
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.lifecycle import archive_versions, publish_versions, remove_versions, restore_versions
from registry_cli.registry.task_lifecycle import remove_tasks, restore_tasks
from registry_cli.registry.undo import undo_entry
from registry_cli.store import files
from registry_cli.store.staging import Staging
from registry_cli.tasks.record import get_task
from tests.faults.harness import Acknowledge, Call, Ended, Site, Snapshot, Witness, check_whole
from tests.registry import making_tasks

T = TypeVar("T")

SOURCES: Final = ("base", "orphan", "gone", "undone", "draft", "hidden", "new")
LONG: Final = b'{"layers": [%s]}' % b", ".join(b"%d" % number for number in range(1500))
"""A design too long for a record."""
STEPS: Final = 3
"""Collections after which nothing unused is left where no period is waited for."""
Command = Callable[[Site], object]


def make_dump(folder: Path) -> Site:
    """Make a registry where bytes of every kind are due: nobody's, of removed versions, of a design."""
    (folder / "sources").mkdir(parents=True)
    for name in SOURCES:
        (folder / "sources" / f"{name}.bin").write_bytes(name.encode() * 700)
    (folder / "sources" / "long.json").write_bytes(LONG)
    site = Site(folder / "site", folder / "sources")
    with Registry.init(site.folder) as registry:
        for key in ("gc.grace", "gc.trash"):
            set_setting(registry, key, "0s")
        with Staging(registry.layout) as staging:
            staging.add_file(site.sources / "orphan.bin")
            staging.install()
    for name in ("base", "draft", "hidden", "gone", "undone"):
        add(site, name, design=LONG if name == "gone" else None)
    with Registry.open(site.folder) as registry:
        archive_versions(registry, ["p/hidden:1"])
        remove_versions(registry, ["p/gone:1"])
        remove_versions(registry, ["p/undone:1"])
        live = making_tasks.run(registry, "live", files={"console.log": b"live" * 700})
        making_tasks.end(registry, making_tasks.start(registry, live), "failed", files={"console.log": b"again" * 700})
        making_tasks.start(registry, "running")
        lost = making_tasks.run(registry, "lost", files={"console.log": b"lost" * 700})
        lost = making_tasks.end(registry, making_tasks.start(registry, lost), files={"console.log": b"last" * 700})
        remove_tasks(registry, [lost.id])
    return site


def add(site: Site, model: str, source: str | None = None, design: bytes | None = None) -> None:
    draft = Draft(parse_model_name(f"p/{model}"), design=make_design(design, "long.json") if design else None)
    with Registry.open(site.folder) as registry:
        add_files(registry, draft, [site.sources / f"{source or model}.bin"])


def end_task(site: Site) -> None:
    """End the task that runs, with a console of bytes that nothing uses."""
    with Registry.open(site.folder) as registry:
        (row,) = registry.index.db.execute("SELECT row FROM tasks WHERE name = 'running'").fetchone()
        task = get_task(registry, get_task_row(registry.index.db, row))
        if task.status == "running":
            making_tasks.end(registry, task, files={"console.log": (site.sources / "orphan.bin").read_bytes()})


def restore_task(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        (task,) = registry.index.db.execute("SELECT id FROM tasks WHERE name = 'lost'").fetchone()
        restore_tasks(registry, [task])


def restore(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        restore_versions(registry, ["p/gone:1"])


def restore_archived(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        restore_versions(registry, ["p/hidden:1"])


def derive(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        derive_version(registry, "p/draft:1", Edit(), name=parse_model_name("p/child"))


def undo(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        if registry.get_row("p/undone:1").removed:
            (entry,) = registry.index.db.execute(
                "SELECT e.id FROM entries e JOIN changes c ON c.seq = e.seq JOIN versions v ON v.row = c.version"
                " JOIN lines l ON l.id = v.line WHERE c.op = 'remove' AND l.name = 'p/undone'"
                " ORDER BY e.seq DESC LIMIT 1"
            ).fetchone()
            undo_entry(registry, entry)


def edit(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        edit_versions(registry, ["p/base:1"], Edit(design=make_design(LONG, "long.json")))


def publish(site: Site) -> None:
    try:
        with Registry.open(site.folder) as registry:
            publish_versions(registry, ["p/draft:1"])
    except CorruptError:  # its bytes went while they were read: right only if somebody has removed it
        with Registry.open(site.folder) as registry:
            if not registry.get_row("p/draft:1").removed:
                raise
        raise RefusedError("p/draft:1 was removed") from None


def remove(site: Site, ref: str) -> None:
    with Registry.open(site.folder) as registry:
        remove_versions(registry, [ref], force=True, message="in the way")


def collect_all(site: Site, runs: int = STEPS) -> None:
    """Let a process take the steps of a collection, each with all that is due."""
    for _ in range(runs):
        with Registry.open(site.folder) as registry:
            run_collection(registry)


def collect_now(site: Site) -> None:
    """Take all steps at once, whoever is writing: that they are refused then is a courtesy."""
    with pytest.MonkeyPatch.context() as patch, Registry.open(site.folder) as registry:
        patch.setattr(collect, "list_live_writers", lambda _layout: [])
        run_collection(registry, instant=True)


def collect_thoroughly(site: Site) -> None:
    collect_all(site)
    collect_now(site)


@dataclass(frozen=True)
class Writer:
    """A command that counts on bytes which a collector may take.

    Attributes:
        command: It.
        is_done: Whether a registry shows that it took place.
        before: What makes its bytes unused while it is on its way.
        optional: Whether it may be refused for good, because the bytes are gone, or the version is.
    """

    command: Command
    is_done: Callable[[Snapshot], bool]
    before: Command = lambda _site: None
    optional: bool = False


def is_live(ref: str) -> Callable[[Snapshot], bool]:
    return lambda found: any(row[0] == ref and not row[5][1] for row in found)


WRITERS: Final[dict[str, Writer]] = {
    "add": Writer(lambda site: add(site, "new"), is_live("p/new:1")),
    "add-orphan": Writer(lambda site: add(site, "found", "orphan"), is_live("p/found:1")),
    "add-removed": Writer(lambda site: add(site, "again", "gone", LONG), is_live("p/again:1")),
    "restore": Writer(restore, is_live("p/gone:1"), optional=True),
    "restore-archived": Writer(
        restore_archived, lambda found: any(row[0] == "p/hidden:1" and not (row[5][0] and row[5][1]) for row in found),
        lambda site: remove(site, "p/hidden:1"), optional=True),
    "end-task": Writer(end_task, lambda found: any(row[0] == "task:running" and row[1] for row in found)),
    "restore-task": Writer(restore_task, is_live("task:lost"), optional=True),
    "derive": Writer(derive, is_live("p/child:1"), lambda site: remove(site, "p/draft:1"), optional=True),
    "undo": Writer(undo, is_live("p/undone:1"), optional=True),
    "edit": Writer(edit, lambda found: any(row[0] == "p/base:1" and row[5][2] for row in found)),
    "publish": Writer(
        publish, lambda found: any(row[0] == "p/draft:1" and row[4] for row in found),
        lambda site: remove(site, "p/draft:1"), optional=True),
}  # fmt: skip


def run_told(command: Command, site: Site, acknowledge: Acknowledge, observer: Witness | None = None) -> None:
    """Do a command in a child, which ends with the code that a user sees where it is refused."""
    try:
        if observer is None:
            command(site)
        else:
            with files.open_observer(observer):
                command(site)
    except (ConflictError, RefusedError) as error:
        os._exit(error.exit_code)
    acknowledge()


def stop_at(number: int) -> Witness:
    """Stop the process in its `number`-th call of the seam."""

    def act(count: int, _call: Call) -> None:
        if count == number:
            stop_self()

    return Witness(act)


def stop_self() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


class Stepper:
    """Stops the process at its `number`-th line of the modules in which bytes are looked for, named and moved."""

    modules = (
        "staging.py",
        "blobs.py",
        "trash.py",
        "hold_bytes.py",
        "collect.py",
        "log.py",
        "transaction.py",
        "unchanged.py",
    )

    def __init__(self, number: int) -> None:
        self.lines = 0
        self._number = number

    def __call__(self, frame: FrameType, event: str, _detail: Any) -> Stepper | None:
        if os.path.basename(frame.f_code.co_filename) not in self.modules:
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self._number:
                stop_self()
        return self

    def run(self, command: Command, site: Site) -> None:
        """Do a command under watch."""
        sys.settrace(self)
        try:
            command(site)
        finally:
            sys.settrace(None)


def wait_stopped(pid: int) -> bool:
    """Wait for a child to stop; return False where it ended instead, and leave that to be waited for."""
    info = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert info is not None
    return info.si_code == os.CLD_STOPPED


def wake(pid: int, how: int = signal.SIGCONT) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, how)


def check_ended(ended: Ended, killed: bool) -> None:
    allowed = {0, ConflictError.exit_code, RefusedError.exit_code} | ({-signal.SIGKILL} if killed else set())
    assert ended.code in allowed, f"ended with {ended.code}"


def check_converged(site: Site) -> None:
    """Check that a few collections beside nobody leave exactly what is in use, and all of that."""
    collect_all(site)
    check_whole(site)
    with Registry.open(site.folder) as registry:
        used = {
            BlobHash(sha256)
            for (sha256,) in registry.index.db.execute(
                "SELECT u.sha256 FROM uses u LEFT JOIN versions v ON v.row = u.version"
                " LEFT JOIN attempts t ON t.row = u.task WHERE coalesce(v.removed, t.removed) = 0"
            )
        }
    assert list_stored(site) >= used
    assert list_stored(site) - used <= list_kept(site)
    assert not [path for path in (site.root / "trash").rglob("*") if path.is_file()]


def list_stored(site: Site) -> set[BlobHash]:
    return {BlobHash(path.parent.name + path.name) for path in (site.root / "blobs").glob("??/*")}


def list_kept(site: Site) -> set[BlobHash]:
    """Return what removed versions hold and keep: those published, tagged, or ancestors of live ones."""
    with Registry.open(site.folder) as registry:
        found = registry.index.db.execute(
            "SELECT u.sha256 FROM uses u JOIN versions v ON v.row = u.version WHERE v.removed = 1 AND"
            " (v.publication IS NOT NULL OR EXISTS (SELECT 1 FROM parents p JOIN versions c ON c.row = p.child"
            "  WHERE p.parent = v.id))"
        )
        return {BlobHash(sha256) for (sha256,) in found}


def rerun(writer: Writer, site: Site) -> None:
    """Do the command again, until it takes place or is refused for good."""
    for _ in range(2):
        try:
            writer.command(site)
        except ConflictError:
            continue
        except RefusedError:
            assert writer.optional
            return
        assert writer.is_done(check_whole(site))
        return
    raise AssertionError("it conflicts with nobody")


def pick(items: Sequence[T], count: int) -> list[T]:
    """Return `count` of some things, spread evenly; all where there are no more."""
    return [items[len(items) * at // count] for at in range(count)] if len(items) > count else list(items)
