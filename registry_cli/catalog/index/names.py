"""Names from the index for shell completion, which must be quick at each key press.

It never builds an index, never waits for a lock, and never trusts another user's index. Light: it imports nothing but
SQLite, and that only where there is an index to open.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from typing import Any

_MANY = 60
"""Most names that are offered whole; of more, only their next segments are."""
_READ = 5000
_PATIENCE = 2_000_000
"""Steps of SQLite's virtual machine, less than a tenth of a second: no user waits longer for a completion."""
_LAST = "\U0010ffff"


class Names:
    """The names in an index; none where there is no database."""

    def __init__(self, database: Connection | None) -> None:
        self._database = database

    def __enter__(self) -> Names:
        return self

    def __exit__(self, *error: object) -> None:
        if self._database is not None:
            self._database.close()

    def models(self, text: str) -> list[tuple[str, str]]:
        """Return the names of models that begin with `text`, or their next segments where there are too many."""
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
        """Return the names of tasks that begin with `text`, and the ids that do unless `text` is empty."""
        start = text.upper()
        sql = "SELECT id, name || ' ' || status FROM tasks WHERE id >= ? AND id < ? AND NOT removed ORDER BY id LIMIT ?"
        ids = self._rows(sql, (start, start + _LAST, _MANY)) if text else []
        return [*self.task_names(text), *ids, ("@last", "the newest task")]

    def task_names(self, text: str) -> list[tuple[str, str]]:
        """Return the names of tasks that begin with `text`, each once, with the status of its newest task."""
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
        return self._distinct("aliases", "alias", text)

    def fields(self, text: str, *, tasks: bool = False) -> list[str]:
        """Return the fields of versions, or of tasks, such as `metrics.acc`, that begin with `text`."""
        found = self._distinct("task_fields" if tasks else "fields", "field", text)
        return [field for field in found if "!" not in field]  # `documents.OWN` is no field that a query knows

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
        """Return the distinct values with one index step for each, however many rows hold them."""
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


def open_names(path: str | None, schema: int) -> Names:
    """Return the names in the index at `path`; none unless the file exists, is ours and has the expected schema.

    Args:
        path: Path of the index, or None.
        schema: The version of the tables, `SCHEMA`; a parameter, because its module costs time to import.
    """
    if path is None:
        return Names(None)
    import sqlite3

    from registry_cli.catalog.index.admission import APPLICATION, find_strange, read_header

    if find_strange(path) or read_header(path) != (APPLICATION, schema):
        return Names(None)
    try:
        quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        database = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=0.05)
        database.execute("PRAGMA trusted_schema = OFF")
        database.set_progress_handler(_stop, _PATIENCE)
        row = database.execute("SELECT value FROM stamp WHERE key = 'schema'").fetchone()
    except sqlite3.Error:
        return Names(None)
    if row is None or str(row[0]) != str(schema):
        database.close()
        return Names(None)
    return Names(database)


def _stop() -> bool:
    return True
