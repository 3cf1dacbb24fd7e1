"""Runs a command as if it ran without us, and copies what it prints; the only entry point of this folder."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.errors import LaunchError
from registry_cli.tasks.child.foreground import Front
from registry_cli.tasks.child.launch import get_command
from registry_cli.tasks.child.leader import DirectChild, LedChild
from registry_cli.tasks.child.outcome import Exit, describe_status
from registry_cli.tasks.child.relay import Relay
from registry_cli.tasks.child.stream import CHUNK
from registry_cli.tasks.child.wiring import open_wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from registry_cli.tasks.child.launch import Command
    from registry_cli.tasks.child.leader import Child
    from registry_cli.tasks.child.wiring import Wiring

PATIENCE: Final = 2.0
"""Seconds for which processes that the child leaves behind may continue to print."""
IDLE: Final = 0.01
"""Seconds without a byte after which no more output is expected from them."""


def _ignore(number: int) -> None:
    pass


def run_child(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    console: Callable[[bytes], None],
    tick: Callable[[], None],
    interval: float = 0.5,
    on_start: Callable[[int], None] = _ignore,
    on_signal: Callable[[int], None] = _ignore,
) -> Exit:
    """Run `argv` in a process group of its own and forward its output unchanged; must be called in the main thread.

    Args:
        argv: Program and arguments; without a slash, the program is looked up on the PATH of `env`.
        cwd: Folder to run in.
        env: The whole environment of the child.
        console: Called with every piece of output after it was forwarded, in the order of arrival.
        tick: Called every `interval` seconds.
        interval: Seconds between two ticks.
        on_start: Called with the process id of the child, which is also its process group.
        on_signal: Called with each signal that we receive, after it was forwarded to the child and before the next
            `tick`; never while another of these functions runs.

    Returns:
        The end of the child, with the first failure of `console` and of the other functions: failures of these do not
        disturb the child.

    Raises:
        LaunchError: The command did not start; the class carries exit code 125, 126 or 127.
    """
    command = get_command(argv, cwd, env)
    copies, calls = _Once(), _Calls(tick, on_signal)
    with ExitStack() as stack:
        try:
            wiring = stack.enter_context(open_wiring(lambda data: copies.call(lambda: console(data))))
            relay = stack.enter_context(Relay(wiring.terminal.refresh if wiring.terminal else lambda: None))
            child = _start(command, wiring)
        except OSError as error:
            raise LaunchError(f"cannot start {argv[0]}: {(error.strerror or str(error)).lower()}") from None
        stack.callback(child.close)
        stack.callback(wiring.cut)
        relay.start(child.pid)
        wiring.let_go()
        calls.call(lambda: on_start(child.pid))
        status = _Watch(child, wiring, relay, calls, interval).run()
        left_behind = any(stream.is_open for stream in wiring.streams) and not relay.hurry
    output_error = next((stream.error for stream in wiring.streams if stream.error), None)
    mid_line = wiring.streams[-1].mid_line  # that of standard error is the last
    return Exit(*describe_status(status), copies.error, calls.error, output_error, mid_line, left_behind)


def _start(command: Command, wiring: Wiring) -> Child:
    return DirectChild(command, wiring.ends) if wiring.ends.stdin is None else LedChild(command, wiring.ends)


class _Once:
    """Calls functions whose failures must not disturb the child; stores the first failure."""

    def __init__(self) -> None:
        self.error: str | None = None

    def call(self, function: Callable[[], None]) -> None:
        try:
            function()
        except Exception as error:
            self.error = self.error or str(error) or type(error).__name__


class _Calls(_Once):
    """Calls the caller's functions, between two looks at the child."""

    def __init__(self, tick: Callable[[], None], on_signal: Callable[[int], None]) -> None:
        super().__init__()
        self._tick, self._on_signal = tick, on_signal

    def tick(self) -> None:
        self.call(self._tick)

    def report(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.call(partial(self._on_signal, number))


class _Watch:
    """Watches the child from its start to its end."""

    def __init__(self, child: Child, wiring: Wiring, relay: Relay, calls: _Calls, interval: float) -> None:
        self._child, self._wiring, self._relay, self._calls, self._interval = child, wiring, relay, calls, interval
        self._front = Front()
        self._status: int | None = None
        self._next = time.monotonic() + interval
        self._deadline = 0.0
        self._last_words = 0

    def run(self) -> int:
        """Return the child's exit status, once all its output was forwarded."""
        self._refresh()
        try:
            while True:
                had_ended = self._status is not None
                ready = self._wait()
                moved = self._move(ready)
                if self._wiring.terminal:
                    self._wiring.terminal.advance(ready)
                if ready.get(self._relay.fd) or ready.get(self._child.fd):
                    self._look()
                if time.monotonic() >= self._next:
                    self._beat()
                if self._status is not None and self._is_over(moved=moved or not had_ended):
                    return self._status
        finally:
            self._front.take_back()

    def _wait(self) -> dict[int, int]:
        """Return the events of each descriptor that has any; wait until the next tick at the longest."""
        now = time.monotonic()
        until = self._next if self._status is None else min(self._next, max(self._deadline, now + IDLE))
        return self._poll(max(until - now, 0))

    def _poll(self, seconds: float) -> dict[int, int]:
        import select

        wanted = {self._relay.fd: select.POLLIN}
        if self._child.fd >= 0 and self._status is None:
            wanted[self._child.fd] = select.POLLIN
        for stream in self._wiring.streams:
            stream.watch(wanted)
        if self._wiring.terminal:
            self._wiring.terminal.watch(wanted)
        poll = select.poll()
        for fd, events in wanted.items():
            poll.register(fd, events)
        return dict(poll.poll(seconds * 1000))

    def _move(self, ready: dict[int, int]) -> bool:
        return sum(stream.advance(ready) for stream in self._wiring.streams) > 0

    def _beat(self) -> None:
        self._next = time.monotonic() + self._interval
        self._look()  # our parent may have blocked SIGCHLD
        self._refresh()
        self._calls.report(self._relay.list_passed())
        self._calls.tick()

    def _refresh(self) -> None:
        if self._wiring.terminal:
            self._wiring.terminal.refresh()

    def _count(self) -> int:
        return sum(stream.count for stream in self._wiring.streams)

    def _count_due(self) -> int:
        """Return the value of `_count` at which all output printed until now has been read."""
        unseen = CHUNK if self._wiring.terminal else 0
        return self._count() + sum(stream.count_waiting() for stream in self._wiring.streams) + unseen

    def _look(self) -> None:
        """Handle the child's changes of state."""
        self._relay.clear()
        for status in self._child.list_changes() if self._status is None else ():
            if os.WIFSTOPPED(status):
                self._stop(os.WSTOPSIG(status))
                continue
            self._status = status
            self._relay.end()
            self._deadline, self._last_words = time.monotonic() + PATIENCE, self._count_due()
            if self._wiring.terminal:
                self._wiring.terminal.close_slave()
        self._calls.report(self._relay.list_passed())

    def _stop(self, number: int) -> None:
        """Stop as the child did, unless it stopped because it wants the terminal and can have it."""
        terminal = self._wiring.terminal
        led = terminal is not None and terminal.keys
        if not led and number in {signal.SIGTTIN, signal.SIGTTOU} and self._front.lend(self._child.pid):
            self._relay.send(signal.SIGCONT)
            return
        due = self._count_due()
        while self._count() < due and self._move(self._poll(0)):
            pass
        if terminal:
            terminal.release()
        self._relay.stop(number, everyone=self._front.take_back() or led)
        self._refresh()

    def _is_over(self, *, moved: bool) -> bool:
        """Return whether nothing is left to forward, or only processes other than the child still print."""
        streams = self._wiring.streams
        if self._relay.hurry or not any(stream.is_open for stream in streams):
            return True
        if time.monotonic() < self._deadline or any(stream.is_waiting for stream in streams):
            return False
        return not moved or self._count() >= self._last_words
