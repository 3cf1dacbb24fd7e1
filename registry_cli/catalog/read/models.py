"""Models, also called lines: finds them by any name they have or had, and lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.connection import list_column, select_among
from registry_cli.catalog.documents import from_microseconds
from registry_cli.catalog.seals import VERSION, DoubtError, check, check_name, look_up_line, read_lines
from registry_cli.dataclass import dataclass
from registry_cli.ids import AliasName, ModelName, line_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A line as `reg model list` shows it: live versions are those neither archived nor removed.

    Attributes:
        size: Bytes of the distinct blobs of its versions that are not removed.
        aliases: Each alias with the number of its version, sorted by alias.
    """

    name: ModelName
    versions: int
    latest: int | None
    aliases: tuple[tuple[AliasName, int], ...]
    published: int
    size: int
    updated: datetime


def find_line(db: sqlite3.Connection, name: str) -> int | None:
    """Return the line that has a name or once had it, or None.

    Raises:
        DoubtError: The index may give the name to a wrong line.
    """
    line = look_up_line(db, name)
    check_name(db, name, line)
    return line


def get_line_name(db: sqlite3.Connection, line: int) -> ModelName:
    """Return the present name of a line."""
    return ModelName(db.execute("SELECT name FROM lines WHERE id = ?", (line,)).fetchone()[0])


def list_line_names(db: sqlite3.Connection, prefix: str = "") -> list[ModelName]:
    """Return the names of the models that `list_lines` returns, in its order, without counting their versions."""
    where, bound = _within(prefix)
    query = (
        "SELECT l.id FROM lines l WHERE EXISTS (SELECT 1 FROM versions v WHERE v.line = l.id AND v.removed = 0)"
        f" AND {where} ORDER BY l.key"
    )
    lines = list_column(db, query, *bound)
    known = read_lines(db, lines)
    return [ModelName(known[line][0]) for line in lines]


def list_lines(db: sqlite3.Connection, prefix: str = "") -> list[ModelRow]:
    """Return the models whose name starts with `prefix` (by whole segments), sorted by name."""
    where, bound = _within(prefix)
    lines = db.execute(
        "SELECT l.id, count(v.row), max(CASE WHEN v.archived = 0 THEN v.number END), max(v.created),"
        " sum(v.publication IS NOT NULL) FROM lines l JOIN versions v ON v.line = l.id AND v.removed = 0"
        f" WHERE {where} GROUP BY l.id ORDER BY l.key",
        bound,
    ).fetchall()
    known = read_lines(db, [line for line, *_ in lines])
    numbers = _read_numbers(db, {row for _, aliases in known.values() for _, row in aliases})
    sizes = dict(
        db.execute(
            "SELECT line, sum(size) FROM (SELECT DISTINCT v.line AS line, f.sha256, f.size AS size FROM files f"
            f" JOIN versions v ON v.row = f.version JOIN lines l ON l.id = v.line WHERE v.removed = 0 AND {where})"
            " GROUP BY line",
            bound,
        ).fetchall()
    )
    try:
        return [
            ModelRow(
                name=ModelName(known[line][0]),
                versions=count,
                latest=latest,
                aliases=tuple((AliasName(alias), numbers[row]) for alias, row in known[line][1]),
                published=published,
                size=sizes.get(line) or 0,
                updated=from_microseconds(updated),
            )
            for line, count, latest, updated, published in lines
        ]
    except (
        TypeError,
        ValueError,
        OverflowError,
    ) as error:  # versions are only counted here, and their seals not compared
        raise DoubtError(f"a version is not what the log says: {error}") from None


def _read_numbers(db: sqlite3.Connection, rows: Collection[int]) -> dict[int, int]:
    check(db, VERSION, rows)
    return dict(select_among(db, "SELECT row, number FROM versions WHERE row IN ({marks})", list(rows)))


def _within(prefix: str) -> tuple[str, tuple[str, ...]]:
    """Return an SQL condition for lines `l` that are `prefix` or below it, and the values to bind."""
    key = line_key(prefix.rstrip("/"))
    return ("(l.key = ?1 OR substr(l.key, 1, length(?1) + 1) = ?1 || '/')", (key,)) if key else ("1", ())
