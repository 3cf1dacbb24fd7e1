"""`reg events`: print the events of the log, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import RecordForms
from registry_cli.cli.session import open_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.views.versions import View

EXAMPLES = (
    "reg events --limit 20",
    "reg events --json | jq -r 'select(.op == \"publish\") | .ref'",
    "reg events --after 01JD2Q0V9T3M6X8Y1R5N7K4ZBC/0 --json",
    "reg events --since yesterday",
    "reg events --void",
)

COLUMNS = ("time", "ref", "what", "author", "message", "event")


def command(
    ctx: typer.Context,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", "-n", metavar="N", min=0, help="Print the last N entries, each whole; with --after the next N."
        ),
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="EVENT", help="Print the events after this event or entry.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Print the events since then: yesterday, 2d, a date."),
    ] = None,
    void: Annotated[bool, typer.Option("--void", help="Print entries that have no effect, and why.")] = False,
    *,
    forms: RecordForms,
) -> None:
    """Print the events of the log, oldest first."""
    from registry_cli.registry.events import iter_event_ids, iter_events
    from registry_cli.views.versions import view_change

    output = (session := open_session(ctx, forms)).output
    if output.prints_only("event"):
        ids = iter_event_ids(session.registry, after=after, since=since, limit=limit, void=void)
        events: Iterator[View] = ({"event": event} for event in ids)
    else:
        events = map(view_change, iter_events(session.registry, after=after, since=since, limit=limit, void=void))
    shown = ("void", *COLUMNS) if void else COLUMNS
    if output.drawn:
        output.rows(events, shown, id_key="event", empty="nothing has happened")
    else:
        output.stream(events, shown, id_key="event")
