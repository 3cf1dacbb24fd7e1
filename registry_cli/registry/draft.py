"""What a user says of a version to be made, before there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.ids import AliasName, ModelName, TagName, TaskId
    from registry_cli.records.values import Value

DEFAULT_ROLE = "base"
"""Role of a parent given without one."""


@dataclass(frozen=True, slots=True)
class DesignSource:
    """A network's design as it came: its bytes and their media type."""

    data: bytes
    media: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What is given beside the files; whatever is empty is not given.

    Attributes:
        parents: Pairs of role and address.
        metadata: May hold None, a value that is given as null.
        aliases: Moved to the new version in the same entry.
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

    def __post_init__(self) -> None:
        """Refuse a token in what a user says; before any byte is read.

        Raises:
            UsageError: One is in the parameters or the metadata.
        """
        if self.params or self.metadata:
            from registry_cli.secrets.check import check_value

            check_value("params", self.params)
            check_value("metadata", self.metadata)


def given(table: Mapping[str, Value | None]) -> dict[str, Value]:
    """Return a table without its nulls."""
    return {key: value for key, value in table.items() if value is not None}
