"""The choice of an index: turns a term of a query into a SELECT of candidate rows, where an index can answer it.

Such a SELECT, a driver, may return too many rows, never too few; the whole condition is checked on each row.
"""

from __future__ import annotations

from registry_cli.catalog.query.ast import And, Compare, Expr, Has, In, Kin, Label, Or, Other
from registry_cli.catalog.query.fields import FILES, PLAIN
from registry_cli.catalog.query.predicates import (
    DESCENDANTS,
    Binder,
    Resolve,
    keyed_condition,
    list_sides,
    plain_condition,
)

_MOST_ARMS = 20


def find_driver(term: Expr, bind: Binder, resolve: Resolve) -> str | None:
    """Return a SELECT of the column `row` that yields each row once, or None where no index helps."""
    match term:
        case Or(terms) if len(terms) <= _MOST_ARMS:
            arms = [find_driver(arm, bind, resolve) for arm in terms]
            return " UNION ".join(f"SELECT row FROM ({arm})" for arm in arms) if all(arms) else None
        case And(terms):
            return next((arm for arm in (find_driver(some, bind, resolve) for some in terms) if arm), None)
        case Kin("descends", ref):
            return DESCENDANTS.format(ref=bind(resolve(ref)))
        case Kin("parents", ref):
            return f"SELECT DISTINCT child AS row FROM parents WHERE parent = {bind(resolve(ref))}"
        case Label():
            return _label(term, bind)
        case Compare(value=Other()):
            return None
        case Compare() | In() if term.field in FILES:
            return _file(term, bind)
        case Compare() | In() | Has() if term.field in PLAIN:
            return _plain(term, bind)
        case Compare() | In() | Has():
            return None if _is_broad(term) else _keyed(term, bind)
    return None


def _label(label: Label, bind: Binder) -> str | None:
    match label.kind:
        case "tag":
            return f"SELECT version AS row FROM tags INDEXED BY tags_tag WHERE tag = {bind(label.value)}"
        case "alias":
            return f"SELECT version AS row FROM aliases WHERE alias = {bind(label.value)} COLLATE NOCASE"
        case "task":
            start = bind(label.value.upper())
            between = f"task BETWEEN {start} AND {start} || '~'"
            return f"SELECT row FROM versions INDEXED BY versions_task WHERE task IS NOT NULL AND {between}"
        case "scan":
            return _keyed(Compare("metadata.scan", "=", label.value), bind)
        case "status":
            return None


def _is_broad(term: Compare | In | Has) -> bool:
    """Return whether a term matches most rows or cannot bound an index: `!=`, `!~`, `not in`, a glob."""
    return (isinstance(term, Compare) and term.op in {"!=", "!~", "~"}) or (isinstance(term, In) and term.negated)


def _keyed(term: Compare | In | Has, bind: Binder) -> str:
    at = f"f.field = {bind(term.field)} AND {keyed_condition(term, bind, 'f')}"
    arms = [
        f"SELECT f.version AS row FROM fields f INDEXED BY fields_{side} WHERE {at} AND f.{side} IS NOT NULL"
        for side in list_sides(term)
    ]
    return " UNION ALL ".join(arms)


def _file(term: Compare | In, bind: Binder) -> str | None:
    if term.field != "file.sha256" or _is_broad(term):
        return None
    condition = plain_condition(term, bind, FILES[term.field], "sha256")
    return f"SELECT DISTINCT version AS row FROM files INDEXED BY files_sha256 WHERE {condition}"


def _plain(term: Compare | In | Has, bind: Binder) -> str | None:
    field = PLAIN[term.field]
    if field.line:
        condition = plain_condition(term, bind, field, f"l.{field.line}")
        return (
            f"SELECT w.row FROM lines l CROSS JOIN versions w INDEXED BY sqlite_autoindex_versions_2"
            f" ON w.line = l.id WHERE {condition}"
        )
    index = "versions_task" if term.field == "task" else field.index
    if index is None or _is_broad(term):
        return None
    present = "task IS NOT NULL AND " if term.field == "task" else ""  # required by its partial index
    return (
        f"SELECT row FROM versions INDEXED BY {index} WHERE {present}{plain_condition(term, bind, field, term.field)}"
    )
