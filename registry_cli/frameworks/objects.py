"""Classifies objects that a script saves whole with joblib, pickle or skops: a framework's model, or data.

Imports no framework: the classes of an object suffice.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

from registry_cli.frameworks.boosting import find_last_scores, find_scores
from registry_cli.frameworks.patching.shapes import DATA, Details

_KNOWN: Final = {
    "sklearn": ("ScikitLearn", ("scikit",)),
    "xgboost": ("XGBoost", ("xgboost",)),
    "lightgbm": ("LightGBM", ("lightgbm",)),
    "catboost": ("CatBoost", ("catboost",)),
    "torch": ("PyTorch", ("pytorch",)),
    "keras": ("Keras", ("keras", "tensorflow")),
    "tensorflow": ("TensorFlow", ("tensorflow",)),
    "megengine": ("MegEngine", ("megengine",)),
}
"""By the first part of a class's module: the framework, and the keys that its models belong to."""
_SCORES: Final = {"XGBoost": find_scores, "LightGBM": find_scores, "CatBoost": find_last_scores}
_TABLES: Final = frozenset({"pandas", "polars", "pyarrow", "datasets", "xarray", "dask", "geopandas", "modin", "cudf"})
_DATA_SETS: Final = ("torch.utils.data.", "torch_geometric.data.", "torch_geometric.datasets.")
_PLAIN: Final = (str, bytes, bytearray, int, float, complex, type(None))
_LOOKED_AT: Final = 16
"""Members of a list or a dict that are inspected."""
_DEEPEST: Final = 6
"""Levels of lists and dicts that are inspected; what lies deeper may be weights."""
_MOST_ENTRIES: Final = 256
"""Entries of a dict that `torch.save` takes that are inspected: its weights may come last."""
_WEIGHT: Final = re.compile(r"(?:.*[._])?(?:weights?|bias|[wb])\d*", re.IGNORECASE)
"""Matches keys that networks give to their weights."""
_MOST_LABELS: Final = 10_000
_UNKNOWN: Final = Details()


class _Kind(NamedTuple):
    """The kind of a class: the package of its models or None, True for data, and True for a table."""

    root: str | None
    data: bool
    table: bool


def report_object(value: Any) -> Details:
    """Return the facts of a saved object; `DATA` for data: tables, an array, text, a number, and lists with tables."""
    kind = _find_kind(value)
    if kind.data:
        return DATA
    if kind.root is not None:
        return _describe_model(value, kind.root)
    members = _list_members(value)
    kinds = [_find_kind(each) for each in members]
    if any(each.table for each in kinds) and all(each.data for each in kinds):
        return DATA
    for model, of in zip(members, kinds, strict=True):
        if of.root is not None:
            return _describe_model(model, of.root)
    labels = find_labels(value)
    return Details(labels=labels) if labels else _UNKNOWN


def is_torch_data(value: Any, depth: int = 0) -> bool:
    """Return whether an object that `torch.save` takes is data, a data set, or a list or dict of such, at any depth.

    One tensor, and a dict that holds tensors, may be weights and are no data, except tensors beside a list of plain
    values, as in `{"images": tensor, "labels": [1, 2]}`.
    """
    if depth > _DEEPEST:
        return False
    if type(value) is dict:
        return bool(value) and _is_dict_of_data(value, depth)
    if type(value) in (list, tuple):
        members = _list_members(value)
        is_data = all(_is_tensor(each) or is_torch_data(each, depth + 1) for each in members)
        return bool(members) and (is_data or any(map(_is_data_set, members)))
    return _find_kind(value).data or _is_data_set(value)


def _is_dict_of_data(table: dict[Any, Any], depth: int) -> bool:
    entries = list(islice(table.items(), _MOST_ENTRIES))
    others = [value for _, value in entries if not _is_tensor(value)]
    if not all(_is_plain(value, depth + 1) for value in others):
        return False
    named = any(_is_tensor(value) and _WEIGHT.fullmatch(str(key)) for key, value in entries)
    return len(others) == len(entries) or (
        not named and any(value and type(value) in (list, tuple) for value in others)
    )


def _is_plain(value: Any, depth: int) -> bool:
    """Return whether a value of a dict is data; a list in it that holds tensors may be weights."""
    if depth <= _DEEPEST and type(value) in (list, tuple):
        return all(_is_plain(each, depth + 1) for each in _list_members(value))
    return is_torch_data(value, depth)


def _is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor, and no parameter of a network."""
    bases = _list_bases(type(value))
    return "torch.Tensor" in bases and not any(base.startswith("torch.nn.") for base in bases)


def _is_data_set(value: Any) -> bool:
    """Return whether an object is one of PyTorch's data sets or loaders, or of a class made from them."""
    return any(base.startswith(_DATA_SETS) for base in _list_bases(type(value)))


def _list_bases(kind: Any) -> list[str]:
    return [f"{base.__module__}.{base.__name__}" for base in kind.__mro__]


def find_labels(model: Any) -> dict[str, int]:
    """Return a classifier's class names with their numbers; an empty table where the names are not text."""
    try:
        classes = getattr(model, "classes_", None)  # a pipeline or search returns that of its inner classifier
        names = [] if classes is None else list(classes)
    except Exception:  # not fitted
        return {}
    if len(names) > _MOST_LABELS or not all(isinstance(name, str) for name in names):
        return {}
    return {str(name): at for at, name in enumerate(names)}


def _describe_model(model: Any, root: str) -> Details:
    framework, keys = _KNOWN[root]
    scores: dict[str, float] = {}
    with suppress(Exception):  # a model that is not fitted, or of a version that stores its history elsewhere
        scores = _SCORES[framework](model) if framework in _SCORES else {}
    return Details(framework=framework, keys=keys, labels=find_labels(model), scores=scores)


def _list_members(value: Any) -> list[Any]:
    """Return the first members of a plain list, tuple or dict."""
    if type(value) in (list, tuple):
        return list(value[:_LOOKED_AT])
    return list(islice(value.values(), _LOOKED_AT)) if type(value) is dict else []


def _find_kind(value: Any) -> _Kind:
    kind: Any = type(value)
    return _describe(kind)


@lru_cache(maxsize=256)
def _describe(kind: Any) -> _Kind:
    """Return the kind of a class: from its own module, or for a model from the modules of its base classes too."""
    modules = [str(base.__module__) for base in kind.__mro__]
    roots = [module.partition(".")[0] for module in modules]
    table = roots[0] in _TABLES or modules[0].startswith("scipy.sparse")
    data = table or modules[0] == "numpy" or issubclass(kind, _PLAIN)
    return _Kind(next((root for root in roots if root in _KNOWN), None), data, table)
