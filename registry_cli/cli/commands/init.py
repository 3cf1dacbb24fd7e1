"""`reg init`: make a registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry_cli import env
from registry_cli.cli.options import ResultForms
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

EXAMPLES = ("reg init", "reg init --shared /srv/models", "reg init --user", "reg --registry ~/models init")


def command(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Folder that gets a `.registry`; by default this one.")
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Let the folder's group write too.")] = False,
    user: Annotated[
        bool, typer.Option("--user", help="Make your own registry, used wherever there is no other.")
    ] = False,
    *,
    forms: ResultForms,
) -> None:
    """Make a registry.

    Without a folder, --registry and then REG_DIR say where. A registry that is there stays as it is.
    """
    session = open_session(ctx, forms)
    if sum(map(bool, (user, path, session.registry_path))) > 1:
        raise UsageError("a folder, --user and --registry each say where: give one of them", hint="reg init --help")
    from registry_cli.opening import Registry
    from registry_cli.registry.init import find_place

    named = env.read(env.REG_DIR)
    place = env.data_home() if user else path or session.registry_path or Path(named or "")
    was_there = find_place(place).exists()
    made = Registry.init(place, shared=shared)
    session.output.record({"path": str(made.path), "id": made.id}, id_key="path")
    if was_there:
        session.output.note("this registry was there before; nothing was changed")
    if shared and not made.layout.shared:
        session.output.warn("it is not shared, and --shared does not change that")
    session.output.hint("reg model add --help")
