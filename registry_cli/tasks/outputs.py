"""Adds a task's outputs as versions: named after the task, with its inputs as parents and its scalars so far."""

from __future__ import annotations

import os
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import replace
from registry_cli.ids import NAME_LIMIT, LineKey, ModelName, line_key, model_segment, parse_model_name
from registry_cli.registry.add import Added, add_files
from registry_cli.store.hashing import digest_bytes
from registry_cli.tasks.attempt.scalar_reader import last_at, read_points
from registry_cli.tasks.globs import matches, parse_glob

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.registry.draft import Draft
    from registry_cli.tasks.attempt.folder import Live

INPUT: str = "input"
"""Role of the parents that a version has because they are inputs of its task."""
_TAIL_LIMIT: Final = 120
"""Characters of the part of a name that distinguishes the outputs of one task."""
_PACKED: Final = "gz|bz2|xz|zst|lz4|lzma|br|z|zip"
_TARRED: Final = "pth|pt|ckpt"
"""Suffixes of PyTorch's files that scripts follow by `.tar`, though the file is none."""
_SUFFIX: Final = re.compile(
    rf"(?:\.safetensors\.index\.json|\.tar\.\w+|\.(?:{_TARRED})\.tar|(?:\.[a-z]\w*)?\.(?:{_PACKED})|\.(?:[a-z]\w*|7z))\Z",
    re.IGNORECASE,
)
"""The suffix of a file's name, two where the second only packs the first; `search` finds the longest."""
_FIELD: Final = re.compile(r"\{(\w*)[^{}]*\}")


def name_output(task: Task, path: Path, tail: str | None = None) -> ModelName:
    """Return the name of the model to which an output belongs: the recipe's, else `<project>/<task>/<file stem>`.

    Args:
        task: The task that made the output.
        path: A file or folder.
        tail: Replaces the stem, as `OutputNames` finds it.
    """
    if task.recipe.model:
        return parse_model_name(task.recipe.model)
    tail = tail or _join(find_stem(path.name))
    head = "/".join(map(model_segment, [*filter(None, task.project.split("/")), task.name]))
    room = NAME_LIMIT - len(tail) - 1
    return parse_model_name(f"{head if len(head) <= room else head[:room].rstrip('/ .')}/{tail}")


def find_stem(name: str) -> str:
    """Return a file's name without its suffix: `lr0.1` of `lr0.1.pt`, `m` of `m.tar.gz` and `m.pth.tar`.

    An ending that begins with a digit is not a suffix, except `.7z`.
    """
    bare = name.lstrip(".") or name
    found = _SUFFIX.search(bare)
    return bare[: found.start()] if found else bare


class OutputNames:
    """The models of one attempt's outputs: the same path has one name, two paths have two.

    Where a pattern has a wildcard in a folder's name, the folders below its fixed beginning join the name:
    `out/*/m.pt` gives `<project>/<task>/r1/m`. Of paths that would still collide, those that are spelt out in
    `--output` come before those that are found, each in the order given: the first has the short name, a later one
    keeps its suffix, or its folders if the file's name is the same. Checkpoints of two templates that differ only in
    their fields have two names, the later one with its fields: `epoch-loss` of `{epoch}-{loss}.keras`. A recipe that
    names its model has one name for all.

    Args:
        patterns: Values of `--output`, in the order given.
        cwd: Absolute path of the folder in which the command runs.

    Raises:
        UsageError: A pattern is empty.
    """

    def __init__(self, patterns: Sequence[str], cwd: Path) -> None:
        self._globs = [parse_glob(text, cwd) for text in patterns]
        self._cwd = cwd
        self._taken: dict[LineKey, tuple[Path, str | None]] = {}
        for glob in self._globs:
            if not glob.parts:
                self._find_tail(glob.prefix)

    def name(self, task: Task, path: Path, template: str | None = None) -> ModelName:
        """Return the model to which a path belongs, as `OutputWatch` gives it; always the same one.

        Args:
            task: The task that made the output.
            path: The path without the numbers of its step.
            template: The template that gave the path, if it is known.
        """
        return name_output(task, path, self._find_tail(path, template))

    def _find_tail(self, path: Path, template: str | None = None) -> str:
        glob = next((glob for glob in self._globs if glob.parts and matches(glob, path)), None)
        below = path.parent.relative_to(glob.prefix).parts if glob else ()
        stem = find_stem(path.name)
        short = _join(*below, stem)
        own = path, template
        first, other = self._taken.setdefault(line_key(short), own)
        if (first, other) == own:
            return short
        above = path.parent.relative_to(self._cwd) if path.is_relative_to(self._cwd) else path.parent
        folders = [part for part in above.parts if part.strip("./")]
        longer = [] if first.name == path.name else [_join(*below, path.name)]
        if first == path and template is not None:
            longer.append(_spell(template))
        longer += [_join(*folders, stem), _join(*folders, path.name)]
        unique = digest_bytes(os.fsencode(path if template is None else f"{path}\0{template}"))
        longer.append(_join(*below, f"{stem}-{unique.sha256[:12]}"))
        return next(tail for tail in longer if self._taken.setdefault(line_key(tail), own) == own)


def _spell(template: str) -> str:
    """Return the tail of a template's model with the names of its fields: `epoch/best` of `out/{epoch:02d}/best.pt`."""
    parts = PurePath(template).parts
    start = next((at for at, part in enumerate(parts) if "{" in part), len(parts) - 1)
    *folders, name = (_FIELD.sub(r"\1", part) for part in parts[start:])
    return _join(*folders, find_stem(name))


def _join(*parts: str) -> str:
    tail = "/".join(map(model_segment, parts))
    return tail if len(tail) <= _TAIL_LIMIT else tail[-_TAIL_LIMIT:].lstrip("/ -.")


def add_output(registry: Registry, task: Task, live: Live, draft: Draft, paths: Sequence[Path]) -> Added:
    """Add an output of a running task, with the task's id, its inputs as parents, and the scalars at its step.

    Args:
        registry: The registry to add to.
        task: The task as it is known now.
        live: Folder of the task's attempt.
        draft: Description of the version; its own parents and metrics take precedence.
        paths: Files and folders.

    Raises:
        RegError: As `add_files`.
    """
    return add_files(registry, complete(task, live, draft), paths, cached=False)


def complete(task: Task, live: Live, draft: Draft) -> Draft:
    """Return a draft completed with its task's id, inputs and scalars."""
    own = {ref for _, ref in draft.parents}
    inputs = tuple((INPUT, one.version) for one in task.inputs if one.version not in own)
    scalars = last_at(read_points(live.list_scalars()), draft.step)
    return replace(draft, task=task.id, parents=(*draft.parents, *inputs), metrics={**scalars, **draft.metrics})
