"""Tags of tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.errors import UsageError
from registry_cli.ids import TagName
from registry_cli.registry.api import Registry
from registry_cli.tasks.tag import tag_tasks
from tests.tasks.making import draft, run


def test_tags_come_and_go(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        run(registry, "a", tags=("old",), metrics={"loss": 1})
        draft(registry, "b")
        rows = tag_tasks(registry, ["a", "b"], add=[TagName("new")], remove=[TagName("old")])
        assert [(row.name, row.status, row.tags) for row in rows] == [
            ("a", "completed", ("new",)), ("b", "draft", ("new",)),
        ]  # fmt: skip
        assert rows[0].metrics == {"loss": 1}
        before = registry.index.head
        tag_tasks(registry, ["a"], add=[TagName("new")])
        assert registry.index.head == before
        with pytest.raises(UsageError, match="added and removed"):
            tag_tasks(registry, ["a"], add=[TagName("x")], remove=[TagName("x")])
