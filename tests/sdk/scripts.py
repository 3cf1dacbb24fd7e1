"""A user's script in a process of its own, in a folder that holds a registry."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import registry_cli
from registry_cli.errors import NotFoundError
from registry_cli.records.task import Task
from registry_cli.registry.api import Registry
from registry_cli.tasks.record import get_row, get_task, read_task_file
from tests.forks import LONGEST

ROOT = Path(registry_cli.__file__).parents[1]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **variables}


def write(folder: Path, text: str, name: str = "train.py") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def run(folder: Path, text: str, *words: str, code: int | None = 0, **variables: str) -> str:
    """Run a script and return what it printed, its errors after its output."""
    script = write(folder, text)
    done = subprocess.run(
        [sys.executable, script.name, *words], cwd=folder, env=environment(**variables), capture_output=True, text=True,
        timeout=LONGEST,
    )  # fmt: skip
    assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def begin(folder: Path, text: str, *, under: tuple[str, ...] = (), **options: Any) -> subprocess.Popen[str]:
    """Start a script that says `ready` when it is, and wait for that."""
    script = write(folder, text)
    process = subprocess.Popen(
        [*under, sys.executable, script.name], cwd=folder, env=environment(), text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **options,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "ready\n", (line, process.communicate(timeout=LONGEST))
    return process


def reg(folder: Path, *words: str, code: int = 0, **variables: str) -> str:
    command = [sys.executable, "-m", "registry_cli", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment(**variables), capture_output=True, text=True, timeout=LONGEST
    )
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def newest(folder: Path, ref: str = "@last") -> Task:
    """Return the newest task's record."""
    with Registry.open(folder) as registry:
        return get_task(registry, get_row(registry, ref))


def wait_for_end(folder: Path, ref: str = "@last") -> Task:
    """Return a task's record once its companion, which outlives a script that is gone, has written its end."""
    while True:
        try:
            task = newest(folder, ref)
        except NotFoundError:  # it was gone before its task was begun
            task = None
        if task is not None and task.status not in {"running", "draft"}:
            return task
        time.sleep(0.02)


def read_blob(folder: Path, task: Task, path: str) -> bytes:
    with Registry.open(folder) as registry:
        file = task.find_file(path)
        assert file is not None, [one.path for one in task.files]
        return read_task_file(registry, file)
