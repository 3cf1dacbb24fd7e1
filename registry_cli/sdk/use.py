"""`use`: returns a version for a script to read. In a task it becomes an input, which a clone may replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli import opening
from registry_cli.catalog.read.address_form import parse_address
from registry_cli.records.task import Input
from registry_cli.registry.version import Version
from registry_cli.sdk.commit import find_task_for

if TYPE_CHECKING:
    from registry_cli.registry.api import Registry
    from registry_cli.sdk.current import Current


def use(ref: str, *, name: str | None = None, registry: Registry | None = None) -> Version:
    """Return the version that an address names; `.path` is its file or folder.

    Within a task it is recorded as an input. Where the task was given an input of that name (`reg log --input`, or a
    clone whose input was replaced), that version is returned instead.

    Args:
        ref: Its address.
        name: Its name in the task; the last segment of its model's name when None, with a number appended where the
            script uses that name for another model already.
        registry: The registry; found as the command line finds it when None.

    Returns:
        The version. Its bytes are read and checked when its `path` is first asked for.

    Raises:
        NoRegistryError: There is no registry.
        NotFoundError: The address names nothing.
    """
    current = find_task_for(registry)
    found = registry or (current.registry if current else opening.Registry.find())
    if current is None:
        return Version(found, found.get_row(ref))
    entry = name or _entry(current, found, ref)
    return record_input(current, found, entry, ref)


def record_input(current: Current, registry: Registry, name: str, ref: str, *, ignore_given: bool = False) -> Version:
    """Return the input that a task has under a name: the one it was given, else `ref`, which is recorded.

    Raises:
        NotFoundError: The address names nothing.
    """
    given = None if ignore_given else current.given.get(name)
    if given is not None:
        if current.task.source is not None:
            current.add_input(given)  # the input of a clone counts once the script asks for it
        return Version(registry, registry.get_row(given.version))
    row = registry.get_row(ref)
    current.add_input(Input(name, row.id, ref))
    return Version(registry, row)


def _entry(current: Current, registry: Registry, ref: str) -> str:
    """Return the name in the task of an address that the script did not name; every run of it gets the same."""
    address = parse_address(ref)
    if address.input is not None:
        return address.input
    model = str(address.name or registry.get_row(ref).name)
    last = model.rpartition("/")[2]
    number = 1
    while current.called.setdefault(name := last if number == 1 else f"{last}-{number}", model) != model:
        number += 1
    return name
