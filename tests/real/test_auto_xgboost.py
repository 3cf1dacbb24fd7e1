"""XGBoost under `reg log --auto`, by scripts that never heard of us."""

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
"""
FIT = f"""{DATA}
import inspect, json, os, pickle, warnings
import joblib
import xgboost as xgb

data, held_out = xgb.DMatrix(X[:80], y[:80]), xgb.DMatrix(X[80:], y[80:])
params = {{"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "nthread": 1}}
seen = []
class Theirs(xgb.callback.TrainingCallback):
    def after_iteration(self, model, epoch, evals_log):
        seen.append(epoch)
        return epoch == 5

os.mkdir("checkpoints")
theirs = [Theirs(), xgb.callback.TrainingCheckPoint("checkpoints", name="step", interval=2)]
log = {{}}
booster = xgb.train(params, data, 9, evals=[(data, "train"), (held_out, "valid")], evals_result=log,
                    callbacks=theirs, verbose_eval=False)
assert seen == [0, 1, 2, 3, 4, 5] and len(theirs) == 2
booster.save_model("final.ubj")
booster.save_model("text.json")
np.save("told.npy", booster.predict(held_out))
json.dump(log["valid"]["auc"], open("auc.json", "w"))

early = xgb.XGBClassifier(n_estimators=9, early_stopping_rounds=2, n_jobs=1)
early.fit(X, y, eval_set=[(X, 1 - y)], verbose=False)
joblib.dump(early, "early.joblib")
early.save_model("own.ubj")
json.dump([early.best_score, early.evals_result()["validation_0"]["logloss"]], open("best.json", "w"))
assert b"registry_cli" not in pickle.dumps(early) + pickle.dumps(booster)
assert early.callbacks is None
assert xgb.cv(params, data, 2, nfold=2, as_pandas=False)["test-auc-mean"]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    names = list(inspect.signature(xgb.train).parameters)
    given = {{"params": params, "dtrain": data, "num_boost_round": 2, "verbose_eval": False, "callbacks": theirs[:1]}}
    places = names[: names.index("callbacks") + 1]
    xgb.train(*[given.get(name, [] if name == "evals" else None) for name in places])
assert seen[-2:] == [0, 1]
"""
TUNE = f"""{DATA}
import xgboost as xgb

booster = xgb.train({{"nthread": 1}}, xgb.DMatrix(X, y), 1, xgb_model="final.ubj")
booster.save_model("tuned.ubj")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("xgboost", "joblib", "sklearn")
    lab = Lab(tmp_path / "work")
    lab.write("fit.py", FIT)
    lab.write("tune.py", TUNE)
    return lab


def test_a_training_its_scores_and_what_is_made_of_it(lab: Lab) -> None:
    import numpy as np
    import xgboost as xgb

    lab.log("--auto", "--name", "fit", "--", "python", "fit.py")
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"step": 2, "final": 1, "text": 1, "early": 1, "own": 1}
    assert {row["framework"] for rows in lines.values() for row in rows} == {"XGBoost"}
    assert [row["step"] for row in lines["step"]] == [2, 4]
    [final] = lines["final"]
    assert has_bytes(final, lab.root / "final.ubj")
    auc = json.loads((lab.root / "auc.json").read_text())
    curves = lab.task("fit").curves
    assert (curves["valid.auc"].count, curves["train.logloss"].count, curves["test.auc.std"].count) == (6, 8, 2)
    assert final["metrics"]["valid.auc"] == pytest.approx(auc[-1])
    assert [row["metrics"]["valid.auc"] for row in lines["step"]] == pytest.approx([auc[2], auc[4]])

    best, history = json.loads((lab.root / "best.json").read_text())
    assert len(history) < 9
    for name in ("early", "own"):
        assert lines[name][0]["metrics"]["validation_0.logloss"] == pytest.approx(best)
    booster = xgb.Booster(model_file=find_path(lab, final))
    features = np.random.RandomState(0).rand(120, 3)[80:]
    assert (booster.predict(xgb.DMatrix(features)) == np.load(lab.root / "told.npy")).all()


def test_a_model_that_is_trained_on(lab: Lab) -> None:
    import xgboost as xgb

    lab.log("--auto", "--auto-only", "xgboost=final*", "--name", "fit", "--", "python", "fit.py")
    [final] = list_lines(lab)["final"]
    assert count_lines(lab) == {"final": 1}
    lab.log("--auto", "--name", "tune", "--", "python", "tune.py")
    assert [(one.name, one.version) for one in lab.task("tune").inputs] == [("final", final["id"])]
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(final["id"], "input")]
    clone_with(lab, "tune", "final", tuned)
    again = list_lines(lab)["tuned"][-1]
    rounds = [xgb.Booster(model_file=find_path(lab, row)).num_boosted_rounds() for row in (final, tuned, again)]
    assert rounds == [6, 7, 8]


def test_off(lab: Lab) -> None:
    lab.log("--auto", "--auto-off", "xgboost", "--name", "fit", "--", "python", "fit.py")
    assert not count_lines(lab)
    assert not lab.task("fit").curves
