"""Parameters between a script and its task: recorded with the script's values, replaced in a clone by the clone's.

A nested name joins its parts by dots: `{"optim": {"lr": 0.1}}` is `optim.lr`, as in `reg task clone T --param
optim.lr=0.2` and in queries, `params.optim.lr`. A value that looks like a secret, by its name or itself, is not
recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from registry_cli.errors import UsageError
from registry_cli.records.values import Value, check_value
from registry_cli.secrets.names import looks_secret_argument


def connect_table(
    table: MutableMapping[Any, Any], overrides: Mapping[str, Value], section: str | None
) -> dict[str, Value | None]:
    """Replace values of a table by overrides, in place, and return the parameters to record.

    Args:
        table: The parameters; nested tables are walked.
        overrides: Values by dotted names.
        section: Prefix of the names.
    """
    for name, holder, key in list(_iter_places(table, section or "")):
        if name in overrides:
            holder[key] = fit(overrides[name], holder[key])
    return told_params(table, section)


def connect_object(target: Any, overrides: Mapping[str, Value], section: str | None) -> dict[str, Value | None]:
    """Do the same for the attributes of an object or class, except methods and names that start with `_`.

    Raises:
        UsageError: It is neither.
    """
    before = _attributes(target)
    kind = target if isinstance(target, type) else type(target)
    if kind.__module__ == "builtins" or not (before or hasattr(target, "__dict__")):
        raise UsageError(f"{target!r:.60} has no settings to connect: a dict, a parser or an object has")
    table = {name: dict(value) if isinstance(value, dict) else value for name, value in before.items()}
    told = connect_table(table, overrides, section)
    for name, value in table.items():
        if value is not before[name] and value != before[name]:
            setattr(target, name, value)
    return told


def told_params(table: Mapping[Any, Any], section: str | None = None) -> dict[str, Value | None]:
    """Return a table's parameters by their dotted names; a value that a record cannot hold becomes its text.

    Raises:
        UsageError: It is no table, or a name or text cannot be stored.
    """
    if not isinstance(table, Mapping):
        raise UsageError(f'{table!r:.60} is no table of parameters, such as {{"lr": 0.1}}')
    places = _iter_places(table, section or "")
    told = {name: _storable(holder[key]) for name, holder, key in places}
    open_ = {name: value for name, value in told.items() if not _is_secret(name, value)}
    for name, value in open_.items():
        _check_param(name, value)
    return open_


class LiveTable:
    """A connected table, which the script may change later.

    Args:
        table: The table.
        section: Prefix of its parameters' names.
    """

    def __init__(self, table: Mapping[Any, Any], section: str | None) -> None:
        self.table = table
        self._section = section
        self._told = told_params(table, section)

    def changes(self) -> dict[str, Value | None]:
        """Return the parameters that changed since the last call, None for one that is gone; as `told_params`."""
        before, self._told = self._told, told_params(self.table, self._section)
        gone: dict[str, Value | None] = {name: None for name in before if name not in self._told}
        return gone | {name: value for name, value in self._told.items() if name not in before or before[name] != value}


def fit(value: Value, like: object) -> Any:
    """Return an override converted to the type of the value it replaces, where it can be.

    Raises:
        UsageError: The value it replaces is a number, or another type, that the override cannot become.
    """
    if like is None or type(value) is type(like):
        return value
    try:
        if isinstance(like, bool):
            return value.strip().lower() in {"true", "1", "yes", "on"} if isinstance(value, str) else bool(value)
        if isinstance(like, Enum):
            return next((one for one in type(like) if value in (one.name, one.value)), value)
        if isinstance(like, int):
            whole = isinstance(value, float) and not value.is_integer()
            return value if whole else int(value)  # type: ignore[arg-type]  # the handler below refuses what `int` rejects
        if isinstance(like, float | PurePath | str):
            return type(like)(value)  # type: ignore[arg-type]
        if isinstance(like, list | tuple | set):
            return type(like)(json.loads(value) if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UsageError(f"{value!r:.60} cannot stand for {like!r:.60}: the clone needs a value like it") from None
    return value


def _iter_places(table: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any, Any]]:
    for key, value in table.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping) and value:
            yield from _iter_places(value, name)
        else:
            yield name, table, key


def _is_secret(name: str, value: Value | None) -> bool:
    return looks_secret_argument(name.rpartition(".")[2], "" if value is None or value is True else str(value))


def _check_param(name: str, value: Value | None) -> None:
    if not all(part and part.isprintable() for part in name.split(".")):
        raise UsageError(f"{name!r:.60} is no name of a parameter: names are printable text, joined by dots")
    try:
        json.dumps(value, default=str, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise UsageError(f"the parameter {name} is no Unicode text") from None


def _storable(value: object) -> Value | None:
    if value is None or (isinstance(value, Mapping) and not value):
        return None
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Enum) and not isinstance(value, int | str):
        return value.name
    try:
        return check_value(sorted(value, key=str) if isinstance(value, set | frozenset) else value, "value")
    except UsageError:
        return str(value)


def _attributes(target: Any) -> dict[str, Any]:
    kind = target if isinstance(target, type) else type(target)
    found: dict[str, Any] = {}
    for owner in reversed(kind.__mro__[:-1]):
        found.update(vars(owner))
        for name in getattr(owner, "__slots__", ()):
            found[name] = getattr(target, name, None)
    if not isinstance(target, type):
        found.update(getattr(target, "__dict__", {}))
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("_") and not callable(value) and not hasattr(type(value), "__get__")
    }
