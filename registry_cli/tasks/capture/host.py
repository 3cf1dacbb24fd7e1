"""Captures the machine that a task runs on: its name, system, processors, memory, accelerators. Knows no task."""

from __future__ import annotations

import json
import os
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Final

from registry_cli.tasks.capture.processes import Command, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.records.values import Value

_SECONDS: Final = 5.0
"""Limit in seconds, as a driver that hangs must not hang a run."""
_MIB: Final = 1 << 20
_NVIDIA: Final = ("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader,nounits")
"""https://docs.nvidia.com/deploy/nvidia-smi/index.html; memory is in MiB."""
_AMD: Final = ("rocm-smi", "--showproductname", "--showdriverversion", "--showmeminfo", "vram", "--json")
"""https://rocm.docs.amd.com/projects/rocm_smi_lib/en/latest/."""
_CONTAINERS: Final = {"/.dockerenv": "docker", "/run/.containerenv": "podman", "/.singularity.d": "singularity"}


def capture_host() -> dict[str, Value]:
    """Return the properties of this machine; `memory` is in bytes, `cores` are those that this process may use."""
    system = os.uname()
    facts: dict[str, Value | None] = {
        "hostname": system.nodename,
        "os": _find_distribution() or system.sysname,
        "kernel": f"{system.sysname} {system.release}",
        "arch": system.machine,
        "cpu": _find_processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": _find_memory(),
        "container": _find_container(),
    }
    return {name: value for name, value in facts.items() if value is not None}


def capture_accelerators(environ: Mapping[str, str]) -> dict[str, Value]:
    """Return `gpu`, `gpu_count`, `gpu_memory` (bytes of the smallest) and `gpu_driver`; nothing without accelerators.

    Args:
        environ: Variables of the run; a vendor's tool that is not on its `PATH` is not run.
    """
    for argv, parse in ((_NVIDIA, _parse_nvidia), (_AMD, _parse_amd)):
        if which(argv[0], path=environ.get("PATH", os.defpath)):
            [answer] = ask([Command(argv)], cwd=Path("/"), environ=environ, seconds=_SECONDS)
            found = parse(answer.out.decode(errors="replace")) if answer.good else {}
            if found:
                return found
    return {}


def _parse_nvidia(text: str) -> dict[str, Value]:
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    rows = [row for row in rows if len(row) == 3]
    memory = [int(row[2]) * _MIB for row in rows if row[2].isdecimal()]
    return _summarize([row[0] for row in rows], memory, [row[1] for row in rows])


def _parse_amd(text: str) -> dict[str, Value]:
    try:
        tables = json.loads(text)
        cards = {card: {key.casefold(): str(value) for key, value in table.items()} for card, table in tables.items()}
    except (ValueError, AttributeError, RecursionError):
        return {}
    drivers = [card["driver version"] for card in cards.values() if "driver version" in card]
    cards = {name: card for name, card in cards.items() if name.startswith("card")}
    sizes = [card.get("vram total memory (b)", "") for card in cards.values()]
    names = [card.get("card series") or card.get("card model") or "AMD" for card in cards.values()]
    return _summarize(names, [int(size) for size in sizes if size.isdecimal()], drivers)


def _summarize(names: list[str], memory: list[int], drivers: list[str]) -> dict[str, Value]:
    if not names:
        return {}
    facts: dict[str, Value] = {"gpu": ", ".join(dict.fromkeys(names)), "gpu_count": len(names)}
    if memory:
        facts["gpu_memory"] = min(memory)
    if drivers:
        facts["gpu_driver"] = drivers[0]
    return facts


def _find_distribution() -> str | None:
    """Return the system's name for itself (https://www.freedesktop.org/software/systemd/man/os-release.html)."""
    for line in _read("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip("\"'") or None
    return None


def _find_processor() -> str | None:
    for line in _read("/proc/cpuinfo", 4096).splitlines():
        if line.startswith(("model name", "Model\t")):
            return line.partition(":")[2].strip() or None
    return None


def _find_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def _find_container() -> str | None:
    if Path("/var/run/secrets/kubernetes.io").exists():
        return "kubernetes"
    return next((kind for mark, kind in _CONTAINERS.items() if Path(mark).exists()), None)


def _read(path: str, size: int = 1 << 16) -> str:
    try:
        with Path(path).open("rb", buffering=0) as file:
            return file.read(size).decode(errors="replace")
    except OSError:
        return ""
