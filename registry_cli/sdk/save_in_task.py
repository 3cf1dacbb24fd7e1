"""Saves a version within a task: with what the task has recorded by now, as a job for its companion."""

from __future__ import annotations

import os
import time
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from registry_cli.catalog.read.address_form import INPUT as ADDRESS_OF_INPUT
from registry_cli.dataclass import replace
from registry_cli.errors import RefusedError
from registry_cli.registry.sources import list_sources
from registry_cli.sdk import pending
from registry_cli.sdk.autolog.current_sink import drain
from registry_cli.sdk.autolog.loaded import find_loaded
from registry_cli.sdk.autolog.metrics_marks import open_marker
from registry_cli.sdk.snapshot import take_snapshot
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.folder import WRAPPER
from registry_cli.tasks.attempt.hints import read_followed
from registry_cli.tasks.attempt.jobs import Job, make_folder, new_job_name
from registry_cli.tasks.attempt.scalar_reader import last_at, read_points
from registry_cli.tasks.outputs import INPUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.records.task import Input
    from registry_cli.registry.api import Registry
    from registry_cli.registry.draft import Draft
    from registry_cli.registry.moving import Mode
    from registry_cli.registry.version import Version
    from registry_cli.sdk.current import Current
    from registry_cli.sdk.pending import Pending
    from registry_cli.sdk.save_options import SaveOptions
    from registry_cli.tasks.attempt.folder import Live


def save(registry: Registry, current: Current, draft: Draft, paths: Sequence[Path], options: SaveOptions) -> Version:
    """Save a version now; raises as `commit`, and RefusedError where the task has ended."""
    _check_open(current, draft, paths)
    full = complete(current, draft, followed=False)
    assert current.live is not None
    list_sources(paths)  # so that the error names a missing path as the script gave it
    registry.check_writable()
    if options.rename is None:
        whole = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  # resolves no link
        job = _make_job(current.live, full, whole, options)
        return pending.save_now(registry, current, job)
    name = new_job_name()
    return pending.save_now(registry, current, _hold(current.live, name, full, paths, options), name)


def save_later(
    registry: Registry, current: Current, draft: Draft, paths: Sequence[Path], options: SaveOptions, keep: int | None
) -> Pending:
    """Take a snapshot of the files, and have it saved later.

    Raises:
        RefusedError: The task has ended.
        RegError: As `take_snapshot`.
    """
    _check_open(current, draft, paths)
    full = complete(current, draft, followed=False)
    assert current.live is not None
    if keep is None:
        pending.wait_for_room()
    registry.check_writable()
    name = new_job_name()
    return pending.save_later(registry, current, _hold(current.live, name, full, paths, options), name, keep)


def _check_open(current: Current, draft: Draft, paths: Sequence[Path]) -> None:
    """Refuse to save for a task that has ended, whose folder is gone."""
    if current.live is not None and not current.live.folder.exists():
        words = " ".join(quote(str(word)) for word in (draft.name, *paths))
        raise RefusedError(
            f"task {current.task.name} has ended, and makes no version of {draft.name} any more",
            hint=f"reg model add {words}",
        )


def complete(current: Current | None, draft: Draft, *, followed: bool = True) -> Draft:
    """Return a draft with the inputs, metrics and labels that its task has recorded by now.

    Args:
        current: The task; None where there is none, and the draft stays.
        draft: The draft.
        followed: False leaves out metrics from files that the runner follows, where the runner itself adds them.
    """
    if current is None or current.live is None:
        return draft
    parents = tuple((role, _fix_input(current, ref)) for role, ref in draft.parents)
    own = {ref for _, ref in parents}
    current.read_tables()
    drain()  # so that the metrics and loads that frameworks noted are in it
    given = dict.fromkeys([*(one.version for one in _list_inputs(current)), *find_loaded(current)])
    inputs = tuple((INPUT, version) for version in given if version not in own)
    left = {current.live.scalars(str(os.getpid()))}
    if not followed and read_followed(current.live) is not None:
        left.add(current.live.scalars(WRAPPER))
    others = last_at(read_points(path for path in current.live.list_scalars() if path not in left), draft.step)
    metrics = {**others, **current.last_at(draft.step), **draft.metrics}
    labels = draft.labels or current.labels
    return replace(draft, task=current.task.id, parents=(*parents, *inputs), metrics=metrics, labels=labels)


def _list_inputs(current: Current) -> Sequence[Input]:
    """Return the inputs of a task; of a clone, those that have reached the script."""
    if current.task.source is None or current.live is None:
        return current.task.inputs
    return read_facts(current.live.list_facts()).drop_unreached(current.task.inputs)


def _fix_input(current: Current, ref: str) -> str:
    """Return the id of a version whose address holds in this process alone; any other address as it is."""
    return current.registry.get_row(ref).id if ref.startswith(ADDRESS_OF_INPUT) else ref


def _hold(live: Live, name: str, draft: Draft, paths: Sequence[Path], options: SaveOptions) -> Job:
    """Return a job for a snapshot of the files as they are now."""
    make_folder(live)
    held = take_snapshot(live.jobs / name, paths, options.rename)
    mode: Mode = "copy" if held.linked else "link"
    return replace(_make_job(live, draft, held.paths, options), mode=mode, linked=held.linked, held=True)


def _make_job(live: Live, draft: Draft, paths: Sequence[Path], options: SaveOptions) -> Job:
    entry = options.entry or draft.name.rpartition("/")[2]
    return Job(
        draft, tuple(map(str, paths)), entry, options.mode, options.message, options.allow_same,
        metrics_until=_mark_metrics(live),
    )  # fmt: skip


def _mark_metrics(live: Live) -> float:
    """Mark the files of metrics that the runner follows as they are now; return the time, 0 where there are none."""
    marker = open_marker(live, f"commit-{os.getpid()}")
    if marker is None:
        return 0.0
    try:
        now = time.time()
        marker.mark(now)
    finally:
        marker.close()
    return now
