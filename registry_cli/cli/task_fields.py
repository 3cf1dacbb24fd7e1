"""The options of `task clone` and `task edit` that change a task, and their parser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from registry_cli import env
from registry_cli.cli.fields import parse_named, parse_values
from registry_cli.cli.options import Words
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.registry.api import Registry
    from registry_cli.tasks.rerun.edits import Edits

WHAT: Final = "What it runs"
ABOUT: Final = "Name and notes"

InputOpt = Annotated[
    Words,
    typer.Option(
        "--input", metavar="[NAME=]REF", help="A version to give it; NAME can be omitted where it has one input.",
        rich_help_panel=WHAT,
    ),
]  # fmt: skip
ArgOpt = Annotated[
    Words,
    typer.Option("--arg", metavar="KEY=VALUE", help="An argument of its command; repeatable.", rich_help_panel=WHAT),
]
ParamOpt = Annotated[
    Words,
    typer.Option(
        "--param", metavar="KEY=VALUE", help="Give this to `connect`; `a.b` lies in `a`.", rich_help_panel=WHAT
    ),
]
EnvOpt = Annotated[
    Words, typer.Option("--env", metavar="NAME=VALUE", help="Set a variable; no secrets.", rich_help_panel=WHAT)
]
CodeOpt = Annotated[
    str | None,
    typer.Option("--code", metavar="COMMIT", help="Run this commit, without the diff.", rich_help_panel=WHAT),
]
KeepDiffOpt = Annotated[
    bool, typer.Option("--keep-diff", help="Keep the diff on another commit.", rich_help_panel=WHAT)
]
OutputOpt = Annotated[
    Words, typer.Option("--output", metavar="GLOB", help="Store these files instead.", rich_help_panel=WHAT)
]
DataOpt = Annotated[Words, typer.Option("--data", metavar="GLOB", help="Files it reads instead.", rich_help_panel=WHAT)]
MetricsOpt = Annotated[
    Words, typer.Option("--metrics", metavar="FILE", help="Read metrics from this file instead.", rich_help_panel=WHAT)
]
ModelOpt = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="The model its outputs go to.", rich_help_panel=WHAT)
]
UnsetOpt = Annotated[
    Words,
    typer.Option(
        "--unset", metavar="WHAT", help="Remove arg.lr, param.a, env.SEED, input.base, tag.x, comment, …",
        rich_help_panel=WHAT,
    ),
]  # fmt: skip
NameOpt = Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Its name.", rich_help_panel=ABOUT)]
ProjectOpt = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="Its project.", rich_help_panel=ABOUT)
]
CommentOpt = Annotated[
    str | None, typer.Option("--comment", metavar="TEXT", help="A comment on it.", rich_help_panel=ABOUT)
]
TagOpt = Annotated[Words, typer.Option("--tag", metavar="TAG", help="Add this tag; repeatable.", rich_help_panel=ABOUT)]


def parse_edits(
    registry: Registry, task: str, *, code: str | None, env_: Words, arg: Words, param: Words, input_: Words,
    tag: Words, output: Words, data: Words, metrics: Words, unset: Words, **plain: Any,
) -> Edits:  # fmt: skip
    """Return the changes that the options ask for.

    Args:
        registry: Registry of the task.
        task: Address of the task; its repository resolves the commit.
        code: A commit, by any name that git accepts.
        env_: Values of `--env`.
        arg: Values of `--arg`.
        param: Values of `--param`.
        input_: Values of `--input`.
        tag: Values of `--tag`.
        output: Values of `--output`.
        data: Values of `--data`.
        metrics: Values of `--metrics`.
        unset: Values of `--unset`.
        **plain: Fields of `Edits` that need no parsing.

    Raises:
        UsageError: A word cannot be parsed.
        NotFoundError: There is no such commit.
    """
    from registry_cli.ids import parse_tag
    from registry_cli.tasks.rerun.edits import Edits

    return Edits(
        inputs=tuple(parse_named(word) for word in input_ or ()),
        args=parse_values(arg, option="--arg"),
        params=parse_values(param, option="--param"),
        env=_parse_env(env_ or ()),
        tags=tuple(parse_tag(word) for word in tag or ()),
        code=_resolve(registry, task, code) if code else None,
        outputs=tuple(output or ()),
        data=tuple(data or ()),
        metrics=tuple(metrics or ()),
        unset=tuple(unset or ()),
        **plain,
    )


def _parse_env(words: Sequence[str]) -> dict[str, str]:
    for word in words:
        if word.find("=") < 1:
            raise UsageError(f"--env {word!r} is not NAME=VALUE, as in --env SEED=7")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _resolve(registry: Registry, ref: str, commit: str) -> str:
    from registry_cli.tasks.record import get_row, get_task
    from registry_cli.tasks.rerun.git import resolve_commit

    task = get_task(registry, get_row(registry, ref))
    if task.code is None:
        raise UsageError(f"task {task.name} was not run in a git repository, so there is no --code to change")
    return resolve_commit(task.code, commit, Path.cwd(), env.read_all())
