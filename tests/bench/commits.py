"""Small commits in process beside one fsynced file; many writers beside one."""

from __future__ import annotations

import os
import sys
import tempfile
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from registry_cli.ids import parse_model_name, parse_tag
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.editing import tag_versions
from tests.bench.timing import compare, seconds

WRITERS = 32
COMMITS = 50


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        _one(folder)
        _many(folder)


def _one(folder: Path) -> None:
    registry = Registry.init(folder / "one")
    numbers = count()
    sources = [folder / f"model{number}.bin" for number in range(200)]
    for source in sources:
        source.write_bytes(os.urandom(2000))
    fresh = iter(sources)

    def add() -> None:
        add_files(registry, Draft(parse_model_name("bench/one"), metrics={"acc": 0.5}), [next(fresh)])

    def tag() -> None:
        tag_versions(registry, ["bench/one:1"], add=[parse_tag(f"t{next(numbers)}")])

    def fsynced() -> None:
        with (folder / f"f{next(numbers)}").open("wb") as file:
            file.write(b"x" * 2000)
            file.flush()
            os.fsync(file.fileno())

    add()
    compare("commit of a small version : one fsynced file", add, fsynced, bar="8", runs=100)
    compare("tag : one fsynced file", tag, fsynced, bar="-", runs=100)


def _write(folder: Path, writer: int) -> None:
    registry = Registry.open(folder)
    for number in range(COMMITS):
        source = folder.parent / f"w{writer}"
        source.write_bytes(f"{writer} {number}".encode())
        add_files(registry, Draft(parse_model_name(f"bench/w{writer}")), [source])


def _many(folder: Path) -> None:
    fork = get_context("fork")

    def run(place: Path, writers: int) -> float:
        Registry.init(place).close()
        each = [fork.Process(target=_write, args=(place, writer)) for writer in range(writers)]

        def work() -> None:
            for process in each:
                process.start()
            for process in each:
                process.join()
                if process.exitcode:
                    sys.exit(f"a writer ended with {process.exitcode}")

        rate = writers * COMMITS / seconds(work)
        head = Registry.open(place).log.head().seq
        if head != writers * COMMITS:
            sys.exit(f"{writers * COMMITS - head} commits lost")
        return rate

    ratios = [run(folder / f"many{at}", WRITERS) / run(folder / f"single{at}", 1) for at in range(3)]
    print(
        f"{'rate of 32 writers : of one':<72} max {max(ratios):6.2f}  median {sorted(ratios)[1]:6.2f}  bar 0.5 or more"
    )
