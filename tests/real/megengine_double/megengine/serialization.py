"""`save` and `load`, as https://www.megengine.org.cn/doc/stable/en/reference/api/megengine.save.html says."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from types import ModuleType
from typing import IO, Any

from .tensor import Tensor


def save(
    obj: Any, f: str | IO[bytes], pickle_module: ModuleType = pickle, pickle_protocol: int = pickle.HIGHEST_PROTOCOL
) -> None:
    """Save a module or a state to a file, given by its name or open."""
    if isinstance(f, str):
        with open(f, "wb") as file:
            save(obj, file, pickle_module, pickle_protocol)
        return
    pickle_module.dump(obj, f, pickle_protocol)


def load(
    f: str | IO[bytes],
    map_location: str | dict[str, str] | Callable[[str], str] | None = None,
    pickle_module: ModuleType = pickle,
) -> Any:
    """Load what `save` saved; `map_location` says on which device a tensor comes to lie."""
    if isinstance(f, str):
        with open(f, "rb") as file:
            return load(file, map_location, pickle_module)
    Tensor.dmap_callback = staticmethod(_make_callback(map_location))
    try:
        return pickle_module.load(f)
    finally:
        Tensor.dmap_callback = None


def _make_callback(map_location: str | dict[str, str] | Callable[[str], str] | None) -> Callable[[str], str]:
    if map_location is None:
        return lambda device: "cpu0"
    if isinstance(map_location, str):
        return lambda device: str(map_location)
    if isinstance(map_location, dict):
        return lambda device: map_location.get(device, device)
    return map_location
