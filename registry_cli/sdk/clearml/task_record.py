"""A task's fields and life cycle under ClearML's names, for the task that runs here and for recorded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError
from registry_cli.ids import TagName, parse_task_name
from registry_cli.registry.task_lifecycle import archive_tasks, remove_tasks, restore_tasks
from registry_cli.sdk.clearml.tag_words import list_tags
from registry_cli.sdk.clearml.task_models import TaskModels
from registry_cli.sdk.clearml.task_params import TaskParams
from registry_cli.sdk.join import is_silent
from registry_cli.sdk.warning import warn
from registry_cli.tasks.describe import check_project
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.rerun.draft import edit_task
from registry_cli.tasks.rerun.edits import Edits
from registry_cli.tasks.tag import tag_tasks
from registry_cli.tasks.task_versions import remove_unused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TASK_TYPE: Final = "task_type"
"""Name of the parameter that holds a task's type."""


class TaskRecord(TaskModels, TaskParams):
    """A task's name, project, tags and life."""

    archived_tag = "archived"

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

    @comment.setter
    def comment(self, comment: str | None) -> None:
        if self._current is not None:
            self._current.comment_task(comment or "")
        elif comment:
            edit_task(self.registry, self.id, Edits(comment=comment))
        else:
            edit_task(self.registry, self.id, Edits(unset=("comment",)))

    def set_comment(self, comment: str) -> None:
        """Set its comment; an empty one removes it."""
        self.comment = comment

    def set_name(self, name: str) -> None:
        """Set its name."""
        self.name = name

    def rename(self, new_name: str) -> bool:
        """Set its name; return True."""
        self.name = new_name
        return True

    def set_project(self, project_id: str | None = None, project_name: str | None = None) -> bool:
        """Move it to another project; either argument is its name. Return True."""
        project = check_project(project_name or project_id or "")
        if self._current is not None:
            self._current.call_task(None, project)
        else:
            edit_task(self.registry, self.id, Edits(project=project))
        return True

    def move_to_project(
        self, new_project_id: str | None = None, new_project_name: str | None = None,
        system_tags: Iterable[str] | None = None,
    ) -> bool:  # fmt: skip
        """Move it to another project; the same as `set_project`."""
        return self.set_project(new_project_id, new_project_name)

    @property
    def task_type(self) -> str:
        """Its type, `training` where it has none."""
        return str(self.record.params.get(TASK_TYPE, "training"))

    def set_task_type(self, task_type: str) -> None:
        """Set its type, which is the parameter `task_type`."""
        self.set_parameters({TASK_TYPE: str(task_type)})

    @property
    def parent(self) -> str | None:
        """Id of the task it is a clone of, or None."""
        return self.record.source

    def get_archived(self) -> bool:
        """Return True where it is archived."""
        return see_tasks(self.registry, [self.id])[0].archived

    def get_system_tags(self) -> list[str]:
        """Return `archived` where it is archived."""
        return [self.archived_tag] if self.get_archived() else []

    def reload(self) -> None:
        """Do nothing: every field is read when it is asked for."""

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

    def remove_tags(self, tags: Iterable[str] | str) -> None:
        """Remove tags."""
        self._change_tags([], list_tags([tags] if isinstance(tags, str) else tags))

    def add_tags(self, tags: Iterable[str] | str) -> None:
        """Add tags."""
        self._change_tags(list_tags([tags] if isinstance(tags, str) else tags), [])

    def set_tags(self, tags: Iterable[str]) -> None:
        """Replace its tags; an empty list removes all."""
        wanted = list_tags(tags)
        self._change_tags(wanted, [TagName(tag) for tag in self.record.tags if tag not in wanted])

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
