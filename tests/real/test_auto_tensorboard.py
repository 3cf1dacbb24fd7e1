"""Scalars that real scripts give to TensorBoard's writers are the task's scalars."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.lab import Lab

pytestmark = pytest.mark.frameworks

TORCH = """
import torch
from torch.utils.tensorboard import SummaryWriter
import tensorboardX

with SummaryWriter("runs/train") as train, SummaryWriter("runs/test") as test:
    for step in range(5):
        train.add_scalar("loss", torch.tensor(1.0 / (step + 1)), step)
        test.add_scalar("loss", 2.0 / (step + 1), global_step=step)
        train.add_scalars("accuracy", {"train": 0.5, "val": 0.25}, step)
    train.add_histogram("weights", torch.ones(3), 0)
writer = tensorboardX.SummaryWriter("runs/x")
writer.add_scalar("train/f1", 0.75, 3)
writer.close()
torch.save({"w": torch.ones(2)}, "net.pt")
"""
SUMMARY = """
import tensorflow as tf

writers = [tf.summary.create_file_writer(f"logs/{name}") for name in ("train", "test")]
for step in range(3):
    for writer in writers:
        with writer.as_default(step=step):
            tf.summary.scalar("loss", tf.constant(0.5) * step)

@tf.function
def traced(value):
    with writers[0].as_default():
        tf.summary.scalar("traced", value, step=1)

traced(tf.constant(1.0))
tf.summary.scalar("unwritten", 1.0, step=1)
with writers[0].as_default():
    tf.summary.scalar("variable", tf.Variable(2.0), step=tf.Variable(7, dtype=tf.int64))
"""


def _need(*modules: str) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


def test_writers_of_pytorch_and_tensorboardx(tmp_path: Path) -> None:
    _need("torch", "tensorboard", "tensorboardX")
    lab = Lab(tmp_path / "work")
    lab.write("train.py", TORCH)
    lab.log("--auto", "--name", "train", "--", "python", "train.py")
    curves = lab.task("train").curves
    names = {"loss": 5, "test/loss": 5, "accuracy/train": 5, "accuracy/val": 5, "train/f1": 1}
    assert {name: curve.count for name, curve in curves.items()} == names
    [net] = lab.json("model", "query", 'metrics.train/f1 = 0.75 and metrics.loss < 0.3 and metrics."test/loss" > 0.3')
    assert net["framework"] == "PyTorch"

    lab.log("--auto", "--auto-off", "tensorboard", "--name", "deaf", "--", "python", "train.py")
    assert not lab.task("deaf").curves


@pytest.mark.tensorflow
def test_summaries_of_tensorflow(tmp_path: Path) -> None:
    _need("tensorflow", "tensorboard")
    lab = Lab(tmp_path / "work")
    lab.write("train.py", SUMMARY)
    lab.log("--auto", "--name", "train", "--", "python", "train.py")
    curves = lab.task("train").curves
    assert {name: curve.count for name, curve in curves.items()} == {"loss": 3, "test/loss": 3, "variable": 1}
