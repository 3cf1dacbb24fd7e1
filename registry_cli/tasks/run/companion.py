"""The companion of a running command: captures its environment, follows metrics and saves outputs, in two threads.

Nothing here may disturb the command. Failures are collected and reported at the end.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError, describe_os_error
from registry_cli.records.task import PROPERTIES
from registry_cli.registry.draft import Draft
from registry_cli.secrets.hiding import list_hidden
from registry_cli.tasks.attempt.bell import Bell, ring
from registry_cli.tasks.attempt.crashed import end_crashed
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.fact_writer import FactWriter
from registry_cli.tasks.attempt.finish import read_current
from registry_cli.tasks.attempt.folder import SECURED, WRAPPER, secure_live
from registry_cli.tasks.attempt.marks import MarkReader
from registry_cli.tasks.attempt.scalar_writer import ScalarWriter
from registry_cli.tasks.capture.data import digest_data, list_data, stamp_data
from registry_cli.tasks.capture.host import capture_accelerators
from registry_cli.tasks.capture.python import capture_python, find_python
from registry_cli.tasks.outputs import OutputNames, add_output
from registry_cli.tasks.run.follow import Follower
from registry_cli.tasks.run.save_jobs import JobTaker
from registry_cli.tasks.unpushed_commits import keep_commits
from registry_cli.tasks.watch.metrics import MetricsWatch
from registry_cli.tasks.watch.outputs import OutputWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.records.task import Input
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.attempt import Attempt

PAUSE: Final = 0.5
"""Seconds between two polls of metrics and outputs."""
_AHEAD: Final = 1.0
"""Seconds added to the follower's clock, so that it waits for nothing."""


class Companion:
    """The work beside one attempt.

    Attributes:
        problems: Messages about failures.

    Args:
        attempt: The attempt.
        cwd: The command's working directory.
        environ: The command's environment variables.
    """

    def __init__(self, attempt: Attempt, cwd: Path, environ: Mapping[str, str]) -> None:
        recipe = attempt.task.recipe
        self.problems = [
            f"a secret in the command is not recorded: a re-run reads it from the variable {name}"
            for name in list_hidden(recipe.argv)
        ]
        self._task, self._live, self._opened = attempt.task, attempt.live, attempt.registry
        self._cwd, self._environ = cwd, environ
        self._facts = FactWriter(self._live.facts(WRAPPER))
        self._facts.add_host({})  # the file exists from the first moment: it says that a wrapper runs the command
        self._scalars = ScalarWriter(self._live.scalars(WRAPPER))
        self._metrics = MetricsWatch(recipe.metrics, cwd, MarkReader(self._live).read)
        self._watch = OutputWatch(recipe.outputs, cwd, ignore=[self._opened.layout.root])
        self._outputs: list[VersionRow] = []
        self._names = OutputNames(recipe.outputs, cwd)
        self._follower = Follower(attempt.registry, self._task, self._live, cwd, recipe.auto, names=self._names)
        self._data = list_data(recipe.data, cwd)
        self._stamps = stamp_data(self._data[0])
        self._failed: set[Path] = set()
        self._jobs = JobTaker(self._live, self._facts, self._catch_up, lambda: self._guard(self._take_metrics, False))
        self._bell = Bell(self._live)
        self._stop = threading.Event()
        self._looking, self._following = (
            threading.Thread(target=self._guard, args=(work,), daemon=True)
            for work in (self._look_around, self._follow)
        )

    @property
    def outputs(self) -> list[VersionRow]:
        """Versions that were saved, each once, oldest first."""
        found = {row.id: row for row in (*self._outputs, *self._follower.outputs)}
        return sorted(found.values(), key=lambda row: row.created)

    def start(self) -> None:
        """Start the threads; the command runs already, so that no lock that they hold is copied into it."""
        self._following.start()
        self._looking.start()

    def end(self, hurried: Callable[[], str | None]) -> None:
        """Finish once the command has ended: save the remaining outputs, metrics and facts.

        Args:
            hurried: Returns the name of a signal that has arrived meanwhile, or None; a signal drops what remains.
        """
        self._stop.set()
        ring(self._live)
        if self._following.ident is not None:
            self._following.join()
        while self._looking.is_alive():  # data may take hours to read
            self._looking.join(PAUSE)
            if signal := hurried():
                self.problems.append(f"{signal} came: what the command ran on is not all on record")
                break
        self._guard(self._take_metrics, True)
        self._guard(self._take_rest, hurried)
        self._bell.close()
        self.problems += self._follower.problems
        self._facts.close()
        self._scalars.close()
        self.problems += filter(None, (self._facts.problem, self._scalars.problem))

    def await_inputs(self, inputs: Sequence[Input]) -> None:
        """Count some inputs of the task only once the script has asked for them or loaded them."""
        for one in inputs:
            self._facts.await_input(one)

    def list_unreached(self) -> list[str]:
        """Return messages about inputs that did not reach the script; call it once the command has ended."""
        facts = read_facts(self._live.list_facts())
        kept = facts.drop_unreached(self._task.inputs)
        read = ", ".join(one.ref for one in facts.inputs) or "no other that is known"
        return [
            f"{one.ref} did not reach the script and is no input: nothing asked for `{one.name}`; inputs read: {read}"
            for one in self._task.inputs
            if one not in kept
        ]

    def list_untaken(self) -> list[str]:
        """Return a message about parameters of a clone that its script did not take; call it after `end`."""
        given = self._task.recipe.params.keys() - {PROPERTIES}
        names = ", ".join(sorted(given - read_facts(self._live.list_facts()).params.keys()))
        return [f"the script asked for no parameter {names}: it ran with its own, and that is on record"] * bool(names)

    @property
    def unsaved(self) -> list[str]:
        """Messages about saves that the script requested without waiting for them, and that failed."""
        return self._jobs.problems

    def list_missed(self) -> list[str]:
        """Return messages about outputs and metrics that the command was expected to write and did not."""
        missed = [f"nothing was written that --output {text} names" for text in self._watch.missed()]
        return [*missed, *self._metrics.problems(), *self._follower.list_missed()]

    def _guard(self, work: Callable[..., object], *given: object) -> None:
        try:
            work(*given)
        except RegError as error:
            self.problems.append(error.message)
        except OSError as error:
            self.problems.append(describe_os_error(error))
        except Exception as error:  # no failure here may stop the command
            self.problems.append(f"{type(error).__name__}: {error}")

    def _look_around(self) -> None:
        for look in (self._take_python, self._take_commits, self._take_accelerators, self._take_data):
            self._guard(look)

    def _take_python(self) -> None:
        python = find_python(self._task.recipe.argv, self._cwd, self._environ)
        if python is not None:
            state = capture_python(python, environ=self._environ)
            self._facts.set_python(state.table, state.lock.decode())

    def _take_commits(self) -> None:
        self.problems += keep_commits(self._task, self._live, self._cwd, self._environ, lambda fact: fact(self._facts))

    def _take_accelerators(self) -> None:
        self._facts.add_host(capture_accelerators(self._environ))

    def _take_data(self) -> None:
        paths, missed = self._data
        self.problems += [f"nothing is there that --data {text} names" for text in missed]
        for one in digest_data(paths, self._cwd, self._opened.layout.cache / "digests.sqlite", self.problems):
            self._facts.add_data(one)
        now = stamp_data(paths)
        self.problems += [
            f"{path} changed while the command ran: its digest may not be of what was read"
            for path, stamp in self._stamps.items()
            if now.get(path) != stamp
        ]

    def _follow(self) -> None:
        with self._opened.reopen() as registry:
            self._guard(self._jobs.take, registry)  # those that were requested before there was a bell to ring
            self._guard(end_crashed, registry)
            looked = secured = time.monotonic()
            while not self._stop.is_set():
                self._bell.wait(looked + PAUSE - time.monotonic())
                self._guard(self._jobs.take, registry)
                if time.monotonic() - secured >= SECURED:
                    self._guard(secure_live, self._live)
                    secured = time.monotonic()
                if time.monotonic() - looked >= PAUSE:
                    looked = time.monotonic()
                    self._look(registry)

    def _look(self, registry: Registry) -> None:
        self._guard(self._take_metrics, False)
        for path in self._watch.poll(time.monotonic()):
            self._try_keep(registry, path)
        self._guard(self._follower.poll, registry, time.time())

    def _catch_up(self, registry: Registry) -> None:
        """Save all files that frameworks have completely written by now, with the metrics so far."""
        self._guard(self._take_metrics, False)
        for ahead in (_AHEAD, 2 * _AHEAD):  # twice: a folder is quiet once two polls find it the same
            self._follower.poll(registry, time.time() + ahead)

    def _take_rest(self, hurried: Callable[[], str | None]) -> None:
        paths = list(dict.fromkeys([*self._watch.rest(), *self._failed]))
        with self._opened.reopen() as registry:
            self._guard(self._jobs.take, registry)
            for at, path in enumerate(paths):
                if signal := hurried():
                    self.problems.append(f"{signal} came: {len(paths) - at} outputs were not kept")
                    break
                self._guard(self._keep, registry, path)
            self._guard(self._follower.rest, registry, hurried)

    def _take_metrics(self, final: bool) -> None:
        for point in self._metrics.rest() if final else self._metrics.poll():
            self._scalars.add(point.name, point.value, point.step, point.time)
        self._scalars.flush()

    def _try_keep(self, registry: Registry, path: Path) -> None:
        """Save an output while the command runs; one that it is writing, or removes, waits for the end."""
        try:
            self._keep(registry, path)
            self._failed.discard(path)
        except (RegError, OSError):
            self._failed.add(path)

    def _keep(self, registry: Registry, path: Path) -> None:
        if not path.exists():
            return
        task = read_current(self._task, self._live)
        added = add_output(registry, task, self._live, Draft(self._names.name(task, path)), [path])
        self._outputs += [added.version] if added.new else []
