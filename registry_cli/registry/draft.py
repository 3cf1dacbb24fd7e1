"""A draft: the fields that a user gives for a version before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry_cli.ids import AliasName, ModelName, TagName, TaskId
    from registry_cli.records.values import Value

DEFAULT_ROLE = "base"
"""Role of a parent given without one."""


@dataclass(frozen=True, slots=True)
class DesignSource:
    """A network's design as it was given: its bytes and their media type."""

    data: bytes
    media: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields that are given with the files; an empty field is not given.

    Attributes:
        parents: Pairs of role and address.
        metadata: Metadata; None is a value that was given as null.
        aliases: Aliases that move to the new version in the same entry.
        created: Time (UTC) at which the files were saved, where that is known; otherwise the version is as old as its
            record.
    """

    name: ModelName
    framework: str | None = None
    step: int | None = None
    task: TaskId | None = None
    parents: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    design: DesignSource | None = None
    params: Mapping[str, Value | None] = field(default_factory=dict)
    metrics: Mapping[str, int | float] = field(default_factory=dict)
    metadata: Mapping[str, Value | None] = field(default_factory=dict)
    interface: Mapping[str, Value] = field(default_factory=dict)
    tags: tuple[TagName, ...] = ()
    aliases: tuple[AliasName, ...] = ()
    created: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a token in the user's fields before any byte is read.

        Raises:
            UsageError: The parameters or the metadata contain a token.
        """
        if self.params or self.metadata:
            from registry_cli.secrets.check import check_value

            check_value("params", self.params)
            check_value("metadata", self.metadata)


def given(table: Mapping[str, Value | None]) -> dict[str, Value]:
    """Return a table without its nulls."""
    return {key: value for key, value in table.items() if value is not None}
