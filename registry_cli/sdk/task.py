"""`Task` under ClearML's names, and `task`, the same as a context manager: a run of a script, running or recorded."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from registry_cli import opening
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.ids import parse_tag, parse_task_name
from registry_cli.sdk.argparse_hook import Connected, make_listener, remember_arguments
from registry_cli.sdk.autolog.choice import apply_choice, parse_choice
from registry_cli.sdk.autolog.current_sink import set_task
from registry_cli.sdk.begin import choose_streams, find_to_join, start
from registry_cli.sdk.clearml.input_model import InputModel
from registry_cli.sdk.clearml.output_model import OutputModel
from registry_cli.sdk.clearml.task_record import TaskRecord
from registry_cli.sdk.commit import list_words
from registry_cli.sdk.exit_status import Outcome, outcome_of, watch_exits
from registry_cli.sdk.join import find_current, get_current, is_silent, leave, peek_current
from registry_cli.sdk.metrics import Logger
from registry_cli.sdk.params import connect_object, connect_table
from registry_cli.sdk.warning import warn
from registry_cli.tasks.describe import check_project
from registry_cli.tasks.find import TaskQuestion, find_tasks
from registry_cli.tasks.record import get_row
from registry_cli.tasks.rerun.draft import clone_task
from registry_cli.tasks.rerun.edits import Edits
from registry_cli.tasks.task_versions import publish_outputs

if TYPE_CHECKING:
    from types import TracebackType

    from registry_cli.records.values import Value
    from registry_cli.sdk.argparse_hook import Listener
    from registry_cli.sdk.current import Current

remember_arguments()  # many scripts parse before their task begins
watch_exits()  # `sys.exit(main())` looks up `exit` before its task begins


class Task(TaskRecord):
    """One execution of a script: the one that runs here (`Task.init`), or one that is recorded (`Task.get_task`)."""

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
        cls, task_id: str | None = None, project_name: str | None = None, task_name: str | None = None
    ) -> Task:
        """Return a recorded task: by its id or address, else the newest of that name and project.

        Raises:
            NotFoundError: There is none.
        """
        current = find_current()
        if current is not None and task_id == current.task.id:
            return cls(current)
        if current is not None:
            current.wait_until_begun()
        registry = opening.Registry.find()
        if task_id is not None:
            found = get_row(registry, task_id).id
            return cls(current) if current is not None and found == current.task.id else cls(registry, found)
        project = () if project_name is None else (project_name,)
        question = TaskQuestion(project=project, name=(task_name,) if task_name is not None else ())
        rows = [row for row in find_tasks(registry, question) if project_name in {None, row.project}]
        if not rows:
            raise NotFoundError(f"no task {task_name or ''} in project {project_name or ''}", hint="reg task list")
        found = rows[0].id
        return cls(current) if current is not None and found == current.task.id else cls(registry, found)

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

    def connect(self, mutable: Any, name: str | None = None, ignore_remote_overrides: bool = False) -> Any:
        """Record parameters or a model, and apply the values of a clone; return the argument itself.

        Args:
            mutable: A dict, an `ArgumentParser`, a `Namespace`, an object or class with attributes, an `InputModel` or
                an `OutputModel`. It is changed in place.
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
        return mutable

    def publish(self) -> bool:
        """Publish the newest version of each model it made; return True where there is one and this is rank 0."""
        self._settle()
        return not is_silent() and bool(publish_outputs(self.registry, self.id))

    def publish_on_completion(self, enable: bool = True) -> None:
        """Publish its outputs once it has completed; not where it fails, or exits with a code that is not known."""
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

    def __enter__(self) -> Task:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._nested:
            self._leave(outcome_of(error))

    def __repr__(self) -> str:
        return f"<Task {self.project}/{self.name} {self.id}>"

    def _leave(self, outcome: Outcome) -> None:
        if self._current is not None and self._current is find_current():
            leave(self._current, outcome)


def _listen(current: Current, wanted: Connected) -> Listener:
    """Record argparse's arguments as parameters of a task from now on."""
    if current.listener is not None:
        current.listener.stop()
    current.listener = make_listener(current.overrides, current.add_params, wanted, current.add_options)
    current.listener.start()
    return current.listener


def task(
    name: str | None = None,
    *,
    project: str | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: Iterable[str] | Mapping[str, str] = (),
    tags: Iterable[str] = (),
) -> Task:
    """Begin the task of this process, as `with reg.task("baseline") as task:`; leaving the block ends it.

    Args:
        name: The script's when None.
        project: The folder's name when None.
        params: Its parameters; a dict is changed in place where a clone has other values.
        inputs: Addresses of its input versions, or a mapping from names to addresses.
        tags: Labels.

    Raises:
        NoRegistryError: There is no registry.
        NotFoundError: An input's address names nothing.
    """
    from registry_cli.sdk.use import use

    table = inputs if isinstance(inputs, Mapping) else None
    pairs = list(table.items()) if table is not None else [(None, ref) for ref in list_words(inputs, "inputs")]
    if find_to_join(name, project) is None:  # a joined task may have been given other versions instead
        with opening.Registry.find() as registry:
            for _, ref in pairs:
                registry.get_row(ref)
    found = Task.init(project, name, tags=tags)
    try:
        for entry, ref in pairs:
            use(ref, name=entry)
        if params is not None:
            found.connect(params if isinstance(params, MutableMapping) else dict(params))
    except BaseException as error:  # the block never runs, so that nothing else would end the task
        if not found._nested:
            found._leave(outcome_of(error))
        raise
    return found
