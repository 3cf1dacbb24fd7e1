"""The shares of storage: bytes of the distinct blobs of each model, project or task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.ids import BlobHash

By = Literal["model", "project", "task"]

_MEMBERS: Final[dict[By, str]] = {
    "model": "members AS (SELECT row AS holder, line AS part FROM versions WHERE removed = 0)",
    "task": (
        "members AS (SELECT row AS holder, task AS part FROM versions WHERE removed = 0"
        " UNION ALL SELECT -row, id FROM attempts WHERE removed = 0)"
    ),
    # the path above the last `/`: trim all characters but `/` off the right end, then the `/` itself
    "project": (
        "projects (project) AS (SELECT project FROM lines UNION SELECT project_key FROM tasks),"
        " above (project, part) AS (SELECT project, project FROM projects"
        " UNION ALL SELECT project, rtrim(rtrim(part, replace(part, '/', '')), '/') FROM above"
        " WHERE instr(part, '/') > 0),"
        " members AS (SELECT v.row AS holder, a.part FROM versions v JOIN lines l ON l.id = v.line"
        " JOIN above a ON a.project = l.project WHERE v.removed = 0"
        " UNION ALL SELECT -t.row, a.part FROM attempts t JOIN above a ON a.project = t.project_key"
        " WHERE t.removed = 0)"
    ),
}
"""SQL for the versions and tasks of each part, one row for each pair; the holder of an attempt is minus its row."""
_SHARES: Final = """
WITH RECURSIVE {members},
kept AS (
    SELECT coalesce(u.version, -u.task) AS holder, u.sha256, u.size,
        count(*) OVER (PARTITION BY u.sha256) AS everywhere
    FROM uses u LEFT JOIN versions v ON v.row = u.version LEFT JOIN attempts t ON t.row = u.task
    WHERE coalesce(v.removed, t.removed) = 0 AND u.sha256 NOT IN (SELECT value FROM json_each(?))
),
held AS (
    SELECT m.part, max(k.size) AS size, count(*) = max(k.everywhere) AS alone FROM kept k JOIN members m USING (holder)
    GROUP BY k.sha256, m.part
),
sizes AS (SELECT part, sum(size) AS size, sum(size * alone) AS own FROM held GROUP BY part),
counts AS (
    SELECT m.part, min(coalesce(l.name, t.project)) AS model, count(v.row) AS versions FROM members m
    LEFT JOIN versions v ON v.row = m.holder LEFT JOIN lines l ON l.id = v.line
    LEFT JOIN attempts t ON t.row = -m.holder
    GROUP BY m.part
)
SELECT c.part, model, versions, coalesce(size, 0) AS size, coalesce(own, 0) AS own
FROM counts c LEFT JOIN sizes s ON s.part IS c.part ORDER BY own DESC, size DESC, model
"""


class ShareRow(NamedTuple):
    """The share of one part.

    Attributes:
        part: A line, a project's key, or a task's id; empty or None for versions and tasks that belong to no part.
        model: The name of one of its models, or a task's project.
        versions: Number of its versions.
        size: Bytes of the distinct blobs that it names.
        own: Bytes of those that no other part names.
    """

    part: str | int | None
    model: str
    versions: int
    size: int
    own: int


def list_shares(db: Connection, by: By, outside: Sequence[BlobHash]) -> list[ShareRow]:
    """Return the share of each part, those with the most bytes of their own first.

    Args:
        db: The index.
        by: The kind of parts.
        outside: Blobs that take no space here.
    """
    found = db.execute(_SHARES.format(members=_MEMBERS[by]), (json.dumps(outside),))
    return [ShareRow(*row) for row in found]
