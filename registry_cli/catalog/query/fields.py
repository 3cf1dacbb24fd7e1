"""The fields a query can name: their types and their places in the index.

The parser, the compiler, sorting and completion read these tables. This module knows no grammar and no statement.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from registry_cli.dataclass import dataclass
from registry_cli.records.status import STATUSES

Kind: TypeAlias = Literal[
    "text", "id", "ulid", "name", "project", "caseless", "choice", "number", "size", "duration", "time", "truth"
]


@dataclass(frozen=True, slots=True)
class Field:
    """A plain field.

    Attributes:
        kind: The type that decides how values are written and compared.
        column: SQL that reads the field; `{v}` stands for the alias of the row's table.
        optional: True where a row may lack the field.
        index: The index of the row's table that yields rows in the field's order, or None.
        line: The column of `lines` that holds the field, if it is the same for all versions of a line.
        choices: The values of a `choice`.
    """

    kind: Kind
    column: str
    optional: bool = False
    index: str | None = None
    line: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        """True where the field holds text, not a number."""
        return self.kind in {"text", "id", "ulid", "name", "project", "caseless", "choice"}


PLAIN: Final = {
    "name": Field("name", "(SELECT key FROM lines WHERE id = {v}.line)", line="key"),
    "project": Field("project", "(SELECT project FROM lines WHERE id = {v}.line)", line="project"),
    "number": Field("number", "{v}.number"),
    "id": Field("id", "{v}.id", index="sqlite_autoindex_versions_1"),
    "framework": Field("caseless", "lower({v}.framework)", optional=True),
    "author": Field("text", "{v}.author"),
    "created": Field("time", "{v}.created", index="versions_created"),
    "step": Field("number", "{v}.step", optional=True),
    "published": Field("truth", "({v}.publication IS NOT NULL)"),
    "archived": Field("truth", "{v}.archived"),
    "size": Field("size", "{v}.size", index="versions_size"),
    "task": Field("text", "{v}.task", optional=True),
    "attempt": Field("number", "{v}.attempt", optional=True),
    "comment": Field("text", "{v}.comment", optional=True),
}
"""The fields stored in columns of `versions` and `lines`."""

FILES: Final = {
    "file.path": Field("text", "f.path"),
    "file.sha256": Field("id", "f.sha256"),
}
"""The fields of a version's files, in columns of `files`: a version has as many values as it has files."""

KEYED: Final = ("metadata", "metrics", "params", "labels", "design")
"""The tables whose keys are fields too, such as `metrics.auc`; the index's table `fields` stores them."""

CRASHED: Final = "crashed"
"""Name of the parameter with a JSON list of the tasks that are running in the index but whose processes are gone."""
_STATUS: Final = (
    f"CASE WHEN {{v}}.status = 'running' AND {{v}}.id IN (SELECT value FROM json_each(:{CRASHED}))"
    " THEN 'crashed' ELSE {v}.status END"
)
TASK_PLAIN: Final = {
    "name": Field("name", "{v}.key"),
    "project": Field("project", "{v}.project_key"),
    "id": Field("ulid", "{v}.id"),
    "status": Field("choice", _STATUS, choices=STATUSES),
    "author": Field("text", "{v}.author"),
    "created": Field("time", "{v}.created"),
    "started": Field("time", "{v}.started", optional=True),
    "ended": Field("time", "{v}.ended", optional=True),
    "duration": Field("duration", "(({v}.ended - {v}.started) / 1e6)", optional=True),
    "attempt": Field("number", "{v}.attempt"),
    "exit_code": Field("number", "{v}.exit_code", optional=True),
    "source": Field("ulid", "{v}.source", optional=True),
    "commit": Field("id", "{v}.commit_id", optional=True),
    "command": Field("text", "{v}.command"),
    "comment": Field("text", "{v}.comment", optional=True),
    "archived": Field("truth", "{v}.archived"),
}
"""The fields stored in columns of `tasks`."""

TASK_KEYED: Final = ("params", "metrics", "env", "host", "python", "seeds")
"""The tables whose keys are fields of a task; the index's table `task_fields` stores them."""
