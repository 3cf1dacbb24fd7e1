"""The names of all environment variables that `reg` reads, and what they decide: folders of the user, and who he is.

`reg help environment` lists them; a test compares the two. No other file below the edges reads the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

REG_DIR: Final = "REG_DIR"
REG_AUTHOR: Final = "REG_AUTHOR"
REG_CONFIG_HOME: Final = "REG_CONFIG_HOME"
REG_CACHE_HOME: Final = "REG_CACHE_HOME"
REG_DATA_HOME: Final = "REG_DATA_HOME"
NO_COLOR: Final = "NO_COLOR"
FORCE_COLOR: Final = "FORCE_COLOR"
CI: Final = "CI"
COLUMNS: Final = "COLUMNS"

VARIABLES: Final[dict[str, str]] = {
    REG_DIR: "the registry to use, when --registry is not given",
    REG_AUTHOR: "who makes a change, before the setting `author` and the login name",
    REG_CONFIG_HOME: "folder of the user's own settings, instead of the platform's",
    REG_CACHE_HOME: "folder of indexes that cannot lie inside their registry, instead of the platform's",
    REG_DATA_HOME: "folder of the user's own registry (`reg init --user`), instead of the platform's",
    NO_COLOR: "when set, no colour anywhere",
    FORCE_COLOR: "when set, colour even in a pipe",
    CI: "when set, no progress bars and no prompts",
    COLUMNS: "width of tables, instead of the terminal's",
}


def read(name: str) -> str | None:
    """Return the variable `name`, or None where it is unset or empty."""
    return os.environ.get(name) or None


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
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(os.geteuid())


def _home(variable: str, platform: str) -> Path:
    named = read(variable)
    if named:
        return Path(named)
    import platformdirs

    path: Path = getattr(platformdirs, platform)("reg", appauthor=False)
    return path
