"""A registry to be broken, made once, and the count of what was tried."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_cli import env
from registry_cli.registry.gc.mark import Mark
from tests.faults.harness import TALLY, Site, make_site
from tests.faults.small_disk import OpenDisk, SmallDisk


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The registry of which each test breaks copies; nobody writes here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(env.REG_AUTHOR, "tester")
        return make_site(tmp_path_factory.mktemp("template"))


@pytest.fixture
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fsync do nothing, for suites whose kernel does not die: the seam still sees each call."""
    monkeypatch.setattr(os, "fsync", lambda _fd: None)


@pytest.fixture
def open_small_disk(tmp_path: Path) -> Iterator[OpenDisk]:
    """Give a function that mounts a file system of so many bytes; unmounted at the end, skipped where it may not be."""
    disks: list[SmallDisk] = []

    def mount(size: int, inodes: int | None = None) -> SmallDisk:
        try:
            disks.append(SmallDisk(tmp_path / f"disk-{len(disks)}", size, inodes))
        except OSError as error:
            pytest.skip(f"no file system can be mounted here: {error}")
        return disks[-1]

    yield mount
    for disk in disks:
        disk.close()


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let collectors not spare what a record names that no entry does yet: the log's order alone must protect it."""
    monkeypatch.setattr(Mark, "_find_strays", lambda _mark: set())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY:
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(TALLY.items()))
        terminalreporter.write_line(f"faults: {counts}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # a worker of pytest-xdist
        output["faults"] = dict(TALLY)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    TALLY.update(getattr(node, "workeroutput", {}).get("faults", {}))
