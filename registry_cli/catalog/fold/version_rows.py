"""The index rows of a version's record, ready to insert and computed without the index.

Therefore many processes can read records at once when the index is rebuilt.
"""

from __future__ import annotations

import json
import math
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.documents import dump_doc, microseconds
from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.records.codec import load_version
from registry_cli.records.tables import design_table, fields_of
from registry_cli.records.values import Value, flatten, format_list, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registry_cli.ids import TaskId, VersionId
    from registry_cli.records.entry import Entry
    from registry_cli.records.version import VersionRecord

FieldRow = tuple[str, int | float | None, str | None]
"""Field, its number, its text; see `schema.py`."""
_TABLES: Final = ("metadata", "metrics", "params", "labels", "interface")
DESIGN_FIELDS: Final = 200
"""Most fields of a JSON design that can be searched; the others can only be read."""


@dataclass(frozen=True, slots=True)
class VersionRows:
    """The rows of one version, without its line, its number and its row id."""

    id: VersionId
    columns: tuple[object, ...]
    """framework, author, created, step, task, size, comment"""
    task: TaskId | None
    doc: str
    design: tuple[str | None, int | None]
    """Digest and size of a design that is a blob."""
    fields: tuple[FieldRow, ...]
    files: tuple[tuple[object, ...], ...]
    parents: tuple[tuple[str, str], ...]
    broken: str | None = None


def load_version_rows(version: VersionId, data: bytes) -> VersionRows:
    """Return the rows of the version whose record's bytes are `data`.

    Raises:
        CorruptError: The bytes are not a version record.
    """
    where = f"record {version[:12]}"
    record = load_version(data, where)
    try:
        rows = make_version_rows(version, record)
        check_storable(chain(rows.columns, rows.design, *rows.fields, *rows.files, *rows.parents))
        return rows
    except (TypeError, ValueError, AttributeError) as error:
        raise CorruptError(f"{where} is no version record: {error!r}") from None


def make_version_rows(version: VersionId, record: VersionRecord) -> VersionRows:
    """Return the rows of a version."""
    doc = fields_of(record, ("message", *_TABLES)) | {"design": design_table(record.design)}
    created = microseconds(record.created)
    size = sum(file.size or 0 for file in record.files)
    return VersionRows(
        id=version,
        columns=(record.framework, record.author, created, record.step, record.task, size, record.message),
        task=record.task,
        doc=dump_doc(doc),
        design=(record.design.sha256, record.design.size) if record.design else (None, None),
        fields=tuple(field_rows(doc)),
        files=tuple((f.path, f.size, f.sha256, f.xxh3, f.media, f.url) for f in record.files),
        parents=tuple((parent.id, parent.role) for parent in record.parents),
    )


def broken_version_rows(version: VersionId, entry: Entry, problem: str) -> VersionRows:
    """Return the rows of a version whose record cannot be read: facts of the entry that added it, and the problem."""
    doc: dict[str, object] = {"message": None, "design": None, **{table: {} for table in _TABLES}}
    columns = (None, entry.author, microseconds(entry.time), None, None, 0, None)
    return VersionRows(version, columns, None, dump_doc(doc), (None, None), (), (), (), problem)


def field_rows(doc: Mapping[str, Any]) -> list[FieldRow]:
    """Return the searchable fields of a version's document."""
    flat: dict[str, Value] = {}
    for group in ("metadata", "metrics", "params", "labels"):
        flat.update(flatten(doc.get(group) or {}, group))
    flat.update(_design_fields(doc.get("design")))
    return [(field, *searchable(value)) for field, value in flat.items()]


def design_columns(design: Mapping[str, Any] | None) -> tuple[str | None, int | None]:
    """Return the digest and the size of a stored design that is a blob; None for both where it is not."""
    return (design.get("sha256"), design.get("size")) if design else (None, None)


def searchable(value: Value) -> tuple[int | float | None, str | None]:
    """Return the values of the columns `number` and `text` that `fields` stores for a value."""
    if isinstance(value, bool):
        return int(value), "true" if value else "false"
    if isinstance(value, int | float):
        return (None, "nan") if isinstance(value, float) and math.isnan(value) else (value, None)
    if isinstance(value, str):
        return None, value
    if isinstance(value, datetime):
        return None, format_time(value)
    return None, format_list(value)


def _design_fields(design: Mapping[str, Any] | None) -> dict[str, Value]:
    if design is None or "text" not in design or design["media"] != "application/json":
        return {}
    try:
        parsed = json.loads(design["text"])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    fields: dict[str, Value] = {}
    for field, value in flatten(parsed, "design").items():
        if value is not None and len(fields) < DESIGN_FIELDS and _fits(field) and all(map(_fits, searchable(value))):
            fields[field] = value
    return fields


def _fits(value: object) -> bool:
    """Return whether SQLite can store a value: integers of 64 bits, text without the lone surrogates of JSON."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or -(1 << 63) <= value < 1 << 63


def check_storable(values: Iterable[object]) -> None:
    """Check that SQLite can store all values.

    Raises:
        TypeError: It cannot store one of them.
    """
    for value in values:
        if not (value is None or isinstance(value, str | float) or (isinstance(value, int) and _fits(value))):
            raise TypeError(f"it holds {value!r:.60}")
