"""A task in one of its processes: the task as this process knows it, and the files in its folder that it appends to."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING, Any, Final

from registry_cli import env
from registry_cli.dataclass import replace
from registry_cli.errors import CorruptError, UsageError
from registry_cli.ids import new_ulid
from registry_cli.process import start_thread
from registry_cli.records.values import flatten
from registry_cli.sdk.params import LiveTable
from registry_cli.sdk.snapshot import copy_file, write_file
from registry_cli.sdk.warning import report_loss
from registry_cli.store import files
from registry_cli.tasks.attempt.fact_writer import FactWriter
from registry_cli.tasks.attempt.folder import Live, read_state
from registry_cli.tasks.attempt.plots import dump_plot, plot_path
from registry_cli.tasks.attempt.scalar_writer import ScalarWriter
from registry_cli.tasks.running import put_param

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from registry_cli.ids import TagName
    from registry_cli.records.task import Input, Task
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry
    from registry_cli.sdk.argparse_hook import Listener
    from registry_cli.sdk.runner import Runner
    from registry_cli.tasks.attempt.plots import Plot

_LOOK: Final = 0.2
"""Seconds between two looks for changes of connected tables."""


class Current:
    """The task of this process.

    Attributes:
        task: The task as this process knows it: as it began, with the facts that this process has recorded since.
        live: Its folder; None where this process records nothing and has none.
        runner: Ends the task, where this process runs it.
        listener: Records the arguments that argparse parses, where the script asked for it.
        named: True where the user gave the task its name, which the script's name then does not replace.
        silent: True where this process records nothing, because another rank does.
        forked: True where this process is a forked child of the one that joined.
        overrides: Values that `connect` gives to the script instead of its own, nested names joined by dots.
        untaken: Names of the overrides that the script has not connected yet.
        given: Inputs that the task began with, by their names.
        called: Models by the names under which the script uses them.
        registered: Data frames that are kept again as they are at the end, by their names.
        leaving: Functions called before the task ends, or before this process does.
    """

    def __init__(self, registry: Registry, task: Task, live: Live | None, *, silent: bool = False) -> None:
        self.task = task
        self.live = live
        self.runner: Runner | None = None
        self.listener: Listener | None = None
        self.silent = silent
        self.forked = False
        self.named = live is not None and read_state(live).named
        self.overrides = {key.removeprefix("."): value for key, value in flatten(task.recipe.params, "").items()}
        self.given: dict[str, Input] = {one.name: one for one in task.inputs}
        self.called: dict[str, str] = {}
        self._labels: dict[str, int] = {}
        self.registered: dict[str, object] = {}
        self.leaving: list[Callable[[], None]] = []
        self.untaken = set(self.overrides)
        self._tables: dict[int, LiveTable] = {}
        self._watch: threading.Thread | None = None
        self._closing = threading.Event()
        self._opened = registry
        self._own = threading.local()
        self._own.registry = registry
        self._inherited: list[object] = []
        self._params: dict[str, Value] = {}
        self._lock = threading.RLock()
        writes = live is not None and not silent
        self._facts = FactWriter(live.facts(str(os.getpid()))) if live and writes else None
        self._scalars = ScalarWriter(live.scalars(str(os.getpid()))) if live and writes else None

    @property
    def registry(self) -> Registry:
        """The registry, opened once per thread."""
        found: Registry | None = getattr(self._own, "registry", None)
        if found is None:
            found = self._own.registry = self._opened.reopen()
        return found

    @property
    def problems(self) -> list[str]:
        """Messages that explain which facts or points are missing in the task's folder."""
        return [writer.problem for writer in (self._facts, self._scalars) if writer is not None and writer.problem]

    def record(self, fact: Callable[[FactWriter], None]) -> None:
        """Record a fact, unless this process records nothing."""
        if self._facts is not None and env.rank() == 0:
            fact(self._facts)

    def add_point(self, name: str, value: float, step: int | None) -> None:
        """Log a point of a scalar."""
        if self._scalars is not None and env.rank() == 0:  # a process may become a rank after it has joined
            self._scalars.add(name, value, step, time())

    @property
    def labels(self) -> dict[str, int]:
        """Labels for outputs that have none of their own."""
        return self._labels

    @labels.setter
    def labels(self, labels: dict[str, int]) -> None:
        self._labels = labels
        self.record(lambda facts: facts.set_labels(labels))

    def last_at(self, step: int | None) -> dict[str, float]:
        """Return the last value at or before `step` of each scalar that this process logged."""
        return self._scalars.last_at(step) if self._scalars is not None else {}

    def add_plot(self, plot: Plot) -> None:
        """Record a table or plot."""
        document = dump_plot(plot)
        self.record(lambda facts: facts.add_plot(plot_path(plot.title, plot.series, plot.step), document))

    def add_files(self, path: str, sources: Mapping[str, bytes | Path]) -> None:
        """Keep files with the task as they are now; those that were kept under the same path before are replaced.

        Args:
            path: The file's path below `REPORTED`, or that of the folder of several.
            sources: Bytes, or files to copy, by their paths.

        Raises:
            OSError: A file cannot be read, or there is no room.
            ConflictError: A file changed while it was copied.
        """
        if self._facts is None or self.live is None:
            return
        files.make_dir(self.live.files)
        stored = {}
        for each, source in sources.items():
            place = self.live.files / new_ulid()
            if isinstance(source, bytes):
                write_file(place, source)
            else:
                copy_file(source, place)
            stored[each] = place.name
        self.record(lambda facts: facts.add_files(path, stored))

    def add_params(self, params: Mapping[str, Value | None]) -> None:
        """Record parameters; dots join nested names, and None removes a parameter."""
        self.untaken.difference_update(params)
        with self._lock:
            tops = {put_param(self._params, name.split("."), value) for name, value in params.items()}
            told = {top: self._params.get(top) for top in tops}
            self.record(lambda facts: facts.add_params(told))
            known = {**self.task.params, **told}
            self.task = replace(self.task, params={name: value for name, value in known.items() if value is not None})

    def take_given(self) -> None:
        """Record the parameters that a clone was given, as the script reads them all."""
        if self.untaken:
            self.add_params({name: self.overrides[name] for name in self.untaken})

    def follow_table(self, table: Mapping[Any, Any], section: str | None) -> None:
        """Record later changes of a connected table too: when the task is read, saves a model or ends, and meanwhile.

        A thread looks for them, as the process may be killed at any time.
        """
        self._tables[id(table)] = LiveTable(table, section)
        if self._watch is None and self._facts is not None and not self.forked:
            self._watch = threading.Thread(target=self._watch_tables, name="reg parameters", daemon=True)
            start_thread(self._watch)

    def read_tables(self) -> None:
        """Record the changes of connected tables; warn of a value that cannot be stored."""
        with self._lock:
            for table in list(self._tables.values()):
                self._read_table(table)

    def _read_table(self, table: LiveTable) -> None:
        try:
            changes = table.changes()
        except (UsageError, RuntimeError) as error:  # a thread may be changing it
            if threading.current_thread() is self._watch and isinstance(error, RuntimeError):
                return
            report_loss(f"task {self.task.name}: later parameters are not recorded: {error}")
            del self._tables[id(table.table)]
            return
        if changes:
            self.add_params(changes)

    def _watch_tables(self) -> None:
        while not self._closing.wait(_LOOK):
            with suppress(Exception):  # the next read reports it
                self.read_tables()

    def add_options(self, options: Mapping[str, str]) -> None:
        """Record options of the command line by the names of their parameters."""
        if options:
            self.record(lambda facts: facts.add_options(options))

    def add_input(self, entry: Input) -> None:
        """Record a version as an input of the task; an input of the same name is replaced."""
        self.record(lambda facts: facts.add_input(entry))
        with self._lock:
            inputs = {one.name: one for one in self.task.inputs} | {entry.name: entry}
            self.task = replace(self.task, inputs=tuple(inputs.values()))

    def call_task(self, name: str | None, project: str | None) -> None:
        """Give the task the script's name and project, unless the user has named it."""
        if self.named:
            return
        if name is not None:
            self.record(lambda facts: facts.set_name(name))
            self.task = replace(self.task, name=name)
        if project is not None:
            self.record(lambda facts: facts.set_project(project))
            self.task = replace(self.task, project=project)

    def comment_task(self, comment: str) -> None:
        """Set the task's comment; an empty one removes it."""
        self.record(lambda facts: facts.set_comment(comment))
        self.task = replace(self.task, comment=comment or None)

    def change_tags(self, add: Sequence[TagName], remove: Sequence[TagName] = ()) -> None:
        """Add and remove tags."""
        self.record(lambda facts: facts.change_tags(add, remove))
        tags = dict.fromkeys((*self.task.tags, *add))
        self.task = replace(self.task, tags=tuple(tag for tag in tags if tag not in remove))

    @property
    def is_run_by_script(self) -> bool:
        """True where a script's own process runs the task, and not `reg log`."""
        if self.runner is not None or self.live is None:
            return True
        try:
            return read_state(self.live).script is not None
        except (FileNotFoundError, CorruptError):
            return False

    def wait_until_begun(self) -> None:
        """Return once the task is in the registry, where this process began it; raises as `Runner.wait_until_begun`."""
        if self.runner is not None:
            self.runner.wait_until_begun()

    def keep(self, other: Current | None) -> None:
        """Keep a task alive that this process left for this one: a forked child must not close its database."""
        if other is not None:
            other.flush()
            self._inherited.append(other)

    def flush(self) -> None:
        """Write all buffered points to the operating system."""
        if self._scalars is not None:
            self._scalars.flush()

    def close(self) -> list[str]:
        """Write the buffered data and close the files; return messages about failed writes."""
        self._closing.set()
        for writer in (self._scalars, self._facts):
            if writer is not None:
                writer.close()
        return self.problems

    def inherit(self) -> None:
        """Continue in a forked child: it may record facts, but its parent runs the task and keeps its open database."""
        self._inherited.append(self._own)
        self._own = threading.local()
        self._lock = threading.RLock()
        if self.runner is not None:
            self.runner.let_go()
        self.runner = self._watch = None
        self.forked = True
        self.leaving.clear()
