"""Softmax regression by full-batch gradient descent, with its weights as a file. Knows no registry.

Source: C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, fsum, log
from operator import mul
from struct import pack, unpack
from sys import float_info
from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.demo.iris import FEATURES, SPECIES, Flower, Scaling, Split, measure_scaling
from registry_cli.demo.safetensors import Tensor, TensorFile, dump_tensors, load_tensors
from registry_cli.errors import CorruptError

if TYPE_CHECKING:
    from pathlib import Path

Matrix = list[list[float]]

OnEpoch = Callable[[int, float], None]
"""Called after each epoch with the number of epochs done, and the training loss before that epoch."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one training.

    Attributes:
        name: A word for users.
        learning_rate: Factor of the gradient of the mean loss in each step.
        epochs: Number of steps; each uses every training row.
        l2: The weight decay: `l2 / 2` times the sum of the squared weights is added to the loss, without the biases.
    """

    name: str
    learning_rate: float
    epochs: int
    l2: float


SETTINGS = (
    Settings("hasty", learning_rate=0.01, epochs=40, l2=0.0),
    Settings("timid", learning_rate=0.5, epochs=200, l2=0.1),
    Settings("patient", learning_rate=0.5, epochs=800, l2=0.001),
)
"""The three trainings of the demo: one stops too early, one is regularised too much, one is right."""


@dataclass(frozen=True, slots=True)
class Softmax:
    """A trained classifier that takes raw measurements; every number in it is a 32-bit float, as in its file.

    Attributes:
        classes: Names of the classes.
        weights: One row per class, one column per feature.
        bias: One number per class.
        scaling: Scaling that is applied to a row first.
    """

    classes: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    scaling: Scaling

    def probabilities(self, row: Sequence[float]) -> list[float]:
        """Return the probability of each class for a row of centimetres, in the order of `classes`; the sum is 1."""
        scaled = self.scaling.apply(row)
        return softmax([_dot(weights, scaled) + bias for weights, bias in zip(self.weights, self.bias, strict=True)])

    def predict(self, row: Sequence[float]) -> str:
        """Return the most likely class for a row of centimetres."""
        return max(zip(self.probabilities(row), self.classes, strict=True))[1]

    def save(self, path: Path) -> None:
        """Write the weights as a `.safetensors` file, as any training script would."""
        tensors = {
            "weights": Tensor((len(self.classes), len(FEATURES)), tuple(w for row in self.weights for w in row)),
            "bias": Tensor((len(self.bias),), self.bias),
            "mean": Tensor((len(self.scaling.mean),), self.scaling.mean),
            "scale": Tensor((len(self.scaling.scale),), self.scaling.scale),
        }
        metadata = {"model": "softmax", "features": ",".join(FEATURES), "classes": ",".join(self.classes)}
        path.write_bytes(dump_tensors(TensorFile(tensors, metadata)))

    @classmethod
    def load(cls, path: Path) -> Softmax:
        """Return the model from a file that `save` wrote.

        Raises:
            CorruptError: The file is damaged, or holds another kind of model.
        """
        content = load_tensors(path.read_bytes(), str(path))
        try:
            classes = tuple(content.metadata["classes"].split(","))
            weights, bias, mean, scale = (content.tensors[name] for name in ("weights", "bias", "mean", "scale"))
        except KeyError as error:
            raise CorruptError(f"{path} holds no softmax model: {error} is missing") from error
        columns = len(mean.values)
        shapes = (weights.shape, bias.shape, mean.shape, scale.shape)
        if shapes != ((len(classes), columns), (len(classes),), (columns,), (columns,)):
            raise CorruptError(f"{path} holds no softmax model: its tensors do not fit each other")
        rows = tuple(weights.values[row * columns : (row + 1) * columns] for row in range(len(classes)))
        return cls(classes, rows, bias.values, Scaling(mean.values, scale.values))


def train(
    settings: Settings, split: Split, on_epoch: OnEpoch | None = None, *, start: Softmax | None = None
) -> Softmax:
    """Train on the training rows of a split; the same arguments give the same model on one machine.

    Args:
        settings: Learning rate, number of epochs and weight decay.
        split: Only its training rows are used, for the scaling too.
        on_epoch: Called after each epoch, to draw progress.
        start: A model to continue from, with its scaling; by default all weights start at zero.
    """
    scaling = start.scaling if start else _round_scaling(measure_scaling(split.train))
    theta = [[*w, b] for w, b in zip(start.weights, start.bias, strict=True)] if start else _zeros(len(SPECIES))
    inputs = [[*scaling.apply(flower.features), 1.0] for flower in split.train]
    labels = [SPECIES.index(flower.species) for flower in split.train]
    for epoch in range(settings.epochs):
        loss, gradient = loss_and_gradient(theta, inputs, labels, settings.l2)
        theta = [
            [value - settings.learning_rate * slope for value, slope in zip(row, slopes, strict=True)]
            for row, slopes in zip(theta, gradient, strict=True)
        ]
        if on_epoch:
            on_epoch(epoch + 1, loss)
    weights = tuple(round_to_float32(row[:-1]) for row in theta)
    return Softmax(SPECIES, weights, round_to_float32([row[-1] for row in theta]), scaling)


def loss_and_gradient(theta: Matrix, inputs: Matrix, labels: Sequence[int], l2: float) -> tuple[float, Matrix]:
    """Return the mean cross-entropy in nats with its L2 penalty, and its gradient.

    Args:
        theta: One row per class: the weights, then the bias.
        inputs: One row per sample: the features, then 1 for the bias.
        labels: The class of each sample, as a row of `theta`.
        l2: See `Settings`.
    """
    count = len(inputs)
    outputs = [softmax([_dot(row, sample) for row in theta]) for sample in inputs]
    loss = fsum(_surprise(output[label]) for output, label in zip(outputs, labels, strict=True)) / count
    loss += l2 / 2 * fsum(weight * weight for row in theta for weight in row[:-1])
    for output, label in zip(outputs, labels, strict=True):
        output[label] -= 1.0
    errors, columns = list(zip(*outputs, strict=True)), list(zip(*inputs, strict=True))
    gradient = [[_dot(error, column) / count for column in columns] for error in errors]
    for slopes, row in zip(gradient, theta, strict=True):
        slopes[:-1] = [slope + l2 * weight for slope, weight in zip(slopes[:-1], row[:-1], strict=True)]
    return loss, gradient


def accuracy(model: Softmax, flowers: Sequence[Flower]) -> float:
    """Return the share of flowers that the model classifies correctly, 0 to 1."""
    return sum(model.predict(flower.features) == flower.species for flower in flowers) / len(flowers)


def log_loss(model: Softmax, flowers: Sequence[Flower]) -> float:
    """Return the mean cross-entropy in nats, the model's surprise at the right answers; 0 is best."""
    answers = ((model.probabilities(flower.features), model.classes.index(flower.species)) for flower in flowers)
    return fsum(_surprise(probabilities[label]) for probabilities, label in answers) / len(flowers)


def softmax(scores: Sequence[float]) -> list[float]:
    """Return probabilities from scores; the largest is subtracted first, so that no exponential overflows."""
    top = max(scores)
    powers = [exp(score - top) for score in scores]
    total = fsum(powers)
    return [power / total for power in powers]


def round_to_float32(values: Sequence[float]) -> tuple[float, ...]:
    """Return the nearest 32-bit floats, so that a model is tested with the numbers that its file holds."""
    return unpack(f"<{len(values)}f", pack(f"<{len(values)}f", *values))


def _round_scaling(scaling: Scaling) -> Scaling:
    return Scaling(round_to_float32(scaling.mean), round_to_float32(scaling.scale))


def _zeros(classes: int) -> Matrix:
    return [[0.0] * (len(FEATURES) + 1) for _ in range(classes)]


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the scalar product; `sum` would do, but gives different last digits since Python 3.12."""
    return fsum(map(mul, left, right))


def _surprise(probability: float) -> float:
    """Return the cross-entropy of one answer; a probability that underflowed to 0 costs much, but not infinity."""
    return -log(max(probability, float_info.min))
