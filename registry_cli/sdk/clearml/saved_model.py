"""The methods of all three model classes of ClearML: a version's weights, metadata, metrics, plots and life cycle."""

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

    archived_tag = "archived"

    def get_offline_mode_folder(self) -> Path | None:
        """Return None: there is no other mode."""
        return None

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
        """Return the path of its file, or of its folder where it has several; it is for reading only.

        Args:
            raise_on_error: Raise an error; else it is shown as a warning, and None returned.
            force_download: Without effect: the bytes are here, and are checked.
            extract_archive: Without effect: nothing was packed, and a stored zip is returned as a zip.
        """
        path = self._open(strict=raise_on_error)
        return None if path is None else str(path)

    def get_weights_package(
        self, return_path: bool = False, raise_on_error: bool = False, force_download: bool = False,
        extract_archive: bool = True,
    ) -> str | list[str] | None:  # fmt: skip
        """Return the paths of all its files, or with `return_path` the folder; otherwise as `get_weights`."""
        path = self._open(strict=raise_on_error)
        if path is None:
            return None
        folder: Path = path if path.is_dir() else path.parent
        if return_path:
            return str(folder)
        return [str(folder / file.path) for file in self.row.files] if path.is_dir() else [str(path)]

    def set_metadata(self, key: str, value: Value | None, v_type: str | None = None) -> bool:
        """Set a value of the metadata, also of a published version; None removes it.

        Args:
            key: Its name.
            value: The value, stored with its type.
            v_type: `float int bool str list tuple dict`: a type to convert it to first.
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
        """Return the metadata in the same form, with values of their own types."""
        values = self._said.metadata
        return {key: {**entry, "value": values[key]} for key, entry in metadata.described(values).items()}

    def set_all_metadata(self, metadata_: Mapping[str, Mapping[str, Any]], replace: bool = True) -> bool:
        """Set the metadata from `{key: {"value", "type"}}`; `replace` removes all other keys."""
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
