"""ORDER BY: sort keys as SQL terms, for rows that are sorted at the end and for rows that an index yields in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.query.subject import VERSIONS, Subject
from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.query.fields import Field
    from registry_cli.catalog.query.predicates import Binder
    from registry_cli.catalog.query.sort import SortKey


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows.

    Attributes:
        first: The first key, whose order an index may give.
        first_name: The parameter that holds its field's name.
        joins: Joins with the tables that `terms` reads.
        terms: The whole order.
        rest_joins: Joins with the tables that `rest` reads.
        rest: The order among rows that are equal in the first key.
    """

    first: SortKey
    first_name: str
    joins: tuple[str, ...]
    terms: tuple[str, ...]
    rest_joins: tuple[str, ...]
    rest: tuple[str, ...]

    def along(self, column: str) -> tuple[str, ...]:
        """Return the whole order for rows whose first key is in `column` and is never missing."""
        if self.first.field == "id":
            return (column + _direction(self.first),)
        return (column + _direction(self.first), *self.rest)


def order_by(keys: Sequence[SortKey], bind: Binder, subject: Subject = VERSIONS) -> Order:
    """Return the order of one or more keys, with ties broken by newest first, then by id."""
    joins: list[list[str]] = []
    terms: list[list[str]] = []
    for at, key in enumerate(keys):
        joins.append([])
        if key.field in subject.plain:
            terms.append(_plain_terms(key, subject.plain[key.field]))
            continue
        row = f"k{at}"
        on = f"{row}.{subject.owner} = v.row AND {row}.field = {bind(key.field)}"
        joins[-1].append(f"LEFT JOIN {subject.fields} {row} ON {on}")
        terms.append(keyed_terms(key, row))
    named = {key.field for key in keys}
    ties = [] if "id" in named else ["v.id"] if "created" in named else ["v.created DESC", "v.id"]
    return Order(
        keys[0],
        bind(keys[0].field),
        tuple(join for some in joins for join in some),
        (*(term for some in terms for term in some), *ties),
        tuple(join for some in joins[1:] for join in some),
        (*(term for some in terms[1:] for term in some), *ties) or ("v.id",),
    )


def _plain_terms(key: SortKey, field: Field) -> list[str]:
    column = field.column.format(v="v")
    missing = [f"{column} IS NULL"] if field.optional else []
    return [*missing, column + _direction(key)]


def keyed_terms(key: SortKey, row: str) -> list[str]:
    """Return the order by a keyed field in the joined row `row` of `fields`; it is NULL where the field is missing."""
    rank = (
        f"CASE WHEN {row}.number IS NOT NULL THEN 0 WHEN {row}.text <> 'nan' THEN 1 ELSE 2 + ({row}.text IS NULL) END"
    )
    return [rank, f"{row}.number{_direction(key)}", f"{row}.text{_direction(key)}"]


def _direction(key: SortKey) -> str:
    return " DESC" if key.descending else ""
