"""Turns automatic logging on and off in this process; functions are hooked when their package is imported."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from registry_cli.frameworks.catalogue import TABLES, load_framework
from registry_cli.frameworks.patching.finder import Finder
from registry_cli.frameworks.patching.moves import NAMES, wrap_move
from registry_cli.frameworks.patching.patch import Patch, rebind, replace, unbind
from registry_cli.frameworks.patching.rules import Rules, Wanted
from registry_cli.frameworks.patching.wrap import LoggingState, forget, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from registry_cli.frameworks.patching.shapes import Framework, Hook, Sink


def turn_on(make_sink: Callable[[], Sink | None], wanted: Wanted, *, base: str) -> None:
    """Log frameworks from now on, whether they are imported already or later; a second call replaces the rules.

    Args:
        make_sink: Returns the sink for a call, or None; called from any thread.
        wanted: Rules by keys; a key without a rule is logged.
        base: Absolute path of the folder that globs with a `/` are relative to.
    """
    _switch.state.rules = Rules(wanted, base)
    _switch.state.make_sink = make_sink
    _switch.start()


def turn_off() -> None:
    """Stop logging, and restore every function."""
    _switch.state.rules = None
    _switch.stop()


class Switch:
    """The hooks of this process.

    Args:
        tables: Names of tables, each with the packages whose import loads it.
        load: Returns a table by name.
    """

    def __init__(self, tables: Mapping[str, tuple[str, ...]], load: Callable[[str], Framework]) -> None:
        self.state = LoggingState()
        self._tables = tables
        self._load = load
        self._finder = Finder(self._watches, self._imported)
        self._packages = {package for packages in tables.values() for package in packages}
        self._loaded: set[str] = set()
        self._hooks: dict[str, list[tuple[Framework, Hook]]] = {}
        self._partial: list[ModuleType] = []
        self._patches: list[Patch] = []
        self._wrappers: list[Any] = []
        self._lock = threading.RLock()

    def start(self) -> None:
        """Hook the packages that are imported, now and later; a second call does nothing."""
        with self._lock:
            if self._finder in sys.meta_path:
                return
            sys.meta_path.insert(0, self._finder)
            for package in self._packages & sys.modules.keys():
                self._load_tables(package)
            for name in self._hooks.keys() & sys.modules.keys():
                self._hook_when_whole(sys.modules[name])
            patches, others = rebind(self._wrappers, self._packages)
            self._patches += patches
            self._follow_moves()  # not bound anew: a file whose new name is not known is looked for in its folder
        if others:
            self._warn(f"{', '.join(others)} was imported before automatic logging began and is not logged: "
                       "begin earlier, or run the script with reg log --auto")  # fmt: skip

    def stop(self) -> None:
        """Restore every function."""
        with self._lock:
            if self._finder in sys.meta_path:
                sys.meta_path.remove(self._finder)
            for patch in reversed(self._patches):
                patch.undo()
            unbind(self._wrappers)
            self._patches.clear()
            self._partial.clear()
            self._wrappers.clear()

    def renew(self) -> None:
        """Reset in a forked child, where locks that other threads of its parent held are never released."""
        self._lock = threading.RLock()
        forget()

    def _watches(self, name: str) -> bool:
        if self._partial:
            self._hook_partial()
        package = name.partition(".")[0]
        if package not in self._packages:
            return False
        if package not in self._loaded:
            self._load_tables(package)
        return name in self._hooks

    def _load_tables(self, package: str) -> None:
        with self._lock:
            if package in self._loaded:
                return
            self._loaded.add(package)
            for name in [name for name, packages in self._tables.items() if package in packages]:
                try:
                    self._take_table(self._load(name), package)
                except Exception as error:  # the import that led here continues
                    self._warn(f"{name} is not logged automatically: {type(error).__name__}: {error}")

    def _take_table(self, framework: Framework, package: str) -> None:
        for hook in framework.hooks:
            module = hook.target.partition(":")[0]
            if module.partition(".")[0] == package:
                self._hooks.setdefault(module, []).append((framework, hook))

    def _imported(self, module: ModuleType) -> None:
        with self._lock:
            if self.state.rules is not None:
                self._hook(module)

    def _hook_when_whole(self, module: ModuleType) -> None:
        """Hook a module, or later if another thread is still importing it."""
        if getattr(module.__spec__, "_initializing", False):
            self._partial.append(module)
        else:
            self._hook(module)

    def _hook_partial(self) -> None:
        with self._lock:
            waiting, self._partial = self._partial, []
            for module in waiting:
                self._hook_when_whole(module)

    def _hook(self, module: ModuleType) -> None:
        for framework, hook in self._hooks.get(module.__name__, []):
            try:
                patches = replace(module, hook.target.partition(":")[2], partial(wrap, self.state, framework, hook))
            except Exception:  # a module may raise anything when a name is looked up in it
                if not hook.optional:
                    self._miss(framework, hook)
                continue
            self._patches += patches
            self._wrappers.append(getattr(patches[0].now, "__func__", patches[0].now))

    def _follow_moves(self) -> None:
        for name in NAMES:
            patches = replace(os, name, partial(wrap_move, self.state))
            self._patches += patches
            self._wrappers.append(patches[0].now)

    def _miss(self, framework: Framework, hook: Hook) -> None:
        package = sys.modules.get(hook.target.partition(":")[0].partition(".")[0])
        version = getattr(package, "__version__", "")
        title = f"{framework.title} {version}".rstrip()
        name = hook.target.replace(":", ".")
        self._warn(f"{title} is newer or older than the versions known here: {name} is missing, "
                   "and its calls are not logged")  # fmt: skip

    def _warn(self, text: str) -> None:
        with suppress(Exception):
            sink = self.state.make_sink()
            if sink is not None:
                sink.warn(text)


_switch = Switch(TABLES, load_framework)
os.register_at_fork(after_in_child=_switch.renew)
