"""The execution of a query for tasks: one statement over all of them. Returns row numbers, no records.

Tasks are fewer than versions and their rows are small, so there is no choice of an index: a scan is quick enough.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from registry_cli.catalog.query.fields import CRASHED
from registry_cli.catalog.query.normal_form import list_conjuncts, mentions, push_not
from registry_cli.catalog.query.order import order_by
from registry_cli.catalog.query.predicates import Binder, compile_condition
from registry_cli.catalog.query.sort import NEWEST_FIRST
from registry_cli.catalog.query.subject import TASKS
from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from registry_cli.catalog.query.ast import Expr
    from registry_cli.catalog.query.predicates import Resolve
    from registry_cli.catalog.query.sort import SortKey
    from registry_cli.ids import TaskId


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """A query for tasks.

    Attributes:
        expr: The condition a task must meet, as `parse_query(text, TASKS)` returns it; None matches all.
        sort: The sort keys; newest first where empty.
        limit: Most rows; None for all.
        include_archived: True to include archived tasks; they are also included where `expr` mentions `archived`.
        attempts: True for each attempt by itself; otherwise the one that stands for its task.
    """

    expr: Expr | None = None
    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    include_archived: bool = False
    attempts: bool = False


def find_task_rows(
    db: sqlite3.Connection, query: TaskQuery, resolve: Resolve, crashed: Collection[TaskId] = ()
) -> list[int]:
    """Return the `attempts.row` of all tasks that match, in order, later attempts first; removed tasks never match.

    Args:
        db: The index; only read.
        query: The query.
        resolve: Resolves the addresses in `uses()`.
        crashed: The tasks that are running in the index but whose processes are gone.

    Raises:
        RegError: `resolve` does not know an address.
    """
    bind = Binder()
    where = ["v.removed = 0", "v.attempt > 0" if query.attempts else "v.shown = 1"]
    if not query.include_archived and not mentions(query.expr, "archived"):
        where.append("v.archived = 0")
    terms = list_conjuncts(None if query.expr is None else push_not(query.expr))
    where += [compile_condition(term, bind, resolve, TASKS) for term in terms]
    order = order_by(query.sort or NEWEST_FIRST, bind, TASKS)
    limit = "" if query.limit is None else f"LIMIT {bind(query.limit)}"
    found = db.execute(
        f"SELECT v.row FROM {' '.join(['attempts v', *order.joins])} WHERE {' AND '.join(where)}"
        f" ORDER BY {', '.join(order.terms)}, v.attempt DESC {limit}",
        bind.values | {CRASHED: json.dumps(sorted(crashed))},
    )
    return [row for (row,) in found]
