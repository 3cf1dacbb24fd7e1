"""`reg model add`: add files as a new version of a model."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from registry_cli import env
from registry_cli.cli.fields import DraftOptions, parse_draft
from registry_cli.cli.options import MessageOpt, NameArg, Options, ResultForms, Words
from registry_cli.cli.session import Session, open_session
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from registry_cli.registry.moving import Mode
    from registry_cli.tasks.running import Running

EXAMPLES = (
    "reg model add iris/softmax model.safetensors --metric acc=0.93 --tag baseline",
    "reg model add iris/softmax out/ --alias best -m 'a folder is one version'",
    "reg model add iris/tuned tuned.pt --parent base=iris/softmax:1",
    "cat model.bin | reg model add x/y - --filename model.bin",
    "reg model add hub/bert snapshots/REV --link    # no second copy",
    "reg model add vision/resnet --url https://example.org/model.pth",
)

PathsArg = Annotated[Words, typer.Argument(metavar="PATH", help="Files and folders; `-` is standard input.")]
_bytes: Final = partial(typer.Option, rich_help_panel="Where the bytes go")


class Origin(Options):
    """The options that say where the bytes come from, and where they go."""

    link: Annotated[
        bool,
        _bytes("--link", help="Share the file's bytes instead of copying; it becomes read-only."),
    ] = False
    move: Annotated[bool, _bytes("--move", help="Remove the file once it is stored.")] = False
    reference: Annotated[bool, _bytes("--reference", help="Store only the file's path and digests.")] = False
    url: Annotated[str | None, _bytes("--url", metavar="URL", help="Store this address; nothing is fetched.")]
    follow: Annotated[bool, _bytes("--follow", help="Follow links that lead out of a folder.")] = False
    filename: Annotated[str | None, _bytes("--filename", metavar="FILENAME", help="Name of standard input.")]


def command(
    ctx: typer.Context,
    name: NameArg,
    paths: PathsArg = None,
    *,
    fields: DraftOptions,
    message: MessageOpt = None,
    allow_same: Annotated[
        bool, typer.Option("--allow-same", help="Make a version even if the newest one is the same.")
    ] = False,
    origin: Origin,
    forms: ResultForms,
) -> None:
    """Add files as a new version of a model.

    Within a task (`reg log`) the version belongs to it: the task's inputs are its parents, its scalars so far are
    among its metrics.
    """
    from registry_cli.registry.add import add_files, add_stream, add_url
    from registry_cli.views.versions import view_version

    session = open_session(ctx, forms)
    running = _find_running(session)
    draft = parse_draft(name, fields)
    draft = running.complete(session.registry, draft) if running else draft
    mode = _mode(origin)
    _check_origin(paths or [], origin, mode)
    more: dict[str, Any] = {"message": message, "allow_same": allow_same}
    if origin.url is not None:
        added = add_url(session.registry, draft, origin.url, **more)
    elif origin.filename is not None:
        added = add_stream(
            session.registry, draft, sys.stdin.fileno(), origin.filename, progress=session.progress, **more
        )
    else:
        files = [Path(path) for path in paths or []]
        added = add_files(
            session.registry, draft, files, mode=mode, follow=origin.follow, progress=session.progress, **more
        )
    if running:
        running.add_output(draft.name.rpartition("/")[2], added.version.id)
    session.output.results([view_version(added.version)])
    if not added.new:
        session.output.note(f"unchanged: {added.version.ref} has the same files and fields")
    for left in added.left:
        session.output.warn(
            f"{left.path} stays: it was changed or replaced after it was read"
            + (f"; it lies at {left.kept}, as a third file took the name" if left.kept else "")
        )


def _find_running(session: Session) -> Running | None:
    """Return the task that this command is part of, if it lies in the session's registry."""
    if env.read(env.REG_TASK) is None:
        return None
    from registry_cli.tasks.running import find_running

    return find_running(session.registry)


def _mode(origin: Origin) -> Mode:
    wanted: dict[Mode, bool] = {"link": origin.link, "move": origin.move, "reference": origin.reference}
    modes = [mode for mode, said in wanted.items() if said]
    if len(modes) > 1:
        raise UsageError(
            "--link, --move and --reference exclude each other: give one of them", hint="reg model add --help"
        )
    return modes[0] if modes else "copy"


def _check_origin(paths: list[str], origin: Origin, mode: Mode) -> None:
    """Check that the bytes come from one source: an address, standard input, or files."""
    url, filename = origin.url, origin.filename
    if url is not None and (paths or filename or mode != "copy"):
        problem = "--url says where the bytes are, and nothing else can: give it or files"
    elif url is None and not paths:
        problem = "missing argument `PATH`: which files?"
    elif "-" in paths and (len(paths) > 1 or not filename or mode != "copy"):
        problem = "standard input is one file without a name: give `-` alone, with --filename"
    elif filename and paths != ["-"]:
        problem = "--filename names standard input, which is `-`, and files have names"
    else:
        return
    raise UsageError(problem, hint="reg model add --help")
