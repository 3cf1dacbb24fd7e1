"""The compiler: turns a query into SQL statements, with the index that drives each, and their order. Runs nothing.

SQLite has no statistics of the values (no ANALYZE is assumed), so each statement fixes its own order of tables by CROSS
JOIN and INDEXED BY. A plan offers three ways, and `run` chooses one:

- by a driver: the rows that one conjunct's index yields, with the other conditions checked on each, sorted at the end;
- in order: along the index of the first sort key, part by part, so that a limit ends the walk early;
- by a scan of all versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from registry_cli.catalog.query.ast import Compare, Expr, Has, In, Other
from registry_cli.catalog.query.fields import PLAIN
from registry_cli.catalog.query.index_choice import find_driver
from registry_cli.catalog.query.normal_form import list_conjuncts, mentions, push_not
from registry_cli.catalog.query.order import Order, keyed_terms, order_by
from registry_cli.catalog.query.predicates import Binder, Resolve, compile_condition, keyed_condition, list_sides
from registry_cli.catalog.query.sort import NEWEST_FIRST, SortKey
from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Per: TypeAlias = Literal["task", "name"]
PROBE_LIMIT: Final = 2000
"""Most rows of a driver that `run` uses; counting stops above it."""

_GROUPS: Final = {None: "", "task": "v.task, ", "name": "v.line, "}


@dataclass(frozen=True, slots=True)
class Driver:
    """The index of one conjunct: `probe` counts its rows up to `PROBE_LIMIT` + 1, `select` answers with its help."""

    probe: str
    select: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Statements that answer one query; each selects `versions.row`, preceded by its group (NULL: none) under `per`.

    Attributes:
        params: Named parameters of all statements; each statement uses some of them.
        drivers: One way for each conjunct that has an index.
        ordered: Statements whose rows, one after the other, are the answer; empty where no index has the order.
        scan: The statement that checks every version.
    """

    params: Mapping[str, object]
    drivers: tuple[Driver, ...]
    ordered: tuple[str, ...]
    scan: str


def compile_query(
    expr: Expr | None,
    sort: Sequence[SortKey],
    limit: int | None,
    per: Per | None,
    include_archived: bool,
    resolve: Resolve,
    *,
    removed: bool = False,
) -> Plan:
    """Return the plan of a query.

    Only removed versions match where `removed` is true, else only others; of these, archived ones match only if the
    query mentions `archived` or `include_archived` is true.

    Raises:
        RegError: `resolve` does not know an address in `descends()` or `parents()`.
    """
    bind = Binder()
    terms = list_conjuncts(None if expr is None else push_not(expr))
    live = [f"v.removed = {int(removed)}"]
    if not removed and not include_archived and not mentions(expr, "archived"):
        live.append("v.archived = 0")
    order = order_by(tuple(sort) or NEWEST_FIRST, bind)
    builder = _Builder(
        head=f"SELECT {_GROUPS[per]}v.row FROM",
        conditions=(*live, *(compile_condition(term, bind, resolve) for term in terms if not _is_on(term, order))),
        order=order,
        anchor=_find_anchor(terms, order, bind),
        tail="" if limit is None or per is not None else f"LIMIT {bind(limit)}",  # LIMIT -1 would sort slower
    )
    found = [driver for term in terms if (driver := find_driver(term, bind, resolve)) is not None]
    return Plan(
        drivers=tuple(builder.driver(rows) for rows in found),
        ordered=tuple(builder.list_parts()),
        scan=builder.sorted("versions v NOT INDEXED"),
        params=bind.values,
    )


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The query's own conditions on the keyed field that is the first sort key.

    Attributes:
        bounds: Conditions on the field's row `s` of `fields`.
        sides: The columns, of `number` and `text`, that can hold the field.
    """

    bounds: tuple[str, ...]
    sides: frozenset[str]


def _is_on(term: Expr, order: Order) -> bool:
    """Return whether a term mentions the keyed field that is the first sort key, and nothing else."""
    if not isinstance(term, Compare | In | Has) or (isinstance(term, Compare) and isinstance(term.value, Other)):
        return False
    return term.field == order.first.field and term.field not in PLAIN


def _find_anchor(terms: Sequence[Expr], order: Order, bind: Binder) -> _Anchor | None:
    on = [term for term in terms if isinstance(term, Compare | In | Has) and _is_on(term, order)]
    if not on:
        return None
    sides = frozenset[str].intersection(*(frozenset(list_sides(term)) for term in on))
    return _Anchor(tuple(keyed_condition(term, bind, "s") for term in on), sides)


@dataclass(frozen=True, slots=True)
class _Builder:
    head: str
    conditions: tuple[str, ...]
    order: Order
    anchor: _Anchor | None
    tail: str

    def select(self, tables: str, conditions: Sequence[str], joins: Sequence[str], terms: Sequence[str]) -> str:
        where = " AND ".join([*self.conditions, *conditions])
        return f"{self.head} {' '.join([tables, *joins])} WHERE {where} ORDER BY {', '.join(terms)} {self.tail}"

    def sorted(self, tables: str) -> str:
        """Return the statement over any tables that yield `v`, sorted at the end."""
        order = self.order
        if self.anchor is None:
            return self.select(tables, (), order.joins, order.terms)
        joined = f"{tables} CROSS JOIN fields s ON s.version = v.row AND s.field = {order.first_name}"
        number_only = self.anchor.sides == {"number"}
        terms = order.along("s.number") if number_only else (*keyed_terms(order.first, "s"), *order.rest)
        return self.select(joined, self.anchor.bounds, order.rest_joins, terms)

    def driver(self, rows: str) -> Driver:
        return Driver(
            probe=f"SELECT count(*) FROM (SELECT 1 FROM ({rows}) LIMIT {PROBE_LIMIT + 1})",
            select=self.sorted(f"({rows}) d CROSS JOIN versions v ON v.row = d.row"),
        )

    def list_parts(self) -> list[str]:
        """Return the statements along the index of the first sort key; none where the key has no index."""
        order = self.order
        field = order.first.field
        if field in {"name", "project"}:
            index, column = ("sqlite_autoindex_lines_1", "key") if field == "name" else ("lines_project", "project")
            lines = f"lines s INDEXED BY {index} CROSS JOIN versions v INDEXED BY sqlite_autoindex_versions_2"
            return [self.select(f"{lines} ON v.line = s.id", (), order.rest_joins, order.along(f"s.{column}"))]
        if field not in PLAIN:
            return self.list_keyed_parts()
        index = PLAIN[field].index or ""
        along = order.along(f"v.{field}")
        return [self.select(f"versions v INDEXED BY {index}", (), order.rest_joins, along)] if index else []

    def list_keyed_parts(self) -> list[str]:
        """Return the statements for a keyed sort field: its numbers, its texts, its NaNs, the versions without it."""
        order = self.order
        bounds, sides = (self.anchor.bounds, self.anchor.sides) if self.anchor else ((), {"number", "text", "missing"})
        statements = []
        for side, present, terms in (
            ("number", "s.number IS NOT NULL", order.along("s.number")),
            ("text", "s.text IS NOT NULL AND s.text <> 'nan'", order.along("s.text")),
            ("text", "s.text = 'nan'", order.rest),
        ):
            if side in sides:
                tables = f"fields s INDEXED BY fields_{side} CROSS JOIN versions v ON v.row = s.version"
                conditions = [f"s.field = {order.first_name}", present, *bounds]
                statements.append(self.select(tables, conditions, order.rest_joins, terms))
        if "missing" in sides:
            at = f"s.version = v.row AND s.field = {order.first_name}"
            lacks = f"NOT EXISTS (SELECT 1 FROM fields s WHERE {at})"
            statements.append(
                self.select("versions v INDEXED BY versions_created", [lacks], order.rest_joins, order.rest)
            )
        return statements
