"""A folder with a registry of a few tasks, oldest first: two that ended well, one that failed, a draft."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.records.task import Code, Recipe
from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg
from tests.tasks.making import draft, run

DIFF = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"
LOCK = b"# cpython 3.11.7\nnumpy==1.26.4\n"


@pytest.fixture
def tasks(reg: Reg, tmp_path: Path) -> Reg:
    with Registry.init(tmp_path) as registry:
        run(registry, "baseline", params={"lr": 0.1}, points={"loss": [1.0, 0.5]}, console=b"one\ntwo\n",
            recipe=Recipe(("python", "train.py", "--lr", "0.1")), code=Code("/w", commit="c0" * 20, branch="main"),
            diff=DIFF, lock=LOCK, tags=("good",), comment="the first\x1b[31m")  # fmt: skip
        run(registry, "tuned", params={"lr": 0.2}, points={"loss": [1.0, 0.25]},
            recipe=Recipe(("python", "train.py", "--lr", "0.2")), code=Code("/w", commit="c0" * 20, branch="main"),
            lock=b"numpy==2.0.0\n")  # fmt: skip
        run(registry, "broken", status="failed", exit_code=3, project="wine", problem="no disk")
        draft(registry, "next")
    return reg


def task_id(reg: Reg, name: str) -> str:
    return str(reg("task", "show", name, "-q").out.strip())
