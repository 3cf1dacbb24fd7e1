"""The probe: a place is shared only if it does what all safety rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.errors import RefusedError, RemoteError
from registry_cli.remotes.folder import FolderRemote
from registry_cli.remotes.port import ObjectStatus, Source
from registry_cli.remotes.probe import Probe, probe_remote
from tests.remotes.faults import FaultRemote
from tests.remotes.memory import MemoryRemote


class Overwriting(MemoryRemote):
    """Takes a second creation, as some gateways do."""

    def put_new(self, key: str, source: Source) -> bool:
        self.delete(key)
        return super().put_new(key, source)


class Unconditional(MemoryRemote):
    """Replaces whatever is there."""

    def put_if(self, key: str, data: bytes, tag: str) -> bool:
        self.delete(key)
        return super().put_new(key, data)


class Whole(MemoryRemote):
    """Answers a request for a part with all of it."""

    def get(self, key: str, start: int = 0, *, most: int) -> bytes:
        return super().get(key, most=1 << 20)


class Forgetful(MemoryRemote):
    """Loses what it has acknowledged."""

    def head(self, key: str) -> ObjectStatus | None:
        return None


def test_a_good_place(tmp_path: Path) -> None:
    for remote in (MemoryRemote(), FolderRemote(tmp_path / "remote")):
        found = probe_remote(remote)
        assert found.list_faults() == []
        found.check_writable("file:///mnt/reg")
        assert list(remote.list_after("")) == []


@pytest.mark.parametrize(
    ("remote", "fault"),
    [
        (Overwriting(), "accepts a second object of the same name"),
        (Unconditional(), "replaces an object whatever its content is"),
        (Whole(), "does not read a part of an object"),
        (FaultRemote(MemoryRemote(), rates={"stale list": 1.0}), "does not list an object that was just created"),
    ],
)
def test_a_place_that_lies_is_not_written_to(remote: MemoryRemote, fault: str) -> None:
    found = probe_remote(remote)
    assert found.list_faults() == [fault]
    with pytest.raises(RefusedError, match=f"file:///mnt/reg cannot be shared by several writers: it {fault}"):
        found.check_writable("file:///mnt/reg")


def test_a_place_that_loses_what_it_acknowledged() -> None:
    with pytest.raises(RemoteError, match="just created is not there"):
        probe_remote(Forgetful())


@pytest.mark.parametrize("ahead", [-90.0, 90.0])
def test_a_clock_that_is_off_is_measured(ahead: float) -> None:
    found = probe_remote(FaultRemote(MemoryRemote(), ahead=ahead))
    assert found.ahead == pytest.approx(ahead, abs=1)


def test_nothing_is_left_of_a_probe_that_fails() -> None:
    memory = MemoryRemote()
    for seed in range(50):
        remote = FaultRemote(memory, seed, rates={"lost reply": 0.3})
        try:
            probe_remote(remote)
        except RemoteError:
            continue
    assert len(list(memory.list_after(""))) <= 50  # what could not be deleted, for want of a connection


def test_faults_are_named() -> None:
    assert Probe(False, False, False, False, 0.0).list_faults() != []
