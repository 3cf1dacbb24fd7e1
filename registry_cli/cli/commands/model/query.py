"""`reg model query`: find versions by an expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from registry_cli.cli.options import Listing, Options, Words, narrow_option, split_list
from registry_cli.cli.session import Session, open_session

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.query import Question

EXAMPLES = (
    "reg model query 'metrics.acc > 0.9 and (tag:prod or not tag:TF)'",
    "reg model query --project iris --tag=-TF --json | jq '.[].id'",
    "reg model query --sort -metrics.acc --limit 5 --columns ref,metrics.acc,tags",
    "reg model query 'metrics.acc > 0.9' --sort -metrics.acc --save-view top",
    "reg model query --view top",
    "reg model query --since yesterday",
    "reg model query 'metrics.acc < 0.8' -q | reg model tag - --add weak",
)

COLUMNS = ("ref", "framework", "created", "size", "tags", "aliases", "id")
"""Columns in a pipe."""
OPEN = ("metadata.", "metrics.", "params.", "labels.")
"""Beginnings of fields that only some versions have."""
METRICS = 3
"""Most metrics that a terminal shows unless columns are chosen."""


class Narrow(Options):
    """The options that narrow a query of versions."""

    project: Annotated[Words, narrow_option("--project", metavar="PROJECT", help="In this project or below it.")]
    name: Annotated[Words, narrow_option("--name", metavar="NAME", help="Of this model, or a glob.")]
    tag: Annotated[Words, narrow_option("--tag", metavar="TAG", help="With this tag; --tag=-T without it.")]
    framework: Annotated[Words, narrow_option("--framework", metavar="FRAMEWORK", help="Of this framework.")]
    meta: Annotated[Words, narrow_option("--meta", metavar="KEY=VALUE", help="With this metadata.")]
    metric: Annotated[Words, narrow_option("--metric", metavar="COMPARISON", help="With a metric such as 'auc>0.9'.")]
    since: Annotated[str, narrow_option("--since", metavar="TIME", help="Added since then: yesterday, 2d, a date.")] = (
        ""
    )
    published: Annotated[bool, narrow_option("--published", help="Only published ones.")] = False
    archived: Annotated[bool, narrow_option("--archived", help="Only archived ones.")] = False
    include_archived: Annotated[bool, narrow_option("--all", help="Archived ones too.")] = False
    removed: Annotated[bool, narrow_option("--removed", help="Only removed ones.")] = False


def command(
    ctx: typer.Context,
    expr: Annotated[
        str, typer.Argument(metavar="EXPR", help="A query that versions match; see `reg help query`.")
    ] = "",
    *,
    narrow: Narrow,
    per: Annotated[
        Literal["task", "name"] | None, typer.Option("--per", help="Print the first of each, after sorting.")
    ] = None,
    view: Annotated[
        str | None, typer.Option("--view", metavar="VIEW", help="Run a saved query; other options narrow it.")
    ] = None,
    save_view: Annotated[
        str | None, typer.Option("--save-view", metavar="VIEW", help="Save this query for everyone.")
    ] = None,
    listing: Listing,
) -> None:
    """Find versions by an expression."""
    from registry_cli.registry.query import Question, find_matches

    session = open_session(ctx, listing)
    question = Question(
        expr, sort=listing.sort or "", limit=listing.limit, per=per, columns=listing.columns, **narrow.fields()
    )
    if view:
        from registry_cli.registry.saved_queries import load_question

        question = _narrowed(load_question(session.registry, view), question)
    rows = find_matches(session.registry, question)
    if save_view:
        from shlex import quote

        from registry_cli.registry.saved_queries import save_question

        save_question(session.registry, save_view, question)
        session.output.note(f"saved: reg model query --view {quote(save_view)}")
    advice = _list_advice(session, question, found=bool(rows))
    _print(session, rows, question, empty=advice.pop(0) if advice and not rows else "no versions match")
    for sentence in advice:
        session.output.note(sentence)


def _list_advice(session: Session, question: Question, *, found: bool) -> list[str]:
    """Return what is near to names and values that no version has: all of a query without result, else the shown."""
    from registry_cli.catalog.read.versions import list_missing_fields

    chosen = [*split_list(question.columns), *(key.removeprefix("-") for key in split_list(question.sort))]
    fields = [field for field in chosen if field.startswith(OPEN)]
    missing = session.registry.read(lambda db: list_missing_fields(db, fields)) if fields else []
    if (found and not missing) or question.limit == 0:
        return []
    from registry_cli.registry.query import read_expr
    from registry_cli.registry.query_advice import advise_fields, list_advice

    advice = advise_fields(session.registry, missing)
    if not found:
        advice += list_advice(session.registry, read_expr(session.registry, question))
    return list(dict.fromkeys(advice))


def _print(session: Session, rows: Sequence[int], question: Question, *, empty: str) -> None:
    """Print the versions of some rows of the index; except for a drawn table, each is read as it is printed."""
    from registry_cli.registry.query import iter_ids, iter_versions, near_fields
    from registry_cli.views.versions import view_version

    shown = split_list(question.columns)
    if session.output.prints_only("id"):
        session.output.rows(({"id": version} for version in iter_ids(session.registry, rows)), ["id"], empty=empty)
        return
    versions: Iterable[VersionRow] = iter_versions(session.registry, rows)
    if session.output.drawn:
        versions = list(versions)
        shown = shown or _choose_columns(versions, question)
    session.output.rows(map(view_version, versions), shown or COLUMNS, empty=empty, near=near_fields(session.registry))


def _narrowed(saved: Question, given: Question) -> Question:
    """Return a saved question combined with the given one: both expressions must hold, other options replace."""
    from registry_cli.dataclass import asdict, replace

    both = [f"({expr})" for expr in (saved.expr, given.expr) if expr.strip()]
    said = {key: value for key, value in asdict(given).items() if value not in ("", None, (), False)}
    return replace(saved, **{**said, "expr": " and ".join(both)})


def _choose_columns(rows: Sequence[VersionRow], question: Question) -> tuple[str, ...]:
    """Return the columns for a terminal unless some are chosen: also metrics and fields that distinguish versions."""
    sorted_by = [key.strip().removeprefix("-") for key in question.sort.split(",")]
    often = Counter(key for row in rows for key in row.metrics)
    wanted = [key for key in sorted_by if key.startswith("metrics.")] + [
        f"metrics.{key}" for key, _ in often.most_common()
    ]
    metrics = list(dict.fromkeys(wanted))[:METRICS]
    useful = [
        field for field in ("tags", "aliases", "published", "archived") if any(getattr(row, field) for row in rows)
    ]
    return ("ref", *metrics, "framework", *useful, "created", "size", "author")
