"""Metadata in the form of ClearML's classes: each value with the name of its type; and plots, which are stored in it.

A plot of a version is a value of its metadata, because metadata can always be added, to published versions too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from registry_cli.errors import CorruptError, UsageError
from registry_cli.records.task import PLOTS
from registry_cli.records.values import Value, check_value, format_time
from registry_cli.registry.intake import FACTS
from registry_cli.tasks.attempt.plots import Plot, dump_plot, load_plot, plot_path

LARGEST_PLOT: Final = 32 << 10
"""Bytes of a plot's document: it is an entry of the log."""
ENTRY: Final = "clearml.entry"
"""Key of a version's name in its task, where the script named it."""
_DERIVED: Final = (FACTS, "hub", ENTRY)
"""Keys that saving a version sets."""
_TRUE: Final = frozenset({"true", "1", "yes", "on"})


def convert(key: str, value: Any, kind: str | None) -> Value:
    """Return a value converted to the type of that name.

    Raises:
        UsageError: There is no such type, the value cannot be converted, or a record cannot hold it.
    """
    if kind is None:
        return check_value(value, f"metadata.{key}")
    make = _KINDS.get(kind)
    if make is None:
        raise UsageError(f"{kind!r} is no type of metadata: types are {', '.join(_KINDS)}")
    try:
        made = make(value)
    except (TypeError, ValueError):
        raise UsageError(f"metadata.{key} is {value!r:.60}, which is no {kind}") from None
    return check_value(made, f"metadata.{key}")


def as_text(value: Value) -> str:
    """Return a value as text."""
    if isinstance(value, datetime):
        return format_time(value)
    return str(value) if isinstance(value, str | int | float) else json.dumps(value, default=str, ensure_ascii=False)


def described(values: Mapping[str, Value]) -> dict[str, dict[str, str]]:
    """Return the values that the user set, as key, type and text."""
    return {
        key: {"key": key, "type": _kind(value), "value": as_text(value)}
        for key, value in values.items()
        if key not in _DERIVED and not key.startswith(PLOTS)
    }


def plot_entry(plot: Plot) -> dict[str, Value]:
    """Return the metadata that an edit sets to store a plot.

    Raises:
        UsageError: It is larger than `LARGEST_PLOT`.
    """
    document = dump_plot(plot)
    if len(document) > LARGEST_PLOT:
        raise UsageError(
            f"the plot {plot.title!r:.60} has {len(document):,} bytes, of a model's {LARGEST_PLOT:,} are kept; "
            "its task's logger keeps larger ones",
            hint="Task.current_task().get_logger()",
        )
    return {f"metadata.{plot_path(plot.title, plot.series, plot.step)}": document.decode()}


def load_plots(values: Mapping[str, Value]) -> dict[str, Plot]:
    """Return the plots in a version's metadata by their paths; other values are left out."""
    found = {}
    for key, value in values.items():
        if key.startswith(PLOTS) and isinstance(value, str):
            try:
                found[key] = load_plot(value.encode())
            except CorruptError:
                continue
    return found


def _kind(value: Value) -> str:
    if isinstance(value, Mapping):
        return "dict"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "list"
    return type(value).__name__


def _flag(value: Any) -> bool:
    return value.strip().lower() in _TRUE if isinstance(value, str) else bool(value)


def _items(value: Any) -> list[Any]:
    return list(json.loads(value) if isinstance(value, str) else value)


def _table(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value)


_KINDS: Final[dict[str, Callable[[Any], Any]]] = {
    "float": float, "int": int, "bool": _flag, "str": str, "basestring": str, "list": _items, "tuple": _items,
    "dict": _table,
}  # fmt: skip
