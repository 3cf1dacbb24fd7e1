"""Objects whose classes say that they are a framework's."""

from __future__ import annotations

from typing import Any


def make(module: str, bases: tuple[type, ...] = (), **attributes: Any) -> Any:
    """Return an object of a class of a module, with attributes."""
    made: Any = type("Thing", bases, {"__module__": module})()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made
