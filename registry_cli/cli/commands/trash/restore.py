"""`reg trash restore`: restore bytes from the trash."""

from __future__ import annotations

from shlex import quote
from typing import Annotated

import typer

from registry_cli.cli.options import ResultForms, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg trash restore 3f9c2a1b", "reg model restore fraud/xgb:3    # brings its bytes back too")


def command(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids that `reg trash list` prints; `-` reads stdin.")],
    *,
    forms: ResultForms,
) -> None:
    """Restore bytes from the trash.

    They are back in their place but unused: a later gc collects them again unless a version uses them by then.
    """
    from registry_cli.catalog.read.uses import list_users
    from registry_cli.registry.gc.restore import restore_trashed
    from registry_cli.views.versions import view_restored

    session = open_session(ctx, forms)
    restored = restore_trashed(session.registry, read_refs(ids))
    blobs = [trashed.blob for trashed in restored]
    users = session.registry.read(lambda db: [list_users(db, blob) if blob else [] for blob in blobs])
    session.output.results([view_restored(each, found) for each, found in zip(restored, users, strict=True)])
    for ref in sorted({user.ref for found in users for user in found if user.removed}):
        session.output.note(f"hint: reg model restore {quote(ref)}")
