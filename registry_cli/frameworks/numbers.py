"""Numbers out of whatever a framework holds one in: tensors, variables, NumPy's scalars. Imports none of them."""

from __future__ import annotations

from typing import Any


def find_number(value: Any) -> float | None:
    """Return the number that a value is or holds alone; None for text, for many, and for one not computed yet."""
    if isinstance(value, str | bytes):
        return None
    try:
        item = getattr(value, "item", None)
        return float(value if item is None else item())
    except Exception:  # a tensor of a graph raises what its framework likes
        return None


def find_step(value: Any) -> int | None:
    """Return the whole number that a value is or holds."""
    number = find_number(value)
    return int(number) if number is not None and number.is_integer() else None
