"""`reg undo`: undo an entry by appending its opposite."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import Change
from registry_cli.cli.session import open_session

SHOWN = 5
"""Most entries passed over that are named one by one."""

EXAMPLES = ("reg undo", "reg undo 01JD2Q0V9T3M6X8Y1R5N7K4ZBC -m 'wrong model'")


def command(
    ctx: typer.Context,
    entry: Annotated[
        str | None, typer.Argument(metavar="ENTRY", help="Its id or the start of it; by default the newest one.")
    ] = None,
    *,
    change: Change,
) -> None:
    """Undo an entry by appending its opposite.

    A published version stays published, and a task that has run stays: `reg task remove` removes it. Without ENTRY,
    such entries are passed over, and named.
    """
    from registry_cli.registry.events import describe_changes
    from registry_cli.registry.undo import undo_entry
    from registry_cli.views.versions import view_change

    session = open_session(ctx, change)
    undone = undo_entry(session.registry, entry, message=change.message)
    session.output.rows([view_change(change) for change in describe_changes(session.registry, undone.changes)],
                        ("ref", "what", "author", "time", "event"), id_key="event")  # fmt: skip
    for passed in undone.passed[:SHOWN]:
        about = f" ({passed.ref})" if passed.ref else ""
        session.output.note(f"passed over {passed.entry}{about}: {passed.reason}")
    if len(undone.passed) > SHOWN:
        session.output.note(f"passed over {len(undone.passed) - SHOWN:,} more that cannot be undone")
    session.output.note(f"undone: {undone.changes[0].entry}")
