"""The inputs of a task as paths in variables, so that a shell script reads them without any code of ours.

An input that a clone was given in place of another may not reach its script, which loads a file as it always did.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.catalog.read.address_form import INPUT
from registry_cli.catalog.read.tasks import find_task_row
from registry_cli.errors import RegError
from registry_cli.tasks.capture.program import find_program
from registry_cli.tasks.record import get_task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from registry_cli.records.task import Input, Task
    from registry_cli.registry.api import Registry

_MOST_READ: Final = 1 << 20
"""Bytes of a script that are searched for the names of inputs."""


def open_inputs(registry: Registry, inputs: Sequence[Input]) -> tuple[dict[str, str], list[str]]:
    """Return a variable with the path of each input, and messages about those that have none.

    The script may read such an input by other means, so that a failure does not keep it from running.
    """
    from registry_cli.registry.get import open_path

    paths: dict[str, str] = {}
    problems = []
    for one in inputs:
        variable = env.input_variable(one.name)
        if variable in paths:
            problems.append(f"input {one.name} has no variable of its own: {variable} is another input's")
            continue
        try:
            paths[variable] = str(open_path(registry, registry.get_row(one.version)))
        except (RegError, OSError) as error:
            problems.append(f"input {one.name} cannot be opened, and {variable} is not set: {error}")
    return paths, problems


def list_awaited(registry: Registry, task: Task, cwd: Path) -> list[Input]:
    """Return the inputs of a clone that its source did not have and that nothing says it reads.

    A shell script that names the variable or the address of an input is taken to read it, and a Python script that
    names the variable. An address in Python is none: `reg.use` reports it, and may never be called.

    Args:
        registry: The registry.
        task: The task that begins.
        cwd: Its working directory.
    """
    source = task.source
    row = registry.read(partial(find_task_row, task=source)) if source is not None else None
    if row is None or row.broken:
        return []
    before = {one.name: one.version for one in get_task(registry, row).inputs}
    new = [one for one in task.inputs if before.get(one.name) != one.version]
    text = _read_command(task.recipe.argv, cwd) if new else ""
    is_python = find_program(task.recipe.argv).python is not None
    named = {one.name for one in new if env.input_variable(one.name) in text}
    named |= {one.name for one in new if not is_python and f"{INPUT}{one.name}" in text}
    return [one for one in new if one.name not in named]


def _read_command(argv: Sequence[str], cwd: Path) -> str:
    """Return the words of a command, and the beginnings of the files that it names."""
    texts = list(argv)
    for word in argv[1:]:
        with suppress(OSError, ValueError):  # a word that is no path
            if (cwd / word).is_file():
                with (cwd / word).open("rb") as file:
                    texts.append(file.read(_MOST_READ).decode(errors="replace"))
    return "\n".join(texts)
