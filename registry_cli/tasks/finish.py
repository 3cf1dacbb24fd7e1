"""From the folder of an attempt to the record that ends it: the same for a runner that lives and for one found dead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registry_cli.catalog.task_read import find_task, get_task_row
from registry_cli.errors import CorruptError, RefusedError, RegError
from registry_cli.ids import parse_model_name
from registry_cli.records.parts import FileEntry
from registry_cli.records.task import BUNDLE, CONSOLE, LOCK, SCALARS
from registry_cli.store import files
from registry_cli.store.blobs import find_blob
from registry_cli.store.staging import Staging
from registry_cli.tasks.live import WRAPPER, read_state
from registry_cli.tasks.scalars.read import merge, read_points, summarise
from registry_cli.tasks.scalars.told import Facts, read_facts
from registry_cli.tasks.stage import get_task, stage_file, write_stage

if TYPE_CHECKING:
    from registry_cli.records.status import Status
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.live import Live


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended.

    Attributes:
        exit_code: None where it has none.
        signal: Such as `SIGTERM`.
        problem: What went wrong, in words.
        ended: UTC; now where None.
    """

    status: Status
    exit_code: int | None = None
    signal: str | None = None
    problem: str | None = None
    ended: datetime | None = None


def read_current(task: Task, live: Live) -> Task:
    """Return what is known of a running attempt by now; its files stay those of its start."""
    return _merged(task, live, read_facts(live.list_facts()))


def read_named(task: Task, live: Live) -> Task:
    """Return a running attempt as it is called by now; the rest is as it was, which is quicker to tell."""
    return _named(task, live, read_facts(live.list_facts()))


def finish(registry: Registry, task: Task, live: Live, ending: Ending, *, bare: bool = False) -> Task:
    """Commit the end of an attempt and return the task as it is then; its folder stays.

    Where somebody else has ended the attempt before, that is returned and nothing is written. A bare end goes without
    the blobs that the folder would give.
    """
    task = _find_newest(registry, task) or task
    facts = read_facts(live.list_facts())
    problem = "; ".join(filter(None, (task.problem, ending.problem, facts.problem))) or None
    ended = replace(
        _merged(task, live, facts), status=ending.status, ended=ending.ended or datetime.now(UTC),
        exit_code=ending.exit_code, signal=ending.signal, problem=problem,
    )  # fmt: skip
    with Staging(registry.layout) as staging:
        kept = {file.path: file for file in task.files if file.sha256 and find_blob(registry.layout, file.sha256)}
        kept |= {file.path: file for file in ([] if bare else _stage_told(staging, live, facts))}
        complete = replace(ended, files=tuple(kept[path] for path in sorted(kept)))
        try:
            write_stage(registry, "end", complete, staging=staging)
        except RefusedError:
            return _get_other_end(registry, task)
    return complete


def _find_newest(registry: Registry, task: Task) -> Task | None:
    """Return the record of a running attempt that somebody has edited since it began, or None."""
    registry.index.sync()
    found = find_task(registry.db, task.id)
    row = get_task_row(registry.db, found) if found is not None else None
    if row is None or row.broken or (row.status, row.attempt) != ("running", task.attempt):
        return None
    return get_task(registry, row)


def _get_other_end(registry: Registry, task: Task) -> Task:
    found = find_task(registry.db, task.id)
    if found is None:
        raise CorruptError(f"task {task.id} is not in the log that began it", hint="reg fsck")
    return get_task(registry, get_task_row(registry.db, found))


def _stage_told(staging: Staging, live: Live, facts: Facts) -> list[FileEntry]:
    told = []
    if live.console.exists() and live.console.stat().st_size:
        told.append(_stage_console(staging, live))
    if live.bundle.exists():
        told.append(stage_file(staging, BUNDLE, live.bundle, "application/x-git-bundle"))
    scalars = live.list_scalars()
    if scalars and next(read_points(scalars), None) is not None:
        told.append(stage_file(staging, SCALARS, merge(scalars), "text/tab-separated-values"))
    if facts.lock is not None:
        told.append(stage_file(staging, LOCK, facts.lock.encode(), "text/plain"))
    told += [stage_file(staging, path, document, "application/json") for path, document in facts.plots.items()]
    return told


def _stage_console(staging: Staging, live: Live) -> FileEntry:
    """Take the console in as the file that it is, which needs no room, where nobody can write it any more.

    A script's own may be open in processes that it has forked.
    """
    if not live.facts(WRAPPER).exists():
        return stage_file(staging, CONSOLE, live.console, "text/plain")
    try:
        files.set_mode(live.console, 0o444)
        digests = staging.add_file(live.console, share=True)
    except RegError:  # the file system cannot share it
        return stage_file(staging, CONSOLE, live.console, "text/plain")
    return FileEntry(CONSOLE, digests.size, digests.sha256, digests.xxh3, "text/plain")


def _merged(task: Task, live: Live, facts: Facts) -> Task:
    curves = summarise(read_points(live.list_scalars()))
    inputs = {one.name: one for one in (*task.inputs, *facts.inputs)}
    data = {one.path: one for one in (*task.data, *facts.data)}
    tags = dict.fromkeys((*task.tags, *facts.tags))
    cut = dict.fromkeys((*(task.code.cut if task.code else ()), *facts.cut))
    return replace(
        _named(task, live, facts),
        code=replace(task.code, cut=tuple(cut)) if task.code else None,
        comment=task.comment if facts.comment is None else facts.comment or None,
        tags=tuple(tag for tag in tags if tag not in facts.untags),
        inputs=tuple(inputs.values()),
        data=tuple(data[path] for path in sorted(data)),
        params={**task.params, **facts.params},
        python={**task.python, **facts.python},
        host={**task.host, **facts.host},
        seeds={**task.seeds, **facts.seeds},
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
