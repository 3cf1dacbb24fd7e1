"""Real training with real frameworks under `reg log`: scripts that know nothing of us, and one that does."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.lab import Lab

pytestmark = pytest.mark.frameworks

FIT = """
import argparse, json
import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

parser = argparse.ArgumentParser()
parser.add_argument("--C", type=float, default=1.0)
C = parser.parse_args().C
X, y = load_iris(return_X_y=True)
model = LogisticRegression(C=C, max_iter=500)
json.dump({"acc": cross_val_score(model, X, y).mean()}, open("metrics.json", "w"))
joblib.dump(model.fit(X, y), "model.joblib")
"""
PRETRAIN = """
import sys
import torch
torch.manual_seed(int(sys.argv[1]))
torch.save(torch.nn.Linear(4, 2).state_dict(), "base.pt")
"""
TUNE = """
import torch
import registry_cli as reg

torch.manual_seed(0)
net = torch.nn.Linear(4, 2)
net.load_state_dict(torch.load(reg.use("nets/base:1", name="base").path, weights_only=True))
x, y = torch.randn(64, 4), torch.randint(0, 2, (64,))
optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(20):
    optimiser.zero_grad()
    loss = torch.nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimiser.step()
    reg.log_metric("loss", loss.item(), step)
torch.save(net.state_dict(), "tuned.pt")
reg.commit("tuned.pt", "nets/tuned", step=step)
"""


def _need(*modules: str) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "work")


def test_scikit_learn_unmodified(lab: Lab) -> None:
    _need("sklearn", "joblib")
    import joblib
    from sklearn.datasets import load_iris

    lab.write("fit.py", FIT)
    lab.write("data/labels.csv", "setosa,0\n")
    lab.log("--name", "fit", "--data", "data", "--output", "*.joblib", "--metrics", "metrics.json",
            "--", "python", "fit.py", "--C", "0.5")  # fmt: skip
    [version] = lab.json("model", "query", "params.C = 0.5 and metrics.acc > 0.9")
    assert version["framework"] in {"scikit-learn", "ScikitLearn"}
    lineage = json.dumps(lab.json("model", "lineage", version["ref"]))
    commit = lab.git("rev-parse", "HEAD")
    assert commit in lineage
    assert lab.task("fit").data[0].sha256 in lineage
    lab.reg("model", "get", "task:fit", "got")
    features, truth = load_iris(return_X_y=True)
    assert joblib.load(lab.root / "got/model.joblib").score(features, truth) > 0.9


def test_torch_clone_with_another_input(lab: Lab) -> None:
    _need("torch")
    lab.write("pretrain.py", PRETRAIN)
    for seed in ("1", "2"):
        lab.log("--name", f"pretrain {seed}", "--model", "nets/base", "--output", "base.pt", "--",
                "python", "pretrain.py", seed)  # fmt: skip
    lab.write("tune.py", TUNE)
    lab.log("--name", "tune", "--", "python", "tune.py")
    assert [one.name for one in lab.task("tune").inputs] == ["base"]
    draft = lab.reg("task", "clone", "tune", "--input", "base=nets/base:2", "-q").stdout.decode().strip()
    lab.reg("task", "run", draft, "--here")
    first, second = lab.json("model", "query", "name = nets/tuned", "--sort", "number")
    parents = [
        [parent["number"] for parent in one["parents"] if parent["name"] == "nets/base"] for one in (first, second)
    ]
    assert parents == [[1], [2]]
    assert first["files"][0]["sha256"] != second["files"][0]["sha256"]
    assert lab.task(draft).curves["loss"].count == 20
    assert sys.version.split()[0] == lab.task(draft).python["version"]
