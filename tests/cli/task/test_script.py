"""`reg task script`: the file, and a run of it on a machine that has nothing else."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "work")


@pytest.mark.slow
def test_the_file(lab: Lab) -> None:
    lab.log("--name", "baseline", "--", "python", "train.py")
    script = lab.reg("task", "script", "baseline", "--reg", "registry-cli==1.0", "--secret", "HF_TOKEN").stdout.decode()
    assert script.startswith("#!/usr/bin/env bash\n")
    assert f"task run {lab.task('baseline').id} --inline --env lock" in script
    assert "HF_TOKEN is not set" in script
    for form, sign in (("dockerfile", "FROM python:3."), ("k8s-job", "kind: Job"), ("github-actions", "runs-on:")):
        made = lab.reg("task", "script", "baseline", "--format", form, "--reg", "registry-cli").stdout.decode()
        assert sign in made
        assert "task run" in made


@pytest.mark.slow
def test_what_is_refused(lab: Lab, tmp_path: Path) -> None:
    lab.log("--name", "baseline", "--", "true")
    assert b"not the name of a variable" in lab.reg("task", "script", "baseline", "--secret", "A=x", code=2).stderr
    assert b"no task" in lab.reg("task", "script", "none", code=11).stderr
    plain = Lab(tmp_path / "plain", git=False)
    plain.log("--name", "plain", "--", "true")
    assert b"put the code in git" in plain.reg("task", "script", "plain", code=17).stderr


def run_elsewhere(script: Path, home: Path, registry: Path) -> str:
    """Run a script as a user with nothing but a home; return its output."""
    given = {"PATH": os.environ["PATH"], "HOME": str(home), "REG_DIR": str(registry)}
    settings = Path(pwd.getpwuid(os.geteuid()).pw_dir, ".config/pip/pip.conf")  # where the index may be named
    if settings.exists():
        given["PIP_CONFIG_FILE"] = str(settings)
    words = [f"{name}={value}" for name, value in given.items()]
    done = subprocess.run(["env", "-i", *words, "bash", script], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("remote", [True, False], ids=["remote", "bundle"])
def test_anybody_can_run_it(lab: Lab, tmp_path: Path, remote: bool) -> None:
    """Another home, another folder, no variables, the first work tree gone; packages come from the index."""
    if remote:
        lab.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
        lab.git("remote", "add", "origin", (tmp_path / "bare.git").as_uri())
        lab.git("push", "-q", "-u", "origin", "main")
    lab.write("second.py", "SECOND = 2\n")
    lab.git("add", "second.py")
    lab.git("commit", "-qm", "nobody else has this")
    lab.write("untracked.py", "THIRD = 3\n")
    lab.write("train.py", (lab.root / "train.py").read_text() + "import second, untracked; print(sys.prefix)\n")
    lab.write("base.bin", "base")
    lab.reg("model", "add", "iris/base", "base.bin")
    venv = tmp_path / "venv"
    subprocess.run(["python3", "-m", "venv", "--without-pip", venv], check=True)
    lab.reg("log", "--name", "baseline", "--project", "iris", "--input", "iris/base", "--output", "out/*.bin",
            "--metrics", "metrics.json", "--", str(venv / "bin/python"), "train.py", "--lr", "0.5")  # fmt: skip
    task = lab.task("baseline")
    script = tmp_path / "job.sh"
    script.write_bytes(lab.reg("task", "script", "baseline").stdout)
    registry = tmp_path / "elsewhere" / ".registry"
    registry.parent.mkdir()
    shutil.move(lab.root / ".registry", registry)
    shutil.rmtree(lab.root)
    shutil.rmtree(venv)
    home = tmp_path / "home"
    home.mkdir()
    for attempt in (2, 3):
        loss, prefix = run_elsewhere(script, home, registry).splitlines()
        assert loss == "loss 1.0"
        assert Path(prefix).is_relative_to(home)
        lab.root = registry.parent
        again = lab.task("baseline")
        assert (again.id, again.attempt, again.status, again.exit_code) == (task.id, attempt, "completed", 0)
        assert (again.metrics, again.python["prefix"]) == ({"loss": 1.0}, prefix)


@pytest.mark.slow
def test_frameworks_are_logged_there_too(lab: Lab, tmp_path: Path) -> None:
    """In an environment that `reg` is not installed in; a clone gets its other input in place of the file."""
    lab.write("train.py", "import pickle\nweight = pickle.load(open('base.pkl', 'rb'))['weight']\nprint(weight)\n"
              "with open('net.pkl', 'wb') as file: pickle.dump({'weight': weight + 1}, file)\n")  # fmt: skip
    for name, weight in (("other", 10), ("base", 1)):
        (lab.root / f"{name}.pkl").write_bytes(pickle.dumps({"weight": weight}))
        lab.reg("model", "add", f"toy/{name}", f"{name}.pkl")
    lab.git("add", "train.py", "base.pkl")
    lab.git("commit", "-qm", "pickles")
    venv, home, script = tmp_path / "venv", tmp_path / "home", tmp_path / "job.sh"
    home.mkdir()
    subprocess.run(["python3", "-m", "venv", "--without-pip", venv], check=True)
    lab.log("--auto", "--name", "first", "--", str(venv / "bin/python"), "train.py")
    lab.reg("task", "clone", "first", "--name", "second", "--input", "base=toy/other:1")
    script.write_bytes(lab.reg("task", "script", "second").stdout)
    assert run_elsewhere(script, home, lab.root / ".registry") == "10\n"
    [made] = lab.json("task", "show", "second")["outputs"]
    parents = lab.json("model", "show", made["ref"])["parents"]
    assert [(one["role"], one["name"]) for one in parents] == [("input", "toy/other")]
