"""skops: scikit-learn's models without pickle, since 0.3. https://skops.readthedocs.io/en/stable/persistence.html."""

from __future__ import annotations

from typing import Final

from registry_cli.frameworks.objects import report_object
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save

_IO: Final = "skops.io._persist"
_OBJECT: Final = Argument(0, "obj")


def report_dump(call: Call) -> Details:
    """Return the facts of a saved model; `DATA` for data."""
    return report_object(_OBJECT.get(call))


FRAMEWORK = Framework(
    name=None,
    keys=("skops",),
    hooks=(
        Save(f"{_IO}:dump", Argument(1, "file"), report=report_dump),
        Load(f"{_IO}:load", Argument(0, "file")),
        Load(f"{_IO}:get_untrusted_types", Argument(99, "file"), optional=True),  # called before a load
    ),
)
