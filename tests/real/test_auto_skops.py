"""skops under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

FIT = """
import numpy as np
import skops.io as sio
from skops.io import dump
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression().fit(X, np.where(y == 0, "setosa", "other"))
sio.dump(X, "features.skops")
dump(model, "final.skops")
with open("open.skops", "wb") as file:
    sio.dump(model.set_params(C=2).fit(X, y), file)
assert sio.loads(sio.dumps(model)).C == 2
"""
TUNE = """
import skops.io as sio

model = sio.load("final.skops", trusted=sio.get_untrusted_types(file="final.skops"))
model.intercept_ += 1
sio.dump(model, file="tuned.skops")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("skops", "sklearn")
    lab = Lab(tmp_path / "work")
    lab.write("fit.py", FIT)
    lab.write("tune.py", TUNE)
    return lab


def test_models_and_what_is_made_of_them(lab: Lab) -> None:
    import skops.io

    lab.log("--auto", "--name", "fit", "--", "python", "fit.py")
    lines = list_lines(lab)
    assert lines.keys() == {"final", "open"}
    assert {rows[0]["framework"] for rows in lines.values()} == {"ScikitLearn"}
    [final] = lines["final"]
    assert final["labels"] == {"other": 0, "setosa": 1}
    for name in lines:
        assert has_bytes(lines[name][0], lab.root / f"{name}.skops")

    lab.log("--auto", "--name", "tune", "--", "python", "tune.py")
    assert [(one.name, one.version) for one in lab.task("tune").inputs] == [("final", final["id"])]
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(final["id"], "input")]
    clone_with(lab, "tune", "final", tuned)
    biases = [skops.io.load(find_path(lab, row)).intercept_ for row in (final, *list_lines(lab)["tuned"])]
    assert biases[2] == pytest.approx(biases[0] + 2)


def test_filters(lab: Lab) -> None:
    lab.log("--auto", "--auto-only", "skops=final*", "--name", "fit", "--", "python", "fit.py")
    assert count_lines(lab) == {"final": 1}
    lab.log("--auto", "--auto-off", "scikit", "--name", "tune", "--", "python", "tune.py")
    assert count_lines(lab) == {"final": 1}
    assert [one.name for one in lab.task("tune").inputs] == ["final"]
