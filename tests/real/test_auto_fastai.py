"""Real training with fastai under `reg log --auto`: its learner and its tables, by scripts that never heard of us."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

TABLE = """
import warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from fastai.callback.tracker import SaveModelCallback
from fastai.tabular.all import *

def make_learner(seed):
    set_seed(seed)
    draw = np.random.RandomState(0)
    table = pd.DataFrame({"a": draw.randn(64), "b": draw.choice(["u", "v"], 64)})
    table["y"] = np.where(table["a"] > 0, "p", "q")
    loaders = TabularDataLoaders.from_df(
        table, path=".", y_names="y", cat_names=["b"], cont_names=["a"], procs=[Categorify, Normalize], bs=16
    )
    return tabular_learner(loaders, layers=[4], metrics=accuracy), table
"""
FIT = """
import json, sys
from table import *

learner, table = make_learner(int(sys.argv[1]))
with learner.no_bar(), learner.no_logging():
    learner.lr_find(show_plot=False, num_it=6)
    learner.fit(2, 0.1, cbs=SaveModelCallback(every_epoch=True, fname="epoch"))
    learner.fit(1, 0.1)
learner.save("net")
learner.export("learner.pkl")
json.dump({"predicted": str(learner.predict(table.iloc[0])[0]), "chances": learner.predict(table.iloc[0])[2].tolist()},
          open("told.json", "w"))
"""
TUNE = """
from table import *

learner, table = make_learner(9)
learner.load("given")
learner.save("tuned")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("fastai", "torch")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", "import fastai.tabular.all"], capture_output=True)
    if done.returncode:
        pytest.skip(f"fastai.tabular does not import: {done.stderr.decode().splitlines()[-1]}")
    lab = Lab(tmp_path / "work")
    for name, text in {"table": TABLE, "fit": FIT, "tune": TUNE}.items():
        lab.write(f"{name}.py", text)
    return lab


def _log(lab: Lab, script: str, *words: str) -> None:
    name, *arguments = script.split()
    lab.log("--auto", *words, "--name", name, "--", "python", f"{name}.py", *arguments)


def test_a_learner_its_checkpoints_and_what_is_made_of_them(lab: Lab) -> None:
    import torch

    _log(lab, "fit 1")
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"epoch": 2, "net": 1, "learner": 1}
    assert {row["framework"] for rows in lines.values() for row in rows} == {"PyTorch"}
    assert [row["step"] for row in lines["epoch"]] == [3, 6]
    [net], [exported] = lines["net"], lines["learner"]
    assert net["step"] == exported["step"] == 9
    assert {lab.task("fit").curves[name].count for name in ("train_loss", "valid_loss", "accuracy")} == {3}
    assert "valid_loss" in lines["epoch"][0]["metrics"]
    assert has_bytes(net, lab.root / "models/net.pth")
    code = "import sys, json; from fastai.tabular.all import *; from table import *; learner, table = make_learner(1)"
    load = f"{code}; print(load_learner(sys.argv[1]).predict(table.iloc[0])[2].tolist())"
    said = lab.run(sys.executable, "-W", "ignore", "-c", load, str(find_path(lab, exported))).stdout.decode()
    assert json.loads(said.splitlines()[-1]) == pytest.approx(
        json.loads((lab.root / "told.json").read_text())["chances"]
    )

    shutil.copy(lab.root / "models/net.pth", lab.root / "models/given.pth")
    _log(lab, "tune")
    _log(lab, "fit 2")
    other = list_lines(lab)["net"][-1]
    clone_with(lab, "tune", "given", other)
    tuned = list_lines(lab)["tuned"]
    assert [list_parents(row) for row in tuned] == [[(net["id"], "input")], [(other["id"], "input")]]
    first, second = (torch.load(find_path(lab, row), weights_only=False)["model"] for row in tuned)
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_filters(lab: Lab) -> None:
    _log(lab, "fit 1", "--auto-off", "fastai", "--auto-only", "pytorch=learner*")
    assert count_lines(lab) == {"learner": 1}
    _log(lab, "fit 2", "--auto-only", "fastai=net*")
    assert count_lines(lab) == {"learner": 1, "net": 1}
