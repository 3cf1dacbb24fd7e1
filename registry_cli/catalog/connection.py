"""The connection to a catalog's tables, and how every room of the catalog uses one. Knows no table.

Floors above get a connection from `Registry.read` and hand it on to the functions of `catalog/read` and
`catalog/query`; they run no statement of their own.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from registry_cli import interrupts, process

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Connection: TypeAlias = sqlite3.Connection

T = TypeVar("T")

BATCH: Final = 500
"""Rows asked for at a time; SQLite binds a limited number of values."""
_PACE: Final = 50_000
"""Steps of SQLite's machine, about 2 ms, between two looks for a signal."""


def marks(values: Sequence[object]) -> str:
    """Return the placeholders of an `IN (…)` for some values."""
    return ",".join("?" * len(values))


def iter_batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield values in parts that one statement can bind."""
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]


def select_among(db: Connection, query: str, values: Sequence[Any], *more: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query, asked for a part of the values at a time.

    Args:
        db: The index.
        query: With `{marks}` in its `IN (…)`; the values are bound first.
        values: However many.
        more: Bound after them.
    """
    for some in iter_batches(values):
        yield from db.execute(query.format(marks=marks(some)), (*some, *more))


def execute_all(db: Connection, script: str) -> None:
    """Run statements inside the transaction, which `executescript` would end."""
    for statement in split_script(script):
        db.execute(statement)


def split_script(script: str) -> list[str]:
    """Return the statements of a script, comments left out."""
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    return "\n".join(lines).split(";")


@contextmanager
def transaction(db: Connection) -> Iterator[None]:
    """Write at once, or not at all."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def open_snapshot(db: Connection) -> Iterator[None]:
    """Let all that is read while the context lasts be of one moment, whatever other processes write."""
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
    """Let each statement fail with SQLITE_INTERRUPT after so many steps of SQLite's machine."""
    db.set_progress_handler(partial(int, 1), steps)  # no bytecode of ours: a signal that came there would be lost
    try:
        yield
    finally:
        look_for_signals(db)


def look_for_signals(db: Connection) -> None:
    """Stop at a signal's coming, in a command; a script's own handlers are not ours to call again."""
    if process.guarded:
        db.set_progress_handler(None, 0)
    else:
        db.set_progress_handler(interrupts.look, _PACE)
