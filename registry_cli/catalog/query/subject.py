"""The two subjects of a query, versions and tasks: the fields, labels and calls of each, and the tables that hold them.

One grammar serves both. This module knows no grammar and no statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.query.fields import FILES, KEYED, PLAIN, TASK_KEYED, TASK_PLAIN
from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.catalog.query.ast import KinKind, LabelKind
    from registry_cli.catalog.query.fields import Field


@dataclass(frozen=True, slots=True)
class Subject:
    """The kind of row that a query asks for.

    Attributes:
        rows: The table of its rows, and its name in messages.
        plain: The fields stored in columns.
        files: The fields of its files, of which it may have many.
        keyed: The tables whose keys are fields too.
        labels: The words that can stand before a `:`.
        kin: The calls that take an address.
        fields: The table of keyed fields.
        tags: The table of tags.
        owner: The column of `fields` and `tags` that names the row.
        options: Words that are no field, each with the option of the command line that does what they say.
    """

    rows: Literal["versions", "tasks"]
    plain: Mapping[str, Field]
    files: Mapping[str, Field]
    keyed: tuple[str, ...]
    labels: tuple[LabelKind, ...]
    kin: tuple[KinKind, ...]
    fields: Literal["fields", "task_fields"]
    tags: Literal["tags", "task_tags"]
    owner: Literal["version", "task"]
    options: Mapping[str, str]


VERSIONS: Final = Subject(
    rows="versions",
    plain=PLAIN,
    files=FILES,
    keyed=KEYED,
    labels=("tag", "alias", "task", "scan"),
    kin=("descends", "parents"),
    fields="fields",
    tags="tags",
    owner="version",
    options={"removed": "--removed"},
)
TASKS: Final = Subject(
    rows="tasks",
    plain=TASK_PLAIN,
    files={},
    keyed=TASK_KEYED,
    labels=("tag", "task", "status"),
    kin=("uses",),
    fields="task_fields",
    tags="task_tags",
    owner="task",
    options={},
)


def is_field(name: str, subject: Subject = VERSIONS) -> bool:
    """Return whether a query may name this field; a keyed field may be one that no row has."""
    table, _, key = name.partition(".")
    return name in subject.plain or (table in subject.keyed and key != "")


def list_near_terms(word: str, subject: Subject = VERSIONS) -> list[str]:
    """Return what a word that is no field probably means: the option, or the label or comparison with its value.

    Args:
        word: The word, such as `removed`, `tags`, `tags:x` or `name:x`.
        subject: The subject of the query.
    """
    from registry_cli.near import list_near  # only a mistake needs it

    name, colon, value = word.partition(":")
    if not colon and name.lower() in subject.options:
        return [subject.options[name.lower()]]
    if colon and is_field(name, subject):
        return [f"{name} = {value or '…'}"]
    labels = list_near(name, subject.labels)
    fields = [*subject.plain, *subject.keyed]
    nearest = list_near(name, [*subject.labels, *fields])[:1]
    return [f"{label}:{value or 'x'}" for label in labels[:1] if colon or nearest == [label]]


def list_near_fields(name: str, subject: Subject = VERSIONS) -> list[str]:
    """Return the fields of the language that are close to an unknown name, nearest first."""
    from registry_cli.near import list_near  # only a mistake needs it

    table, dot, key = name.partition(".")
    if dot and key:
        near = list_near(table, [*subject.keyed, *{name.partition(".")[0] for name in subject.files}])
        return [f"{word}.{key}" for word in near if word in subject.keyed or f"{word}.{key}" in subject.files]
    if table in subject.keyed:
        return [f"{table}.KEY"]
    near = list_near(table, [*subject.plain, *subject.keyed])
    return [f"{word}.KEY" if word in subject.keyed else word for word in near]
