"""Looking after a registry: reading all of it through."""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path

from registry_cli.ids import parse_model_name
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.fsck.fsck import check_registry
from tests.bench.timing import compare

TOTAL = 4 << 30
"""Bytes that are checked, in as many files as said."""


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        for files in (1, 8, 1024):
            _check(Path(name) / str(files), files)


def _check(folder: Path, files: int) -> None:
    registry = Registry.init(folder)
    block, source = os.urandom(1 << 20), folder / "source"
    source.mkdir()
    for number in range(files):
        with (source / f"{number}.bin").open("wb") as file:
            for at in range((TOTAL >> 20) // files):
                file.write((number << 32 | at).to_bytes(8, "little") + block[8:])
    add_files(registry, Draft(parse_model_name("bench/checked")), [source], mode="move")
    blobs = " ".join(str(path) for path in registry.layout.blobs.glob("*/*"))
    before = _peak()
    compare(
        f"fsck of 4 GiB in {files:,} blobs : cat > /dev/null (bar: 0.9 of its rate)",
        lambda: check_registry(registry),
        lambda: os.system(f"cat {blobs} > /dev/null"),
        bar="1.11",
        runs=5,
    )
    print(f"{'  and its memory, MiB over what was used before':<72} {_peak() - before:>10,.0f}            bar 64")
    registry.close()
    for blob in registry.layout.blobs.glob("*/*"):
        blob.unlink()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
