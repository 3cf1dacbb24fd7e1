"""Starts `reg` as a process that has loaded the package already: a fork of one that does nothing else.

It is a process like any other, with descriptors, a folder and an environment of its own, and costs a third of an
interpreter that starts. What a start loads and says is tested where interpreters start (`tests/cli/test_start_up.py`).
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parents[1]
"""The repository, for processes that must find the package."""
_MOST: Final = 1 << 17
"""Bytes that a request may have."""


def run_reg(
    words: Sequence[str], *, cwd: Path, environ: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[bytes]:
    """Run `reg WORDS` and return how it ended, as `subprocess.run` does; its standard input is empty.

    Raises:
        subprocess.TimeoutExpired: It took too long, and is no more.
    """
    pipes = [os.pipe() for _ in range(3)]
    umask = os.umask(0)
    os.umask(umask)
    request = json.dumps({"words": list(words), "cwd": str(cwd), "environ": environ, "umask": umask}).encode()
    try:
        socket.send_fds(_find_spawner(), [request], [writing for _, writing in pipes])
    finally:
        for _, writing in pipes:
            os.close(writing)
    told, out, err = _read_all([reading for reading, _ in pipes], words, timeout)
    return subprocess.CompletedProcess(["reg", *words], int(told.split()[1]), out, err)


def _read_all(pipes: list[int], words: Sequence[str], timeout: float) -> list[bytes]:
    """Read pipes to their ends. The first gives the id of the process, and then its exit code."""
    read = dict.fromkeys(pipes, b"")
    end = time.monotonic() + timeout
    with selectors.DefaultSelector() as waiting:
        for pipe in pipes:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0.0, end - time.monotonic()))
            if not ready:
                os.kill(int(read[pipes[0]].split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired(["reg", *words], timeout)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                read[key.fd] += data
                if not data:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
    return list(read.values())


@functools.cache
def _find_spawner() -> socket.socket:
    """Return the way to this process's spawner, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for each in (ours, theirs):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _MOST)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REG_")}
    spawner = subprocess.Popen(
        [sys.executable, "-m", "tests.spawner", str(theirs.fileno())],
        cwd=HERE, env={**environ, "PYTHONPATH": str(HERE)}, pass_fds=[theirs.fileno()], start_new_session=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    theirs.close()
    atexit.register(lambda: (spawner.kill(), spawner.wait()))
    return ours


def main() -> None:
    """Fork a process for each request, until nobody can ask any more."""
    from registry_cli.cli.table import COMMANDS, GROUPS

    for row in COMMANDS.values():
        if row.words not in GROUPS:
            importlib.import_module(row.module)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for `reg`
    asked = socket.socket(fileno=int(sys.argv[1]))
    while True:
        request, given, _, _ = socket.recv_fds(asked, _MOST, 3)
        if not request:
            return
        if not os.fork():
            _wait_for_reg(request, *given)
        for fd in given:
            os.close(fd)


def _wait_for_reg(request: bytes, told: int, out: int, err: int) -> None:
    """Fork `reg` and tell its id and its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        _become_reg(json.loads(request), out, err)
    for fd in (out, err):
        os.close(fd)
    os.write(told, b"%d\n" % pid)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os._exit(0)


def _become_reg(request: dict[str, object], out: int, err: int) -> None:
    from registry_cli.cli.main import run_process

    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.closerange(3, 64)
        sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(request["environ"])  # type: ignore[call-overload]
        os.umask(request["umask"])  # type: ignore[arg-type]
        os.chdir(request["cwd"])  # type: ignore[arg-type]
        time.tzset()
        words: list[str] = request["words"]  # type: ignore[assignment]
        sys.path[0] = os.getcwd()
        sys.argv = [str(HERE / "registry_cli" / "__main__.py"), *words]
        sys.orig_argv = [sys.executable, "-m", "registry_cli", *words]
        run_process()
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main()
