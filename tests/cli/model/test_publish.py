"""`reg model publish`: versions are sealed for ever."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_it_is_sealed_once(iris: Reg) -> None:
    assert iris("model", "publish", "iris/softmax:1", "iris/tuned:1").lines[1].startswith("iris/tuned:1\t")
    publication = iris("model", "show", "iris/softmax:1", "--json").json["publication"]
    assert len(publication) == 64
    iris("model", "publish", "iris/softmax@best")
    assert iris("model", "show", "iris/softmax:1", "--json").json["publication"] == publication
    entry = iris("events", "--columns", "entry").lines[-1]
    assert "cannot be undone" in iris("undo", entry, code=17).err


def test_a_bare_name_is_not_enough(iris: Reg) -> None:
    result = iris("model", "publish", "iris/softmax", code=2)
    assert result.err.splitlines()[1] == "hint: reg model publish iris/softmax:2"
    assert iris("model", "publish", "-", stdin="").out == ""


def test_an_archived_version_cannot_be_published(iris: Reg) -> None:
    iris("model", "archive", "iris/tuned:1")
    assert "reg model restore" in iris("model", "publish", "iris/tuned:1", code=17).err
