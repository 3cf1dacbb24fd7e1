"""Starts a command: finds the program as `execvp` would, and runs it in a process group of its own."""

from __future__ import annotations

import errno
import os
import signal
import stat
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.errors import LaunchError, NotExecutableError, UnknownCommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from subprocess import Popen

_OURS = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
"""Failures to start a process that say nothing about the program."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run; `program` is a path, absolute or relative to `cwd`."""

    argv: tuple[str, ...]
    program: str
    cwd: Path
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ends:
    """The descriptors that become the child's first three; `stdin` is None where it inherits ours."""

    stdin: int | None
    stdout: int
    stderr: int


def get_command(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Command:
    """Return `argv` with its program found in `cwd`, or along the PATH of `env`.

    As with `execvp`, a path that cannot be examined is skipped, and reported only if nothing else is found.

    Raises:
        LaunchError: `cwd` is not a folder that can be entered.
        UnknownCommandError: There is no such program.
        NotExecutableError: The program is a folder or is not executable; or it may be in a folder that we have no
            permission to search.
    """
    if not os.access(f"{cwd}/.", os.X_OK):
        raise LaunchError(f"cannot enter the folder {cwd}: run from a folder that exists")
    name, refusal = argv[0], None
    for program in _list_candidates(name, env):
        try:
            mode = (cwd / program).stat().st_mode
        except PermissionError:
            refusal = refusal or NotExecutableError(f"{program} cannot be looked at: permission denied")
            continue
        except (OSError, ValueError):  # it does not exist, or no file can have that name
            continue
        if stat.S_ISREG(mode):
            if os.access(cwd / program, os.X_OK):
                return Command(tuple(argv), program, cwd, env)
            refusal = refusal or NotExecutableError(f"{program} is not executable", hint=f"chmod +x {quote(program)}")
        elif "/" in name and stat.S_ISDIR(mode):
            raise NotExecutableError(f"{program} is a folder")
    raise refusal or UnknownCommandError(f"command not found: {name}; give its path, or check PATH")


def _list_candidates(name: str, env: Mapping[str, str]) -> list[str]:
    if "/" in name:
        return [name]
    folders = env.get("PATH", os.defpath).split(os.pathsep)
    return [str(Path(folder or ".") / name) for folder in folders] if name else []


def spawn(command: Command, ends: Ends, *, in_front: bool) -> Popen[bytes]:
    """Start `command` with no descriptors of ours but the three `ends`; signals and their mask are as at login.

    Args:
        command: The command. A script without `#!` is run by `sh`, as shells do.
        ends: Its standard input, output and error.
        in_front: Make its group the foreground of its standard input's terminal before its first instruction.

    Raises:
        OSError: The system refuses to start it.
    """
    try:
        return _execute(command, command.program, command.argv, ends, in_front)
    except OSError as error:
        if error.errno != errno.ENOEXEC or not _is_text(command.cwd / command.program):
            raise
    return _execute(command, "/bin/sh", ["sh", command.program, *command.argv[1:]], ends, in_front)


def _execute(command: Command, program: str, argv: Sequence[str], ends: Ends, in_front: bool) -> Popen[bytes]:
    import subprocess

    program = program if "/" in program else f"./{program}"  # otherwise PATH would be searched again
    before = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        return subprocess.Popen(
            argv,
            executable=program,
            cwd=command.cwd,
            env=command.env,
            stdin=ends.stdin,
            stdout=ends.stdout,
            stderr=ends.stderr,
            process_group=0,
            preexec_fn=_step_forward if in_front else None,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _step_forward() -> None:
    put_in_front(0, os.getpgrp())


def put_in_front(terminal: int, group: int) -> None:
    """Make `group` the foreground group of `terminal`, even if we are in its background."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(terminal, group)
    finally:
        signal.signal(signal.SIGTTOU, before)


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"\0" not in file.readline(128)
    except OSError:
        return False


def explain(command: Command, number: int) -> LaunchError:
    """Return the error that tells the user why `command` did not start; `number` is the system's errno."""
    reason = os.strerror(number).lower()
    if number in _OURS:
        return LaunchError(f"cannot start {command.program}: {reason}")
    if number == errno.ENOENT:
        if not (command.cwd / command.program).exists():
            return UnknownCommandError(f"command not found: {command.program}; give its path, or check PATH")
        return NotExecutableError(
            f"the first line of {command.program} names an interpreter that does not exist: {_first(command)}"
        )
    return NotExecutableError(f"cannot execute {command.program}: {reason}")


def _first(command: Command) -> str:
    try:
        with (command.cwd / command.program).open("rb") as file:
            return file.readline(80).decode(errors="replace").strip()
    except OSError:
        return "it cannot be read"
