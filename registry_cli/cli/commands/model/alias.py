"""`reg model alias`: move an alias to a version, list aliases or undo a move."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

import typer

from registry_cli.cli.options import Change
from registry_cli.cli.session import Session, open_session
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg model alias iris/softmax:2 prod -m 'beats the champion'",
    "reg model alias iris/softmax:2 prod --expect iris/softmax:1",
    "reg model alias iris/softmax:2 prod --require 'metrics.acc > 0.9'",
    "reg model alias --undo iris/softmax@prod",
    "reg model alias --list iris/softmax",
)

_instead: Final = partial(typer.Option, rich_help_panel="Instead")
COLUMNS = ("alias", "current", "to", "from", "time", "author", "message")


def command(
    ctx: typer.Context,
    ref: Annotated[
        str | None, typer.Argument(metavar="REF", help="The version: name:number, name@alias or id.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="ALIAS", help="The alias to move to it.")] = None,
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="REF", help="Only if this one holds it now; '' for none.")
    ] = None,
    require: Annotated[
        str | None, typer.Option("--require", metavar="EXPR", help="Only if the version matches this query.")
    ] = None,
    undo: Annotated[
        str | None, _instead("--undo", metavar="REF", help="Undo the last move of NAME@alias; again, the one before.")
    ] = None,
    remove: Annotated[str | None, _instead("--remove", metavar="REF", help="Remove NAME@alias.")] = None,
    moves: Annotated[
        str | None, _instead("--list", metavar="NAME", help="List a model's aliases and how they moved.")
    ] = None,
    *,
    change: Change,
) -> None:
    """Move an alias to a version, list aliases or undo a move."""
    from registry_cli.ids import parse_alias
    from registry_cli.registry import aliases
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    _check_one(ref, name, undo, remove, moves)
    if moves:
        _list(session, moves)
    elif undo:
        row = aliases.undo_alias(session.registry, undo, message=change.message)
        session.output.results(view_versions([row] if row else []))
        session.output.note(f"{undo} is held by {row.ref if row else 'nobody'} again")
    elif remove:
        session.output.results(view_versions([aliases.remove_alias(session.registry, remove, message=change.message)]))
    elif ref and name:
        row = aliases.set_alias(
            session.registry, ref, parse_alias(name), expect=expect, require=require, message=change.message
        )
        session.output.results(view_versions([row]))


def _check_one(ref: str | None, name: str | None, *instead: str | None) -> None:
    said = [words for words in instead if words is not None]
    if len(said) > 1 or (said and ref is not None):
        raise UsageError(
            "--undo, --remove, --list and a version exclude each other: give one of them", hint="reg model alias --help"
        )
    if not said and (ref is None or name is None):
        raise UsageError("an alias needs a version and its name", hint="reg model alias --help")


def _list(session: Session, name: str) -> None:
    """Print the versions that hold the aliases of a model, then those that held them."""
    from registry_cli.registry.aliases import list_moves
    from registry_cli.views.versions import view_moves

    moves = list_moves(session.registry, name)
    named = {str(move.change[key]) for move in moves for key in ("version", "old") if key in move.change}
    rows = view_moves(moves, session.registry.list_rows(sorted(named)))
    session.output.rows(rows, COLUMNS, id_key="alias", empty=f"{name} never had an alias")
