"""The environment variables that `reg` reads, and the values that they decide: the user's name and folders.

`reg help environment` lists them; a test compares the two. Besides this module, only `cli` and `sdk` read the
environment.
"""

# every process of an automatically logged task imports this at its start: pathlib alone costs more
# ruff: noqa: PTH118, PTH120
from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # type checkers treat the name as true; nothing is imported at runtime
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Final

REG_DIR: Final = "REG_DIR"
REG_AUTHOR: Final = "REG_AUTHOR"
REG_CONFIG_HOME: Final = "REG_CONFIG_HOME"
REG_CACHE_HOME: Final = "REG_CACHE_HOME"
REG_DATA_HOME: Final = "REG_DATA_HOME"
REG_TASK: Final = "REG_TASK"
REG_ATTEMPT: Final = "REG_ATTEMPT"
REG_AUTOLOG: Final = "REG_AUTOLOG"
REG_INPUT_NAME: Final = "REG_INPUT_NAME"
REG_RANK: Final = "REG_RANK"
JPY_SESSION_NAME: Final = "JPY_SESSION_NAME"
RANKS: Final = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
SUDO_UID: Final = "SUDO_UID"
NO_COLOR: Final = "NO_COLOR"
FORCE_COLOR: Final = "FORCE_COLOR"
CI: Final = "CI"
COLUMNS: Final = "COLUMNS"
REG_PAGER: Final = "REG_PAGER"
PAGER: Final = "PAGER"
TERM: Final = "TERM"

_known_rank = 0
"""The rank that `torch.distributed` knew last."""
SITE: Final = os.path.join(os.path.dirname(__file__), "site")
"""Folder whose `sitecustomize` turns automatic logging on in every Python that has it first on its path."""

VARIABLES: Final[dict[str, str]] = {
    REG_DIR: "the registry to use, when --registry is not given",
    REG_AUTHOR: "the author of changes; it overrides the setting `author` and the login name",
    REG_CONFIG_HOME: "folder of the user's own settings, instead of the platform's",
    REG_CACHE_HOME: "folder of indexes that cannot lie inside their registry, instead of the platform's",
    REG_DATA_HOME: "folder of the user's own registry (`reg init --user`), instead of the platform's",
    REG_TASK: "the task that this process is part of; `reg log` sets it for what it runs",
    REG_ATTEMPT: "the number of the attempt at that task; `reg log` sets it",
    REG_AUTOLOG: "0 turns automatic logging off; `reg log --auto` passes its rules in it",
    REG_INPUT_NAME: "the path of the task's input `name`; `reg log` sets one for each input of what it runs",
    REG_RANK: "the ranks that `reg log` itself has; it sets them, as a process with the same ones is no other rank",
    JPY_SESSION_NAME: "the path of the notebook whose cells this process runs; Jupyter sets it",
    **dict.fromkeys(RANKS, "the rank of this process among several; only rank 0 writes to the registry"),
    SUDO_UID: "for root: the user who called sudo; root uses this user's registries like its own",
    NO_COLOR: "when set, no colour anywhere",
    FORCE_COLOR: "when set, colour even in a pipe",
    CI: "when set, no progress bars and no prompts",
    COLUMNS: "width of tables and help, instead of the terminal's",
    REG_PAGER: "the command that shows output longer than the terminal; `cat` for none",
    PAGER: "the same for all programs; REG_PAGER comes first",
    TERM: "the kind of terminal; none of `dumb` gets a pager",
}


def read(name: str) -> str | None:
    """Return the variable `name`, or None where it is unset or empty."""
    return os.environ.get(name) or None


def read_all() -> dict[str, str]:
    """Return all variables, for a command that is started with them."""
    return dict(os.environ)


def set_all(variables: Mapping[str, str]) -> None:
    """Set variables of this process, for the processes that it starts."""
    os.environ.update(variables)


def restore(variables: Mapping[str, str | None]) -> None:
    """Set variables of this process back to earlier values; None removes one."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def with_site(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a PYTHONPATH that puts `SITE` before the folders in the PYTHONPATH of the given variables."""
    before = variables.get("PYTHONPATH")
    others = [part for part in before.split(os.pathsep) if part != SITE] if before else []
    return {"PYTHONPATH": os.pathsep.join([SITE, *others])}


def input_variable(name: str) -> str:
    """Return the variable that holds the path of a task's input: `REG_INPUT_BASE_MODEL` for `base-model`."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.upper())
    return REG_INPUT_NAME.removesuffix("NAME") + plain


def without_inputs(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the given variables without the paths of the inputs of an enclosing task."""
    return {name: value for name, value in variables.items() if not name.startswith(input_variable(""))}


def rank() -> int:
    """Return the rank of this process in its task: 0 where it runs alone, or where it is the only one in its task.

    It is set by torchrun, Slurm, Open MPI or MPICH, or else known to `torch.distributed`, as after `mp.spawn`. Where
    `reg log` itself is one of several processes (`srun -n 2 reg log`), each has a task of its own, and the rank that
    `reg log` has is not one within its task; that of a further `srun` within the task is.
    """
    outside = (read(REG_RANK) or "").split(",")
    ranks = {name: text for name in RANKS if (text := read(name)) is not None and text.isdecimal()}
    for name, text in ranks.items():
        if _rank_in_launch(name, text, read(_launch_of(name))) not in outside:
            return int(text)
    number = rank_in_torch()
    return 0 if str(number) in ranks.values() else number


def own_ranks(variables: Mapping[str, str]) -> str:
    """Return the value of REG_RANK for the processes of a task whose runner has the given variables."""
    return ",".join(
        _rank_in_launch(name, variables[name], variables.get(_launch_of(name))) for name in RANKS if variables.get(name)
    )


def _launch_of(rank: str) -> str:
    """Return the variable that differs between a launch of several processes and another one within it, or no name."""
    return {"SLURM_PROCID": "SLURM_STEP_ID", "OMPI_COMM_WORLD_RANK": "PMIX_NAMESPACE"}.get(rank, "")


def _rank_in_launch(name: str, rank: str, launch: str | None) -> str:
    return f"{name}={rank}@{launch}" if launch else f"{name}={rank}"


def rank_in_torch() -> int:
    """Return the rank that `torch.distributed` knows, 0 where it is not in use; it is never imported here.

    A rank that was known here stays the process's own after `destroy_process_group`, when torch has forgotten it: what
    the process reports later is not rank 0's.
    """
    global _known_rank
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is not None and distributed.is_initialized():
            _known_rank = int(distributed.get_rank())
    except Exception:  # a torch without it, or one whose import has not ended
        pass
    return _known_rank


def config_home() -> Path:
    """Return the folder of the user's own settings."""
    return _home(REG_CONFIG_HOME, "user_config_path")


def cache_home() -> Path:
    """Return the folder of indexes that cannot lie inside their registry."""
    return _home(REG_CACHE_HOME, "user_cache_path")


def data_home() -> Path:
    """Return the folder that holds the user's own registry."""
    return _home(REG_DATA_HOME, "user_data_path")


def login() -> str:
    """Return the name of the user that this process runs as."""
    return user_name(os.geteuid())


def user_name(number: int) -> str:
    """Return the name of a user, by number."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container may run under a user number without a name
        return str(number)


def _home(variable: str, platform: str) -> Path:
    from pathlib import Path

    named = read(variable)
    if named:
        return Path(named)
    import platformdirs

    path: Path = getattr(platformdirs, platform)("reg", appauthor=False)
    return path
