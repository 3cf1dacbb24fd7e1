"""A real training with TensorFlow under `reg log --auto`: SavedModel folders, checkpoint prefixes, Keras on it."""

from __future__ import annotations

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.cli.lab import Lab

pytestmark = [pytest.mark.frameworks, pytest.mark.tensorflow]

DATA = "data-00000-of-00001"
TRAIN = """
import keras
import numpy as np
import tensorflow as tf

class Scale(tf.Module):
    def __init__(self):
        self.weight = tf.Variable([2.0, 3.0])

    @tf.function(input_signature=[tf.TensorSpec([2])])
    def __call__(self, x):
        return tf.reduce_sum(self.weight * x)

scale = Scale()
checkpoint = tf.train.Checkpoint(scale=scale)
manager = tf.train.CheckpointManager(checkpoint, "managed", max_to_keep=5)
for step in range(2):
    scale.weight.assign_add([1.0, 1.0])
    manager.save()
print(checkpoint.save("saved/model_ckpt"))
checkpoint.write("saved/plain")
tf.saved_model.save(scale, "exported")

with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    weight = tf.compat.v1.get_variable("weight", [2])
    session.run(tf.compat.v1.global_variables_initializer())
    print(tf.compat.v1.train.Saver().save(session, "one/graph_ckpt", global_step=5))

x = np.random.rand(32, 4).astype("float32")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, x.sum(1), epochs=2, validation_split=0.25, verbose=0,
          callbacks=[keras.callbacks.ModelCheckpoint("best.keras")])
model.export("served", verbose=False)
np.save("x.npy", x)
np.save("y.npy", model.predict(x, verbose=0))
"""
TUNE = """
import sys
import keras
import numpy as np
import tensorflow as tf

exported, served, best, managed = sys.argv[1:]
for path in ("exported", exported):
    scale = tf.saved_model.load(path)
    assert float(scale([1.0, 1.0])) == 9.0, path
x, y = np.load("x.npy"), np.load("y.npy")
server = tf.saved_model.load(served)
assert np.allclose(server.serve(x), y, atol=1e-5)
assert np.array_equal(keras.models.load_model(best).predict(x, verbose=0), y)

weight = tf.Variable([0.0, 0.0])
checkpoint = tf.train.Checkpoint(scale=tf.train.Checkpoint(weight=weight))
for prefix in ("managed/ckpt-2", managed + "/ckpt-2"):
    weight.assign([0.0, 0.0])
    checkpoint.restore(prefix).expect_partial()
    assert weight.numpy().tolist() == [4.0, 5.0]
weight.assign([7.0, 7.0])
checkpoint.write("tuned")
"""


def _need(*modules: str) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


def _files(row: dict[str, Any]) -> dict[str, str]:
    return {file["path"].rpartition("/")[2]: file["sha256"] for file in row["files"]}


def _digests(paths: list[Path]) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()}


def test_folders_prefixes_and_keras(tmp_path: Path) -> None:
    _need("tensorflow", "keras")
    lab = Lab(tmp_path / "work")
    lab.write("train.py", TRAIN)
    lab.write("tune.py", TUNE)
    lab.log("--auto", "--name", "train", "--", "python", "train.py")
    rows = lab.json("model", "query", "--sort", "number")
    lines = {row["name"].rpartition("/")[2]: [each for each in rows if each["name"] == row["name"]] for row in rows}
    assert {name: len(line) for name, line in lines.items()} == {
        "ckpt": 2, "model_ckpt": 1, "plain": 1, "exported": 1, "graph_ckpt": 1, "best": 2, "served": 1,
    }  # fmt: skip
    frameworks = {name: {row["framework"] for row in line} for name, line in lines.items()}
    assert frameworks == {name: {"Keras" if name == "best" else "TensorFlow"} for name in lines}
    assert [row["step"] for row in lines["ckpt"]] == [1, 2]
    assert [lines[name][0]["step"] for name in ("model_ckpt", "graph_ckpt")] == [3, 5]
    assert [row["step"] for row in lines["best"]] == [1, 2]
    assert lab.task("train").curves["val_loss"].count == 2
    assert lines["best"][1]["metrics"]["val_loss"] == pytest.approx(lab.task("train").curves["val_loss"].last)

    assert _files(lines["ckpt"][1]) == _digests(list(lab.root.glob("managed/ckpt-2.*")))
    assert set(_files(lines["graph_ckpt"][0])) == {f"graph_ckpt-5.{end}" for end in ("index", "meta", DATA)}
    for name in ("exported", "served"):
        assert _files(lines[name][0]) == _digests(list((lab.root / name).rglob("*")))

    refs = [lines["exported"][0]["ref"], lines["served"][0]["ref"], lines["best"][1]["ref"], lines["ckpt"][1]["ref"]]
    paths = [lab.reg("model", "path", ref).stdout.decode().strip() for ref in refs]
    lab.log("--auto", "--name", "tune", "--", "python", "tune.py", *paths)
    inputs = {row["id"] for row in rows if row["ref"] in refs}
    assert {one.version for one in lab.task("tune").inputs} == inputs
    [tuned] = lab.json("model", "query", "name ~ '*/tuned'")
    assert {parent["id"] for parent in tuned["parents"]} == inputs
