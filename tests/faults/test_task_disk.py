"""A registry whose disk fills up while a task runs: the command goes on, and its end is told all the same."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.records.task import CONSOLE
from tests.cli.lab import Lab
from tests.faults.small_disk import PAGE, SmallDisk
from tests.forks import LONGEST

MEGABYTE = 1 << 20
SCRIPT = """
import os, time
print("begun", flush=True)
open("begun", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
print("x" * {size})
open("best.bin", "wb").write(os.urandom(300_000))
"""


def _run(lab: Lab, disk: SmallDisk, size: int) -> tuple[int, bytes, bytes]:
    """Run a task whose registry has no room from the moment on at which its command runs."""
    lab.write("chat.py", SCRIPT.format(size=size))
    command = [sys.executable, "-m", "registry_cli", "log", "--name", "chat", "--output", "best.bin", "--",
               sys.executable, "chat.py"]  # fmt: skip
    environ = {**lab.environ, "REG_DIR": str(disk.path / "shelf")}
    with subprocess.Popen(
        command, cwd=lab.root, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            while not (lab.root / "begun").exists():
                assert running.poll() is None, running.communicate()
                time.sleep(0.01)
            disk.fill(leave=2 * PAGE)
        finally:
            (lab.root / "go").touch()
        out, err = running.communicate(timeout=LONGEST)
    return running.returncode, out, err


@pytest.mark.slow
def test_the_command_goes_on_and_its_end_is_told(tmp_path: Path, open_small_disk: Callable[[int], SmallDisk]) -> None:
    disk = open_small_disk(24 * MEGABYTE)
    lab = Lab(tmp_path / "work", registry=False)
    lab.reg("init", str(disk.path / "shelf"))
    code, out, err = _run(lab, disk, 100_000)
    assert code == 0
    assert out == b"begun\n" + b"x" * 100_000 + b"\n"
    assert (lab.root / "best.bin").stat().st_size == 300_000
    assert b"warning: no space left on device" in err
    disk.free()
    shelf = Lab.__new__(Lab)
    shelf.root = disk.path / "shelf"
    task = shelf.task("chat")
    assert (task.status, task.exit_code) == ("completed", 0)
    assert "no space left" in str(task.problem)
    assert shelf.blob(CONSOLE, "chat").startswith(b"begun\n")
    lab.run(sys.executable, "-m", "registry_cli", "--registry", str(shelf.root), "fsck")
