"""Bytes in and out: adding, getting and verifying large files, and adding ten thousand small ones."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from registry_cli.ids import parse_model_name
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.get import get_file
from registry_cli.registry.verify import list_faults
from registry_cli.store.hashing import digest_bytes
from tests.bench.timing import compare

LARGE = 1 << 30
SMALL = 10_000


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        _large(folder)
        _small(folder)


def _large(folder: Path) -> None:
    source, copy, out = folder / "source.bin", folder / "copy.bin", folder / "out.bin"
    block = os.urandom(1 << 20)
    with source.open("wb") as file:
        for at in range(LARGE >> 20):
            file.write(at.to_bytes(8, "little") + block[8:])
    runs = 9
    registries = [Registry.init(folder / f"new{number}") for number in range(runs + 1)]
    for each in registries:
        add_files(each, Draft(parse_model_name("bench/first")), [Path(__file__)])
    fresh = iter(registries)

    def add_new() -> None:
        add_files(next(fresh), draft, [source])

    def copy_durably() -> None:
        shutil.copyfile(source, copy)
        with copy.open("rb") as file:
            os.fsync(file.fileno())

    def forget() -> None:
        copy.unlink(missing_ok=True)
        out.unlink(missing_ok=True)
        for blob in folder.glob("new*/.registry/blobs/*/*"):
            blob.unlink()
        os.sync()

    draft = Draft(parse_model_name("bench/large"))
    compare("add 1 GiB : cp + fsync", add_new, copy_durably, bar="1.10", runs=runs, between=forget)
    registry = Registry.init(folder / "large")
    add_files(registry, draft, [source])

    def add_again() -> None:
        add_files(registry, draft, [source], allow_same=True)

    compare("add 1 GiB that is there : cp + fsync", add_again, copy_durably, bar="-", runs=3, between=forget)
    row = registry.get_row("bench/large")

    compare("get 1 GiB, verified : cp + fsync", lambda: get_file(registry, row, out), copy_durably, bar="1.15", runs=9,
            between=forget)  # fmt: skip
    compare("verify 1 GiB : cat > /dev/null (bar: 0.9 of its rate)", lambda: list_faults(registry, row),
            lambda: os.system(f"cat {source} > /dev/null"), bar="1.11", runs=5)  # fmt: skip
    registry.close()
    source.unlink()


def _small(folder: Path) -> None:
    source = folder / "small"
    source.mkdir()
    for number in range(SMALL):
        (source / f"{number:05d}.bin").write_bytes(os.urandom(4096))
    places = iter(range(1000))

    def ours() -> None:
        registry = Registry.init(folder / f"ours{next(places)}")
        add_files(registry, Draft(parse_model_name("bench/small")), [source])
        registry.close()

    def bare() -> None:
        place = folder / f"bare{next(places)}"
        place.mkdir()
        for at in range(256):
            (place / f"{at:02x}").mkdir()
        for path in sorted(source.iterdir()):
            data = path.read_bytes()
            name = digest_bytes(data).sha256
            temporary = place / "tmp"
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, place / name[:2] / name[2:])
            temporary.unlink()
        for at in range(256):
            fd = os.open(place / f"{at:02x}", os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)

    compare("add 10,000 files of 4 KB : a bare loop of the same installs", ours, bare, bar="1.3", runs=3)
