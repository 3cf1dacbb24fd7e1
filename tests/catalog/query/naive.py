"""A catalog of versions or tasks as plain dicts, queries answered one by one: slow, short, and the judge of the SQL."""

from __future__ import annotations

import fnmatch
import math
import operator
import sqlite3
from typing import Any

from registry_cli.catalog.query.ast import And, Compare, Expr, Has, Held, In, Kin, Label, Not, Or, Other, Time, Word
from registry_cli.catalog.query.literals import find_span
from registry_cli.catalog.query.normal_form import mentions
from registry_cli.catalog.query.run import Query
from registry_cli.catalog.schema import INDEXES, TABLES
from registry_cli.dataclass import dataclass, field

OPS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "~": "!~", "!~": "~"}
FOLDED = {"name", "project", "framework"}
STARTS = {"id", "source", "commit", "file.sha256"}
OF_FILES = ("file.path", "file.sha256")


@dataclass(slots=True)
class Row:
    """One version or task; `plain` by field name, `keyed` by full name with NaN as a float; `parents` or inputs.

    `files` are pairs of a path and a digest or None.
    """

    row: int
    plain: dict[str, Any]
    keyed: dict[str, Any] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    parents: tuple[str, ...] = ()
    removed: bool = False
    files: tuple[tuple[str, str | None], ...] = ()

    def get(self, name: str) -> Any:
        value = self.plain.get(name) if name in self.plain else self.keyed.get(name)
        return value.casefold() if name in FOLDED and value is not None else value


def write_index(rows: list[Row]) -> sqlite3.Connection:
    """Return an index in memory that holds `rows`."""
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES + INDEXES)
    lines = {name: at for at, name in enumerate(sorted({row.plain["name"] for row in rows}), 1)}
    for name, at in lines.items():
        project = name.rpartition("/")[0].casefold()
        db.execute("INSERT INTO lines VALUES (?, ?, ?, ?, 0)", (at, name.casefold(), name, project))
    for row in rows:
        p = row.plain
        db.execute(
            f"INSERT INTO versions VALUES ({', '.join('?' * 19)})",
            (
                row.row,
                p["id"],
                lines[p["name"]],
                p["number"],
                p["framework"],
                p["author"],
                p["created"],
                p["step"],
                p["task"],
                p["size"],
                p["comment"],
                "seal" if p["published"] else None,
                p["archived"],
                row.removed,
                "",
                None,
                None,
                None,
                p["attempt"],
            ),
        )
        for name, value in row.keyed.items():
            nan = isinstance(value, float) and math.isnan(value)
            both = "nan" if nan else value if isinstance(value, str) else None
            db.execute("INSERT INTO fields VALUES (?, ?, ?, ?)", (row.row, name, value if both is None else None, both))
        db.executemany("INSERT INTO tags VALUES (?, ?)", [(row.row, tag) for tag in row.tags])
        db.executemany("INSERT INTO aliases VALUES (?, ?, ?)", [(lines[p["name"]], a, row.row) for a in row.aliases])
        files = [(row.row, path, digest) for path, digest in row.files]
        db.executemany("INSERT INTO files (version, path, sha256) VALUES (?, ?, ?)", files)
        edges = [(row.row, at, parent, "base") for at, parent in enumerate(row.parents)]
        db.executemany("INSERT INTO parents VALUES (?, ?, ?, ?)", edges)
    return db


def answer(rows: list[Row], query: Query) -> list[int]:
    """Return what `find_rows` must return."""
    hide = not query.include_archived and not mentions(query.expr, "archived")
    found = [row for row in rows if not row.removed and not (hide and row.plain["archived"])]
    if query.expr is not None:
        found = [row for row in found if _holds(query.expr, row, rows)]
    found.sort(key=lambda row: (-row.plain["created"], row.plain["id"]))
    for key in reversed(query.sort):
        found.sort(key=lambda row, key=key: _rank(row.get(key.field)))
        groups: dict[int, list[Row]] = {}
        for row in found:
            groups.setdefault(_rank(row.get(key.field)), []).append(row)
        for rank in (0, 1):
            groups.get(rank, []).sort(key=lambda row, key=key: row.get(key.field), reverse=key.descending)
        found = [row for rank in sorted(groups) for row in groups[rank]]
    if query.per is not None:
        seen: set[str] = set()
        kept = []
        for row in found:
            group = row.plain[query.per]
            if group is None or group not in seen:
                kept.append(row)
            seen.add(group)
        found = kept
    return [row.row for row in found][: query.limit]


def _rank(value: Any) -> int:
    if value is None:
        return 3
    if _is_nan(value):
        return 2
    return 1 if isinstance(value, str) else 0


def _is_nan(value: Any) -> bool:
    return value == "nan" or (isinstance(value, float) and math.isnan(value))


def _holds(expr: Expr, row: Row, rows: list[Row], negated: bool = False) -> bool:
    match expr:
        case And(terms):
            parts = [_holds(term, row, rows, negated) for term in terms]
            return any(parts) if negated else all(parts)
        case Or(terms):
            parts = [_holds(term, row, rows, negated) for term in terms]
            return all(parts) if negated else any(parts)
        case Not(term):
            return _holds(term, row, rows, not negated)
        case Compare(name, op, value) if name in OF_FILES:
            equal = OPPOSITE[op] if op in {"!=", "!~"} else op
            found = any(_compare(file, name, equal, value, rows) for file in _list_files(row))
            return (found == (op == equal)) != negated
        case In(name, values, without) if name in OF_FILES:
            files = _list_files(row)
            found = any(_compare(file, name, "=", value, rows) for file in files for value in values)
            return found != (without != negated)
        case Compare(name, op, value):
            return _compare(row, name, OPPOSITE[op] if negated else op, value, rows)
        case In(name, values, without):
            if row.get(name) is None:
                return False
            return any(_compare(row, name, "=", value, rows) for value in values) != (without != negated)
        case Has(name):
            return (row.get(name) is not None) != negated
        case Word(text):
            name = text.casefold() in row.plain["name"].casefold()
            texts = [*row.tags, row.plain["comment"] or ""]
            return (name or any(_lower_ascii(text) in _lower_ascii(other) for other in texts)) != negated
        case Held(alias):
            line = [other for other in rows if other.plain["name"] == row.plain["name"]]
            return any(_holds_alias(other, alias) for other in line) != negated
        case Label():
            return _label(expr, row) != negated
        case Kin(kind, ref):
            return (ref in (_ancestors(row, rows) if kind == "descends" else row.parents)) != negated


def _list_files(row: Row) -> list[Row]:
    return [Row(row.row, dict(zip(OF_FILES, file, strict=True))) for file in row.files]


def _lower_ascii(text: str) -> str:
    return text.encode().lower().decode()


def _label(label: Label, row: Row) -> bool:
    match label.kind:
        case "tag":
            return label.value in row.tags
        case "alias":
            return _holds_alias(row, label.value)
        case "task":
            return (row.plain.get("task", row.plain["id"]) or "").startswith(label.value.upper())
        case "scan":
            return bool(row.keyed.get("metadata.scan") == label.value)
        case "status":
            return bool(row.plain["status"] == label.value)


def _holds_alias(row: Row, alias: str) -> bool:
    return _lower_ascii(alias) in map(_lower_ascii, row.aliases)


def _ancestors(row: Row, rows: list[Row]) -> set[str]:
    by_id = {other.plain["id"]: other for other in rows}
    seen: set[str] = set()
    front = list(row.parents)
    while front:
        parent = front.pop()
        if parent not in seen:
            seen.add(parent)
            front += by_id[parent].parents if parent in by_id else ()
    return seen


def _compare(row: Row, name: str, op: str, value: Any, rows: list[Row]) -> bool:
    mine = row.get(name)
    if isinstance(value, Other):
        holders = [r for r in rows if r.plain["name"] == row.plain["name"] and value.alias in r.aliases]
        holders = [holder for holder in holders if not holder.removed]
        return bool(holders) and _plainly(mine, op, holders[0].get(value.field))
    if mine is None:
        return False
    if isinstance(value, Time):
        start, end = find_span(value)
        within = {"=": start <= mine < end, "<": mine < start, "<=": mine < end, ">": mine >= end, ">=": mine >= start}
        return not within["="] if op == "!=" else within[op]
    if name in FOLDED:
        value = value.casefold()
    if name == "project" and op in {"=", "!="}:
        return (mine == value or mine.startswith(value + "/")) == (op == "=")
    if name in STARTS and op in {"=", "!="}:
        return mine.lower().startswith(value.lower()) == (op == "=")
    return _plainly(mine, op, value)


def _plainly(mine: Any, op: str, value: Any) -> bool:
    mine, value = ("nan" if _is_nan(each) else each for each in (mine, value))
    if mine is None or value is None or isinstance(mine, str) != isinstance(value, str):
        return False
    if op in {"~", "!~"}:
        return fnmatch.fnmatchcase(mine, value) == (op == "~")
    return bool(OPS[op](mine, value))
