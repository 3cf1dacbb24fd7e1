"""Records that no entry names: of a command that was killed, or of an entry that was lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.ids import RecordId
from registry_cli.store.layout import FANOUT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from registry_cli.store.layout import Layout

_NAME: Final = re.compile(r"[0-9a-f]{62}\.toml")
_AFTER: Final = "g"
"""Sorts after every hex digit."""


def iter_strays(layout: Layout, db: sqlite3.Connection) -> Iterator[RecordId]:
    """Yield the records that are there and that no entry names, sorted.

    Args:
        layout: Where they lie.
        db: The catalog.
    """
    sealed = {seal for (seal,) in db.execute("SELECT publication FROM versions WHERE publication IS NOT NULL")}
    for shard in FANOUT:
        bounds = (shard, shard + _AFTER)
        named = {version for (version,) in db.execute("SELECT id FROM versions WHERE id >= ? AND id < ?", bounds)}
        try:
            names = sorted(path.name for path in (layout.records / shard).iterdir() if _NAME.fullmatch(path.name))
        except FileNotFoundError:  # git keeps no empty folder
            continue
        for record in (RecordId(shard + name.removesuffix(".toml")) for name in names):
            if record not in named and record not in sealed:
                yield record
