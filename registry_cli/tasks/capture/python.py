"""Captures the Python that a command runs, and the packages on its path as a lock that pip and uv install.

The interpreter is run once for its version and path; packages are listed from the names of their folders
(https://packaging.python.org/en/latest/specifications/recording-installed-packages/). Imports none of them.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.tasks.capture.packages import format_lock
from registry_cli.tasks.capture.processes import Command, ask
from registry_cli.tasks.capture.program import Program, find_program, is_python

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.records.values import Value

_SECONDS: Final = 5.0
_MARK: Final = "\x1freg:"
"""Prefix of the answer; the output of start-up code before it is skipped."""
_QUESTION: Final = (
    "import os,sys;sys.stdout.write('\\x1freg:'+ascii([sys.version.split()[0],sys.implementation.name,"
    "sys.executable,sys.prefix,sys.platform+'-'+os.uname()[4],[p for p in sys.path if p]]))"
)
_CONDAS: Final = frozenset({"conda", "mamba", "micromamba"})
_SHEBANG: Final = 512
"""Number of bytes of a script that are read for its interpreter."""


@dataclass(frozen=True, slots=True)
class PythonState:
    """A Python: its table in the record, with `problem` if it does not run, and the lock of its packages."""

    table: dict[str, Value]
    lock: bytes


def find_python(argv: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the interpreter that a command runs; None if none can be determined.

    Args:
        argv: The command.
        cwd: The folder in which it runs.
        environ: Its variables.
    """
    program = find_program(argv)
    if program.runner is not None:
        return _find_in_runner(argv, program, cwd, environ)
    if program.python is not None:
        return _find_file(argv[program.python], cwd, environ)
    for word in argv[: program.words]:
        file = _find_file(word, cwd, environ)
        if file and (found := _find_in_script(file, cwd, environ)):
            return found
    return _find_active(environ)


def capture_python(python: Path, *, environ: Mapping[str, str]) -> PythonState:
    """Run an interpreter to return its properties and packages.

    Args:
        python: The interpreter.
        environ: The variables with which it will run, which may add to its path.
    """
    command = Command((str(python), "-c", _QUESTION))
    [answer] = ask([command], cwd=Path("/"), environ=environ, seconds=_SECONDS)
    try:
        version, implementation, executable, prefix, platform, path = ast.literal_eval(
            answer.out.decode(errors="replace").rpartition(_MARK)[2]
        )
    except (ValueError, SyntaxError, TypeError):
        words = answer.error.strip().rpartition("\n")[2] or "it gave no answer"
        return PythonState({"executable": _clean(python), "problem": words[:200]}, b"")
    return _state(version, implementation, executable, prefix, platform, path)


def _state(
    version: str, implementation: str, executable: str, prefix: str, platform: str, path: Sequence[str]
) -> PythonState:
    table: dict[str, Value] = {
        "version": version,
        "implementation": implementation,
        "executable": _clean(executable),
        "prefix": _clean(prefix),
        "platform": platform,
    }
    return PythonState(table, format_lock([Path(entry) for entry in path], f"{implementation} {version}"))


def _find_in_runner(argv: Sequence[str], program: Program, cwd: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the Python of the environment that `uv run`, `poetry run` or `conda run` enters."""
    words = list(argv[program.runner : program.words])
    if Path(words[0]).name in _CONDAS:
        root = Path(environ.get("CONDA_EXE", "conda")).parent.parent / "envs"
        for option, above in (("-p", cwd), ("--prefix", cwd), ("-n", root), ("--name", root)):
            if option in words[:-1]:
                return _python_below(above / words[words.index(option) + 1])
        return _find_active(environ)
    folders = [folder / ".venv" for folder in (cwd, *cwd.absolute().parents)]
    return next((python for python in map(_python_below, folders) if python), None) or _find_active(environ)


def _find_active(environ: Mapping[str, str]) -> Path | None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environ.get(name) and (python := _python_below(Path(environ[name]))):
            return python
    return None


def _python_below(prefix: Path) -> Path | None:
    python = prefix / "bin" / "python"
    return python if _is_file(python) else None


def _find_in_script(file: Path, cwd: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the Python that a script's first line names (execve(2)), as `pip` and `uv` write it too."""
    if is_python(file.name):
        return file
    try:
        with file.open("rb") as reader:
            head = os.fsdecode(reader.read(_SHEBANG))
    except OSError:
        return None
    if not head.startswith("#!"):
        return None
    first, _, rest = head.partition("\n")
    words = first[2:].split()
    if rest.startswith("'''exec' "):  # a path too long for the kernel: /bin/sh starts it
        words = rest.partition("\n")[0].removeprefix("'''exec' ").replace('"', " ").split(" $0")[0].split()
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return _find_file(words[0], cwd, environ) if words and is_python(words[0]) else None


def _find_file(word: str, cwd: Path, environ: Mapping[str, str]) -> Path | None:
    if "/" in word:
        path = cwd / word
        return path.absolute() if _is_file(path) else None
    found = which(word, path=environ.get("PATH", os.defpath))
    return Path(found).absolute() if found else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # it is in a folder that we may not search
        return False


def _clean(path: str | Path) -> str:
    return os.fsencode(path).decode(errors="replace")
