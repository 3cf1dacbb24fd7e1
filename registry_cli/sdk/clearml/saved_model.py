"""What ClearML's three model classes can all do: weights, metadata, numbers and plots of a version, and its life."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from registry_cli.errors import RegError, UsageError
from registry_cli.registry.editing import Edit
from registry_cli.registry.get import open_path
from registry_cli.registry.lifecycle import archive_versions, publish_versions, restore_versions
from registry_cli.sdk.clearml import metadata
from registry_cli.sdk.clearml.model_fields import ModelFields
from registry_cli.sdk.clearml.reports import Reports
from registry_cli.sdk.warning import warn

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.records.values import Value
    from registry_cli.tasks.attempt.plots import Plot


class SavedModel(ModelFields, Reports):
    """A version, by its registry and id."""

    def publish(self) -> None:
        """Publish it; its weights, labels, design and framework are sealed."""
        self._write(lambda: publish_versions(self._registry, [self.id]))

    def archive(self) -> None:
        """Hide it."""
        self._write(lambda: archive_versions(self._registry, [self.id]))

    def unarchive(self) -> None:
        """Show it again."""
        self._write(lambda: restore_versions(self._registry, [self.id]))

    def get_weights(
        self, raise_on_error: bool = False, force_download: bool = False, extract_archive: bool = False
    ) -> str | None:
        """Return the path of its file, or of the folder where it has several; to open, not to write.

        Args:
            raise_on_error: Else an error is shown as a warning, and None returned.
            force_download: Without effect: the bytes are here, and are checked.
            extract_archive: Without effect: nothing was packed, and what came as a zip is given back as one.
        """
        path = self._open(strict=raise_on_error)
        return None if path is None else str(path)

    def get_weights_package(
        self, return_path: bool = False, raise_on_error: bool = False, force_download: bool = False,
        extract_archive: bool = True,
    ) -> str | list[str] | None:  # fmt: skip
        """Return the paths of all its files, or with `return_path` the folder; else as `get_weights`."""
        path = self._open(strict=raise_on_error)
        if path is None:
            return None
        folder: Path = path if path.is_dir() else path.parent
        if return_path:
            return str(folder)
        return [str(folder / file.path) for file in self.row.files] if path.is_dir() else [str(path)]

    def set_metadata(self, key: str, value: Value | None, v_type: str | None = None) -> bool:
        """Set a value of the metadata, also when published; None takes it away.

        Args:
            key: Its name.
            value: Kept with its type.
            v_type: `float int bool str list tuple dict`: what to make of it first.
        """
        put = None if value is None else metadata.convert(key, value, v_type)
        self._edit(Edit(put={f"metadata.{key}": put}))
        return True

    def get_metadata(self, key: str) -> str | None:
        """Return a value of the metadata as text; None where there is none."""
        value = self.get_metadata_casted(key)
        return None if value is None else metadata.as_text(value)

    def get_metadata_casted(self, key: str) -> Value | None:
        """Return a value of the metadata as it is; None where there is none."""
        return self._said.metadata.get(key)

    def get_all_metadata(self) -> dict[str, dict[str, str]]:
        """Return the metadata as `{key: {"key", "type", "value"}}`, all text."""
        return metadata.described(self._said.metadata)

    def get_all_metadata_casted(self) -> dict[str, dict[str, Any]]:
        """Return the same with values as they are."""
        values = self._said.metadata
        return {key: {**entry, "value": values[key]} for key, entry in metadata.described(values).items()}

    def set_all_metadata(self, metadata_: Mapping[str, Mapping[str, Any]], replace: bool = True) -> bool:
        """Set the metadata from `{key: {"value", "type"}}`; with `replace` nothing else stays."""
        for key, entry in metadata_.items():
            if not isinstance(entry, Mapping) or "value" not in entry:
                raise UsageError(f'metadata.{key} is {entry!r:.60}, and must be like {{"value": 1, "type": "int"}}')
        put = {key: metadata.convert(key, entry["value"], entry.get("type")) for key, entry in metadata_.items()}
        gone = [key for key in metadata.described(self._said.metadata) if key not in put] if replace else []
        table = {f"metadata.{key}": value for key, value in put.items()}
        self._edit(Edit(put=table, unset=tuple(f"metadata.{key}" for key in gone)))
        return True

    def get_plots(self) -> dict[str, Plot]:
        """Return its tables and plots by their paths."""
        return metadata.load_plots(self._said.metadata)

    def _report_point(self, name: str, value: float, step: int | None) -> None:
        self._edit(Edit(put={f"metrics.{name}": value}))

    def _report_plot(self, plot: Plot) -> None:
        self._edit(Edit(put=metadata.plot_entry(plot)))

    def _open(self, *, strict: bool) -> Path | None:
        try:
            return None if self._untold else open_path(self._registry, self.row)
        except RegError as error:
            if strict:
                raise
            warn(error.message)
            return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ref if self._find_version() else 'without a version'}>"
