"""The inputs of a task as paths in variables, so that a shell script reads them without any code of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli import env
from registry_cli.errors import RegError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.records.task import Input
    from registry_cli.registry.api import Registry


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
