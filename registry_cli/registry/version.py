"""The version object for scripts: its row of the catalog, and its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import AliasName, ModelName, TagName, VersionId
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Version:
    """One saved model. `row` holds all that the catalog knew of it at the time of reading."""

    registry: Registry = field(repr=False, compare=False)
    row: VersionRow

    @property
    def id(self) -> VersionId:
        """SHA-256 of its record."""
        return self.row.id

    @property
    def name(self) -> ModelName:
        """Name of its model."""
        return self.row.name

    @property
    def number(self) -> int:
        """Its number in the line, from 1."""
        return self.row.number

    @property
    def ref(self) -> str:
        """Its address, `name:number`."""
        return self.row.ref

    @property
    def metrics(self) -> Mapping[str, Value]:
        """Metrics, including those added later."""
        return self.row.metrics

    @property
    def metadata(self) -> Mapping[str, Value]:
        """Metadata, as edited."""
        return self.row.metadata

    @property
    def labels(self) -> Mapping[str, int]:
        """Label to id."""
        return self.row.labels

    @property
    def tags(self) -> tuple[TagName, ...]:
        """Tags, sorted."""
        return self.row.tags

    @property
    def aliases(self) -> tuple[AliasName, ...]:
        """Aliases it holds, sorted."""
        return self.row.aliases

    @property
    def path(self) -> Path:
        """A local file, or a folder where the version has several files, for reading only.

        Raises:
            CorruptError: The stored bytes have changed.
        """
        from registry_cli.registry.get import open_path

        return open_path(self.registry, self.row)

    def __str__(self) -> str:
        return self.ref

    def __repr__(self) -> str:
        return f"<Version {self.ref} {self.id[:12]}>"

    def __hash__(self) -> int:
        return hash(self.id)
