"""The connection to a catalog's tables: statements in batches, transactions, snapshots, limits. Knows no table.

Floors above get a connection from `Registry.read` and pass it to the functions of `catalog/read` and `catalog/query`;
they run no statement of their own.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from registry_cli import interrupts, process

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Connection: TypeAlias = sqlite3.Connection

T = TypeVar("T")

BATCH: Final = 500
"""Most values bound in one statement; SQLite limits their number."""
_PACE: Final = 50_000
"""Steps of SQLite's virtual machine, about 2 ms, between two checks for a signal."""


def marks(values: Sequence[object]) -> str:
    """Return the placeholders of an `IN (…)` for some values."""
    return ",".join("?" * len(values))


def iter_batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield values in batches that one statement can bind."""
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]


def span_of(prefix: str) -> tuple[str, str]:
    """Return the bounds of the ids, in hex digits, that begin with a prefix."""
    return prefix, prefix + "g"


def list_column(db: Connection, query: str, *values: object) -> list[Any]:
    """Return the values of the one column that a query selects."""
    return [value for (value,) in db.execute(query, values)]


def find_value(db: Connection, query: str, *values: object) -> Any | None:
    """Return the one column of the first row of a query, or None where there is no row."""
    found = db.execute(query, values).fetchone()
    return found[0] if found else None


def select_among(db: Connection, query: str, values: Sequence[Any], *more: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query that runs once for each batch of the values.

    Args:
        db: The index.
        query: SQL with `{marks}` in its `IN (…)`; the values are bound first.
        values: Any number of values.
        more: Values bound after each batch.
    """
    for some in iter_batches(values):
        yield from db.execute(query.format(marks=marks(some)), (*some, *more))


def execute_all(db: Connection, script: str) -> None:
    """Run the statements of a script inside the current transaction, which `executescript` would end."""
    for statement in split_script(script):
        db.execute(statement)


def split_script(script: str) -> list[str]:
    """Return the statements of a script without its comment lines."""
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    return "\n".join(lines).split(";")


@contextmanager
def transaction(db: Connection, kind: Literal["DEFERRED", "IMMEDIATE", "EXCLUSIVE"] = "IMMEDIATE") -> Iterator[None]:
    """Commit all that the context writes, or roll all of it back.

    Raises:
        RuntimeError: A snapshot is open. SQLite's own error for it would pass for a damaged index.
    """
    if db.in_transaction:
        raise RuntimeError("a transaction inside a snapshot")
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def open_snapshot(db: Connection) -> Iterator[None]:
    """Give all reads inside the context the state of one moment, whatever other processes write."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


@contextmanager
def limited(db: Connection, steps: int) -> Iterator[None]:
    """Make each statement fail with SQLITE_INTERRUPT after a number of steps of SQLite's virtual machine."""
    db.set_progress_handler(partial(int, 1), steps)  # no bytecode of ours: a signal that arrived there would be lost
    try:
        yield
    finally:
        look_for_signals(db)


def look_for_signals(db: Connection) -> None:
    """Make statements stop when a signal arrives in a command; a script's own handlers must not be called again."""
    if process.is_command:
        db.set_progress_handler(interrupts.look, _PACE)
    else:
        db.set_progress_handler(None, 0)
