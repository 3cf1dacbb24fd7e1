"""`reg init`: make a registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry_cli.cli.options import ResultForms
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

EXAMPLES = ("reg init", "reg init --shared /srv/models", "reg init --user")


def command(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Folder that gets a `.registry`; this one by default.")
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Let the folder's group write too.")] = False,
    user: Annotated[
        bool, typer.Option("--user", help="Make your own registry, used wherever there is no other.")
    ] = False,
    *,
    forms: ResultForms,
) -> None:
    """Make a registry."""
    if user and path:
        raise UsageError("--user says where, and so does a folder: give one of them", hint="reg init --user")
    from registry_cli.env import data_home
    from registry_cli.opening import Registry

    session = open_session(ctx, forms)
    made = Registry.init(data_home() if user else path or Path(), shared=shared)
    session.output.record({"path": str(made.path), "id": made.id}, id_key="path")
    session.output.hint("reg model add --help")
