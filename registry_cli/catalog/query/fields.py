"""The fields a query can name: what type each has and where it lies in the index.

The parser, the compiler, sorting and completion read this one table. Knows no grammar and no statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["text", "id", "name", "project", "caseless", "number", "size", "time", "truth"]


@dataclass(frozen=True, slots=True)
class Field:
    """A plain field.

    Attributes:
        kind: How its values are written and compared.
        column: Where it lies: SQL in which `{v}` stands for the alias of `versions`.
        optional: Whether a version may lack it.
        index: The index of `versions` that gives rows in its order, or None.
    """

    kind: Kind
    column: str
    optional: bool = False
    index: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether it holds text, not a number."""
        return self.kind in {"text", "id", "name", "project", "caseless"}


PLAIN: Final = {
    "name": Field("name", "(SELECT key FROM lines WHERE id = {v}.line)"),
    "project": Field("project", "(SELECT project FROM lines WHERE id = {v}.line)"),
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
    "comment": Field("text", "{v}.comment", optional=True),
}
"""The fields that lie in columns of `versions` and `lines`."""

KEYED: Final = ("metadata", "metrics", "params", "labels", "design")
"""The tables whose keys are fields too, such as `metrics.auc`; they lie in the index's table `fields`."""


def is_field(name: str) -> bool:
    """Return whether a query may name it; a keyed field may be one that no version has."""
    table, _, key = name.partition(".")
    return name in PLAIN or (table in KEYED and key != "")


def list_near(name: str) -> list[str]:
    """Return the fields that an unknown one may have meant, nearest first."""
    import difflib

    table, dot, key = name.partition(".")
    if dot and key:
        return [f"{near}.{key}" for near in difflib.get_close_matches(table.lower(), KEYED, n=2, cutoff=0.5)]
    if table in KEYED:
        return [f"{table}.KEY"]
    near = difflib.get_close_matches(table.lower(), [*PLAIN, *KEYED], n=3, cutoff=0.6)
    return [f"{word}.KEY" if word in KEYED else word for word in near]
