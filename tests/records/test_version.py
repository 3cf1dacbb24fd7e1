from __future__ import annotations

import pytest

from registry_cli.errors import UsageError
from registry_cli.records.version import check_labels


def test_labels() -> None:
    labels = {"background": 0, "nothing": 0, "cat": 1, "below": -1}
    assert check_labels(labels) == labels


@pytest.mark.parametrize("value", ["1", 1.0, True, None])
def test_a_label_is_an_integer(value: object) -> None:
    with pytest.raises(UsageError, match="'cat'"):
        check_labels({"cat": value})


def test_two_labels_with_one_id() -> None:
    with pytest.raises(UsageError, match=r"'cat' and 'dog' have one id, 1"):
        check_labels({"cat": 1, "dog": 1})
