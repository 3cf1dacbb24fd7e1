from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli.tasks.capture.python import capture_python, find_python

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with `bin/python3`, `bin/tool` and an environment `.venv`."""
    for name, text in {
        "bin/python3": "", "bin/tool": "#!/opt/x/bin/python3.11\n", "venv/bin/python": "", ".venv/bin/python": "",
        "bin/torchrun": "#!{}/venv/bin/python\nimport torch\n", "env.py": "#!/usr/bin/env python3\n",
        "split.py": "#!/usr/bin/env -S python3 -u\n", "run.sh": "#!/bin/sh\n", "plain": "\x7fELF\0",
        "long": "#!/bin/sh\n'''exec' \"{}/venv/bin/python\" \"$0\" \"$@\"\n' '''\n",
        "conda/envs/e/bin/python": "", "conda/bin/conda": "", "bin/uv": "", "bin/bash": "",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.format(tmp_path))
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("python3 train.py", "bin/python3"),
        ("venv/bin/python -m x", "venv/bin/python"),
        ("env A=1 python3 train.py", "bin/python3"),
        ("./env.py --lr 1", "bin/python3"),
        ("./split.py", "bin/python3"),
        ("torchrun train.py", "venv/bin/python"),
        ("./long --x", "venv/bin/python"),
        ("python9 train.py", None),
        ("tool", None),
        ("./run.sh", None),
        ("bash run.sh", None),
        ("./plain", None),
        ("no-such", None),
        ("uv run train.py", ".venv/bin/python"),
        ("uv run python train.py", ".venv/bin/python"),
        ("conda run -n e python train.py", "conda/envs/e/bin/python"),
        ("conda run -p venv python train.py", "venv/bin/python"),
        ("conda run -n none python train.py", None),
        ("", None),
    ],
)
def test_which_python(place: Path, command: str, found: str | None) -> None:
    environ = {"PATH": f"{place}/bin", "CONDA_EXE": f"{place}/conda/bin/conda"}
    assert find_python(command.split(), place, environ) == (place / found if found else None)


@pytest.mark.parametrize("command", ["./run.sh", "bash run.sh", "./plain", "tool"])
def test_else_that_of_the_environment(place: Path, command: str) -> None:
    environ = {"PATH": f"{place}/bin", "VIRTUAL_ENV": f"{place}/venv"}
    assert find_python(command.split(), place, environ) == place / "venv" / "bin" / "python"


def test_a_place_that_cannot_be_looked_at_holds_none(place: Path) -> None:
    beyond = "/" + "x" * 300  # no file system has such a name, and every call on it fails
    assert find_python([f"{beyond}/tool"], place, {"PATH": beyond, "VIRTUAL_ENV": beyond}) is None


def test_it_says_what_it_is() -> None:
    state = capture_python(Path(sys.executable), environ=ENVIRON)
    assert (state.table["version"], state.table["executable"]) == (sys.version.split()[0], sys.executable)
    assert b"\npytest==" in state.lock
    assert b"\nhypothesis==" in state.lock


def test_the_runs_own_path_counts(tmp_path: Path) -> None:
    (tmp_path / "only_here-1.dist-info").mkdir()
    (tmp_path / "sitecustomize.py").write_text("print('hello')\n")
    state = capture_python(Path(sys.executable), environ={**ENVIRON, "PYTHONPATH": str(tmp_path)})
    assert "problem" not in state.table
    assert b"only-here==1\n" in state.lock


@pytest.mark.parametrize(
    "script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n", "no program", "#!/bin/sh\necho why >&2; exit 3\n"]
)
def test_one_that_does_not_run(tmp_path: Path, script: str) -> None:
    python = tmp_path / "python"
    python.write_text(script)
    python.chmod(0o755)
    state = capture_python(python, environ=ENVIRON)
    assert state.lock == b""
    assert state.table["problem"]
    assert state.table["executable"] == str(python)


@pytest.mark.slow
def test_pip_reads_the_lock(tmp_path: Path) -> None:
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        pytest.skip("there is no pip here")
    (tmp_path / "lock").write_bytes(capture_python(Path(sys.executable), environ=ENVIRON).lock)
    code = (
        "import sys; from pip._internal.req.req_file import parse_requirements;"
        "from pip._internal.network.session import PipSession;"
        "from pip._internal.req.constructors import install_req_from_parsed_requirement as make;"
        "print(len([make(line) for line in parse_requirements(sys.argv[1], session=PipSession())]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "lock")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    wanted = [line for line in (tmp_path / "lock").read_text().splitlines() if not line.startswith("#")]
    assert int(done.stdout) == len(wanted) > 5
