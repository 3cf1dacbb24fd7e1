"""Automatic logging from the first moment of a process on, as `reg log --auto` wants it; `sitecustomize` calls it.

Every Python that a task starts pays for this, most of them for nothing: until the first framework is imported, it does
no more than wait for one. Nothing here may import what costs.
"""

# pathlib alone costs more than all of this
# ruff: noqa: PTH109
from __future__ import annotations

import os
import sys

from registry_cli import env
from registry_cli.frameworks.catalogue import TABLES

TYPE_CHECKING = False  # type checkers take the name for true; nothing is imported here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def _find_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/"


BASE = _find_folder()
"""Where the script was started, which globs with a `/` are relative to; many scripts go elsewhere."""
_ALL = "{}"
"""What REG_AUTOLOG says where everything is to be heard; `tasks.auto.settings` reads it."""
_OFF = "0"
_PACKAGES = frozenset(package for packages in TABLES.values() for package in packages)


class _Waiting:
    """A finder that finds nothing, until a framework is looked for: then it gives way to the real one.

    Args:
        told: What REG_AUTOLOG says.
    """

    def __init__(self, told: str) -> None:
        self._told = told

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None, or for a framework what the finders find that now stand here."""
        if fullname not in _PACKAGES:
            return None
        self.end()
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
            if spec is not None:
                return spec
        return None

    def end(self) -> None:
        """Turn automatic logging on; what fails is told and raises nothing, as somebody's import waits for it."""
        stop_waiting()
        try:
            from registry_cli.frameworks.patching.switch import turn_on
            from registry_cli.sdk.autolog.current_sink import find_sink
            from registry_cli.tasks.attempt.autolog_setting import load_auto

            auto = load_auto(self._told)
            if auto is not None:
                turn_on(find_sink, auto.frameworks, base=BASE)
        except Exception as error:
            from registry_cli.sdk.warning import tell

            tell(f"automatic logging is off in this process: {error}")


_waiting: _Waiting | None = None


def boot(told: str) -> None:
    """Hear frameworks from now on; twice is fine.

    Args:
        told: What REG_AUTOLOG says, neither empty nor 0.
    """
    global _waiting
    if _waiting is not None:
        return
    _waiting = _Waiting(told)
    if _PACKAGES.isdisjoint(sys.modules):
        sys.meta_path.insert(0, _waiting)
    else:
        _waiting.end()


def wait_in_task() -> bool:
    """Hear all frameworks from the first import of one on, for the task that the environment names.

    Returns:
        Whether that is all there is to do: there is such a task, none of them is imported, and the script has said
        nothing else before.
    """
    told = env.read(env.REG_AUTOLOG) or _ALL
    if told == _OFF:
        return True
    spoken = "registry_cli.sdk.autolog.choice" in sys.modules
    if spoken or env.read(env.REG_TASK) is None or not _PACKAGES.isdisjoint(sys.modules):
        return False
    env.set_all({env.REG_AUTOLOG: told, **env.with_site(env.read_all())})  # so that processes which it starts do so too
    boot(told)
    return True


def stop_waiting() -> None:
    """Wait for no framework any more: somebody turns automatic logging on, or off, by himself."""
    if _waiting in sys.meta_path:
        sys.meta_path.remove(_waiting)
