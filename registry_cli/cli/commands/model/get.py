"""`reg model get`: write the files of versions to a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import JsonForms, read_refs
from registry_cli.cli.session import Session, open_session
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.get import Written

EXAMPLES = (
    "reg model get iris/softmax",
    "reg model get iris/softmax@prod ./here",
    "reg model get iris/softmax:1 iris/tuned --to all",
    "reg model get iris/softmax -o m.bin",
    "reg model get iris/softmax -o - | sha256sum",
)


def command(
    ctx: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="REF", help="A version, then the folder to write to; with --to, versions.")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write each version to DIR/NAME-NUMBER/.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a version's one file here, or into a pipe; `-` prints it."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace files that are different.")] = False,
    *,
    forms: JsonForms,
) -> None:
    """Write the files of versions to a folder.

    A file that could be executed when it was added can be executed again; other modes are not kept.
    """
    import sys

    from registry_cli.registry.get import get_file, get_version, write_stream

    session = open_session(ctx, forms)
    refs, here = _split(words, several=to is not None or output is not None)
    rows = session.registry.list_rows(refs)
    if to is None and output is None and len(words) > 1:
        _check_folder(session, *words[:2])
    progress = session.progress
    if output is not None and _is_stdout(output):
        sys.stdout.flush()
        write_stream(session.registry, _only(rows), sys.stdout.fileno())
    elif output is not None:
        _print(
            session,
            [(_only(rows), get_file(session.registry, _only(rows), Path(output), force=force, progress=progress))],
        )
    else:
        pairs = [(row, to / f"{row.name}-{row.number}" if to else here) for row in rows]
        got = [(row, get_version(session.registry, row, place, force=force, progress=progress)) for row, place in pairs]
        _print(session, [(row, one) for row, written in got for one in written])


def _split(words: Sequence[str], *, several: bool) -> tuple[list[str], Path]:
    """Return the references among the words, and the folder that follows them, by default this one."""
    if several or words == ["-"]:
        refs, here = read_refs(words), Path()
    else:
        refs, here = read_refs(words[:1]), Path(*words[1:2])
    if not several and (len(refs) > 1 or len(words) > 2):
        from shlex import join

        wanted = join(refs if len(refs) > 1 else words)
        raise UsageError("several versions need a folder for each, made in that of --to", hint=
                         f"reg model get {wanted} --to .")  # fmt: skip
    return refs, here


def _check_folder(session: Session, ref: str, folder: str) -> None:
    """Check that the word for a folder is none for another version, which would be left out in silence.

    A folder that is there is one, and so is a path such as `./x` and the name of the version itself.

    Raises:
        UsageError: It has the form of an address, or names another version.
    """
    if folder.startswith((".", "/", "~")) or folder == ref or Path(folder).is_dir():
        return
    from shlex import join, quote

    from registry_cli.registry.get import is_address, names_version

    if names_version(session.registry, folder):
        raise UsageError(
            f"`{folder}` is a version, and several versions need --to; a folder of that name is ./{folder}",
            hint=f"reg model get {join([ref, folder])} --to .",
        )
    if is_address(folder):
        raise UsageError(
            f"`{folder}` has the form of an address, but no version has it; a folder of that name is ./{folder}",
            hint=f"reg model get {quote(ref)} {quote(f'./{folder}')}",
        )


def _is_stdout(output: str) -> bool:
    """Return whether `output` names standard output: `-`, `/dev/stdout`, or its own pipe or device."""
    import os
    import stat
    import sys

    if output in {"-", "/dev/stdout"}:
        return True
    try:
        status = Path(output).stat()
        return not stat.S_ISREG(status.st_mode) and os.path.samestat(status, os.fstat(sys.stdout.fileno()))
    except OSError:  # nothing is there yet, or no standard output
        return False


def _only(rows: Sequence[VersionRow]) -> VersionRow:
    if len(rows) != 1:
        from shlex import join

        wanted = join(row.ref for row in rows)
        raise UsageError(f"--output takes one version, not {len(rows)}", hint=f"reg model get {wanted} --to .")
    return rows[0]


def _print(session: Session, got: Sequence[tuple[VersionRow, Written]]) -> None:
    found = [{"ref": row.ref, "id": row.id, "path": str(one.path), "new": one.new} for row, one in got]
    session.output.values(found, "path")
    same = [one["path"] for one in found if not one["new"]]
    if same:
        session.output.note(f"unchanged: {same[0]}" + (f" and {len(same) - 1} more" if len(same) > 1 else ""))
