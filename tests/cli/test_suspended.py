"""`reg log` on a machine that sleeps while others use the registry: nothing is lost, whatever they assume."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry_cli.records.task import CONSOLE
from registry_cli.store.writer_name import find_owner
from registry_cli.tasks.attempt.folder import GIVEN_UP, SILENCE
from tests.cli.lab import Lab
from tests.forks import LONGEST
from tests.owners import new_foreign_name

SCRIPT = """
import os, sys, time
print("begun", flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
open("best.bin", "w").write("weights")
print("woken", flush=True)
sys.exit(int(open("go").read()))
"""


def wait_for(check: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)


CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
"""Runs a command where its process cannot be looked at from outside."""


def may_contain() -> bool:
    try:
        return subprocess.run([*CONTAINER, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@contextmanager
def open_run(lab: Lab, inside: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run; it ends with the test, however the test ends."""
    words = ("log", "--name", "long", "--keep-failed", "no", "--output", "best.bin", "--", sys.executable, "-c", SCRIPT)
    with subprocess.Popen([*inside, sys.executable, "-m", "registry_cli", *words], cwd=lab.root, env=lab.environ,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:  # fmt: skip
        try:
            yield running
        finally:
            lab.write("go", "1")  # for the script, which may outlive its runner
            running.kill()


@pytest.mark.slow
@pytest.mark.sweep(6)
@pytest.mark.parametrize(("silence", "attempt"), [(SILENCE + 60, 1), (GIVEN_UP + 60, 2)], ids=["minutes", "days"])
@pytest.mark.parametrize(
    ("inside", "code"), [((), 0), ((), 7), (CONTAINER, 0)], ids=["success", "failure", "container"]
)
def test_a_suspended_run_is_recorded_when_it_wakes(
    tmp_path: Path, silence: float, attempt: int, inside: tuple[str, ...], code: int
) -> None:
    if inside and not may_contain():
        pytest.skip("no right to make a namespace")
    lab = Lab(tmp_path / "work", git=False)
    with open_run(lab, inside) as running:
        check_run(lab, running, silence, attempt, code, inside=bool(inside))


def check_run(
    lab: Lab, running: subprocess.Popen[bytes], silence: float, attempt: int, code: int, *, inside: bool
) -> None:
    consoles = lab.root / ".registry/tasks"
    wait_for(lambda: any(path.read_bytes() == b"begun\n" for path in consoles.glob("*/1/console.log")))
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    runner = int(children.read_text()) if inside else running.pid
    os.kill(runner, signal.SIGSTOP)
    [state] = consoles.glob("*/1/state.toml")
    if not inside:  # let it be on a machine that is not ours
        name = state.read_text().partition('owner = "')[2].partition('"')[0]
        assert find_owner(name)
        state.write_text(state.read_text().replace(name, new_foreign_name()))
    os.utime(state, (time.time() - silence,) * 2)

    lab.log("--", "true")
    assert {row["name"]: row["status"] for row in lab.json("task", "list")}["long"] == "crashed"
    seen = lab.blob(CONSOLE, "long") if attempt == 2 else b"begun\n"
    taken = {path: path.read_bytes() for path in (lab.root / ".registry/blobs").rglob("*") if path.is_file()}

    os.kill(runner, signal.SIGCONT)
    lab.write("go.part", str(code)).rename(lab.root / "go")
    _, said = running.communicate(timeout=LONGEST)
    assert running.returncode == code
    task = lab.task("long")
    assert (task.status, task.exit_code, task.attempt) == ("failed" if code else "completed", code, attempt)
    assert (seen, lab.blob(CONSOLE, "long")) == (b"begun\n", b"begun\nwoken\n")
    assert {path: path.read_bytes() for path in taken} == taken
    assert len(lab.json("model", "query", "project ~ '*'")) == (0 if code else 1)
    assert (b"was ended by another process while it ran" in said) == (attempt == 2)
    assert list(consoles.glob("*/*/state.toml")) == []
    lab.reg("fsck")
