from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.tasks.run.step_names import split_path, split_step

WORDS = ["step", "epoch", "ep", "iter", "iteration", "it", "ckpt", "checkpoint", "global_step", "update", "batch",
         "weights", "snapshot"]  # fmt: skip
HEADS = st.sampled_from(["", "resnet50_", "a.b-", "x=", "m "])
SEPARATORS = st.sampled_from(["", "-", "_", ".", "=", "--"])


@pytest.mark.parametrize(("name", "line", "step"), [
    ("ckpt-500", "ckpt", 500), ("epoch=3-step=128", "epoch-step", 128), ("resnet50_epoch3", "resnet50_epoch", 3),
    ("weights.05-0.23", "weights", 5), ("epoch=3-val_loss=0.25", "epoch-val_loss", 3), ("EPOCH_07", "EPOCH", 7),
    ("step-100_fp16", "step_fp16", 100), ("model.ckpt-1000", "model.ckpt", 1000), ("step-9-lr=1e-3", "step-lr", 9),
    ("Qwen2.5-0.5B-step-10", "Qwen2.5-0.5B-step", 10), ("ep2_it30", "ep_it", 2), ("global_step12", "global_step", 12),
])  # fmt: skip
def test_steps(name: str, line: str, step: int) -> None:
    assert split_step(name) == (line, step)


@pytest.mark.parametrize(("name", "told", "line"), [
    ("model_30", 30, "model"), ("model_007", 7, "model"), ("model-100", 100, "model"), ("resnet50", 50, "resnet50"),
    ("fold_0", 100, "fold_0"), ("model_0", 7, "model_0"), ("fold_0", 0, "fold"), ("a_100", 1, "a_100"),
    ("weight.5", 5, "weight"), ("weight.05-0.23", 5, "weight"), ("cp-0004.weights", 4, "cp.weights"),
    ("model_05_acc0.93", 5, "model_acc"), ("run_5_net_5", 5, "run_5_net"), ("m_5x", 5, "m_5x"), ("m_15", 5, "m_15"),
    ("model_10", 0, "model_10"), ("30", 30, "30"), ("ckpt-500", 7, "ckpt"), ("m", 3, "m"),
])  # fmt: skip
def test_a_step_that_is_known_needs_no_word(name: str, told: int, line: str) -> None:
    assert split_path(Path(f"/w/{name}.ubj"), Path("/w"), told) == (Path(f"/w/{line}.ubj"), told)


@pytest.mark.parametrize("name", ["fold1", "m", "step", "timestep5", "bit8", "checkpoint-3f2a", "v2", "lr0.1", "epochs",
                                  "step-99999999999999999999"])  # fmt: skip
def test_no_steps(name: str) -> None:
    assert split_step(name) == (name, None)


@given(HEADS, st.sampled_from(WORDS), SEPARATORS, st.integers(0, (1 << 63) - 1), SEPARATORS.filter(bool))
def test_names_that_differ_in_the_number_alone_are_one(head: str, word: str, between: str, step: int, end: str) -> None:
    line, found = split_step(f"{head}{word}{between}{step}{end}best")
    assert (line, found) == (f"{head}{word}{end}best", step)
    assert split_step(f"{head}{word}{between}{step}{end}0.25")[0] == f"{head}{word}"


@given(st.text(max_size=40))
def test_any_name_stays_a_name(name: str) -> None:
    line, step = split_step(name)
    assert bool(line) == bool(name)
    assert step is None or step >= 0
    assert (line == name) == (step is None)
    assert split_step(line)[0] == line


@pytest.mark.parametrize(("path", "line", "step"), [
    ("out/ckpt-5.pt", "out/ckpt.pt", 5), ("out/epoch_3/model.pt", "out/epoch/model.pt", 3),
    ("epoch_3/ckpt-500.tar.gz", "epoch/ckpt.tar.gz", 500), ("batch32/m.pt", "batch32/m.pt", None),
    ("checkpoint-5", "checkpoint", 5), (".", ".", None), ("/x/step-1/step-2.pt", "/x/step-1/step.pt", 2),
    ("m.epoch5", "m.epoch5", None),
])  # fmt: skip
def test_paths(path: str, line: str, step: int | None) -> None:
    cwd = Path("/step-9/w")
    assert split_path(cwd / path, cwd) == (cwd / line, step)
