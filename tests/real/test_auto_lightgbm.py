"""LightGBM under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

DATA = """
import numpy as np
X = np.random.RandomState(0).rand(200, 3)
y = (X.sum(1) > 1.5).astype(int)
"""
FIT = f"""{DATA}
import inspect, json, pickle
import joblib
import lightgbm as lgb

params = {{"objective": "binary", "metric": ["binary_logloss", "auc"], "verbosity": -1, "num_threads": 1}}
data = lgb.Dataset(X[:150], y[:150])
held_out = lgb.Dataset(X[150:], 1 - y[150:], reference=data)
log = {{}}
def save(env):
    if env.iteration:
        env.model.save_model(f"iter_{{env.iteration + 1}}.txt")
theirs = [save, lgb.record_evaluation(log), lgb.early_stopping(2, verbose=False)]
booster = lgb.train(params, data, 9, [data, held_out], ["train", "valid"], callbacks=theirs)
assert len(theirs) == 3 and booster.best_iteration == 1 and len(log["valid"]["auc"]) == 3
booster.save_model("final.txt")
np.save("told.npy", booster.predict(X))
json.dump(log["valid"]["auc"], open("auc.json", "w"))

names = np.where(y, "yes", "no")
model = lgb.LGBMClassifier(n_estimators=3, n_jobs=1, verbosity=-1).fit(X, names)
joblib.dump(model, "sklearn.joblib")
assert b"registry_cli" not in pickle.dumps(model) + pickle.dumps(booster)
folds = lgb.cv(params, lgb.Dataset(X, y), 2, nfold=2, return_cvbooster=True)["cvbooster"]
folds.save_model("folds.json")
assert len(lgb.CVBooster(model_file="folds.json").boosters) == 2
heard = []
given = {{"params": params, "train_set": lgb.Dataset(X, y), "num_boost_round": 2, "callbacks": [heard.append]}}
"""
FIT += """
def listen(env):
    heard.append(env.iteration)
given["callbacks"] = [listen]
names = list(inspect.signature(lgb.train).parameters)
lgb.train(*[given.get(name, False if name == "keep_training_booster" else None) for name in names])
assert heard == [0, 1]
"""
TUNE = f"""{DATA}
import lightgbm as lgb

booster = lgb.train({{"verbosity": -1, "num_threads": 1}}, lgb.Dataset(X, y), 1, init_model="final.txt")
booster.save_model("tuned.txt")
"""
READ = """
import lightgbm as lgb
lgb.Booster(model_file="final.txt")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("lightgbm", "joblib", "sklearn")
    lab = Lab(tmp_path / "work")
    for name, text in {"fit.py": FIT, "tune.py": TUNE, "read.py": READ}.items():
        lab.write(name, text)
    return lab


def test_a_training_its_scores_and_what_is_made_of_it(lab: Lab) -> None:
    import lightgbm as lgb
    import numpy as np

    lab.log("--auto", "--name", "fit", "--", "python", "fit.py")
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"iter": 2, "final": 1, "sklearn": 1, "folds": 1}
    assert {row["framework"] for rows in lines.values() for row in rows} == {"LightGBM"}
    assert [row["step"] for row in lines["iter"]] == [2, 3]
    assert lines["sklearn"][0]["labels"] == {"no": 0, "yes": 1}
    [final] = lines["final"]
    assert has_bytes(final, lab.root / "final.txt")
    auc = json.loads((lab.root / "auc.json").read_text())
    curves = lab.task("fit").curves
    assert (curves["train.auc"].count, curves["valid.binary_logloss.std"].count) == (3, 2)
    assert [row["metrics"]["valid.auc"] for row in lines["iter"]] == pytest.approx(auc[1:])
    assert final["metrics"]["valid.auc"] == pytest.approx(auc[0]), "the best round's, which is what was saved"
    features = np.random.RandomState(0).rand(200, 3)
    booster = lgb.Booster(model_file=find_path(lab, final))
    assert booster.predict(features, num_threads=1) == pytest.approx(np.load(lab.root / "told.npy"))


def test_a_model_that_is_trained_on(lab: Lab) -> None:
    import lightgbm as lgb

    lab.log("--auto", "--auto-only", "lightgbm=final*", "--name", "fit", "--", "python", "fit.py")
    [final] = list_lines(lab)["final"]
    assert count_lines(lab) == {"final": 1}
    for name in ("tune", "read"):
        lab.log("--auto", "--name", name, "--", "python", f"{name}.py")
        assert [(one.name, one.version) for one in lab.task(name).inputs] == [("final", final["id"])]
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(final["id"], "input")]
    clone_with(lab, "tune", "final", tuned)
    again = list_lines(lab)["tuned"][-1]
    trees = [lgb.Booster(model_file=find_path(lab, row)).num_trees() for row in (final, tuned, again)]
    assert trees == [1, 2, 3]


def test_off(lab: Lab) -> None:
    lab.log("--auto", "--auto-off", "lightgbm", "--name", "fit", "--", "python", "fit.py")
    assert not count_lines(lab)
    assert not lab.task("fit").curves
