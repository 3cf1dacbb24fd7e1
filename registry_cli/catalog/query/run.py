"""The execution of a query: chooses one way of its plan and walks it. Returns row numbers, no records."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.connection import limited
from registry_cli.catalog.query.compile import PROBE_LIMIT, Per, Plan, compile_query
from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from registry_cli.catalog.query.ast import Expr
    from registry_cli.catalog.query.predicates import Resolve
    from registry_cli.catalog.query.sort import SortKey

PATIENCE: Final = 600_000
"""Steps of SQLite's virtual machine, about 20 ms, spent on a walk along the sort key's index before it is abandoned."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query for versions.

    Attributes:
        expr: The condition a version must meet; None matches all.
        sort: The sort keys; newest first where empty.
        limit: Most rows, after `per`; None for all.
        per: Keep the first row of each task or line; each version without a task is a group of its own.
        include_archived: True to include archived versions; they are also included where `expr` mentions `archived`.
        removed: True for removed versions, archived ones too, and no others.
    """

    expr: Expr | None = None
    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    per: Per | None = None
    include_archived: bool = False
    removed: bool = False


def find_rows(db: sqlite3.Connection, query: Query, resolve: Resolve, *, patience: int = PATIENCE) -> list[int]:
    """Return the `versions.row` of all versions that match, in order.

    Args:
        db: The index; only read.
        query: The query.
        resolve: Resolves the addresses in `descends()` and `parents()`.
        patience: Steps of SQLite's virtual machine after which a scan replaces a walk along the sort key's index.

    Raises:
        RegError: `resolve` does not know an address.
    """
    plan = compile_query(
        query.expr, query.sort, query.limit, query.per, query.include_archived, resolve, removed=query.removed
    )
    driver = find_small_driver(db, plan)
    if driver is None and plan.ordered and query.limit is not None:
        rows = _find_in_order(db, plan, query, patience)
        if rows is not None:
            return rows
    return _read(db, [driver or plan.scan], plan, query)


def find_small_driver(db: sqlite3.Connection, plan: Plan) -> str | None:
    """Return the statement of the driver with the fewest rows, or None where all have more than `PROBE_LIMIT`."""
    best = None
    fewest = PROBE_LIMIT + 1
    for driver in plan.drivers:
        (count,) = db.execute(driver.probe, plan.params).fetchone()
        if count < fewest:
            best, fewest = driver.select, count
    return best


def _find_in_order(db: sqlite3.Connection, plan: Plan, query: Query, patience: int) -> list[int] | None:
    """Walk the sort key's index up to the limit; return None where too few rows match for the walk to be quick."""
    import sqlite3

    try:
        with limited(db, patience):
            return _read(db, plan.ordered, plan, query)
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        return None


def _read(db: sqlite3.Connection, statements: Sequence[str], plan: Plan, query: Query) -> list[int]:
    found = chain.from_iterable(db.execute(text, plan.params) for text in statements)
    if query.per is None:
        return [row for (row,) in islice(found, query.limit)]
    return list(islice(_iter_first(found), query.limit))


def _iter_first(found: Iterable[tuple[object, int]]) -> Iterator[int]:
    seen = set()
    for group, row in found:
        if group is None or group not in seen:
            seen.add(group)
            yield row
