"""Default names of tasks and projects: a task is named after the script it runs, its project after the folder."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from registry_cli.ids import NAME_LIMIT, model_segment
from registry_cli.tasks.capture.git import find_root

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCRIPTS: Final = frozenset({".py", ".sh", ".bash", ".r", ".jl", ".js", ".pl", ".rb", ".lua", ".ipynb", ".m"})


_PROJECT_LIMIT: Final = 100
"""Characters of a project's name; the names of the task and its output follow it."""


def name_of_command(argv: Sequence[str]) -> str:
    """Return the stem of the script among a command's words, the last part of a module after `-m`, else the program.

    The result is a legal name of a task, whatever the words are.
    """
    name = unicodedata.normalize("NFC", _find_name(argv))
    printable = "".join(c if c.isprintable() else "-" for c in name).strip()
    return printable[:NAME_LIMIT].strip() or "task"


def project_of_folder(cwd: Path, registry: Path) -> str:
    """Return the name of the work tree that contains `cwd`, else of the folder that holds the registry.

    The result is a legal name of a project, whatever the folder is called.
    """
    root = find_root(cwd)
    return model_segment((root or registry.parent).name or "default")[:_PROJECT_LIMIT].rstrip(" ")


def _find_name(argv: Sequence[str]) -> str:
    for at, word in enumerate(argv[1:], start=1):
        if word == "-m" and at + 1 < len(argv):
            return argv[at + 1].rpartition(".")[2] or argv[at + 1]
        if not word.startswith("-") and PurePath(word).suffix.lower() in _SCRIPTS:
            return PurePath(word).stem
    return PurePath(argv[0]).stem or argv[0] if argv else ""
