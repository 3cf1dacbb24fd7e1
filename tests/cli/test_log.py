"""`reg log`: a command runs unchanged, and everything a re-run needs is in the registry."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from registry_cli.records.task import BUNDLE, CONSOLE, DIFF, LOCK, SCALARS
from registry_cli.tasks.attempt import crashed, folder
from tests.cli.lab import REG, Lab
from tests.forks import LONGEST
from tests.secrets.planted import PLANTED


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "work")


def test_a_run_is_recorded_completely(lab: Lab) -> None:
    lab.write("data/a.csv", "1,2\n")
    lab.write("notes.txt", "not in git")
    lab.write("train.py", (lab.root / "train.py").read_text() + "\n# changed\n")
    done = lab.log("--name", "baseline", "--project", "iris", "--data", "data/*.csv", "--output", "out/*.bin",
                   "--metrics", "metrics.json", "--tag", "first", "-m", "why",
                   "--", "python", "train.py", "--lr", "0.5")  # fmt: skip
    assert done.stdout == b"loss 1.0\n"
    task = lab.task("baseline")
    end = rf"task baseline {task.id} completed in \d+\.\d+ s; kept iris/baseline/best:1\n"
    assert re.fullmatch(end, done.stderr.decode())
    assert (task.status, task.exit_code, task.attempt, task.name, task.project) == (
        "completed",
        0,
        1,
        "baseline",
        "iris",
    )
    assert task.recipe.argv[1:] == ("train.py", "--lr", "0.5")
    assert task.recipe.cwd == "."
    assert (task.params, task.metrics, task.tags, task.comment) == ({"lr": 0.5}, {"loss": 1.0}, ("first",), "why")
    assert [(one.path, one.size) for one in task.data] == [("data/a.csv", 4)]
    assert task.code is not None
    assert (task.code.commit, task.code.branch, task.code.dirty) == (lab.git("rev-parse", "HEAD"), "main", True)
    assert b"+# changed" in lab.blob(DIFF)
    assert lab.blob("untracked/notes.txt") == b"not in git"
    assert lab.blob(CONSOLE) == b"loss 1.0\n"
    assert lab.blob(SCALARS).startswith(b"name\tstep\tvalue\ttime\nloss\t0\t1.0\t")
    assert b"pytest==" in lab.blob(LOCK)
    assert lab.blob(BUNDLE).startswith(b"# v2 git bundle")
    assert task.python["version"] == sys.version.split()[0]
    assert task.host["cores"]
    assert task.find_file("untracked/out/best.bin") is None
    [version] = lab.json("model", "query")
    assert (version["ref"], version["task"], version["metrics"]) == ("iris/baseline/best:1", task.id, {"loss": 1.0})
    assert lab.reg("model", "get", "task:baseline", "got").stdout.strip() == b"got/best.bin"
    assert (lab.root / "got/best.bin").read_bytes() == b"weights 0.5"


COMMITS = """
import registry_cli as reg

table = open("metrics.csv", "w")

def report(row):
    table.write(row + "\\n")
    table.flush()

report("step,loss,acc")
for step in range(3):
    report(f"{step},{step + 0.5},{step / 4}")
    open("net.bin", "w").write("n" * step)
    reg.commit("net.bin", "toy/net", metrics={"acc": 1.0})
waiting = reg.commit("net.bin", "toy/later", wait=False)
report("3,9.5,0.75")
waiting.result()
reg.commit("net.bin", "toy/back", step=1)
"""


@pytest.mark.slow
def test_a_version_has_the_rows_of_a_metrics_file_up_to_its_commit(lab: Lab) -> None:
    lab.write("commits.py", COMMITS)
    lab.log("--metrics", "metrics.csv", "--name", "job", "--", "python", "commits.py")
    found = [(row["ref"], row["metrics"]) for row in lab.json("model", "query", "--sort", "number")]
    assert sorted(found, key=lambda one: one[0]) == [
        ("toy/back:1", {"loss": 1.5, "acc": 0.25}),
        ("toy/later:1", {"loss": 2.5, "acc": 0.5}),
        *((f"toy/net:{step + 1}", {"loss": step + 0.5, "acc": 1.0}) for step in range(3)),
    ]
    assert lab.task("job").curves["loss"].count == 4


@pytest.mark.slow
def test_versions_are_found_by_the_parameters_of_their_task(lab: Lab) -> None:
    lab.log("--output", "out/*", "--", "python", "train.py", "--lr", "0.5")
    assert lab.reg("model", "query", "params.lr = 0.5", "-q").stdout.count(b"\n") == 1


@pytest.mark.slow
def test_inputs_are_parents_of_what_comes_out(lab: Lab) -> None:
    lab.write("base.bin", "base")
    lab.reg("model", "add", "iris/softmax", "base.bin", "--alias", "prod")
    lab.log("--input", "iris/softmax@prod", "--output", "out/*", "--model", "iris/tuned", "--", "python", "train.py")
    [entry] = lab.task().inputs
    assert (entry.name, entry.ref) == ("softmax", "iris/softmax@prod")
    shown = lab.json("model", "show", "iris/tuned")
    assert [(one["role"], one["name"]) for one in shown["parents"]] == [("input", "iris/softmax")]


@pytest.mark.slow
def test_the_script_names_the_task(lab: Lab) -> None:
    lab.log("--", "python", "-u", "train.py")
    assert (lab.task().name, lab.task().project) == ("train", "work")


@pytest.mark.sweep(2)
@pytest.mark.parametrize(
    ("script", "code", "status"),
    [
        ("exit 0", 0, "completed"),
        ("exit 3", 3, "failed"),
        ("kill -TERM $$", 143, "failed"),
        ("kill -INT $$", 130, "cancelled"),
    ],
)
def test_the_exit_code_is_the_commands(lab: Lab, script: str, code: int, status: str) -> None:
    lab.log("--", "sh", "-c", script, code=code)
    assert lab.task().status == status
    assert (lab.task().exit_code, lab.task().signal) == (
        (code, None) if code < 128 else (None, signal.Signals(code - 128).name)
    )


@pytest.mark.slow
def test_output_passes_byte_for_byte_on_its_own_stream(lab: Lab) -> None:
    script = "printf 'a\\000\\377\\r\\n'; printf 'err\\r' >&2; printf end"
    done = lab.log("-q", "--", "sh", "-c", script)
    assert (done.stdout, done.stderr) == (b"a\0\xff\r\nend", b"err\r")
    assert sorted(lab.blob(CONSOLE)) == sorted(b"a\0\xff\r\nenderr\r")


@pytest.mark.slow
def test_without_git_and_without_python(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "plain", git=False)
    lab.log("--name", "shell", "--output", "o.bin", "--", "sh", "-c", "echo x > o.bin")
    task = lab.task("shell")
    assert (task.code, task.recipe.cwd) == (None, str(lab.root))
    assert lab.json("model", "query")[0]["name"] == "plain/shell/o"


@pytest.mark.slow
def test_secrets_stay_out(lab: Lab) -> None:
    secret = "hunter2hunter2"
    lab.git("remote", "add", "origin", f"https://user:{secret}@example.org/repo.git")
    environ = {**lab.environ, "WANDB_API_KEY": secret, "MY_SEED": "7", "HF_TOKEN": secret}
    command = [sys.executable, "-m", "registry_cli", "log", "--env", "*", "--env", "HF_TOKEN", "--", "true"]
    subprocess.run(command, cwd=lab.root, env=environ, check=True, capture_output=True)
    assert lab.task().environment["MY_SEED"] == "7"
    kept = [
        path for path in (lab.root / ".registry").rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]
    assert kept == []


def leaked(lab: Lab, secrets: Iterable[str]) -> list[str]:
    """Return the secrets that lie anywhere below the registry, caches included."""
    kept = [path.read_bytes() for path in (lab.root / ".registry").rglob("*") if path.is_file()]
    return [secret for secret in secrets if any(secret.encode() in data for data in kept)]


@pytest.mark.slow
def test_no_secret_of_the_code_reaches_the_registry(lab: Lab) -> None:
    """Each form of a token in a changed file, in a staged one and in one that git does not track."""
    lab.write(".env", "A=1")
    lab.git("add", ".env")
    lab.git("commit", "-qm", "a tracked file of secrets")
    lab.write(".env", "A=hunter2hunter2")
    lab.write("id_rsa", "hunter3hunter3")
    for at, token in enumerate(PLANTED.values()):
        lab.write(f"code/staged{at}.py", f"x = 1\n{token}\n")
    lab.git("add", "id_rsa", "code")
    lab.write("train.py", (lab.root / "train.py").read_text() + f"# {PLANTED['github']}\n")
    for at, token in enumerate(PLANTED.values()):
        lab.write(f"new{at}.txt", "." * 70_000 + f"\n{token}")
    lab.write("plain.py", "kept = 1")
    done = lab.log("--", "python", "train.py")
    assert (
        leaked(lab, ["hunter2hunter2", "hunter3hunter3", *(token.splitlines()[-1] for token in PLANTED.values())]) == []
    )
    task = lab.task()
    assert task.code
    assert {".env", "id_rsa", "train.py", "new0.txt"} <= set(task.code.cut)
    assert [file.path for file in task.files if file.path.startswith("untracked/")] == ["untracked/plain.py"]
    printed = done.stderr.decode()
    assert printed.startswith("warning: not kept, as it looks like a secret: .env (its name), ")
    assert printed.count("not kept, as it looks like a secret: .env") == 1
    assert str(task.problem).startswith(printed.splitlines()[0].removeprefix("warning: "))
    assert ".env" in lab.reg("task", "show", task.id).stdout.decode()


@pytest.mark.slow
def test_source_that_is_not_kept_is_warned_of(lab: Lab) -> None:
    for number in range(3):
        lab.write(f"big{number}.py", f"# {'x' * (4 << 20)}\n")
    done = lab.log("--", "python", "train.py")
    assert done.stderr.decode().splitlines()[0] == "warning: source is not kept: big2.py"
    assert lab.task().problem == "source is not kept: big2.py"


@pytest.mark.slow
def test_commits_with_secrets_are_not_stored(lab: Lab) -> None:
    lab.write("more.py", f"1\n{PLANTED['github']}\n")
    lab.git("add", "more.py")
    lab.git("commit", "-qm", "a token")
    lab.git("rm", "-q", "more.py")
    lab.git("commit", "-qm", "none")
    done = lab.log("--name", "one", "--", "python", "train.py")
    task = lab.task()
    assert task.find_file(BUNDLE) is None
    assert task.code
    assert task.code.cut == ("commits",)
    assert b"the commits that no remote has are not kept, as they seem to hold a secret: more.py" in done.stderr
    lab.reg("task", "run", "one")


@pytest.mark.slow
def test_no_secret_of_the_command_reaches_the_registry(lab: Lab) -> None:
    lab.write("show.py", "import sys; open('args.txt', 'w').write(' '.join(sys.argv[1:]))")
    lab.git("add", "show.py")
    lab.git("commit", "-qm", "show")
    lab.git("remote", "add", "origin", f"https://ann:{PLANTED['gitlab']}@h.org/{PLANTED['npm']}/repo.git")
    words = [f"--api-key={PLANTED['openai']}", "--password", "hunter4hunter4", "--lr", "0.5", *PLANTED.values()]
    words = [word for word in words if "\n" not in word]
    done = lab.log("--name", "one", "--", "python", "show.py", *words)
    assert (lab.root / "args.txt").read_text() == " ".join(words)
    assert leaked(lab, ["hunter4hunter4", *PLANTED.values()]) == []
    task = lab.task()
    assert task.params == {"lr": 0.5}
    assert task.recipe.argv[2:5] == ("--api-key={secret:SECRET_API_KEY}", "--password", "{secret:SECRET_PASSWORD}")
    assert b"a re-run reads it from the variable SECRET_API_KEY" in done.stderr


@pytest.mark.slow
def test_a_rerun_reads_secrets_from_variables(lab: Lab) -> None:
    code = "import sys; open(sys.argv[1], 'a').write(sys.argv[3])"
    out = lab.root / "out.txt"
    lab.log("--name", "one", "--", "python", "-c", code, str(out), "--token", "abc")
    missing = lab.reg("task", "run", "one", code=2)
    printed = missing.stdout + missing.stderr
    assert b"a secret that is not on record: set SECRET_TOKEN" in printed
    assert b"not on record: set SECRET_TOKEN in the environment\n" in printed
    environ = {**lab.environ, "SECRET_TOKEN": "def"}
    command = [sys.executable, "-m", "registry_cli", "task", "run", "one"]
    subprocess.run(command, cwd=lab.root, env=environ, check=True, capture_output=True)
    assert out.read_text() == "abcdef"
    assert leaked(lab, ["abcdef"]) == []
    assert lab.task("one").recipe.argv[-1] == "{secret:SECRET_TOKEN}"


@pytest.mark.slow
def test_a_rerun_reports_what_is_not_on_record(lab: Lab) -> None:
    lab.write("train.py", "print(open('.env').read())")
    lab.git("commit", "-qam", "reads a secret")
    lab.write(".env", "A=1")
    lab.log("--name", "one", "--", "python", "train.py")
    done = lab.reg("task", "run", "one", code=1)
    assert b"warning: not on record, so that it ran without: .env" in done.stdout + done.stderr
    assert lab.task("one").problem == "not on record, so that it ran without: .env"


@pytest.mark.slow
def test_a_failed_run_keeps_its_outputs_by_default(lab: Lab) -> None:
    script = "mkdir -p out; echo half > out/half.bin; exit 4"
    lab.log("--output", "out/*", "--", "sh", "-c", script, code=4)
    assert len(lab.json("model", "query")) == 1
    lab.log(
        "--name", "other", "--output", "out/*", "--keep-failed", "no", "--", "sh", "-c", script + " # again", code=4
    )
    assert len(lab.json("model", "query")) == 1
    assert lab.task("other").status == "failed"


@pytest.mark.slow
def test_an_output_that_is_not_written_is_a_warning(lab: Lab) -> None:
    done = lab.log("--output", "out/*.pt", "--", "true")
    warning, end = done.stderr.splitlines()
    assert warning == b"warning: nothing was written that --output out/*.pt names"
    assert end.startswith(b"task ")
    assert end.endswith(b"; no version was kept")


def test_the_last_line_says_what_stays_and_begins_a_line(lab: Lab) -> None:
    script = "echo x > x.bin; printf 'half a line' >&2; exit 3"
    done = lab.log("--name", "x", "--output", "*.bin", "--keep-failed", "no", "--", "sh", "-c", script, code=3)
    half, end = done.stderr.decode().splitlines()
    assert half == "half a line"
    assert re.fullmatch(r"task x \S+ failed in \S+ s; no version was kept", end)


@pytest.mark.slow
def test_the_last_line_names_few_models(lab: Lab) -> None:
    script = "for n in a b c d e; do echo $n > $n.bin; done"
    done = lab.log("--name", "x", "--project", "p", "--output", "*.bin", "--", "sh", "-c", script)
    assert done.stderr.endswith(b"; kept p/x/a:1, p/x/b:1, p/x/c:1 and 2 more models\n")
    assert lab.log("-q", "--output", "*.bin", "--", "sh", "-c", script).stderr == b""


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "no command to run"),
        (["--"], 2, "no command to run"),
        (["python", "train.py"], 2, "must follow after `--`"),
        (["--nmae", "x", "--", "true"], 2, "no option"),
        (["--input", "no/such", "--", "touch", "ran"], 125, "no model named `no/such`"),
        (["--name", "", "--", "touch", "ran"], 2, "not a task name"),
        (["--project", "a//b", "--", "touch", "ran"], 2, "not a model name"),
        (["--data", "s3://bucket/x", "--", "touch", "ran"], 2, "s3://bucket/x"),
        (["--model", "a//b", "--", "touch", "ran"], 2, "not a model name"),
    ],
)
def test_our_own_failures_come_before_the_command(lab: Lab, words: list[str], code: int, said: str) -> None:
    done = lab.log(*words, code=code)
    assert said in done.stderr.decode()
    assert not (lab.root / "ran").exists()
    assert list((lab.root / ".registry/tasks").iterdir()) == []
    assert lab.reg("events").stdout == b""


def test_no_registry(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "bare", registry=False)
    done = lab.log("--", "touch", "ran", code=125)
    assert b"hint: reg init" in done.stderr
    assert not (lab.root / "ran").exists()


@pytest.mark.sweep(3)
@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("./train.py", 126), ("./.git", 126)])
def test_what_cannot_be_run_is_recorded(lab: Lab, program: str, code: int) -> None:
    done = lab.log("--name", "gone", "--", program, code=code)
    assert program.removeprefix("./") in done.stderr.decode()
    task = lab.task("gone")
    assert (task.status, task.exit_code) == ("failed", code)
    assert task.problem


def _start(lab: Lab, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "registry_cli", "log", *words]
    return subprocess.Popen(command, cwd=lab.root, env=lab.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _wait_for(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


SLOW = "import time; print('begun', flush=True); open('pid','w').write(str(__import__('os').getpid())); time.sleep(60)"


@pytest.mark.slow
@pytest.mark.sweep(3)
@pytest.mark.parametrize("victims", ["wrapper", "child", "both"])
def test_a_killed_task_keeps_its_log(lab: Lab, victims: str) -> None:
    running = _start(lab, "--name", "long", "--", sys.executable, "-c", SLOW)
    pid = lab.root / "pid"
    _wait_for(lambda: pid.exists() and pid.read_text())
    child = int(pid.read_text())
    consoles = lab.root / ".registry/tasks"
    _wait_for(lambda: any(path.read_bytes() for path in consoles.glob("*/1/console.log")))
    if victims in {"wrapper", "both"}:
        running.kill()
        running.wait(LONGEST)
    if victims in {"child", "both"}:
        os.kill(child, signal.SIGKILL)
    else:
        os.kill(child, signal.SIGTERM)
    running.wait(LONGEST)
    assert running.stdout is not None
    running.stdout.close()
    wanted = "failed" if victims == "child" else "crashed"
    [shown] = lab.json("task", "list")
    assert shown["status"] == wanted
    assert lab.reg("task", "logs", "long").stdout == b"begun\n"
    lab.log("--", "true")
    assert lab.task("long").status == wanted
    assert lab.blob(CONSOLE, "long") == b"begun\n"
    assert list(consoles.iterdir()) == []


@pytest.mark.slow
def test_a_signal_is_passed_on_and_the_end_is_recorded(lab: Lab) -> None:
    running = _start(lab, "--name", "long", "--", sys.executable, "-c", SLOW)
    _wait_for((lab.root / "pid").exists)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 143
    assert running.stdout is not None
    running.stdout.close()
    assert (lab.task("long").status, lab.task("long").signal) == ("failed", "SIGTERM")


@pytest.mark.slow
def test_repeated_signals_end_the_wait_for_large_data(lab: Lab) -> None:
    with (lab.root / "data.bin").open("wb") as data:
        data.truncate(1 << 40)
    running = _start(lab, "--name", "long", "--data", "data.bin", "--", "touch", "over")
    assert running.stdout is not None
    _wait_for((lab.root / "over").exists)
    end = time.monotonic() + 60
    while running.poll() is None:
        assert time.monotonic() < end
        running.send_signal(signal.SIGTERM)
        time.sleep(0.1)
    running.stdout.close()
    assert lab.task("long").status in {"completed", "failed"}
    assert "what the command ran on is not all on record" in (lab.task("long").problem or "")


@pytest.mark.slow
def test_a_nested_log_is_a_task_of_its_own(lab: Lab) -> None:
    lab.log("--name", "outer", "--", sys.executable, "-m", "registry_cli", "log", "--name", "inner", "--", "true")
    assert (lab.task("outer").status, lab.task("inner").status) == ("completed", "completed")


@pytest.mark.slow
def test_the_folder_of_the_command_is_relative_to_the_code(lab: Lab) -> None:
    (lab.root / "sub").mkdir()
    subprocess.run(
        [sys.executable, "-m", "registry_cli", "log", "--", "true"], cwd=lab.root / "sub", env=lab.environ, check=True
    )
    assert lab.task().recipe.cwd == "sub"


@pytest.mark.slow
def test_an_output_that_cannot_be_stored_blocks_no_other(lab: Lab) -> None:
    script = "mkdir -p out; echo a > out/a.bin; mkfifo out/b.bin; echo c > out/c.bin; ln -s /nowhere out/d.bin; sleep 3"
    done = lab.log("--output", "out/*", "--", "sh", "-c", script)
    assert {row["name"] for row in lab.json("model", "query")} >= {"work/sh/a", "work/sh/c"}
    assert lab.task().status == "completed"
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_an_output_is_stored_while_the_command_runs(lab: Lab) -> None:
    running = _start(lab, "--name", "long", "--output", "best.bin", "--", "sh", "-c", "echo 1 > best.bin; sleep 60")
    _wait_for(lambda: lab.json("model", "query") != [])
    running.kill()
    running.wait(LONGEST)
    assert running.stdout is not None
    running.stdout.close()
    lab.log("--", "true")
    assert lab.task("long").status == "crashed"
    assert lab.reg("model", "get", "task:long", "got").stdout == b"got/best.bin\n"


@pytest.mark.slow
def test_a_signal_after_the_command_has_ended_does_not_lose_its_end(lab: Lab) -> None:
    script = "head -c 300000000 /dev/urandom > big.bin; echo x > small.bin; echo done; exit 4"
    running = _start(lab, "--name", "big", "--output", "*.bin", "--", "sh", "-c", script)
    assert running.stdout is not None
    assert running.stdout.readline() == b"done\n"
    time.sleep(0.2)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 4
    running.stdout.close()
    assert (lab.task("big").status, lab.task("big").exit_code) == ("failed", 4)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_what_git_refuses_is_reported(lab: Lab) -> None:
    for path in (lab.root, lab.root / ".git"):
        os.chown(path, 65534, 65534)
    done = lab.log("--", "true")
    assert lab.task().problem
    assert done.stderr.startswith(b"warning: ")


@pytest.mark.slow
def test_an_input_that_was_removed_is_none(lab: Lab) -> None:
    lab.write("base.bin", "base")
    lab.reg("model", "add", "iris/softmax", "base.bin")
    lab.reg("model", "remove", "iris/softmax:1")
    assert b"is removed" in lab.log("--input", "iris/softmax:1", "--", "touch", "ran", code=125).stderr


@pytest.mark.slow
def test_a_published_output_of_a_failed_run_stays(lab: Lab) -> None:
    script = f"echo a > a.bin; {sys.executable} -m registry_cli model add work/sh/b a.bin -q; exit 9"
    lab.log("--keep-failed", "no", "--output", "a.bin", "--", "sh", "-c", script, code=9)
    assert lab.task().status == "failed"


@pytest.mark.slow
def test_a_task_without_a_folder_is_crashed_after_a_while(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.log("--name", "gone", "--", "sh", "-c", "rm -rf .registry/tasks/*; kill -9 $PPID", code=-9)
    assert lab.json("task", "list")[0]["status"] == "running"
    monkeypatch.setattr(folder, "GIVEN_UP", -1.0)
    monkeypatch.setattr(folder, "SILENCE", -1.0)
    with lab.open() as registry:
        [row] = crashed.end_crashed(registry)
    assert (lab.task(row.id).status, lab.json("task", "list")[0]["status"]) == ("crashed", "crashed")


@pytest.mark.slow
def test_patterns_that_are_no_utf_8_name_their_files_and_are_on_record_with_escapes(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "work")
    folder = lab.root / os.fsdecode(b"f\xff")
    folder.mkdir()
    (folder / "rows.txt").write_text("data")
    job = "cd f*; echo weights > net.bin; printf 'step,loss\\n0,0.5\\n' > m.csv"
    odd = [word for kind, name in (("data", "*.txt"), ("output", "*.bin"), ("metrics", "m.csv"))
           for word in (f"--{kind}", os.fsdecode(b"f\xff/" + name.encode()))]  # fmt: skip
    done = subprocess.run([*REG, "log", "-q", "--name", "odd", *odd, "--", "sh", "-c", job], cwd=lab.root,
                          env=lab.environ, capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    recipe = lab.task("odd").recipe
    assert (recipe.data, recipe.outputs, recipe.metrics) == (("f\\xff/*.txt",), ("f\\xff/*.bin",), ("f\\xff/m.csv",))
    shown = lab.json("task", "show", "odd")
    assert shown["metrics"] == {"loss": 0.5}
    assert [out["ref"].rpartition("/")[2] for out in shown["outputs"]] == ["net:1"]
    assert done.stderr.count(b"warning") == 1, "a record of data names only files whose names are UTF-8"
    assert b"its name is not UTF-8" in done.stderr


@pytest.mark.slow
def test_a_command_and_a_folder_that_are_no_utf_8_run_with_their_own_bytes(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "work")
    folder = lab.root / os.fsdecode(b"f\xff")
    folder.mkdir()
    (folder / os.fsdecode(b"\xfe.sh")).write_text('printf %s "$1"; echo 1 > out.bin\n')
    words = (
        "--name",
        "odd",
        "--output",
        "*.bin",
        "--",
        "bash",
        os.fsdecode(b"\xfe.sh"),
        os.fsdecode(b"x\xff"),
        os.fsdecode(b"--k=\xe9"),
    )
    done = subprocess.run([*REG, "log", *words], cwd=folder, env=lab.environ, capture_output=True, check=True)
    assert done.stdout == b"x\xff"
    task = lab.task("odd")
    assert (task.status, task.recipe.argv, task.recipe.cwd) == (
        "completed",
        ("bash", "\\xfe.sh", "x\\xff", "--k=\\xe9"),
        "f\\xff",
    )
    assert task.params == {"k": "\\xe9"}
    assert (task.problem or "").endswith(
        "not UTF-8, and so on record with escapes, as a re-run will have it: the command and the folder"
    )
    assert lab.blob(CONSOLE) == b"x\xff"
    with lab.open() as registry:
        assert registry.get_row("task:odd").files[0].path == "out.bin"
