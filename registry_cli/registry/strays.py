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


def iter_strays(layout: Layout, db: sqlite3.Connection) -> Iterator[RecordId]:
    """Yield the records that are there and that no entry names, sorted.

    Args:
        layout: Where they lie.
        db: The catalog.
    """
    for shard in FANOUT:
        try:
            names = sorted(path.name for path in (layout.records / shard).iterdir() if _NAME.fullmatch(path.name))
        except FileNotFoundError:  # git keeps no empty folder
            continue
        for name in names:
            record = RecordId(shard + name.removesuffix(".toml"))
            named = "SELECT 1 FROM versions WHERE id = ?1 UNION ALL SELECT 1 FROM versions WHERE publication = ?1"
            if db.execute(named, (record,)).fetchone() is None:
                yield record
