"""`reg model edit`: fields change, each time in one entry; sealed fields do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Reg


def test_fields_are_set(iris: Reg) -> None:
    words = ("--set", "metadata.threshold=0.42", "--set", "metrics.auc=1.0", "--set", "metadata.layers:=[4, 3]",
             "--label", "virginica=2", "--unset-label", "setosa", "--comment", "for the pilot")  # fmt: skip
    assert iris("model", "edit", "iris/softmax:1", *words, "-m", "why").out.startswith("iris/softmax:1\t")
    version = iris("model", "show", "iris/softmax:1", "--json").json
    assert version["metadata"]["threshold"] == 0.42
    assert version["metadata"]["layers"] == [4, 3]
    assert version["metrics"] == {"acc": 0.91, "auc": 1.0}
    assert version["labels"] == {"virginica": 2}
    assert version["comment"] == "for the pilot"
    assert version["message"] == "first try"
    iris("undo")
    assert iris("model", "show", "iris/softmax:1", "--json").json["labels"] == {"setosa": 0}


def test_fields_are_unset(iris: Reg) -> None:
    iris("model", "edit", "iris/softmax:1", "--unset", "metadata.owner", "--unset", "design", "--unset", "comment")
    version = iris("model", "show", "iris/softmax:1", "--json").json
    assert "owner" not in version["metadata"]
    assert version["design"] is version["comment"] is None


def test_many_at_once(iris: Reg, tmp_path: Path) -> None:
    ids = iris("model", "query", "-q").out
    (tmp_path / "d.txt").write_text("a design")
    changed = iris("model", "edit", "-", "--framework", "Softmax", "--design", "d.txt", stdin=ids)
    assert len(changed.lines) == 3
    assert len(iris("events", "--limit", "1").lines) == 3
    assert iris("model", "edit", "-", "--comment", "x", stdin="").out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to change"),
        (["--set", "size=3"], "cannot be set"),
        (["--set", "metrics.acc=high"], "a metric is a number"),
        (["--set", "metadata.x"], "has no value"),
        (["--unset", "number"], "cannot be unset"),
        (["--label", "a=x"], "not a label with its number"),
    ],
)
def test_nonsense_is_refused(iris: Reg, words: list[str], message: str) -> None:
    assert message in iris("model", "edit", "iris/tuned:1", *words, code=2).err


def test_a_published_version_keeps_its_labels(iris: Reg) -> None:
    iris("model", "publish", "iris/softmax:1")
    refused = iris("model", "edit", "iris/softmax:1", "--label", "x=3", code=17)
    assert "published" in refused.err
    iris("model", "edit", "iris/softmax:1", "--comment", "still open", "--set", "metrics.auc=0.9")
