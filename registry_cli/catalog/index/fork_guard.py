"""SQLite in a process that may fork while another thread runs a call: calls wait for forks, and forks wait for calls.

SQLite has locks that all its connections share. A forked child never uses its parent's connections
(https://www.sqlite.org/howtocorrupt.html), but opening a connection of its own takes such a lock.
"""

from __future__ import annotations

from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from registry_cli.process import quiet

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable


@cache
def make_connection_class() -> type[sqlite3.Connection]:
    """Return a connection class that, with its cursors, has no call in progress at a fork."""
    import sqlite3

    class Cursor(sqlite3.Cursor):
        def __del__(self) -> None:
            try:
                self.close()  # freeing a cursor with rows left ends its statement
            except sqlite3.Error:  # its connection is closed
                pass

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, *given: Any) -> Any:
            return Cursor(self).execute(*given)  # the inherited method would make a plain cursor

        def executemany(self, *given: Any) -> Any:
            return Cursor(self).executemany(*given)

        def __del__(self) -> None:
            try:
                self.close()
            except sqlite3.Error:  # it was never opened
                pass

    _guard(Cursor, ("execute", "executemany", "fetchone", "fetchmany", "fetchall", "__next__", "close"))
    _guard(Connection, ("__init__", "backup", "close"))
    return Connection


def _guard(kind: type, names: Iterable[str]) -> None:
    for name in names:
        setattr(kind, name, _wait_for_forks(getattr(kind, name)))


def _wait_for_forks(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def guarded(*given: Any, **named: Any) -> Any:
        with quiet:
            return call(*given, **named)

    return guarded
