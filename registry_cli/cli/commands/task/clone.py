"""`reg task clone`: make a draft from a task, with another input, argument or commit."""

from __future__ import annotations

import typer

from registry_cli.cli.options import JsonOpt, MessageOpt, QuietOpt, TaskArg
from registry_cli.cli.session import open_session
from registry_cli.cli.task_fields import (
    ArgOpt,
    CodeOpt,
    CommentOpt,
    DataOpt,
    EnvOpt,
    InputOpt,
    KeepDiffOpt,
    MetricsOpt,
    ModelOpt,
    NameOpt,
    OutputOpt,
    ParamOpt,
    ProjectOpt,
    TagOpt,
    UnsetOpt,
    parse_edits,
)

EXAMPLES = (
    "reg task clone baseline --input base=iris/tuned:2 --arg lr=0.05 --env SEED=7",
    "reg task clone baseline --code main --name 'on main'",
    "reg task clone baseline --unset arg.verbose --param net.depth=4",
)


def command(
    ctx: typer.Context,
    task: TaskArg,
    input_: InputOpt = None,
    arg: ArgOpt = None,
    param: ParamOpt = None,
    env_: EnvOpt = None,
    code: CodeOpt = None,
    keep_diff: KeepDiffOpt = False,
    output: OutputOpt = None,
    data: DataOpt = None,
    metrics: MetricsOpt = None,
    model: ModelOpt = None,
    unset: UnsetOpt = None,
    name: NameOpt = None,
    project: ProjectOpt = None,
    comment: CommentOpt = None,
    tag: TagOpt = None,
    message: MessageOpt = None,
    as_json: JsonOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """Make a draft from a task, with another input, argument or commit."""
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.tasks.find import see_tasks
    from registry_cli.tasks.rerun.draft import clone_task

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    registry = session.registry
    edits = parse_edits(
        registry, task, code=code, env_=env_, arg=arg, param=param, input_=input_, tag=tag,
        output=output, data=data, metrics=metrics, unset=unset, keep_diff=keep_diff, model=model, name=name,
        project=project, comment=comment,
    )  # fmt: skip
    made = clone_task(registry, task, edits, message=message)
    print_tasks(session.output, see_tasks(registry, [made.id]))
