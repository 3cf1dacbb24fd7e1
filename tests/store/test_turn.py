from __future__ import annotations

import os
from pathlib import Path

from registry_cli.registry.init import make_registry
from registry_cli.store.turn import open_turn


def test_nobody_waits_for_a_pipe_in_its_place(tmp_path: Path) -> None:
    layout = make_registry(tmp_path, shared=False)
    layout.turn.unlink()
    os.mkfifo(layout.turn)
    with open_turn(layout):
        pass
