"""The options of `task clone` and `task edit` that change a task, and their parser."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from registry_cli import env
from registry_cli.cli.fields import parse_named, parse_values
from registry_cli.cli.options import Options, Words
from registry_cli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.registry.api import Registry
    from registry_cli.tasks.rerun.edits import Edits

_what: Final = partial(typer.Option, rich_help_panel="What it runs")
_about: Final = partial(typer.Option, rich_help_panel="Name and notes")


class TaskOptions(Options):
    """The options of `task clone` and `task edit`."""

    input_: Annotated[
        Words,
        _what(
            "--input", metavar="[NAME=]REF", help="A version to give it; NAME can be omitted where it has one input."
        ),
    ]
    arg: Annotated[Words, _what("--arg", metavar="KEY=VALUE", help="An argument of its command; repeatable.")]
    param: Annotated[Words, _what("--param", metavar="KEY=VALUE", help="Give this to `connect`; `a.b` lies in `a`.")]
    config: Annotated[Words, _what("--config", metavar="NAME=FILE", help="Give this file to `connect_configuration`.")]
    env_: Annotated[Words, _what("--env", metavar="NAME=VALUE", help="Set a variable; no secrets.")]
    code: Annotated[str | None, _what("--code", metavar="COMMIT", help="Run this commit, without the diff.")]
    keep_diff: Annotated[bool, _what("--keep-diff", help="Keep the diff on another commit.")] = False
    output: Annotated[Words, _what("--output", metavar="GLOB", help="Store these files instead.")]
    data: Annotated[Words, _what("--data", metavar="GLOB", help="Files it reads instead.")]
    metrics: Annotated[Words, _what("--metrics", metavar="FILE", help="Read metrics from this file instead.")]
    model: Annotated[str | None, _what("--model", metavar="NAME", help="The model its outputs go to.")]
    unset: Annotated[
        Words,
        _what("--unset", metavar="WHAT", help="Remove arg.lr, param.a, config.net, env.SEED, input.base, comment, …"),
    ]
    name: Annotated[str | None, _about("--name", metavar="TEXT", help="Its name.")]
    project: Annotated[str | None, _about("--project", metavar="PROJECT", help="Its project.")]
    comment: Annotated[str | None, _about("--comment", metavar="TEXT", help="A comment on it.")]
    tag: Annotated[Words, _about("--tag", metavar="TAG", help="Add this tag; repeatable.")]


def parse_edits(registry: Registry, task: str, options: TaskOptions) -> Edits:
    """Return the changes that the options ask for; the repository of the task resolves a commit.

    Raises:
        UsageError: A word cannot be parsed.
        NotFoundError: There is no such commit.
    """
    from registry_cli.ids import parse_tag
    from registry_cli.tasks.rerun.edits import Edits

    return Edits(
        inputs=_parse_inputs(options.input_ or ()),
        args=parse_values(options.arg, option="--arg"),
        params=parse_values(options.param, option="--param"),
        config=_read_configs(options.config or ()),
        env=_parse_env(options.env_ or ()),
        tags=tuple(parse_tag(word) for word in options.tag or ()),
        code=_resolve(registry, task, options.code) if options.code else None,
        outputs=tuple(options.output or ()),
        data=tuple(options.data or ()),
        metrics=tuple(options.metrics or ()),
        unset=tuple(options.unset or ()),
        keep_diff=options.keep_diff,
        model=options.model,
        name=options.name,
        project=options.project,
        comment=options.comment,
    )


def _parse_inputs(words: Sequence[str]) -> tuple[tuple[str | None, str], ...]:
    pairs = tuple(parse_named(word) for word in words)
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--input {name or 'without a name'} is given twice, and a task has one input of a name")
    return pairs


def _read_configs(words: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    found = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not name or not equals:
            raise UsageError(f"--config {word!r} is not NAME=FILE, as in --config general=net.yaml")
        if not Path(path).is_file():
            raise NotFoundError(f"no file {path}")
        found[name] = Path(path).name, Path(path).read_bytes()
    return found


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
