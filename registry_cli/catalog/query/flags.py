"""The flags that narrow a query (`--tag`, `--metric`, …) as terms of its tree."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from registry_cli.catalog.query.ast import Compare, Expr, Has, In, Label, Not, Op, all_of, any_of
from registry_cli.catalog.query.literals import parse_since
from registry_cli.catalog.query.parse import parse_query
from registry_cli.errors import UsageError
from registry_cli.records.values import Value, format_list, format_time, parse_pair

if TYPE_CHECKING:
    from collections.abc import Sequence

_GLOB = frozenset("*?[")


def narrow(
    expr: Expr | None,
    *,
    project: Sequence[str] = (),
    name: Sequence[str] = (),
    tag: Sequence[str] = (),
    framework: Sequence[str] = (),
    meta: Sequence[str] = (),
    metric: Sequence[str] = (),
    published: bool = False,
    archived: bool = False,
    since: str = "",
    moments: Sequence[str] = ("created",),
) -> Expr | None:
    """Return `expr` joined by `and` with the terms of all flags; None where there is no term at all.

    Args:
        expr: The query the flags narrow.
        project: Any of these projects, or one below them; a word with `*`, `?` or `[` is a glob.
        name: Any of these names; a glob as above.
        tag: All of these tags, and none of those that begin with `-`.
        framework: Any of these frameworks; a glob as above.
        meta: All of these `KEY=VALUE` pairs; `KEY:=null` requires the key to be missing.
        metric: All of these comparisons, such as `auc>0.9`.
        published: True to match published versions only.
        archived: True to match archived versions only.
        since: A time, or a duration before now such as `2d`; one of the moments is not before it.
        moments: The fields that `since` is about.

    Raises:
        UsageError: A pair or a comparison cannot be parsed.
    """
    terms = [] if expr is None else [expr]
    for field, words in (("project", project), ("name", name), ("framework", framework)):
        if words:
            terms.append(_any_word(field, words))
    terms += [Not(Label("tag", word[1:])) if word.startswith("-") else Label("tag", word) for word in tag]
    terms += [_parse_meta(word) for word in meta]
    terms += [_parse_metric(word) for word in metric]
    terms += [
        Compare(field, "=", True) for field, wanted in (("published", published), ("archived", archived)) if wanted
    ]
    if since:
        start = parse_since(since)
        terms.append(any_of([Compare(field, ">=", start) for field in moments]))
    return all_of(terms) if terms else None


def _any_word(field: str, words: Sequence[str]) -> Expr:
    ops: list[tuple[Op, str]] = [("~" if _GLOB & set(word) else "=", word) for word in words]
    return any_of([Compare(field, op, word) for op, word in ops])


def _parse_meta(word: str) -> Expr:
    key, value = parse_pair(word, option="--meta")
    field = f"metadata.{key}"
    if value is None:
        return Not(Has(field))
    return Compare(field, "=", _to_index_value(value))


def _to_index_value(value: Value) -> str | int | float | bool:
    """Return a value as the index stores it: a time and a list as text."""
    if isinstance(value, datetime):
        return format_time(value)
    return value if isinstance(value, str | int | float | bool) else format_list(value)


def _parse_metric(word: str) -> Expr:
    if not any(sign in word for sign in "=<>"):
        raise UsageError(
            f"--metric {word!r} has no value: quote it, as a shell takes > and < as files", hint="reg help query"
        )
    expr = parse_query(f"metrics.{word}")
    if not isinstance(expr, Compare | In):
        raise UsageError(f"--metric {word!r} is not one comparison: give --metric once for each", hint="reg help query")
    return expr
