"""Makes a file that runs a task of the registry anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.errors import RefusedError, UsageError
from registry_cli.records.task import LOCK
from registry_cli.secrets.hiding import list_hidden
from registry_cli.tasks.record import get_row, get_task
from registry_cli.tasks.script.bash import ScriptJob, format_bash
from registry_cli.tasks.script.wrapped import format_dockerfile, format_github, format_kubernetes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from registry_cli.registry.api import Registry

Format = Literal["bash", "dockerfile", "k8s-job", "github-actions"]
_FORMATS: Final[dict[Format, Callable[[ScriptJob], str]]] = {
    "bash": format_bash,
    "dockerfile": format_dockerfile,
    "k8s-job": format_kubernetes,
    "github-actions": format_github,
}
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MINOR: Final = re.compile(r"3\.\d+")


def make_script(
    registry: Registry, ref: str, form: Format = "bash", *, requirement: str | None = None, secrets: Sequence[str] = ()
) -> str:
    """Return a file that runs the next attempt at a task.

    Args:
        registry: The registry that holds the task; REG_DIR must name it where the file runs.
        ref: Address of the task.
        form: Kind of file.
        requirement: The requirement from which pip installs this package; None to embed the package in the file.
        secrets: Names of variables that must be set where it runs, in addition to those of secrets in its command.

    Raises:
        NotFoundError: The address names nothing.
        UsageError: A name is not that of a variable.
        RefusedError: The task's code is only in a folder of this machine.
    """
    for name in secrets:
        if not _VARIABLE.fullmatch(name):
            raise UsageError(f"{name!r} is not the name of a variable: --secret takes a name, and never a value")
    row = get_row(registry, ref)
    task = get_task(registry, row)
    if task.code is None:
        raise RefusedError(
            f"task {task.name} was not run in a git repository: its code is on no other machine; put the code "
            "in git and run it once more",
            hint="reg log --help",
        )
    version = _MINOR.match(str(task.python.get("version", "")))
    title = " ".join(f"{task.project}/{task.name}".split())
    return _FORMATS[form](
        ScriptJob(
            task=task.id,
            title=f"task {title} ({task.id})",
            python=version[0] if version else None,
            locked=task.find_file(LOCK) is not None,
            requirement=requirement,
            secrets=tuple(dict.fromkeys((*secrets, *list_hidden(task.recipe.argv)))),
        )
    )
