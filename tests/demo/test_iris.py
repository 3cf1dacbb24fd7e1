"""The data set is Fisher's, whole and in order, and is dealt the same way each time."""

from __future__ import annotations

from collections import Counter

import pytest

from registry_cli.demo.iris import FEATURES, SPECIES, Flower, load_flowers, measure_scaling, split_flowers

FLOWERS = load_flowers()


def test_all_flowers_are_there() -> None:
    assert len(FLOWERS) == 150
    assert Counter(flower.species for flower in FLOWERS) == dict.fromkeys(SPECIES, 50)
    assert {len(flower.features) for flower in FLOWERS} == {len(FEATURES)}


def test_it_is_the_variant_of_the_paper() -> None:
    assert FLOWERS[34] == Flower((4.9, 3.1, 1.5, 0.2), "setosa")
    assert FLOWERS[37] == Flower((4.9, 3.6, 1.4, 0.1), "setosa")


def test_the_means_are_the_published_ones() -> None:
    assert measure_scaling(FLOWERS).mean == pytest.approx((5.843333, 3.057333, 3.758, 1.199333), abs=1e-6)


def test_a_split_loses_no_flower_and_is_even() -> None:
    split = split_flowers(FLOWERS, test_share=0.3)
    assert Counter((*split.train, *split.test)) == Counter(FLOWERS)
    assert Counter(flower.species for flower in split.test) == dict.fromkeys(SPECIES, 15)


def test_a_split_follows_from_its_seed() -> None:
    assert split_flowers(FLOWERS, seed=1) == split_flowers(FLOWERS, seed=1)
    assert split_flowers(FLOWERS, seed=1) != split_flowers(FLOWERS, seed=2)


def test_scaled_features_have_mean_0_and_deviation_1() -> None:
    train = split_flowers(FLOWERS).train
    scaling = measure_scaling(train)
    again = measure_scaling([Flower(tuple(scaling.apply(flower.features)), flower.species) for flower in train])
    assert again.mean == pytest.approx([0.0] * 4, abs=1e-9)
    assert again.scale == pytest.approx([1.0] * 4)


def test_a_feature_that_never_varies_is_not_divided_by_zero() -> None:
    scaling = measure_scaling([Flower((2.0, 1.0), "setosa"), Flower((2.0, 3.0), "setosa")])
    assert scaling.apply((2.0, 3.0)) == [0.0, 1.0]
