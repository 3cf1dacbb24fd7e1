"""What a registry means, as plain data that compares: of each class the attributes named here, and no others.

So a new attribute, or a new key of some output, changes nothing that a golden registry of an older format means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from registry_cli.catalog.read import rows
from registry_cli.catalog.read import tasks as task_read
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.records import parts, task
from registry_cli.records.task_codec import load_task
from registry_cli.registry.api import Registry
from registry_cli.registry.query import find_versions
from registry_cli.store.blobs import get_record

COMPARED: Final[dict[type, str]] = {
    rows.VersionRow: "id name number framework author created message comment step task size tags aliases metadata "
    "metrics own_params labels interface design publication archived removed files parents broken",
    rows.ParentRow: "id role name number",
    rows.TaskRow: "id name project status attempt author created started ended exit_code source comment commit command "
    "record archived removed broken tags metrics params",
    rows.InputRow: "name version ref",
    parts.FileEntry: "path size sha256 xxh3 media url",
    parts.Design: "media text sha256 xxh3 size",
    task.Task: "id name project status attempt author created started ended source comment tags recipe code exit_code "
    "signal problem environment python host seeds inputs data files params metrics curves",
    task.Recipe: "argv cwd env params outputs data metrics model keep_failed auto",
    task.Auto: "frameworks loads keep",
    task.Code: "root commit remote branch dirty cut",
    task.Input: "name version ref path",
    task.Data: "path size sha256",
    task.Curve: "count last min max step",
}
"""The attributes that are compared, by class."""
NAMES: Final = {"own_params": "params"}
"""Names under which golden registries hold attributes that were called otherwise then."""


def describe(registry: Registry) -> dict[str, Any]:
    """Return what a registry means."""
    tasks = [
        _describe_task(registry, row) for (row,) in registry.index.db.execute("SELECT row FROM tasks ORDER BY row")
    ]
    return {
        "versions": _plain(find_versions(registry, sort="name,number", include_archived=True)),
        "changes": [
            f"{row.event} {row.op} {row.ref} {'void' if row.void else ''}".rstrip()
            for row in iter_changes(registry.index.db)
        ],
        **({"tasks": tasks} if tasks else {}),  # the first of these registries knew of none
    }


def _describe_task(registry: Registry, row: int) -> dict[str, Any]:
    """Return what a registry knows of a task: its rows, and what its record says."""
    found = task_read.get_task_row(registry.index.db, row)
    fields = registry.index.db.execute(
        "SELECT field, number, text FROM task_fields WHERE task = ? ORDER BY field", (row,)
    ).fetchall()
    told = {
        "row": found,
        "fields": fields,
        "inputs": task_read.list_task_inputs(registry.index.db, found.id),
        "data": task_read.list_task_data(registry.index.db, found.id),
        "files": task_read.list_task_files(registry.index.db, found.id),
        "record": load_task(get_record(registry.layout, found.record), "it"),
    }
    return {key: _plain(value) for key, value in told.items()}


def _plain(value: object) -> Any:
    """Return a value as JSON has it; a number that JSON has not is a text."""
    if type(value) in COMPARED:
        return {NAMES.get(name, name): _plain(getattr(value, name)) for name in COMPARED[type(value)].split()}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
