"""The arguments that hold the file in MegEngine's calls."""

from __future__ import annotations

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables.megengine import FRAMEWORK


@pytest.mark.parametrize("keyword", [False, True])
def test_the_file_is_found_by_position_and_by_name(keyword: bool) -> None:
    save, load = FRAMEWORK.hooks
    assert save.path.get(Call(({},), {"f": "net.mge"}) if keyword else Call(({}, "net.mge"), {})) == "net.mge"
    assert load.path.get(Call((), {"f": "net.mge"}) if keyword else Call(("net.mge",), {})) == "net.mge"
