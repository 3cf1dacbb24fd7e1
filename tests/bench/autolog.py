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
import os, pickle, shutil, time  # the import of a framework turns the hooks on
from statistics import median
import registry_cli as reg
from registry_cli.frameworks.patching.shapes import Argument, Framework, Save
from registry_cli.frameworks.patching.switch import _switch
from registry_cli.frameworks.patching.wrap import wrap

def save(model, path):
    pass

table = Framework("Bench", ("pytorch",), ())
reg.autolog()
hooked = wrap(_switch.state, table, Save("bench:save", Argument(1, "path")), save)
os.makedirs("many", exist_ok=True)
paths = [os.path.abspath(f"many/{{number}}.txt") for number in range({FILES})]
for path in paths:
    open(path, "w").close()
hooked(None, paths[0])
line, end = b"x" * 120 + b"\\n", os.open("lines", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
calls = (lambda path: hooked(None, path)), os.stat, (lambda path: os.write(end, line))
times = [[], [], []]
for at in range(0, len(paths), 50):
    for function, taken in zip(calls, times):
        began = time.thread_time()
        for path in paths[at : at + 50]:
            function(path)
        taken.append((time.thread_time() - began) / 50 * 1e6)
shutil.rmtree("many")  # else the runner makes a thousand versions, which are not timed here
print(*(each for taken in times for each in (min(taken), median(taken))))
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
    return _run_all(code, *flags, logged=logged)[-1]


def _run_all(code: str, *flags: str, logged: bool = True) -> list[float]:
    """Return the numbers in the last line that a script prints."""
    Path("bench.py").write_text(code)
    command = [sys.executable, "bench.py"]
    if logged:
        command = [sys.executable, "-m", "registry_cli", "log", *flags, "--", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.splitlines()[-1].split()]


def _calls() -> None:
    """Time a hooked save, `os.stat` and an `os.write` of a line in turn: the two calls that no note can do without."""
    runs = [_run_all(CALL, "--auto") for _ in range(3)]
    hooked, stat, write = ([pair for run in runs for pair in run[at : at + 2]] for at in (0, 2, 4))
    _tell("a hooked save, less a stat (time of its thread) : 5 µs",
          [(mine - other) / 5 for mine, other in zip(hooked, stat, strict=True)], "1")  # fmt: skip
    _tell("a hooked save : a stat", [mine / other for mine, other in zip(hooked, stat, strict=True)], "-")
    _tell("a hooked save : a stat and a write of a line",
          [mine / (a + b) for mine, a, b in zip(hooked, stat, write, strict=True)], "-")  # fmt: skip


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
