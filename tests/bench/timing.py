"""Two things timed in turn in one run, and the ratio of their times: what a shared, noisy machine can still tell."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call took."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(
    label: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    bar: str,
    runs: int = 7,
    between: Callable[[], object] = lambda: None,
) -> None:
    """Print the ratio of two calls' times: of their minima, and the median of the ratios pair by pair.

    Args:
        label: What is compared with what.
        ours: Timed first of each pair.
        theirs: Timed second.
        bar: The design's limit, printed beside it.
        runs: Pairs that count, after one that does not.
        between: Cleans up after each call; not timed.
    """
    pairs = []
    for _ in range(runs + 1):
        mine = seconds(ours)
        between()
        yours = seconds(theirs)
        between()
        pairs.append((mine, yours))
    pairs = pairs[1:]
    least = min(mine for mine, _ in pairs) / min(yours for _, yours in pairs)
    middle = median(mine / yours for mine, yours in pairs)
    print(f"{label:<72} min {least:6.2f}  median {middle:6.2f}  bar {bar}", flush=True)


@contextmanager
def open_registry() -> Iterator[Path]:
    """Work in a new folder with a registry, as processes that are started then do."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPATH"] = here
        os.environ.pop("REG_DIR", None)
        os.chdir(folder)
        try:
            python("-m", "registry_cli", "init")
            yield Path(folder)
        finally:
            os.chdir(here)


def python(*words: str) -> None:
    """Run this interpreter with bytecode caching on and its output thrown away."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *words], check=True, env=environment, stdout=subprocess.DEVNULL)
