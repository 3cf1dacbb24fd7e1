"""`Task` under ClearML's names, and `task`, the same as a context manager: a run of a script, running or recorded."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from registry_cli import opening
from registry_cli.errors import NotFoundError, RegError, UsageError
from registry_cli.ids import parse_tag, parse_task_name
from registry_cli.sdk.argparse_hook import Connected, make_listener, remember_arguments
from registry_cli.sdk.autolog.choice import apply_choice, parse_choice
from registry_cli.sdk.autolog.current_sink import set_task
from registry_cli.sdk.begin import choose_streams, find_to_join, start
from registry_cli.sdk.clearml.absent import answer_absent
from registry_cli.sdk.clearml.input_model import InputModel
from registry_cli.sdk.clearml.logger import Logger
from registry_cli.sdk.clearml.output_model import OutputModel
from registry_cli.sdk.clearml.task_end import TaskEnd
from registry_cli.sdk.clearml.task_files import TaskFiles
from registry_cli.sdk.clearml.task_record import TaskRecord
from registry_cli.sdk.clearml.task_results import TaskResults
from registry_cli.sdk.clearml.task_search import place_running
from registry_cli.sdk.clearml.words import TaskStatusEnum, TaskTypes
from registry_cli.sdk.commit import list_words
from registry_cli.sdk.exit_status import outcome_of, watch_exits
from registry_cli.sdk.join import find_current, get_current, is_silent, peek_current
from registry_cli.sdk.params import connect_object, connect_table
from registry_cli.sdk.warning import warn
from registry_cli.tasks.describe import check_project
from registry_cli.tasks.find import TaskQuestion, find_tasks
from registry_cli.tasks.record import get_row
from registry_cli.tasks.rerun.draft import clone_task
from registry_cli.tasks.rerun.edits import Edits

if TYPE_CHECKING:
    from types import TracebackType

    from registry_cli.ids import TaskId
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry
    from registry_cli.sdk.argparse_hook import Listener
    from registry_cli.sdk.current import Current

remember_arguments()  # many scripts parse before their task begins
watch_exits()  # `sys.exit(main())` looks up `exit` before its task begins


@answer_absent
class Task(TaskRecord, TaskFiles, TaskResults, TaskEnd):
    """One execution of a script: the one that runs here (`Task.init`), or one that is recorded (`Task.get_task`)."""

    TaskTypes = TaskTypes
    TaskStatusEnum = TaskStatusEnum
    DeleteError = RegError
    NotSet: Final = object()

    _nested = False
    """True where another block or the process ends the task, and not the block of this object."""

    @classmethod
    def init(
        cls,
        project_name: str | None = None,
        task_name: str | None = None,
        task_type: str | None = None,
        tags: Iterable[str] | None = None,
        reuse_last_task_id: bool | str = True,
        continue_last_task: bool | str | int = False,
        output_uri: str | bool | None = None,
        auto_connect_arg_parser: Connected = True,
        auto_connect_frameworks: Connected = True,
        auto_resource_monitoring: Connected = True,
        auto_connect_streams: Connected = True,
        deferred_init: bool = False,
    ) -> Task:
        """Begin the task of this process; under `reg log`, or in a process that a task started, join that one.

        A script that another script's task started begins a task of its own where it gives another name or project.
        A task ends when the process does, or by `close`.

        Args:
            project_name: Its project, such as `My Project` or `vision/detection`; the folder's name when None.
            task_name: Its name, as free as a project's; the script's when None. `reg log --name` overrides it.
            task_type: Recorded as the parameter `task_type`.
            tags: Labels.
            reuse_last_task_id: Without effect: each run is a task of its own.
            continue_last_task: Refused, for the same reason.
            output_uri: ClearML's upload target; without effect, as the bytes go into the registry.
            auto_connect_arg_parser: True records argparse's arguments; a table maps arguments to leave out to False.
            auto_connect_frameworks: True logs the saves and loads of frameworks; a table maps a framework's key to
                False, or to a glob of the files to log, as in `autolog`. An empty one logs nothing.
            auto_resource_monitoring: Without effect.
            auto_connect_streams: True logs printed output; a table switches `stdout` and `stderr` separately.
            deferred_init: Without effect: nothing here waits for a server.

        Raises:
            NoRegistryError: There is no registry.
            UsageError: A task of another name runs here already, a name is not valid, or a key names no framework.
        """
        if continue_last_task:
            raise UsageError(
                "a task is one run and cannot be continued: its last model can be the InputModel of another"
            )
        project = check_project(project_name) if project_name is not None else None
        name = parse_task_name(task_name) if task_name is not None else None
        wish = parse_choice(auto_connect_frameworks)
        labels = [parse_tag(tag) for tag in list_words(tags or (), "tags")]
        current = find_to_join(name, project)
        begins = current is None
        again = current is not None and current.runner is not None
        if current is None:
            left = peek_current()
            current = start(name, project, tags=labels, streams=choose_streams(auto_connect_streams))
            current.keep(left)
        else:
            current.call_task(name, project)
            current.change_tags(labels)
        task = cls(current)
        task._nested = again
        try:
            if not again or auto_connect_arg_parser is not True:
                _listen(current, auto_connect_arg_parser)
            if current.live is not None:
                set_task(current.live)
                apply_choice(wish)
            if task_type is not None:
                current.add_params({"task_type": str(task_type)})
        except BaseException as error:
            if begins:
                task._leave(outcome_of(error))
            raise
        if isinstance(output_uri, str):
            warn(f"output_uri {output_uri}: the bytes go into the registry, {current.registry.path}")
        return task

    @classmethod
    def current_task(cls) -> Task | None:
        """Return the task of this process, or None."""
        current = find_current()
        return cls(current) if current is not None else None

    @classmethod
    def get_task(
        cls,
        task_id: str | None = None,
        project_name: str | None = None,
        task_name: str | None = None,
        tags: Iterable[str] | None = None,
        allow_archived: bool = True,
        task_filter: Mapping[str, Any] | None = None,
    ) -> Task:
        """Return a recorded task: by its id or address, else the newest of that name and project, with those tags.

        Raises:
            NotFoundError: There is none.
        """
        current = find_current()
        if current is not None and task_id == current.task.id:
            return cls(current)
        if current is not None:
            current.wait_until_begun()
        if task_id is not None:
            registry = opening.Registry.find()
            return cls._handle(registry, get_row(registry, task_id).id)
        found = cls.get_tasks(None, project_name, task_name, tags, allow_archived, task_filter)
        if not found:
            raise NotFoundError(f"no task {task_name or ''} in project {project_name or ''}", hint="reg task list")
        return found[0]

    @classmethod
    def get_tasks(
        cls,
        task_ids: Iterable[str] | None = None,
        project_name: str | None = None,
        task_name: str | None = None,
        tags: Iterable[str] | None = None,
        allow_archived: bool = True,
        task_filter: Mapping[str, Any] | None = None,
    ) -> list[Task]:
        """Return recorded tasks, newest first.

        Args:
            task_ids: Their ids or addresses; the other arguments are then without effect.
            project_name: Exact name of the project.
            task_name: Exact name of the tasks.
            tags: Tags that each has; one with `-` in front it does not have.
            allow_archived: Archived tasks too.
            task_filter: Refused: a query of `reg task list` selects by any field.
        """
        if task_filter:
            raise UsageError("task_filter is not available: a query selects by any field", hint="reg help query")
        if task_ids is not None:
            return [cls.get_task(one) for one in list_words(task_ids, "task_ids")]
        registry = opening.Registry.find()
        question = TaskQuestion(
            project=() if project_name is None else (project_name,), name=() if task_name is None else (task_name,),
            tag=tuple(list_words(tags or (), "tags")), include_archived=allow_archived,
        )  # fmt: skip
        current = find_current()
        if current is not None:
            current.wait_until_begun()
        rows = [row for row in find_tasks(registry, question) if project_name in {None, row.project}]
        if current is not None:
            rows = place_running(registry, current.task, rows, question)
        return [cls._handle(registry, row.id) for row in rows]

    @classmethod
    def query_tasks(
        cls,
        project_name: str | None = None,
        task_name: str | None = None,
        tags: Iterable[str] | None = None,
        additional_return_fields: Iterable[str] | None = None,
        task_filter: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Return the ids of recorded tasks, newest first; otherwise as `get_tasks`."""
        if additional_return_fields:
            raise UsageError("additional_return_fields are not available: get_tasks returns whole tasks")
        return [task.id for task in cls.get_tasks(None, project_name, task_name, tags, task_filter=task_filter)]

    @classmethod
    def get_by_name(cls, task_name: str) -> Task:
        """Return the newest task of a name; raises as `get_task`."""
        return cls.get_task(task_name=task_name)

    @classmethod
    def _handle(cls, registry: Registry, task: TaskId) -> Task:
        current = find_current()
        return cls(current) if current is not None and task == current.task.id else cls(registry, task)

    @classmethod
    def clone(
        cls,
        source_task: Task | str | None = None,
        name: str | None = None,
        comment: str | None = None,
        parent: str | None = None,
        project: str | None = None,
    ) -> Task:
        """Make a draft with the recipe of another task; `reg task run` runs it.

        Args:
            source_task: A task, its id or its address; the one that runs here when None.
            name: As the source when None, like `project`.
            comment: The purpose of the clone.
            parent: Refused: a clone's source is the task it was cloned from.
            project: Its project.

        Returns:
            The draft; on ranks other than 0, which make none, its source.
        """
        if parent is not None:
            raise UsageError("the parent of a clone is its source: `parent` cannot be given")
        task = source_task if isinstance(source_task, Task) else None
        if is_silent():
            return task or cls(get_current())
        task = task or (None if source_task else cls(get_current()))
        registry = task.registry if task else opening.Registry.find()
        ref = task.id if task else str(source_task)
        edits = Edits(name=name, comment=comment, project=project)
        return cls(registry, clone_task(registry, ref, edits).id)

    def get_logger(self) -> Logger:
        """Return the logger of its scalars, tables and plots.

        Raises:
            RefusedError: The task does not run in this process.
        """
        return Logger(self._running("log to"))

    @property
    def logger(self) -> Logger:
        """The logger, as `get_logger` returns it."""
        return self.get_logger()

    def connect(self, mutable: Any, name: str | None = None, ignore_remote_overrides: bool = False) -> Any:
        """Record parameters or a model, and apply the values of a clone; return the argument itself.

        Args:
            mutable: A dict, an `ArgumentParser`, a `Namespace`, an object or class with attributes, an `InputModel` or
                an `OutputModel`. It is changed in place; later changes of a dict are recorded too.
            name: Prefix of the parameters' names, or the model's name in the task.
            ignore_remote_overrides: Keep the script's own values and model.

        Raises:
            UsageError: The argument has no values by name, such as a number, a list or None.
        """
        current = self._running("connect to")
        if isinstance(mutable, InputModel | OutputModel):
            mutable.connect(self, name, ignore_remote_overrides)
            return mutable
        if isinstance(mutable, ArgumentParser):
            listener = current.listener or _listen(current, False)
            listener.add(mutable, name, ours=not ignore_remote_overrides)
            return mutable
        if not isinstance(mutable, MutableMapping) and not any(hasattr(mutable, k) for k in ("__dict__", "__slots__")):
            raise UsageError(f"{mutable!r:.60} has no values by name: a dict or an object with attributes has")
        overrides: Mapping[str, Value] = {} if ignore_remote_overrides else current.overrides
        connect = connect_table if isinstance(mutable, MutableMapping) else connect_object
        current.add_params(connect(mutable, overrides, name))
        if isinstance(mutable, MutableMapping):
            current.follow_table(mutable, name)
        return mutable

    def __enter__(self) -> Task:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._nested:
            self._leave(outcome_of(error))

    def __repr__(self) -> str:
        return f"<Task {self.project}/{self.name} {self.id}>"


def _listen(current: Current, wanted: Connected) -> Listener:
    """Record argparse's arguments as parameters of a task from now on."""
    if current.listener is not None:
        current.listener.stop()
    current.listener = make_listener(current.overrides, current.add_params, wanted, current.add_options)
    current.listener.start()
    return current.listener
