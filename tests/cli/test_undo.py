"""`reg undo`: the newest entry first, then the one before it; publishing cannot be undone."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_the_newest_then_the_one_before(iris: Reg) -> None:
    iris("model", "tag", "iris/tuned", "--add", "a")
    iris("model", "tag", "iris/tuned", "--add", "b")
    undone = iris("undo", "-m", "no")
    assert undone.out.startswith("iris/tuned:1\ttags +b\t")
    assert undone.err.startswith("undone: ")
    assert iris("model", "show", "iris/tuned", "--columns", "tags").out == "tags\ta\n"
    iris("undo")
    assert iris("model", "show", "iris/tuned", "--json").json["tags"] == []


def test_an_entry_by_its_id(iris: Reg) -> None:
    entry = iris("events", "--columns", "entry").lines[-1]
    iris("model", "tag", "iris/softmax:1", "--add", "a")
    assert iris("undo", entry, "--json").json[0]["op"] == "add-version"
    assert iris("model", "list", "-q").lines == ["iris/softmax"]
    assert "no entry starts with" in iris("undo", "ZZZZ", code=11).err


def test_nothing(reg: Reg) -> None:
    reg("init")
    assert "nothing to undo" in reg("undo", code=11).err


def test_what_cannot_be_undone_is_passed_over_and_named(iris: Reg) -> None:
    iris("model", "tag", "iris/tuned", "--add", "a")
    iris("model", "publish", "iris/tuned:1")
    undone = iris("undo")
    assert undone.out.startswith("iris/tuned:1\ttags +a\t")
    passed, done = undone.err.splitlines()
    assert passed.startswith("passed over ")
    assert passed.endswith("(iris/tuned:1): `publish` cannot be undone: a new draft can continue from it")
    assert done.startswith("undone: ")
