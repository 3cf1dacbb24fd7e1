"""`reg model add`: add files as a new version of a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry_cli.cli.fields import (
    AliasOpt,
    DesignOpt,
    FrameworkOpt,
    LabelOpt,
    MetaOpt,
    MetricOpt,
    ParamOpt,
    ParentOpt,
    StepOpt,
    TagOpt,
    parse_draft,
)
from registry_cli.cli.options import JsonOpt, MessageOpt, NameArg, QuietOpt, Words
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from registry_cli.registry.moving import Mode

EXAMPLES = (
    "reg model add iris/softmax model.safetensors --metric acc=0.93 --tag baseline",
    "reg model add iris/softmax out/ --alias best -m 'a folder is one version'",
    "reg model add iris/tuned tuned.pt --parent base=iris/softmax:1",
    "cat model.bin | reg model add x/y - --filename model.bin",
    "reg model add hub/bert snapshots/REV --link    # no second copy",
    "reg model add vision/resnet --url https://example.org/model.pth",
)

BYTES = "Where the bytes go"
PathsArg = Annotated[Words, typer.Argument(metavar="PATH", help="Files and folders; `-` is standard input.")]
SameOpt = Annotated[bool, typer.Option("--allow-same", help="Make a version even if the newest one is the same.")]
LinkOpt = Annotated[
    bool,
    typer.Option(
        "--link", help="Share the file's bytes instead of copying; it becomes read-only.", rich_help_panel=BYTES
    ),
]
MoveOpt = Annotated[bool, typer.Option("--move", help="Remove the file once it is stored.", rich_help_panel=BYTES)]
ReferenceOpt = Annotated[
    bool, typer.Option("--reference", help="Store only the file's path and digests.", rich_help_panel=BYTES)
]
UrlOpt = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Store this address; nothing is fetched.", rich_help_panel=BYTES),
]
FollowOpt = Annotated[
    bool, typer.Option("--follow", help="Follow links that lead out of a folder.", rich_help_panel=BYTES)
]
FilenameOpt = Annotated[
    str | None,
    typer.Option("--filename", metavar="FILENAME", help="Name of standard input.", rich_help_panel=BYTES),
]


def command(
    ctx: typer.Context,
    name: NameArg,
    paths: PathsArg = None,
    metric: MetricOpt = None,
    meta: MetaOpt = None,
    param: ParamOpt = None,
    tag: TagOpt = None,
    alias: AliasOpt = None,
    label: LabelOpt = None,
    design: DesignOpt = None,
    framework: FrameworkOpt = None,
    parent: ParentOpt = None,
    step: StepOpt = None,
    message: MessageOpt = None,
    allow_same: SameOpt = False,
    link: LinkOpt = False,
    move: MoveOpt = False,
    reference: ReferenceOpt = False,
    url: UrlOpt = None,
    follow: FollowOpt = False,
    filename: FilenameOpt = None,
    as_json: JsonOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """Add files as a new version of a model."""
    from registry_cli.registry.add import add_files, add_stream, add_url
    from registry_cli.views.versions import view_version

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    draft = parse_draft(name, metric=metric, meta=meta, param=param, tag=tag, alias=alias, label=label, design=design,
                        framework=framework, parent=parent, step=step)  # fmt: skip
    mode = _mode(link=link, move=move, reference=reference)
    _check_origin(paths or [], url, filename, mode)
    more: dict[str, Any] = {"message": message, "allow_same": allow_same}
    if url is not None:
        added = add_url(session.registry, draft, url, **more)
    elif filename is not None:
        added = add_stream(session.registry, draft, sys.stdin.fileno(), filename, progress=session.progress, **more)
    else:
        files = [Path(path) for path in paths or []]
        added = add_files(session.registry, draft, files, mode=mode, follow=follow, progress=session.progress, **more)
    session.output.results([view_version(added.version)])
    if not added.new:
        session.output.note(f"unchanged: {added.version.ref} has the same files and fields")
    for left in added.left:
        session.output.warn(
            f"{left.path} stays: it was changed or replaced after it was read"
            + (f"; it lies at {left.kept}, as a third file took the name" if left.kept else "")
        )


def _mode(*, link: bool, move: bool, reference: bool) -> Mode:
    wanted: dict[Mode, bool] = {"link": link, "move": move, "reference": reference}
    modes = [mode for mode, said in wanted.items() if said]
    if len(modes) > 1:
        raise UsageError(
            "--link, --move and --reference exclude each other: give one of them", hint="reg model add --help"
        )
    return modes[0] if modes else "copy"


def _check_origin(paths: list[str], url: str | None, filename: str | None, mode: Mode) -> None:
    """Check that the bytes come from one source: an address, standard input, or files."""
    if url is not None and (paths or filename or mode != "copy"):
        raise UsageError(
            "--url says where the bytes are, and nothing else can: give it or files", hint="reg model add --help"
        )
    if url is None and not paths:
        raise UsageError("missing argument `PATH`: which files?", hint="reg model add --help")
    if "-" in paths and (len(paths) > 1 or not filename or mode != "copy"):
        raise UsageError(
            "standard input is one file without a name: give `-` alone, with --filename", hint="reg model add --help"
        )
    if filename and paths != ["-"]:
        raise UsageError(
            "--filename names standard input, which is `-`, and files have names", hint="reg model add --help"
        )
