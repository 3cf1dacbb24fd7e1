from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.ids import parse_model_name, parse_task_name
from registry_cli.tasks.naming import name_of_command, project_of_folder


@pytest.mark.parametrize(("argv", "name"), [
    (["python", "-u", "src/train.py", "--lr", "1"], "train"), (["python", "-m", "pkg.fit", "x.py"], "fit"),
    (["make"], "make"), (["sh", "we\nird.sh"], "we-ird"), (["sh", os.fsdecode(b"b\xff.sh")], "b-"),
    (["x" * 300], "x" * 200), (["python", "-m", " "], "task"), ([""], "task"), ([], "task"),
])  # fmt: skip
def test_names(argv: list[str], name: str) -> None:
    assert name_of_command(argv) == name


@given(st.lists(st.text() | st.text().map("{}.py".format), max_size=4))
def test_a_derived_name_is_legal(argv: list[str]) -> None:
    assert parse_task_name(name_of_command(argv)) == name_of_command(argv)


@pytest.mark.parametrize("name", [b"plain", b"we\nird", b"b\xff", b"-x", b" ", b"...", b"x" * 250, b"a:b@c", b"cafe"])
def test_projects(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    project = project_of_folder(tmp_path, folder / ".registry")
    assert parse_model_name(f"{project}/{'x' * 90}")
    folder.mkdir()
    (folder / ".git" / "HEAD").parent.mkdir()
    (folder / ".git" / "HEAD").touch()
    assert project_of_folder(folder, tmp_path / ".registry") == project
