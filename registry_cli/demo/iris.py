"""Loads, splits and standardises Fisher's iris measurements. Knows no model and no registry.

`iris.csv` holds all 150 flowers, 50 of each species, in Fisher's order, taken from scikit-learn 1.9.1. It is the
corrected variant, as in R: the copy at UCI differs from Fisher's paper in two rows, the 35th (petal width 0.1 for
0.2) and the 38th (sepal width 3.1 for 3.6, petal length 1.5 for 1.4), as UCI itself notes in `iris.names`.

Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936), 179-188;
https://archive.ics.uci.edu/dataset/53/iris (CC BY 4.0).
"""

from __future__ import annotations

import csv
from importlib.resources import files
from random import Random
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")


@dataclass(frozen=True, slots=True)
class Flower:
    """One row of the data set.

    Attributes:
        features: Centimetres, in the order of `FEATURES`.
        species: One of `SPECIES`.
    """

    features: tuple[float, ...]
    species: str


@dataclass(frozen=True, slots=True)
class Split:
    """Flowers for training, and others for the test."""

    train: tuple[Flower, ...]
    test: tuple[Flower, ...]


@dataclass(frozen=True, slots=True)
class Scaling:
    """Moves each feature to mean 0 and standard deviation 1."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def apply(self, features: Sequence[float]) -> list[float]:
        """Return one row standardised; its units must be those of the flowers that the scaling was measured on."""
        return [(value - mean) / scale for value, mean, scale in zip(features, self.mean, self.scale, strict=True)]


def load_flowers() -> tuple[Flower, ...]:
    """Return all 150 flowers from the package, in Fisher's order."""
    with (files(__package__) / "iris.csv").open(encoding="utf-8") as source:
        return tuple(
            Flower(tuple(float(row[name]) for name in FEATURES), row["species"]) for row in csv.DictReader(source)
        )


def split_flowers(flowers: Sequence[Flower], *, test_share: float = 0.4, seed: int = 7) -> Split:
    """Split the flowers into training and test, with the same share of each species in both.

    Args:
        flowers: The flowers to split.
        test_share: Share of each species for the test, between 0 and 1.
        seed: The same seed gives the same split on every Python version: only `Random.random` is used, the one
            method whose sequence the standard library guarantees.
    """
    random = Random(seed)
    train: list[Flower] = []
    test: list[Flower] = []
    for species in SPECIES:
        dealt = sorted((flower for flower in flowers if flower.species == species), key=lambda _: random.random())
        cut = round(len(dealt) * test_share)
        test += dealt[:cut]
        train += dealt[cut:]
    return Split(tuple(train), tuple(test))


def measure_scaling(flowers: Sequence[Flower]) -> Scaling:
    """Return mean and standard deviation of each feature; pass only the training flowers, or the test data leaks.

    A constant feature gets the scale 1.
    """
    columns = list(zip(*(flower.features for flower in flowers), strict=True))
    return Scaling(tuple(fmean(column) for column in columns), tuple(pstdev(column) or 1.0 for column in columns))
