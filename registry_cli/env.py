"""The names of all environment variables that `reg` reads, and what they decide: folders of the user, and who he is.

`reg help environment` lists them; a test compares the two. No other file below the edges reads the environment.
"""

# every process of a task that is logged automatically imports this at its start: pathlib alone costs more
# ruff: noqa: PTH118, PTH120
from __future__ import annotations

import os

TYPE_CHECKING = False  # type checkers take the name for true; nothing is imported here
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
RANKS: Final = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
SUDO_UID: Final = "SUDO_UID"
NO_COLOR: Final = "NO_COLOR"
FORCE_COLOR: Final = "FORCE_COLOR"
CI: Final = "CI"
COLUMNS: Final = "COLUMNS"

SITE: Final = os.path.join(os.path.dirname(__file__), "site")
"""Folder whose `sitecustomize` turns automatic logging on in every Python that finds it first on its path."""

VARIABLES: Final[dict[str, str]] = {
    REG_DIR: "the registry to use, when --registry is not given",
    REG_AUTHOR: "who makes a change, before the setting `author` and the login name",
    REG_CONFIG_HOME: "folder of the user's own settings, instead of the platform's",
    REG_CACHE_HOME: "folder of indexes that cannot lie inside their registry, instead of the platform's",
    REG_DATA_HOME: "folder of the user's own registry (`reg init --user`), instead of the platform's",
    REG_TASK: "the task that this process is part of; `reg log` sets it for what it runs",
    REG_ATTEMPT: "which attempt at that task; `reg log` sets it",
    REG_AUTOLOG: "0 turns automatic logging off; `reg log --auto` says by it what is heard",
    **dict.fromkeys(RANKS, "which of several processes this one is; only process 0 tells the registry anything"),
    SUDO_UID: "as root: the user who called sudo, whose registries are used as root's own are",
    NO_COLOR: "when set, no colour anywhere",
    FORCE_COLOR: "when set, colour even in a pipe",
    CI: "when set, no progress bars and no prompts",
    COLUMNS: "width of tables, instead of the terminal's",
}


def read(name: str) -> str | None:
    """Return the variable `name`, or None where it is unset or empty."""
    return os.environ.get(name) or None


def read_all() -> dict[str, str]:
    """Return all variables, for a command that is to run with them."""
    return dict(os.environ)


def set_all(variables: Mapping[str, str]) -> None:
    """Set variables of this process, for those that it starts."""
    os.environ.update(variables)


def restore(variables: Mapping[str, str | None]) -> None:
    """Give variables of this process the values that they had; None takes one away."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def with_site(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which a Python finds `SITE` before all else that the given variables let it find."""
    before = variables.get("PYTHONPATH")
    others = [part for part in before.split(os.pathsep) if part != SITE] if before else []
    return {"PYTHONPATH": os.pathsep.join([SITE, *others])}


def rank() -> int:
    """Return which of several training processes this one is: torchrun, Slurm, Open MPI or MPICH tell; 0 if alone."""
    told = (read(name) for name in RANKS)
    return next((int(text) for text in told if text is not None and text.isdecimal()), 0)


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
    """Return the name under which this process runs."""
    return user_name(os.geteuid())


def user_name(number: int) -> str:
    """Return the name of a user, by his number."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(number)


def _home(variable: str, platform: str) -> Path:
    from pathlib import Path

    named = read(variable)
    if named:
        return Path(named)
    import platformdirs

    path: Path = getattr(platformdirs, platform)("reg", appauthor=False)
    return path
