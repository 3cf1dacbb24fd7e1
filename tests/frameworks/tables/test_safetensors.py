"""Reports about safetensors' saves, without safetensors."""

from __future__ import annotations

import pytest

from registry_cli.frameworks.patching.shapes import Call, Save
from registry_cli.frameworks.tables.safetensors import FRAMEWORK


@pytest.mark.parametrize(("library", "framework"), [("torch", "PyTorch"), ("numpy", None), ("flax", "Flax")])
def test_the_module_tells_whose_tensors_it_saves(library: str, framework: str | None) -> None:
    saves = [hook for hook in FRAMEWORK.hooks if isinstance(hook, Save) and f".{library}:" in hook.target]
    assert saves
    for save in saves:
        assert save.report is not None
        told = save.report(Call(({}, "net.safetensors"), {}))
        assert told is not None
        assert told.framework == framework
        assert save.path.get(Call(({},), {"filename": "net.safetensors"})) == "net.safetensors"
