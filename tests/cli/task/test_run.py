"""`reg task run`: drafts, further attempts, other folders, checks, and ends from outside."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.records.task import CONSOLE
from tests.cli.lab import Lab
from tests.forks import LONGEST

LOG = ("--output", "out/*.bin", "--metrics", "metrics.json", "--", "python", "train.py", "--lr", "0.5")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "work")


def log(lab: Lab, *words: str, name: str = "baseline") -> None:
    lab.log("--name", name, "--project", "iris", *(words or LOG))


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_a_clone_runs_with_another_argument(lab: Lab) -> None:
    log(lab)
    made = lab.reg("task", "clone", "baseline", "--arg", "lr=0.25", "--name", "lower", "-q").stdout.decode().strip()
    done = lab.reg("task", "run", made)
    assert done.stdout == b"loss 0.5\n"
    task = lab.task(made)
    assert (task.status, task.attempt, task.metrics, task.params["lr"]) == ("completed", 1, {"loss": 0.5}, 0.25)
    assert lab.reg("model", "get", f"task:{made}", "got").returncode == 0
    assert (lab.root / "got" / "best.bin").read_bytes() == b"weights 0.25"


@pytest.mark.slow
def test_what_was_not_committed_is_restored_and_the_work_tree_is_left_alone(lab: Lab) -> None:
    tool = lab.write("tool.sh", "#!/bin/sh\necho tool\n")
    tool.chmod(0o755)
    lab.write("train.py", "import subprocess, sys; print('changed'); subprocess.run(['./tool.sh'], check=True)\n")
    log(lab, "--", "python", "train.py")
    lab.git("checkout", "-q", "train.py")
    tool.unlink()
    before = sorted(lab.root.rglob("*"))
    assert lab.reg("task", "run", "baseline").stdout == b"changed\ntool\n"
    mine = [path for path in sorted(lab.root.rglob("*")) if ".registry" not in path.parts]
    assert mine == [path for path in before if ".registry" not in path.parts]
    assert lab.task("baseline").attempt == 2


@pytest.mark.slow
def test_links_that_git_does_not_track_come_back(lab: Lab) -> None:
    (lab.root / "data").mkdir()
    lab.write(".gitignore", "data/\n")
    lab.write("data/a.txt", "inside")
    (lab.root.parent / "outside.txt").write_text("outside")
    lab.write("here.txt", "here")
    for name, target in {"out": "../outside.txt", "in": "here.txt", "full": str(lab.root / "here.txt")}.items():
        (lab.root / name).symlink_to(target)
    lab.write(
        "train.py", "import os; print(*(f'{n}={os.readlink(n)}:{open(n).read()}' for n in ('out', 'in', 'full')))\n"
    )
    log(lab, "--", "python", "train.py")
    (lab.root / "here.txt").unlink()
    again = lab.reg("task", "run", "baseline").stdout.decode().split()
    assert again == [f"out={lab.root.parent}/outside.txt:outside", "in=here.txt:here", "full=here.txt:here"]


@pytest.mark.slow
def test_another_attempt_drops_the_facts_of_the_first(lab: Lab) -> None:
    log(lab)
    lab.reg("task", "run", "baseline")
    task = lab.task("baseline")
    assert (task.attempt, task.status, task.metrics) == (2, "completed", {"loss": 1.0})
    assert lab.blob(CONSOLE, "baseline") == b"loss 1.0\n"
    assert len(lab.json("task", "list")) == 1


@pytest.mark.slow
def test_no_leftovers(lab: Lab, tmp_path: Path) -> None:
    log(lab)
    lab.reg("task", "run", "baseline")
    assert list((tmp_path / ".home" / "reg_cache_home" / "work").iterdir()) == []


def test_the_exit_code_is_the_commands(lab: Lab) -> None:
    lab.log("--name", "bad", "--", "python", "-c", "import sys; print('x'); sys.exit(3)", code=3)
    assert lab.reg("task", "run", "bad", code=3).stdout == b"x\n"
    assert lab.reg("task", "run", "bad", "-q", code=3).stdout == b""
    assert lab.task("bad").attempt == 3


@pytest.mark.slow
def test_variables_of_the_record_are_set_again(lab: Lab) -> None:
    show = "import os; print(os.environ.get('PYTHONHASHSEED'), os.environ.get('SEED'), os.environ.get('EXTRA'))"
    lab.run("env", "PYTHONHASHSEED=5", "SEED=1", sys.executable, "-m", "registry_cli", "log", "--name", "seeded", "--",
            sys.executable, "-c", show)  # fmt: skip
    assert lab.reg("task", "run", "seeded").stdout == b"5 1 None\n"
    lab.reg("task", "clone", "seeded", "--env", "SEED=7", "--env", "EXTRA=x", "--name", "other")
    assert lab.reg("task", "run", "other").stdout == b"5 7 x\n"
    assert (lab.task("other").seeds["SEED"], lab.task("other").seeds["PYTHONHASHSEED"]) == (7, 5)


@pytest.mark.slow
def test_files_of_the_code_are_those_restored(lab: Lab) -> None:
    lab.write("train.py", "print('first')\n")
    lab.log("--name", "absolute", "--", "python", str(lab.root / "train.py"))
    lab.write("train.py", "print('second')\n")
    assert lab.reg("task", "run", "absolute").stdout == b"first\n"
    assert lab.task("absolute").recipe.argv[1] == "train.py"


@pytest.mark.slow
def test_data_that_is_not_in_git_is_found(lab: Lab) -> None:
    lab.write(".gitignore", "data\n")
    lab.write("data/a.csv", "1,2\n")
    lab.write("train.py", "print(open('data/a.csv').read(), end='')\n")
    lab.log("--name", "reads", "--data", "data/*.csv", "--", "python", "train.py")
    assert lab.reg("task", "run", "reads").stdout == b"1,2\n"
    assert [(one.path, one.size) for one in lab.task("reads").data] == [("data/a.csv", 4)]
    assert (lab.root / "data/a.csv").read_text() == "1,2\n"


@pytest.mark.slow
def test_here_is_the_code_of_now(lab: Lab) -> None:
    lab.write("train.py", "print('first')\n")
    log(lab, "--", "python", "train.py")
    lab.write("train.py", "print('second')\n")
    assert lab.reg("task", "run", "baseline", "--here").stdout == b"second\n"
    assert b"second" in lab.blob("code.diff", "baseline")
    assert lab.reg("task", "run", "baseline").stdout == b"second\n"


@pytest.mark.slow
def test_without_git_it_runs_where_it_ran(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "bare", git=False)
    log(lab)
    done = lab.reg("task", "run", "baseline")
    assert done.stdout == b"loss 1.0\n"
    assert done.stderr == b"warning: task baseline was not in git: the code is run as it is now\n"
    assert lab.reg("task", "run", "baseline", "--here").stderr == b""
    shutil.move(lab.root / ".registry", tmp_path / ".registry")
    shutil.rmtree(lab.root)
    lab.root = tmp_path
    done = lab.reg("task", "run", "baseline", code=125)
    assert f"{tmp_path}/bare, in which task baseline ran, is gone" in done.stdout.decode()
    assert lab.task("baseline").attempt == 3


@pytest.mark.slow
def test_the_active_python_runs_it(lab: Lab) -> None:
    log(lab)
    lab.reg("task", "run", "baseline", "--env", "current")
    assert lab.task("baseline").recipe.argv[0] == "python"


@pytest.mark.slow
def test_the_locked_python_runs_it(lab: Lab, tmp_path: Path) -> None:
    bare = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    show = "import sys; print(sys.prefix)"
    lab.reg("log", "--name", "locked", "--", str(bare / "bin" / "python"), "-c", show)
    shutil.rmtree(bare)
    [prefix] = lab.reg("task", "run", "locked", "--env", "lock").stdout.decode().splitlines()
    assert Path(prefix).is_relative_to(tmp_path / ".home" / "reg_cache_home" / "envs")
    assert lab.task("locked").python["prefix"] == prefix
    assert lab.reg("task", "run", "locked", "--env", "lock").stdout.decode().splitlines() == [prefix]


@pytest.mark.slow
def test_detached(lab: Lab) -> None:
    log(lab)
    [printed] = json.loads(lab.reg("task", "run", "baseline", "--detach", "--json").stdout)
    wait_for(lambda: lab.task("baseline").attempt == 2 and lab.task("baseline").status == "completed")
    assert printed["id"] == lab.task("baseline").id
    assert printed["job"].startswith(f"{printed['id']}-2-")


def start(lab: Lab, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "registry_cli", "task", "run", *words]
    return subprocess.Popen(
        command, cwd=lab.root, env=lab.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


@pytest.fixture
def slow(lab: Lab) -> Lab:
    """A draft that prints `begun` and then waits."""
    lab.write("wait.py", "import os, time; print('begun', flush=True); time.sleep(float(os.environ.get('WAIT', 0)))")
    lab.log("--name", "once", "--", "python", "wait.py")
    lab.reg("task", "clone", "once", "--name", "slow", "--env", "WAIT=60")
    return lab


@pytest.mark.slow
@pytest.mark.sweep(2)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_cancels(slow: Lab, number: signal.Signals, code: int) -> None:
    running = start(slow, "slow")
    assert running.stdout is not None
    assert running.stdout.readline() == b"begun\n"
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode == code
    assert slow.task("slow").status == "cancelled"


@pytest.mark.slow
def test_a_running_task_is_not_begun_again(slow: Lab) -> None:
    running = start(slow, "slow")
    assert running.stdout is not None
    assert running.stdout.readline() == b"begun\n"
    assert b"is running" in slow.reg("task", "run", "slow", code=13).stderr
    slow.reg("task", "cancel", "slow")
    running.communicate(timeout=60)
    assert slow.task("slow").status == "cancelled"


@pytest.mark.slow
def test_a_follower_that_dies_leaves_the_job_alone(slow: Lab) -> None:
    running = start(slow, "slow")
    assert running.stdout is not None
    assert running.stdout.readline() == b"begun\n"
    running.kill()
    running.communicate(timeout=LONGEST)
    [shown] = slow.json("task", "list", "name = slow")
    assert shown["status"] == "running"
    slow.reg("task", "cancel", "slow")
    assert slow.task("slow").status == "cancelled"


@pytest.mark.slow
def test_what_is_cancelled_before_it_has_begun_never_runs(slow: Lab) -> None:
    submitted = json.loads(slow.reg("task", "run", "slow", "--detach", "--json").stdout)
    assert slow.reg("task", "cancel", "slow").stdout.decode().split("\t")[2] == "cancelled\n"
    done = slow.reg("task", "run", "slow", "--inline", "--attempt", "1", code=125)
    wait_for(lambda: slow.task("slow").status == "cancelled")
    assert b"task slow was cancelled" in done.stderr or slow.task("slow").attempt == 1
    assert submitted[0]["id"] == slow.task("slow").id


@pytest.mark.slow
def test_a_cancelled_draft_is_not_run(slow: Lab) -> None:
    slow.reg("task", "cancel", "slow")
    done = slow.reg("task", "run", "slow", "--inline", "--attempt", "1", code=125)
    assert b"task slow was cancelled before it ran" in done.stderr
    assert b"reg task clone" in slow.reg("task", "run", "slow", code=17).stderr


@pytest.mark.slow
def test_of_two_at_once_one_runs(lab: Lab) -> None:
    lab.write("wait.py", "import time; print('begun', flush=True); time.sleep(2)")
    lab.log("--name", "once", "--", "python", "wait.py")
    both = [start(lab, "once", "--here", "--inline") for _ in range(2)]
    printed = [running.communicate(timeout=60) for running in both]
    assert sorted(running.returncode for running in both) == [0, 125]
    [(out, err)] = [one for one, running in zip(printed, both, strict=True) if running.returncode]
    assert (out, err.count(b"\n")) == (b"", 2)
    assert b"attempt 2" in err or b"is running" in err
    task = lab.task("once")
    assert (task.attempt, task.status, lab.blob(CONSOLE, "once")) == (2, "completed", b"begun\n")


@pytest.mark.slow
def test_only_if_it_is_that_attempt(lab: Lab) -> None:
    log(lab)
    assert b"has had attempt 1" in lab.reg("task", "run", "baseline", "--inline", "--attempt", "1", code=125).stderr
    assert lab.reg("task", "run", "baseline", "--inline", "--attempt", "2").stdout == b"loss 1.0\n"


@pytest.mark.slow
def test_a_commit_that_is_gone(lab: Lab) -> None:
    log(lab)
    lab.reg("task", "clone", "baseline", "--name", "lost", "--code", "f" * 40)
    done = lab.reg("task", "run", "lost", code=125)
    assert b"commit ffffffffffff is gone; looked for in" in done.stdout
    assert lab.task("lost").status == "draft"
    lab.reg("task", "edit", "lost", "--code", "main")
    assert lab.reg("task", "run", "lost").stdout == b"loss 1.0\n"


@pytest.mark.slow
def test_another_input_makes_a_model_whose_lineage_shows_it(lab: Lab) -> None:
    for name in ("first", "second"):
        lab.write(f"{name}.bin", name)
        lab.reg("model", "add", f"iris/{name}", f"{name}.bin")
    log(lab, "--input", "base=iris/first", "--output", "best.bin", "--", "sh", "-c", 'cp "$REG_INPUT_BASE" best.bin')
    made = lab.reg("task", "clone", "baseline", "--input", "iris/second", "-q").stdout.decode().strip()
    lab.reg("task", "run", made)
    newest = lab.json("model", "show", "iris/baseline/best")
    assert (newest["number"], newest["task"]) == (2, made)
    assert [(one["name"], one["role"]) for one in newest["parents"]] == [("iris/second", "input")]


@pytest.mark.slow
def test_a_missing_input_is_reported_before_it_runs(lab: Lab) -> None:
    lab.write("base.bin", "base")
    lab.reg("model", "add", "iris/base", "base.bin")
    log(lab, "--input", "iris/base", *LOG)
    lab.reg("model", "remove", "iris/base:1", "--force", "-m", "test")
    done = lab.reg("task", "run", "baseline", code=125)
    assert b"was removed" in done.stdout
    assert lab.task("baseline").attempt == 1


@pytest.mark.slow
def test_check_of_a_run_that_repeats(lab: Lab) -> None:
    log(lab)
    rows = lab.json("task", "run", "baseline", "--check")
    assert [(row["kind"], row["name"], row["same"]) for row in rows] == [
        ("metric", "loss", True), ("output", "iris/baseline/best", True)
    ]  # fmt: skip
    assert lab.task("baseline").attempt == 1
    assert lab.task("baseline check").source == lab.task("baseline").id
    assert lab.json("model", "show", "iris/baseline/best")["number"] == 1


@pytest.mark.slow
def test_check_of_a_run_that_differs(lab: Lab) -> None:
    lab.write("train.py", "import json, os, random\nopen('out.bin', 'wb').write(os.urandom(9))\n"
              "json.dump({'loss': 1 + random.random() / 10}, open('metrics.json', 'w'))\n")  # fmt: skip
    log(lab, "--output", "out.bin", "--metrics", "metrics.json", "--", "python", "train.py")
    done = lab.reg("task", "run", "baseline", "--check", "--tolerance", "0.5", "--json", code=1)
    metric, output = json.loads(done.stdout)
    assert (metric["name"], metric["same"], output["same"]) == ("loss", True, False)
    assert metric["difference"] == pytest.approx(metric["new"] - metric["old"])
    rows = json.loads(lab.reg("task", "run", "baseline", "--check", "--json", code=1).stdout)
    assert [row["same"] for row in rows] == [False, False]


@pytest.mark.slow
def test_check_of_a_run_that_fails(lab: Lab) -> None:
    lab.write("bad.py", "import json\njson.dump({'loss': 1}, open('m.json', 'w'))\nraise SystemExit(3)\n")
    lab.log("--name", "bad", "--metrics", "m.json", "--", "python", "bad.py", code=3)
    assert b"ended with 3" in lab.reg("task", "run", "bad", "--check", code=3).stderr


@pytest.mark.slow
def test_check_of_a_run_without_results(lab: Lab) -> None:
    lab.log("--name", "mute", "--", "python", "-c", "pass")
    assert b"there is nothing to compare" in lab.reg("task", "run", "mute", "--check", code=17).stderr
    assert len(lab.json("task", "list")) == 1


@pytest.mark.parametrize(
    "words", [["--check", "--detach"], ["--inline", "--detach"], ["--check", "--inline"], ["--tolerance", "1"]]
)
def test_options_that_make_no_sense(lab: Lab, words: list[str]) -> None:
    lab.reg("task", "run", "baseline", *words, code=2)
