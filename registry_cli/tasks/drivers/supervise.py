"""The process of a local job: starts the command in a session of its own, forwards signals, writes the end.

`local.py` runs it as `python -c … FOLDER COMMAND…`; the process that did so may end long before.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.store.new_file import AppendFile
from registry_cli.store.writer_name import new_name
from registry_cli.tasks.drivers.folder import OWNER, JobFolder
from registry_cli.tasks.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from subprocess import Popen

_PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
_NOT_STARTED: Final = 127
_TERMINATED: Final = 128 + signal.SIGTERM


def main(words: Sequence[str]) -> None:
    """Detach from the caller, then run the command of `words[1:]` as the job whose folder is `words[0]`."""
    if os.fork():
        os._exit(0)  # the caller waits for this process, and never for the job
    os.setsid()
    folder = JobFolder(Path(words[0]))
    command = _Command(words[1:])
    for number in _PASSED_ON:
        signal.signal(number, lambda got, frame: command.signal(got))
    folder.put(OWNER, new_name().encode())
    _turn_output(folder.output)
    early = folder.cancelled  # by a process that could not yet know which process to signal
    folder.put_end(_TERMINATED if early else command.run(folder.output))


class _Command:
    """The job's command; a signal that comes before it has started is sent to it then."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv
        self._wakeup = Wakeup()
        self._process: Popen[bytes] | None = None
        self._early: list[int] = []

    def run(self, output: Path) -> int:
        import subprocess

        try:
            self._process = subprocess.Popen(self._argv)
        except OSError as error:
            _say(output, f"error: {self._argv[0]}: {(error.strerror or str(error)).lower()}\n")
            return _NOT_STARTED
        for number in self._early:
            self._process.send_signal(number)
        while (code := self._process.poll()) is None:
            self._wakeup.wait()
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)


def _turn_output(path: Path) -> None:
    """Redirect both streams to a file, which also closes the caller's pipe."""
    output = AppendFile(path)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output.fd, 1), (output.fd, 2)):
        os.dup2(source, target)
    os.close(null)
    output.close()


def _say(output: Path, text: str) -> None:
    with AppendFile(output) as file:
        file.write(text.encode())


if __name__ == "__main__":
    main(sys.argv[1:])
