"""The configurations of a task that has not run: files which its script gets from `connect_configuration`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from registry_cli.dataclass import replace
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.records.task import CONFIGURATION
from registry_cli.secrets.tokens import find_token
from registry_cli.tasks.attempt.plots import path_segment
from registry_cli.tasks.record import stage_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.records.task import Task
    from registry_cli.store.staging import Staging


def configuration_folder(name: str) -> str:
    """Return the path of a configuration's folder among a task's files."""
    return f"{CONFIGURATION}{path_segment(name)}"


def put_configurations(task: Task, given: Mapping[str, tuple[str, bytes]], staging: Staging) -> Task:
    """Return a task with other configurations, whose bytes are staged.

    A configuration keeps the name of its file, which tells the script how to read it.

    Args:
        task: The task.
        given: Name and bytes of the file of each configuration, by the configuration's name.
        staging: Takes the bytes.

    Raises:
        UsageError: The task has JSON under that name, and the new one is none.
        RefusedError: One holds what looks like a secret.
    """
    for name, (file, data) in given.items():
        top = configuration_folder(name)
        path = next((path for path in _list_paths(task, name)), f"{top}/{path_segment(file)}")
        if path.endswith(".json") and not _is_json(data):
            raise UsageError(f"the configuration {name} is kept as JSON, and {file} is none")
        if find_token(data) is not None:
            raise RefusedError(f"{file} holds what looks like a secret, and all who can read the registry can read it")
        rest = drop_configuration(task, name).files if _list_paths(task, name) else task.files
        task = replace(task, files=(*rest, stage_file(staging, path, data)))
    return task


def drop_configuration(task: Task, name: str) -> Task:
    """Return a task without a configuration, so that its script uses its own.

    Raises:
        NotFoundError: It has none of that name.
    """
    gone = _list_paths(task, name)
    if not gone:
        names = {one.path.split("/")[1] for one in task.files if one.path.startswith(CONFIGURATION)}
        raise NotFoundError(f"the task has no configuration `{name}`: it has {', '.join(sorted(names)) or 'none'}")
    return replace(task, files=tuple(one for one in task.files if one.path not in gone))


def _list_paths(task: Task, name: str) -> list[str]:
    return [one.path for one in task.files if one.path.startswith(f"{configuration_folder(name)}/")]


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
