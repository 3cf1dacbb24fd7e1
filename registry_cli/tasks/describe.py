"""Describes a task before it runs: its code, its inputs, its variables, its machine. Stages the blobs of these."""

from __future__ import annotations

import os
import stat
from shlex import quote
from typing import TYPE_CHECKING, Final

from registry_cli import clock, env, errors
from registry_cli.catalog.read.tasks import list_files_of_commit
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import NotFoundError, RegError, UsageError
from registry_cli.ids import ModelName, TaskId, new_ulid, parse_model_name, parse_task_name
from registry_cli.records.parts import EXECUTABLE
from registry_cli.records.task import BUNDLE, CELLS, DIFF, UNTRACKED, Input, Recipe, Task
from registry_cli.records.values import escape_text
from registry_cli.secrets.hiding import hide_secrets
from registry_cli.tasks.capture.arguments import parse_arguments
from registry_cli.tasks.capture.data import check_pattern
from registry_cli.tasks.capture.environ import choose_variables, find_seeds
from registry_cli.tasks.capture.git import capture_code, find_root
from registry_cli.tasks.capture.host import capture_host
from registry_cli.tasks.globs import iter_matches, parse_glob
from registry_cli.tasks.record import stage_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from registry_cli.records.parts import FileEntry
    from registry_cli.registry.api import Registry
    from registry_cli.store.staging import Staging

LINK: Final = "link"
"""Media type of an untracked symbolic link; its bytes are the path that it names."""
_MOST_NAMED: Final = 5
"""Files that a warning names at most."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The user's description of a task to create.

    Attributes:
        inputs: Pairs of entry name and address; the name defaults to the last segment of the model's name.
        variables: Globs of variables to record in addition to the usual ones.
        began: Start in seconds since 1970, after which untracked files are the task's products and not its code; None
            before the start.
    """

    name: str
    project: str
    recipe: Recipe
    inputs: tuple[tuple[str | None, str], ...] = ()
    tags: tuple[str, ...] = ()
    comment: str | None = None
    variables: tuple[str, ...] = ()
    began: float | None = None


def describe(registry: Registry, wish: Wish, cwd: Path, environ: Mapping[str, str], staging: Staging) -> Task:
    """Return a task that has not begun, with all that is known about it; secrets in its command are hidden.

    Raises:
        NotFoundError: An input's address names nothing.
        UsageError: A name is not legal, or two inputs have the same name or would share a variable.
    """
    inputs = resolve_inputs(registry, wish.inputs)
    recipe = replace(wish.recipe, argv=hide_secrets(wish.recipe.argv))
    for pattern in recipe.data:
        check_pattern(pattern)
    task = Task(
        id=TaskId(new_ulid()), name=parse_task_name(wish.name), project=check_project(wish.project), status="draft",
        attempt=0, created=clock.now(), author=registry.author, recipe=recipe, tags=wish.tags,
        comment=wish.comment, inputs=inputs, params=parse_arguments(recipe.argv),
    )  # fmt: skip
    task = escape_task(with_code(registry, task, cwd, environ, staging, wish.began))
    return look_around(task, environ, wish.variables)


def escape_task(task: Task) -> Task:
    """Return a task whose command, folder and patterns are UTF-8, as a record must be; its problem names the escaped.

    The command still runs with its own bytes: this is the form on record, which a re-run uses. Patterns name the same
    files in both forms.
    """
    recipe, code = task.recipe, task.code
    argv, cwd = tuple(map(escape_text, recipe.argv)), escape_text(recipe.cwd)
    root = escape_text(code.root) if code else None
    outputs, data, metrics = (tuple(map(escape_text, each)) for each in (recipe.outputs, recipe.data, recipe.metrics))
    recipe = replace(recipe, outputs=outputs, data=data, metrics=metrics)
    parts = ["the command"] if argv != recipe.argv else []
    parts += ["the folder"] if cwd != recipe.cwd or (code and root != code.root) else []
    if not parts:
        return replace(task, recipe=recipe)
    problem = f"not UTF-8, and so on record with escapes, as a re-run will have it: {' and '.join(parts)}"
    return replace(
        task,
        recipe=replace(recipe, argv=argv, cwd=cwd),
        code=replace(code, root=root) if code and root else code,
        problem="; ".join(filter(None, (task.problem, problem))),
    )


def with_code(
    registry: Registry,
    task: Task,
    cwd: Path,
    environ: Mapping[str, str],
    staging: Staging,
    began: float | None = None,
) -> Task:
    """Return a task with the code that is in `cwd` now, and its folder relative to that code.

    Commits that no remote has are not bundled here, as that may take long: `keep_commits` does it while the task runs,
    unless an earlier task has stored them.
    """
    recipe = task.recipe
    excluded = _excluded((*recipe.outputs, *recipe.data, *recipe.metrics), cwd, began)
    state = capture_code(cwd, excluded, environ=environ, argv=recipe.argv, commits=False)
    if state is None:
        return replace(task, recipe=replace(recipe, cwd=str(cwd)))
    root = find_root(cwd) or cwd
    files: list[FileEntry] = [file for file in task.files if file.path == CELLS]  # no folder holds these
    lost: list[str] = []
    if state.diff:
        files.append(stage_file(staging, DIFF, state.diff, "text/x-diff"))
    if state.code.commit and (known := _find_bundle(registry, state.code.commit)):
        files.append(known)
    for path in state.untracked:
        try:
            files.append(_stage_untracked(staging, root, path))
        except (OSError, RegError):  # it is gone, or is being written: the task runs all the same
            lost.append(path.as_posix())
    code = replace(state.code, cut=(*state.code.cut, *lost, *state.notes))
    secrets = [f"{path} ({why})" for path, why in sorted(state.secrets.items())]
    left = (_name("not kept, as it looks like a secret", secrets), _name("source is not kept", state.lost))
    return replace(
        task, code=code, recipe=replace(recipe, cwd=cwd.relative_to(root).as_posix()), files=tuple(files),
        problem=errors.escape_bytes("; ".join(filter(None, (state.problem, *left)))) or None,
    )  # fmt: skip


def _stage_untracked(staging: Staging, root: Path, path: Path) -> FileEntry:
    name, status = UNTRACKED + path.as_posix(), (root / path).lstat()
    if stat.S_ISLNK(status.st_mode):
        return stage_file(staging, name, os.fsencode((root / path).readlink()), LINK)
    return stage_file(staging, name, root / path, EXECUTABLE if status.st_mode & 0o100 else None)


def _name(what: str, names: Sequence[str]) -> str | None:
    """Return one line about files, which names a few of them; None for none."""
    more = [f"{len(names) - _MOST_NAMED} more, see reg task show"] if len(names) > _MOST_NAMED else []
    return f"{what}: {', '.join([*names[:_MOST_NAMED], *more])}" if names else None


def look_around(task: Task, environ: Mapping[str, str], variables: Sequence[str] = ()) -> Task:
    """Return a task with the machine and the variables that it will run with."""
    environment = choose_variables(environ, variables)
    seeds = find_seeds(task.recipe.argv, environ, task.params)
    return replace(task, environment=environment, host=capture_host(), seeds={**task.seeds, **seeds})


def resolve_inputs(registry: Registry, pairs: Sequence[tuple[str | None, str]]) -> tuple[Input, ...]:
    """Return the versions that will be a task's inputs, each under its name.

    Raises:
        NotFoundError: An address names nothing.
        UsageError: Two inputs have the same name, or would share a variable.
    """
    found: dict[str, Input] = {}
    for name, ref in pairs:
        row = registry.get_row(ref)
        if row.removed:
            raise NotFoundError(f"{row.ref} is removed", hint=f"reg model restore {quote(row.ref)}")
        entry = Input(name or row.name.rpartition("/")[2], row.id, ref)
        if entry.name in found:
            raise UsageError(f"two inputs are called `{entry.name}`: name one, as in --input base={ref}")
        check_variable(entry.name, found)
        found[entry.name] = entry
    return tuple(found.values())


def check_variable(name: str, others: Iterable[str]) -> None:
    """Raise a UsageError where the variable of an input is that of another input, by their names."""
    variable = env.input_variable(name)
    for other in others:
        if other != name and env.input_variable(other) == variable:
            raise UsageError(
                f"inputs `{other}` and `{name}` would share the variable {variable}: give one of them another name"
            )


def check_project(text: str) -> ModelName:
    """Return a project's name; the rules are those of models, but a project's name may be hex digits alone."""
    parse_model_name(f"{text}/x")
    return ModelName(text)


def _find_bundle(registry: Registry, commit: str) -> FileEntry | None:
    """Return the bundle of commits that no remote had, if an earlier task of the same commit stored it."""
    entries = registry.read(lambda db: list_files_of_commit(db, commit, BUNDLE))
    return next((one for one in entries if one.sha256 and registry.content.has(one.sha256)), None)


def _excluded(patterns: Sequence[str], cwd: Path, began: float | None) -> Callable[[str], bool]:
    """Return a test for untracked paths that the task writes or reads, which are recorded elsewhere."""
    found = {path for text in patterns for path in iter_matches(parse_glob(text, cwd))}
    root = find_root(cwd) or cwd

    def is_excluded(path: str) -> bool:
        places = ((root / path), *(root / path).parents) if found else ()
        return any(place in found for place in places) or (began is not None and _is_written_since(root / path, began))

    return is_excluded


def _is_written_since(path: Path, began: float) -> bool:
    try:
        return path.lstat().st_mtime > began
    except OSError:  # whoever takes it in says so
        return False
