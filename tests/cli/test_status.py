"""`reg status`: the registry in use, its size and its state."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Reg


def test_numbers(iris: Reg, tmp_path: Path) -> None:
    iris("model", "publish", "iris/tuned:1")
    iris("model", "archive", "iris/softmax:2")
    status = iris("status", "--json").json
    assert status["path"] == str(tmp_path / ".registry")
    expected = {
        "models": 2,
        "versions": 3,
        "published": 1,
        "archived": 1,
        "void": 0,
        "writable": True,
        "author": "tester",
    }
    assert {key: status[key] for key in expected} == expected
    assert status["size"] == sum(path.stat().st_size for path in Path("in").iterdir())
    assert status["head"]["seq"] == 5
    assert status["index"] == str(tmp_path / ".registry/cache/index.sqlite")
    assert dict(line.split("\t") for line in iris("status").lines)["head.seq"] == "5"


def test_a_person_reads_it(iris: Reg) -> None:
    shown = [line.rstrip() for line in iris("status", terminal=True).shown]
    assert any(line.startswith("holds     2 models, 3 versions, ") for line in shown)
    assert shown[-1] == "writable  yes, as tester"


def test_an_empty_registry(reg: Reg) -> None:
    assert "hint: reg init" in reg("status", code=10).err
    reg("init")
    assert reg("status", "--json").json["head"] == {"seq": 0, "entry": None, "time": None}
    assert "nothing yet" in reg("status", terminal=True).out


def test_a_damaged_record_is_reported(iris: Reg, tmp_path: Path) -> None:
    (version,) = iris("model", "query", "--name", "iris/tuned", "-q").lines
    (tmp_path / ".registry/records" / version[:2] / f"{version[2:]}.toml").unlink()
    (tmp_path / ".registry/cache/index.sqlite").unlink()
    status = iris("status", "--json").json
    assert not status["writable"]
    assert "iris/tuned:1 is damaged" in status["refusal"]
    assert "iris/tuned:1 is damaged" in iris("model", "show", "iris/tuned", code=14).err
    assert iris("model", "show", "iris/softmax:1", "--json").json["number"] == 1
