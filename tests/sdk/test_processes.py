"""A script's own task in real processes: how it ends, who ends it, and what is left when nobody could."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import registry_cli as reg
from registry_cli.records.task import CONSOLE
from registry_cli.store.layout import Layout
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.folder import iter_live
from registry_cli.tasks.find import TaskQuestion, find_tasks
from registry_cli.tasks.rerun.draft import clone_task
from registry_cli.tasks.rerun.edits import Edits
from registry_cli.tasks.run.script import SILENT
from tests.forks import LONGEST
from tests.sdk import scripts

pytestmark = pytest.mark.usefixtures("registry")

START = """
import registry_cli as reg, os, sys, time
task = reg.Task.init("proj", "job")
"""


def script(body: str) -> str:
    return START + "\n".join(line.removeprefix("    ") for line in body.splitlines())


def test_a_script_that_ends(tmp_path: Path) -> None:
    printed = scripts.run(tmp_path, script("""
    print("löss", 1)
    sys.stderr.write("warned\\n")
    sys.stdout.buffer.write(b"\\xff raw\\n") if hasattr(sys.stdout.buffer, "write") else None
    for step in range(5): reg.log_metric("loss", 1 / (step + 1), step)
    open("m.bin", "wb").write(b"abc")
    print(reg.commit("m.bin", step=2).ref)
    """).replace('b"\\xff raw\\n"', 'b"raw\\n"'))  # fmt: skip
    assert "löss 1\n" in printed
    assert "proj/job/m:1\n" in printed
    task = scripts.newest(tmp_path)
    assert (task.status, task.exit_code, task.name, task.project) == ("completed", 0, "job", "proj")
    assert task.recipe.argv == (sys.executable, "train.py")
    assert task.curves["loss"].count == 5
    assert task.python["version"] == sys.version.split()[0]
    log = scripts.read_blob(tmp_path, task, CONSOLE).decode()
    assert sorted(log.splitlines()) == sorted(["löss 1", "warned", "raw", "proj/job/m:1"])
    with reg.Registry.open(tmp_path) as registry:
        row = registry.get_row("task:job")
        assert (row.task, row.metrics, row.step) == (task.id, {"loss": 1 / 3}, 2)
    assert list((tmp_path / ".registry" / "tasks").iterdir()) == []


@pytest.mark.slow
@pytest.mark.sweep(9)
@pytest.mark.parametrize(("body", "code", "status", "problem"), [
    ("raise ValueError('boom')", 1, "failed", "ValueError: boom"),
    ("sys.exit(3)", 3, "failed", None),
    ("sys.exit('no data')", 1, "failed", "no data"),
    ("sys.exit()", 0, "completed", None),
    ("raise KeyboardInterrupt", -signal.SIGINT, "cancelled", "interrupted"),
    ("\ntry: sys.exit(4)\nexcept SystemExit: pass\nprint('on')", 0, "completed", None),
    ("\nwith task: 1 / 0", 1, "failed", "ZeroDivisionError: division by zero"),
    ("\nwith task: raise SystemExit(5)", 5, "failed", None),
    ("import argparse; argparse.ArgumentParser().parse_args(['--no'])", 2, "failed", None),
])  # fmt: skip
def test_how_it_ends(tmp_path: Path, body: str, code: int, status: str, problem: str | None) -> None:
    scripts.run(tmp_path, START + body, code=code)
    task = scripts.newest(tmp_path)
    assert (task.status, task.problem) == (status, problem)
    assert task.exit_code == (None if code < 0 else code)


@pytest.mark.slow
def test_a_traceback_is_in_the_log_and_on_the_screen(tmp_path: Path) -> None:
    printed = scripts.run(tmp_path, START + "def deep(): raise ValueError('boom')\ndeep()", code=1)
    task = scripts.newest(tmp_path)
    log = scripts.read_blob(tmp_path, task, CONSOLE).decode()
    assert "in deep" in log
    assert log in printed


@pytest.mark.slow
def test_a_closed_task_is_over(tmp_path: Path) -> None:
    scripts.run(tmp_path, script("""
    print("in"); task.close(); print("out")
    open("m.bin", "wb").write(b"abc")
    assert reg.commit("m.bin", "a/m").row.task is None
    assert not {"REG_DIR", "REG_TASK", "REG_ATTEMPT"} & set(os.environ)
    try: reg.log_metric("x", 1)
    except reg.RegError as error: print(error)
    again = reg.Task.init("proj", "other")
    assert again.id != task.id
    """))  # fmt: skip
    with reg.Registry.open(tmp_path) as registry:
        rows = find_tasks(registry, TaskQuestion(sort="created"))
    assert [(row.name, row.status) for row in rows] == [("job", "completed"), ("other", "completed")]
    assert scripts.read_blob(tmp_path, scripts.newest(tmp_path, "job"), CONSOLE) == b"in\n"


@pytest.mark.slow
def test_a_killed_script_is_crashed_with_what_it_told(tmp_path: Path) -> None:
    process = scripts.begin(tmp_path, script("""
    reg.log_metric("loss", 0.5, 1)
    task.get_logger().flush()
    print("ready", flush=True)
    time.sleep(60)
    """))  # fmt: skip
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=LONGEST)
    task = scripts.wait_for_end(tmp_path)
    assert (task.status, task.metrics, task.problem) == ("crashed", {"loss": 0.5}, SILENT)
    assert "crashed" in scripts.reg(tmp_path, "task", "list")
    assert scripts.read_blob(tmp_path, task, CONSOLE).rstrip() == b"ready"  # the kill may come before the line feed


@pytest.mark.sweep(5)
@pytest.mark.parametrize("how", [
    "os._exit(0)", "os.execv('/bin/true', ['true'])", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 11)",
    "os.kill(os.getpid(), 6)",
])  # fmt: skip
def test_an_abrupt_end_loses_nothing_that_was_told_before(tmp_path: Path, how: str) -> None:
    scripts.run(tmp_path, script("""
    import pickle
    reg.log_metric("loss", 0.5, 1)
    open("m.bin", "wb").write(b"1")
    reg.commit("m.bin", "a/m", wait=False)
    with open("net.pkl", "wb") as file: pickle.dump({"weight": 1}, file)
    """) + how, code=None)  # fmt: skip
    task = scripts.wait_for_end(tmp_path)
    assert (task.status, task.exit_code, task.metrics) == ("crashed", None, {"loss": 0.5})
    assert {row.name for row in list_made(tmp_path, task.id)} == {"a/m", "proj/job/net"}
    assert list((tmp_path / ".registry" / "tasks").iterdir()) == []


@pytest.mark.slow
def test_what_a_script_writes_is_none_of_its_code(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "helper.py").write_text("")
    scripts.run(tmp_path, START + "open('made.txt', 'w').write('1')")
    kept = {file.path for file in scripts.newest(tmp_path).files}
    assert {path for path in kept if path.startswith("untracked/")} == {"untracked/train.py", "untracked/helper.py"}


@pytest.mark.slow
def test_children_of_a_script_that_is_gone_hold_no_companion(tmp_path: Path) -> None:
    scripts.run(tmp_path, script("""
    if not os.fork():
        sys.stdout.close(); os.close(1); os.close(2)
        while os.path.exists("train.py") and not os.path.exists("over"): time.sleep(0.05)
        os._exit(0)
    os._exit(3)
    """), code=3)  # fmt: skip
    assert scripts.wait_for_end(tmp_path).status == "crashed"
    (tmp_path / "over").touch()


@pytest.mark.slow
def test_a_script_has_no_child_that_it_does_not_know_of(tmp_path: Path) -> None:
    scripts.run(tmp_path, script("""
    task.registry
    try: os.wait()
    except ChildProcessError: print("none")
    else:
        try: os.wait()
        except ChildProcessError: print("none")
    """))  # fmt: skip
    assert scripts.read_blob(tmp_path, scripts.newest(tmp_path), CONSOLE) == b"none\n"


@pytest.mark.slow
def test_a_terminated_script_ends_as_any_other_and_keeps_what_it_logged(tmp_path: Path) -> None:
    process = scripts.begin(tmp_path, START + """
reg.log_metric("loss", 1.0)
print("ready", flush=True)
try: time.sleep(60)
except BaseException: print("caught", flush=True)
""")  # fmt: skip
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=LONGEST)
    task = scripts.wait_for_end(tmp_path)
    assert (process.returncode, printed) == (-signal.SIGTERM, "")
    assert (task.status, task.signal, task.problem, task.metrics) == ("failed", "SIGTERM", "terminated", {"loss": 1.0})


@pytest.mark.slow
def test_a_script_that_forks_all_the_time_is_ended(tmp_path: Path) -> None:
    """The signal's handler may run among the hooks around a fork."""
    process = scripts.begin(tmp_path, START + """
ballast = bytearray(os.urandom(1 << 20)) * 64  # a fork takes a while
print('ready', flush=True)
while True:
    pid = os.fork()
    if not pid: os._exit(0)
    os.waitpid(pid, 0)
""")  # fmt: skip
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert (process.returncode, scripts.wait_for_end(tmp_path).signal) == (-signal.SIGTERM, "SIGTERM")


@pytest.mark.slow
def test_a_cancelled_script_ends_its_task(tmp_path: Path) -> None:
    process = scripts.begin(tmp_path, START + "task.registry\nprint('ready', flush=True)\ntime.sleep(60)")
    scripts.reg(tmp_path, "task", "cancel", "job")
    process.communicate(timeout=LONGEST)
    assert scripts.wait_for_end(tmp_path).status == "cancelled"


@pytest.mark.slow
def test_a_forked_child_tells_and_does_not_end_it(tmp_path: Path) -> None:
    scripts.run(tmp_path, script("""
    open("m.bin", "wb").write(b"abc")
    reg.log_metric("parent", 1, 1)
    child = os.fork()
    if child == 0:
        reg.log_metric("child", 2, 1)
        reg.commit("m.bin", "a/child", wait=False).result()
        sys.exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert reg.Task.current_task().status == "running"
    reg.log_metric("parent", 3, 2)
    """))  # fmt: skip
    task = scripts.newest(tmp_path)
    assert (task.status, task.exit_code, task.metrics) == ("completed", 0, {"parent": 3.0, "child": 2.0})
    assert [row.name for row in list_made(tmp_path, task.id)] == ["a/child"]


@pytest.mark.slow
def test_a_child_process_belongs_to_it(tmp_path: Path) -> None:
    scripts.write(tmp_path, "import registry_cli as reg\nreg.log_metric('child', 1)\n", "child.py")
    scripts.run(tmp_path, script("""
    import subprocess
    subprocess.run([sys.executable, "child.py"], check=True)
    """))  # fmt: skip
    assert scripts.newest(tmp_path).metrics == {"child": 1.0}


@pytest.mark.slow
def test_workers_of_multiprocessing_belong_to_it(tmp_path: Path) -> None:
    scripts.run(tmp_path, """
    import multiprocessing, registry_cli as reg
    def work(number): reg.log_metric(f"worker/{number}", number, 0)
    if __name__ == "__main__":
        with reg.task("job"):
            for method in ("fork", "spawn"):
                context = multiprocessing.get_context(method)
                processes = [context.Process(target=work, args=(number,)) for number in range(2)]
                for process in processes: process.start()
                for process in processes: process.join(); assert process.exitcode == 0
    """)  # fmt: skip
    task = scripts.newest(tmp_path)
    assert task.metrics == {"worker/0": 0.0, "worker/1": 1.0}
    assert task.curves["worker/1"].count == 2


RANKED = """
import registry_cli as reg, sys
task = reg.Task.init("proj", "ddp")
config = task.connect({"lr": 0.1})
reg.log_metric("loss", 1.0, 1)
open(f"m{sys.argv[1]}.bin", "wb").write(b"abc")
version = reg.commit(f"m{sys.argv[1]}.bin", "a/m")
later = reg.commit(f"m{sys.argv[1]}.bin", "a/later", wait=False).result()
model = reg.OutputModel(task=task, name="out", framework="PyTorch")
model.update_weights(f"m{sys.argv[1]}.bin")
model.set_metadata("k", 1)
model.report_scalar("a", "b", 1.0, 1)
print(version, later, model.tags)
"""


@pytest.mark.slow
def test_rank_0_alone_tells(tmp_path: Path) -> None:
    printed = [scripts.run(tmp_path, RANKED, str(rank), RANK=str(rank)) for rank in range(2)]
    assert printed == ["a/m:1 a/later:1 []\n", "None None []\n"]
    with reg.Registry.open(tmp_path) as registry:
        [row] = find_tasks(registry, TaskQuestion())
        assert (row.name, row.params, row.status) == ("ddp", {"lr": 0.1}, "completed")
        assert [version.ref for version in registry.query(sort="created")] == ["a/m:1", "a/later:1", "proj/out:1"]


@pytest.mark.slow
def test_a_module_among_the_installed_packages_begins_a_task(tmp_path: Path) -> None:
    """As a notebook's kernel does: `python -m` runs it, and what its companion imports lies beside it."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    for path in Path(pytest.__file__).parents[1].iterdir():
        (packages / path.name).symlink_to(path)
    scripts.write(packages, "import registry_cli as reg\nreg.Task.init('proj', 'job')\nprint('begun')", "kernel.py")
    start = f"""if True:
        import runpy, sys
        sys.path[:0] = [{str(scripts.ROOT)!r}, {str(packages)!r}]
        runpy.run_module("kernel", run_name="__main__", alter_sys=True)
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", start], cwd=tmp_path, env=environ, text=True, capture_output=True, timeout=LONGEST
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "begun\n", "")
    assert scripts.newest(tmp_path).status == "completed"


@pytest.mark.slow
def test_under_reg_log_it_joins(tmp_path: Path) -> None:
    scripts.write(tmp_path, START + "print(task.id)\nreg.log_metric('loss', 0.5)\nopen('m.bin', 'wb').write(b'1')\n"
                  "reg.commit('m.bin')\nprint(os.environ['REG_TASK'] == task.id)\n")  # fmt: skip
    scripts.reg(tmp_path, "log", "--", sys.executable, "train.py")
    task = scripts.newest(tmp_path)
    assert (task.name, task.project, task.metrics) == ("job", "proj", {"loss": 0.5})
    assert scripts.read_blob(tmp_path, task, CONSOLE).decode().split() == [task.id, "True"]
    assert [row.name for row in list_made(tmp_path, task.id)] == ["proj/job/m"]
    with reg.Registry.open(tmp_path) as registry:
        assert len(find_tasks(registry, TaskQuestion())) == 1


@pytest.mark.slow
def test_the_user_has_the_last_word_on_the_name(tmp_path: Path) -> None:
    scripts.write(tmp_path, START + "assert task.name == 'mine', task.name")
    scripts.reg(tmp_path, "log", "--name", "mine", "--", sys.executable, "train.py")
    assert scripts.newest(tmp_path).name == "mine"


@pytest.mark.slow
def test_under_reg_log_only_rank_0_tells(tmp_path: Path) -> None:
    scripts.write(tmp_path, RANKED)
    launch = f"RANK=0 {sys.executable} train.py 0; RANK=1 {sys.executable} train.py 1"
    scripts.reg(tmp_path, "log", "--", "sh", "-c", launch)
    task = scripts.newest(tmp_path)
    assert task.curves["loss"].count == 1
    assert {row.name for row in list_made(tmp_path, task.id)} == {"a/m", "a/later", "proj/out"}


@pytest.mark.slow
def test_a_stale_task_in_the_environment_is_none(tmp_path: Path) -> None:
    scripts.run(tmp_path, START)
    old = scripts.newest(tmp_path)
    scripts.run(tmp_path, START, REG_TASK=old.id, REG_ATTEMPT="1", REG_DIR=str(tmp_path))
    with reg.Registry.open(tmp_path) as registry:
        assert [row.status for row in find_tasks(registry, TaskQuestion())] == ["completed"] * 2


@pytest.mark.slow
def test_without_a_registry_it_fails_at_once(tmp_path: Path) -> None:
    elsewhere = tmp_path / ".home" / "elsewhere"
    elsewhere.mkdir(parents=True)
    printed = scripts.run(elsewhere, START + "print('trained')", code=1, REG_DIR=str(elsewhere))
    assert "NoRegistryError" in printed
    assert "trained" not in printed


@pytest.mark.slow
def test_what_waits_is_saved_before_the_process_ends(tmp_path: Path) -> None:
    """Also a file so large and plots so many that threads would flush them, which Python then starts no more."""
    scripts.run(tmp_path, script("""
    import threading
    for number in range(12): task.get_logger().report_vector(f"plot {number}", "", [number])
    with open("big.bin", "wb") as file: file.truncate(80 << 20); file.write(b"head")
    print(reg.commit("big.bin", "a/big", wait=False).done())
    """))  # fmt: skip
    task = scripts.newest(tmp_path)
    assert len([file for file in task.files if file.path.startswith("plots/")]) == 12
    [row] = list_made(tmp_path, task.id)
    assert row.size == 80 << 20


@pytest.mark.slow
def test_what_fails_behind_its_back_is_shown_and_recorded(tmp_path: Path) -> None:
    printed = scripts.run(tmp_path, script("""
    open("m.bin", "wb").write(b"abc")
    reg.commit("m.bin", "a/m", wait=False, parents=["no/body"])
    """))  # fmt: skip
    assert "RegWarning: a/m was not saved: no model named `no/body`" in printed
    assert "a/m was not saved" in (scripts.newest(tmp_path).problem or "")


@pytest.mark.slow
def test_publish_on_completion(tmp_path: Path) -> None:
    body = "open('m.bin', 'wb').write(b'abc')\ntask.publish_on_completion()\nreg.commit('m.bin', 'a/m')\n"
    scripts.run(tmp_path, START + body + "raise SystemError", code=1)
    with reg.Registry.open(tmp_path) as registry:
        assert not registry.get_row("a/m").published
    scripts.run(tmp_path, START + body)
    with reg.Registry.open(tmp_path) as registry:
        assert registry.get_row("a/m").published


def list_made(folder: Path, task: str) -> list[reg.Version]:
    with reg.Registry.open(folder) as registry:
        return [version.row for version in registry.query(f"task:{task}")]


@pytest.mark.slow
@pytest.mark.sweep(5)
@pytest.mark.parametrize(("body", "code", "known"), [
    ("from sys import exit\n{init}exit(3)", 3, None),
    ("{init}exit(3)", 3, None),
    ("from registry_cli import Task\ndef main():\n    {init}    return 4\nsys.exit(main())", 4, 4),
    ("def main():\n    {init}    return 4\nsys.exit(main())", 4, None),
    ("{init}raise SystemExit(5)", 5, None),
])  # fmt: skip
def test_an_exit_is_known_or_not(tmp_path: Path, body: str, code: int, known: int | None) -> None:
    """One that is not known does not keep a task that completed from being published."""
    init = "reg.Task.init('p', 'job').publish_on_completion(); open('m', 'w').write('1'); reg.commit('m', 'a/m')\n"
    scripts.run(tmp_path, "import sys, registry_cli as reg\n" + body.replace("{init}", init), code=code)
    task = scripts.newest(tmp_path)
    assert (task.exit_code, task.status) == (known, "failed" if known else "completed")
    assert known or "exit whose code was not seen" in (task.problem or "")
    with reg.Registry.open(tmp_path) as registry:
        assert registry.get_row("a/m").published == (known is None)


@pytest.mark.slow
def test_a_module_that_ends_is_known_to_have(tmp_path: Path) -> None:
    scripts.write(tmp_path, START, "job.py")
    subprocess.run([sys.executable, "-m", "job"], cwd=tmp_path, env=scripts.environment(), check=True)
    assert scripts.newest(tmp_path).exit_code == 0


@pytest.mark.slow
def test_pools_that_are_terminated(tmp_path: Path) -> None:
    scripts.run(tmp_path, script("""
    import multiprocessing
    for _ in range(10):
        pool = multiprocessing.get_context("fork").Pool(3)
        pool.terminate()
        pool.join()
    """))  # fmt: skip
    assert scripts.newest(tmp_path).exit_code == 0


@pytest.mark.slow
@pytest.mark.sweep(3)
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_worker_that_joins_first_loses_nothing(tmp_path: Path, method: str) -> None:
    scripts.write(tmp_path, f"""
    import multiprocessing
    def work():
        import registry_cli as reg
        reg.log_metric("loss", 1.0, 1)
        open("m.bin", "wb").write(b"1")
        reg.commit("m.bin", "a/m", wait=False)
    if __name__ == "__main__":
        process = multiprocessing.get_context("{method}").Process(target=work)
        process.start(); process.join()
        assert process.exitcode == 0
    """)  # fmt: skip
    scripts.reg(tmp_path, "log", "--", sys.executable, "train.py")
    task = scripts.newest(tmp_path)
    assert task.metrics == {"loss": 1.0}
    assert [row.name for row in list_made(tmp_path, task.id)] == ["a/m"]


TRIAL = """
import registry_cli as reg
task = reg.Task.init("proj", "trial")
reg.log_metric("loss", 1.0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("launch", [
    "import subprocess; subprocess.run([sys.executable, 'trial.py'], check=True)",
    "from multiprocessing import Process, set_start_method as s; s('fork'); import runpy\n"
    "one = Process(target=runpy.run_path, args=('trial.py',)); one.start(); one.join(); assert one.exitcode == 0",
])  # fmt: skip
def test_a_script_of_another_name_has_a_task_of_its_own(tmp_path: Path, launch: str) -> None:
    scripts.write(tmp_path, TRIAL, "trial.py")
    scripts.run(tmp_path, START + launch + "\nreg.log_metric('done', 1)")
    driver, trial = scripts.newest(tmp_path, "job"), scripts.newest(tmp_path, "trial")
    assert (driver.status, driver.metrics) == ("completed", {"done": 1.0})
    assert (trial.status, trial.metrics, trial.exit_code) == ("completed", {"loss": 1.0}, 0)


@pytest.mark.slow
def test_a_worker_with_a_task_of_its_own_that_fails(tmp_path: Path) -> None:
    scripts.run(tmp_path, """
    import multiprocessing, registry_cli as reg
    def work():
        reg.Task.init("proj", "job")
        raise ValueError("boom")
    if __name__ == "__main__":
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start(); process.join()
    """)  # fmt: skip
    task = scripts.newest(tmp_path)
    assert (task.status, task.problem) == ("failed", "ValueError: boom")


@pytest.mark.slow
def test_no_filter_hides_what_was_lost(tmp_path: Path) -> None:
    for level in ("ignore", "error"):
        body = """
        open("m.bin", "wb").write(b"abc")
        for name in ("a/m", "a/n"): reg.commit("m.bin", name, wait=False, parents=["no/body"])
        """
        printed = scripts.run(tmp_path, START + textwrap.dedent(body), PYTHONWARNINGS=level)
        assert printed.count("was not saved: no model named") == 2


@pytest.mark.slow
def test_arguments_parsed_before_the_task_begins(tmp_path: Path) -> None:
    text = """
    import argparse
    from registry_cli import Task
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    args = parser.parse_args()
    task = Task.init("p", "job")
    print("lr", args.lr)
    """
    assert scripts.run(tmp_path, text) == "lr 0.1\n"
    assert scripts.newest(tmp_path).params == {"lr": 0.1}
    with reg.Registry.open(tmp_path) as registry:
        clone = clone_task(registry, "job", Edits(params={"lr": 0.5}))
    scripts.reg(tmp_path, "task", "run", clone.id, "--here")
    task = scripts.newest(tmp_path, clone.id)
    assert (task.params, scripts.read_blob(tmp_path, task, CONSOLE)) == ({"lr": 0.5}, b"lr 0.5\n")


@pytest.mark.slow
def test_a_clone_whose_values_nobody_takes_says_so(tmp_path: Path) -> None:
    scripts.run(tmp_path, "import registry_cli as reg\nreg.Task.init('p', 'job')\n")
    with reg.Registry.open(tmp_path) as registry:
        clone = clone_task(registry, "job", Edits(params={"lr": 0.5}))
    scripts.reg(tmp_path, "task", "run", clone.id, "--here")
    task = scripts.newest(tmp_path, clone.id)
    assert "asked for no parameter lr" in (task.problem or "")
    assert task.params == {}


@pytest.mark.slow
def test_to_publish_is_told_to_whoever_runs_it(tmp_path: Path) -> None:
    process = scripts.begin(
        tmp_path, START + "task.publish_on_completion()\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    [live] = iter_live(Layout(tmp_path / ".registry"))
    assert read_facts(live.list_facts()).publish
    process.kill()
    process.communicate(timeout=LONGEST)


LOOKER = """
import sys, threading
class Looker:
    found = []
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread(): self.found.append(name)
sys.meta_path.insert(0, Looker())
"""


UNDER = ["-m", "registry_cli", "log", "--auto", "--", sys.executable]


@pytest.mark.slow
@pytest.mark.sweep(2)
@pytest.mark.parametrize("launch", [[], UNDER], ids=["by itself", "under reg log"])
def test_a_child_that_is_forked_at_any_time_can_import(tmp_path: Path, launch: list[str]) -> None:
    """A module that a thread is about to import when a process forks can never be imported in the child."""
    body = """
    import pickle
    pickle.dump({"weight": 1}, open("net.pkl", "wb"))
    reg.log_metric("loss", 1.0, 1)
    open("m.bin", "wb").write(b"1")
    reg.commit("m.bin", "a/m", wait=False).result()
    task.close()
    open("found", "w").write(" ".join(Looker.found))
    """
    scripts.write(tmp_path, LOOKER + START + textwrap.dedent(body))
    command = [sys.executable, *launch, "train.py"]
    subprocess.run(command, cwd=tmp_path, env=scripts.environment(), check=True)
    assert (tmp_path / "found").read_text() == ""
    with reg.Registry.open(tmp_path) as registry:
        assert {row.name for row in registry.query()} >= {"a/m", "proj/job/net"}


@pytest.mark.slow
def test_children_may_be_forked_while_threads_read_and_write(tmp_path: Path) -> None:
    printed = scripts.run(tmp_path, script("""
    for turn in range(12):
        open("m.bin", "wb").write(os.urandom(100))
        later = reg.commit("m.bin", "a/m", wait=False)
        children = []
        for _ in range(6):
            children.append(os.fork())
            if not children[-1]:
                with reg.Registry.find() as registry:
                    registry.query("name = a/m")
                os._exit(0)
        for child in children:
            os.waitpid(child, 0)
        later.result()
    print(turn)
    """))  # fmt: skip
    assert printed == "11\n"


@pytest.mark.slow
def test_each_of_several_runners_records_what_its_own_command_does(tmp_path: Path) -> None:
    script = scripts.write(tmp_path, """
        import os, registry_cli as reg
        rank = os.environ["SLURM_PROCID"]
        open(f"net{rank}.bin", "w").write(rank)
        reg.log_metric("loss", float(rank))
        reg.commit(f"net{rank}.bin")
        """)  # fmt: skip
    for rank in ("0", "1"):
        scripts.reg(tmp_path, "log", "--name", f"r{rank}", "--", sys.executable, script.name, SLURM_PROCID=rank)
    with reg.Registry.open(tmp_path) as registry:
        tasks = {row.name: row for row in find_tasks(registry, TaskQuestion())}
        assert {name: row.metrics for name, row in tasks.items()} == {"r0": {"loss": 0.0}, "r1": {"loss": 1.0}}
        made = {registry.get_row(f"task:{name}").files[0].path for name in tasks}
    assert made == {"net0.bin", "net1.bin"}


@pytest.mark.slow
def test_a_change_of_a_connected_table_survives_an_abrupt_end(tmp_path: Path) -> None:
    scripts.run(tmp_path, """
    import os, time
    import registry_cli as reg
    task = reg.Task.init("p", "job")
    params = task.connect({"lr": 0.1, "deep": {"n": 1}})
    params["lr"] = 0.5
    params["deep"]["n"] = 2
    live = os.path.join(".registry", "tasks", task.id, "1")
    while not any(b"0.5" in open(os.path.join(live, name), "rb").read() for name in os.listdir(live)
                  if name.startswith("facts-")):
        time.sleep(0.01)
    os._exit(0)
    """)  # fmt: skip
    assert scripts.wait_for_end(tmp_path).params == {"lr": 0.5, "deep": {"n": 2}}
