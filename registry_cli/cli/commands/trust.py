"""`reg trust`: use registries of other users where they are found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry_cli.cli.options import TableForms
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

EXAMPLES = ("reg trust /srv/models", "reg trust --list", "reg trust --remove /srv/models")


def command(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR", help="A `.registry`, or the folder that holds one.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the registries that you trust.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="No longer trust them.")] = False,
    *,
    forms: TableForms,
) -> None:
    """Use registries of other users where they are found.

    A registry above the working folder that belongs to another user may be a trap, and is not used unless you trust
    it. Trust is stored in your own settings folder, by path and registry id: another registry in its place is not
    trusted.
    """
    from registry_cli.registry.api import locate_registry
    from registry_cli.registry.trust import distrust_registry, list_trusted, trust_registry
    from registry_cli.views.versions import view_trusted

    if listed == bool(paths) or (listed and remove):
        raise UsageError("give folders, or --list alone", hint="reg trust --list")
    session = open_session(ctx, forms)
    change = distrust_registry if remove else trust_registry
    rows = list_trusted() if listed else [change(locate_registry(path)) for path in paths or ()]
    session.output.rows([view_trusted(row) for row in rows], ("path", "id", "state"), id_key="path",
                        empty="no registry is trusted")  # fmt: skip
