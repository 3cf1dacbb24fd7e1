"""`reg log`: run a command as a task, and record everything a re-run needs."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from registry_cli import env
from registry_cli.cli.options import Forms, MessageOpt, Options, Words
from registry_cli.cli.session import TAIL_KEY, Session, open_session
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from registry_cli.records.task import Auto, Recipe, Task
    from registry_cli.tasks.describe import Wish
    from registry_cli.tasks.run.run import Outcome

EXAMPLES = (
    "reg log -- python train.py --lr 0.1",
    "reg log --name baseline --output '*.pt' --metrics m.json -- python train.py",
    "reg log --input base=vision/resnet@prod --data 'data/*.csv' -- bash train.sh",
    "reg log --model iris/tuned --output model.joblib -- python fit.py",
    "reg log --auto --keep 'last 3, best 2 min(metrics.loss)' -- python train.py",
    "reg log --auto-only 'pytorch=final*.pt' --auto-off scikit -- python train.py",
)
RUNS_COMMAND = True
NAMED: Final = 3
"""Most models that the last line names."""

_watched: Final = partial(typer.Option, rich_help_panel="What it reads and writes")
_auto: Final = partial(typer.Option, rich_help_panel="Automatic logging")


class LogOptions(Options):
    """The options that describe a task and say what is recorded of it."""

    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Name of the task; by default the script's.")
    ]
    project: Annotated[
        str | None, typer.Option("--project", metavar="PROJECT", help="Its project; by default the work tree's folder.")
    ]
    input_: Annotated[Words, _watched("--input", metavar="[NAME=]REF", help="A version it gets as input.")]
    data: Annotated[Words, _watched("--data", metavar="GLOB", help="Files it reads; stored as digests.")]
    output: Annotated[Words, _watched("--output", metavar="GLOB", help="Files to store as versions.")]
    metrics: Annotated[
        Words, _watched("--metrics", metavar="FILE", help="JSON, TOML, CSV or a dvclive folder it writes.")
    ]
    model: Annotated[str | None, _watched("--model", metavar="NAME", help="The model its outputs go to.")]
    keep_failed: Annotated[
        Literal["yes", "no"], _watched("--keep-failed", help="Store the outputs of a run that fails.")
    ] = "yes"
    auto: Annotated[bool, _auto("--auto", help="Store what frameworks save, link what they load.")] = False
    auto_only: Annotated[Words, _auto("--auto-only", metavar="KEY=GLOB", help="Only these files of a framework.")]
    auto_off: Annotated[Words, _auto("--auto-off", metavar="KEY", help="Nothing of this framework.")]
    auto_loads: Annotated[
        Literal["known", "all", "none"] | None,
        _auto("--auto-loads", help="Loads that are inputs; by default known ones."),
    ]
    keep: Annotated[str | None, _auto("--keep", metavar="RULES", help="Versions of these to keep; by default all.")]
    tag: Annotated[Words, typer.Option("--tag", metavar="TAG", help="A tag of the task; repeatable.")]
    variables: Annotated[
        Words, typer.Option("--env", metavar="NAME", help="Record this variable too, or those that match a glob.")
    ]
    message: MessageOpt


def command(
    ctx: typer.Context,
    words: Annotated[
        Words, typer.Argument(metavar="-- COMMAND", help="The command to run, with its own options.")
    ] = None,
    *,
    options: LogOptions,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no line at the end; problems all the same.")
    ] = False,
) -> None:
    """Run a command as a task, and record everything a re-run needs."""
    from registry_cli.tasks.child.outcome import launching

    session = open_session(ctx, Forms(quiet=quiet))
    recipe = _recipe(_command(words, ctx.meta.get(TAIL_KEY)), options)
    with launching():
        outcome = _run(session, _wish(session, recipe, options), named=options.name is not None)
    _report(session, outcome)
    if outcome.launch:
        raise outcome.launch
    raise typer.Exit(outcome.code)


def _command(words: Words, tail: list[str] | None) -> tuple[str, ...]:
    if words:
        from shlex import join

        problem = f"the command must follow after `--`, and `{words[0]}` does not"
        raise UsageError(problem, hint=f"reg log -- {join([*words, *(tail or ())])}")
    if not tail:
        raise UsageError("no command to run: it follows after `--`", hint="reg log --help")
    return tuple(tail)


def _recipe(argv: tuple[str, ...], options: LogOptions) -> Recipe:
    from registry_cli.records.task import Recipe

    return Recipe(
        argv=argv,
        outputs=tuple(options.output or ()),
        data=tuple(options.data or ()),
        metrics=tuple(options.metrics or ()),
        model=options.model,
        keep_failed=options.keep_failed == "yes",
        auto=_make_auto(options),
    )


def _make_auto(options: LogOptions) -> Auto | None:
    """Return the settings of automatic logging, or None without any; each of its options turns it on."""
    only, off, loads, keep = options.auto_only, options.auto_off, options.auto_loads, options.keep
    if not (options.auto or only or off or loads or keep is not None):
        return None
    from registry_cli.frameworks.patching.rules import parse_rules
    from registry_cli.records.task import Auto
    from registry_cli.registry.retention import check_keep

    globs: dict[str, list[str]] = {}
    for word in only or ():
        key, equals, glob = word.partition("=")
        if not equals:
            raise UsageError(f"--auto-only {word} names no files: write {key}=GLOB", hint="reg help autolog")
        globs.setdefault(key, []).append(glob)
    for key in off or ():
        if key in globs:
            raise UsageError(
                f"{key} is both filtered and off: give one of --auto-only and --auto-off", hint="reg help autolog"
            )
    if keep is not None:
        check_keep(keep)
    return Auto(parse_rules({**globs, **dict.fromkeys(off or (), False)}), loads or "known", keep)


def _wish(session: Session, recipe: Recipe, options: LogOptions) -> Wish:
    from registry_cli.cli.fields import parse_named
    from registry_cli.ids import parse_model_name, parse_tag
    from registry_cli.tasks.describe import Wish
    from registry_cli.tasks.naming import name_of_command, project_of_folder

    if recipe.model:
        parse_model_name(recipe.model)
    here = Path.cwd()
    return Wish(
        name=name_of_command(recipe.argv) if options.name is None else options.name,
        project=project_of_folder(here, session.registry.path) if options.project is None else options.project,
        recipe=recipe,
        inputs=tuple(parse_named(word) for word in options.input_ or ()),
        tags=tuple(parse_tag(tag) for tag in options.tag or ()),
        comment=options.message,
        variables=tuple(options.variables or ()),
    )


def _run(session: Session, wish: Wish, *, named: bool) -> Outcome:
    from registry_cli.store.staging import Staging
    from registry_cli.tasks.describe import describe
    from registry_cli.tasks.run.run import run_command

    cwd, environ = Path.cwd(), env.read_all()
    sys.stdout.flush()
    with Staging(session.registry.layout) as staging:
        task = describe(session.registry, wish, cwd, environ, staging)
        return run_command(session.registry, task, cwd=cwd, environ=environ, staging=staging, named=named,
                           argv=wish.recipe.argv)  # fmt: skip


def _report(session: Session, outcome: Outcome) -> None:
    """Write warnings about problems, then one line on the task: its status, its duration and what was kept."""
    warnings = (*outcome.problems, *outcome.missed)
    if outcome.mid_line and (warnings or not session.output.quiet):
        sys.stderr.write("\n")  # else the first of our lines would continue the command's last
    for warning in warnings:
        session.output.warn(warning)
    if not session.output.quiet:
        session.output.note(f"{_describe_end(outcome.task)}; {_describe_kept(outcome)}")


def _describe_end(task: Task) -> str:
    from registry_cli.views.text import format_duration

    duration = (task.ended - task.started).total_seconds() if task.ended and task.started else None
    ended = f" in {format_duration(duration)}" if duration is not None else ""
    return f"task {task.name} {task.id} {task.status}{ended}"


def _describe_kept(outcome: Outcome) -> str:
    """Return which versions the task made, in words: the newest of each model, and their number."""
    from collections import Counter

    counts = Counter(row.name for row in outcome.outputs)
    newest = {row.name: row.ref for row in outcome.outputs}
    refs = [ref + (f" and {counts[name] - 1:,} before it" if counts[name] > 1 else "") for name, ref in newest.items()]
    more = f" and {len(refs) - NAMED:,} more models" if len(refs) > NAMED else ""
    return f"kept {', '.join(refs[:NAMED])}{more}" if refs else "no version was kept"
