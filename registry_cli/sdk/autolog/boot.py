"""Starts automatic logging with the process, for `reg log --auto`; `sitecustomize` calls it.

Every Python process of a task pays for this, most of them for nothing: until the first framework is imported, it only
waits for that import. Nothing here may import a slow module.
"""

# pathlib alone takes longer to import than this whole module
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
"""The working directory at the start, which globs with a `/` are relative to; many scripts change it later."""
_ALL = "{}"
"""Value of REG_AUTOLOG that logs every framework; `tasks.attempt.autolog_setting` parses it."""
_OFF = "0"
_PACKAGES = frozenset(package for packages in TABLES.values() for package in packages)


class _Waiting:
    """A finder that finds nothing until a framework is imported: it then turns on the real hooks and removes itself.

    Args:
        told: Value of REG_AUTOLOG.
    """

    def __init__(self, told: str) -> None:
        self._told = told

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None, or for a framework the spec that the finders of `turn_on` find."""
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
        """Turn automatic logging on; report a failure and raise nothing, as an import of the script waits for this."""
        stop_waiting()
        try:
            from registry_cli.frameworks.patching.switch import turn_on
            from registry_cli.sdk.autolog.current_sink import find_sink
            from registry_cli.tasks.attempt.autolog_setting import load_auto

            auto = load_auto(self._told)
            if auto is not None:
                turn_on(find_sink, auto.frameworks, base=BASE)
        except Exception as error:
            from registry_cli.sdk.warning import report_loss

            report_loss(f"automatic logging is off in this process: {error}")


_waiting: _Waiting | None = None


def boot(told: str) -> None:
    """Log frameworks' saves and loads from now on; twice is fine.

    Args:
        told: Value of REG_AUTOLOG, neither empty nor 0.
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
    """Log all frameworks from the first import of one on, for the task that the environment names.

    Returns:
        True where nothing else is left to do: automatic logging is off, or there is such a task, no framework is
        imported yet, and the script has made no other choice before.
    """
    told = env.read(env.REG_AUTOLOG) or _ALL
    if told == _OFF:
        return True
    spoken = "registry_cli.sdk.autolog.choice" in sys.modules
    if spoken or env.read(env.REG_TASK) is None or not _PACKAGES.isdisjoint(sys.modules):
        return False
    env.set_all({env.REG_AUTOLOG: told, **env.with_site(env.read_all())})  # so that child processes do the same
    boot(told)
    return True


def stop_waiting() -> None:
    """Stop waiting for a framework, as when the script turns automatic logging on or off itself."""
    if _waiting in sys.meta_path:
        sys.meta_path.remove(_waiting)
