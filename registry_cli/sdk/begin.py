"""Begins a script's task: makes its folder and starts its companion, which does the rest in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli import clock, env, opening
from registry_cli.errors import UsageError
from registry_cli.ids import parse_tag, parse_task_name
from registry_cli.records.task import Recipe, Task
from registry_cli.sdk.current import Current
from registry_cli.sdk.join import find_current, is_silent, set_current
from registry_cli.sdk.notebook.shell import find_shell, make_command
from registry_cli.sdk.runner import Runner
from registry_cli.secrets.hiding import hide_secrets
from registry_cli.store.writer_name import new_name
from registry_cli.tasks.attempt.attempt import new_task_id
from registry_cli.tasks.attempt.folder import State, make_auto, open_live
from registry_cli.tasks.capture.arguments import parse_arguments
from registry_cli.tasks.describe import check_project
from registry_cli.tasks.naming import name_of_command, project_of_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.sdk.argparse_hook import Connected


def start(
    name: str | None,
    project: str | None,
    *,
    tags: Iterable[str] = (),
    streams: Iterable[str] = ("stdout", "stderr"),
) -> Current:
    """Begin a task that this process runs, and make it the current task of this process.

    Raises:
        NoRegistryError: There is no registry.
        UsageError: A name is not valid.
    """
    now = clock.now()
    registry = opening.Registry.find()
    cwd, shell = Path.cwd(), find_shell()
    argv = (sys.executable, *sys.orig_argv[1:]) if shell is None else make_command(shell, cwd)
    project = check_project(project_of_folder(cwd, registry.path) if project is None else project)
    named = name_of_command(argv if shell is None else argv[-1:])  # a notebook is the last word
    name, words = parse_task_name(name or named), tuple(map(parse_tag, tags))
    task = Task(
        new_task_id(), name, project, "running", 1, now, env.read(env.REG_AUTHOR) or env.login(), Recipe(argv),
        tags=words, params=parse_arguments(hide_secrets(argv)),
    )  # fmt: skip
    if is_silent():
        current = Current(registry, task, None, silent=True)
    else:
        registry.check_writable()
        live = open_live(registry.layout, task.id, 1, State(new_name(), now, script=new_name()))
        with suppress(OSError):  # the first line that cannot be written there reports why
            make_auto(live)
        current = Current(registry, task, live)
        current.runner = Runner(registry, task, live, cwd, streams)
    set_current(current)
    return current


def find_to_join(name: str | None, project: str | None) -> Current | None:
    """Return the current task where a task of that name joins it, or None.

    Raises:
        UsageError: This process runs a task of another name.
    """
    current = find_current()
    if current is None or (name in {None, current.task.name} and project in {None, current.task.project}):
        return current
    if current.runner is not None or current.live is None:
        where = f"{current.task.project}/{current.task.name}"
        raise UsageError(f"task {where} runs in this process, and must end first", hint="Task.current_task().close()")
    if current.named or not current.is_run_by_script:
        return current
    return None


def choose_streams(wanted: Connected) -> list[str]:
    """Return those of `stdout` and `stderr` that the log records."""
    if isinstance(wanted, Mapping):
        return [name for name in ("stdout", "stderr") if wanted.get(name, True)]
    return ["stdout", "stderr"] if wanted else []
