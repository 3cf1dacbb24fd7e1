"""Extracts numbers from frameworks' values: tensors, variables, NumPy's scalars. Imports no framework."""

from __future__ import annotations

from typing import Any


def find_number(value: Any) -> float | None:
    """Return the only number that a value is or holds; None for text, several numbers, or one not yet computed."""
    if isinstance(value, str | bytes):
        return None
    try:
        item = getattr(value, "item", None)
        return float(value if item is None else item())
    except Exception:  # a tensor of a graph may raise any exception of its framework
        return None


def find_step(value: Any) -> int | None:
    """Return the only integer that a value is or holds, or None."""
    number = find_number(value)
    return int(number) if number is not None and number.is_integer() else None
