"""Who writes a file in `tmp/`: its name tells host, boot and process, so that a collector knows when it is litter."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from registry_cli.ids import new_ulid


def new_name() -> str:
    """Return a new file name `<host>-<boot>-<pid>-<start>-<ulid>`; `start` is in clock ticks after boot."""
    return f"{_host()}-{os.getpid()}-{_started(os.getpid())}-{new_ulid()}"


@cache
def _host() -> str:
    import hashlib
    import socket

    boot = Path("/proc/sys/kernel/random/boot_id")
    text = boot.read_text() if boot.exists() else ""
    return "-".join(hashlib.sha256(part.encode()).hexdigest()[:8] for part in (socket.gethostname(), text))


@cache
def _started(pid: int) -> str:
    """Return when a process began, from field 22 of /proc/PID/stat (proc(5)); `0` where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "0"
