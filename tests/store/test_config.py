from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.store.config import read_settings, write_settings


def test_settings_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    settings = {"author": 'mé = "you"', "view.top": "metrics.acc > 0.9", "view.all": "", "views": "copy"}
    write_settings(path, settings)
    assert read_settings(path) == settings
    write_settings(path, {"author": "other"})
    assert read_settings(path) == {"author": "other"}
    assert [each.name for each in path.parent.iterdir()] == ["config.toml"]


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none.toml") == {}
    (tmp_path / "file").touch()
    assert read_settings(tmp_path / "file" / "config.toml") == {}


def test_settings_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\nviews = "copy"\nflag = true\nnumber = 3\n[view]\ntop = "x"\n')
    assert read_settings(path) == {"views": "copy", "flag": "true", "number": "3", "view.top": "x"}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("views = ")
    with pytest.raises(CorruptError, match=r"config\.toml cannot be read") as caught:
        read_settings(path)
    assert caught.value.hint == f"rm {path}"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    os.mkfifo(path)
    with pytest.raises(CorruptError, match=r"config\.toml is not a regular file"):
        read_settings(path)
