"""Reports when a module of a given name has been imported, so that its functions are patched before they are copied.

The finder stands before all others and finds nothing itself: it asks those after it, and wraps their loader, which
reports when it is done. Knows no hook.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from registry_cli.frameworks.patching.hidden_frames import hide_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Finder:
    """A finder for `sys.meta_path`.

    Args:
        watches: Returns True for the full name of a module to report; called before the module is searched.
        imported: Called with the module when its code has run.
    """

    def __init__(self, watches: Callable[[str], bool], imported: Callable[[ModuleType], None]) -> None:
        self._watches = watches
        self._imported = imported

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec from the finders after this one, with a loader that reports; None for all other modules."""
        if not self._watches(fullname):
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
            if spec is not None:
                self._listen(spec.loader)
                return spec
        return None

    def _listen(self, loader: Any) -> None:
        """Make a loader report once when it has run a module; skip one that cannot be changed, or already is."""
        plain = getattr(loader, "exec_module", None)
        own = getattr(loader, "__dict__", None)
        if plain is None or own is None or isinstance(loader, type) or "exec_module" in own:
            return

        @hide_frame
        def exec_module(module: ModuleType) -> None:
            own.pop("exec_module", None)  # zipimport has one loader for many modules
            plain(module)
            self._imported(module)

        own["exec_module"] = exec_module
