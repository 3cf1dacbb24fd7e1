"""The needs of versions and tasks: size and digest of each blob they name, and whether it must be here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.catalog.connection import span_of
from registry_cli.catalog.documents import load_doc
from registry_cli.dataclass import dataclass
from registry_cli.ids import BlobHash, Xxh3

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection

_NEEDS: Final = """
SELECT sha256, max(size), max(xxh3), max(removed = 0), max(removed = 0 AND ours)
FROM (
    SELECT f.sha256, f.size, f.xxh3, f.url IS NULL AS ours, v.removed FROM files f JOIN versions v ON v.row = f.version
    WHERE f.sha256 >= ?1 AND f.sha256 < ?2
    UNION ALL
    SELECT design, design_size, xxh3_of_design(doc), 1, removed FROM versions WHERE design >= ?1 AND design < ?2
    UNION ALL
    SELECT f.sha256, f.size, f.xxh3, 1, t.removed FROM task_files f JOIN attempts t ON t.row = f.task
    WHERE f.sha256 >= ?1 AND f.sha256 < ?2
) GROUP BY sha256
"""


@dataclass(frozen=True, slots=True)
class Need:
    """The facts that versions and tasks state about a blob.

    Attributes:
        size: Bytes, or None where unknown.
        xxh3: Digest, or None where unknown.
        used: True where a version or task that is not removed names it.
        kept: True where it must be here: a version or task that is not removed names it, and not by a URL alone.
    """

    size: int | None
    xxh3: Xxh3 | None
    used: bool
    kept: bool


def read_needs(db: Connection, prefix: str) -> dict[BlobHash, Need]:
    """Return the needs for the blobs whose digests begin with a prefix."""
    db.create_function("xxh3_of_design", 1, _xxh3_of_design, deterministic=True)
    return {
        BlobHash(sha256): Need(size, Xxh3(xxh3) if xxh3 else None, bool(used), bool(kept))
        for sha256, size, xxh3, used, kept in db.execute(_NEEDS, span_of(prefix))
    }


def _xxh3_of_design(doc: str) -> str | None:
    design = load_doc(doc)["design"]
    return design.get("xxh3") if design else None
