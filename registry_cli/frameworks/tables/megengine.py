"""MegEngine's files, pickles of a module or of its state.

https://www.megengine.org.cn/doc/stable/en/reference/api/megengine.save.html
MegEngine has no build for any Python that this program runs on, so the tests hook a test double.
"""

from __future__ import annotations

from registry_cli.frameworks.patching.shapes import Argument, Framework, Load, Save

FRAMEWORK = Framework(
    name="MegEngine",
    keys=("megengine",),
    hooks=(
        Save("megengine.serialization:save", Argument(1, "f")),
        Load("megengine.serialization:load", Argument(0, "f")),
    ),
)
