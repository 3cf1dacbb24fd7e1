"""`reg model rename`: a model gets a new name, and the old one leads to it."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_the_old_name_leads_to_the_new_one(iris: Reg) -> None:
    result = iris("model", "rename", "iris/softmax", "iris/linear", "-m", "clearer")
    assert (result.out, result.err) == ("iris/linear\n", "iris/softmax leads to it from now on\n")
    assert iris("model", "show", "iris/softmax:1", "--columns", "ref").out == "ref\tiris/linear:1\n"
    assert iris("model", "list", "-q").lines == ["iris/linear", "iris/tuned"]
    iris("undo")
    assert iris("model", "list", "-q").lines == ["iris/softmax", "iris/tuned"]


def test_a_taken_or_bad_name_is_refused(iris: Reg) -> None:
    assert "another model" in iris("model", "mv", "iris/softmax", "iris/tuned", code=13).err
    assert "is not a model name" in iris("model", "rename", "iris/softmax", "../x", code=2).err
    assert "no model named" in iris("model", "rename", "nope/x", "a/b", code=11).err
