"""Queries over versions: turns the language's text and the narrowing flags into rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from registry_cli.catalog.connection import iter_batches
from registry_cli.catalog.query.normal_form import has_task, replace_tasks
from registry_cli.catalog.query.parse import Near, parse_query
from registry_cli.catalog.query.run import Query, find_rows
from registry_cli.catalog.query.sort import parse_sort
from registry_cli.catalog.query.subject import VERSIONS, Subject
from registry_cli.catalog.read import versions
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.query.ast import Expr
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import VersionId
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Question:
    """A query as it is typed and saved: the text of the query, and the values of the flags.

    Attributes:
        sort: Sort keys, such as `-metrics.acc,created`.
        limit: Most versions.
        per: Keep the first version of each task or line.
        columns: Fields to show, comma-separated.
        tag: Tags that a version must have; with a `-` before, must not have.
        since: The time from which versions were added, or a duration before now such as `2d`; empty for all.
        removed: Only removed versions, which are otherwise left out.
    """

    expr: str = ""
    sort: str = ""
    limit: int | None = None
    per: Literal["task", "name"] | None = None
    columns: str | None = None
    project: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    framework: tuple[str, ...] = ()
    meta: tuple[str, ...] = ()
    metric: tuple[str, ...] = ()
    published: bool = False
    archived: bool = False
    include_archived: bool = False
    removed: bool = False
    since: str = ""


_LISTS: Final = frozenset({"project", "name", "tag", "framework", "meta", "metric"})
_FLAGS: Final = (*_LISTS, "published", "archived", "since")


def find_versions(registry: Registry, expr: str = "", **options: Any) -> list[VersionRow]:
    """Return the versions that match a query; options are the fields of `Question`.

    Raises:
        UsageError: The query cannot be parsed, or an option does not exist.
    """
    try:
        question = Question(expr, **make_fields(options))
    except TypeError as error:
        raise UsageError(str(error).partition(" ")[2]) from None
    return ask(registry, question)


def ask(registry: Registry, question: Question) -> list[VersionRow]:
    """Return the versions that match a question, in its order."""
    return list(iter_versions(registry, find_matches(registry, question)))


def find_matches(registry: Registry, question: Question) -> list[int]:
    """Return the index rows of the versions that match a question, in its order."""
    query, resolver = _compiled(registry, question), _resolver(registry)
    return registry.read(lambda db: find_rows(db, _with_tasks(db, query), resolver))


def iter_versions(registry: Registry, rows: Sequence[int]) -> Iterator[VersionRow]:
    """Yield the versions of index rows, read in batches, so that memory does not grow with their number.

    An index that is rebuilt in between gives each version the same row, because the log's order decides.
    """
    for batch in iter_batches(rows):
        yield from registry.read(partial(versions.list_versions, rows=batch))


def iter_ids(registry: Registry, rows: Sequence[int]) -> Iterator[VersionId]:
    """Yield the ids of the versions of index rows, as `iter_versions` does, and read nothing else of them."""
    for batch in iter_batches(rows):
        yield from registry.read(partial(versions.list_ids, rows=batch))


def matches(registry: Registry, row: int, expr: str) -> bool:
    """Return whether the version of an index row matches a query."""
    question = Question(expr, include_archived=True)
    return row in find_matches(registry, question)


def read_expr(registry: Registry, question: Question) -> Expr | None:
    """Return the tree of a question's text and flags; None where it has neither.

    Raises:
        UsageError: The text or the value of a flag cannot be parsed.
    """
    expr = parse_query(question.expr, near=near_fields(registry)) if question.expr.strip() else None
    flags: dict[str, Any] = {name: getattr(question, name) for name in _FLAGS if getattr(question, name)}
    if not flags:
        return expr
    from registry_cli.catalog.query.flags import narrow

    return narrow(expr, **flags)


def _compiled(registry: Registry, question: Question) -> Query:
    expr = read_expr(registry, question)
    sort = parse_sort(question.sort, near=near_fields(registry)) if question.sort else ()
    return Query(expr, sort, question.limit, question.per, question.include_archived, question.removed)


def _with_tasks(db: Connection, query: Query) -> Query:
    """Return a query with the ids of tasks in the place of the addresses in its labels `task:x`."""
    if query.expr is None or not has_task(query.expr):
        return query
    from registry_cli.catalog.read.task_address import find_start  # few queries need it

    return replace(query, expr=replace_tasks(query.expr, partial(find_start, db)))


def _resolver(registry: Registry) -> Callable[[str], VersionId]:
    return lambda ref: registry.get_row(ref).id


def near_fields(registry: Registry, subject: Subject = VERSIONS) -> Near:
    """Return a function that returns the fields of versions or tasks that a word may stand for, nearest first."""

    def find(word: str) -> Sequence[str]:
        from registry_cli.catalog.read.fields import list_fields  # only a mistake needs them
        from registry_cli.near import cut_field, list_near

        return list_near(word, registry.read(partial(list_fields, table=subject.fields)), cut_field)

    return find


def make_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a question; a single word is accepted for a list of one."""
    lists = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in given.items() if key in _LISTS}
    return {**given, **lists}
