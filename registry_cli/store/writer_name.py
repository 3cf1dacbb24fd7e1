"""Names of files in `tmp/` that identify the process that made them, so that a collector knows when they are litter.

Only the kernel that ran a process can prove it dead: in the same boot and the same pid namespace there is no such
process, or another one has started under its number. Everything else is a guess: a cloned machine has the same host
name and machine id, and the first pid namespace has the same number everywhere.
"""

from __future__ import annotations

import os
import re
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.ids import CROCKFORD, new_ulid
from registry_cli.store.mounts import is_local

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_NAMESPACE: Final = "pid:[4026531836]"
"""The machine's own pid namespace, PROC_PID_INIT_INO of the kernel's proc_ns.h; any other means a container."""
FIRST_CLOCK: Final = "time:[4026531834]"
"""The machine's own time namespace, PROC_TIME_INIT_INO; in any other, times after boot are shifted."""
_COUNTED: Final = 5
"""Last characters of an identifier that are counted up; those before are random."""
_ENDED: Final = frozenset("ZX")
"""States of a process that no longer runs although it has a pid (proc(5))."""
_NAME: Final = re.compile(
    r"(?:.*\.)?([0-9a-f]{8})-([0-9a-f]{8})-([1-9][0-9]{0,8})-([0-9]{1,20})-[0-9A-HJKMNP-TV-Z]{26}", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that made a file.

    Attributes:
        host: Digest of host name, machine id and pid namespace: within it a pid means one process.
        boot: Digest of the boot id.
        pid: Its number.
        started: Its start time, in clock ticks after boot in the machine's own time namespace; `0` where it is
            unknown.
    """

    host: str
    boot: str
    pid: int
    started: str


def new_name() -> str:
    """Return a new file name `<host>-<boot>-<pid>-<started>-<ulid>`."""
    return f"{_prefix(os.getpid())}{new_ulid()}"


def new_names() -> Iterator[str]:
    """Return new file names of this process, as `new_name` but with consecutive identifiers."""
    first = new_name()[:-_COUNTED]
    return map(first.__add__, map("".join, product(CROCKFORD, repeat=_COUNTED)))


def get_own() -> Owner:
    """Return this process as an owner."""
    pid = os.getpid()
    return Owner(*_place(), pid, _started(pid))


def find_owner(name: str) -> Owner | None:
    """Return the process that made a file, from the file's name; None where the name is not ours.

    A stem may stand before the name, with a dot between, as in `.model.pt.<name>`.
    """
    match = _NAME.fullmatch(name)
    return Owner(match[1], match[2], int(match[3]), match[4]) if match else None


def is_alive(owner: Owner, folder: Path) -> bool | None:
    """Return whether a process still runs; None where this process cannot prove either.

    Args:
        owner: The process.
        folder: The folder where its name was found. A process of another boot is only known to be dead where the
            folder lies on a disk of this machine alone, and this process is in the machine's own pid namespace.
    """
    host, boot = _place()
    if owner.host != host:
        return None
    if owner.boot != boot:
        return False if _namespace() == FIRST_NAMESPACE and is_local(folder) else None
    if not _exists(owner.pid):
        return False
    state, started = _read_stat(owner.pid)
    return state not in _ENDED and (started == owner.started or "0" in {started, owner.started})


@cache
def _prefix(pid: int) -> str:
    return "-".join((*_place(), str(pid), _started(pid), ""))


@cache
def _place() -> tuple[str, str]:
    import hashlib
    import socket

    host = "\0".join((socket.gethostname(), _read("/etc/machine-id"), _namespace()))
    boot = _read("/proc/sys/kernel/random/boot_id")
    first, second = (hashlib.sha256(text.encode()).hexdigest()[:8] for text in (host, boot))
    return first, second


@cache
def _started(pid: int) -> str:
    return _read_stat(pid)[1]


def _read_stat(pid: int) -> tuple[str, str]:
    """Return a process's state and start time, fields 3 and 22 of /proc/PID/stat (proc(5)); `0` for an unknown time.

    The start time is shifted by the offset of the reader's time namespace (time_namespaces(7)).
    """
    try:
        if Path("/proc/self").readlink().name != str(
            os.getpid()
        ):  # the /proc of another namespace: its pids are not ours
            return "", "0"
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", "0"
    return fields[0], fields[19] if _read_link("/proc/self/ns/time") in {FIRST_CLOCK, ""} else "0"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True


def _namespace() -> str:
    return _read_link("/proc/self/ns/pid")


def _read_link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
