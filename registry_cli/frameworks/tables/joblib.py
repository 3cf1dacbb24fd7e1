"""joblib, and so scikit-learn: whole objects of any framework.

https://joblib.readthedocs.io/en/stable/persistence.html. Not logged: joblib's own saves, which are the results of
`Memory` and the arrays that its workers share, and scikit-learn's downloaded data sets.
"""

from __future__ import annotations

from typing import Final

from registry_cli.frameworks.callers import find_caller
from registry_cli.frameworks.objects import report_object
from registry_cli.frameworks.patching.paths import find_path
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save

_VALUE: Final = Argument(0, "value")
_LOADED: Final = Argument(0, "filename")
_FOR_THEMSELVES: Final = ("joblib.", "sklearn.datasets.")


def report_dump(call: Call) -> Details | None:
    """Return the facts of a saved model; `DATA` for data, None for caches."""
    return None if _is_cache() else report_object(_VALUE.get(call))


def report_load(call: Call) -> str | None:
    """Return the path that is loaded; None for caches."""
    return None if _is_cache() else find_path(_LOADED.get(call))


def _is_cache() -> bool:
    caller = find_caller()
    return caller is not None and str(caller.f_globals.get("__name__", "")).startswith(_FOR_THEMSELVES)


FRAMEWORK = Framework(
    name=None,
    keys=("joblib",),
    hooks=(
        Save("joblib.numpy_pickle:dump", Argument(1, "filename"), report=report_dump, empties=True),
        Load("joblib.numpy_pickle:load", _LOADED, report=report_load),
    ),
)
