"""A tensor that remembers on which device it lay when it was saved, and asks `map_location` when it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Tensor:
    """Numbers on a device; `dmap_callback` is set while `load` reads."""

    dmap_callback: Callable[[str], str] | None = None

    def __init__(self, data: Iterable[float], device: str = "cpu0") -> None:
        self._data = list(data)
        self.device = device

    def numpy(self) -> list[float]:
        """Return the numbers."""
        return self._data

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._data, self.device)


def _rebuild(data: list[float], device: str) -> Tensor:
    callback = Tensor.dmap_callback
    return Tensor(data, callback(device) if callback is not None else device)
