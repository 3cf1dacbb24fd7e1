"""The progress of collections with unused blobs, and the removed versions whose bytes stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.catalog.connection import find_value, list_column
from registry_cli.dataclass import dataclass
from registry_cli.ids import KEEP_TAG, BlobHash, VersionId

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection

_REMOVED_ANCESTORS: Final = """
WITH RECURSIVE up (id, child) AS (
    SELECT p.parent, v.row FROM parents p JOIN versions v ON v.row = p.child WHERE v.removed = 0
    UNION SELECT p.parent, up.child FROM up JOIN versions v ON v.id = up.id AND v.removed = 1
        JOIN parents p ON p.child = v.row
)
SELECT v.row, min(up.child) FROM up JOIN versions v ON v.id = up.id WHERE v.removed = 1 GROUP BY v.row
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of a blob in a collection: the operation of the last entry about it, and that entry's slot."""

    op: str
    seq: int


def list_announced(db: Connection) -> set[BlobHash]:
    """Return the blobs that a collector has announced, swept or deleted and that nothing has used since."""
    return set(list_column(db, "SELECT sha256 FROM garbage"))


def read_stages(db: Connection, *, but: str) -> dict[BlobHash, Stage]:
    """Return the stages of the blobs that collectors have announced, except those whose stage is `but`."""
    found = db.execute("SELECT sha256, stage, seq FROM garbage WHERE stage != ?", (but,))
    return {BlobHash(sha256): Stage(op, seq) for sha256, op, seq in found}


def find_stage_time(db: Connection, blob: BlobHash, op: str) -> int | None:
    """Return when a blob reached a stage, in microseconds since 1970 UTC; None where it is at another stage now."""
    query = "SELECT e.time FROM garbage g JOIN entries e ON e.seq = g.seq WHERE g.sha256 = ? AND g.stage = ?"
    return find_value(db, query, blob, op)


def read_kept(db: Connection) -> dict[int, str]:
    """Return the removed versions whose bytes stay: the reason for each row."""
    refs = "SELECT l.name || ':' || v.number FROM versions v JOIN lines l ON l.id = v.line WHERE v.row = ?"
    ancestors = db.execute(_REMOVED_ANCESTORS).fetchall()
    kept = {row: f"{find_value(db, refs, child)} was made from it" for row, child in ancestors}
    tagged = "SELECT v.row FROM versions v JOIN tags t ON t.version = v.row WHERE v.removed = 1 AND t.tag = ?"
    kept |= dict.fromkeys(list_column(db, tagged, KEEP_TAG), f"tag {KEEP_TAG}")
    published = "SELECT row FROM versions WHERE removed = 1 AND publication IS NOT NULL"
    return kept | dict.fromkeys(list_column(db, published), "published")


def list_live_ids(db: Connection) -> set[VersionId]:
    """Return the ids of the versions that are not removed."""
    return set(list_column(db, "SELECT id FROM versions WHERE removed = 0"))
