"""What goes on beside a running command, in threads of its own: looking around, following metrics, keeping outputs.

None of it may disturb the command. Whatever fails is remembered and told at the end.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError
from registry_cli.records.task import BUNDLE
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.store import files
from registry_cli.store.files import NewFile
from registry_cli.tasks.capture.data import digest_data, list_data
from registry_cli.tasks.capture.git import bundle_commits, find_root
from registry_cli.tasks.capture.host import capture_accelerators
from registry_cli.tasks.capture.python import capture_python, find_python
from registry_cli.tasks.crashed import bury_crashed
from registry_cli.tasks.finish import read_current
from registry_cli.tasks.live import WRAPPER
from registry_cli.tasks.outputs import add_output, name_output
from registry_cli.tasks.scalars.facts import FactWriter
from registry_cli.tasks.scalars.writer import ScalarWriter
from registry_cli.tasks.watch.metrics import MetricsWatch
from registry_cli.tasks.watch.outputs import OutputWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from registry_cli.catalog.rows import VersionRow
    from registry_cli.tasks.attempt import Attempt

PAUSE: Final = 0.5
"""Seconds between two looks at metrics and outputs."""


class Beside:
    """The work beside one attempt.

    Attributes:
        outputs: Versions that were kept, oldest first.
        problems: What failed, in words.

    Args:
        attempt: Which.
        cwd: Where the command runs.
        environ: What it runs with.
    """

    def __init__(self, attempt: Attempt, cwd: Path, environ: Mapping[str, str]) -> None:
        recipe = attempt.task.recipe
        self.outputs: list[VersionRow] = []
        self.problems: list[str] = []
        self._task, self._live, self._layout = attempt.task, attempt.live, attempt.registry.layout
        self._cwd, self._environ = cwd, environ
        self._facts = FactWriter(self._live.facts(WRAPPER))
        self._scalars = ScalarWriter(self._live.scalars(WRAPPER))
        self._metrics = MetricsWatch(recipe.metrics, cwd)
        self._watch = OutputWatch(recipe.outputs, cwd, ignore=[self._layout.root])
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._guard, args=(work,), daemon=True)
                         for work in (self._look_around, self._follow)]  # fmt: skip

    def start(self) -> None:
        """Begin; the command runs already, so that no lock of ours is copied into it."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Take in what is left once the command has ended."""
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        with Registry(self._layout) as registry:
            self._guard(lambda: self._take_metrics(final=True))
            self._guard(lambda: self._keep(registry, self._watch.rest()))
        self._facts.close()
        self._scalars.close()
        self.problems += filter(None, (self._facts.problem, self._scalars.problem))

    def list_missed(self) -> list[str]:
        """Return what was expected of the command and did not come, in words."""
        missed = [f"nothing was written that --output {text} names" for text in self._watch.missed()]
        return missed + self._metrics.problems()

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except RegError as error:
            self.problems.append(error.message)
        except OSError as error:
            self.problems.append(f"{(error.strerror or str(error)).lower()}: {error.filename}")
        except Exception as error:  # the command goes on, whatever is wrong with us
            self.problems.append(f"{type(error).__name__}: {error}")

    def _look_around(self) -> None:
        recipe = self._task.recipe
        python = find_python(recipe.argv, self._cwd, self._environ)
        if python is not None:
            state = capture_python(python, environ=self._environ)
            self._facts.set_python(state.table, state.lock.decode())
        self._take_commits()
        self._facts.add_host(capture_accelerators(self._environ))
        paths, missed = list_data(recipe.data, self._cwd)
        self.problems += [f"nothing is there that --data {text} names" for text in missed]
        for one in digest_data(paths, self._cwd, self._layout.cache / "digests.sqlite"):
            self._facts.add_data(one)

    def _take_commits(self) -> None:
        code = self._task.code
        if code is None or code.commit is None or self._task.find_file(BUNDLE):
            return
        root = find_root(self._cwd)
        bundle, cut = bundle_commits(root, code.commit, environ=self._environ) if root else (None, ())
        if bundle:
            file = NewFile(self._live.folder / f"{BUNDLE}.part")
            file.write(bundle)
            file.close()
            files.rename(file.path, self._live.bundle)
        self.problems += [f"the {part} that no remote has are too large to keep" for part in cut]

    def _follow(self) -> None:
        with Registry(self._layout) as registry:
            bury_crashed(registry)
            while not self._stop.wait(PAUSE):
                self._guard(lambda: self._take_metrics(final=False))
                self._guard(lambda: self._keep(registry, self._watch.poll(time.monotonic())))

    def _take_metrics(self, *, final: bool) -> None:
        for point in self._metrics.rest() if final else self._metrics.poll():
            self._scalars.add(point.name, point.value, point.step, point.time)
        self._scalars.flush()

    def _keep(self, registry: Registry, paths: list[Path]) -> None:
        for path in paths:
            task = read_current(self._task, self._live)
            added = add_output(registry, task, self._live, Draft(name_output(task, path)), [path])
            self.outputs += [added.version] if added.new else []
