"""Advice on a query that found nothing: what is near to the names, values and fields that no version or task has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.query.ast import And, Compare, Expr, Has, Held, In, Label, Leaf, Not, Or, Word
from registry_cli.catalog.query.normal_form import push_not
from registry_cli.catalog.query.subject import TASKS, VERSIONS, Subject, list_near_fields
from registry_cli.catalog.read.address import list_near_names
from registry_cli.catalog.read.fields import list_fields, list_tags
from registry_cli.catalog.read.models import find_line
from registry_cli.catalog.read.task_address import find_named, list_near_tasks
from registry_cli.catalog.read.values import has_name_like, list_names_like, list_values
from registry_cli.errors import RegError
from registry_cli.ids import line_key, parse_model_name
from registry_cli.near import MOST, cut_field, cut_name, did_you_mean, list_near

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registry_cli.registry.api import Registry

_NOUNS: Final = {"versions": "version", "tasks": "task"}
_VALUES: Final = ("framework", "author", "alias")
"""Fields, and the label, of which advice compares the values that are asked for with those that there are."""


def list_advice(registry: Registry, expr: Expr | None, subject: Subject = VERSIONS) -> list[str]:
    """Return a sentence for each name, value and field of a query that no version or task has, with near ones.

    Args:
        registry: The registry.
        expr: The query with the terms of its flags.
        subject: The subject of the query.
    """
    leaves = list(_iter_wanted(push_not(expr))) if expr is not None else []
    named = [leaf.field for leaf in leaves if isinstance(leaf, Compare | In | Has)]
    advice = [_advise_leaf(registry, leaf, subject) for leaf in leaves if isinstance(leaf, Compare | In | Label | Held)]
    return [
        *(sentence for sentences in advice for sentence in sentences),
        *advise_fields(registry, named, subject),
        *_advise_words(registry, [leaf.text for leaf in leaves if isinstance(leaf, Word)], subject),
    ]


def advise_fields(registry: Registry, fields: Sequence[str], subject: Subject = VERSIONS) -> list[str]:
    """Return a sentence for each keyed field that no version or task has."""
    keyed = [one for one in dict.fromkeys(fields) if one not in subject.plain and one not in subject.files]
    known = registry.read(partial(list_fields, table=subject.fields)) if keyed else []
    return [
        f"no {_NOUNS[subject.rows]} has {one}{did_you_mean(_quoted(list_near(one, known, cut_field)))}"
        for one in keyed
        if one not in known
    ]


def _iter_wanted(expr: Expr) -> Iterator[Leaf]:
    """Yield the leaves of a normal form that are not negated."""
    match expr:
        case And(terms) | Or(terms):
            for term in terms:
                yield from _iter_wanted(term)
        case Not():
            return
        case _:
            yield expr


def _advise_leaf(registry: Registry, leaf: Compare | In | Label | Held, subject: Subject) -> Iterator[str]:
    """Yield a sentence for each value of a leaf that no version or task has."""
    field, values = _list_wanted_values(leaf)
    for value in values:
        if field == "name":
            yield from _advise_name(registry, value, subject)
        elif field == "tag":
            yield from _advise_tag(registry, value, subject)
        elif field == "project":
            yield from _advise_project(registry, value, subject)
        elif field == "task" and isinstance(leaf, Compare | In):
            yield from _advise_task(registry, value)
        elif field in _VALUES:
            yield from _advise_value(registry, field, value, subject)


def _list_wanted_values(leaf: Compare | In | Label | Held) -> tuple[str, list[str]]:
    """Return the field or label of a leaf, and the texts and patterns that it wants there."""
    match leaf:
        case Compare(field, "=" | "~", str(value)):
            return field, [value]
        case In(field, values, negated=False):
            return field, [value for value in values if isinstance(value, str)]
        case Label(kind, value):
            return kind, [value]
        case Held(alias):
            return "alias", [alias]
        case _:
            return leaf.field, []


def _advise_name(registry: Registry, name: str, subject: Subject) -> Iterator[str]:
    rows = subject.rows
    if _is_glob(name):
        if not registry.read(lambda db: has_name_like(db, rows, name)):
            yield f"no {_named(subject)} is named {name}{did_you_mean(_list_near_glob(registry, name, subject))}"
    elif subject is TASKS:
        if registry.read(lambda db: find_named(db, name)) is None:
            yield f"no task is named {name}{did_you_mean(registry.read(lambda db: list_near_tasks(db, name)))}"
    else:
        try:
            line = parse_model_name(name)
        except RegError:
            return
        if registry.read(lambda db: find_line(db, line)) is None:
            yield f"no model is named {name}{did_you_mean(registry.read(lambda db: list_near_names(db, name)))}"


def _list_near_glob(registry: Registry, glob: str, subject: Subject) -> list[str]:
    """Return the names of which the last part matches a glob; where none does, those near to the glob's letters."""
    like = registry.read(lambda db: list_names_like(db, subject.rows, f"*/{glob.lstrip('/')}"))
    near = list_near_tasks if subject is TASKS else list_near_names
    return like[:MOST] or registry.read(lambda db: near(db, "".join(one for one in glob if one not in "*?[]")))


def _advise_tag(registry: Registry, tag: str, subject: Subject) -> Iterator[str]:
    known = registry.read(partial(list_tags, table=subject.tags))
    if tag not in known:
        yield f"no {_NOUNS[subject.rows]} has the tag {tag}{did_you_mean(list_near(tag, known))}"


def _advise_project(registry: Registry, project: str, subject: Subject) -> Iterator[str]:
    known = registry.read(lambda db: list_values(db, subject.rows, "project"))
    if not _is_glob(project) and line_key(project) not in map(line_key, known):
        yield f"no {_named(subject)} is in project {project}{did_you_mean(list_near(project, known, cut_name))}"


def _advise_task(registry: Registry, task: str) -> Iterator[str]:
    """Yield a sentence on a text that is compared with the ids of tasks: a task's name is no id."""
    known = registry.read(lambda db: list_values(db, "versions", "task"))
    if not _is_glob(task) and task not in known:
        near = registry.read(lambda db: list_near_tasks(db, task))
        yield f"no version has the task {task}{did_you_mean([f'`task:{name}`' for name in near])}"


def _advise_value(registry: Registry, field: str, value: str, subject: Subject) -> Iterator[str]:
    known = registry.read(lambda db: list_values(db, subject.rows, field))
    exact = known if field == "author" else map(line_key, known)
    if not _is_glob(value) and (value if field == "author" else line_key(value)) not in exact:
        yield f"no {_NOUNS[subject.rows]} has the {field} {value}{did_you_mean(list_near(value, known))}"


def _advise_words(registry: Registry, words: Sequence[str], subject: Subject) -> Iterator[str]:
    known = registry.read(partial(list_fields, table=subject.fields)) if words else []
    for word in words:
        rows = f"{_NOUNS[subject.rows]}s"
        near = [*list_near(word, known, cut_field), *list_near_fields(word, subject)][:MOST]
        meant = f"; {' or '.join(_quoted(near))} is a field" if near else ""
        if word.lower() in subject.options:
            meant = f"; `{subject.options[word.lower()]}` finds {word.lower()} {rows}"
        yield f"no {_NOUNS[subject.rows]} has `{word}` in its name, tags or comment{meant}"


def _is_glob(text: str) -> bool:
    return not {"*", "?", "["}.isdisjoint(text)


def _named(subject: Subject) -> str:
    """Return the noun for what a name and a project belong to."""
    return "task" if subject is TASKS else "model"


def _quoted(fields: Sequence[str]) -> list[str]:
    return [f"`{field}`" for field in fields]
