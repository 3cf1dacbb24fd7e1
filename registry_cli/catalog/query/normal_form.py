"""The normal form of a query, with every `not` pushed down to the leaves, and questions about it. Knows no SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.catalog.query.ast import And, Compare, Expr, Has, In, Label, Leaf, Not, Op, Or, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OPPOSITE: Final[dict[Op, Op]] = {
    "=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "~": "!~", "!~": "~",
}  # fmt: skip


def push_not(expr: Expr, negated: bool = False) -> Expr:
    """Return `expr`, or its negation, with `Not` only around `Has`, `Label` and `Kin`.

    A negated comparison takes the opposite operator and still requires the field, so a missing field makes both the
    comparison and its negation false.
    """
    match expr:
        case Not(term):
            return push_not(term, not negated)
        case And(terms) | Or(terms):
            join = all_of if isinstance(expr, And) != negated else any_of
            return join([push_not(term, negated) for term in terms])
        case Compare():
            return Compare(expr.field, _OPPOSITE[expr.op], expr.value) if negated else expr
        case In():
            return In(expr.field, expr.values, not expr.negated) if negated else expr
        case _:
            return Not(expr) if negated else expr


def list_conjuncts(expr: Expr | None) -> list[Expr]:
    """Return the terms that must all hold; an empty list for no query."""
    if expr is None:
        return []
    return list(expr.terms) if isinstance(expr, And) else [expr]


def mentions(expr: Expr | None, field: str) -> bool:
    """Return whether a query mentions `field` anywhere."""
    return any(isinstance(leaf, Compare | In | Has) and leaf.field == field for leaf in iter_leaves(expr))


def has_task(expr: Expr | None) -> bool:
    """Return whether a query has the label `task:x`."""
    return any(isinstance(leaf, Label) and leaf.kind == "task" for leaf in iter_leaves(expr))


def replace_tasks(expr: Expr, resolve: Callable[[str], str]) -> Expr:
    """Return a query whose labels `task:x` have what `resolve` returns for `x`."""
    match expr:
        case And(terms):
            return And(tuple(replace_tasks(term, resolve) for term in terms))
        case Or(terms):
            return Or(tuple(replace_tasks(term, resolve) for term in terms))
        case Not(term):
            return Not(replace_tasks(term, resolve))
        case Label("task", value):
            return Label("task", resolve(value))
        case _:
            return expr


def iter_leaves(expr: Expr | None) -> Iterator[Leaf]:
    """Yield the leaves of a query, from left to right."""
    match expr:
        case None:
            return
        case And(terms) | Or(terms):
            for term in terms:
                yield from iter_leaves(term)
        case Not(term):
            yield from iter_leaves(term)
        case _:
            yield expr
