"""Finds versions by the criteria of ClearML's classes: exact names, its list of tags, equal metadata; newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.query.ast import Compare, Expr, In, Not, all_of, any_of
from registry_cli.catalog.query.run import Query, find_rows
from registry_cli.catalog.read import versions
from registry_cli.ids import line_key
from registry_cli.records.values import parse_scalar
from registry_cli.sdk.clearml.tag_words import parse_tags
from registry_cli.sdk.join import find_current
from registry_cli.tasks.find import TaskQuestion, find_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.query.ast import Literals
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import TaskId
    from registry_cli.records.values import Scalar
    from registry_cli.registry.api import Registry

FOREIGN_ID = "clearml.id"
"""Key of the metadata under which an import stores the id that a model had in ClearML."""


def find_models(
    registry: Registry,
    *,
    project: str | None = None,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    published: bool = False,
    archived: bool = False,
    metadata: Mapping[str, Scalar] | None = None,
    limit: int | None = None,
) -> list[VersionRow]:
    """Return versions, newest first; removed ones never.

    Args:
        registry: The registry.
        project: All but the last segment of the name, or the project of the task that made it, exactly.
        name: The last segment exactly; with a `/` in it the whole name.
        tags: A list of tags, as `tag_words` reads it.
        published: Only published versions.
        archived: Archived versions too.
        metadata: Values that must be equal; `"1"` matches the text and the number.
        limit: Largest number of versions.

    Raises:
        UsageError: The list of tags cannot be read.
    """
    terms = _place(registry, project, name)
    if tags and (expr := parse_tags(tags)) is not None:
        terms.append(expr)
    if published:
        terms.append(Compare("published", "=", True))
    terms += [_equal(f"metadata.{key}", value) for key, value in (metadata or {}).items()]
    registry.index.sync()
    query = Query(all_of(terms) if terms else None, (), limit, None, archived)

    def find(db: Connection) -> list[VersionRow]:
        return versions.list_versions(db, find_rows(db, query, lambda ref: registry.get_row(ref).id))

    return registry.read(find)


def get_model(registry: Registry, ref: str) -> VersionRow:
    """Return the version of an address, or of the id that it had in ClearML before an import.

    Raises:
        NotFoundError: There is none.
    """
    foreign = len(ref) == 32 and find_models(registry, metadata={FOREIGN_ID: ref}, archived=True, limit=1)
    return foreign[0] if foreign else registry.get_row(ref)


def _place(registry: Registry, project: str | None, name: str | None) -> list[Expr]:
    if name is not None and "/" in name:
        project = name.rpartition("/")[0] if project is None else f"{project}/{name.rpartition('/')[0]}"
        name = name.rpartition("/")[2]
    named: list[Expr] = (
        [any_of([Compare("name", "=", name), Compare("name", "~", f"*/{name}")])] if name is not None else []
    )
    if project is None:
        return named
    full = f"{project}/{name}" if project else str(name)
    here: list[Expr] = _inside(project) if name is None else [Compare("name", "=", full)]
    made: list[Expr] = [In("task", tuple(tasks)), *named] if (tasks := _list_tasks(registry, project)) else []
    return [any_of([all_of(terms) for terms in (here, made) if terms])]


def _inside(project: str) -> list[Expr]:
    if not project:
        return [Not(Compare("name", "~", "*/*"))]
    return [Compare("name", "~", f"{project}/*"), Not(Compare("name", "~", f"{project}/*/*"))]


def _list_tasks(registry: Registry, project: str) -> list[TaskId]:
    """Return the tasks of a project, without those of the projects below it."""
    key = line_key(project)
    rows = find_tasks(registry, TaskQuestion(project=(project,), include_archived=True)) if project else []
    current = find_current()  # its project is not on record before it ends, where its script named it
    own = [current.task.id] if current is not None and line_key(current.task.project) == key else []
    return [*(row.id for row in rows if line_key(row.project) == key), *own]


def _equal(field: str, value: Scalar) -> Expr:
    if not isinstance(value, str):
        return Compare(field, "=", _literal(value))
    typed = parse_scalar({"True": "true", "False": "false"}.get(value, value))
    text = Compare(field, "=", value)
    return text if isinstance(typed, str) else any_of([text, Compare(field, "=", _literal(typed))])


def _literal(value: Scalar | datetime) -> Literals:
    from datetime import datetime

    from registry_cli.records.values import format_time

    return format_time(value) if isinstance(value, datetime) else value
