"""Seals: digests of what the fold wrote into the index, which reveal a bit that flipped since. They stop no forger.

A version has one seal over its columns, tags and parents and one over its files; a line has one over its name, its last
number and its aliases; names, settings and attempts have theirs. Folding an entry computes the seals of what the entry
touched, and reading compares them (XXH3-64, https://xxhash.com). What a version's record proves is also compared with
the record itself.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.connection import find_value, iter_batches, list_column, marks
from registry_cli.ids import line_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

VERSION: Final = 1
FILES: Final = 2
LINE: Final = 3
NAMES: Final = 4
SETTINGS: Final = 5
TASK: Final = 6
MOVES: Final = 7

VERSION_COLUMNS: Final = (
    "v.row, v.id, v.line, v.number, v.framework, v.author, v.created, v.step, v.task, v.size, v.comment, v.publication,"
    " v.archived, v.removed, v.doc, v.design, v.design_size, v.broken, v.attempt"
)
LINE_COLUMNS: Final = "id, key, name, project, last_number"
_ALL: Final = (
    (VERSION, "SELECT row FROM versions"),
    (FILES, "SELECT row FROM versions"),
    (LINE, "SELECT id FROM lines"),
    (MOVES, "SELECT id FROM lines"),
    (TASK, "SELECT row FROM attempts"),
)


class DoubtError(Exception):
    """Raised when the index differs from what the fold wrote: it must be rebuilt."""


class Seals:
    """The seals of one index while entries are folded.

    Args:
        db: A connection inside a transaction.
        fresh: True where this process has just folded all rows: nothing is checked, and `seal_all` seals them at the
            end.
    """

    def __init__(self, db: sqlite3.Connection, *, fresh: bool = False) -> None:
        self._db = db
        self._fresh = fresh
        self._touched: dict[int, set[int]] = defaultdict(set)

    def renew(self, kind: int, row: int, *, new: bool = False) -> None:
        """Mark a row that is about to change, so that `flush` seals it again; check its old seal unless it is `new`.

        Raises:
            DoubtError: The row differs from what the fold wrote.
        """
        if self._fresh or row in self._touched[kind]:
            return
        if not new:
            check(self._db, kind, [row])
        self._touched[kind].add(row)

    def find_line(self, name: str) -> int | None:
        """Return the line that has a name or once had it, or None.

        Raises:
            DoubtError: The index may give the name to a wrong line.
        """
        line = look_up_line(self._db, name)
        if not (self._fresh or self._touched[NAMES] or line in self._touched[LINE]):
            check_name(self._db, name, line)
        return line

    def flush(self) -> None:
        """Seal all rows that were touched."""
        for kind, rows in self._touched.items():
            _write(self._db, kind, rows)
        self._touched.clear()

    def drop(self) -> None:
        """Forget the touched rows, because their changes were rolled back."""
        self._touched.clear()


def seal_all(db: sqlite3.Connection) -> None:
    """Seal all rows of a database."""
    for kind, query in _ALL:
        _write(db, kind, list_column(db, query))
    _write(db, NAMES, [0])
    _write(db, SETTINGS, [0])


def check(db: sqlite3.Connection, kind: int, rows: Collection[int]) -> None:
    """Check that rows are as the fold wrote them.

    Raises:
        DoubtError: A row differs, or is missing.
    """
    for some in iter_batches(list(rows)):
        now = dict(_compute(db, kind, some))
        if len(now) != len(set(some)) or read_seals(db, kind, some) != now:
            raise DoubtError(f"one of {len(some)} rows is not what the log says")


def read_seals(db: sqlite3.Connection, kind: int, rows: Sequence[int]) -> dict[int, int]:
    """Return the stored seals of at most `BATCH` rows."""
    return dict(
        db.execute(f"SELECT row, seal FROM seals WHERE kind = {kind} AND row IN ({marks(rows)})", rows).fetchall()
    )


def read_lines(db: sqlite3.Connection, lines: Sequence[int]) -> dict[int, tuple[str, list[tuple[str, int]]]]:
    """Return the name and the aliases of lines; an alias comes with the row of the version that holds it.

    The values are those that were compared with the seal: SQLite might answer another query from another of its trees.

    Raises:
        DoubtError: They differ from what the fold wrote.
    """
    read = {}
    for some in iter_batches(lines):
        found, aliases = _select_lines(db, some)
        sealed = read_seals(db, LINE, some)
        if len(found) < len(some) or sealed != {line[0]: seal_line(line, aliases.get(line[0], ())) for line in found}:
            raise DoubtError("a model is not what the log says")
        read.update({line[0]: (line[2], [(alias, at) for alias, at in aliases.get(line[0], ())]) for line in found})
    return read


def read_moves(db: sqlite3.Connection, line: int) -> list[tuple[Any, ...]]:
    """Return row, alias, version and slot of each move of a line's aliases, oldest first.

    Raises:
        DoubtError: They differ from what the fold wrote.
    """
    moves = group(_select_moves(db, [line])).get(line, [])
    if read_seals(db, MOVES, [line]) != {line: seal(moves)}:
        raise DoubtError("the aliases' history is not what the log says")
    return moves


def seal(*values: object) -> int:
    """Return the digest of values as SQLite stores it, a signed integer of 64 bits."""
    from xxhash import xxh3_64_intdigest

    return _signed(xxh3_64_intdigest(repr(values).encode("utf-8", "surrogatepass")))


def seal_list(values: Iterable[object]) -> int:
    """Return the `seal` of a list without holding it in memory: a version may have a million files."""
    from xxhash import xxh3_64

    digest, between = xxh3_64(b"(["), ""
    for value in values:
        digest.update(f"{between}{value!r}".encode("utf-8", "surrogatepass"))
        between = ", "
    digest.update(b"],)")
    return _signed(digest.intdigest())


def _signed(digest: int) -> int:
    return digest - (1 << 64) if digest >> 63 else digest


def group(found: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    """Return rows grouped by their first column, which they lose."""
    groups: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row, *rest in found:
        groups[row].append(tuple(rest))
    return groups


def look_up_line(db: sqlite3.Connection, name: str) -> int | None:
    """Return the line that the index has under a name, without checking it."""
    return find_value(db, "SELECT line FROM names WHERE key = ?", line_key(name))


def check_name(db: sqlite3.Connection, name: str, line: int | None) -> None:
    """Check that a name belongs to a line, or to none.

    Raises:
        DoubtError: The name may belong to another line.
    """
    if line is not None:
        check(db, LINE, [line])
        if find_value(db, "SELECT key FROM lines WHERE id = ?", line) == line_key(name):
            return
    check(db, NAMES, [0])


def _write(db: sqlite3.Connection, kind: int, rows: Collection[int]) -> None:
    for some in iter_batches(list(rows)):
        now = [(kind, row, digest) for row, digest in _compute(db, kind, some)]
        db.executemany("INSERT OR REPLACE INTO seals VALUES (?, ?, ?)", now)


def _compute(db: sqlite3.Connection, kind: int, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield rows with the seals of their present contents."""
    if kind == NAMES:
        yield 0, seal(db.execute("SELECT key, line, name FROM names ORDER BY key").fetchall())
    elif kind == SETTINGS:
        yield 0, seal(db.execute("SELECT key, value FROM settings ORDER BY key").fetchall())
    else:
        yield from {VERSION: _versions, FILES: _files, LINE: _lines, TASK: _tasks, MOVES: _moves}[kind](db, rows)


def _versions(db: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    tags = group(db.execute(f"SELECT version, tag FROM tags WHERE version IN ({marks(rows)}) ORDER BY tag", rows))
    parents = group(
        db.execute(
            f"SELECT child, parent, role FROM parents WHERE child IN ({marks(rows)}) ORDER BY child, position", rows
        )
    )
    for columns in db.execute(f"SELECT {VERSION_COLUMNS} FROM versions v WHERE v.row IN ({marks(rows)})", rows):
        yield columns[0], seal_version(columns, tags.get(columns[0], ()), parents.get(columns[0], ()))


def seal_version(
    columns: tuple[Any, ...], tags: Iterable[tuple[Any, ...]], parents: Iterable[tuple[Any, ...]]
) -> int:  # fmt: skip
    """Return the seal of a version: over `VERSION_COLUMNS`, its tags, and the id and role of its parents."""
    return seal(columns, [tag for (tag,) in tags], [(parent, role) for parent, role, *_ in parents])


def _files(db: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    columns = "version, path, size, sha256, xxh3, media, url"
    found = db.execute(f"SELECT {columns} FROM files WHERE version IN ({marks(rows)}) ORDER BY version, path", rows)
    sealed = {row: seal_list(file[1:] for file in files) for row, files in groupby(found, itemgetter(0))}
    for row in rows:
        yield row, sealed[row] if row in sealed else seal([])


def _lines(db: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    found, aliases = _select_lines(db, rows)
    for columns in found:
        yield columns[0], seal_line(columns, aliases.get(columns[0], ()))


def _select_lines(
    db: sqlite3.Connection, lines: Sequence[int]
) -> tuple[list[tuple[Any, ...]], dict[int, list[tuple[Any, ...]]]]:
    """Return `LINE_COLUMNS` of lines, and for each line its aliases with the versions that hold them."""
    query = f"SELECT line, alias, version FROM aliases WHERE line IN ({marks(lines)}) ORDER BY line, alias"
    aliases = group(db.execute(query, lines))
    return db.execute(f"SELECT {LINE_COLUMNS} FROM lines WHERE id IN ({marks(lines)})", lines).fetchall(), aliases


def seal_line(columns: tuple[Any, ...], aliases: Iterable[tuple[Any, ...]]) -> int:
    """Return the seal of a line: over `LINE_COLUMNS`, and each alias with the row of the version that holds it."""
    return seal(columns, list(aliases))


def _moves(db: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    moves = group(_select_moves(db, rows))
    for line in rows:
        yield line, seal(moves.get(line, []))


def _select_moves(db: sqlite3.Connection, lines: Sequence[int]) -> Iterable[tuple[Any, ...]]:
    query = f"SELECT line, row, alias, version, seq FROM moves WHERE line IN ({marks(lines)}) ORDER BY row"
    return db.execute(query, lines)


def _tasks(db: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    tags = group(db.execute(f"SELECT task, tag FROM task_tags WHERE task IN ({marks(rows)}) ORDER BY tag", rows))
    for columns in db.execute(f"SELECT * FROM attempts WHERE row IN ({marks(rows)})", rows):
        yield columns[0], seal(columns, tags.get(columns[0], []))
