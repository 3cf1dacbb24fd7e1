"""`reg model verify`: check that the bytes of versions are intact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import JsonForms, RefsArg, read_refs
from registry_cli.cli.session import open_session
from registry_cli.errors import CorruptError

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.verify import Fault

EXAMPLES = (
    "reg model verify iris/softmax:2",
    "reg model verify iris/softmax:2 --strong",
    "reg model query --published -q | reg model verify -",
)


def command(
    ctx: typer.Context,
    refs: RefsArg,
    strong: Annotated[
        bool, typer.Option("--strong", help="Check SHA-256 too: slower, but proof against forgery.")
    ] = False,
    *,
    forms: JsonForms,
) -> None:
    """Check that the bytes of versions are intact.

    A version of which only an address is known so far is `unread`: nothing is fetched for it. One whose damaged files
    are all known to be lost in this copy of the registry is `partial`. A removed one that has lost some of its bytes
    is `removed`.
    """
    from registry_cli.catalog.index.opener import LOST
    from registry_cli.registry.availability import list_collected
    from registry_cli.registry.verify import list_faults

    session = open_session(ctx, forms)
    rows = session.registry.list_rows(read_refs(refs))
    checked = [(row, list_faults(session.registry, row, strong=strong, progress=session.progress)) for row in rows]
    views = [_view(row, faults, collected=bool(list_collected(session.registry, row))) for row, faults in checked]
    session.output.rows(views, ("ref", "result", "size"), empty="no versions")
    found = [(row, fault) for row, faults in checked for fault in faults]
    if found:
        bad = "\n".join(f"{row.ref}: {fault.what}: {fault.problem}" for row, fault in found)
        first = next((fault for _, fault in found if fault.hint in {None, LOST}), found[0][1])
        raise CorruptError(bad, hint=first.hint or LOST)


def _view(row: VersionRow, faults: list[Fault], *, collected: bool) -> dict[str, object]:
    found = [{"what": fault.what, "problem": fault.problem} for fault in faults]
    unread = any(file.sha256 is None for file in row.files)
    partial = all(fault.known for fault in faults)
    sound = "removed" if collected else "unread" if unread else "ok"
    result = ("partial" if partial else "corrupt") if found else sound
    return {"ref": row.ref, "id": row.id, "result": result, "size": row.size, "faults": found}
