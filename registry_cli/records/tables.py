"""The parts that the codecs of all kinds of records share: the schema, the checks, and common tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from registry_cli.dataclass import asdict
from registry_cli.errors import CorruptError
from registry_cli.records.parts import FileEntry
from registry_cli.records.toml import load_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registry_cli.records.parts import Design

SCHEMA: Final = 1
"""Version of the record and entry schema that this program writes and the newest it reads."""


def load_kind(data: bytes, kind: str, where: str) -> dict[str, Any]:
    """Return the table of a record of one kind.

    Raises:
        CorruptError: It has another kind, or a schema that this program does not read.
    """
    table = load_table(data, where)
    if table.get("kind") != kind:
        raise CorruptError(f"{where} is a record of kind {table.get('kind')!r}, not {kind!r}")
    schema = table.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise CorruptError(f"{where} has schema {schema}, this program reads {SCHEMA}", hint="reg --version")
    return table


def check_types(table: Mapping[str, object], types: Mapping[str, type], where: str) -> None:
    """Check that known keys hold values of the right types.

    Raises:
        CorruptError: One holds another type; the message names `where`.
    """
    for key, value in table.items():
        if key in types and not isinstance(value, types[key]):
            raise CorruptError(f"{where} has a {type(value).__name__} as its `{key}`")


def present(table: Mapping[str, object]) -> dict[str, object]:
    """Return a table without its None values, empty tables and empty lists."""
    return {key: value for key, value in table.items() if value is not None and value != {} and value != []}


def fields_of(record: object, names: Iterable[str]) -> dict[str, object]:
    """Return those fields of a record that are stored as they are, under their own names."""
    return {name: getattr(record, name) for name in names}


def design_table(design: Design | None) -> dict[str, object] | None:
    """Return a design as the table that a record and the index hold."""
    return present(asdict(design)) if design else None


def file_tables(files: Iterable[FileEntry]) -> list[dict[str, object]]:
    """Return files as the tables that a record holds."""
    return [
        present(
            {
                "path": file.path,
                "size": file.size,
                "sha256": file.sha256,
                "xxh3": file.xxh3,
                "media": file.media,
                "url": file.url,
            }
        )
        for file in files
    ]


def load_files(tables: Iterable[Mapping[str, Any]]) -> tuple[FileEntry, ...]:
    """Return the files from the tables of a record."""
    return tuple(
        FileEntry(
            path=table["path"],
            size=table.get("size"),
            sha256=table.get("sha256"),
            xxh3=table.get("xxh3"),
            media=table.get("media"),
            url=table.get("url"),
        )
        for table in tables
    )


def load_time(value: object) -> datetime:
    """Return a time of a record in UTC.

    Raises:
        TypeError: It is not a time, or has no zone.
        ValueError: It lies outside the calendar.
    """
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"{value!r} is not a time in UTC")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value} lies outside the calendar") from None
