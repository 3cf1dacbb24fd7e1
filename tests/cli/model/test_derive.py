"""`reg model derive`: a draft with the same bytes, other fields and a parent."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_a_draft_on_the_same_bytes(iris: Reg) -> None:
    iris("model", "publish", "iris/softmax:1")
    assert iris("model", "derive", "iris/softmax:1", "--label", "other=3").out.startswith("iris/softmax:3\t")
    old, new = (iris("model", "show", f"iris/softmax:{n}", "--json").json for n in (1, 3))
    assert new["files"] == old["files"]
    assert new["labels"] == {"setosa": 0, "other": 3}
    assert new["design"] == old["design"]
    assert [(parent["role"], parent["number"]) for parent in new["parents"]] == [("derive", 1)]
    assert not new["published"]


def test_into_another_model(iris: Reg) -> None:
    made = iris("model", "derive", "iris/tuned", "--name", "iris/pilot", "--set", "metadata.x=1", "--framework", "F")
    assert made.out.startswith("iris/pilot:1\t")
    assert iris("model", "show", "iris/pilot", "--columns", "framework,metadata.x").lines == [
        "framework\tF",
        "metadata.x\t1",
    ]
