"""Separates the names of checkpoints from their steps: files that differ only in a step's number are one line.

A step is a word that training scripts use for one, with a number after it: `ckpt-500`, `epoch=3-step=128`,
`resnet50_epoch3`. Any later number in the name, such as a loss, belongs to that step and is removed with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.tasks.outputs import find_stem

if TYPE_CHECKING:
    from pathlib import Path

_RANKS: Final = {"step": 0, "epoch": 1, "ep": 1}
"""Of several step words the one with the lowest rank gives the step; words that are not listed have rank 2."""
_FOLDER_WORDS: Final = "step|epoch|iteration|iter|ckpt|checkpoint|update|snapshot"
_WORDS: Final = f"{_FOLDER_WORDS}|ep|it|batch|weights"
_STEP: Final = re.compile(rf"(?<![^\W\d_])({_WORDS})[-_.=]*([0-9]+)(?![^\W_])", re.IGNORECASE)
_FOLDER_STEP: Final = re.compile(rf"(?<![^\W\d_])({_FOLDER_WORDS})[-_.=]*([0-9]+)(?![^\W_])", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[-_.=]+[0-9]+(?:\.[0-9]+)*(?:e[-+]?[0-9]+)?(?![^\W_])|[0-9]+\.[0-9]+", re.IGNORECASE)
"""A separate number: after a separator, or with a decimal point; the `16` of `fp16` does not match."""
_LARGEST: Final = (1 << 63) - 1


def split_step(name: str) -> tuple[str, int | None]:
    """Return a stem without the numbers of its step, and the step; the same stem and None where there is no step."""
    return _split(name, _STEP)


def split_path(path: Path, cwd: Path, told: int | None = None) -> tuple[Path, int | None]:
    """Return a path without the numbers of its step, and the step; the file's name takes precedence over its folders.

    Args:
        path: The file's path, absolute.
        told: The step, where it is known: the name then needs no step word, as in `model_30.ubj`, `cp-04.weights.h5`.
        cwd: The script's working directory; folders above it are ignored. Below it only folders that are named after a
            checkpoint count: a `batch32` beside a `batch64` is an experiment of its own.
    """
    stem = find_stem(path.name)
    bare, step = split_step(stem)
    if told is not None:
        bare, step = _cut(bare, told), told
    named = path.with_name(path.name.replace(stem, bare, 1))
    if not path.parent.is_relative_to(cwd):
        return named, step
    folders = [_split(part, _FOLDER_STEP) for part in path.parent.relative_to(cwd).parts]
    steps = [step, *(number for _, number in reversed(folders))]
    bare_path = cwd.joinpath(*(part for part, _ in folders), named.name)
    return bare_path, next((one for one in steps if one is not None), None)


def _cut(stem: str, step: int) -> str:
    """Return a stem without the number of a known step, and without the separate numbers after it."""
    found = list(re.finditer(rf"(?<=[^-_.=])[-_.=]+0*{step}(?![^\W_])", stem))
    if not found:
        return stem
    start, end = found[-1].span()
    return stem[:start] + _NUMBER.sub("", stem[end:])


def is_step_folder(name: str) -> bool:
    """Return True where a folder is named after a step, as checkpoints are."""
    return _FOLDER_STEP.search(name) is not None


def _split(name: str, pattern: re.Pattern[str]) -> tuple[str, int | None]:
    found = [(_RANKS.get(match[1].lower(), 2), int(match[2])) for match in pattern.finditer(name)]
    first = pattern.search(name)
    steps = [(rank, number) for rank, number in found if number <= _LARGEST]
    if first is None or not steps:
        return name, None
    word = first.end(1)
    bare = name[:word] + _NUMBER.sub("", pattern.sub(r"\1", name[first.start() :])[word - first.start() :])
    return bare, min(steps, key=lambda pair: pair[0])[1]
