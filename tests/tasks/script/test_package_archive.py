"""The package that a script carries: whole, the same each time, and with all it needs named."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from registry_cli.tasks.script.package_archive import REQUIREMENTS, pack

ROOT = Path(__file__).parents[3]


def test_requirements_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert list(REQUIREMENTS) == project["dependencies"]


@pytest.mark.slow
def test_it_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    data = pack()
    assert pack.__wrapped__() == data
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
        archive.extractall(tmp_path, filter="data")
    assert {(member.mtime, member.uid, member.uname) for member in members} == {(0, 0, "")}
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "registry_cli").rglob("*")
        if path.is_file() and path.suffix in {".py", ".md", ".csv", ".typed"}
    }
    assert kept == package
    told = subprocess.run(
        [sys.executable, "-P", "-c", "import sys; sys.path.insert(0, sys.argv[1]); import registry_cli as reg;"
         "print(reg.__file__)", str(tmp_path)], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == str(tmp_path / "registry_cli" / "__init__.py")
