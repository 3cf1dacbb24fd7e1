"""The four forms of a script: as they were when somebody looked at them, and as their readers want them.

`golden/` holds what is printed for one task. Images, clusters and GitHub are not run in CI.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli._version import __version__
from registry_cli.ids import TaskId
from registry_cli.tasks.script.bash import ScriptJob, format_bash
from registry_cli.tasks.script.wrapped import format_dockerfile, format_github, format_kubernetes

GOLDEN = Path(__file__).parent / "golden"
JOB = ScriptJob(
    task=TaskId("01J00000000000000000000000"),
    title='task iris/the "best" {one} (01J00000000000000000000000)',
    python="3.12",
    requirement="registry-cli==1.0",
    secrets=("HF_TOKEN", "WANDB_API_KEY"),
)
FORMS: dict[str, Callable[[ScriptJob], str]] = {
    "job.sh": format_bash,
    "Dockerfile": format_dockerfile,
    "job.yaml": format_kubernetes,
    "workflow.yml": format_github,
}


@pytest.mark.parametrize("name", FORMS)
def test_golden(name: str) -> None:
    assert FORMS[name](JOB).replace(f"reg {__version__}", "reg VERSION") == (GOLDEN / name).read_text()


@pytest.mark.parametrize("name", FORMS)
def test_the_script_is_in_each(name: str) -> None:
    lines = [line.strip() for line in FORMS[name](JOB).splitlines()]
    wanted = [line.strip() for line in format_bash(JOB).splitlines()]
    at = lines.index("set -euo pipefail") - wanted.index("set -euo pipefail")
    assert lines[at : at + len(wanted)] == wanted


def test_a_task_without_a_lock_has_no_environment() -> None:
    job = ScriptJob(JOB.task, JOB.title, locked=False, requirement="registry-cli")
    assert format_bash(job).endswith("--inline --env none\n")
    assert "for candidate in python3 python " in format_bash(job)


def test_a_requirement_is_quoted() -> None:
    job = ScriptJob(JOB.task, JOB.title, requirement="registry-cli @ https://x/y.whl; rm -rf $HOME")
    assert "'registry-cli @ https://x/y.whl; rm -rf $HOME' >&2" in format_bash(job)


@pytest.mark.slow
def test_the_package_is_carried_unless_pip_fetches_it() -> None:
    whole = format_bash(ScriptJob(JOB.task, JOB.title))
    assert len(whole) > 100_000
    assert "'typer>=0.26,<0.29'" in whole
    assert "PACKAGE" not in format_bash(JOB)
    lines = whole.split("<<'PACKAGE'\n")[1].split("\nPACKAGE\n")[0].splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9+/]{1,76}={0,2}", line) for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("job", [JOB, ScriptJob(JOB.task, JOB.title)], ids=["fetched", "carried"])
def test_bash_understands_it(job: ScriptJob, tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text(format_bash(job))
    assert subprocess.run(["bash", "-n", script], capture_output=True).stderr == b""
    if shutil.which("shellcheck"):
        told = subprocess.run(["shellcheck", script], capture_output=True, text=True)
        assert told.returncode == 0, told.stdout


def run(tmp_path: Path, **variables: str) -> str:
    script = tmp_path / "job.sh"
    script.write_text(format_bash(JOB))
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run([bash, script], env=variables, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 125
    return done.stderr


def test_what_is_missing_is_told_at_once(tmp_path: Path) -> None:
    path, registry = "/usr/bin:/bin", str(tmp_path)
    assert "REG_DIR is not set" in run(tmp_path, PATH=path)
    assert "REG_DIR cannot be written" in run(tmp_path, PATH=path, REG_DIR="/no/registry")
    assert "HF_TOKEN is not set" in run(tmp_path, PATH=path, REG_DIR=registry)
    assert "git is not installed" in run(tmp_path, PATH=str(tmp_path), REG_DIR=registry)
