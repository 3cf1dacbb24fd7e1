"""Converts records and entries to canonical TOML bytes and back.

Keys are sorted and the bytes are written once: they are the identity, so nothing is ever dumped again after a load.
TOML 1.0 (https://toml.io/en/v1.0.0). Knows no disk: the caller says where the bytes came from.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from registry_cli.errors import CorruptError, UsageError
from registry_cli.ids import BlobHash, ModelName, TaskId, VersionId, Xxh3
from registry_cli.records.entry import Entry
from registry_cli.records.parts import Design, Parent
from registry_cli.records.tables import (
    SCHEMA,
    check_types,
    design_table,
    fields_of,
    file_tables,
    load_files,
    load_kind,
    load_time,
    present,
)
from registry_cli.records.toml import check_seal, dump_table, load_table, seal
from registry_cli.records.version import Publication, VersionRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORD_LIMIT: Final = 64 * 1024
"""Largest size of a record in bytes, without its file list."""

_KNOWN: Final[dict[str, type]] = {
    "author": str, "created": datetime, "design": dict, "files": list, "framework": str, "kind": str, "labels": dict,
    "metrics": dict, "parents": list, "schema": int,
}  # fmt: skip
_VERSION_KEYS: Final = _KNOWN | {
    "interface": dict, "message": str, "metadata": dict, "model": str, "nonce": str, "params": dict, "step": int,
    "task": str, "unset": list,
}  # fmt: skip
_VERSION_PLAIN: Final = ("message", "framework", "step", "labels", "params", "metrics", "metadata", "interface")
"""Keys of a version's record that may be missing and hold a field as it is."""
_PUBLICATION_KEYS: Final = _KNOWN | {"version": str}
_ENTRY_KEYS: Final[dict[str, type]] = {
    "author": str, "changes": list, "id": str, "message": str, "previous": str, "rules": int, "seq": int,
    "stands_for": str, "time": datetime, "tool": str,
}  # fmt: skip


def dump_version(version: VersionRecord) -> bytes:
    """Return the bytes of a version's record.

    Raises:
        UsageError: Without its file list it is larger than `RECORD_LIMIT`.
    """
    table = present(
        {
            **version.extra,
            **fields_of(version, ("nonce", "model", "created", "author", "task", *_VERSION_PLAIN)),
            "kind": "version",
            "schema": SCHEMA,
            "parents": [{"id": parent.id, "role": parent.role} for parent in version.parents],
            "design": design_table(version.design),
            "unset": list(version.unset),
        }
    )
    data = dump_table({**table, "files": file_tables(version.files)})
    size = len(data)
    if size > RECORD_LIMIT and (size := len(dump_table(table))) > RECORD_LIMIT:
        raise UsageError(
            f"the record of {version.model} would have {size:,} bytes, {RECORD_LIMIT:,} are allowed: "
            "keep curves, long texts and large tables in a file of the version"
        )
    return data


def load_version(data: bytes, where: str) -> VersionRecord:
    """Return the version from the bytes of its record.

    Raises:
        CorruptError: This program cannot read `data` as a version record; the message names `where`.
    """
    table = load_kind(data, "version", where)
    check_types(table, _VERSION_KEYS, where)
    try:
        return VersionRecord(
            model=ModelName(table["model"]),
            nonce=table["nonce"],
            created=load_time(table["created"]),
            author=table["author"],
            files=load_files(table.get("files", [])),
            task=TaskId(table["task"]) if "task" in table else None,
            parents=_parents(table),
            design=_design(table.get("design")),
            unset=tuple(table.get("unset", ())),
            **{key: table[key] for key in _VERSION_PLAIN if key in table},
            extra={key: value for key, value in table.items() if key not in _VERSION_KEYS},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CorruptError(f"{where} is not a version record: {error!r}") from None


def dump_publication(publication: Publication) -> bytes:
    """Return the bytes of a publication, which are signed, pinned and verified."""
    return dump_table(
        present(
            {
                **publication.extra,
                **fields_of(publication, ("version", "created", "author", "framework", "labels", "metrics")),
                "kind": "publication",
                "schema": SCHEMA,
                "design": design_table(publication.design),
                "parents": [{"id": parent.id, "role": parent.role} for parent in publication.parents],
                "files": file_tables(publication.files),
            }
        )
    )


def load_publication(data: bytes, where: str) -> Publication:
    """Return the publication from its bytes.

    Raises:
        CorruptError: This program cannot read `data` as a publication; the message names `where`.
    """
    table = load_kind(data, "publication", where)
    check_types(table, _PUBLICATION_KEYS, where)
    try:
        return Publication(
            version=VersionId(table["version"]),
            created=load_time(table["created"]),
            author=table["author"],
            files=load_files(table.get("files", [])),
            framework=table.get("framework"),
            labels=table.get("labels", {}),
            design=_design(table.get("design")),
            parents=_parents(table),
            metrics=table.get("metrics", {}),
            extra={key: value for key, value in table.items() if key not in _PUBLICATION_KEYS},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CorruptError(f"{where} is not a publication: {error!r}") from None


def dump_entry(entry: Entry) -> bytes:
    """Return the bytes of a log entry, sealed: no later entry holds the digest of the newest one yet."""
    table = present(fields_of(entry, _ENTRY_KEYS.keys() - {"changes"}))
    return seal(dump_table({**table, "changes": list(entry.changes)}))


def load_entry(data: bytes, where: str) -> Entry:
    """Return the log entry from its bytes.

    Raises:
        CorruptError: `data` is not an entry, or was changed after it was written; the message names `where`.
    """
    check_seal(data, where)
    table = load_table(data, where)
    check_types(table, _ENTRY_KEYS, where)
    try:
        changes = tuple(table["changes"])
        if not all(isinstance(change, dict) and isinstance(change.get("op"), str) for change in changes):
            raise TypeError("a change without an op")
        return Entry(
            seq=table["seq"],
            previous=table["previous"],
            id=table["id"],
            time=load_time(table["time"]),
            author=table["author"],
            tool=table["tool"],
            rules=table["rules"],
            message=table.get("message"),
            changes=changes,
            stands_for=table.get("stands_for"),
        )
    except KeyError as error:
        raise CorruptError(f"{where} is not a log entry: it has no {error}") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise CorruptError(f"{where} is not a log entry: {error}") from None


def _parents(table: Mapping[str, Any]) -> tuple[Parent, ...]:
    return tuple(Parent(VersionId(parent["id"]), parent["role"]) for parent in table.get("parents", []))


def _design(table: Mapping[str, Any] | None) -> Design | None:
    if table is None:
        return None
    sha256, xxh3 = table.get("sha256"), table.get("xxh3")
    return Design(
        media=table["media"],
        text=table.get("text"),
        sha256=BlobHash(sha256) if sha256 else None,
        xxh3=Xxh3(xxh3) if xxh3 else None,
        size=table.get("size"),
    )
