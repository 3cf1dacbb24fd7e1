"""`pickle.dump` to a file, where the script itself calls it: libraries pickle many objects that are not models.

https://docs.python.org/3/library/pickle.html. Not logged: `pickle.Pickler`, and files written from the bytes of
`pickle.dumps`.
"""

from __future__ import annotations

from typing import Final

from registry_cli.frameworks.callers import find_caller, is_script
from registry_cli.frameworks.objects import report_object
from registry_cli.frameworks.patching.paths import find_path
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save

_OBJECT: Final = Argument(0, "obj")
_LOADED: Final = Argument(0, "file")


def report_dump(call: Call) -> Details | None:
    """Return the facts of a saved model; `DATA` for data, None for saves of a library."""
    return report_object(_OBJECT.get(call)) if is_script(find_caller()) else None


def report_load(call: Call) -> str | None:
    """Return the path that is loaded; None for loads of a library."""
    return find_path(_LOADED.get(call)) if is_script(find_caller()) else None


FRAMEWORK = Framework(
    name=None,
    keys=("pickle",),
    hooks=(
        Save("pickle:dump", Argument(1, "file"), report=report_dump),
        Load("pickle:load", _LOADED, report=report_load),
    ),
)
