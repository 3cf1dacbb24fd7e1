"""Python runs this at its start: automatic logging begins before the script can copy a function of a framework.

It stands before whatever `sitecustomize` a machine has of its own, and runs that as if this one were not there. It may
be run by a Python that is not ours: it uses the standard library alone, and whatever fails is one line on standard
error. Knows no framework and no task.
"""

# pathlib alone costs more than all of this
# ruff: noqa: PTH118, PTH120
from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # type checkers take the name for true; `typing` would cost as much as all of this
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

_HERE = os.path.dirname(os.path.realpath(__file__))
_OLDEST = (3, 11)


class _Ours:
    """Finds our package where this file lies, once nobody else does: it alone, not what lies beside it."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        if name != "registry_cli":
            return None
        from importlib.machinery import ModuleSpec, SourceFileLoader

        folder = os.path.dirname(_HERE)
        file = os.path.join(folder, "__init__.py")
        spec = ModuleSpec(name, SourceFileLoader(name, file), origin=file, is_package=True)
        spec.submodule_search_locations = [folder]
        spec.has_location = True  # as any that lies in a file: it then has a `__file__`, and its code is cached
        return spec


def _run_next() -> None:
    """Run the next `sitecustomize` in our place; what it raises Python's `site` reports, as it always does."""
    from importlib import import_module

    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != _HERE]
    ours = sys.modules.pop("sitecustomize")
    try:
        import_module("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", ours)  # the import that runs us wants to find a module


def _begin() -> None:
    """Begin to log, where `reg` asks for it."""
    told = os.environ.get("REG_AUTOLOG", "")
    if told in {"", "0"}:
        return
    try:
        if sys.version_info < _OLDEST:
            raise ImportError(f"it needs Python 3.11, and this is {sys.version.split()[0]}")
        sys.meta_path.append(_Ours)
        from registry_cli.sdk.autolog.boot import boot

        boot(told)
    except Exception as error:
        if sys.stderr is not None:
            sys.stderr.write(f"reg: automatic logging is off in this process: {error}\n")


if __name__ == "sitecustomize":
    try:
        _run_next()
    finally:
        _begin()
