"""`reg task edit`: change a draft before it runs."""

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
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg task edit 01JD --arg lr=0.05 --unset env.SEED",
    "reg task edit 01JD --input iris/tuned:2 --output 'out/*.pt'",
    "reg task edit baseline --comment 'the one in the paper' --tag paper",
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
    """Change a draft before it runs.

    Of a task that ran, only name, comment and tags can be changed.
    """
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.tasks.find import see_tasks
    from registry_cli.tasks.rerun.draft import edit_task
    from registry_cli.tasks.rerun.edits import Edits

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    registry = session.registry
    edits = parse_edits(
        registry, task, code=code, env_=env_, arg=arg, param=param, input_=input_, tag=tag,
        output=output, data=data, metrics=metrics, unset=unset, keep_diff=keep_diff, model=model, name=name,
        project=project, comment=comment,
    )  # fmt: skip
    if edits == Edits():
        raise UsageError(
            "nothing to change: --arg, --input, --comment and others say what", hint="reg task edit --help"
        )
    made = edit_task(registry, task, edits, message=message)
    print_tasks(session.output, see_tasks(registry, [made.id]))
