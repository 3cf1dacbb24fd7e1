"""`reg model find`: find the versions that hold the bytes of a file or folder."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from registry_cli.cli.options import TableForms
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model find model.safetensors",
    "reg model find out/    # versions with all files of the folder",
    "curl -s https://example.org/model.bin | reg model find -",
    "reg model find 2cf24dba5fb0a30e    # a SHA-256, or its start",
)

COLUMNS = ("ref", "paths", "created", "aliases", "id")


def command(
    ctx: typer.Context,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A file, a folder, a SHA-256 or its first 8 digits or more, or `-` for standard input."
        ),
    ],
    removed: Annotated[bool, typer.Option("--removed", help="Removed versions too.")] = False,
    *,
    forms: TableForms,
) -> None:
    """Find the versions that hold the bytes of a file or folder.

    Names do not matter, only bytes. Where no version holds them, the command exits with 11.
    """
    from registry_cli.registry.find import find_holders, find_holders_of_stream
    from registry_cli.views.versions import view_version

    session = open_session(ctx, forms)
    if path == "-":
        found = find_holders_of_stream(session.registry, sys.stdin.buffer, removed=removed)
    else:
        found = find_holders(session.registry, path, removed=removed)
    rows = [{**view_version(holder.version), "paths": list(holder.paths)} for holder in found]
    session.output.rows(rows, COLUMNS)
