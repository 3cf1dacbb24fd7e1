"""CatBoost under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

DATA = """
import numpy as np
X = np.random.RandomState(0).rand(120, 3)
y = (X.sum(1) > 1.5).astype(int)
quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}
"""
FIT = f"""{DATA}
import json, pickle
import catboost
import joblib
from catboost import CatBoostClassifier, CatBoostRegressor, Pool

names = np.where(y, "yes", "no")
model = CatBoostClassifier(iterations=5, **quiet).fit(X[:80], names[:80], eval_set=(X[80:], names[80:]))
model.save_model("final.cbm")
model.save_model("text.json", format="json")
model.save_model("graph.onnx", format="onnx")
joblib.dump(model, "sklearn.joblib")
np.save("told.npy", model.predict_proba(X))
json.dump(model.get_evals_result(), open("log.json", "w"))
assert b"registry_cli" not in pickle.dumps(model)
catboost.cv(Pool(X, y), {{"iterations": 2, "loss_function": "Logloss", "logging_level": "Silent",
                          "allow_writing_files": False}}, fold_count=2)
"""
TUNE = f"""{DATA}
from catboost import CatBoostRegressor

CatBoostRegressor(iterations=1, **quiet).fit(X, y).save_model("other.cbm")
model = CatBoostRegressor().load_model("other.cbm")
CatBoostRegressor(iterations=1, **quiet).fit(X, y, init_model="base.cbm").save_model("tuned.cbm")
"""
BASE = f"""{DATA}
from catboost import CatBoostRegressor

CatBoostRegressor(iterations=3, **quiet).fit(X, y).save_model("base.cbm")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("catboost", "joblib")
    lab = Lab(tmp_path / "work")
    for name, text in {"fit.py": FIT, "tune.py": TUNE, "base.py": BASE}.items():
        lab.write(name, text)
    return lab


def test_a_training_and_its_scores(lab: Lab) -> None:
    import numpy as np
    from catboost import CatBoostClassifier

    lab.log("--auto", "--name", "fit", "--", "python", "fit.py")
    lines = list_lines(lab)
    assert {name: rows[0]["framework"] for name, rows in lines.items()} == {
        "final": "CatBoost", "text": "CatBoost", "sklearn": "CatBoost", "graph": "ONNX",
    }  # fmt: skip
    [final] = lines["final"]
    assert final["labels"] == lines["sklearn"][0]["labels"] == {"no": 0, "yes": 1}
    assert has_bytes(final, lab.root / "final.cbm")
    log = json.loads((lab.root / "log.json").read_text())
    curves = lab.task("fit").curves
    assert curves["validation.Logloss"].count == len(log["validation"]["Logloss"]) == 5
    assert curves["test.Logloss.std"].count == 2
    for rows in lines.values():
        assert rows[0]["metrics"]["learn.Logloss"] == pytest.approx(log["learn"]["Logloss"][-1])
    model = CatBoostClassifier().load_model(str(find_path(lab, final)))
    features = np.random.RandomState(0).rand(120, 3)
    assert (model.predict_proba(features) == np.load(lab.root / "told.npy")).all()


def test_a_model_that_is_trained_on(lab: Lab) -> None:
    from catboost import CatBoostRegressor

    lab.log("--auto", "--name", "base", "--", "python", "base.py")
    [base] = list_lines(lab)["base"]
    lab.log("--auto", "--auto-only", "catboost=tuned*", "--name", "tune", "--", "python", "tune.py")
    assert [(one.name, one.version) for one in lab.task("tune").inputs] == [("base", base["id"])]
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(base["id"], "input")]
    clone_with(lab, "tune", "base", tuned)
    assert count_lines(lab) == {"base": 1, "tuned": 2}
    rows = (base, *list_lines(lab)["tuned"])
    assert [CatBoostRegressor().load_model(str(find_path(lab, row))).tree_count_ for row in rows] == [3, 4, 5]


def test_off(lab: Lab) -> None:
    lab.log("--auto", "--auto-off", "catboost", "--name", "fit", "--", "python", "fit.py")
    assert not count_lines(lab)
    assert not lab.task("fit").curves
