"""A real training with Keras on PyTorch under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.lab import Lab

pytestmark = pytest.mark.frameworks

FIT = """
import json, os
os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(1)
x = np.random.rand(64, 4).astype("float32")
y = (x.sum(1) > 2).astype("float32")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
saves = [
    keras.callbacks.ModelCheckpoint("ckpt-{epoch:02d}.keras"),
    keras.callbacks.ModelCheckpoint("latest.weights.h5", save_weights_only=True),
    keras.callbacks.BackupAndRestore("backup"),
]
history = model.fit(x, y, epochs=3, validation_split=0.25, verbose=0, callbacks=saves)
json.dump(history.history, open("history.json", "w"))
model.set_weights([2 * weight for weight in model.get_weights()])
keras.saving.save_model(model, "final.keras")
model.save("old.h5")
try:
    model.save("final.unknown")
except ValueError:
    pass
np.save("x.npy", x)
np.save("y.npy", model.predict(x, verbose=0))
"""
TUNE = """
import os, pickle, sys
os.environ["KERAS_BACKEND"] = "torch"
import inspect
import keras
import numpy as np

x, y = np.load("x.npy"), np.load("y.npy")
for path in ("final.keras", sys.argv[1]):
    model = keras.models.load_model(path)
    assert np.array_equal(model.predict(x, verbose=0), y), path
assert list(inspect.signature(keras.saving.load_model).parameters)[0] == "filepath"
assert pickle.loads(pickle.dumps(keras.saving.save_model)) is keras.saving.save_model
assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(x, verbose=0), y)
model.fit(x, 1 - (y > 0.5), epochs=1, verbose=0)
model.save_weights("tuned.weights.h5")
"""


def _need(*modules: str) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


def test_a_training_its_checkpoints_and_what_is_made_of_them(tmp_path: Path) -> None:
    _need("keras", "torch", "h5py")
    lab = Lab(tmp_path / "work")
    lab.write("fit.py", FIT)
    lab.write("tune.py", TUNE)
    lab.log("--auto", "--name", "fit", "--", "python", "fit.py")
    history = json.loads((lab.root / "history.json").read_text())
    assert lab.task("fit").curves["val_loss"].count == lab.task("fit").curves["learning_rate"].count == 3

    rows = lab.json("model", "query", "--sort", "number")
    lines = {row["name"].rpartition("/")[2]: [each for each in rows if each["name"] == row["name"]] for row in rows}
    assert {name: len(line) for name, line in lines.items()} == {"ckpt": 3, "latest.weights": 3, "final": 1, "old": 1}
    assert {row["framework"] for row in rows} == {"Keras"}
    for line in (lines["ckpt"], lines["latest.weights"]):
        assert [row["step"] for row in line] == [1, 2, 3]
        assert [row["metrics"]["val_loss"] for row in line] == pytest.approx(history["val_loss"])
    for name, row in [
        ("ckpt-03.keras", lines["ckpt"][2]),
        ("final.keras", lines["final"][0]),
        ("old.h5", lines["old"][0]),
    ]:
        assert row["files"][0]["sha256"] == sha256((lab.root / name).read_bytes()).hexdigest()
    for row in (lines["final"][0], lines["latest.weights"][0]):
        design = json.loads(lab.reg("model", "show", row["ref"], "--design").stdout)
        assert [layer["class_name"] for layer in design["config"]["layers"]] == ["InputLayer", "Dense", "Dense"]
    assert len(lab.json("model", "query", "design.class_name = Sequential")) == len(rows)

    [final] = lines["final"]
    path = lab.reg("model", "path", final["ref"]).stdout.decode().strip()
    lab.log("--auto", "--name", "tune", "--", "python", "tune.py", path)
    assert [(one.name, one.version) for one in lab.task("tune").inputs] == [("final", final["id"])]
    [tuned] = lab.json("model", "query", "name ~ '*/tuned*'")
    assert [(parent["id"], parent["role"]) for parent in tuned["parents"]] == [(final["id"], "input")]
