"""The fields of a model under ClearML's names: a version's fields, read from the catalog and changed in the log.

Setters replace the old value; an empty value removes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from registry_cli.errors import UsageError
from registry_cli.ids import TagName, project_of
from registry_cli.registry.add import make_design
from registry_cli.registry.designs import read_design
from registry_cli.registry.editing import Edit, edit_versions, tag_versions
from registry_cli.registry.get import open_path
from registry_cli.registry.lifecycle import rename_model
from registry_cli.registry.version import Version
from registry_cli.sdk.clearml.next_version import Next, check_framework, read_labels
from registry_cli.sdk.clearml.tag_words import list_tags
from registry_cli.sdk.join import is_silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import TaskId, VersionId
    from registry_cli.registry.api import Registry
    from registry_cli.registry.draft import DesignSource


TEXT_DESIGN = "design.txt"
JSON_DESIGN = "design.json"


class ModelFields:
    """A version, by its registry and id; or one to come."""

    _next: Next | None = None

    def __init__(self, registry: Registry, version: VersionId | None) -> None:
        self._registry = registry
        self._version = version

    @property
    def row(self) -> VersionRow:
        """The version's current row in the catalog.

        Raises:
            UsageError: There is no version yet.
        """
        version = self._find_version()
        if version is None:
            raise UsageError("this model has no version yet: update_weights saves one")
        self._registry.index.sync()
        return self._registry.get_row(version)

    @property
    def _said(self) -> VersionRow | Next:
        """Its fields: those of the version, or of the next one before there is a version."""
        return self._next if self._next is not None and self._find_version() is None else self.row

    def _find_version(self) -> VersionId | None:
        return self._version

    @property
    def _untold(self) -> bool:
        """True where there is no version because another rank makes it."""
        return is_silent() and self._find_version() is None

    @property
    def version(self) -> Version:
        """The version as the `Version` of `registry_cli`."""
        return Version(self._registry, self.row)

    @property
    def id(self) -> str:
        """Id of the version; empty on ranks that make none, like other fields."""
        return "" if self._untold else self.row.id

    @property
    def ref(self) -> str:
        """Its address, `project/name:number`."""
        return "" if self._untold else self.row.ref

    @property
    def name(self) -> str:
        """Last segment of its model's name; setting it renames the model, with all its versions."""
        return self._said.name.rpartition("/")[2]

    @name.setter
    def name(self, name: str) -> None:
        self._rename(self.project, name)

    @property
    def project(self) -> str:
        """All of its model's name but the last segment; setting it moves the model, with all its versions."""
        return project_of(self._said.name)

    @project.setter
    def project(self, project: str) -> None:
        self._rename(project, self.name)

    @property
    def comment(self) -> str:
        """Its comment; empty where it has none."""
        return self._said.comment or ""

    @comment.setter
    def comment(self, comment: str | None) -> None:
        self._edit(Edit(comment=comment) if comment else Edit(unset=("comment",)))

    @property
    def tags(self) -> list[str]:
        """Its tags, sorted; setting them replaces all."""
        return sorted(self._said.tags)

    @tags.setter
    def tags(self, tags: Iterable[str] | None) -> None:
        wanted = set(list_tags(tags))
        self._tag(wanted, {tag for tag in self._said.tags if tag not in wanted})

    @property
    def system_tags(self) -> list[str]:
        """`archived` and `package`, as they apply; they cannot be set."""
        if self._untold:
            return []
        row = self.row
        return [word for word, holds in (("archived", row.archived), ("package", len(row.files) > 1)) if holds]

    @property
    def framework(self) -> str | None:
        """Its framework; a draft's can be set."""
        return self._said.framework

    @framework.setter
    def framework(self, framework: str | None) -> None:
        named = check_framework(framework)
        self._edit(Edit(framework=named) if named else Edit(unset=("framework",)))

    @property
    def labels(self) -> dict[str, int]:
        """Label to integer; setting them replaces all."""
        return dict(self._said.labels)

    @labels.setter
    def labels(self, labels: Mapping[str, int] | None) -> None:
        self._set_labels(read_labels(labels))

    @property
    def config_text(self) -> str:
        """Its design as text; empty where it has none."""
        said = self._said
        if isinstance(said, Next):
            return said.design
        return read_design(self._registry, said).decode(errors="replace") if said.design else ""

    @config_text.setter
    def config_text(self, text: str | None) -> None:
        self._set_design(design_of(text or None, None))

    @property
    def config_dict(self) -> dict[str, Any]:
        """Its design read as JSON; empty where it has none.

        Raises:
            UsageError: It is no JSON object.
        """
        text = self.config_text
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UsageError(f"the design of {self.name} is no JSON object: config_text reads it as it is")
        return found

    @config_dict.setter
    def config_dict(self, table: Mapping[str, Any] | None) -> None:
        self._set_design(design_of(None, table or None))

    @property
    def task(self) -> TaskId | None:
        """Id of the task that made it."""
        return None if self._untold else self.row.task

    @property
    def original_task(self) -> TaskId | None:
        """The same as `task`: a version is made once."""
        return None if self._untold else self.row.task

    @property
    def url(self) -> str:
        """URL of its bytes: the file's own for an external file, else that of the path from `get_weights`."""
        if self._untold:
            return ""
        external = [file.url for file in self.row.files if file.url]
        return external[0] if external else open_path(self._registry, self.row).as_uri()

    @property
    def published(self) -> bool:
        """True where it is published."""
        return not self._untold and self.row.published

    @property
    def archived(self) -> bool:
        """True where it is archived."""
        return not self._untold and self.row.archived

    def _set_labels(self, labels: Mapping[str, int]) -> None:
        gone = tuple(f"labels.{name}" for name in self._said.labels if name not in labels)
        self._edit(Edit(labels=labels, unset=gone))

    def _set_design(self, design: DesignSource | None) -> None:
        self._edit(Edit(design=design) if design else Edit(unset=("design",)))

    def _edit(self, edit: Edit) -> None:
        self._write(lambda: edit_versions(self._registry, [self.id], edit))

    def _tag(self, add: Iterable[TagName], remove: Iterable[TagName]) -> None:
        self._write(lambda: tag_versions(self._registry, [self.id], add=[*add], remove=[*remove]))

    def _rename(self, project: str, name: str) -> None:
        self._write(lambda: rename_model(self._registry, self._said.name, f"{project}/{name}" if project else name))

    def _write(self, change: Callable[[], object]) -> None:
        if not is_silent():
            change()


def design_of(text: str | None, table: Mapping[str, Any] | None) -> DesignSource | None:
    """Return a design given as text, or as a table that is stored as JSON; None where neither is given.

    Raises:
        UsageError: Both are given, it is no text, or JSON cannot hold the table.
    """
    if text is not None and table is not None:
        raise UsageError("a design is either config_text or config_dict")
    if table is None:
        return _text_design(text) if text is not None else None
    try:
        return make_design((json.dumps(table, indent=2, ensure_ascii=False) + "\n").encode(), JSON_DESIGN)
    except (TypeError, ValueError) as error:
        raise UsageError(f"config_dict cannot be kept as JSON: {error}") from None


def _text_design(text: str) -> DesignSource:
    if not isinstance(text, str):
        raise UsageError(f"config_text is a {type(text).__name__}, and must be text: config_dict takes a table")
    try:
        return make_design(text.encode(), TEXT_DESIGN)
    except UnicodeEncodeError:
        raise UsageError("config_text is no Unicode text") from None
