"""The end of a task under ClearML's names, and what it says of a server and a place that there are none of here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.errors import RefusedError
from registry_cli.sdk.clearml.task_handle import TaskHandle
from registry_cli.sdk.exit_status import Outcome
from registry_cli.sdk.join import find_current, is_silent, leave
from registry_cli.sdk.warning import warn
from registry_cli.tasks.task_versions import publish_outputs

if TYPE_CHECKING:
    from pathlib import Path


class TaskEnd(TaskHandle):
    """The end of a task."""

    def publish(self) -> bool:
        """Publish the newest version of each model it made; return True where there is one and this is rank 0."""
        self._settle()
        return not is_silent() and bool(publish_outputs(self.registry, self.id))

    def publish_on_completion(self, enable: bool = True) -> None:
        """Publish its outputs once it has completed; not where it fails."""
        self._running("publish at the end of").record(lambda facts: facts.set_publish(enable))

    def reset(self, set_started_on_success: bool = False, force: bool = False) -> None:
        """Refuse, always: the record of a task stays.

        Raises:
            RefusedError: Always; a clone runs anew.
        """
        raise RefusedError(
            "a task that ran is on record and is not reset: a clone runs anew", hint=f"Task.clone({self.id!r})"
        )

    def close(self) -> None:
        """End the task if this process runs it; pending versions are saved first.

        Raises:
            RegError: The end could not be written; the next `reg` command that looks writes it.
            OSError: The same, such as on a full disk.
        """
        self._leave(Outcome())

    def mark_completed(
        self, ignore_errors: bool = True, status_message: str | None = None, force: bool = False
    ) -> None:
        """End the task that runs here, as `close`; one that `reg log` runs ends with its command.

        Raises:
            RefusedError: The task does not run in this process.
        """
        self._running("end")
        self._leave(Outcome())

    def completed(self, ignore_errors: bool = True) -> None:
        """End the task that runs here, as `mark_completed`."""
        self.mark_completed()

    def mark_failed(
        self, ignore_errors: bool = True, status_reason: str | None = None, status_message: str | None = None,
        force: bool = False,
    ) -> None:  # fmt: skip
        """End the task that runs here as failed; under `reg log` the message is recorded as its problem.

        Raises:
            RefusedError: The task does not run in this process.
        """
        self._running("end")
        self._leave(Outcome(1, None, status_message or status_reason or "the script marked it as failed"))

    def mark_stopped(self, force: bool = False, status_message: str | None = None) -> None:
        """End the task that runs here as cancelled; otherwise as `mark_failed`."""
        self._running("end")
        self._leave(Outcome(130, "SIGINT", status_message or "the script stopped it"))

    def stopped(
        self, ignore_errors: bool = True, force: bool = False, status_reason: str | None = None,
        status_message: str | None = None,
    ) -> None:  # fmt: skip
        """End the task that runs here as cancelled, as `mark_stopped`."""
        self.mark_stopped(force, status_message or status_reason)

    def flush(self, wait_for_uploads: bool = False) -> bool:
        """Wait until all saves of this process are in the registry; return True."""
        self._settle()
        return True

    @property
    def output_uri(self) -> str:
        """The URL of the registry, which the bytes go into; setting it shows a warning."""
        return self.registry.path.as_uri()

    @output_uri.setter
    def output_uri(self, uri: str | bool | None) -> None:
        if isinstance(uri, str):
            warn(f"output_uri {uri}: the bytes go into the registry, {self.registry.path}")

    @property
    def storage_uri(self) -> str:
        """The same as `output_uri`."""
        return self.output_uri

    def is_current_task(self) -> bool:
        """Return True where it is the task of this process."""
        current = find_current()
        return current is not None and current.task.id == self.id

    def is_main_task(self) -> bool:
        """Return True where it is the task of this process, which has one."""
        return self.is_current_task()

    @staticmethod
    def running_locally() -> bool:
        """Return True: every task runs where its script was started."""
        return True

    @classmethod
    def is_offline(cls) -> bool:
        """Return False: no part of a task waits for a server."""
        return False

    @classmethod
    def get_project_id(cls, project_name: str, search_hidden: bool = True) -> str:
        """Return the project's name, which is its id."""
        return project_name

    def get_offline_mode_folder(self) -> Path | None:
        """Return None: there is no other mode."""
        return None

    def _leave(self, outcome: Outcome) -> None:
        if self._current is not None and self._current is find_current():
            leave(self._current, outcome)
