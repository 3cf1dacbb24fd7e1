"""`reg model path`: print the paths at which versions can be opened in place."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import JsonForms, RefsArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg model path iris/softmax:2", 'python predict.py "$(reg model path iris/softmax@prod)"')


VerifyOpt = Annotated[bool, typer.Option("--verify", help="Read all bytes, not only those that may have changed.")]


def command(ctx: typer.Context, refs: RefsArg, verify: VerifyOpt = False, *, forms: JsonForms) -> None:
    """Print the paths at which versions can be opened in place."""
    from registry_cli.registry.get import open_path

    session = open_session(ctx, forms)
    rows = session.registry.list_rows(read_refs(refs))
    paths = [open_path(session.registry, row, verify=verify, progress=session.progress) for row in rows]
    found = [{"ref": row.ref, "id": row.id, "path": str(path)} for row, path in zip(rows, paths, strict=True)]
    session.output.values(found, "path")
