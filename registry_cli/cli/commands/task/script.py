"""`reg task script`: print a file that runs a task anywhere."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from registry_cli.cli.options import TaskArg, Words
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg task script baseline > job.sh; REG_DIR=/srv/models bash job.sh",
    "reg task script baseline --reg registry-cli > job.sh    # pip fetches reg",
    "reg task script baseline --format k8s-job --secret HF_TOKEN > job.yaml",
)


def command(
    ctx: typer.Context,
    task: TaskArg,
    form: Annotated[
        Literal["bash", "dockerfile", "k8s-job", "github-actions"],
        typer.Option("--format", metavar="FORMAT", help="Print bash, dockerfile, k8s-job or github-actions."),
    ] = "bash",
    requirement: Annotated[
        str | None,
        typer.Option("--reg", metavar="SPEC", help="Install reg by pip from this, instead of embedding it."),
    ] = None,
    secret: Annotated[
        Words,
        typer.Option(
            "--secret", metavar="VARIABLE", help="A variable that must be set there; only its name is written."
        ),
    ] = None,
) -> None:
    """Print a file that runs a task anywhere.

    It needs bash, git, Python 3.11 or newer with venv, the package index, and REG_DIR, a registry that can be written.
    Commit, diff, untracked files and packages are restored and inputs are fetched; the run is the next attempt at the
    task.
    """
    from registry_cli.tasks.script.make import make_script

    session = open_session(ctx)
    session.output.text(make_script(session.registry, task, form, requirement=requirement, secrets=tuple(secret or ())))
