"""The n-th call fails: the command says so, nothing acknowledged is lost, no litter stays, and the next run is well."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from registry_cli.errors import RegError
from registry_cli.store import files
from registry_cli.store.files import NewFile
from tests.faults.harness import (
    COMMANDS,
    EXTENT,
    TALLY,
    Call,
    Site,
    Witness,
    check_whole,
    choose,
    snapshot_of,
)

pytestmark = pytest.mark.usefixtures("quick_disk")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT)
PROMISING = frozenset({"create", "write", "fsync", "fsync-dir", "link"})
"""Without these a command must not succeed."""


def fails(site: Site, name: str, number: int, error: int, *, forever: bool) -> bool:
    """Run a command whose `number`-th call fails, and all that follow where `forever`; return whether it failed."""

    def act(at: int, call: Call) -> None:
        if at == number or (forever and at > number and call.moment == "before"):
            raise OSError(error, "injected", call.path)

    TALLY["calls failed"] += 1
    try:
        with files.open_observer(Witness(act)):
            COMMANDS[name](site)
    except (OSError, RegError):
        return True
    return False


def sweep(template: Site, tmp_path: Path, name: str, error: int, extent: str, *, forever: bool) -> None:
    before = snapshot_of(template)
    rehearsal = template.copy(tmp_path / "rehearsal")
    rehearsal.forget_index()
    witness = Witness()
    with files.open_observer(witness):
        COMMANDS[name](rehearsal)
    after = check_whole(rehearsal)
    for number in choose(witness.calls, extent):
        call = witness.calls[number - 1]
        if call.moment == "after" and call.op != "link":  # of a link alone it is known that it may lie
            continue
        site = template.copy(tmp_path / str(number))
        site.forget_index()
        failed = fails(site, name, number, error, forever=forever)
        if not failed and not forever:
            assert "/cache/" in call.path or call.op not in PROMISING or _is_slot(call), call
        if not forever:
            left = [path.name for path in (site.root / "tmp").iterdir()]
            assert len(left) <= (call.op == "unlink"), (call, left)
        found = check_whole(site)
        assert found == after or (found == before and failed), call
        COMMANDS[name](site)
        assert check_whole(site) == after
        shutil.rmtree(site.folder)


def _is_slot(call: Call) -> bool:
    """Whether the error came after the slot was taken: then the slot itself tells the truth."""
    return call.moment == "after" and call.op == "link" and "/log/" in str(call.detail)


@EXTENT
@pytest.mark.parametrize("forever", [False, True], ids=["once", "forever"])
@pytest.mark.parametrize("name", ["add", "add-known", "tag", "publish"])
def test_failed_call(name: str, forever: bool, extent: str, template: Site, tmp_path: Path) -> None:
    for error in ERRORS if extent == "all" else ERRORS[:1]:
        sweep(template, tmp_path / errno.errorcode[error], name, error, extent, forever=forever)


def test_the_sweep_notices_a_flush_whose_error_is_ignored(
    template: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = NewFile.flush

    def hopeful(file: NewFile) -> None:
        try:
            flush(file)
        except OSError:
            pass

    monkeypatch.setattr(NewFile, "flush", hopeful)
    with pytest.raises(AssertionError, match="op='fsync'"):
        sweep(template, tmp_path, "tag", errno.EIO, "some", forever=False)
