"""Starts automatic logging when Python starts, before the script can import a framework's functions by name.

This module hides a `sitecustomize` that the machine has, and therefore runs it too, as if this one did not exist. A
Python without our dependencies may run it: it uses only the standard library, and reports any failure as one line on
standard error. An old Python may run it too, which gets no more than that line: the syntax is one that Python 2.7 reads
as well, so types stand in comments. Knows no framework and no task.
"""

# pathlib alone costs more than this whole module; a linter does not read types in comments
# ruff: noqa: PTH118, PTH120, F401

import os
import sys

TYPE_CHECKING = False  # type checkers treat the name as true; `typing` would cost as much as this whole module
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

_HERE = os.path.dirname(os.path.realpath(__file__))
_OLDEST = (3, 11)
_THIS = sys.modules.get("sitecustomize")
"""Keeps this module alive after the next one has taken its place: Python 2 empties a module that nothing refers to."""


class _Ours:
    """Finds our package above this file, if no other finder does: the package alone, not its neighbours."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        # type: (str, Sequence[str] | None, object) -> ModuleSpec | None
        if name != "registry_cli":
            return None
        from importlib.machinery import ModuleSpec, SourceFileLoader

        folder = os.path.dirname(_HERE)
        file = os.path.join(folder, "__init__.py")
        spec = ModuleSpec(name, SourceFileLoader(name, file), origin=file, is_package=True)
        spec.submodule_search_locations = [folder]
        spec.has_location = True  # as for any module in a file: it gets a `__file__`, and its code is cached
        return spec


def _run_next():
    # type: () -> None
    """Run the next `sitecustomize` in our place; Python's `site` reports its errors, as it always does."""
    from importlib import import_module

    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != _HERE]
    ours = sys.modules.pop("sitecustomize")
    try:
        import_module("sitecustomize")
    except ImportError as error:
        if getattr(error, "name", None) != "sitecustomize" and str(error) != "No module named sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", ours)  # the import that runs us expects to find a module


def _begin():
    # type: () -> None
    """Start automatic logging, where the environment asks for it."""
    setting = os.environ.get("REG_AUTOLOG", "")
    if setting in {"", "0"}:
        return
    try:
        if sys.version_info < _OLDEST:
            raise ImportError("it needs Python 3.11, and this is " + sys.version.split()[0])
        sys.meta_path.append(_Ours)
        from registry_cli.sdk.autolog.boot import boot

        boot(setting)
    except Exception as error:
        if sys.stderr is not None:
            sys.stderr.write("reg: automatic logging is off in this process: " + str(error) + "\n")


if __name__ == "sitecustomize":
    try:
        _run_next()
    finally:
        _begin()
