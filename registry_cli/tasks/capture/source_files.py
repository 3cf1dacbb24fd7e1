"""Ranks files by what a re-run needs first: the program that ran, source files, settings, the rest. Reads no file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.tasks.capture.program import find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Rank = Literal[0, 1, 2, 3]
"""0: the program that ran; 1: source; 2: settings, and files that the command names; 3: the rest, such as data."""
SOURCE: Final[Rank] = 1
"""The last rank whose files a re-run cannot do without."""

_SOURCES: Final = frozenset({
    "py", "pyw", "pyi", "pyx", "pxd", "ipynb", "sh", "bash", "zsh", "fish", "r", "jl", "pl", "pm", "rb", "js",
    "mjs", "cjs", "ts", "tsx", "jsx", "lua", "m", "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "cu", "cuh",
    "cl", "go", "rs", "java", "kt", "scala", "swift", "f", "f90", "f95", "hs", "ml", "nim", "zig", "sql", "stan",
    "proto", "smk", "nf", "cmake", "mk",
})  # fmt: skip
"""Suffixes of programs and of what they are built from."""
_SETTINGS: Final = frozenset({"yaml", "yml", "toml", "cfg", "ini", "conf", "gin"})
_SOURCE_NAMES: Final = frozenset({"makefile", "dockerfile", "snakefile", "containerfile", "cmakelists.txt"})
_PACKAGES: Final = ("requirements", "constraints")
"""Beginnings of the names of pip's lists of packages."""


def rank_files(argv: Sequence[str], cwd: Path, root: Path) -> Callable[[str], Rank]:
    """Return the rank of a path relative to `root`, for a command that runs in `cwd`."""
    program = find_program(argv).name
    programs = _find_places(_spell_program(program), cwd, root) if program else set()
    values = {word.partition("=")[2] for word in argv if "=" in word}
    named = _find_places([*argv, *values], cwd, root)

    def rank(path: str) -> Rank:
        if path in programs:
            return 0
        by_name = _rank_name(path)
        return 2 if by_name == 3 and path in named else by_name

    return rank


def _spell_program(name: str) -> list[str]:
    """Return the paths that may hold a program: its own, and those of a module that `python -m` runs."""
    module = name.replace(".", "/")
    return [name, f"{module}.py", f"{module}/__main__.py"]


def _find_places(words: Sequence[str], cwd: Path, root: Path) -> set[str]:
    """Return words as paths relative to `root`; also where a word spells the folder without links."""
    roots = (str(root), os.path.realpath(root))
    places = [os.path.normpath(cwd / word) for word in words if word and "\0" not in word]
    return {place[len(top) + 1 :] for place in places for top in roots if place.startswith(f"{top}/")}


def _rank_name(path: str) -> Rank:
    name = path.rpartition("/")[2].lower()
    suffix = name.rpartition(".")[2] if "." in name else ""
    if suffix in _SOURCES or name in _SOURCE_NAMES:
        return SOURCE
    return 2 if suffix in _SETTINGS or name.startswith(_PACKAGES) else 3
