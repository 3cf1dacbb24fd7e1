"""SIGKILL in every call of the seam: what was acknowledged stays, the rest is whole or absent, a rerun converges."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.errors import RegError
from registry_cli.registry.api import Registry
from registry_cli.store import files
from registry_cli.store.staging import Staging
from tests.faults.harness import (
    COMMANDS,
    EXTENT,
    TALLY,
    Acknowledge,
    Call,
    Ended,
    Site,
    Witness,
    check_whole,
    choose,
    end_child,
    extents,
    kill_self,
    names_of,
    snapshot_of,
    start_child,
)

Command = Callable[[Site], object]
pytestmark = pytest.mark.usefixtures("quick_disk")


def init(site: Site) -> None:
    Registry.init(site.folder)


def list_calls(site: Site, command: Command) -> list[Call]:
    witness = Witness()
    with files.open_observer(witness):
        command(site)
    return witness.calls


def run_killed(site: Site, command: Command, fatal: int) -> Ended:
    """Do a command in a child that dies in its `fatal`-th call."""

    def act(number: int, _call: Call) -> None:
        if number == fatal:
            kill_self()

    def work(acknowledge: Acknowledge) -> None:
        with files.open_observer(Witness(act)):
            command(site)
            acknowledge()

    ended = end_child(*start_child(work))
    assert ended.code in {0, -signal.SIGKILL}
    TALLY["kills"] += ended.code != 0
    return ended


def sweep(template: Site, tmp_path: Path, command: Command, extent: str) -> None:
    before = snapshot_of(template)
    rehearsal = template.copy(tmp_path / "rehearsal")
    calls = list_calls(rehearsal, command)
    after = check_whole(rehearsal)
    assert before != after
    for fatal in choose(calls, extent):
        site = template.copy(tmp_path / str(fatal))
        ended = run_killed(site, command, fatal)
        if fatal % 2:
            site.forget_index()
        found = check_whole(site)
        assert found == after or (found == before and not ended.acknowledged), calls[fatal - 1]
        command(site)
        assert check_whole(site) == after, calls[fatal - 1]
        shutil.rmtree(site.folder)


@pytest.mark.slow
@extents(COMMANDS, smoke="tag")
def test_killed_command_is_whole_or_absent(name: str, extent: str, template: Site, tmp_path: Path) -> None:
    sweep(template, tmp_path, COMMANDS[name], extent)


@EXTENT
def test_killed_init_leaves_a_whole_registry_or_none(extent: str, template: Site, tmp_path: Path) -> None:
    rehearsal = Site(tmp_path / "new" / "rehearsal", template.sources)
    calls = list_calls(rehearsal, init)
    for fatal in choose(calls, extent):
        if calls[fatal - 1].op == "mkdir" and fatal % 16 > 1:  # the folders of blobs and records are all alike
            continue
        site = Site(tmp_path / "killed" / str(fatal), template.sources)
        ended = run_killed(site, init, fatal)
        assert site.root.exists() or not ended.acknowledged
        if site.root.exists():
            assert check_whole(site) == ()
        init(site)
        COMMANDS["add"](site)
        assert names_of(check_whole(site)) == ["p/new:1"]
        assert [path.name for path in site.folder.iterdir()] == [".registry"]
        shutil.rmtree(site.folder)


@pytest.mark.faults
def test_the_sweep_notices_a_slot_taken_before_its_blobs(
    template: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Staging, "restore_lost", Staging.install)
    monkeypatch.setattr(Staging, "install", Staging.flush)
    with pytest.raises((AssertionError, RegError), match="missing"):
        sweep(template, tmp_path, COMMANDS["add"], "some")
