"""The gradient is right, training is repeatable and good enough to teach, and a saved model is the same model."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from registry_cli.demo.iris import SPECIES, load_flowers, split_flowers
from registry_cli.demo.safetensors import Tensor, TensorFile, dump_tensors
from registry_cli.demo.softmax import (
    SETTINGS,
    Settings,
    Softmax,
    accuracy,
    log_loss,
    loss_and_gradient,
    softmax,
    train,
)
from registry_cli.errors import CorruptError

SPLIT = split_flowers(load_flowers())
BRIEF = Settings("brief", learning_rate=0.5, epochs=20, l2=0.01)


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    random = Random(5)
    theta = [[random.gauss(0, 1) for _ in range(4)] for _ in range(3)]
    inputs = [[*(random.gauss(0, 1) for _ in range(3)), 1.0] for _ in range(7)]
    labels = [random.randrange(3) for _ in range(7)]
    _, gradient = loss_and_gradient(theta, inputs, labels, l2=0.3)
    step = 1e-5
    for row in range(3):
        for column in range(4):
            losses = []
            for sign in (1, -1):
                moved = [list(values) for values in theta]
                moved[row][column] += sign * step
                losses.append(loss_and_gradient(moved, inputs, labels, l2=0.3)[0])
            assert gradient[row][column] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-8)


def test_softmax_does_not_overflow() -> None:
    assert softmax([1e4, 1e4]) == [0.5, 0.5]
    assert softmax([-1e4, 0.0, 1e4]) == [0.0, 0.0, 1.0]


@pytest.mark.slow
def test_the_settings_of_the_demo_differ_and_the_last_is_good() -> None:
    models = [train(settings, SPLIT) for settings in SETTINGS]
    accuracies = [accuracy(model, SPLIT.test) for model in models]
    losses = [log_loss(model, SPLIT.test) for model in models]
    assert accuracies[0] + 0.05 < accuracies[1] < accuracies[2] - 0.05
    assert losses[0] > losses[1] + 0.1 > losses[2] + 0.2
    assert accuracies[2] > 0.9


def test_training_is_repeatable() -> None:
    assert train(BRIEF, SPLIT) == train(BRIEF, SPLIT)


def test_each_epoch_is_told_and_lowers_the_loss() -> None:
    seen: list[tuple[int, float]] = []
    train(BRIEF, SPLIT, lambda epoch, loss: seen.append((epoch, loss)))
    assert [epoch for epoch, _ in seen] == list(range(1, BRIEF.epochs + 1))
    assert [loss for _, loss in seen] == sorted((loss for _, loss in seen), reverse=True)


def test_training_goes_on_from_a_model() -> None:
    first = train(BRIEF, SPLIT)
    second = train(BRIEF, SPLIT, start=first)
    assert second.scaling == first.scaling
    assert log_loss(second, SPLIT.train) < log_loss(first, SPLIT.train)


def test_a_saved_model_is_the_same_model(tmp_path: Path) -> None:
    model = train(BRIEF, SPLIT)
    model.save(tmp_path / "model.safetensors")
    loaded = Softmax.load(tmp_path / "model.safetensors")
    assert loaded == model
    assert loaded.predict((5.1, 3.5, 1.4, 0.2)) == "setosa"
    assert sum(loaded.probabilities((5.1, 3.5, 1.4, 0.2))) == pytest.approx(1.0)
    assert loaded.classes == SPECIES


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TensorFile({}), "'classes' is missing"),
        (TensorFile({}, {"classes": "a,b"}), "'weights' is missing"),
        (
            TensorFile({name: Tensor((1,), (1.0,)) for name in ("weights", "bias", "mean", "scale")}, {"classes": "a"}),
            "do not fit each other",
        ),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: TensorFile, message: str) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(dump_tensors(content))
    with pytest.raises(CorruptError, match=message):
        Softmax.load(path)
