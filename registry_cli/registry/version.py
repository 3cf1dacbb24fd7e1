"""The version object for scripts: its row of the catalog, its files, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass, field
from registry_cli.errors import UsageError
from registry_cli.ids import parse_alias, parse_tag
from registry_cli.records.values import check_value, flatten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import AliasName, ModelName, TagName, VersionId
    from registry_cli.records.parts import FileEntry
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry
    from registry_cli.registry.compare import Comparison
    from registry_cli.registry.lineage import Lineage


_STATE: Final = ("framework", "step", "author", "created", "comment", "published", "archived")


@dataclass(slots=True)
class Version:
    """One saved model, as `use`, `commit` and `Registry.query` return it.

    `row` holds all that the catalog knew of it at the time of reading; `publish`, `alias`, `tag` and `edit` read it
    again, and return the version.
    """

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
    def params(self) -> Mapping[str, Value]:
        """Parameters of its training."""
        return self.row.params

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """Its files: path, size and digests of each."""
        return self.row.files

    @property
    def framework(self) -> str | None:
        """Framework, such as `PyTorch`; None where it is not known."""
        return self.row.framework

    @property
    def published(self) -> bool:
        """True where it is published."""
        return self.row.published

    @property
    def labels(self) -> Mapping[str, int]:
        """Classes and their numbers."""
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

    def publish(self, message: str | None = None) -> Version:
        """Publish it: its files, framework, labels, design and parents are sealed, with the metrics of this moment.

        Args:
            message: Reason, for the log.

        Returns:
            The version itself, as are the results of `alias`, `tag` and `edit`.

        Raises:
            RefusedError: It is archived or removed.
            CorruptError: The stored bytes have changed.
        """
        from registry_cli.registry.lifecycle import publish_versions

        (self.row,) = publish_versions(self.registry, [self.id], message=message)
        return self

    def alias(self, name: str, message: str | None = None) -> Version:
        """Move an alias of its model to it.

        Args:
            name: The alias, such as `prod`.
            message: Reason, for the log.

        Raises:
            RefusedError: It is archived or removed.
        """
        from registry_cli.registry.aliases import set_alias

        self.row = set_alias(self.registry, self.id, parse_alias(name), message=message)
        return self

    def tag(self, *tags: str, remove: Iterable[str] = ()) -> Version:
        """Add tags, and remove others.

        Args:
            *tags: Tags to add.
            remove: Tags to remove.

        Raises:
            RefusedError: It is removed.
        """
        from registry_cli.registry.editing import tag_versions

        if isinstance(remove, str):
            raise UsageError(f"remove is the text {remove!r}, and must be a list")
        add, gone = [parse_tag(tag) for tag in tags], [parse_tag(tag) for tag in remove]
        (self.row,) = tag_versions(self.registry, [self.id], add=add, remove=gone)
        return self

    def edit(
        self,
        *,
        comment: str | None = None,
        framework: str | None = None,
        labels: Mapping[str, int] | None = None,
        metrics: Mapping[str, Value] | None = None,
        metadata: Mapping[str, Value] | None = None,
        unset: Iterable[str] = (),
        message: str | None = None,
    ) -> Version:
        """Change fields; those that are not given stay as they are.

        Args:
            comment: A comment.
            framework: Framework; of a draft.
            labels: Labels to set; of a draft.
            metrics: Metrics to set.
            metadata: Metadata to set.
            unset: Names of fields to remove, such as `comment` or `metadata.owner`.
            message: Reason, for the log.

        Raises:
            RefusedError: It is published, and a field is sealed.
        """
        from registry_cli.registry.editing import Edit, edit_versions

        if isinstance(unset, str):
            raise UsageError(f"unset is the text {unset!r}, and must be a list")
        tables = {"metrics": metrics or {}, "metadata": metadata or {}}
        put = {f"{group}.{name}": value for group, table in tables.items() for name, value in table.items()}
        checked = {name: check_value(value, name) for name, value in put.items()}
        edit = Edit(checked, tuple(unset), labels or {}, None, framework, comment)
        (self.row,) = edit_versions(self.registry, [self.id], edit, message=message)
        return self

    def compare(self, *others: Version | str, only: Sequence[str] = ()) -> Comparison:
        """Compare it with other versions, field by field.

        Args:
            *others: Versions, or addresses.
            only: Groups to compare, such as `metrics`; all where empty.

        Returns:
            A `Comparison`: `differs` is False where they are alike, `rows` has the value of each for every field.
        """
        from registry_cli.registry.compare import compare_versions

        refs = [other.id if isinstance(other, Version) else other for other in others]
        return compare_versions(self.registry, [self.id, *refs], only=only)

    def lineage(self, *, depth: int | None = None) -> Lineage:
        """Return its ancestors and descendants.

        Args:
            depth: Most steps away; all when None.

        Returns:
            A `Lineage`: `nodes` has the versions by their ids, `edges` the pointers with their roles.
        """
        from registry_cli.registry.lineage import read_lineage

        return read_lineage(self.registry, self.id, depth=depth)

    def _repr_html_(self) -> str:
        from registry_cli.registry.html import format_heading, format_table

        rows: list[tuple[str, object]] = [(name, getattr(self.row, name)) for name in _STATE]
        rows += [("aliases", self.aliases), ("tags", self.tags)]
        for group in ("metrics", "params", "metadata", "labels"):
            flat = flatten(getattr(self.row, group), group)
            rows += list(flat.items())
        rows += [(f"file {file.path}", None if file.size is None else f"{file.size:,} bytes") for file in self.files]
        return format_heading(self.ref) + format_table([], [row for row in rows if row[1] not in (None, "", (), False)])

    def __str__(self) -> str:
        return self.ref

    def __repr__(self) -> str:
        return f"<Version {self.ref} {self.id[:12]}>"

    def __hash__(self) -> int:
        return hash(self.id)


class Versions(list[Version]):
    """Versions in order, such as the answer to a query; a notebook shows them as a table."""

    def _repr_html_(self) -> str:
        from registry_cli.registry.html import format_table

        names = list(dict.fromkeys(name for version in self for name in version.metrics))
        rows = []
        for version in self:
            state = "published" if version.published else "draft"
            start = (version.ref, version.aliases, version.tags, version.framework, state, version.row.created)
            rows.append((*start, *(version.metrics.get(name) for name in names)))
        return format_table(["version", "aliases", "tags", "framework", "state", "created", *names], rows)
