"""Turns automatic logging on and off in this process: tables are hooked as their packages are imported."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from registry_cli.frameworks.catalogue import TABLES, load_framework
from registry_cli.frameworks.patching.finder import Finder
from registry_cli.frameworks.patching.patch import Patch, rebind, replace, unbind
from registry_cli.frameworks.patching.rules import Rules, Wanted
from registry_cli.frameworks.patching.wrap import Ears, forget, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from registry_cli.frameworks.patching.shapes import Framework, Hook, Sink


def turn_on(make_sink: Callable[[], Sink | None], wanted: Wanted, *, base: str) -> None:
    """Hear frameworks from now on, those that are imported already and those that will be; again changes what is heard.

    Args:
        make_sink: Gives whom to tell at each call, or None; from any thread.
        wanted: Rules by keys; what they do not name is heard.
        base: Absolute; the folder that globs with a `/` are relative to.
    """
    _switch.ears.rules = Rules(wanted, base)
    _switch.ears.make_sink = make_sink
    _switch.start()


def turn_off() -> None:
    """Hear nothing any more, and put every function back in its place."""
    _switch.ears.rules = None
    _switch.stop()


class Switch:
    """What is hooked.

    Args:
        tables: Names of tables and the packages whose import needs them.
        load: Returns a table.
    """

    def __init__(self, tables: Mapping[str, tuple[str, ...]], load: Callable[[str], Framework]) -> None:
        self.ears = Ears()
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
        """Hook what is imported, and what will be; twice is fine."""
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
        if others:
            self._warn(f"{', '.join(others)} was imported before automatic logging began and is not heard: "
                       "begin earlier, or run the script by reg log --auto")  # fmt: skip

    def stop(self) -> None:
        """Put every function back in its place."""
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
        """Begin anew in a forked child, in which nobody gives back what other threads of its parent held."""
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
                except Exception as error:  # the import that led here goes on
                    self._warn(f"{name} is not logged automatically: {type(error).__name__}: {error}")

    def _take_table(self, framework: Framework, package: str) -> None:
        for hook in framework.hooks:
            module = hook.target.partition(":")[0]
            if module.partition(".")[0] == package:
                self._hooks.setdefault(module, []).append((framework, hook))

    def _imported(self, module: ModuleType) -> None:
        with self._lock:
            if self.ears.rules is not None:
                self._hook(module)

    def _hook_when_whole(self, module: ModuleType) -> None:
        """Hook a module; one that another thread is in the midst of importing by and by."""
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
                patches = replace(module, hook.target.partition(":")[2], partial(wrap, self.ears, framework, hook))
            except Exception:  # a module may do anything when it is asked for a name
                if not hook.optional:
                    self._miss(framework, hook)
                continue
            self._patches += patches
            self._wrappers.append(getattr(patches[0].now, "__func__", patches[0].now))

    def _miss(self, framework: Framework, hook: Hook) -> None:
        package = sys.modules.get(hook.target.partition(":")[0].partition(".")[0])
        version = getattr(package, "__version__", "")
        title = f"{framework.title} {version}".rstrip()
        name = hook.target.replace(":", ".")
        self._warn(f"{title} is newer or older than what is known here: {name} is not there, "
                   "and what it does is not heard")  # fmt: skip

    def _warn(self, text: str) -> None:
        with suppress(Exception):
            sink = self.ears.make_sink()
            if sink is not None:
                sink.warn(text)


_switch = Switch(TABLES, load_framework)
os.register_at_fork(after_in_child=_switch.renew)
