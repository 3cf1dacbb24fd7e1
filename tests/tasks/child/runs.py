"""How tests of this folder run something through the driver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def driver(*argv: str, **setting: Any) -> list[str]:
    """Return the words that run `argv` as a child, to be run in the environment of `surroundings`."""
    return [sys.executable, "-m", "tests.tasks.child.driver", json.dumps(setting), *argv]


def surroundings(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


@dataclass(frozen=True)
class Run:
    code: int
    out: bytes
    err: bytes
    exit: dict[str, Any]
    console: bytes


def run(folder: Path, *argv: str, given: bytes = b"", **setting: Any) -> Run:
    """Run `argv` to its end with pipes for output and error."""
    setting = {"exit": str(folder / "exit"), "console": str(folder / "console"), **setting}
    done = subprocess.run(
        driver(*argv, **setting), input=given, capture_output=True, cwd=folder, env=surroundings(), timeout=30
    )
    return Run(done.returncode, done.stdout, done.stderr, read_exit(folder), read(folder / "console"))


def read_exit(folder: Path) -> dict[str, Any]:
    text = read(folder / "exit")
    return json.loads(text) if text else {}


def read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def wait_for(check: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not check():
        assert time.monotonic() < end
        time.sleep(0.01)


CATCHER = """
import signal, subprocess
helper = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 16))
print("ready", flush=True)
caught = signal.sigwait(range(1, 16))
print("caught", caught.name, helper.wait() == -caught, flush=True)
raise SystemExit(7)
"""
"""A child with a helper in its group; it ends once both have got a signal."""
