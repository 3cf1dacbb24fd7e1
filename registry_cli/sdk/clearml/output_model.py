"""`OutputModel` under ClearML's names: a line that a task adds versions to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_cli.dataclass import replace
from registry_cli.errors import UsageError
from registry_cli.registry.add import add_url
from registry_cli.registry.editing import Edit
from registry_cli.sdk import pending
from registry_cli.sdk.clearml.metadata import ENTRY
from registry_cli.sdk.clearml.model_fields import design_of
from registry_cli.sdk.clearml.next_version import (
    Next,
    begin_draft,
    check_task,
    edit_draft,
    get_line,
    read_labels,
    read_target,
)
from registry_cli.sdk.clearml.saved_model import SavedModel
from registry_cli.sdk.clearml.task_handle import TaskHandle
from registry_cli.sdk.clearml.urls import find_path, read_url
from registry_cli.sdk.commit import _step
from registry_cli.sdk.join import get_current, is_silent
from registry_cli.sdk.save import save, save_later
from registry_cli.sdk.save_in_task import complete
from registry_cli.sdk.save_options import SaveOptions
from registry_cli.sdk.warning import warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    from registry_cli.ids import TagName, TaskId, VersionId
    from registry_cli.registry.draft import DesignSource
    from registry_cli.registry.moving import Mode
    from registry_cli.sdk.pending import Pending


class OutputModel(SavedModel):
    """A line that a task adds versions to.

    Its fields apply to each version that follows, and to the last one.

    Args:
        task: Its task; the one that runs here when None.
        config_text: The network's design.
        config_dict: The design as a table instead, stored as JSON.
        label_enumeration: Label to integer.
        name: Its model, in the task's project unless it holds a `/`; the task's name when None.
        tags: Labels.
        comment: A comment.
        framework: Detected from the files when None.
        base_model_id: A version to continue from: the next ones are of its line, have it as their parent, and its
            labels, design and framework where none are given.

    Raises:
        UsageError: No task runs here, or a name is not valid.
        NotFoundError: There is no such base.
    """

    def __init__(
        self,
        task: TaskHandle | None = None,
        config_text: str | None = None,
        config_dict: Mapping[str, Any] | None = None,
        label_enumeration: Mapping[str, int] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        comment: str | None = None,
        framework: str | None = None,
        base_model_id: str | None = None,
    ) -> None:
        check_task(task)
        task = task or TaskHandle(get_current())
        self._current, record = task._current, task.record
        super().__init__(self._current.registry if self._current else task.registry, None)
        self._owner: TaskId = record.id
        self._entry: str | None = None
        self._pending: Pending | None = None
        self._late: dict[str, float] = {}
        self._step: int | None = None
        draft = begin_draft(
            self._registry, record, name=name, base=base_model_id, framework=framework, labels=label_enumeration,
            design=design_of(config_text, config_dict), tags=tags,
        )  # fmt: skip
        self._next: Next = Next(draft, comment or "")

    def connect(
        self, task: TaskHandle | None = None, name: str | None = None, ignore_remote_overrides: bool = False
    ) -> None:
        """Set its name in its task.

        Raises:
            UsageError: It belongs to another task.
        """
        check_task(task)
        if task is not None and task.id != self._owner:
            raise UsageError("this model belongs to another task", hint="OutputModel(task=task)")
        if name:
            self._edit(Edit(put={f"metadata.{ENTRY}": name}))
            self._entry = name

    def update_weights(
        self,
        weights_filename: str | PathLike[str] | None = None,
        upload_uri: str | None = None,
        target_filename: str | None = None,
        auto_delete_file: bool = False,
        register_uri: str | None = None,
        iteration: int | None = None,
        update_comment: bool = True,
        is_package: bool = False,
        async_enable: bool = True,
    ) -> str:
        """Save a file or folder as the next version of the line, and return an address of it.

        Args:
            weights_filename: A file or folder; it stays where it is, unless `auto_delete_file`.
            upload_uri: Without effect but a warning: the bytes go into the registry.
            target_filename: Name of its file in the version, without a folder; unchanged when None.
            auto_delete_file: Remove the file once its bytes are read back from the registry.
            register_uri: A URL to point to, instead of a file.
            iteration: Training step.
            update_comment: Without effect: nothing is written into the comment.
            is_package: Without effect: a folder is one.
            async_enable: Return the model's name while the task's companion saves a snapshot of the files; else return
                the address with the version's number. `id` waits for the save.

        Raises:
            UsageError: Not exactly one of `weights_filename` and `register_uri` is given, or a name or step is invalid.
            NotFoundError: There is no such file.
        """
        if (weights_filename is None) == (register_uri is None):
            raise UsageError("give either weights_filename or register_uri")
        self._check_uri(upload_uri)
        if register_uri is not None:
            return self._register(read_url(register_uri), _step(iteration))
        path = Path(read_url(weights_filename or ""))
        rename = read_target(path, target_filename)
        return self._save([path], iteration, rename, delete=auto_delete_file, later=async_enable)

    def update_weights_package(
        self,
        weights_filenames: Sequence[str | PathLike[str]] | None = None,
        weights_path: str | PathLike[str] | None = None,
        upload_uri: str | None = None,
        target_filename: str | None = None,
        auto_delete_file: bool = False,
        iteration: int | None = None,
        async_enable: bool = True,
    ) -> str:
        """Save several files, or a folder, as the next version of the line; otherwise as `update_weights`.

        Args:
            weights_filenames: Files.
            weights_path: A folder instead.
            upload_uri: Without effect but a warning: the bytes go into the registry.
            target_filename: Without effect: there is no archive to name.
            auto_delete_file: Remove the files once their bytes are read back from the registry.
            iteration: Training step.
            async_enable: Return while the task's companion saves a snapshot of the files.
        """
        if (weights_filenames is None) == (weights_path is None):
            raise UsageError("give either weights_filenames or weights_path")
        self._check_uri(upload_uri)
        given = weights_filenames if weights_filenames is not None else [weights_path or ""]
        return self._save([Path(path) for path in given], iteration, None, delete=auto_delete_file, later=async_enable)

    def update_design(self, config_text: str | None = None, config_dict: Mapping[str, Any] | None = None) -> bool:
        """Replace its design; without arguments, remove it."""
        self._set_design(design_of(config_text, config_dict))
        return True

    def update_labels(self, labels: Mapping[str, int]) -> None:
        """Replace its labels; an empty table removes them."""
        self._set_labels(read_labels(labels))

    def set_upload_destination(self, uri: str) -> None:
        """Do nothing but warn: the bytes go into the registry."""
        self._check_uri(uri)

    @classmethod
    def set_default_upload_uri(cls, output_uri: str | None) -> None:
        """Do nothing but warn: the bytes go into the registry."""
        if output_uri is not None:
            warn(f"{output_uri}: the bytes go into the registry")

    @classmethod
    def wait_for_uploads(cls, timeout: float | None = None, max_num_uploads: int | None = None) -> None:
        """Wait until all pending versions are saved.

        Args:
            timeout: Seconds to wait at most.
            max_num_uploads: Without effect: it waits for all.
        """
        pending.drain(timeout)

    @property
    def upload_storage_uri(self) -> str:
        """The URL of the registry, which the bytes go into."""
        return self._registry.path.as_uri()

    def _find_version(self) -> VersionId | None:
        if self._pending is not None:
            pending, self._pending = self._pending, None
            version = pending.result()
            self._version = version.id if version else self._version
        return self._version

    def _save(self, paths: Sequence[Path], step: int | None, rename: str | None, *, delete: bool, later: bool) -> str:
        options = self._options("move" if delete else "copy", rename)
        self._step = _step(step)
        draft = replace(self._next.draft, step=self._step)
        self._late.clear()
        if later and not delete:
            self._pending = save_later(self._registry, self._current, draft, paths, options, None)
            return str(draft.name)
        if delete and rename:
            raise UsageError("a file that is taken away keeps its name: target_filename is for a file that stays")
        if is_silent():
            return str(draft.name)
        self._pending = None
        self._version = save(self._registry, self._current, draft, paths, options).id
        return self.ref

    def _register(self, uri: str, step: int | None) -> str:
        draft, options = replace(self._next.draft, step=step), self._options("reference", None)
        self._step, self._pending = step, None
        self._late.clear()
        if is_silent():
            return str(draft.name)
        path = find_path(uri)
        if path is not None:
            self._version = save(self._registry, self._current, draft, [path], options).id
        else:
            full = complete(self._current, draft)
            self._version = add_url(self._registry, full, uri, message=options.message, allow_same=True).version.id
        return self.ref

    def _options(self, mode: Mode, rename: str | None) -> SaveOptions:
        return SaveOptions(mode, self._next.comment or None, allow_same=True, entry=self._entry, rename=rename)

    def _set_labels(self, labels: Mapping[str, int]) -> None:
        if self._find_version() is not None:
            super()._set_labels(labels)
        self._say(labels=labels)

    def _set_design(self, design: DesignSource | None) -> None:
        if self._find_version() is not None:
            super()._set_design(design)
        self._say(design=design)

    def _edit(self, edit: Edit) -> None:
        if self._find_version() is not None:
            super()._edit(edit)
        self._next = replace(self._next, draft=edit_draft(self._next.draft, edit))
        if edit.comment is not None or "comment" in edit.unset:
            self._next = replace(self._next, comment=edit.comment or "")

    def _tag(self, add: Iterable[TagName], remove: Iterable[TagName]) -> None:
        if self._find_version() is not None:
            super()._tag(add, remove)
        self._say(tags=tuple(sorted({*self._next.draft.tags, *add} - set(remove))))

    def _rename(self, project: str, name: str) -> None:
        line = get_line(project, name)
        if self._find_version() is not None:
            super()._rename(project, name)
        self._say(name=line)

    def _say(self, **fields: Any) -> None:
        self._next = replace(self._next, draft=replace(self._next.draft, **fields))

    def _report_point(self, name: str, value: float, step: int | None) -> None:
        """Log a point of the task's curve, for the next versions; at the end for the last one too, up to its step."""
        if self._current is None:
            super()._report_point(name, value, step)
            return
        self._current.add_point(name, value, step)
        if step is not None and self._step is not None and step > self._step:
            return
        if not self._late:
            self._current.leaving.append(self._tell_late)
        self._late[name] = value

    def _tell_late(self) -> None:
        if self._late and self._find_version() is not None:
            SavedModel._edit(self, Edit(put={f"metrics.{name}": value for name, value in self._late.items()}))
        self._late.clear()

    def _check_uri(self, uri: str | None) -> None:
        if uri is not None:
            warn(f"{uri}: the bytes go into the registry, {self._registry.path}")
