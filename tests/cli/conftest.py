"""The fixture `reg(...)`: runs a command in this process and returns its output; a wrong exit code fails at once."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from registry_cli.cli.main import main
from registry_cli.demo.safetensors import Tensor, TensorFile, dump_tensors
from registry_cli.registry import init
from registry_cli.store.layout import DIRECTORY, Layout
from tests.conftest import Clock

HERE = Path(__file__).parents[2]
"""The repository, for processes that must find the package."""


@dataclass(frozen=True)
class Result:
    code: int
    stdout: bytes
    err: str

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def shown(self) -> list[str]:
        """Lines as a terminal shows them, without their colours."""
        return re.sub("\x1b\\[[0-9;]*m", "", self.out).splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Stream(io.TextIOWrapper):
    """A standard stream in memory; it can pretend to be a terminal, and can refuse writes."""

    def __init__(self, data: bytes = b"", *, terminal: bool = False, refuses: BaseException | None = None) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8", write_through=True)
        self.terminal = terminal
        self.refuses = refuses

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        if self.refuses is not None:
            raise self.refuses
        return super().write(text)

    @property
    def written(self) -> bytes:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


@contextmanager
def standard_streams(stdin: Stream, stdout: Stream, stderr: Stream) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = stdin, stdout, stderr
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


class Reg:
    """Runs `reg` as a user does."""

    def __call__(
        self,
        *words: str | Path,
        code: int = 0,
        stdin: bytes | str = b"",
        terminal: bool = False,
        refuses: BaseException | None = None,
    ) -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        out = Stream(terminal=terminal, refuses=refuses)
        err = Stream()
        with standard_streams(Stream(data), out, err):
            ended = main([str(word) for word in words])
        result = Result(ended, out.written, err.written.decode())
        assert ended == code, f"reg {' '.join(map(str, words))} ended with {ended}\n{result.out}{result.err}"
        return result


@pytest.fixture
def reg() -> Reg:
    return Reg()


def write_weights(path: Path, seed: float = 1.0) -> Path:
    """Write a small `.safetensors` file; another seed gives other bytes of the same length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensor = Tensor((3,), (seed, seed + 1, seed + 2))
    path.write_bytes(dump_tensors(TensorFile({"weight": tensor})))
    return path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("template") / "iris")


@pytest.fixture
def iris(reg: Reg, tmp_path: Path, fixed_clock: Clock, template: Template) -> Reg:
    """`reg` in a folder with a registry of two versions of `iris/softmax` and `iris/tuned`, made from the first."""
    if template.time is None:
        make_iris(reg, tmp_path)
        template.keep(tmp_path, fixed_clock)
    else:
        template.lay_out(tmp_path, fixed_clock)
    return reg


def make_iris(reg: Reg, tmp_path: Path) -> None:
    first, second, third = (write_weights(tmp_path / "in" / f"{n}.safetensors", n) for n in (1, 2, 3))
    (tmp_path / "net.json").write_text('{"units": 3}\n')
    facts = ("--metric", "acc=0.91", "--meta", "owner=risk", "--label", "setosa=0", "--design", "net.json")
    reg("init")
    reg("model", "add", "iris/softmax", first, *facts, "--tag", "baseline", "--alias", "best", "-m", "first try")
    reg("model", "add", "iris/softmax", second, "--metric", "acc=0.95", "--metric", "loss=nan")
    reg("model", "add", "iris/tuned", third, "--parent", "base=iris/softmax:1")


class Template:
    """A folder with a registry, made by the first test that needs it; the others get a copy of it.

    Attributes:
        time: The clock's time when it was made, None before.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.time: datetime | None = None

    def keep(self, folder: Path, clock: Clock) -> None:
        """Keep a copy of the folder of a test, without the user's home."""
        shutil.copytree(folder, self._folder, ignore=shutil.ignore_patterns(".home"))
        for fan in self._folder.glob(f"{DIRECTORY}/*/??"):
            if not any(fan.iterdir()):
                fan.rmdir()
        self.time = clock.time

    def lay_out(self, folder: Path, clock: Clock) -> None:
        """Copy it to the folder of a test."""
        assert self.time is not None
        layout = Layout(folder / DIRECTORY)
        layout.root.mkdir()
        for parent in (layout.blobs, layout.records):
            parent.mkdir()
        init._make_fans(layout)  # the quick way, which takes them away again
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)
        clock.time = self.time


def run_process(*words: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run `reg` in a process of its own, for tests that need real descriptors."""
    command = [sys.executable, "-m", "registry_cli", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    return subprocess.run(command, input=data, capture_output=True, check=False, env=env)
