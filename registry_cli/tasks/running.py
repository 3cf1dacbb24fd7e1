"""The running task that this process is part of, as its environment names it, and facts that a shell appends to it.

The commands of one task append to the same files: points without a step stay in the order in which they were added.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.catalog.read.tasks import find_attempt
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import RegError, UsageError
from registry_cli.ids import TaskId
from registry_cli.store.writer_name import find_owner
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.fact_writer import FactWriter
from registry_cli.tasks.attempt.folder import Live, find_live, is_running, read_state
from registry_cli.tasks.attempt.scalar_writer import ScalarWriter
from registry_cli.tasks.record import get_task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registry_cli.ids import VersionId
    from registry_cli.records.task import Task
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry
    from registry_cli.registry.draft import Draft

_SHELL: Final = "shell"
"""Writer's name in the files that commands append to."""
_BEGUN: Final = 0.02
"""Seconds between two checks for the start of a task whose folder exists already."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running task, as its record was at the attempt's start, and the folder of the attempt."""

    task: Task
    live: Live

    def complete(self, registry: Registry, draft: Draft) -> Draft:
        """Return the draft of a version that the task makes, with the task's id, inputs and scalars so far.

        Raises:
            NotFoundError: A parent's address names nothing.
        """
        from registry_cli.tasks.attempt.finish import read_current  # a script that joins a task does not need them
        from registry_cli.tasks.outputs import complete

        parents = tuple((role, registry.get_row(ref).id) for role, ref in draft.parents)
        return complete(read_current(self.task, self.live), self.live, replace(draft, parents=parents))

    def add_output(self, name: str, version: VersionId) -> None:
        """Record that the task made a version, under a name."""
        self._record(lambda facts: facts.add_output(name, version))

    def add_points(self, values: Mapping[str, float], step: int | None) -> None:
        """Log a point of each of several scalars.

        Raises:
            UsageError: A name or value cannot be stored.
            RegError: The disk refuses them.
        """
        scalars = ScalarWriter(self.live.scalars(_SHELL))
        try:
            for name, value in values.items():
                scalars.add(name, value, step, time.time())
        finally:
            scalars.close()
        _check_written(scalars.problem)

    def add_params(self, params: Mapping[str, Value | None]) -> None:
        """Record parameters; dots join nested names, and None removes a parameter. Raises as `add_points`."""
        known = dict(read_facts(self.live.list_facts()).params)
        tops = {put_param(known, name.split("."), value) for name, value in params.items()}
        self._record(lambda facts: facts.add_params({top: known.get(top) for top in tops}))

    def add_note(self, text: str) -> None:
        """Add a line to the task's comment. Raises as `add_points`."""
        self._record(lambda facts: facts.add_note(text))

    def _record(self, fact: Callable[[FactWriter], None]) -> None:
        facts = FactWriter(self.live.facts(_SHELL))
        try:
            fact(facts)
        finally:
            facts.close()
        _check_written(facts.problem)


def find_running(registry: Registry) -> Running | None:
    """Return the running task that the environment names; None where there is none, or it lies in another registry."""
    task, attempt = TaskId(env.read(env.REG_TASK) or ""), env.read(env.REG_ATTEMPT) or ""
    live = find_live(registry.layout, task, int(attempt)) if task and attempt.isdecimal() else None
    found = _find_task(registry, live) if live is not None else None
    return Running(found, live) if found is not None and live is not None else None


def get_running(registry: Registry) -> Running:
    """Return the running task that the environment names.

    Raises:
        UsageError: There is none.
    """
    found = find_running(registry)
    if found is None:
        raise UsageError("no task runs here: reg log runs a command as a task", hint="reg log --help")
    return found


def put_param(table: dict[str, Value], keys: list[str], value: Value | None) -> str:
    """Set a value in nested tables and return the first key; a table replaces a plain value in its way."""
    first, *rest = keys
    if rest:
        inner = table.get(first)
        below = dict(inner) if isinstance(inner, dict) else {}
        put_param(below, rest, value)
        table[first] = below
    elif value is None:
        table.pop(first, None)
    else:
        table[first] = value
    return first


def _find_task(registry: Registry, live: Live) -> Task | None:
    """Return the task of a running attempt; wait for one that a script has just begun."""
    while is_running(registry.layout, live):
        try:
            begun = read_state(live).script
            registry.index.sync()
            row = registry.read(lambda db: find_attempt(db, live.task))
            found = get_task(registry, row) if row is not None else None
        except (RegError, FileNotFoundError):
            return None
        owner = find_owner(begun) if begun else None
        if owner is not None and owner.pid == os.getpid():  # this process has become another program, and the task ends
            return None
        if found is not None:  # `crashed`: its runner was taken for dead, and is not
            return found if found.status in {"running", "crashed"} and found.attempt == live.attempt else None
        if owner is None:
            return None
        time.sleep(_BEGUN)
    return None


def _check_written(problem: str | None) -> None:
    if problem is not None:
        raise RegError(f"not recorded: {problem}")
