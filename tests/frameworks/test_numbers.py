from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from registry_cli.frameworks.numbers import find_number, find_step


class Tensor:
    """Like a framework's: `item` of one number, an error of its own for more."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers

    def item(self) -> float:
        if len(self.numbers) != 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self.numbers[0]


@pytest.mark.parametrize(("value", "number"), [
    (1, 1.0), (True, 1.0), (Fraction(1, 2), 0.5), (Tensor(2.5), 2.5), (Tensor(1, 2), None), ("3", None), (b"3", None),
    (None, None), ([1.0], None),
])  # fmt: skip
def test_a_number_is_found_in_what_holds_one(value: Any, number: float | None) -> None:
    assert find_number(value) == number


@pytest.mark.parametrize(("value", "step"), [
    (3, 3), (Tensor(4.0), 4), (2.5, None), (float("nan"), None), (float("inf"), None), (None, None),
])  # fmt: skip
def test_a_step_is_whole(value: Any, step: int | None) -> None:
    assert find_step(value) == step
