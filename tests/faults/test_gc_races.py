"""Collectors and writers stopped, resumed and killed beside each other at any call or line: no version dangles."""

from __future__ import annotations

import hashlib
import shutil
import signal
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from registry_cli.catalog.index import sqlite_file
from registry_cli.errors import ConflictError
from registry_cli.registry.api import Registry
from registry_cli.registry.gc.collect import empty_trash
from registry_cli.store import file_locks, files
from tests.faults import dump
from tests.faults.dump import (
    WRITERS,
    Command,
    Stepper,
    Writer,
    check_converged,
    check_ended,
    collect_all,
    collect_now,
    collect_thoroughly,
    make_dump,
    pick,
    rerun,
    run_told,
    stop_at,
    stop_self,
    wait_stopped,
    wake,
)
from tests.faults.harness import (
    EXTENT,
    TALLY,
    Acknowledge,
    Call,
    Ended,
    Site,
    Witness,
    check_whole,
    choose,
    end_child,
    kill_self,
    names_of,
    snapshot_of,
    start_child,
    take_share,
)

pytestmark = pytest.mark.usefixtures("quick_disk", "hurry", "strict")
FATE = pytest.mark.parametrize("fate", [signal.SIGCONT, signal.SIGKILL], ids=["goes on", "is killed"])
FOUND = WRITERS["add-orphan"]
ORPHAN = hashlib.sha256(b"orphan" * 700).hexdigest()
STAGES = ["condemn", "sweep", "purge", "now"]
"""What the collector is about that is stopped; each is the run after those before it."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The registry of which each test breaks copies; nobody writes here."""
    return make_dump(tmp_path_factory.mktemp("dump"))


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody's turn, nor for the index: a process that is stopped may hold either."""
    monkeypatch.setattr(file_locks, "PATIENCE", 0.002)
    monkeypatch.setattr(sqlite_file, "WAIT", 0.02)


def start_stopping(command: Command, site: Site, number: int) -> tuple[int, int]:
    return start_child(lambda acknowledge: run_told(command, site, acknowledge, stop_at(number)))


def start_stepping(command: Command, site: Site, number: int) -> tuple[int, int]:
    def work(acknowledge: Acknowledge) -> None:
        run_told(lambda place: Stepper(number).run(command, place), site, acknowledge)

    return start_child(work)


def list_numbers(command: Command, site: Site, extent: str) -> list[int]:
    witness = Witness()
    with files.open_observer(witness):
        command(site)
    return choose(witness.calls, extent)


def count_lines(command: Command, site: Site) -> int:
    stepper = Stepper(0)
    stepper.run(command, site)
    return stepper.lines


def check_writer(writer: Writer, site: Site, ended: Ended, where: str, fate: int = signal.SIGCONT) -> None:
    """Check that a writer was served or refused, that nothing dangles, and that its command can be done again."""
    try:
        check_ended(ended, killed=fate == signal.SIGKILL)
        found = check_whole(site)
        assert writer.is_done(found) or not ended.acknowledged, "what was acknowledged is not there"
        rerun(writer, site)
        check_converged(site)
    except Exception as error:
        raise AssertionError(f"{where}: {error}") from error


def run_writer_beside(
    writer: Writer, site: Site, child: tuple[int, int], others: Callable[[], object], fate: int
) -> Ended:
    pid, pipe = child
    stopped = wait_stopped(pid)
    try:
        if stopped:
            others()
    finally:
        wake(pid, fate)
        ended = end_child(pid, pipe)
    return ended


@EXTENT
@FATE
@pytest.mark.parametrize("name", WRITERS)
def test_writer_stopped_beside_collections(name: str, fate: int, extent: str, full: Site, tmp_path: Path) -> None:
    writer = WRITERS[name]
    numbers = list_numbers(writer.command, full.copy(tmp_path / "rehearsal"), extent)
    for number in pick(numbers, len(numbers) if extent == "all" else 3):
        for thoroughly in (False, True) if extent == "all" and fate == signal.SIGCONT else (number % 2 == 0,):
            site = full.copy(tmp_path / f"{number} {thoroughly}")

            def others(site: Site = site, thoroughly: bool = thoroughly) -> None:
                writer.before(site)
                (collect_thoroughly if thoroughly else collect_now)(site)

            ended = run_writer_beside(writer, site, start_stopping(writer.command, site, number), others, fate)
            check_writer(writer, site, ended, f"{name} stopped in call {number}", fate)
            TALLY["writers stopped beside collections"] += 1
            shutil.rmtree(site.folder)


@EXTENT
@pytest.mark.parametrize("name", WRITERS)
def test_writer_stopped_at_a_line_beside_collections(name: str, extent: str, full: Site, tmp_path: Path) -> None:
    writer = WRITERS[name]
    lines = count_lines(writer.command, full.copy(tmp_path / "rehearsal"))
    for number in take_share(pick(range(1, lines + 1), 30)) if extent == "all" else pick(range(1, lines + 1), 2):
        site = full.copy(tmp_path / str(number))

        def others(site: Site = site, number: int = number) -> None:
            writer.before(site)
            (collect_thoroughly if number % 2 else collect_now)(site)

        ended = run_writer_beside(writer, site, start_stepping(writer.command, site, number), others, signal.SIGCONT)
        check_writer(writer, site, ended, f"{name} stopped at line {number}")
        TALLY["writers stopped at a line"] += 1
        shutil.rmtree(site.folder)


def prepare(full: Site, folder: Path, stage: str) -> tuple[Site, Command]:
    """Return a registry that is ready for a stage of its collection, and the collector's next run."""
    site = full.copy(folder)
    if stage == "now":
        return site, collect_now
    collect_all(site, STAGES.index(stage))
    return site, lambda place: collect_all(place, 1)


def write_all(site: Site, *, optional: bool) -> list[str]:
    """Do every writer's command, and return which took place."""
    done = []
    for name, writer in WRITERS.items():
        rerun(writer, site)
        if writer.is_done(check_whole(site)):
            done.append(name)
        else:
            assert optional, name
    return done


def check_collector(site: Site, ended: Ended, done: list[str], where: str, *, killed: bool) -> None:
    try:
        check_ended(ended, killed)
        found = check_whole(site)
        for name in done:
            assert WRITERS[name].is_done(found), f"{name} is lost"
        check_converged(site)
    except Exception as error:
        raise AssertionError(f"{where}: {error}") from error


@EXTENT
@FATE
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("step", ["call", "line"])
def test_collector_stopped_beside_writers(
    step: str, stage: str, fate: int, extent: str, full: Site, tmp_path: Path
) -> None:
    rehearsal, collector = prepare(full, tmp_path / "rehearsal", stage)
    if step == "call":
        numbers = list_numbers(collector, rehearsal, extent)
        numbers = pick(numbers, len(numbers) if extent == "all" else 3)
    else:
        lines = range(1, count_lines(collector, rehearsal) + 1)
        numbers = take_share(pick(lines, 20)) if extent == "all" else pick(lines, 1)
    start = start_stopping if step == "call" else start_stepping
    for number in numbers:
        site, collector = prepare(full, tmp_path / str(number), stage)
        pid, pipe = start(collector, site, number)
        stopped = wait_stopped(pid)
        try:
            done = write_all(site, optional=True) if stopped else []
            if number % 2:
                collect_thoroughly(site)
        finally:
            wake(pid, fate)
            ended = end_child(pid, pipe)
        check_collector(
            site, ended, done, f"collector stopped in {step} {number} of {stage}", killed=fate == signal.SIGKILL
        )
        TALLY[f"collectors stopped in a {step}"] += stopped
        shutil.rmtree(site.folder)


@EXTENT
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", ["add-orphan", "add-removed", "restore", "derive", "edit"])
def test_both_stopped(name: str, stage: str, extent: str, full: Site, tmp_path: Path) -> None:
    """Each goes to some call, and from there to its end: the collector first, the writer first."""
    writer = WRITERS[name]
    writers = list_numbers(writer.command, full.copy(tmp_path / "writer"), "some")
    rehearsal, collector = prepare(full, tmp_path / "collector", stage)
    writer.before(rehearsal)
    collectors = list_numbers(collector, rehearsal, "some")
    pairs = list(product(writers, collectors, (True, False)))
    for one, other, first in take_share(pick(pairs, 20)) if extent == "all" else pick(pairs, 1):
        site, collector = prepare(full, tmp_path / f"{one} {other} {first}", stage)
        writing = start_stopping(writer.command, site, one)
        wait_stopped(writing[0])
        writer.before(site)
        collecting = start_stopping(collector, site, other)
        wait_stopped(collecting[0])
        ended = {}
        for pid, pipe in (writing, collecting) if first else (collecting, writing):
            wake(pid)
            ended[pid] = end_child(pid, pipe)
        check_ended(ended[collecting[0]], killed=False)
        check_writer(writer, site, ended[writing[0]], f"{name} in call {one}, {stage} in call {other}, {first}")
        TALLY["writers and collectors stopped together"] += 1
        shutil.rmtree(site.folder)


@EXTENT
@FATE
def test_collector_asleep_before_its_move(fate: int, extent: str, full: Site, tmp_path: Path) -> None:
    """One is about to move a blob that then comes into use, is given up, deleted by another, and added again."""
    rehearsal, collector = prepare(full, tmp_path / "rehearsal", "sweep")
    witness = Witness()
    with files.open_observer(witness):
        collector(rehearsal)
    moves = [number for number, call in enumerate(witness.calls, 1) if call.op == "rename" and "/blobs/" in call.path]
    for number in take_share(moves) if extent == "all" else moves[:2]:
        for last in (False, True):
            site, collector = prepare(full, tmp_path / f"{number} {last}", "sweep")
            pid, pipe = start_stopping(collector, site, number)
            assert wait_stopped(pid)
            dump.add(site, "found", "orphan")
            dump.add(site, "again", "gone", dump.LONG)
            dump.remove(site, "p/found:1")
            dump.remove(site, "p/again:1")
            collect_thoroughly(site)
            dump.add(site, "found", "orphan")
            dump.add(site, "again", "gone", dump.LONG)
            if last:
                collect_thoroughly(site)
            wake(pid, fate)
            check_ended(end_child(pid, pipe), killed=fate == signal.SIGKILL)
            found = check_whole(site)
            assert [row[0] for row in found if row[0] in {"p/found:2", "p/again:2"} and not row[5][1]]
            check_converged(site)
            TALLY["collectors asleep before a move"] += 1
            shutil.rmtree(site.folder)


def is_slot(call: Call) -> bool:
    return call.op == "link" and "/log/" in str(call.detail)


def is_move(call: Call) -> bool:
    return call.op == "rename" and call.path.endswith(f"/blobs/{ORPHAN[:2]}/{ORPHAN[2:]}")


def start_stopping_when(
    command: Command, site: Site, wanted: Callable[[Call], bool], moment: str, *, dies: bool = False
) -> tuple[int, int]:
    """Start a child that stops in the first call that is wanted, and may die after it."""
    stopped: list[Call] = []

    def act(_number: int, call: Call) -> None:
        if dies and stopped and wanted(call) and call.moment == "after":
            kill_self()
        if not stopped and wanted(call) and call.moment == moment:
            stopped.append(call)
            stop_self()

    child = start_child(lambda acknowledge: run_told(command, site, acknowledge, Witness(act)))
    assert wait_stopped(child[0])
    return child


def finish(child: tuple[int, int], how: int = signal.SIGCONT) -> Ended:
    wake(child[0], how)
    return end_child(*child)


@pytest.mark.slow
@pytest.mark.sweep(3)
@pytest.mark.parametrize("dead", ["collector", "writer", "nobody"])
def test_move_after_the_writer_took_its_slot(dead: str, full: Site, tmp_path: Path) -> None:
    """The bytes go to the trash when the entry that needs them is there: either brings them back."""
    site, collector = prepare(full, tmp_path / "site", "sweep")
    collecting = start_stopping_when(collector, site, is_move, "before", dies=dead == "collector")
    writing = start_stopping_when(FOUND.command, site, is_slot, "after")
    ended = [finish(collecting)] if dead != "writer" else []
    if dead == "writer":
        finish(writing, signal.SIGKILL)
        ended.append(finish(collecting))
    else:
        ended.append(finish(writing))
    assert [each.code for each in ended] == [-signal.SIGKILL if dead == "collector" else 0, 0][: len(ended)]
    assert "p/found:1" in names_of(snapshot_of(site))
    assert ORPHAN in dump.list_stored(site), "it is in the trash alone"
    check_whole(site)
    check_converged(site)


@pytest.mark.faults
def test_purge_before_the_writer_took_its_slot(full: Site, tmp_path: Path) -> None:
    """One moves the bytes, another deletes them, and the writer that had looked is about to take its slot."""
    site, collector = prepare(full, tmp_path / "site", "sweep")
    collecting = start_stopping_when(collector, site, is_move, "before")
    writing = start_stopping_when(FOUND.command, site, is_slot, "before")
    assert finish(collecting).code == 0
    with Registry.open(site.folder) as registry:
        empty_trash(registry)
    ended = finish(writing)
    check_writer(FOUND, site, ended, "purged before its slot")
    assert ended.code == ConflictError.exit_code
