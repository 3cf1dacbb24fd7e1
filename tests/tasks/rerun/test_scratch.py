"""Folders for one use go, whatever happens to who made them."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.tasks.rerun.scratch import open_scratch
from tests.owners import new_dead_name, new_foreign_name, open_process


def test_it_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    with open_scratch(tmp_path / "work") as folder:
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "link").symlink_to(tmp_path)
        (folder / "file").write_text("x")
    assert list((tmp_path / "work").iterdir()) == []
    assert tmp_path.exists()


def test_it_goes_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), open_scratch(tmp_path) as folder:
        raise RuntimeError
    assert not folder.exists()


def test_leftovers_of_the_dead_go(tmp_path: Path) -> None:
    with open_process() as living:
        for name in (new_dead_name(), living, new_foreign_name(), "mine"):
            (tmp_path / name).mkdir()
        with open_scratch(tmp_path) as folder:
            names = {path.name for path in tmp_path.iterdir()}
        assert len(names) == 4
        assert {living, "mine", folder.name} < names
