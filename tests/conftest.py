"""Every test runs in a folder of its own, with a home of its own, and in an environment that it sets itself."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from registry_cli import clock, env
from registry_cli.registry import init
from registry_cli.store import disk_reserve, observing
from registry_cli.store.layout import DIRECTORY, FANOUT, Layout
from tests.faults import harness

# tests pass on a machine that has other work too; `--hypothesis-profile many` chooses the sweep
loaded = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", loaded, max_examples=10)
settings.register_profile("many", loaded, max_examples=100)
settings.load_profile("few")

MEMORY = Path("/dev/shm")
ROOM = 2 << 30
"""Bytes that must be free there."""
ROOT = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest makes the tests' folders."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults-share", type=int, default=1, metavar="N", help="take every N-th case of the fault sweeps"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Work in memory where there is room, unless told otherwise: thousands of registries flush their every step.

    Hundreds of processes import the package: none compiles it anew, whatever the shell says.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    harness.SHARE[0] = config.getoption("--faults-share")
    if ROOT not in os.environ and os.access(MEMORY, os.W_OK):
        room = os.statvfs(MEMORY)
        if room.f_bavail * room.f_frsize >= ROOM:
            os.environ[ROOT] = str(MEMORY)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to the slow suite what `sweep(n)` takes from the default run, in whatever order tests are collected."""
    swept: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item.nodeid):
        if item.get_closest_marker("sweep"):
            swept[item.nodeid.partition("[")[0]].append(item)
    for same in swept.values():
        for number, item in enumerate(same):
            mark = item.get_closest_marker("sweep")
            if mark and number % mark.args[0] and not item.get_closest_marker("faults"):
                item.add_marker(pytest.mark.slow)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    for place in (MEMORY, Path(tempfile.gettempdir()), Path(__file__).parent):
        if place.is_dir() and os.access(place, os.W_OK) and place.stat().st_dev != tmp_path.stat().st_dev:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                yield Path(folder)
            return
    pytest.skip("there is no second file system")


@pytest.fixture(scope="session", autouse=True)
def heard_signals() -> Iterator[None]:
    """Started in the background or by nohup, we would hand on to every process that some signals are to be ignored."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGQUIT: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL,
             signal.SIGTERM: signal.SIG_DFL}  # fmt: skip
    before = {number: signal.getsignal(number) for number in usual}
    for number, answer in usual.items():
        if before[number] == signal.SIG_IGN:
            signal.signal(number, answer)
    yield
    for number, answer in before.items():
        if answer == signal.SIG_IGN:
            signal.signal(number, answer)


@pytest.fixture(scope="session", autouse=True)
def small_reserve() -> Iterator[None]:
    """Thousands of registries are made; none needs its reserve but where that is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk_reserve, "RESERVE", 4 << 10)
        patch.setattr(disk_reserve, "SPARES", 0)
        yield


@pytest.fixture(autouse=True)
def quick_fans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Make the 512 folders of thousands of registries, and take those left empty away, by a bare call each.

    The seam makes them where somebody watches it, where a registry is shared, and in every process but the test's own.
    """
    folders: list[Path] = []
    make_fans = init._make_fans

    def make_quickly(layout: Layout) -> None:
        if layout.shared or observing._observer is not None:
            make_fans(layout)
            return
        for parent in (layout.blobs, layout.records):
            for name in FANOUT:
                os.mkdir(f"{parent}/{name}")
        folders.append(layout.root.parent)

    monkeypatch.setattr(init, "_make_fans", make_quickly)
    yield
    for folder in folders:
        if not folder.is_relative_to(tmp_path):
            continue
        made = Layout(folder / DIRECTORY)
        for parent in (made.blobs, made.records):
            for name in FANOUT:
                try:
                    os.rmdir(f"{parent}/{name}")
                except OSError:
                    pass  # it is in use, or the test took it away


class Clock:
    """The time of the records and entries that the test's own process makes: each reading is a millisecond later."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.advance(milliseconds=1)
        return self.time

    def advance(self, **time: float) -> None:
        """Go forward by `timedelta(**time)`."""
        self.time += timedelta(**time)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the clock of records and entries."""
    fixed = Clock()
    monkeypatch.setattr(clock, "now", fixed)
    return fixed


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name in env.VARIABLES or name.startswith("REG_")]:
        monkeypatch.delenv(name)
    for name in (env.REG_CONFIG_HOME, env.REG_CACHE_HOME, env.REG_DATA_HOME):
        monkeypatch.setenv(name, str(tmp_path / ".home" / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path / ".home"))
    monkeypatch.setenv(env.REG_AUTHOR, "tester")
    monkeypatch.setenv(env.COLUMNS, "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    yield
    monkeypatch.undo()
    time.tzset()
