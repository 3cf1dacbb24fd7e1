"""`reg model prune`: remove the versions that a retention rule does not keep."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import Change, DryRunOpt, YesOpt
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model prune 'project = iris' --keep 'last 5, published' --dry-run",
    "reg model prune --keep 'last 9, best 2 min(metrics.loss)' --yes -m monthly",
    "reg config set retention.keep 'last 5, published' && reg model prune",
)


def command(
    ctx: typer.Context,
    expr: Annotated[
        str, typer.Argument(metavar="EXPR", help="Versions that may be removed; by default all live ones.")
    ] = "",
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="RULES",
            help="Versions to keep of each model: `last 5, best 3 max(metrics.acc)`; by default retention.keep.",
        ),
    ] = None,
    dry_run: DryRunOpt = False,
    yes: YesOpt = False,
    *,
    change: Change,
) -> None:
    """Remove the versions that a retention rule does not keep.

    Published versions, those that hold an alias or carry the tag `keep`, and parents of versions that stay are
    never removed.
    """
    from registry_cli.cli.printing.gc import print_pruning, summary
    from registry_cli.registry.prune import plan_prune, prune_versions
    from registry_cli.registry.retention import check_keep
    from registry_cli.registry.settings import read_policy
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    settled = session.registry.read(read_policy).keep if keep is None else None
    rules = settled or check_keep(keep)
    if settled:
        session.output.note(f"retention.keep: {', '.join(rule.text for rule in rules)}")
    plan = plan_prune(session.registry, expr, rules)
    if dry_run:
        print_pruning(session.output, plan)
        return
    if plan.removed and not session.confirm(f"Remove {summary(plan)}?", yes=yes):
        raise typer.Exit(1)
    agreed = {row.id for row in plan.removed}
    del plan  # it may be large, and the versions are judged again
    gone = prune_versions(session.registry, expr, rules, only=agreed, message=change.message)
    session.output.results(view_versions(gone))
    if not gone:
        session.output.note("nothing to remove")
