"""Makes the record that ends an attempt from its folder, for a live runner and for one that was found dead.

The first end of an attempt counts. A runner whose attempt another process has ended while it slept records its own run
as one more attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli import clock
from registry_cli.catalog.read.tasks import find_attempt
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import CorruptError, RefusedError, RegError, escape_bytes
from registry_cli.ids import parse_model_name
from registry_cli.records.parts import FileEntry
from registry_cli.records.status import ENDED
from registry_cli.records.task import BUNDLE, CELLS, CONSOLE, LOCK, SCALARS
from registry_cli.store import files
from registry_cli.store.staging import Staging
from registry_cli.tasks.attempt.fact_reader import Facts, read_facts
from registry_cli.tasks.attempt.folder import read_state
from registry_cli.tasks.attempt.scalar_reader import merge, read_points, summarise
from registry_cli.tasks.record import get_task, stage_file, write_attempt, write_stage

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.records.status import Status
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.folder import Live


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of an attempt.

    Attributes:
        exit_code: The exit code, or None if there is none.
        signal: Name of the signal that ended it, such as `SIGTERM`.
        problem: Description of a problem, in words.
        ended: Time of the end, UTC; now if None.
    """

    status: Status
    exit_code: int | None = None
    signal: str | None = None
    problem: str | None = None
    ended: datetime | None = None


def read_current(task: Task, live: Live) -> Task:
    """Return all that is known about a running attempt now; its files stay those of its start."""
    return _merged(task, live, read_facts(live.list_facts()))


def read_named(task: Task, live: Live) -> Task:
    """Return a running attempt with its current name and project; the rest stays as it was, which is quicker."""
    return _named(task, live, read_facts(live.list_facts()))


def finish(registry: Registry, task: Task, live: Live, ending: Ending, *, bare: bool = False) -> Task:
    """Commit the end of an attempt and return the task as it is then; the attempt's folder stays.

    If another process has ended the attempt before, that end is returned and nothing is written.

    Args:
        registry: The registry that holds the task.
        task: The task as it was at the attempt's start.
        live: The attempt's folder; missing files are left out.
        ending: The end of the attempt.
        bare: Leave out the blobs from the folder.

    Raises:
        RefusedError: A gate refuses the end.
    """
    ended, row = _try_end(registry, task, live, ending, bare=bare)
    return ended if row is None else get_task(registry, row)


def finish_own(registry: Registry, task: Task, live: Live, ending: Ending, *, bare: bool = False) -> Task:
    """Commit the end of the attempt that this process runs, as `finish` does; `ending` must hold the time of its end.

    If another process has ended it before, the run is recorded again as the next attempt, from its start to its end.

    Raises:
        RefusedError: A gate refuses the end, the task was removed, or its next attempt runs already.
    """
    ended, row = _try_end(registry, task, live, ending, bare=bare)
    if row is None:
        return ended
    if row.removed:
        raise RefusedError(f"task {task.name} was removed while it ran, and its end is not on record")
    other = get_task(registry, row)
    if (other.attempt, other.status, other.ended) == (task.attempt, ending.status, ending.ended):
        return other  # our own end, written by an earlier call
    if other.status not in ENDED:
        raise RefusedError(f"task {task.name} was taken for dead and attempt {other.attempt} at it runs: the end of "
                           f"attempt {task.attempt} is not on record")  # fmt: skip
    return _record_again(registry, task, live, ending, other, bare=bare)


def complete_end(
    registry: Registry, staging: Staging, task: Task, live: Live, ending: Ending, *, bare: bool = False
) -> Task:
    """Return all that is known about an attempt at its end, with its blobs staged."""
    facts = read_facts(live.list_facts())
    problem = "; ".join(filter(None, (task.problem, ending.problem, facts.problem))) or None
    stored = {file.path: file for file in _list_stored(registry, task)}
    stored |= {file.path: file for file in ([] if bare else _stage_folder(staging, live, facts))}
    return replace(
        _merged(task, live, facts), status=ending.status, ended=ending.ended or clock.now(),
        exit_code=ending.exit_code, signal=ending.signal, problem=escape_bytes(problem) if problem else None,
        files=tuple(stored[path] for path in sorted(stored)),
    )  # fmt: skip


def _try_end(registry: Registry, task: Task, live: Live, ending: Ending, *, bare: bool) -> tuple[Task, TaskRow | None]:
    """Commit the end of an attempt; return it, and the task's row if another process has ended it before."""
    with Staging(registry.layout) as staging:
        ended = complete_end(registry, staging, _find_newest(registry, task) or task, live, ending, bare=bare)
        try:
            write_stage(registry, "end", ended, staging=staging)
        except RefusedError:
            row = _get_row(registry, task)
            if (row.status, row.attempt) == ("running", task.attempt) and not row.removed:
                raise
            return ended, row
    return ended, None


def _record_again(registry: Registry, task: Task, live: Live, ending: Ending, other: Task, *, bare: bool) -> Task:
    """Commit a run as one more attempt; `other` is the end that another process wrote for it or for a later one."""
    number = other.attempt + 1
    known = replace(other, problem=task.problem) if other.attempt == task.attempt else task
    why = f"attempt {task.attempt} was ended as {other.status} by another process while it ran"
    problem = "; ".join(filter(None, (ending.problem, why)))
    with Staging(registry.layout) as staging:
        ended = complete_end(registry, staging, known, live, replace(ending, problem=problem), bare=bare)
        ended = replace(ended, attempt=number, started=task.started)
        begun = replace(task, attempt=number, files=_list_stored(registry, task))
        write_attempt(registry, begun, ended, staging)
    return ended


def _list_stored(registry: Registry, task: Task) -> tuple[FileEntry, ...]:
    return tuple(file for file in task.files if file.sha256 and registry.content.has(file.sha256))


def _find_newest(registry: Registry, task: Task) -> Task | None:
    """Return the newest record of a running attempt, as it may have been edited since it began, or None."""
    registry.index.sync()
    row = registry.read(lambda db: find_attempt(db, task.id))
    if row is None or row.broken or (row.status, row.attempt) != ("running", task.attempt):
        return None
    return get_task(registry, row)


def _get_row(registry: Registry, task: Task) -> TaskRow:
    registry.index.sync()
    row = registry.read(lambda db: find_attempt(db, task.id))
    if row is None:
        raise CorruptError(f"task {task.id} is not in the log that began it", hint="reg fsck")
    return row


def _stage_folder(staging: Staging, live: Live, facts: Facts) -> list[FileEntry]:
    staged = []
    console = files.find_status(live.console)
    if console is not None:
        files.check_regular(live.console, console)
    if console is not None and console.st_size:
        staged.append(_stage_own(staging, CONSOLE, live.console, "text/plain"))
    if files.exists(live.cells):
        staged.append(_stage_own(staging, CELLS, live.cells, "text/x-python"))
    if files.exists(live.bundle):
        staged.append(_stage_own(staging, BUNDLE, live.bundle, "application/x-git-bundle"))
    scalars = live.list_scalars()
    if scalars and next(read_points(scalars), None) is not None:
        staged.append(stage_file(staging, SCALARS, merge(scalars), "text/tab-separated-values"))
    if facts.lock is not None:
        staged.append(stage_file(staging, LOCK, facts.lock.encode(), "text/plain"))
    staged += [stage_file(staging, path, document, "application/json") for path, document in facts.plots.items()]
    reported = {path: live.files / place for path, place in facts.files.items()}
    there = {path: place for path, place in reported.items() if files.exists(place)}
    staged += [_stage_own(staging, path, place, None) for path, place in there.items()]
    return staged


def _stage_own(staging: Staging, path: str, source: Path, media: str | None) -> FileEntry:
    """Stage a copy of one of the attempt's own files, by its descriptor: a process may still write to it."""
    with files.open_own(source) as file:
        digests = staging.add_stream(file.fileno())
    return FileEntry(path, digests.size, digests.sha256, digests.xxh3, media)


def _merged(task: Task, live: Live, facts: Facts) -> Task:
    curves = summarise(read_points(live.list_scalars()))
    inputs = {one.name: one for one in (*facts.drop_unreached(task.inputs), *facts.inputs)}
    data = {one.path: one for one in (*task.data, *facts.data)}
    tags = dict.fromkeys((*task.tags, *facts.tags))
    cut = dict.fromkeys((*(task.code.cut if task.code else ()), *facts.cut))
    comment = task.comment if facts.comment is None else facts.comment
    return replace(
        _named(task, live, facts),
        code=replace(task.code, cut=tuple(cut)) if task.code else None,
        comment="\n".join(filter(None, (comment, *facts.notes))) or None,
        tags=tuple(tag for tag in tags if tag not in facts.untags),
        inputs=tuple(inputs.values()),
        data=tuple(data[path] for path in sorted(data)),
        params={**task.params, **facts.params},
        options={**task.options, **{name: str(option) for name, option in facts.options.items()}},
        python={**task.python, **facts.python},
        host={**task.host, **facts.host},
        metrics={**task.metrics, **{key: curve.last for key, curve in curves.items()}},
        curves={**task.curves, **curves},
    )


def _named(task: Task, live: Live, facts: Facts) -> Task:
    if _is_named(live):
        return task
    return replace(task, name=facts.name or task.name, project=_legal(facts.project) or task.project)


def _is_named(live: Live) -> bool:
    try:
        return read_state(live).named
    except (FileNotFoundError, CorruptError):
        return True


def _legal(project: str | None) -> str | None:
    try:
        return parse_model_name(project) if project else None
    except RegError:
        return None
