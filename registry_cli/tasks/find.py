"""Finds tasks by a query or an address, as they are now: a task whose runner died is `crashed`, not `running`.

Reads index, records and live folders; writes nothing but the end of an attempt whose runner is dead. With that end on
record, the last completed attempt stands for the task again, for every reader.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from registry_cli.catalog.connection import iter_batches
from registry_cli.catalog.query.ast import In, all_of
from registry_cli.catalog.query.flags import narrow
from registry_cli.catalog.query.normal_form import has_task, replace_tasks
from registry_cli.catalog.query.parse import parse_query
from registry_cli.catalog.query.sort import parse_sort
from registry_cli.catalog.query.subject import TASKS
from registry_cli.catalog.query.tasks import TaskQuery, find_task_rows
from registry_cli.catalog.read.task_address import find_start, resolve_task, split_attempt
from registry_cli.catalog.read.tasks import (
    list_attempt_addresses,
    list_attempts,
    list_task_ids,
    list_tasks,
)
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import UsageError
from registry_cli.records.status import STATUSES
from registry_cli.tasks.crashes import record_crashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.query.ast import Expr
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.ids import TaskId
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class TaskQuestion:
    """A query over tasks as it is typed: the text of the query language, and the flags.

    Attributes:
        sort: Sort keys such as `-metrics.acc,started`; newest first if empty.
        limit: Largest number of tasks.
        tag: Tags that a task must have; with a leading `-`, must not have.
        status: Statuses, any of which a task must have.
        archived: Find archived tasks only.
        include_archived: Find archived tasks too.
        attempts: Find each attempt by itself, in place of the one that stands for its task.
        since: The time from which tasks were made or started, or a duration before now such as `2d`; empty for all.
    """

    expr: str = ""
    sort: str = ""
    limit: int | None = None
    project: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    metric: tuple[str, ...] = ()
    archived: bool = False
    include_archived: bool = False
    attempts: bool = False
    since: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a question.

    Attributes:
        rows: Row numbers of the tasks or attempts in the index, in the question's order.
        crashed: The tasks that are running according to the log and not in fact.
    """

    rows: Sequence[int]
    crashed: set[TaskId]


def find_tasks(registry: Registry, question: TaskQuestion) -> list[TaskRow]:
    """Return the tasks that match a question, as `search_tasks` finds them."""
    return list(iter_tasks(registry, search_tasks(registry, question)))


def search_tasks(registry: Registry, question: TaskQuestion) -> Found:
    """Find the tasks that match a question; those whose runner is dead are `crashed`.

    Raises:
        UsageError: The query cannot be parsed; the message shows where.
        NotFoundError: An address in `uses()`, or after `task:`, names nothing.
    """
    query = TaskQuery(
        expr=read_expr(registry, question),
        sort=parse_sort(question.sort, TASKS, near=partial(list_near_task_fields, registry)) if question.sort else (),
        limit=question.limit,
        include_archived=question.include_archived,
        attempts=question.attempts,
    )
    crashed = record_crashes(registry)
    rows = registry.read(lambda db: find_task_rows(db, query, lambda ref: registry.get_row(ref).id, crashed))
    return Found(rows, crashed)


def list_near_task_fields(registry: Registry, name: str) -> Sequence[str]:
    """Return the fields of tasks that are near to an unknown one; only a mistake loads what finds them."""
    from registry_cli.registry.query import near_fields

    return near_fields(registry, TASKS)(name)


def iter_tasks(registry: Registry, found: Found) -> Iterator[TaskRow]:
    """Yield the tasks that were found, read in batches, so that memory does not grow with their number."""
    for some in iter_batches(found.rows):
        yield from _mark_crashed(registry.read(partial(list_tasks, rows=some)), found.crashed)


def iter_task_ids(registry: Registry, found: Found) -> Iterator[TaskId]:
    """Yield the ids of the tasks that were found, in batches as `iter_tasks`, and read nothing else."""
    for some in iter_batches(found.rows):
        yield from registry.read(partial(list_task_ids, rows=some))


def iter_attempt_addresses(registry: Registry, found: Found) -> Iterator[str]:
    """Yield the addresses of the attempts that were found, such as `01JD…:2`, and read nothing else."""
    for some in iter_batches(found.rows):
        yield from registry.read(partial(list_attempt_addresses, rows=some))


def see_tasks(registry: Registry, refs: Sequence[str], *, removed: bool = False) -> list[TaskRow]:
    """Return the tasks that addresses name, each once, as they are now; errors and `removed` as in `resolve_task`."""

    def find(db: Connection) -> list[TaskRow]:
        return list_tasks(db, list(dict.fromkeys(resolve_task(db, ref, removed=removed) for ref in refs)))

    crashed = record_crashes(registry)
    return _mark_crashed(registry.read(find), crashed)


def see_attempts(registry: Registry, task: TaskId) -> list[TaskRow]:
    """Return all attempts at a task as they are now, oldest first."""
    crashed = record_crashes(registry)
    return _mark_crashed(registry.read(partial(list_attempts, task=task)), crashed)


def name_attempt(registry: Registry, ref: str, number: int | None = None) -> tuple[str, int | None]:
    """Return the address of a task and the number of an attempt, from an address that may end in it, such as `exp:2`.

    Args:
        registry: The registry that holds the task.
        ref: The address.
        number: The attempt that is named beside the address.

    Raises:
        UsageError: The attempt is named twice.
    """
    task, named = registry.read(lambda db: split_attempt(db, ref))
    if named is not None and number is not None:
        raise UsageError(f"{ref} and --attempt {number} both name an attempt: give one of them", hint="reg help tasks")
    return task, number if named is None else named


def see_attempt(registry: Registry, ref: str, number: int | None) -> TaskRow:
    """Return an attempt at a task as it is now; without a number, the one that stands for the task.

    Raises:
        NotFoundError: The address names nothing, or the task has no such attempt.
    """
    from registry_cli.tasks.record import get_row  # a listing does not load it

    if number is None:
        return see_tasks(registry, [ref])[0]
    crashed = record_crashes(registry)
    return _mark_crashed([get_row(registry, ref, number)], crashed)[0]


def read_now(registry: Registry, row: TaskRow) -> Task:
    """Return all that is known about an attempt now: its last record, and the facts its runner has reported since.

    Name, project, comment and tags are those that the task has now.

    Raises:
        CorruptError: The record cannot be read.
    """
    from registry_cli.tasks.attempt.finish import read_current  # a listing does not load these
    from registry_cli.tasks.attempt.folder import find_live
    from registry_cli.tasks.record import get_row, get_task

    task = get_task(registry, row)
    if task.status != "running" or not row.newest:
        return replace(task, status=row.status, name=row.name, project=row.project, comment=row.comment, tags=row.tags)
    live = find_live(registry.layout, row.id, row.attempt)
    if live is not None:
        try:
            return replace(read_current(task, live), status=row.status)
        except FileNotFoundError:
            pass
    registry.index.sync()  # it has just ended, or runs where another copy of the registry is
    return get_task(registry, get_row(registry, row.id, row.attempt))


def _mark_crashed(rows: list[TaskRow], crashed: set[TaskId]) -> list[TaskRow]:
    return [replace(row, status="crashed") if row.status == "running" and row.id in crashed else row for row in rows]


def read_expr(registry: Registry, question: TaskQuestion) -> Expr | None:
    """Return the tree of a question's text and flags, with ids in the place of addresses; None where it has neither.

    Raises:
        UsageError: The text or the value of a flag cannot be parsed.
        NotFoundError: An address after `task:` names nothing.
    """
    expr = (
        parse_query(question.expr, TASKS, near=partial(list_near_task_fields, registry))
        if question.expr.strip()
        else None
    )
    if expr is not None and has_task(expr):
        expr = replace_tasks(expr, lambda text: registry.read(partial(find_start, text=text)))
    expr = narrow(
        expr, project=question.project, name=question.name, tag=question.tag, metric=question.metric,
        archived=question.archived, since=question.since, moments=("created", "started"),
    )  # fmt: skip
    for word in question.status:
        if word not in STATUSES:
            raise UsageError(f"no status `{word}`: a task is {', '.join(STATUSES)}")
    if question.status:
        expr = all_of([*([expr] if expr else []), In("status", question.status)])
    return expr
