"""Finds the program that a command line runs behind `python`, `env`, `torchrun`, `uv run` and others. Runs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

_PYTHON: Final = re.compile(r"(?:pythonw?|pypy)(?:\d+(?:\.\d+)*t?)?")
_SCRIPT: Final = re.compile(r".+\.(?:py|pyw|pyc|pyz|sh|bash|zsh|r|R|jl|pl|rb|js|mjs|ts|lua|ipynb)")
_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish"})
_INTERPRETERS: Final = frozenset({*_SHELLS, "Rscript", "julia", "perl", "ruby", "node", "lua"})
_RUNNERS: Final = frozenset({"uv", "poetry", "conda", "mamba", "micromamba", "pixi", "pdm", "hatch", "pipenv", "rye"})
"""Programs with a verb `run` that enters an environment."""
_LAUNCHERS: Final = frozenset({
    "accelerate", "chronic", "composer", "coverage", "deepspeed", "env", "horovodrun", "ionice", "jsrun", "mpiexec",
    "mpirun", "nice", "nohup", "numactl", "orterun", "ray", "setsid", "srun", "stdbuf", "sudo", "taskset", "time",
    "timeout", "torchrun", "xvfb-run",
})  # fmt: skip
_KNOWN: Final = _LAUNCHERS | _RUNNERS | _INTERPRETERS
_NO_PROGRAM: Final = re.compile(r"[\d.:]+[smhd]?|launch|run")
"""Words of a launcher that are neither options nor programs: numbers, times, its verbs."""
_SPECIAL_MODULES: Final = frozenset({"torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch"})
"""Modules that are launchers themselves."""
_PYTHON_VALUES: Final = frozenset({"-W", "-X", "--check-hash-based-pycs"})
"""Options of Python that take the next word (https://docs.python.org/3/using/cmdline.html)."""

_KERNELS: Final = frozenset({"ipykernel_launcher", "ipykernel", "colab_kernel_launcher"})
"""Modules that are the kernels of notebooks: they wait for cells, and run none by themselves."""


@dataclass(frozen=True, slots=True)
class Program:
    """A parsed command line.

    Attributes:
        name: The script, module or program that does the work, as it was typed; None if it cannot be determined.
        words: Position at which the program's own words start.
        python: Position of the word that is a Python interpreter, if one is named.
        runner: Position of an environment's runner, such as `uv` in `uv run`, if there is one.
    """

    name: str | None
    words: int
    python: int | None = None
    runner: int | None = None


def find_program(argv: Sequence[str]) -> Program:
    """Return the program that a command runs, behind any launchers."""
    if not argv:
        return Program(None, 0)
    return _look(argv, 0, None, None)


def is_python(word: str) -> bool:
    """Return whether a word is the name or path of a Python interpreter."""
    return _PYTHON.fullmatch(_base(word)) is not None


def is_kernel(argv: Sequence[str]) -> bool:
    """Return whether a command is the kernel of a notebook."""
    return find_program(argv).name in _KERNELS


def _look(argv: Sequence[str], at: int, python: int | None, runner: int | None) -> Program:
    if at >= len(argv):
        return Program(None, len(argv), python, runner)
    base = _base(argv[at])
    if is_python(argv[at]):
        return _look_python(argv, at, runner)
    if base in _RUNNERS and "run" in argv[at + 1 :]:
        return _look_past(argv, argv.index("run", at + 1) + 1, python, at if runner is None else runner)
    if base in _LAUNCHERS:
        return _look_past(argv, at + 1, python, runner)
    if base in _INTERPRETERS:
        script = next((place for place in range(at + 1, len(argv)) if not argv[place].startswith("-")), None)
        if script is None or "-c" in argv[at + 1 : script]:
            return Program(None, len(argv), python, runner)
        return Program(argv[script], script + 1, python, runner)
    return Program(argv[at], at + 1, python, runner)


def _look_python(argv: Sequence[str], at: int, runner: int | None) -> Program:
    place = at + 1
    while place < len(argv):
        word = argv[place]
        if word in _PYTHON_VALUES:
            place += 2
        elif word == "-c":
            return Program(None, place + 2, at, runner)
        elif word == "-m" or (word.startswith("-m") and not word.startswith("--")):
            module = word[2:] or next(iter(argv[place + 1 :]), "")
            after = place + (1 if word[2:] else 2)
            if module in _SPECIAL_MODULES or module in _LAUNCHERS:
                return _look_past(argv, after, at, runner)
            return Program(module or None, after, at, runner)
        elif word.startswith("-") and word != "-":
            place += 1
        else:
            return Program(word, place + 1, at, runner)
    return Program(None, len(argv), at, runner)


def _look_past(argv: Sequence[str], start: int, python: int | None, runner: int | None) -> Program:
    """Look for the program among a launcher's words, whose options cannot all be known."""
    maybe: int | None = None
    for at in range(start, len(argv)):
        word = argv[at]
        if word == "--":
            return _look(argv, at + 1, python, runner)
        if is_python(word) or _base(word) in _KNOWN:
            return _look(argv, at, python, runner)
        if word in {"-m", "--module"} and at + 1 < len(argv):
            return Program(argv[at + 1], at + 2, python, runner)
        if _SCRIPT.fullmatch(word) and not word.startswith("-") and "=" not in word:
            return Program(word, at + 1, python, runner)
        if word.startswith("-") or "=" in word or _NO_PROGRAM.fullmatch(word):
            continue
        if not argv[at - 1].startswith("-") or "=" in argv[at - 1]:
            return Program(word, at + 1, python, runner)
        maybe = at if maybe is None else maybe  # it may be the value of the option before it
    if maybe is None:
        return Program(None, len(argv), python, runner)
    return Program(argv[maybe], maybe + 1, python, runner)


def _base(word: str) -> str:
    return word.rpartition("/")[2]
