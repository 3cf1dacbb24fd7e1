"""Reads and writes `partial.toml`: the blobs and records known to be lost in this copy, so that it stays usable.

The file never travels and decides nothing: a blob or record that exists is not lost, whatever is listed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash, RecordId
from registry_cli.records.toml import dump_table, load_table
from registry_cli.store import files

if TYPE_CHECKING:
    from registry_cli.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Partial:
    """The blobs and records that were lost at the last check."""

    blobs: frozenset[BlobHash] = frozenset()
    records: frozenset[RecordId] = frozenset()


NOTHING = Partial()


def read_partial(layout: Layout) -> Partial:
    """Return the known losses; none where the file is missing or cannot be parsed."""
    try:
        table = load_table(files.read_small(layout.partial), str(layout.partial))
        blobs, records = table.get("blobs", []), table.get("records", [])
        return Partial(frozenset(map(BlobHash, blobs)), frozenset(map(RecordId, records)))
    except (FileNotFoundError, NotADirectoryError, CorruptError, TypeError):
        return NOTHING


def write_partial(layout: Layout, partial: Partial) -> None:
    """Write the known losses in one step; do nothing where the file already lists the same."""
    if partial == read_partial(layout) and files.exists(layout.partial) == (partial != NOTHING):
        return
    if partial == NOTHING:
        files.unlink(layout.partial)
        files.flush_dir(layout.root)
        return
    from registry_cli.store.writer_name import new_name  # readers need not load it

    table = {"blobs": sorted(partial.blobs), "records": sorted(partial.records)}
    files.replace_file(layout.partial, dump_table(table), layout.tmp / new_name())
