"""`reg model promote`: move an alias to a version if it is better than the one that holds it."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import Change
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model promote iris/softmax:2 prod --if-better metrics.acc",
    "reg model promote iris/softmax:2 prod --if-better 'min(metrics.loss)'",
    "reg model promote iris/softmax:2 prod --if-better metrics.acc -m nightly",
)


def command(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="The version: name:number, name@alias or id.")],
    name: Annotated[str, typer.Argument(metavar="ALIAS", help="The alias to move to it.")],
    if_better: Annotated[
        str, typer.Option("--if-better", metavar="FIELD", help="Compare metrics.auc, max(…) or min(…) of a field.")
    ],
    min_delta: Annotated[
        str | None, typer.Option("--min-delta", metavar="D", help="Only if it is better by D or more.")
    ] = None,
    require: Annotated[
        str | None, typer.Option("--require", metavar="EXPR", help="Only if the version matches this query.")
    ] = None,
    *,
    change: Change,
) -> None:
    """Move an alias to a version that is better than its holder.

    If nobody holds the alias, it moves too. Otherwise it stays and the command exits with 17. The comparison and the
    move are one step, also where others move the alias at the same time.
    """
    from registry_cli.ids import parse_alias
    from registry_cli.registry.goals import parse_delta, parse_goal
    from registry_cli.registry.promote import promote_version
    from registry_cli.registry.query import near_fields
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    goal, alias = parse_goal(if_better, near=near_fields(session.registry)), parse_alias(name)
    done = promote_version(
        session.registry, ref, alias, goal, least=parse_delta(min_delta or "0"), require=require, message=change.message
    )
    session.output.results(view_versions([done.version]))
    if done.before is None:
        session.output.note(f"nobody held @{alias}: {goal.field} is {done.number}")
    elif done.before.id == done.version.id:
        session.output.note(f"{done.version.ref} holds @{alias} already: {goal.field} is {done.number}")
    else:
        session.output.note(
            f"@{alias} moved from {done.before.ref}: {goal.field} {done.number_before} -> {done.number}"
        )
