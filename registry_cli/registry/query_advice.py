"""Advice on a query that found nothing: the names and fields that are near to those that no version has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.catalog.query.ast import Compare, Has, In, Word
from registry_cli.catalog.query.fields import FILES, PLAIN
from registry_cli.catalog.query.normal_form import iter_leaves
from registry_cli.catalog.query.parse import parse_query
from registry_cli.catalog.query.subject import list_near
from registry_cli.catalog.read.address import list_near_names
from registry_cli.catalog.read.fields import list_fields
from registry_cli.catalog.read.models import find_line
from registry_cli.errors import RegError
from registry_cli.ids import parse_model_name
from registry_cli.registry.near_fields import choose_near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.registry.api import Registry
    from registry_cli.registry.query import Question

_NEAR: Final = 3
_GLOB: Final = frozenset("*?[")


def list_advice(registry: Registry, question: Question) -> list[str]:
    """Return a sentence for each name and field of a question that no version has, with near ones."""
    expr = parse_query(question.expr) if question.expr.strip() else None
    fields = [f"metrics.{word.partition(sign)[0].strip()}" for word in question.metric for sign in _first_sign(word)]
    words = []
    names = [name for name in question.name if not _GLOB & set(name)]
    for leaf in iter_leaves(expr):
        if isinstance(leaf, Word):
            words.append(leaf.text)
        elif isinstance(leaf, Compare | In | Has):
            fields.append(leaf.field)
            if isinstance(leaf, Compare) and (leaf.field, leaf.op) == ("name", "="):
                names.append(str(leaf.value))
    known = registry.read(list_fields)
    advice = [_advise_name(registry, name) for name in names]
    advice += [_advise_field(field, known) for field in dict.fromkeys(fields)]
    advice += [_advise_word(word, known) for word in words]
    return [sentence for sentence in advice if sentence]


def _first_sign(word: str) -> list[str]:
    at = [sign for sign in word if sign in "=<>!~"]
    return at[:1]


def _advise_name(registry: Registry, name: str) -> str | None:
    try:
        line = parse_model_name(name)
    except RegError:
        return None
    if registry.read(lambda db: find_line(db, line)) is not None:
        return None
    near = registry.read(lambda db: list_near_names(db, name))
    return f"no model is named {name}" + (f": did you mean {' or '.join(near)}?" if near else "")


def _advise_field(field: str, known: Sequence[str]) -> str | None:
    if field in PLAIN or field in FILES or field in known:
        return None
    table, _, key = field.partition(".")
    near = choose_near(key, known)
    near.sort(key=lambda one: not one.startswith(f"{table}."))  # stable: of each table the nearest comes first
    return f"no version has {field}" + (f": did you mean {_join(near)}?" if near else "")


def _advise_word(word: str, known: Sequence[str]) -> str:
    near = [*choose_near(word, known), *list_near(word)][:_NEAR]
    return f"no version has `{word}` in its name, tags or comment" + (f"; {_join(near)} is a field" if near else "")


def _join(fields: Sequence[str]) -> str:
    return " or ".join(f"`{field}`" for field in fields)
