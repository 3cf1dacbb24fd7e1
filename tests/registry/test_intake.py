"""Many small files are taken in by a few processes: the version is the same, whatever becomes of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli.errors import RegError
from registry_cli.registry.api import Registry
from tests.builders import write
from tests.formats import vectors

ROOT = str(Path(__file__).parents[2])

ADD = """
import json, os, signal, sys
os.cpu_count = lambda: 2
forks = []
os.register_at_fork(before=lambda: forks.append(1))
from pathlib import Path
from registry_cli.errors import RegError
from registry_cli.ids import parse_model_name
from registry_cli.registry import intake
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.store import files, syncfs
intake.SHARED_OUT, intake.CHUNK = int(sys.argv[3]), 2
syncfs.MANY, syncfs.WholeSync.is_known, syncfs._read_waiting = 1, lambda _whole: True, lambda: 0
plain, ours, home = intake._take_in_worker, os.getpid(), Path(sys.argv[1])

def take_beside(staging, at, source, path, held):
    {there}
    return plain(staging, at, source, path, held)

if __name__ == "__main__":
    {before}
    intake._take_in_worker = take_beside
    registry = Registry.open(home)
    try:
        row = add_files(registry, Draft(parse_model_name("p/m")), [Path(sys.argv[2])]).version
        found = [[file.path, file.size, file.sha256, file.xxh3, file.media] for file in row.files]
        print(json.dumps([len(forks), [row.framework, row.metadata, found]]))
    except RegError as error:
        print(json.dumps([len(forks), error.message]))
    left = [path.name for path in registry.layout.tmp.iterdir()]
    assert not left, left
"""
"""Adds a folder; `there` is done in a process that takes in a file, before it does."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A registry that has the bytes of one of the files already."""
    with Registry.init(tmp_path / "home") as registry:
        (registry.layout.blobs / "2d" / "711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881").write_bytes(
            b"x"
        )
        return registry.layout.root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for number in range(9):
        write(folder / f"{number}" / "file.bin", os.urandom(100))
    write(folder / "again.bin", b"twice")
    write(folder / "and.again.bin", b"twice")
    write(folder / "empty", b"")
    write(folder / "known.bin", b"x")
    write(folder / "large.bin", os.urandom((1 << 20) + 1))
    write(folder / "model.safetensors", vectors.safetensors({"w": ("F16", [4], 8)}, {"format": "pt"}))
    return folder


def add(
    home: Path, folder: Path, *, there: str = "pass", before: str = "pass", shared_out: int = 4
) -> tuple[int, object]:
    """Return how many processes were forked, and the version or what is wrong with it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ADD.format(there=there, before=before), str(home), str(folder),
         str(shared_out)],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": ROOT},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    forks, version = json.loads(done.stdout)
    return forks, version


@pytest.mark.slow
def test_a_few_processes_take_in_the_same(home: Path, folder: Path, tmp_path: Path) -> None:
    forks, version = add(home, folder)
    with Registry.init(tmp_path / "other") as other:
        assert (forks, (0, version)) == (2, add(other.layout.root, folder, shared_out=1000))
    with Registry.open(home) as registry:
        assert all(
            registry.layout.blob(file.sha256).read_bytes() == (folder / file.path).read_bytes()
            for file in registry.get_row("p/m").files
            if file.sha256
        )


@pytest.mark.slow
def test_where_each_file_is_flushed_by_itself_nothing_is_shared_out(home: Path, folder: Path, tmp_path: Path) -> None:
    before = "syncfs.WholeSync.is_known = lambda _whole: False"
    with Registry.init(tmp_path / "other") as other:
        assert add(home, folder, before=before) == add(other.layout.root, folder, shared_out=1000)


def test_all_is_flushed_before_it_is_named(home: Path, folder: Path) -> None:
    before = """
    class Watch:
        flushed = False
        def before(self, op, path, detail):
            assert op != "link" or Watch.flushed, path
        def after(self, op, path, detail):
            Watch.flushed |= op == "syncfs"
    watching = files.open_observer(Watch())
    watching.__enter__()
"""
    assert add(home, folder, before=before)[0] == 2


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    "there",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "raise MemoryError",
        "Path(held).write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)",
        "os._exit(0)",
    ],
)
def test_what_a_process_that_ends_has_not_taken_in_is_taken_in_without_it(
    there: str, home: Path, folder: Path, tmp_path: Path
) -> None:
    with Registry.init(tmp_path / "other") as other:
        assert add(home, folder, there=there) == (2, add(other.layout.root, folder, shared_out=1000)[1])


@pytest.mark.slow
def test_a_file_that_is_written_to_meanwhile_is_taken_in_once_more(home: Path, folder: Path) -> None:
    there = "intake.sniff_open = lambda *_: open(source, 'ab').write(b'more')"
    with_more = (folder / "again.bin").stat().st_size + 4
    forks, version = add(home, folder, there=there)
    assert forks == 2
    assert isinstance(version, list)
    assert next(size for path, size, *_ in version[2] if path == "again.bin") == with_more


@pytest.mark.slow
def test_what_is_wrong_with_a_file_is_told_as_ever(home: Path, folder: Path) -> None:
    there = "if at == 0: os.remove(source); os.mkfifo(source)"
    assert add(home, folder, there=there) == (
        2,
        f"{folder / '0' / 'file.bin'} is not a regular file: `-` with --filename adds bytes from standard input",
    )
    with Registry.open(home) as registry, pytest.raises(RegError):
        registry.get_row("p/m")


@pytest.mark.slow
def test_an_interrupt_leaves_nothing(home: Path, folder: Path) -> None:
    there = "if at == 3: os.kill(ours, signal.SIGINT)"
    before = """
    def stop(*_):
        raise RegError("interrupted")
    signal.signal(signal.SIGINT, stop)
"""
    assert add(home, folder, there=there, before=before) == (2, "interrupted")
    with Registry.open(home) as registry:
        assert len([path for path in registry.layout.blobs.rglob("*") if path.is_file()]) == 1
