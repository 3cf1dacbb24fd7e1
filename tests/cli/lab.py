"""A folder with a git repository, a registry and a training script; commands are run as a user's shell would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry_cli.records.task import Task
from registry_cli.registry.api import Registry
from registry_cli.tasks.record import get_row, get_task, read_task_file
from tests.forks import LONGEST
from tests.spawner import HERE, run_reg

REG = (sys.executable, "-m", "registry_cli")
TRAIN = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
lr = parser.parse_args().lr
os.makedirs("out", exist_ok=True)
open("out/best.bin", "wb").write(b"weights " + str(lr).encode())
json.dump({"loss": lr * 2}, open("metrics.json", "w"))
print("loss", lr * 2)
"""


class Lab:
    """A user's machine: a home, a git repository, a registry and a training script."""

    def __init__(self, root: Path, *, git: bool = True, registry: bool = True) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.write("train.py", TRAIN)
        if git:
            self.git("init", "-q", "-b", "main", ".")
            self.git("add", "train.py")
            self.git("commit", "-qm", "first")
        if registry:
            Registry.init(root).close()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def git(self, *words: str) -> str:
        settings = ("-c", "user.email=tester@example.org", "-c", "user.name=tester", "-c", "commit.gpgsign=false")
        return self.run("git", *settings, *words).stdout.decode().strip()

    def run(self, *words: str, code: int = 0, **options: Any) -> subprocess.CompletedProcess[bytes]:
        options.setdefault("timeout", LONGEST)
        if words[:3] == REG and options.keys() == {"timeout"}:
            done = run_reg(words[3:], cwd=self.root, environ=self.environ, **options)
        else:
            done = subprocess.run(words, cwd=self.root, env=self.environ, capture_output=True, check=False, **options)
        assert done.returncode == code, (words, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def reg(self, *words: str, code: int = 0, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return self.run(*REG, *words, code=code, **options)

    def json(self, *words: str) -> Any:
        return json.loads(self.reg(*words, "--json").stdout)

    def log(self, *words: str, code: int = 0, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run `reg log WORDS`; `python` is this interpreter."""
        command = [sys.executable if word == "python" else word for word in words]
        return self.reg("log", *command, code=code, **options)

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(HERE), "GIT_CONFIG_GLOBAL": os.devnull}

    @contextmanager
    def open(self) -> Iterator[Registry]:
        registry = Registry.open(self.root)
        try:
            yield registry
        finally:
            registry.close()

    def task(self, ref: str = "@last") -> Task:
        with self.open() as registry:
            return get_task(registry, get_row(registry, ref))

    def blob(self, path: str, ref: str = "@last") -> bytes:
        """Return one of a task's blobs."""
        with self.open() as registry:
            file = get_task(registry, get_row(registry, ref)).find_file(path)
            assert file is not None, path
            return read_task_file(registry, file)
