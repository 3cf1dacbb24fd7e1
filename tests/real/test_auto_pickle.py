"""`pickle.dump` under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

FIT = """
import pickle
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

X, y = load_iris(return_X_y=True)
model = DecisionTreeClassifier(random_state=0).fit(X, y)
table = pd.DataFrame(X)
table.to_pickle("table.pkl")
pd.to_pickle(model, "by-pandas.pkl")
with open("table2.pkl", "wb") as file:
    pickle.dump(table, file)
with open("final.pkl", "wb") as file:
    pickle.dump(model, file)
pickle.dump({"weights": [0.5, 0.25]}, open("own.pkl", "wb"))
assert pickle.loads(pickle.dumps(model)).predict(X).tolist() == model.predict(X).tolist()
"""
TUNE = """
import pickle

with open("final.pkl", "rb") as file:
    model = pickle.load(file)
with open("tuned.pkl", "wb") as file:
    pickle.dump([model, 0.5], file, protocol=4)
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("sklearn", "pandas")
    lab = Lab(tmp_path / "work")
    lab.write("fit.py", FIT)
    lab.write("tune.py", TUNE)
    return lab


def test_models_of_the_scripts_own_and_no_data(lab: Lab) -> None:
    import pickle

    from sklearn.datasets import load_iris

    lab.log("--auto", "--name", "fit", "--", "python", "fit.py")
    lines = list_lines(lab)
    assert {name: rows[0]["framework"] for name, rows in lines.items()} == {"final": "ScikitLearn", "own": None}
    [final] = lines["final"]
    assert has_bytes(final, lab.root / "final.pkl")
    features, truth = load_iris(return_X_y=True)
    assert pickle.loads(find_path(lab, final).read_bytes()).score(features, truth) == 1

    lab.log("--auto", "--name", "tune", "--", "python", "tune.py")
    assert [(one.name, one.version) for one in lab.task("tune").inputs] == [("final", final["id"])]
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(final["id"], "input")]
    assert tuned["framework"] == "ScikitLearn"


def test_filters(lab: Lab) -> None:
    lab.log("--auto", "--auto-only", "pickle=final*", "--name", "fit", "--", "python", "fit.py")
    assert count_lines(lab) == {"final": 1}
    lab.log("--auto", "--auto-off", "pickle", "--name", "tune", "--", "python", "tune.py")
    assert count_lines(lab) == {"final": 1}
    assert not lab.task("tune").inputs
