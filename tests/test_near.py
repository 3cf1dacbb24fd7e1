"""Near names: the one rule for models, tasks, fields, tags and settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.near import MOST, cut_field, cut_name, did_you_mean, list_near

MODELS = ["vision/bert", "nlp/bert", "fraud/xgb", "iris/softmax", "Iris/Deep/Net"]
FIELDS = ["metadata.acc", "metrics.acc", "metrics.auc", "metrics.loss", "params.lr"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("bert", ["vision/bert", "nlp/bert"]),
        ("nlp/brt", ["nlp/bert", "vision/bert"]),
        ("BERT", ["vision/bert", "nlp/bert"]),
        ("fraud", ["fraud/xgb"]),
        ("fraud/xgboost", ["fraud/xgb"]),
        ("other/softmx", ["iris/softmax"]),
        ("deep/net", ["Iris/Deep/Net"]),
        ("zzzzz", []),
    ],
)
def test_names_of_models(word: str, near: list[str]) -> None:
    assert sorted(list_near(word, MODELS, cut_name)[: len(near)]) == sorted(near)
    if near and "/" in word:
        assert list_near(word, MODELS, cut_name)[0] == near[0]


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("acc", {"metadata.acc", "metrics.acc"}),
        ("metrics.ac", {"metrics.acc"}),
        ("metadata.ac", {"metadata.acc"}),
        ("params.loss", {"metrics.loss"}),
        ("metrics.xyz", set()),
    ],
)
def test_fields_by_their_keys(word: str, nearest: set[str]) -> None:
    found = list_near(word, FIELDS, cut_field)
    assert set(found[:1]) <= nearest
    assert bool(found) == bool(nearest)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("brt", "bert"), ("bret", "bert"), ("xgboost", "xgb"), ("xgb", "xgboost"), ("acc", "accuracy"),
        ("pytorhc", "PyTorch"), ("safetensor", "Safetensors"), ("publishd", "published"),
        ("auther", "author"), ("los", "loss"), ("lr", "lr"),
    ],
)  # fmt: skip
def test_what_is_near(word: str, name: str) -> None:
    assert list_near(word, [name]) == [name]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("path", "author"), ("file.path", "author"), ("lr", "lrs_of_all"), ("acc", "author"), ("step", "size"),
        ("a", "archived"), ("zzz", "iris"), ("loss", "labels"), ("", "name"), ("name", ""),
    ],
)  # fmt: skip
def test_what_is_not_near(word: str, name: str) -> None:
    assert list_near(word, [name], cut_field) == []
    assert list_near(word, [name]) == []


def test_a_beginning_is_near_only_where_nothing_is_alike() -> None:
    assert list_near("los", ["metrics.loss", "metrics.loss_of_all"], cut_field) == ["metrics.loss"]
    assert list_near("los", ["metrics.loss_of_all"], cut_field) == ["metrics.loss_of_all"]


@given(word=st.text(max_size=8), known=st.lists(st.text(max_size=8), max_size=6))
def test_a_known_name_is_always_near_in_either_case(word: str, known: list[str]) -> None:
    found = list_near(word, [*known, word])
    assert len(found) == len(set(found)) <= MOST
    assert {name.casefold() for name in found[:1]} == ({word.casefold()} if word else set(found[:1]))


def test_the_end_of_a_message() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a", "b"]) == ": did you mean a or b?"
