"""Signals that come before they are waited for."""

from __future__ import annotations

import os
import signal
import sys

from registry_cli.tasks.wakeup import Wakeup
from tests.forks import end, fork


def test_one_that_came_before_is_not_missed() -> None:
    def work() -> None:
        heard: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
        wakeup = Wakeup()
        os.kill(os.getpid(), signal.SIGTERM)
        wakeup.wait()
        assert heard == [signal.SIGTERM]

    assert end(fork(work), seconds=20) == 0


def test_a_blocked_child_is_heard() -> None:
    def work() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        wakeup = Wakeup()
        child = os.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], os.environ)
        while not os.waitpid(child, os.WNOHANG)[0]:
            wakeup.wait()

    assert end(fork(work), seconds=20) == 0
