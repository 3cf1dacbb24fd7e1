"""Finds the shell of IPython in this process, and describes the notebook or prompt that it runs cells for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry_cli import env

if TYPE_CHECKING:
    from argparse import ArgumentParser

REPLAY: Final = "registry_cli.sdk.notebook"
"""The module that runs the cells of its task again."""
_NOTEBOOK: Final = ".ipynb"


def find_shell() -> Any | None:
    """Return the shell of IPython whose cells this process runs; None in a script, also one that `ipython` runs."""
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = find() if find is not None else None
    return shell if shell is not None and (is_kernel(shell) or list_typed(shell)) else None


def list_typed(shell: Any) -> list[str]:
    """Return the code of the shell's cells so far, as it was typed; the last one may be running."""
    history = getattr(shell, "history_manager", None)
    return list(history.input_hist_raw[1:]) if history is not None else []  # a history counts from 1


def is_kernel(shell: Any) -> bool:
    """Return whether a shell runs the cells of a front end, such as Jupyter, and not those of a terminal."""
    return getattr(shell, "kernel", None) is not None


def make_command(shell: Any, cwd: Path) -> tuple[str, ...]:
    """Return the command that runs the cells of the shell's task again; its last word names the notebook."""
    word = _find_notebook(shell, cwd) or ("notebook" if is_kernel(shell) else "ipython")
    return (sys.executable, "-m", REPLAY, word)


def find_connection_file() -> str | None:
    """Return the path that follows `-f` in the arguments of a kernel, which its front end wrote."""
    words = sys.argv[1:]
    shell = find_shell()
    if shell is None or not is_kernel(shell) or "-f" not in words[:-1]:
        return None
    return words[words.index("-f") + 1]


def is_magic(parser: ArgumentParser) -> bool:
    """Return whether a parser is that of a magic, such as `%%bash`."""
    return type(parser).__module__.startswith("IPython.")


def _find_notebook(shell: Any, cwd: Path) -> str | None:
    """Return the notebook's path, relative where it is below `cwd`; None where the front end does not tell it."""
    told = shell.user_ns.get("__vsc_ipynb_file__") or env.read(env.JPY_SESSION_NAME) or ""
    if not isinstance(told, str) or not told.endswith(_NOTEBOOK):
        return None
    path = Path(told)
    if not path.is_absolute():  # relative to a folder of the server that the kernel does not know
        return path.name
    return os.path.relpath(path, cwd) if path.is_relative_to(cwd) else told
