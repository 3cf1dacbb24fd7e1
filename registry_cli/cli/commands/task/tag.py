"""`reg task tag`: add tags to tasks and remove them."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import Change, TasksArg, Words, read_refs
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg task tag baseline --add candidate --remove try",
    "reg task list 'metrics.loss < 0.2' -q | reg task tag - --add good",
)


def command(
    ctx: typer.Context,
    tasks: TasksArg,
    add: Annotated[Words, typer.Option("--add", metavar="TAG", help="Add this tag; repeatable.")] = None,
    remove: Annotated[Words, typer.Option("--remove", metavar="TAG", help="Remove this tag; repeatable.")] = None,
    *,
    change: Change,
) -> None:
    """Add tags to tasks and remove them."""
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.ids import parse_tag
    from registry_cli.tasks.tag import tag_tasks

    if not add and not remove:
        raise UsageError("no tag to add or remove: --add and --remove name them", hint="reg task tag --help")
    session = open_session(ctx, change)
    plus, minus = ([parse_tag(word) for word in words or []] for words in (add, remove))
    rows = tag_tasks(session.registry, read_refs(tasks), add=plus, remove=minus, message=change.message)
    print_tasks(session.output, rows)
