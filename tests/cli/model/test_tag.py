"""`reg model tag`: tags are added and removed in one entry."""

from __future__ import annotations

from tests.cli.conftest import Reg


def tags(reg: Reg, ref: str) -> list[str]:
    found: list[str] = reg("model", "show", ref, "--json").json["tags"]
    return found


def test_tags_come_and_go(iris: Reg) -> None:
    changed = iris("model", "tag", "iris/softmax:1", "iris/tuned", "--add", "a", "--add", "b", "--remove", "baseline")
    assert [line.split("\t")[0] for line in changed.lines] == ["iris/softmax:1", "iris/tuned:1"]
    assert tags(iris, "iris/softmax:1") == tags(iris, "iris/tuned") == ["a", "b"]


def test_no_entry_without_a_change(iris: Reg) -> None:
    before = iris("status", "--json").json["head"]
    assert iris("model", "tag", "iris/softmax:1", "--add", "baseline").out.startswith("iris/softmax:1\t")
    assert iris("model", "tag", "-", "--add", "x", stdin="\n").out == ""
    assert iris("model", "tag", "-", "--add", "x", "--json", stdin="").json == []
    assert iris("status", "--json").json["head"] == before


def test_mistakes(iris: Reg) -> None:
    assert "no tag to add or remove" in iris("model", "tag", "iris/tuned", code=2).err
    assert "added and removed" in iris("model", "tag", "iris/tuned", "--add", "x", "--remove", "x", code=2).err
    assert "is not a tag" in iris("model", "tag", "iris/tuned", "--add", "a,b", code=2).err
    assert tags(iris, "iris/tuned") == []
