"""What a script's frameworks save and load becomes versions and inputs while it runs, where it runs its task itself."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError
from registry_cli.sdk.preload import load_ahead
from registry_cli.tasks.run.follow import Follower
from registry_cli.tasks.run.redirects import write_known

if TYPE_CHECKING:
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.attempt import Attempt

_LOOK: Final = 0.5
"""Seconds between two looks."""
_AHEAD: Final = 1.0
"""Seconds by which a follower is told to be late, so that it waits for nothing."""


class Following:
    """Follows one attempt in a thread, from now on until it is ended."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._problems: list[str] = []
        self._follower = Follower(attempt.registry, attempt.task, attempt.live, Path.cwd(), None)
        try:
            write_known(attempt.registry, attempt.task, attempt.live, Path.cwd())
        except (RegError, OSError) as error:  # more loads are looked at than need be
            self._problems.append(f"automatic logging could not be prepared: {error}")
        load_ahead(attempt.registry)
        self._asked: SimpleQueue[threading.Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._follow, name="reg follow", daemon=True)
        self._thread.start()

    def catch_up(self) -> None:
        """Return once what was saved by now is in the registry, as far as it is whole."""
        done = threading.Event()
        self._asked.put(done)
        while not done.wait(_LOOK) and self._thread.is_alive():
            pass

    def end(self) -> list[str]:
        """Take what is left, however long that takes; return what was not kept, in words."""
        self._asked.put(None)
        self._thread.join()
        return [*self._problems, *self._follower.problems, *self._follower.list_missed()]

    def _follow(self) -> None:
        try:
            with self._attempt.registry.reopen() as registry:
                while self._take(registry):
                    pass
        except Exception as error:  # the script goes on, whatever is wrong with us
            self._problems.append(f"not all that frameworks saved was kept: {error}")

    def _take(self, registry: Registry) -> bool:
        """Take what is there; return whether to go on."""
        try:
            asked = self._asked.get(timeout=_LOOK)
        except Empty:
            self._follower.poll(registry, time.time())
            return True
        if asked is None:
            self._follower.rest(registry, lambda: None)
            return False
        for ahead in (_AHEAD, 2 * _AHEAD):  # twice: a folder is quiet when it is the same again
            self._follower.poll(registry, time.time() + ahead)
        asked.set()
        return True
