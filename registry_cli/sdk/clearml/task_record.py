"""A task's fields and life cycle under ClearML's names, for the task that runs here and for recorded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.errors import RegError
from registry_cli.ids import TagName, parse_task_name
from registry_cli.records.values import Value, flatten
from registry_cli.registry.task_lifecycle import archive_tasks, remove_tasks, restore_tasks
from registry_cli.sdk.clearml.tag_words import list_tags
from registry_cli.sdk.clearml.task_models import TaskModels
from registry_cli.sdk.join import is_silent
from registry_cli.sdk.params import told_params
from registry_cli.sdk.warning import warn
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.rerun.draft import edit_task
from registry_cli.tasks.rerun.edits import Edits
from registry_cli.tasks.tag import tag_tasks
from registry_cli.tasks.task_versions import remove_unused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class TaskRecord(TaskModels):
    """A task's name, project, tags and parameters."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.record.name

    @name.setter
    def name(self, name: str) -> None:
        if self._current is not None:
            self._current.call_task(parse_task_name(name), None)
        else:
            edit_task(self.registry, self.id, Edits(name=name))

    @property
    def project(self) -> str:
        """Its project; its name, where ClearML has an id."""
        return self.record.project

    @property
    def comment(self) -> str | None:
        """Its comment, or None."""
        return self.record.comment

    @property
    def status(self) -> str:
        """`draft`, `running`, `completed`, `failed`, `cancelled` or `crashed`."""
        if self._current is not None:
            return "running"
        return see_tasks(self.registry, [self.id])[0].status

    def get_project_name(self) -> str:
        """Return its project."""
        return self.project

    def get_status(self) -> str:
        """Return its status."""
        return self.status

    def get_tags(self) -> list[str]:
        """Return its tags, sorted."""
        return sorted(self.record.tags)

    def add_tags(self, tags: Iterable[str] | str) -> None:
        """Add tags."""
        self._change_tags(list_tags([tags] if isinstance(tags, str) else tags), [])

    def set_tags(self, tags: Iterable[str]) -> None:
        """Replace its tags; an empty list removes all."""
        wanted = list_tags(tags)
        self._change_tags(wanted, [TagName(tag) for tag in self.record.tags if tag not in wanted])

    def get_parameters(self) -> dict[str, Value]:
        """Return its parameters by their names; dots join nested names."""
        flat = flatten(self.record.params, "")
        return {name.removeprefix("."): value for name, value in flat.items()}

    def set_parameters(self, *tables: Mapping[str, Any], **params: Any) -> None:
        """Set parameters: of the task that runs here, or of a draft, whose script gets them by `connect`.

        Raises:
            RefusedError: The task has run.
        """
        given = {name: value for table in (*tables, params) for name, value in told_params(table).items()}
        if self._current is not None:
            self._current.add_params(given)
        else:
            edit_task(self.registry, self.id, Edits(params=given))

    def set_archived(self, archive: bool) -> None:
        """Hide it, or show it again."""
        if not is_silent():
            (archive_tasks if archive else restore_tasks)(self.registry, [self.id])

    def delete(
        self,
        delete_artifacts_and_models: bool = True,
        skip_models_used_by_other_tasks: bool = True,
        raise_on_error: bool = False,
        callback: Callable[[str, str], bool] | None = None,
    ) -> bool:
        """Remove it and its unused models; `reg task restore` restores it while that is possible.

        Args:
            delete_artifacts_and_models: Its models too; those that are published, hold an alias or have children stay.
            skip_models_used_by_other_tasks: Models that are inputs of other tasks stay too.
            raise_on_error: Raise a refusal; else it is shown as a warning, and False returned.
            callback: Called with `model` and the address before each removal; False keeps the model.

        Raises:
            RefusedError: The task runs.
        """
        if is_silent():
            return True
        try:
            remove_tasks(self.registry, [self.id])
            if delete_artifacts_and_models:
                remove_unused(self.registry, self.id, skip_used=skip_models_used_by_other_tasks, ask=callback)
        except RegError as error:
            if raise_on_error:
                raise
            warn(f"{self!r} was not removed: {error.message}")
            return False
        return True

    def _change_tags(self, add: list[TagName], remove: list[TagName]) -> None:
        if self._current is not None:
            self._current.change_tags(add, remove)
        else:
            tag_tasks(self.registry, [self.id], add=add, remove=remove)
