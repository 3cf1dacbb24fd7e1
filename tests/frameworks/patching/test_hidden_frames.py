"""Warnings of a framework whose functions are wrapped: shown, filtered and collapsed as without us."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from registry_cli.frameworks.patching.hidden_frames import ask_quietly
from registry_cli.frameworks.patching.rules import Rules
from registry_cli.frameworks.patching.switch import Switch
from tests.frameworks.memory_sink import TABLE, Memory, write_toy

WARNING = """
import warnings
from pathlib import Path
warnings.warn("importing is old", stacklevel=2)

def save(model, path):
    warnings.warn("save is old", stacklevel=2)
    Path(path).write_text(model)

def load(path):
    warnings.warn("load is old", stacklevel=2)
    return Path(path).read_text()

def log(name, value):
    warnings.warn("log is old", stacklevel=2)

def train(rounds, callbacks=()):
    warnings.warn("train is old", stacklevel=2)

class Net:
    @classmethod
    def build(cls, path):
        warnings.warn("build is old", stacklevel=2)
"""
SCRIPT = """import sys
import toynet
for at in range(3):
    toynet.save("net", "a.toy")
    toynet.load("a.toy")
    toynet.core.Net.build("a.toy")
    toynet.report("x", 1.0)
    toynet.core.train(1)
"""
LOGGED = """
from pathlib import Path
from registry_cli.frameworks.patching.rules import Rules
from registry_cli.frameworks.patching.switch import Switch
from tests.frameworks.memory_sink import TABLE, Memory
memory = Memory(unknown={UNKNOWN})
switch = Switch({"toy": ("toynet",)}, lambda name: TABLE)
switch.state.rules = Rules({}, ".")
switch.state.make_sink = lambda: memory
switch.start()
import runpy
runpy.run_path("train.py")
assert memory.saves and memory.scores
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    write_toy(tmp_path)
    core = tmp_path / "toynet" / "core.py"
    names = "def bundle(model, path): ...\ndef log_all(values): ...\nclass Base:\n    def store(self, path): ...\n"
    core.write_text(WARNING.replace("class Net:", f"{names}class Net(Base):\n    def read(path): ..."))
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


@pytest.mark.sweep(6)
@pytest.mark.parametrize("unknown", ["None", "{'a.toy'}"])
@pytest.mark.parametrize("flags", [(), ("-W", "always"), ("-W", "ignore:save is old:UserWarning:__main__")])
def test_standard_error_is_the_same(toy: Path, flags: tuple[str, ...], unknown: str) -> None:
    (toy / "logged.py").write_text(LOGGED.replace("{UNKNOWN}", unknown))
    (toy / "plain.py").write_text("import runpy\nrunpy.run_path('train.py')\n")
    path = [str(toy), *(entry for entry in sys.path if entry)]

    def run(script: str) -> str:
        done = subprocess.run(
            [sys.executable, *flags, script],
            cwd=toy,
            env={"PYTHONPATH": ":".join(path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    plain = run("plain.py")
    assert "train.py:4: UserWarning: save is old" in plain
    assert run("logged.py") == plain


def test_questions_of_ours_warn_nobody_and_forget_no_warning() -> None:
    def ask(given: Any) -> Any:
        warnings.warn("asked", stacklevel=1)
        return given

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            warnings.warn("once", stacklevel=1)
            assert ask_quietly(ask, 7) == 7
    assert [str(one.message) for one in seen] == ["once"]


def test_a_wrapper_is_still_found_in_a_traceback(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(toy))
    switch = Switch({"toy": ("toynet",)}, lambda name: TABLE)
    switch.state.rules = Rules({}, str(toy))
    switch.state.make_sink = Memory
    switch.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            core = importlib.import_module("toynet.core")
            with pytest.raises(FileNotFoundError) as caught:
                core.load("gone")
        assert any("wrap.py" in str(entry.path) for entry in caught.traceback)
    finally:
        switch.stop()
        for name in [name for name in sys.modules if name.partition(".")[0] == "toynet"]:
            del sys.modules[name]
