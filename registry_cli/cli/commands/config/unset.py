"""`reg config unset`: reset a setting to its default."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import KeyArg
from registry_cli.cli.session import open_session

EXAMPLES = ("reg config unset author", "reg config unset view.top")


def command(
    ctx: typer.Context,
    key: KeyArg,
    user: Annotated[bool, typer.Option("--user", help="Reset your own setting, not that of this copy.")] = False,
) -> None:
    """Reset a setting to its default."""
    from registry_cli.registry.configure import unset_setting

    session = open_session(ctx)
    if not unset_setting(session.registry, key, user=user):
        session.output.note(f"{key} was not set")
