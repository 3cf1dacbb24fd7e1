"""Advice on a query that found nothing: what is near to the names, fields and tags that no version or task has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.query.ast import Compare, Has, In, Label, Word
from registry_cli.catalog.query.normal_form import iter_leaves
from registry_cli.catalog.query.parse import parse_query
from registry_cli.catalog.query.subject import TASKS, VERSIONS, Subject, list_near_fields
from registry_cli.catalog.read.address import list_near_names
from registry_cli.catalog.read.fields import list_fields, list_tags
from registry_cli.catalog.read.models import find_line
from registry_cli.catalog.read.task_address import find_named, list_near_tasks
from registry_cli.dataclass import dataclass, field
from registry_cli.errors import RegError
from registry_cli.ids import parse_model_name
from registry_cli.near import MOST, cut_field, did_you_mean, list_near

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registry_cli.registry.api import Registry

_GLOB: Final = frozenset("*?[")
_NOUNS: Final = {"versions": "version", "tasks": "task"}


@dataclass(slots=True)
class _Asked:
    """What a query names."""

    names: list[str]
    tags: list[str]
    fields: list[str]
    words: list[str] = field(default_factory=list)


def list_advice(
    registry: Registry,
    expr: str,
    *,
    names: Sequence[str] = (),
    tags: Sequence[str] = (),
    metrics: Sequence[str] = (),
    subject: Subject = VERSIONS,
) -> list[str]:
    """Return a sentence for each name, tag and field of a query that no version or task has, with near ones.

    Args:
        registry: The registry.
        expr: The text of the query.
        names: The values of the flag `--name`.
        tags: The values of the flag `--tag`.
        metrics: The values of the flag `--metric`, such as `auc>0.9`.
        subject: The subject of the query.
    """
    asked = _read(expr, names, tags, metrics, subject)
    advice = [_advise_name(registry, name, subject) for name in asked.names]
    advice += _advise_tags(registry, asked.tags, subject)
    advice += advise_fields(registry, asked.fields, subject)
    advice += _advise_words(registry, asked.words, subject)
    return [sentence for sentence in advice if sentence]


def advise_fields(registry: Registry, fields: Sequence[str], subject: Subject = VERSIONS) -> list[str]:
    """Return a sentence for each keyed field that no version or task has."""
    keyed = [one for one in dict.fromkeys(fields) if one not in subject.plain and one not in subject.files]
    known = registry.read(partial(list_fields, table=subject.fields)) if keyed else []
    return [
        f"no {_NOUNS[subject.rows]} has {one}{did_you_mean(_quoted(list_near(one, known, cut_field)))}"
        for one in keyed
        if one not in known
    ]


def _read(expr: str, names: Sequence[str], tags: Sequence[str], metrics: Sequence[str], subject: Subject) -> _Asked:
    asked = _Asked(
        names=[name for name in names if not _GLOB & set(name)],
        tags=[tag for tag in tags if not tag.startswith("-")],
        fields=[f"metrics.{word.partition(sign)[0].strip()}" for word in metrics for sign in _iter_first_sign(word)],
    )
    for leaf in iter_leaves(parse_query(expr, subject) if expr.strip() else None):
        if isinstance(leaf, Word):
            asked.words.append(leaf.text)
        elif isinstance(leaf, Label) and leaf.kind == "tag":
            asked.tags.append(leaf.value)
        elif isinstance(leaf, Compare | In | Has):
            asked.fields.append(leaf.field)
            if isinstance(leaf, Compare) and (leaf.field, leaf.op) == ("name", "="):
                asked.names.append(str(leaf.value))
    return asked


def _iter_first_sign(word: str) -> Iterator[str]:
    yield from [sign for sign in word if sign in "=<>!~"][:1]


def _advise_name(registry: Registry, name: str, subject: Subject) -> str | None:
    if subject is TASKS:
        if registry.read(lambda db: find_named(db, name)) is not None:
            return None
        return f"no task is named {name}{did_you_mean(registry.read(lambda db: list_near_tasks(db, name)))}"
    try:
        line = parse_model_name(name)
    except RegError:
        return None
    if registry.read(lambda db: find_line(db, line)) is not None:
        return None
    return f"no model is named {name}{did_you_mean(registry.read(lambda db: list_near_names(db, name)))}"


def _advise_tags(registry: Registry, tags: Sequence[str], subject: Subject) -> list[str]:
    known = registry.read(partial(list_tags, table=subject.tags)) if tags else []
    return [
        f"no {_NOUNS[subject.rows]} has the tag {tag}{did_you_mean(list_near(tag, known))}"
        for tag in dict.fromkeys(tags)
        if tag not in known
    ]


def _advise_words(registry: Registry, words: Sequence[str], subject: Subject) -> Iterator[str]:
    known = registry.read(partial(list_fields, table=subject.fields)) if words else []
    for word in words:
        near = [*list_near(word, known, cut_field), *list_near_fields(word, subject)][:MOST]
        field_ = f"; {' or '.join(_quoted(near))} is a field" if near else ""
        yield f"no {_NOUNS[subject.rows]} has `{word}` in its name, tags or comment{field_}"


def _quoted(fields: Sequence[str]) -> list[str]:
    return [f"`{field}`" for field in fields]
