"""Prepares all that a task needs to run as it ran: local inputs, code in a new folder, its Python, its variables.

Does not start the task and writes nothing to the registry.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from registry_cli import env
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import RegError
from registry_cli.records.task import BUNDLE, DIFF, LOCK, UNTRACKED
from registry_cli.registry.get import open_path
from registry_cli.store import files
from registry_cli.store.copying import Copying
from registry_cli.tasks.capture.data import list_data
from registry_cli.tasks.capture.environ import replayed
from registry_cli.tasks.capture.program import find_program
from registry_cli.tasks.describe import LINK
from registry_cli.tasks.record import get_task_file_path, read_task_file
from registry_cli.tasks.rerun.environment import build_environment
from registry_cli.tasks.rerun.git import apply_diff, check_out
from registry_cli.tasks.rerun.scratch import open_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from registry_cli.records.parts import FileEntry
    from registry_cli.records.task import Code, Task
    from registry_cli.registry.api import Registry

Environment = Literal["none", "lock", "current"]
"""The Python that runs a task: the one its command names, one made from its lock, or the one that is active here."""
_LEFT_BEHIND: Final = ("PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX")
"""Variables that would make Python use packages outside an environment."""


@dataclass(frozen=True, slots=True)
class Workdir:
    """A folder in which a task can run.

    Attributes:
        task: The task, with its command adapted to the folder.
        cwd: The folder that it runs in.
        environ: Its variables.
        restored: True where the folder holds the code of the record, not the code that is there now.
    """

    task: Task
    cwd: Path
    environ: Mapping[str, str]
    restored: bool


@contextmanager
def open_workdir(
    registry: Registry, task: Task, *, environ: Mapping[str, str], environment: Environment = "none", here: bool = False
) -> Iterator[Workdir]:
    """Restore what a task runs from, in a folder that is removed at the end.

    Args:
        registry: The registry that holds its blobs and inputs.
        task: The task.
        environ: The user's variables; seeds and switches of the record take precedence.
        environment: The Python to use.
        here: Use the folder in which it ran, as it is now.

    Raises:
        RegError: The commit is gone, the diff does not apply, the folder is gone, or the environment cannot be built.
        CorruptError: An input or a blob is lost.
    """
    fetch_inputs(registry, task)
    variables = {**environ, **replayed(task.environment)}
    with ExitStack() as stack:
        code = None if here else find_code(task)
        if code is None:
            cwd = get_recorded_cwd(task)
        else:
            folder = stack.enter_context(open_scratch(env.cache_home() / "work"))
            root = folder / (Path(code.root).name or "code")
            cwd = restore_code(registry, task, code, root, environ)
            _link_data(task, code, root, folder)
            task = _with_argv(task, _relocate(task.recipe.argv, Path(code.root), root, cwd))
        if environment == "lock" and (prefix := _build(registry, task, environ)) is not None:
            for name in _LEFT_BEHIND:
                variables.pop(name, None)
            variables["VIRTUAL_ENV"] = str(prefix)
            variables["PATH"] = f"{prefix / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
            task = _with_argv(task, _in_environment(task.recipe.argv, prefix / "bin"))
        elif environment == "current":
            task = _with_argv(task, _in_environment(task.recipe.argv, None))
        yield Workdir(task, cwd, variables, code is not None)


def fetch_inputs(registry: Registry, task: Task) -> None:
    """Fetch the inputs of a task to this machine, so that a missing one is reported before anything runs.

    Raises:
        RegError: An input cannot be fetched.
    """
    for one in task.inputs:
        open_path(registry, registry.get_row(one.version))


def find_code(task: Task) -> Code | None:
    """Return the code of a task if it can be restored: a commit, a diff from nothing, or untracked files."""
    known = task.code is not None and (task.code.commit or task.find_file(DIFF) or _untracked(task))
    return task.code if known else None


def get_recorded_cwd(task: Task) -> Path:
    """Return the folder in which a task ran.

    Raises:
        RegError: The folder does not exist.
    """
    cwd = Path(task.code.root, task.recipe.cwd) if task.code else Path(task.recipe.cwd)
    if not cwd.is_dir():
        raise RegError(f"{cwd}, in which task {task.name} ran, is gone: restore it, or commit the code to git")
    return cwd


def restore_code(registry: Registry, task: Task, code: Code, root: Path, environ: Mapping[str, str]) -> Path:
    """Restore commit, diff and untracked files in the new folder `root`, and return the folder of the command.

    Raises:
        RegError: As `open_workdir`.
    """
    files.make_dir(root)
    bundle, diff = task.find_file(BUNDLE), task.find_file(DIFF)
    check_out(code, root, get_task_file_path(registry, bundle) if bundle else None, Path.cwd(), environ)
    if diff:
        apply_diff(root, get_task_file_path(registry, diff), code.commit, environ)
    untracked = _untracked(task)
    with Copying(replace=True, durable=False) as copying:
        for file in (one for one in untracked if one.media != LINK):
            target = root / file.path.removeprefix(UNTRACKED)
            files.make_dirs(target.parent)
            assert file.sha256
            assert file.xxh3
            mode = 0o777 if file.executable else 0o666
            copying.add_blob(registry.content, file.sha256, file.xxh3, target, mode=mode)
        copying.finish()
    for file in (one for one in untracked if one.media == LINK):  # after the files: none is written through a link
        _restore_link(registry, file, Path(code.root), root)
    cwd = root / task.recipe.cwd
    files.make_dirs(cwd)
    return cwd


def _restore_link(registry: Registry, file: FileEntry, recorded: Path, root: Path) -> None:
    """Restore a link; one that leads out of the code leads to where it led from `recorded`."""
    path = Path(file.path.removeprefix(UNTRACKED))
    text = os.fsdecode(read_task_file(registry, file))
    old = Path(os.path.normpath(recorded / path.parent / text))
    if not old.is_relative_to(recorded):
        text = str(old)
    elif text.startswith("/"):
        text = os.path.relpath(old, recorded / path.parent)
    target = root / path
    files.make_dirs(target.parent)
    if os.path.lexists(target):
        files.unlink(target)
    files.symlink(Path(text), target)


def _untracked(task: Task) -> list[FileEntry]:
    return [file for file in task.files if file.path.startswith(UNTRACKED)]


def _link_data(task: Task, code: Code, root: Path, folder: Path) -> None:
    """Link data files that are not in git into the new folder, if they are still where they were."""
    recorded = Path(code.root, task.recipe.cwd)
    if not task.recipe.data or not recorded.is_dir():
        return
    for path in list_data(task.recipe.data, recorded)[0]:
        target = Path(os.path.normpath(root / os.path.relpath(path, code.root)))
        if target.is_relative_to(folder) and not os.path.lexists(target):
            files.make_dirs(target.parent)
            files.symlink(path, target)


def _with_argv(task: Task, argv: tuple[str, ...]) -> Task:
    return replace(task, recipe=replace(task.recipe, argv=argv))


def _relocate(argv: Sequence[str], old: Path, new: Path, cwd: Path) -> tuple[str, ...]:
    """Make paths to files of the code relative to `cwd`; otherwise the command would use those of the old folder."""
    return tuple(
        os.path.relpath(new / word[len(f"{old}/") :], cwd)
        if word.startswith(f"{old}/") and (new / word[len(f"{old}/") :]).exists()
        else word
        for word in argv
    )


def _in_environment(argv: Sequence[str], programs: Path | None) -> tuple[str, ...]:
    """Strip the folders of programs, so that those of the environment are found first on the PATH."""
    words = list(argv)
    program = find_program(argv)
    if program.python is not None:
        words[program.python] = "python"
    elif programs is not None and "/" in words[0] and (programs / Path(words[0]).name).exists():
        words[0] = Path(words[0]).name
    return tuple(words)


def _build(registry: Registry, task: Task, environ: Mapping[str, str]) -> Path | None:
    """Return the environment of a task's lock; None for a task without Python."""
    lock = task.find_file(LOCK)
    if lock is None and not task.python:
        return None
    if lock is None:
        raise RegError(f"task {task.name} has no lock of its packages", hint=f"reg task run {task.id} --env current")
    version = str(task.python.get("version", ""))
    return build_environment(read_task_file(registry, lock), version, env.cache_home() / "envs", environ)
