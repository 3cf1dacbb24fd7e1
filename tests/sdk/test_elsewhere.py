"""Scripts in a copy whose bytes are elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import registry_cli as reg
from registry_cli.opening import Registry
from registry_cli.store.layout import DIRECTORY, Layout
from tests.upstreams import make_upstream, send_away

DESIGN = "layer\n" * 2000


@pytest.mark.usefixtures("registry")
def test_a_script_uses_what_is_elsewhere(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = reg.Model(reg.commit(weights, "vision/net", labels={"cat": 1}).id)
    model.config_text = DESIGN
    upstream = make_upstream(tmp_path / "upstream")
    send_away(Layout(tmp_path / DIRECTORY), upstream)
    monkeypatch.setattr(Registry, "upstream", upstream)
    assert reg.use("vision/net").path.read_bytes() == b"weights"
    assert len(upstream.fetched) == 1
    assert Path(str(model.get_weights())).read_bytes() == b"weights"
    assert model.config_text == DESIGN
    assert len(upstream.fetched) == 2
