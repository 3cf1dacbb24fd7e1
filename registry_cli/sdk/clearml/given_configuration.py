"""Hands a script the configuration that its task was given: that of the task it was cloned from, or an edited one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry_cli.errors import UsageError
from registry_cli.ids import new_ulid
from registry_cli.sdk.snapshot import write_file
from registry_cli.store import files
from registry_cli.tasks.record import get_task_file_path, read_task_file
from registry_cli.tasks.rerun.configurations import configuration_folder

if TYPE_CHECKING:
    from registry_cli.records.parts import FileEntry
    from registry_cli.sdk.current import Current

GENERAL: Final = "general"
"""Name of a configuration that has none."""


def give_file(current: Current, name: str | None, own: Path) -> Path:
    """Return a path of the configuration that the task was given, with that name; the script's own file without one.

    Raises:
        CorruptError: Its bytes are lost.
        OSError: There is no room for a copy.
    """
    given = _find_given(current, name)
    if given is None:
        return own
    data = read_task_file(current.registry, given)
    if own.is_file() and own.read_bytes() == data:
        return own
    if current.live is None:
        return get_task_file_path(current.registry, given)
    files.make_dir(current.live.files)
    copy = current.live.files / f"{new_ulid()}-{Path(given.path).name}"  # scripts read the format from the suffix
    write_file(copy, data)
    return copy


def give_table(current: Current, name: str | None, own: Any) -> None:
    """Replace in place the content of a table or list by the configuration that the task was given, if there is one.

    Raises:
        UsageError: The configuration is not a table, or not a list, as the script's own is.
        CorruptError: Its bytes are lost.
    """
    given = _find_given(current, name)
    if given is None:
        return
    try:
        told = json.loads(read_task_file(current.registry, given))
    except ValueError:
        told = None
    fitted = _fit(told, own)
    if isinstance(own, dict) and isinstance(told, dict):
        own.clear()
        own.update(fitted)
    elif isinstance(own, list) and isinstance(told, list):
        own[:] = fitted
    else:
        raise UsageError(f"the configuration {name or GENERAL} of the task is no {type(own).__name__} in JSON, "
                         "as the script's own is")  # fmt: skip


def _find_given(current: Current, name: str | None) -> FileEntry | None:
    top = f"{configuration_folder(name or GENERAL)}/"
    return next((file for file in current.task.files if file.path.startswith(top)), None)


def _fit(told: Any, own: Any) -> Any:
    """Return a value from JSON with the types that JSON does not have: keys that are no text, and tuples."""
    if isinstance(told, dict) and isinstance(own, Mapping):
        keys = {_json_key(key): key for key in own}
        return {keys.get(key, key): _fit(value, own.get(keys.get(key, key))) for key, value in told.items()}
    if isinstance(told, list):
        likes = list(own) if isinstance(own, list | tuple) else []
        fitted = [_fit(value, likes[at] if at < len(likes) else None) for at, value in enumerate(told)]
        return tuple(fitted) if type(own) is tuple else fitted
    return told


def _json_key(key: object) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str).strip('"')
