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


@pytest.mark.slow
def test_they_name_the_file_and_the_version(lent: Reg) -> None:
    OUTSIDE.write_bytes(b"WEIGHTS")
    path = OUTSIDE.absolute()
    verified = lent("model", "verify", "a/m:1", code=14)
    assert (
        f"of a/m:1: {path} changed since its digest was recorded: bring it back, or add what is there" in verified.err
    )
    assert f"hint: reg model add a/m {path} --reference\n" in verified.err
    (row,) = lent("fsck", code=14).lines
    assert row.split("\t")[2:] == ["changed since its digest was recorded", "a/m:1"]
    (damage,) = lent("fsck", "--json", code=14).json["damages"]
    assert (damage["kind"], damage["path"], damage["models"]) == ("external", str(path), ["a/m:1"])
    assert "external outside.bin" in lent("fsck", terminal=True, code=14).shown[1]
    repaired = lent("repair", code=14)
    assert repaired.out.startswith("lost\texternal\tchanged since its digest was recorded\ta/m:1\t")
    assert "1 file outside the registry changed or gone: bring the bytes back, or add what is there" in repaired.err
    assert OUTSIDE.read_bytes() == b"WEIGHTS"


@pytest.mark.slow
def test_adding_what_is_there_and_removing_the_version_is_a_way_out(lent: Reg) -> None:
    OUTSIDE.write_bytes(b"WEIGHTS")
    lent("model", "add", "a/m", OUTSIDE.absolute(), "--reference")
    assert lent("model", "verify", "a/m:2").lines[0].startswith("a/m:2\tok")
    lent("model", "remove", "a/m:1")
    assert lent("fsck").out == ""
    assert "nothing to repair" in lent("repair").err


@pytest.mark.slow
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


@pytest.mark.slow
def test_repair_takes_the_bytes_from_another_registry(lent: Reg) -> None:
    lent("init", "other")
    lent("--registry", "other", "model", "add", "b/copy", OUTSIDE)
    OUTSIDE.write_bytes(b"WEIGHTS")
    assert lent("repair", "--dry-run", "--from", "other").out.startswith("would mend\texternal\t")
    assert lent("repair", "--from", "other").out.startswith("mended\texternal\tcopied from the other registry\t")
    check(lent, 0)
    assert OUTSIDE.read_bytes() == b"WEIGHTS"


@pytest.mark.slow
def test_no_hint_names_a_repair_that_cannot_help(lent: Reg) -> None:
    way_out = "hint: reg model verify a/m:1\n"
    for spoil in (lambda: OUTSIDE.write_bytes(b"WEIGHTS"), OUTSIDE.unlink):
        spoil()
        assert lent("fsck", code=14).err.endswith(way_out)
        repaired = lent("repair", code=14).err
        assert repaired.endswith(way_out)
        assert "--from" not in repaired
    verified = lent("model", "verify", "a/m:1", code=14).err
    assert "is gone, and a/m:1 only points to it" in verified
    assert verified.endswith("hint: reg model add --help\n")


def test_all_commands_say_the_same_of_a_changed_file(lent: Reg) -> None:
    OUTSIDE.write_bytes(b"WEIGHTS")
    for words in (("model", "verify", "a/m:1"), ("model", "get", "a/m:1", "got"), ("model", "path", "a/m:1")):
        told = lent(*words, code=14).err
        assert f"{OUTSIDE.absolute()} changed since its digest was recorded: bring it back, or add what" in told
        assert told.endswith(f"hint: reg model add a/m {OUTSIDE.absolute()} --reference\n")


def test_the_hint_for_a_file_of_a_folder_names_the_folder(lent: Reg) -> None:
    folder = Path("fr").absolute()
    (folder / "in").mkdir(parents=True)
    (folder / "a").write_bytes(b"one")
    (folder / "in" / "b").write_bytes(b"two")
    lent("model", "add", "a/fr", folder, "--reference")
    for name in ("a", "in/b"):
        (folder / name).write_bytes(b"new")
        for words in (("model", "verify", "a/fr"), ("model", "get", "a/fr", "got")):
            assert lent(*words, code=14).err.endswith(f"hint: reg model add a/fr {folder} --reference\n")
    lent("model", "add", "a/fr", folder, "--reference")
    assert lent("model", "verify", "a/fr").lines[0].startswith("a/fr:2\tok")
    lent("model", "add", "a/two", folder / "a", OUTSIDE.absolute(), "--reference")
    OUTSIDE.write_bytes(b"WEIGHTS")
    told = lent("model", "verify", "a/two", code=14).err
    assert told.endswith(f"hint: reg model add a/two {folder}/a {OUTSIDE.absolute()} --reference\n")


def test_several_changed_files_get_the_hint_for_the_first(lent: Reg) -> None:
    other = Path("other.bin").absolute()
    other.write_bytes(b"other")
    lent("model", "add", "a/other", other, "--reference")
    for path in (OUTSIDE, other):
        path.write_bytes(b"new")
    told = lent("model", "verify", "a/other", "a/m", code=14).err
    assert told.endswith(f"hint: reg model add a/other {other} --reference\n")
