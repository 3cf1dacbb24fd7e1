"""Requests to the companion of a task to save versions for this process, which waits for the answers now or later.

Each request lies in the attempt's folder, so its version is saved however this process ends. Where the companion is
gone, this process saves the version itself.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import replace
from registry_cli.errors import RegError, UsageError
from registry_cli.process import call_at_end
from registry_cli.registry.version import Version
from registry_cli.sdk.warning import report_loss
from registry_cli.tasks.attempt.folder import is_running
from registry_cli.tasks.attempt.jobs import Answer, Job, ask, begin, end, find_answer, new_job_name

if TYPE_CHECKING:
    from registry_cli.registry.api import Registry
    from registry_cli.sdk.current import Current

WAITING: Final = 3
"""Versions that are requested and not yet saved; a call with another one waits for the first."""
_SHORT, _LONG = 0.001, 0.02
"""Seconds between two checks for an answer, at first and later."""
_ALIVE: Final = 0.5
"""Seconds between two checks that the companion is alive."""


class Request:
    """A job that the companion was asked to do.

    Args:
        current: The task.
        job: The job.
        name: Name of the job; a new one where None.

    Raises:
        OSError: The job could not be written.
    """

    def __init__(self, current: Current, job: Job, name: str | None = None) -> None:
        assert current.live is not None
        self.model = str(job.draft.name) if job.draft else ""
        self._current, self._live = current, current.live
        self._name = name or new_job_name()
        ask(self._live, self._name, job)

    def find(self) -> Answer | None:
        """Return the answer, if there is one."""
        return find_answer(self._live, self._name)

    def wait(self, timeout: float | None = None) -> Answer | None:
        """Return the answer; None where none comes within `timeout` seconds."""
        now = looked = time.monotonic()
        until = None if timeout is None else now + timeout
        pause = _SHORT
        while (answer := self.find()) is None:
            now = time.monotonic()
            if until is not None and now >= until:
                return None
            if now - looked >= _ALIVE:
                looked = now
                if not is_running(self._current.registry.layout, self._live):
                    return self.find() or self._do()
            time.sleep(pause)
            pause = min(pause * 1.5, _LONG)
        return answer

    def withdraw(self) -> bool:
        """Withdraw the job unless it is begun; return True where it was withdrawn."""
        if begin(self._live, self._name) is None:
            return False
        end(self._live, self._name, Answer())
        return True

    def _do(self) -> Answer:
        """Do the job in this process where the companion has not begun it."""
        from registry_cli.tasks.run.save_jobs import save_job

        job = begin(self._live, self._name)
        if job is None:
            return Answer(error=RegError("the companion of this task ended before it was saved"))
        answer = Answer()
        if job.draft is not None:
            try:
                version = save_job(self._current.registry, self._live, job)
                self._current.record(lambda facts: facts.add_output(job.entry, version))
                answer = Answer(version)
            except (RegError, OSError) as error:
                answer = Answer(error=error)
        end(self._live, self._name, answer)
        return answer


class Pending:
    """A version that is being saved, from `commit(wait=False)`.

    Args:
        registry: The registry it is saved in.
        request: The request to the companion; None where nothing is saved.
    """

    def __init__(self, registry: Registry | None = None, request: Request | None = None) -> None:
        self._registry, self._request = registry, request
        self._answer = None if request else Answer()
        self._version: Version | None = None
        self._shown = False

    @classmethod
    def saved(cls, version: Version) -> Pending:
        """Return a `Pending` of a version that is saved already."""
        pending = cls()
        pending._version = version
        return pending

    def done(self) -> bool:
        """Return True once it is saved, has failed or was skipped."""
        return self._wait(0)

    def result(self, timeout: float | None = None) -> Version | None:
        """Wait for the version and return it; None where it was skipped, or where another rank saves it.

        Args:
            timeout: Seconds to wait at most; no limit when None.

        Raises:
            TimeoutError: It took longer.
            RegError: It could not be saved; see `commit`.
        """
        if not self._wait(timeout) or self._answer is None:
            raise TimeoutError(f"not saved after {timeout} seconds")
        if self._answer.error is not None:
            self._shown = True
            raise self._answer.error
        if self._version is None and self._answer.version is not None and self._registry is not None:
            self._version = read_version(self._registry, self._answer)
        return self._version

    def drain(self, timeout: float | None) -> bool:
        """Wait until it has ended and report a failure on standard error; return False where the wait timed out."""
        if not self._wait(timeout):
            return False
        error = self._answer.error if self._answer else None
        if error is not None and not self._shown and self._request is not None:
            self._shown = True
            words = error.message if isinstance(error, RegError) else f"{type(error).__name__}: {error}"
            report_loss(f"{self._request.model} was not saved: {words}")
        return True

    def waits_for(self, model: str) -> bool:
        """Return True where it is a version of that model that is not yet saved."""
        return self._request is not None and self._request.model == model and not self.done()

    def skip(self) -> None:
        """Withdraw it, unless its save is begun."""
        if self._request is not None and self._request.withdraw():
            self._answer = Answer()

    def _wait(self, timeout: float | None) -> bool:
        if self._answer is None and self._request is not None:
            self._answer = self._request.find() if timeout == 0 else self._request.wait(timeout)
        return self._answer is not None


def save_now(registry: Registry, current: Current, job: Job, name: str | None = None) -> Version:
    """Have a version saved and return it; raises as `commit`."""
    answer = Request(current, job, name).wait()
    assert answer is not None
    if answer.error is not None:
        raise answer.error
    return read_version(registry, answer)


def save_later(registry: Registry, current: Current, job: Job, name: str, keep: int | None) -> Pending:
    """Have a version saved later; of its model's saves that are not begun, skip all but the newest `keep`."""
    pending = Pending(registry, Request(current, replace(job, waited_for=False), name))
    _remember(pending)
    model = str(job.draft.name) if job.draft else ""
    for one in [one for one in _waiting if one.waits_for(model)][: -keep if keep else 0]:
        one.skip()
    return pending


def catch_up(current: Current) -> None:
    """Return once all files that frameworks have completely saved by now are in the registry."""
    Request(current, Job()).wait()


def wait_for_room() -> None:
    """Wait until another version may be requested."""
    while len(left := [one for one in _waiting if not one.done()]) >= WAITING:
        left[0].drain(None)


def drain(timeout: float | None = None) -> bool:
    """Wait until every version requested by now is saved; return False where the wait timed out.

    Args:
        timeout: Seconds to wait at most; no limit when None.
    """
    until = None if timeout is None else time.monotonic() + timeout
    for one in tuple(_waiting):
        if not one.drain(None if until is None else max(until - time.monotonic(), 0)):
            return False
        _waiting.remove(one)
    return True


def parse_keep(keep: str | None) -> int | None:
    """Return the number in `last N`.

    Raises:
        UsageError: The text has another form.
    """
    if keep is None:
        return None
    word, _, count = keep.strip().partition(" ")
    if word != "last" or not count.strip().isdecimal() or int(count) == 0:
        raise UsageError(f"{keep!r} does not say which snapshots to keep, as in keep='last 3'")
    return int(count)


def read_version(registry: Registry, answer: Answer) -> Version:
    """Return the version that was saved."""
    assert answer.version is not None
    registry.index.sync()
    return Version(registry, registry.get_row(answer.version))


_waiting: list[Pending] = []
_pid = 0


def _remember(pending: Pending) -> None:
    """Have a failed save reported before this process ends."""
    global _pid
    if _pid != os.getpid():
        _pid = os.getpid()
        call_at_end(partial(_drain_process, _pid))
    _waiting.append(pending)


def _drain_process(pid: int) -> None:
    if pid == os.getpid():  # else a forked child has inherited the call
        drain()


os.register_at_fork(after_in_child=lambda: _waiting.clear())
