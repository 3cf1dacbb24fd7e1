"""Names from the catalog's index, read where it lies: never made, never waited for, never believed if it is another's.

Names the SQLite tables of `catalog/schema.py`; a test pins that the two agree.
"""

from __future__ import annotations

import os

from registry_cli.cli.complete.options import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from typing import Any

_MANY = 60
"""Beyond this many names only their next segments are offered."""
_READ = 5000
_PATIENCE = 2_000_000
"""Steps of SQLite's machine, less than a tenth of a second: longer nobody waits at a key."""
_LAST = "\U0010ffff"


class Index:
    """An index, or none: then it knows no names."""

    def __init__(self, database: Connection | None) -> None:
        self._database = database

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *error: object) -> None:
        if self._database is not None:
            self._database.close()

    def models(self, text: str) -> list[tuple[str, str]]:
        """Return the names of models that begin with `text`; where there are too many, their next segments."""
        key = text.casefold()
        rows = self._rows(
            "SELECT name, last_number FROM lines WHERE key >= ? AND key < ? AND EXISTS"
            " (SELECT 1 FROM versions WHERE line = lines.id AND NOT removed) ORDER BY key LIMIT ?",
            (key, key + _LAST, _READ),
        )
        if len(rows) <= _MANY:
            return [(name, f"{last} versions" if last > 1 else "1 version") for name, last in rows]
        ends = ((name, name.find("/", len(text)) + 1) for name, _ in rows)
        return [(name, "") for name in dict.fromkeys(name[:end] if end else name for name, end in ends)]

    def references(self, text: str) -> list[tuple[str, str]]:
        """Return addresses that begin with `text`: names, then `name:N`, then `name@alias`."""
        name = text[: min((at for at in (text.find(":"), text.find("@")) if at >= 0), default=len(text))]
        exact = self._versions(name) + self._aliases(name)
        return exact if len(name) < len(text) else self.models(text) + exact

    def tasks(self, text: str) -> list[tuple[str, str]]:
        """Return the names of tasks that begin with `text`, and their ids once some of an id is typed."""
        start = text.upper()
        sql = "SELECT id, name || ' ' || status FROM tasks WHERE id >= ? AND id < ? AND NOT removed ORDER BY id LIMIT ?"
        ids = self._rows(sql, (start, start + _LAST, _MANY)) if text else []
        return [*self.task_names(text), *ids, ("@last", "the newest task")]

    def task_names(self, text: str) -> list[tuple[str, str]]:
        """Return the names of tasks that begin with `text`, each once, and the status of its newest task."""
        key = text.casefold()
        rows = self._rows(
            "SELECT name, status, max(created) FROM tasks WHERE key >= ? AND key < ? AND NOT removed"
            " GROUP BY key ORDER BY key LIMIT ?",
            (key, key + _LAST, _READ),
        )
        return [(name, status) for name, status, _ in rows]

    def tags(self, text: str, *, tasks: bool = False) -> list[str]:
        """Return the tags of versions, or of tasks, that begin with `text`."""
        return self._distinct("task_tags" if tasks else "tags", "tag", text)

    def aliases(self, text: str) -> list[str]:
        """Return the aliases of all models that begin with `text`."""
        sql = "SELECT DISTINCT alias FROM aliases WHERE alias >= ? AND alias < ? ORDER BY alias LIMIT ?"
        return [alias for (alias,) in self._rows(sql, (text, text + _LAST, _READ))]

    def fields(self, text: str, *, tasks: bool = False) -> list[str]:
        """Return the fields of versions, or of tasks, such as `metrics.acc`, that begin with `text`."""
        return self._distinct("task_fields" if tasks else "fields", "field", text)

    def _versions(self, name: str) -> list[tuple[str, str]]:
        rows = self._rows(
            "SELECT number, framework, publication, archived FROM versions"
            " JOIN names ON names.line = versions.line AND names.key = ? WHERE NOT removed"
            " ORDER BY number DESC LIMIT 100",
            (name.casefold(),),
        )
        facts = [(row[0], (row[1], row[2] and "published", row[3] and "archived")) for row in rows]
        return [(f"{name}:{number}", " ".join(filter(None, words))) for number, words in facts]

    def _aliases(self, name: str) -> list[tuple[str, str]]:
        rows = self._rows(
            "SELECT alias, number FROM aliases JOIN names ON names.line = aliases.line AND names.key = ?"
            " JOIN versions ON versions.row = aliases.version ORDER BY alias",
            (name.casefold(),),
        )
        return [(f"{name}@{alias}", f"version {number}") for alias, number in rows]

    def _distinct(self, table: str, column: str, text: str) -> list[str]:
        """Return the different values by one index step each, however many rows hold them."""
        step = f"SELECT min({column}) FROM {table} WHERE {column}"
        sql = (
            f"WITH RECURSIVE seen(value) AS ({step} >= ?1 UNION ALL"
            f" SELECT ({step} > value) FROM seen WHERE value < ?2) SELECT value FROM seen WHERE value < ?2 LIMIT ?3"
        )
        return [value for (value,) in self._rows(sql, (text, text + _LAST, _READ))]

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if self._database is None:
            return []
        import sqlite3

        try:
            return self._database.execute(sql, values).fetchall()
        except sqlite3.Error:
            return []


def open_index(registry: str | None) -> Index:
    """Return the index of the registry that a command would use, empty unless it is there and of our schema."""
    path = _find_index(registry or os.environ.get("REG_DIR"))
    if path is None:
        return Index(None)
    import sqlite3

    from registry_cli.catalog.index.admission import APPLICATION, find_strange, read_header

    if find_strange(path) or read_header(path) != (APPLICATION, SCHEMA):
        return Index(None)
    try:
        quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        database = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=0.05)
        database.execute("PRAGMA trusted_schema = OFF")
        database.set_progress_handler(_stop, _PATIENCE)
        row = database.execute("SELECT value FROM stamp WHERE key = 'schema'").fetchone()
    except sqlite3.Error:
        return Index(None)
    if row is None or str(row[0]) != str(SCHEMA):
        database.close()
        return Index(None)
    return Index(database)


def _stop() -> bool:
    return True


def _find_index(named: str | None) -> str | None:
    """Return where the index lies: in the named registry, else the nearest upward, else the user's own."""
    if named:
        return _index_in(named) or _index_in(f"{named}/.registry")
    folder = os.getcwd()  # noqa: PTH109  # pathlib costs as much as the interpreter
    while True:
        if os.path.isdir(f"{folder}/.registry"):  # noqa: PTH112
            return _index_in(f"{folder}/.registry") if _is_ours(f"{folder}/.registry") else None
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            from registry_cli.env import data_home

            return _index_in(f"{data_home()}/.registry")
        folder = above


def _is_ours(registry: str) -> bool:
    """Whether a command would use a registry that nobody named; for most, one look at its owner says so."""
    status = os.lstat(registry)
    if status.st_uid == os.geteuid() and status.st_mode & 0o170000 == 0o040000:
        return True
    from pathlib import Path

    from registry_cli.registry.ownership import is_usable

    return is_usable(Path(registry))


def _index_in(registry: str) -> str | None:
    path = f"{registry}/cache/index.sqlite"
    return path if os.path.isfile(path) else None  # noqa: PTH113
