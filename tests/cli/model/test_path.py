"""`reg model path`: paths at which files can be opened in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.ids import Xxh3
from registry_cli.store import views
from tests.cli.conftest import Reg


def test_a_file_or_a_folder_to_open(iris: Reg, tmp_path: Path) -> None:
    one, two = iris("model", "path", "iris/softmax:1", "iris/tuned").lines
    assert Path(one).name == "1.safetensors"
    assert Path(one).read_bytes() == (tmp_path / "in/1.safetensors").read_bytes()
    assert Path(two).read_bytes() == (tmp_path / "in/3.safetensors").read_bytes()
    iris("model", "add", "iris/all", "in")
    assert len(list(Path(iris("model", "path", "iris/all").lines[0]).iterdir())) == 3


def test_a_person_gets_the_path_alone_too(iris: Reg) -> None:
    assert len(iris("model", "path", "iris/tuned", terminal=True).lines) == 1
    assert iris("model", "path", "iris/tuned", "--json").json[0]["ref"] == "iris/tuned:1"
    assert iris("model", "path", "-", stdin="").out == ""


def test_all_bytes_are_read_where_that_is_asked_for(iris: Reg, monkeypatch: pytest.MonkeyPatch) -> None:
    path = iris("model", "path", "iris/tuned").lines[0]
    read: list[str] = []
    xxh3_of_file = views.xxh3_of_file

    def note(path: str) -> Xxh3:
        read.append(path)
        return xxh3_of_file(path)

    monkeypatch.setattr(views, "xxh3_of_file", note)
    assert iris("model", "path", "iris/tuned").lines == [path]
    assert read == []
    assert iris("model", "path", "iris/tuned", "--verify").lines == [path]
    assert read == [path]
