"""A file that a version only points to: `verify`, `fsck` and `repair` say the same of it, and there are ways out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Reg

OUTSIDE = Path("outside.bin")


@pytest.fixture
def lent(reg: Reg) -> Reg:
    """A registry with a version that points to a file."""
    OUTSIDE.write_bytes(b"weights")
    reg("init")
    reg("model", "add", "a/m", OUTSIDE, "--reference")
    return reg


def check(reg: Reg, code: int) -> None:
    """Check that all three commands end with `code`."""
    for words in (("model", "verify", "a/m:1"), ("fsck",), ("repair",)):
        reg(*words, code=code)


@pytest.mark.slow
def test_they_agree_while_it_is_there_and_after_it_changed(lent: Reg) -> None:
    check(lent, 0)
    OUTSIDE.write_bytes(b"WEIGHTS")
    check(lent, 14)
    OUTSIDE.write_bytes(b"longer weights")
    check(lent, 14)
    assert lent("fsck", "--fast", code=14).out.startswith("external\t")
    OUTSIDE.unlink()
    check(lent, 14)
    OUTSIDE.write_bytes(b"weights")
    check(lent, 0)


def test_they_name_the_file_and_the_version(lent: Reg) -> None:
    OUTSIDE.write_bytes(b"WEIGHTS")
    path = OUTSIDE.absolute()
    verified = lent("model", "verify", "a/m:1", code=14)
    assert f"{path} changed since a/m:1 was made: bring it back, or add what is there" in verified.err
    assert f"hint: reg model add a/m {path} --reference\n" in verified.err
    (row,) = lent("fsck", code=14).lines
    assert row.split("\t")[2:] == ["changed since it was added", "a/m:1"]
    (damage,) = lent("fsck", "--json", code=14).json["damages"]
    assert (damage["kind"], damage["path"], damage["models"]) == ("external", str(path), ["a/m:1"])
    assert "external outside.bin" in lent("fsck", terminal=True, code=14).shown[1]
    repaired = lent("repair", code=14)
    assert repaired.out.startswith("lost\texternal\tchanged since it was added\ta/m:1\t")
    assert "1 file outside the registry changed: bring the bytes back, or add what is there" in repaired.err
    assert OUTSIDE.read_bytes() == b"WEIGHTS"


def test_adding_what_is_there_and_removing_the_version_is_a_way_out(lent: Reg) -> None:
    OUTSIDE.write_bytes(b"WEIGHTS")
    lent("model", "add", "a/m", OUTSIDE.absolute(), "--reference")
    assert lent("model", "verify", "a/m:2").lines[0].startswith("a/m:2\tok")
    lent("model", "remove", "a/m:1")
    assert lent("fsck").out == ""
    assert "nothing to repair" in lent("repair").err


def test_the_bytes_in_the_registry_are_a_way_out(lent: Reg) -> None:
    shutil.copy(OUTSIDE, "saved.bin")
    OUTSIDE.write_bytes(b"WEIGHTS")
    lent("model", "add", "a/kept", "saved.bin")
    check(lent, 0)
    lent("model", "get", "a/m:1", "got")
    assert Path("got/outside.bin").read_bytes() == b"weights"
    assert Path(lent("model", "path", "a/m:1").out.strip()).read_bytes() == b"weights"
    lent("model", "get", "a/m:1", "-o", "one.bin")
    assert Path("one.bin").read_bytes() == b"weights"


def test_repair_takes_the_bytes_from_another_registry(lent: Reg) -> None:
    lent("init", "other")
    lent("--registry", "other", "model", "add", "b/copy", OUTSIDE)
    OUTSIDE.write_bytes(b"WEIGHTS")
    assert lent("repair", "--dry-run", "--from", "other").out.startswith("would mend\texternal\t")
    assert lent("repair", "--from", "other").out.startswith("mended\texternal\tcopied from the other registry\t")
    check(lent, 0)
    assert OUTSIDE.read_bytes() == b"WEIGHTS"
