"""Converts task records to canonical TOML bytes and back, by the rules of `codec.py`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from registry_cli.dataclass import asdict
from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash, RecordId, TaskId, VersionId
from registry_cli.records.tables import (
    SCHEMA,
    check_types,
    fields_of,
    file_tables,
    load_files,
    load_kind,
    load_time,
    present,
)
from registry_cli.records.task import Auto, Code, Curve, Data, Input, Loads, Recipe, Task
from registry_cli.records.toml import dump_table

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS: Final[dict[str, type]] = {
    "attempt": int, "author": str, "code": dict, "comment": str, "created": datetime, "curves": dict, "data": list,
    "ended": datetime, "environment": dict, "exit_code": int, "files": list, "host": dict, "id": str, "inputs": list,
    "kind": str, "metrics": dict, "name": str, "options": dict, "params": dict, "problem": str, "project": str,
    "python": dict, "recipe": dict, "schema": int, "seeds": dict, "signal": str, "source": str, "started": datetime,
    "status": str, "tags": list,
}  # fmt: skip

_NEEDED: Final = ("id", "name", "project", "status", "attempt", "author")
"""Keys that a record must have and that hold a field as it is."""
_PLAIN: Final = ("comment", "exit_code", "signal", "problem", "python", "host", "seeds", "params", "metrics")
"""Keys that may be missing and hold a field as it is."""


def dump_task(task: Task) -> bytes:
    """Return the bytes of a task's record."""
    table = {
        **task.extra,
        **fields_of(task, (*_NEEDED, "created", "started", "ended", "source", "environment", *_PLAIN)),
        "kind": "task",
        "schema": SCHEMA,
        "recipe": _dump_recipe(task.recipe),
        "tags": list(task.tags),
        "options": dict(task.options),
        "code": present({**asdict(task.code), "cut": list(task.code.cut)}) if task.code else None,
        "inputs": [present(asdict(one)) for one in task.inputs],
        "data": [{"path": one.path, "size": one.size, "sha256": one.sha256} for one in task.data],
        "files": file_tables(task.files),
        "curves": {name: present(asdict(curve)) for name, curve in task.curves.items()},
    }
    return dump_table(present(table))


def load_task(data: bytes, where: str) -> Task:
    """Return the task from the bytes of its record.

    Raises:
        CorruptError: This program cannot read `data` as a task record; the message names `where`.
    """
    table = load_kind(data, "task", where)
    check_types(table, _KEYS, where)
    try:
        return _load(table)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CorruptError(f"{where} is not a task record: {error!r}") from None


def _load(table: Mapping[str, Any]) -> Task:
    return Task(
        created=load_time(table["created"]),
        recipe=_load_recipe(table["recipe"]),
        started=load_time(table["started"]) if "started" in table else None,
        ended=load_time(table["ended"]) if "ended" in table else None,
        source=TaskId(table["source"]) if "source" in table else None,
        tags=_words(table.get("tags", [])),
        code=_load_code(table["code"]) if "code" in table else None,
        environment=_texts(table.get("environment", {})),
        options=_texts(table.get("options", {})),
        inputs=tuple(_load_input(one) for one in table.get("inputs", [])),
        data=tuple(Data(one["path"], one["size"], BlobHash(one["sha256"])) for one in table.get("data", [])),
        files=load_files(table.get("files", [])),
        curves={name: Curve(**curve) for name, curve in table.get("curves", {}).items()},
        extra={key: value for key, value in table.items() if key not in _KEYS},
        **{key: table[key] for key in _NEEDED},
        **{key: table[key] for key in _PLAIN if key in table},
    )


def _dump_recipe(recipe: Recipe) -> dict[str, object]:
    table = present({**asdict(recipe), **{key: list(getattr(recipe, key)) for key in _LISTS}})
    table |= {"argv": list(recipe.argv), "keep_failed": recipe.keep_failed}
    return {**table, "auto": _dump_auto(recipe.auto)} if recipe.auto else table


def _load_recipe(table: Mapping[str, Any]) -> Recipe:
    return Recipe(
        **{key: _words(table.get(key, [])) for key in _LISTS},
        cwd=str(table.get("cwd", ".")),
        env=_texts(table.get("env", {})),
        params=table.get("params", {}),
        model=table.get("model"),
        keep_failed=bool(table.get("keep_failed", True)),
        auto=_load_auto(table["auto"]) if "auto" in table else None,
    )


def _dump_auto(auto: Auto) -> dict[str, object]:
    rules = {key: rule if isinstance(rule, bool) else list(rule) for key, rule in auto.frameworks.items()}
    return present({"frameworks": rules, "loads": auto.loads if auto.loads != _LOADS else None, "keep": auto.keep})


def _load_auto(table: Mapping[str, Any]) -> Auto:
    rules = {key: rule if isinstance(rule, bool) else _words(rule) for key, rule in table.get("frameworks", {}).items()}
    return Auto(rules, cast("Loads", table.get("loads", _LOADS)), _text(table.get("keep")))


_LOADS: Final = Auto().loads
_LISTS: Final = ("argv", "outputs", "data", "metrics")


def _load_input(table: Mapping[str, Any]) -> Input:
    return Input(table["name"], _version(table["version"]), table["ref"], _text(table.get("path")))


def _load_code(table: Mapping[str, Any]) -> Code:
    return Code(
        root=table["root"],
        commit=table.get("commit"),
        remote=table.get("remote"),
        branch=table.get("branch"),
        dirty=bool(table["dirty"]) if "dirty" in table else None,
        cut=_words(table.get("cut", [])),
    )


def _version(text: str) -> VersionId:
    return VersionId(RecordId(text))


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not text")
    return value


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{value!r:.60} is not a list of texts")
    return tuple(value)


def _texts(value: Mapping[str, object]) -> dict[str, str]:
    if not all(isinstance(text, str) for text in value.values()):
        raise TypeError("a value that is not text")
    return {key: str(text) for key, text in value.items()}
