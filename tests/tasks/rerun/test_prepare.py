"""A task's code, brought back from a registry whose bytes are elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from registry_cli.opening import Registry
from registry_cli.records.task import DIFF, UNTRACKED, Code
from registry_cli.tasks.rerun.draft import clone_task
from registry_cli.tasks.rerun.prepare import restore_code
from tests.tasks.making import start
from tests.upstreams import make_upstream, send_away

NEW = b"diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+new\n"


def test_code_that_is_elsewhere(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        upstream = registry.upstream = make_upstream(tmp_path / "upstream")
        code = Code(str(tmp_path / "code"))
        parts = {DIFF: NEW, f"{UNTRACKED}sub/tool.py": b"tool\n"}
        task = start(registry, parts=parts, code=code).task
        send_away(registry.layout, upstream)
        draft = clone_task(registry, task.id)
        assert not upstream.fetched
        restore_code(registry, draft, code, tmp_path / "work", os.environ)
    assert (tmp_path / "work/new.py").read_text() == "new\n"
    assert (tmp_path / "work/sub/tool.py").read_text() == "tool\n"
    assert len(upstream.fetched) == 2
