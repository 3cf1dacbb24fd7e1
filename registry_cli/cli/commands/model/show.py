"""`reg model show`: show everything about a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import RecordForms, RefArg
from registry_cli.cli.session import open_session

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import TaskId
    from registry_cli.registry.api import Registry

EXAMPLES = (
    "reg model show iris/softmax@prod",
    "reg model show iris/softmax:2 --columns metrics.acc",
    "reg model show iris/softmax --json | jq .files",
    "reg model show iris/softmax --design > net.json",
)


def command(
    ctx: typer.Context,
    ref: RefArg,
    design: Annotated[bool, typer.Option("--design", help="Print the design alone, byte for byte.")] = False,
    *,
    forms: RecordForms,
) -> None:
    """Show everything about a version.

    `sealed` has the published value of each metric that was edited since; `partial` names files and other parts that
    are known to be lost in this copy of the registry.
    """
    from registry_cli.registry.availability import list_lost
    from registry_cli.views.versions import view_version

    session = open_session(ctx, forms)
    row = session.registry.get_row(ref)
    if design:
        from registry_cli.registry.designs import read_design

        session.output.data([read_design(session.registry, row)])
        return
    if row.task is not None:
        session.registry.record_crashes()
        row = session.registry.get_row(row.id)  # with what its task reported until then
    version = {
        **view_version(row),
        "sealed": _find_sealed(session.registry, row) if row.published else None,
        "partial": list_lost(session.registry, row),
        "task_name": _find_task_name(session.registry, row.task),
    }
    if session.output.drawn and not forms.columns:
        from registry_cli.cli.card import draw_version

        session.output.draw(draw_version(version))
    else:
        session.output.record(version)


def _find_sealed(registry: Registry, row: VersionRow) -> object:
    """Return the sealed values of what was edited since the version was published; a draft loads nothing for it."""
    from registry_cli.registry.proof import find_sealed

    return find_sealed(registry.layout, row)


def _find_task_name(registry: Registry, task: TaskId | None) -> str | None:
    """Return the name of a version's task; None where the registry does not hold the task."""
    if task is None:
        return None
    from registry_cli.catalog.read.tasks import find_task_row

    row = registry.read(lambda db: find_task_row(db, task))
    return row.name if row is not None else None
