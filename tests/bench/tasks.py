"""Tasks: what recording a command costs, how fast scalars are taken, how long a thousand tasks take to list."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from registry_cli.dataclass import replace
from registry_cli.ids import TaskId, new_ulid
from registry_cli.records.task import Recipe, Task
from registry_cli.registry.api import Registry
from registry_cli.tasks.attempt.scalar_writer import ScalarWriter
from registry_cli.tasks.record import write_stage
from tests.bench.timing import compare, open_registry, python, seconds

POINTS = 200_000
BUSY = "import time; end = time.process_time() + {seconds}\nwhile time.process_time() < end: sum(range(1000))"


def main() -> None:
    """Print the ratios."""
    with open_registry() as folder:
        _overhead()
        _scalars(folder)
        _listing()


def _log(*words: str) -> None:
    python("-m", "registry_cli", "log", "--output", "out/*", "--metrics", "m.json", "--", sys.executable, *words)


def _overhead() -> None:
    over = [seconds(lambda: _log("-c", "pass")) - seconds(lambda: python("-c", "pass")) for _ in range(9)][1:]
    print(f"{'reg log -- python -c pass, less the command : 0.25 s':<72} min {min(over) / 0.25:6.2f}"
          f"  median {median(over) / 0.25:6.2f}  bar 1", flush=True)  # fmt: skip
    long = BUSY.format(seconds=20)
    share = [seconds(lambda: _log("-c", long)) - seconds(lambda: python("-c", long)) - median(over) for _ in range(3)]
    print(f"{'the same of 20 s of work, beyond that : 1 % of 20 s':<72} min {min(share) / 0.2:6.2f}"
          f"  median {median(share) / 0.2:6.2f}  bar 1", flush=True)  # fmt: skip


def _scalars(folder: Path) -> None:
    def ours() -> None:
        writer = ScalarWriter(folder / "ours.tsv")
        for number in range(POINTS):
            writer.add("loss", number * 0.5, number, 1.7e9 + number / 1000)
        writer.close()

    def bare() -> None:
        with (folder / "bare.tsv").open("w") as file:
            for number in range(POINTS):
                file.write(f"loss\t{number}\t{number * 0.5!r}\t{1.7e9 + number / 1000:.3f}\n")

    compare(f"{POINTS:,} scalars : the same lines by file.write", ours, bare, bar="–")
    rate = POINTS / seconds(ours) / 100_000
    print(f"{'scalars in a second : 100,000':<72} {rate:10.2f}  bar 1 (at least)", flush=True)


def _listing() -> None:
    with Registry.open(".") as registry:
        for number in range(1000):
            begun = Task(
                id=TaskId(new_ulid()), name=f"train {number % 10}", project="iris", status="running", attempt=1,
                created=datetime.now(UTC), author="bench", recipe=Recipe(("python", "train.py")),
                params={"lr": number / 1000}, started=datetime.now(UTC),
            )  # fmt: skip
            write_stage(registry, "start", begun)
            ended = replace(begun, status="completed", ended=datetime.now(UTC), exit_code=0, metrics={"loss": number})
            write_stage(registry, "end", ended)
    times = [seconds(lambda: python("-m", "registry_cli", "task", "list")) for _ in range(9)][1:]
    print(f"{'1,000 tasks listed : 0.2 s':<72} min {min(times) / 0.2:6.2f}  median {median(times) / 0.2:6.2f}  bar 1")
    times = [seconds(lambda: python("-m", "registry_cli", "task", "list", "metrics.loss < 500", "--sort", "-started"))
             for _ in range(9)][1:]  # fmt: skip
    print(f"{'… those with a metric, sorted : 0.2 s':<72} min {min(times) / 0.2:6.2f}"
          f"  median {median(times) / 0.2:6.2f}  bar 1")  # fmt: skip
