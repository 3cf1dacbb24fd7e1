"""Redirects of a clone's loads: a script that loads a file by its path gets the version that its task was given.

The script's source says `load("base.pt")`; the task's record says that `base` is a version. Where that is not the
version which an ancestor of the task loaded, or the file is missing, the version takes the file's place.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from registry_cli.catalog.read.tasks import find_task_row
from registry_cli.catalog.read.uses import list_sizes
from registry_cli.catalog.read.versions import find_version
from registry_cli.registry.get import open_path
from registry_cli.tasks.attempt.hints import Redirect, write_hints
from registry_cli.tasks.record import get_task
from registry_cli.tasks.run.saved_files import list_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import VersionId
    from registry_cli.records.task import Input, Task
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.folder import Live


def write_known(registry: Registry, task: Task, live: Live, cwd: Path) -> None:
    """Write the hints for the processes of a task that begins in `cwd`: redirects, known sizes, followed files.

    Raises:
        RegError: A version that the script is to load cannot be opened.
        OSError: There is no room.
    """
    sizes = registry.read(list_sizes)
    write_hints(live, list_redirects(registry, task, cwd), sizes, task.recipe.metrics, cwd)


def list_redirects(registry: Registry, task: Task, cwd: Path) -> list[Redirect]:
    """Return the redirects of a task that begins in the folder `cwd`.

    Raises:
        RegError: A version that the script is to load cannot be opened.
    """
    ancestors = list(_iter_ancestors(registry, task)) if task.inputs else []
    found = (_find_redirect(registry, one, [_input_of(each, one.name) for each in ancestors], cwd)
             for one in task.inputs)  # fmt: skip
    return [one for one in found if one is not None]


def _find_redirect(registry: Registry, given: Input, before: Sequence[Input | None], cwd: Path) -> Redirect | None:
    known = [one for one in before if one is not None]
    where = next((one.path for one in (given, *known) if one.path is not None), None)
    if where is None:
        return None
    path = cwd / where
    others = _list_versions(registry, [one.version for one in known if one.version != given.version])
    row = _find_row(registry, given.version)
    if row is None or (not others and list_files(path)):
        return None
    entries = [file for one in others for file in one.files]
    contents = {str(file.sha256): file.size for file in entries if file.sha256 and file.size is not None}
    return Redirect(str(path), contents, str(_aim(registry, path, others or [row], row)))


def _aim(registry: Registry, path: Path, originals: Sequence[VersionRow], row: VersionRow) -> Path:
    """Return the replacement of a path: a file for a file, a folder for a folder, a file prefix for a checkpoint's."""
    target = open_path(registry, row)
    names = [file.path for file in row.files]
    folder = target if len(names) > 1 else target.parent
    before = {file.path for one in originals for file in one.files}
    if any(name.startswith(f"{path.name}.") for name in before) and path.name not in before:
        stem = next((PurePosixPath(name).stem for name in names if name.endswith(".index")), None)
        return folder / stem if stem else target
    if any(len(one.files) == 1 for one in originals) or path.name in before:
        return next((folder / name for name in _list_like(path, names)), target)
    return folder


def _list_like(path: Path, names: Sequence[str]) -> list[str]:
    """Return a version's files with a path's name, else the only one with its suffix, else the version's only file."""
    same = [name for name in names if PurePosixPath(name).name == path.name]
    ending = [name for name in names if PurePosixPath(name).suffix == path.suffix]
    return same or (ending if len(ending) == 1 else []) or (list(names) if len(names) == 1 else [])


def _iter_ancestors(registry: Registry, task: Task) -> Iterator[Task]:
    """Yield the source of a clone, the source of that and so on, as far as this registry has them."""
    seen = {task.id}
    source = task.source
    while source is not None and source not in seen:
        seen.add(source)
        row = registry.read(partial(find_task_row, task=source))
        if row is None or row.broken:
            return
        ancestor = get_task(registry, row)
        yield ancestor
        source = ancestor.source


def _input_of(task: Task, name: str) -> Input | None:
    return next((one for one in task.inputs if one.name == name), None)


def _list_versions(registry: Registry, ids: Sequence[VersionId]) -> list[VersionRow]:
    found = [_find_row(registry, version) for version in dict.fromkeys(ids)]
    return [row for row in found if row is not None]


def _find_row(registry: Registry, version: VersionId) -> VersionRow | None:
    return registry.read(lambda db: find_version(db, version))
