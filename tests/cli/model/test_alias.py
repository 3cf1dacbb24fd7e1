"""`reg model alias`: a name moves, with guards, a history and undo."""

from __future__ import annotations

from tests.cli.conftest import Reg


def holder(reg: Reg, ref: str) -> str:
    return reg("model", "show", ref, "--columns", "ref").out.split()[-1]


def test_it_moves_and_steps_back(iris: Reg) -> None:
    assert iris("model", "alias", "iris/softmax:1", "prod").out.startswith("iris/softmax:1\t")
    iris("model", "alias", "iris/softmax:2", "prod", "--expect", "iris/softmax:1", "-m", "beats the champion")
    assert holder(iris, "iris/softmax@prod") == "iris/softmax:2"
    assert holder(iris, "iris/softmax@prod@{1}") == "iris/softmax:1"
    back = iris("model", "alias", "--undo", "iris/softmax@prod")
    assert back.out.startswith("iris/softmax:1\t")
    assert back.err == "iris/softmax@prod is held by iris/softmax:1 again\n"


def test_the_list_names_former_holders(iris: Reg) -> None:
    iris("model", "alias", "iris/softmax:2", "best", "-m", "better")
    now, before = iris("model", "alias", "--list", "iris/softmax", "--json").json
    assert (now["alias"], now["current"], now["from"], now["to"], now["message"]) == (
        "best", True, "iris/softmax:1", "iris/softmax:2", "better")  # fmt: skip
    assert (before["current"], before["from"], before["to"]) == (False, None, "iris/softmax:1")
    iris("model", "alias", "--remove", "iris/softmax@best")
    assert [move["current"] for move in iris("model", "alias", "--list", "iris/softmax", "--json").json] == [False] * 3
    assert "never had an alias" in iris("model", "alias", "--list", "iris/tuned", terminal=True).err


def test_guards(iris: Reg) -> None:
    assert "is held by iris/softmax:1" in iris("model", "alias", "iris/softmax:2", "best", "--expect", "", code=13).err
    iris("model", "alias", "iris/softmax:1", "prod", "--expect", "")
    refused = iris("model", "alias", "iris/softmax:1", "live", "--require", "metrics.acc > 0.93", code=17)
    assert "does not satisfy" in refused.err
    iris("model", "alias", "iris/softmax:2", "live", "--require", "metrics.acc > 0.93")


def test_mistakes(iris: Reg) -> None:
    assert "reg model alias iris/softmax:2" in iris("model", "alias", "iris/softmax", "prod", code=2).err
    assert "needs a version and its name" in iris("model", "alias", "iris/softmax:1", code=2).err
    assert "exclude each other" in iris("model", "alias", "x", "--list", "x", code=2).err
    assert "names no alias" in iris("model", "alias", "--undo", "iris/softmax", code=2).err
    assert "is not an alias" in iris("model", "alias", "iris/softmax:1", "7", code=2).err
