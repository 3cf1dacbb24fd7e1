"""scikit-learn's models saved by joblib under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

FIT = """
import inspect, io, pickle
import joblib
import numpy as np
from joblib import dump
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_iris(return_X_y=True)
names = np.array(["setosa", "versicolor", "virginica"])[y]
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, names)

def fit(C):
    return LogisticRegression(C=C).fit(X, y)

cached = joblib.Memory("cache", verbose=0).cache(fit)
assert (cached(0.5).coef_ == cached(0.5).coef_).all()
assert joblib.Parallel(n_jobs=2, max_nbytes=10)(joblib.delayed(np.sum)(X) for _ in range(2))[0] == X.sum()

joblib.dump(X, "features.joblib")
assert joblib.dump(model, "final.joblib") == ["final.joblib"]
dump(model.steps[0][1], filename="scaler.joblib.gz")
with open("open.joblib", "wb") as file:
    joblib.dump({"model": fit(0.1), "C": 0.1}, file)
joblib.dump(model, io.BytesIO())
try:
    joblib.dump(lambda: 0, "broken.joblib")
except Exception:
    pass
joblib.dump(model.predict(X), "told.joblib")
assert pickle.loads(pickle.dumps(joblib.dump)) is joblib.dump
assert list(inspect.signature(joblib.dump).parameters)[:2] == ["value", "filename"]
"""
TUNE = """
import joblib
from sklearn.datasets import load_iris

X, y = load_iris(return_X_y=True)
model = joblib.load("base.joblib")
model.steps[1][1].intercept_ += 1
joblib.dump(model, "tuned.joblib")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("joblib", "sklearn")
    lab = Lab(tmp_path / "work")
    lab.write("fit.py", FIT)
    lab.write("tune.py", TUNE)
    return lab


def test_models_their_labels_and_what_is_made_of_them(lab: Lab) -> None:
    import joblib
    from sklearn.datasets import load_iris

    lab.log("--auto", "--name", "fit", "--", "python", "fit.py")
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"final": 1, "scaler": 1, "open": 1}
    assert {rows[0]["framework"] for rows in lines.values()} == {"ScikitLearn"}
    [final] = lines["final"]
    assert final["labels"] == {"setosa": 0, "versicolor": 1, "virginica": 2}
    for name, path in {"final": "final.joblib", "scaler": "scaler.joblib.gz", "open": "open.joblib"}.items():
        assert has_bytes(lines[name][0], lab.root / path), name
    features, _ = load_iris(return_X_y=True)
    loaded = joblib.load(find_path(lab, final))
    assert (loaded.predict(features) == joblib.load(lab.root / "told.joblib")).all()

    (lab.root / "final.joblib").rename(lab.root / "base.joblib")
    lab.log("--auto", "--name", "tune", "--", "python", "tune.py")
    assert [(one.name, one.version) for one in lab.task("tune").inputs] == [("base", final["id"])]
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(final["id"], "input")]

    clone_with(lab, "tune", "base", tuned)
    again = list_lines(lab)["tuned"][-1]
    assert again["id"] != tuned["id"]
    assert list_parents(again)[0] == (tuned["id"], "input")
    twice = joblib.load(find_path(lab, again)).steps[1][1].intercept_
    assert twice == pytest.approx(loaded.steps[1][1].intercept_ + 2)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--auto-only", "scikit=final*"), {"final"}),
        (("--auto-only", "joblib=*.gz"), {"scaler"}),
        (("--auto-off", "scikit"), set()),
    ],
)
def test_filters(lab: Lab, words: tuple[str, ...], names: set[str]) -> None:
    lab.log("--auto", *words, "--name", "fit", "--", "python", "fit.py")
    assert count_lines(lab).keys() == names
