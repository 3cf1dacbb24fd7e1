"""`reg model tag`: add tags to versions and remove them."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import Change, RefsArg, Words, read_refs
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg model tag iris/softmax:2 --add candidate --remove baseline",
    "reg model query 'metrics.acc < 0.8' -q | reg model tag - --add weak",
)


def command(
    ctx: typer.Context,
    refs: RefsArg,
    add: Annotated[Words, typer.Option("--add", metavar="TAG", help="Add this tag; repeatable.")] = None,
    remove: Annotated[Words, typer.Option("--remove", metavar="TAG", help="Remove this tag; repeatable.")] = None,
    *,
    change: Change,
) -> None:
    """Add tags to versions and remove them."""
    from registry_cli.ids import parse_tag
    from registry_cli.registry.editing import tag_versions
    from registry_cli.views.versions import view_versions

    if not add and not remove:
        raise UsageError("no tag to add or remove: --add and --remove name them", hint="reg model tag --help")
    session = open_session(ctx, change)
    plus, minus = ([parse_tag(word) for word in words or []] for words in (add, remove))
    rows = tag_versions(session.registry, read_refs(refs), add=plus, remove=minus, message=change.message)
    session.output.results(view_versions(rows))
