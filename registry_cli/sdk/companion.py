"""The companion of a script that begins a task itself: starts the companion's process, and is what that process runs.

It is a fresh Python and no fork of the training process, so it has none of its memory and threads. It is no child of
the script, which may wait for its own children, and no signal that ends the script's group or session ends the
companion before its work is done.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli import env, opening
from registry_cli.dataclass import asdict
from registry_cli.errors import RegError
from registry_cli.tasks.attempt.channel import Begin, Channel
from registry_cli.tasks.attempt.jobs import describe_error

if TYPE_CHECKING:
    from subprocess import Popen

_BOOT: Final = (
    "import sys; sys.path += [path for path in sys.argv[2:] if path not in sys.path]; "
    "from registry_cli.sdk.companion import main; main(int(sys.argv[1]))"
)
_PACKAGES: Final = ("/site-packages", "/dist-packages")
"""Ends of the folders that pip and Debian install packages in."""
_IGNORED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def start_companion(begin: Begin) -> tuple[Channel, Popen[bytes]]:
    """Start the companion of this process and return the channel to it.

    Returns:
        The channel, and a process that is about to end, which the caller waits for.

    Raises:
        RegError: There is no Python to run it.
        OSError: The system refused.
    """
    import subprocess

    if not sys.executable:
        raise RegError("this Python does not know its own executable: run the script with reg log")
    ours, its = socket.socketpair()
    with its:
        words = [sys.executable, "-P", "-S", "-W", "ignore", "-c", _BOOT, str(its.fileno()), *_list_paths()]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[its.fileno()], start_new_session=True,
        )  # fmt: skip
    channel = Channel(ours)
    channel.send(begin=asdict(begin))
    return channel, process


def _list_paths() -> list[str]:
    """Return the companion's module path: this process's, without the script's folder, which may shadow modules.

    A module that `python -m` runs, as a notebook's kernel is, may lie among the installed packages: these stay.
    """
    own = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv else ""  # noqa: PTH100, PTH120
    own = "" if own.endswith(_PACKAGES) else own
    package = str(Path(__file__).parents[2])
    return [package, *(path for path in sys.path if path not in {"", own, package, env.SITE})]


def main(fd: int) -> None:
    """Run the companion until the script has ended and its end is written."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    channel = Channel(socket.socket(fileno=fd))
    try:
        message = channel.receive() or {}
        told = message["begin"]
        begin = Begin(**{**told, "argv": tuple(told["argv"]), "tags": tuple(told["tags"])})
        _run(begin, channel)
    except EOFError:
        return
    except Exception as error:  # the script reports it, whatever has failed here
        channel.send(failed=describe_error(error))


def _run(begin: Begin, channel: Channel) -> None:
    from registry_cli.tasks.run.script import run_script  # the script's process does not need it

    with opening.Registry.open(begin.registry) as registry:
        run_script(registry, begin, env.read_all(), channel)
