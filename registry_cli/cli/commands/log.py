"""`reg log`: run a command as a task, and record everything a re-run needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from registry_cli import env
from registry_cli.cli.options import MessageOpt, Words
from registry_cli.cli.session import TAIL_KEY, Session, open_session
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from registry_cli.records.task import Auto
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
Loads = Literal["known", "all", "none"]

WATCHED = "What it reads and writes"
AUTO = "Automatic logging"
WordsArg = Annotated[Words, typer.Argument(metavar="-- COMMAND", help="The command to run, with its own options.")]
NameOpt = Annotated[
    str | None, typer.Option("--name", metavar="TEXT", help="Name of the task; by default the script's.")
]
ProjectOpt = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="Its project; by default the work tree's folder.")
]
InputOpt = Annotated[
    Words, typer.Option("--input", metavar="[NAME=]REF", help="A version it gets as input.", rich_help_panel=WATCHED)
]
DataOpt = Annotated[
    Words, typer.Option("--data", metavar="GLOB", help="Files it reads; stored as digests.", rich_help_panel=WATCHED)
]
OutputOpt = Annotated[
    Words, typer.Option("--output", metavar="GLOB", help="Files to store as versions.", rich_help_panel=WATCHED)
]
MetricsOpt = Annotated[
    Words,
    typer.Option(
        "--metrics", metavar="FILE", help="JSON, TOML, CSV or a dvclive folder it writes.", rich_help_panel=WATCHED
    ),
]
ModelOpt = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="The model its outputs go to.", rich_help_panel=WATCHED),
]
KeepOpt = Annotated[
    Literal["yes", "no"],
    typer.Option("--keep-failed", help="Store the outputs of a run that fails.", rich_help_panel=WATCHED),
]
AutoOpt = Annotated[
    bool,
    typer.Option("--auto", help="Store what frameworks save, link what they load.", rich_help_panel=AUTO),
]
AutoOnlyOpt = Annotated[
    Words,
    typer.Option("--auto-only", metavar="KEY=GLOB", help="Only these files of a framework.", rich_help_panel=AUTO),
]
AutoOffOpt = Annotated[
    Words, typer.Option("--auto-off", metavar="KEY", help="Nothing of this framework.", rich_help_panel=AUTO)
]
AutoLoadsOpt = Annotated[
    Loads | None,
    typer.Option("--auto-loads", help="Loads that are inputs; by default known ones.", rich_help_panel=AUTO),
]
RetainOpt = Annotated[
    str | None,
    typer.Option("--keep", metavar="RULES", help="Versions of these to keep; by default all.", rich_help_panel=AUTO),
]
TagOpt = Annotated[Words, typer.Option("--tag", metavar="TAG", help="A tag of the task; repeatable.")]
QuietOpt = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing at the end except problems.")]
EnvOpt = Annotated[
    Words, typer.Option("--env", metavar="NAME", help="Record this variable too, or those that match a glob.")
]


def command(
    ctx: typer.Context,
    words: WordsArg = None,
    name: NameOpt = None,
    project: ProjectOpt = None,
    input_: InputOpt = None,
    data: DataOpt = None,
    output: OutputOpt = None,
    metrics: MetricsOpt = None,
    model: ModelOpt = None,
    keep_failed: KeepOpt = "yes",
    auto: AutoOpt = False,
    auto_only: AutoOnlyOpt = None,
    auto_off: AutoOffOpt = None,
    auto_loads: AutoLoadsOpt = None,
    keep: RetainOpt = None,
    tag: TagOpt = None,
    variables: EnvOpt = None,
    message: MessageOpt = None,
    quiet: QuietOpt = False,
) -> None:
    """Run a command as a task, and record everything a re-run needs."""
    from registry_cli.records.task import Recipe
    from registry_cli.tasks.child.outcome import launching

    session = open_session(ctx, quiet=quiet)
    recipe = Recipe(
        argv=_command(words, ctx.meta.get(TAIL_KEY)),
        outputs=tuple(output or ()),
        data=tuple(data or ()),
        metrics=tuple(metrics or ()),
        model=model,
        keep_failed=keep_failed == "yes",
        auto=_auto(auto, auto_only, auto_off, auto_loads, keep),
    )
    with launching():
        wish = _wish(session, recipe, name, project, input_, tag, variables, message)
        outcome = _run(session, wish, named=name is not None)
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


def _auto(wanted: bool, only: Words, off: Words, loads: Loads | None, keep: str | None) -> Auto | None:
    """Return the settings of automatic logging, or None without any; each of its options turns it on."""
    if not (wanted or only or off or loads or keep is not None):
        return None
    from registry_cli.frameworks.patching.rules import parse_rules
    from registry_cli.records.task import Auto
    from registry_cli.registry.retention import check_keep

    globs: dict[str, object] = {}
    for word in only or ():
        key, equals, glob = word.partition("=")
        if not equals:
            raise UsageError(f"--auto-only {word} names no files: write {key}=GLOB", hint="reg help autolog")
        found = globs.setdefault(key, [])
        assert isinstance(found, list)
        found.append(glob)
    for key in off or ():
        if key in globs:
            raise UsageError(
                f"{key} is both filtered and off: give one of --auto-only and --auto-off", hint="reg help autolog"
            )
        globs[key] = False
    if keep is not None:
        check_keep(keep)
    return Auto(parse_rules(globs), loads or "known", keep)


def _wish(session: Session, recipe: object, name: str | None, project: str | None, inputs: Words, tags: Words,
          variables: Words, message: str | None) -> Wish:  # fmt: skip
    from registry_cli.cli.fields import parse_named
    from registry_cli.ids import parse_model_name, parse_tag
    from registry_cli.records.task import Recipe
    from registry_cli.tasks.describe import Wish
    from registry_cli.tasks.naming import name_of_command, project_of_folder

    assert isinstance(recipe, Recipe)
    if recipe.model:
        parse_model_name(recipe.model)
    return Wish(
        name=name_of_command(recipe.argv) if name is None else name,
        project=project_of_folder(Path.cwd(), session.registry.path) if project is None else project,
        recipe=recipe,
        inputs=tuple(parse_named(word) for word in inputs or ()),
        tags=tuple(parse_tag(tag) for tag in tags or ()),
        comment=message,
        variables=tuple(variables or ()),
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
    """Write warnings about problems, and on a terminal a note on the outputs that were stored."""
    for problem in outcome.problems:
        session.output.warn(problem)
    for missed in outcome.missed:
        session.output.warn(missed)
    if sys.stderr.isatty():
        kept = ", ".join(row.ref for row in outcome.outputs)
        session.output.note(f"task {outcome.task.name} {outcome.task.id} {outcome.task.status}"
                            + (f"; kept {kept}" if kept else ""))  # fmt: skip
