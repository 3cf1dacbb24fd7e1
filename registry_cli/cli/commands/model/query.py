"""`reg model query`: find versions by an expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from registry_cli.cli.options import ColumnsOpt, CsvOpt, JsonOpt, LimitOpt, QuietOpt, SortOpt, TsvOpt, Words
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
    "reg model query 'metrics.acc < 0.8' -q | reg model tag - --add weak",
)

COLUMNS = ("ref", "framework", "created", "size", "tags", "aliases", "id")
"""Columns in a pipe."""
NARROW = "Narrow"
METRICS = 3
"""Most metrics that a terminal shows unless columns are chosen."""


def _narrow(flag: str, metavar: str | None, text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=text, rich_help_panel=NARROW)


ExprArg = Annotated[str, typer.Argument(metavar="EXPR", help="A query that versions match; see `reg help query`.")]
ProjectOpt = Annotated[Words, _narrow("--project", "PROJECT", "In this project or below it.")]
NameOpt = Annotated[Words, _narrow("--name", "NAME", "Of this model, or a glob.")]
TagOpt = Annotated[Words, _narrow("--tag", "TAG", "With this tag; --tag=-T without it.")]
FrameworkOpt = Annotated[Words, _narrow("--framework", "FRAMEWORK", "Of this framework.")]
MetaOpt = Annotated[Words, _narrow("--meta", "KEY=VALUE", "With this metadata.")]
MetricOpt = Annotated[Words, _narrow("--metric", "COMPARISON", "With a metric such as 'auc>0.9'.")]
PublishedOpt = Annotated[bool, _narrow("--published", None, "Only published ones.")]
ArchivedOpt = Annotated[bool, _narrow("--archived", None, "Only archived ones.")]
AllOpt = Annotated[bool, _narrow("--all", None, "Archived ones too.")]
RemovedOpt = Annotated[bool, _narrow("--removed", None, "Only removed ones.")]
PerOpt = Annotated[
    Literal["task", "name"] | None, typer.Option("--per", help="Print the first of each, after sorting.")
]
ViewOpt = Annotated[
    str | None, typer.Option("--view", metavar="VIEW", help="Run a saved query; other options narrow it.")
]
SaveOpt = Annotated[str | None, typer.Option("--save-view", metavar="VIEW", help="Save this query for everyone.")]


def command(
    ctx: typer.Context,
    expr: ExprArg = "",
    project: ProjectOpt = None,
    name: NameOpt = None,
    tag: TagOpt = None,
    framework: FrameworkOpt = None,
    meta: MetaOpt = None,
    metric: MetricOpt = None,
    published: PublishedOpt = False,
    archived: ArchivedOpt = False,
    everything: AllOpt = False,
    removed: RemovedOpt = False,
    per: PerOpt = None,
    view: ViewOpt = None,
    save_view: SaveOpt = None,
    sort: SortOpt = None,
    limit: LimitOpt = None,
    columns: ColumnsOpt = None,
    as_json: JsonOpt = False,
    as_csv: CsvOpt = False,
    as_tsv: TsvOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """Find versions by an expression."""
    from registry_cli.registry.query import Question, find_matches

    session = open_session(ctx, as_json=as_json, as_csv=as_csv, as_tsv=as_tsv, quiet=quiet, columns=columns)
    question = Question(
        expr=expr, sort=sort or "", limit=limit, per=per, columns=columns, project=tuple(project or ()),
        name=tuple(name or ()), tag=tuple(tag or ()), framework=tuple(framework or ()), meta=tuple(meta or ()),
        metric=tuple(metric or ()), published=published, archived=archived, include_archived=everything,
        removed=removed,
    )  # fmt: skip
    if view:
        from registry_cli.registry.saved_queries import load_question

        question = _narrowed(load_question(session.registry, view), question)
    rows = find_matches(session.registry, question)
    if save_view:
        from shlex import quote

        from registry_cli.registry.saved_queries import save_question

        save_question(session.registry, save_view, question)
        session.output.note(f"saved: reg model query --view {quote(save_view)}")
    _print(session, rows, question)
    if not rows:
        from registry_cli.registry.query_advice import list_advice

        for sentence in list_advice(session.registry, question):
            session.output.note(sentence)


def _print(session: Session, rows: Sequence[int], question: Question) -> None:
    """Print the versions of some rows of the index; except for a drawn table, each is read as it is printed."""
    from registry_cli.registry.query import iter_ids, iter_versions
    from registry_cli.views.versions import view_version

    shown = [word.strip() for word in question.columns.split(",")] if question.columns else None
    if session.output.prints_only("id"):
        session.output.rows(({"id": version} for version in iter_ids(session.registry, rows)), ["id"])
        return
    versions: Iterable[VersionRow] = iter_versions(session.registry, rows)
    if session.output.drawn:
        versions = list(versions)
        shown = shown or _choose_columns(versions, question)
    session.output.rows(map(view_version, versions), shown or COLUMNS)


def _narrowed(saved: Question, given: Question) -> Question:
    """Return a saved question combined with the given one: both expressions must hold, other options replace."""
    from dataclasses import asdict, replace

    both = [f"({expr})" for expr in (saved.expr, given.expr) if expr.strip()]
    said = {key: value for key, value in asdict(given).items() if value not in ("", None, (), False)}
    return replace(saved, **{**said, "expr": " and ".join(both)})


def _choose_columns(rows: Sequence[VersionRow], question: Question) -> list[str]:
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
    return ["ref", *metrics, "framework", *useful, "created", "size", "author"]
