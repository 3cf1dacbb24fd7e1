"""Automatic logging: what it costs the script, at its start, at each save and load, and beside large checkpoints.

What needs PyTorch is left out where there is none.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from tests.bench.timing import open_registry, python, seconds

FILES = 1000
CALL = f"""
import os, pickle, sys, time
import registry_cli as reg
from registry_cli.frameworks.patching.shapes import Argument, Framework, Save
from registry_cli.frameworks.patching.switch import _switch
from registry_cli.frameworks.patching.wrap import wrap

def save(model, path):
    pass

table = Framework("Bench", "bench", ("pytorch",), (), ())
reg.autolog()
hooked = wrap(_switch.state, table, Save("bench:save", Argument(1, "path")), save)
os.makedirs("many", exist_ok=True)
paths = [os.path.abspath(f"many/{{number}}.txt") for number in range({FILES})]
for path in paths:
    open(path, "w").close()
hooked(None, paths[0])
times = []
for function in (lambda path: hooked(None, path), os.stat):
    began = time.thread_time()
    for path in paths:
        function(path)
    times.append((time.thread_time() - began) / len(paths))
print((times[0] - times[1]) * 1e6)
"""
START = "import time; began = time.perf_counter()\n{}\nprint((time.perf_counter() - began) * 1e3)"
SAVES = """
import time, torch
weights = torch.rand(100_000_000 // 4)
torch.save({{}}, "first.pt")
took = 0.0
for number in range(10):
    weights[0] = number
    time.sleep({pause})
    began = time.perf_counter()
    torch.save(weights, "{name}".format(number))
    took += time.perf_counter() - began
print(took + 10 * {pause})
"""
LOADS = """
import os, time, torch
os.makedirs("some", exist_ok=True)
for number in range(1000):
    if not os.path.exists(f"some/{number}.pt"):
        torch.save({"weight": torch.rand(1000 + number)}, f"some/{number}.pt")
torch.load("some/0.pt")
began = time.perf_counter()
for number in range(1000):
    torch.load(f"some/{number}.pt")
print(time.perf_counter() - began)
"""


def main() -> None:
    """Print the ratios."""
    with open_registry():
        _calls()
        _start()
        if find_spec("torch") is None:
            print("torch is not installed: no checkpoints and loads")
            return
        _saves()
        _loads()


def _tell(text: str, ratios: list[float], bar: str) -> None:
    print(f"{text:<72} min {min(ratios):6.2f}  median {median(ratios):6.2f}  bar {bar}", flush=True)


def _run(code: str, *flags: str, logged: bool = True) -> float:
    """Return the number that a script prints last, run by `reg log` or alone."""
    Path("bench.py").write_text(code)
    command = [sys.executable, "bench.py"]
    if logged:
        command = [sys.executable, "-m", "registry_cli", "log", *flags, "--", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _calls() -> None:
    _tell("a hooked save, less a stat (time of its thread) : 5 µs", [_run(CALL, "--auto") / 5 for _ in range(5)], "1")


def _start() -> None:
    bare = "import registry_cli as reg"
    over = [_run(START.format(f"{bare}; reg.autolog()")) - _run(START.format(bare)) for _ in range(6)][1:]
    _tell("autolog() within a task : 20 ms", [each / 20 for each in over], "1")
    Path("bench.py").write_text("pass")
    plain = ["-m", "registry_cli", "log"]
    over = [seconds(lambda: python(*plain, "--auto", "--", sys.executable, "bench.py"))
            - seconds(lambda: python(*plain, "--", sys.executable, "bench.py")) for _ in range(9)][1:]  # fmt: skip
    _tell("reg log --auto -- python -c pass, less the same without : 20 ms", [each / 0.02 for each in over], "1")


def _saves() -> None:
    for words, name, pause in (
        ("ten paths, at once", "ckpt-{}.pt", 0.0), ("ten paths, a second between", "ckpt-{}.pt", 1.0),
        ("one path, at once", "last.pt", 0.0), ("one path, a second between", "last.pt", 1.0),
    ):  # fmt: skip
        code = SAVES.format(name=name, pause=pause)
        ratios = []
        for _ in range(4):
            for path in Path().glob("*.pt"):
                path.unlink()
            os.sync()
            ratios.append(_run(code, "--auto") / _run(code))
        _tell(f"ten checkpoints of 100 MB ({words}) : unlogged", ratios[1:], "1.05")


def _loads() -> None:
    _run(LOADS, logged=False)
    ratios = [_run(LOADS, "--auto") / _run(LOADS) for _ in range(7)][1:]
    _tell("1,000 torch.load of unknown files : unlogged", ratios, "1.01")
