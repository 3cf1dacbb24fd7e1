"""`reg du`: areas of the folder, or the usage of models, projects and tasks."""

from __future__ import annotations

from pathlib import Path

from registry_cli.registry.du import AREAS
from tests.cli.conftest import Reg

HERE = [area for area in AREAS if area != "elsewhere"]


def test_areas(iris: Reg) -> None:
    (Path(".registry") / "reserve").touch()
    rows = iris("du", "--json").json
    assert [row["area"] for row in rows] == [*HERE, "total"]
    assert all(row.keys() == {"area", "files", "bytes", "disk", "summary"} for row in rows)
    assert rows[0]["bytes"] == sum(path.stat().st_size for path in Path("in").iterdir())
    assert rows[-1]["bytes"] == sum(row["bytes"] for row in rows[:-1])
    assert [line.split("\t")[0] for line in iris("du").lines] == [*HERE, "total"]
    assert iris("du", "--sort", "area", "--limit", "1", "-q").lines == ["blobs", "total"]


def test_shares(iris: Reg) -> None:
    size = Path("in/1.safetensors").stat().st_size
    assert iris("du", "--by", "model", "--json").json == [
        {"name": "iris/softmax", "versions": 2, "size": 2 * size, "own": 2 * size, "shared": 0},
        {"name": "iris/tuned", "versions": 1, "size": size, "own": size, "shared": 0},
    ]
    assert iris("du", "--by", "project", "--columns", "name,versions").lines == ["iris\t3"]
    assert iris("du", "--by", "task").lines == [f"-\t3\t{3 * size}\t{3 * size}\t0"]
    assert iris("du", "--by", "task", "--json").json[0]["name"] is None
    assert iris("du", "--by", "model", "--sort", "name", "--limit", "1", "-q").lines == ["iris/softmax"]
    assert "`--by`" in iris("du", "--by", "author", code=2).err


def test_a_person_reads_it(iris: Reg) -> None:
    shown = iris("du", terminal=True).shown
    assert shown[0].split() == ["area", "files", "bytes", "disk", "summary"]
    assert shown[1].split()[1:4:2] == ["3", "B"] or "kB" in shown[1]
    assert "only removed ones" in shown[2]
    assert shown[-1].startswith("total ")
    assert iris("du", "--by", "model", terminal=True).shown[0].split() == ["name", "versions", "size", "own", "shared"]


def test_an_empty_registry(reg: Reg) -> None:
    reg("init")
    assert reg("du", "--by", "model", "--json").json == []
    assert reg("du", "--by", "task", terminal=True).err == "no models yet: reg model add PROJECT/NAME FILE\n"
    assert reg("du").lines[0].startswith("blobs\t0\t0\t0\t")
