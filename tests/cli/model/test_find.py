"""`reg model find`: which versions hold given bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Reg


@pytest.fixture
def kept(reg: Reg) -> Reg:
    """A registry with one file in two models, and a folder of two files."""
    reg("init")
    Path("a.bin").write_bytes(b"aaaa")
    Path("out").mkdir()
    shutil.copy("a.bin", "out/copied.bin")
    Path("out/b.bin").write_bytes(b"bbbbb")
    reg("model", "add", "x/one", "a.bin")
    reg("model", "add", "x/both", "out")
    return reg


def test_a_file_under_any_name(kept: Reg) -> None:
    shutil.move("a.bin", "renamed.bin")
    assert [line.split("\t")[:2] for line in kept("model", "find", "renamed.bin").lines] == [
        ["x/both:1", "copied.bin"],
        ["x/one:1", "a.bin"],
    ]
    (found,) = kept("model", "find", "out/b.bin", "--json").json
    assert (found["name"], found["number"], found["paths"]) == ("x/both", 1, ["b.bin"])


def test_a_folder_is_held_as_a_whole(kept: Reg) -> None:
    kept("model", "add", "x/more", "out", "--allow-same")
    assert {line.split("\t")[0] for line in kept("model", "find", "out").lines} == {"x/both:1", "x/more:1"}
    Path("out/c.bin").write_bytes(b"aaab")
    assert "no version holds the bytes of out" in kept("model", "find", "out", code=11).err


def test_standard_input(kept: Reg, tmp_path: Path) -> None:
    found = kept("model", "find", "-", "-q", stdin=b"bbbbb")
    assert found.lines == kept("model", "find", "out/b.bin", "-q").lines
    assert "no version holds the bytes of standard input" in kept("model", "find", "-", stdin=b"bbbbc", code=11).err


def test_a_digest(kept: Reg) -> None:
    sha256 = kept("model", "show", "x/one:1", "--json").json["files"][0]["sha256"]
    for word in (sha256, sha256[:8].upper(), f"sha256:{sha256}"):
        assert len(kept("model", "find", word, "-q").lines) == 2
    assert "no version holds" in kept("model", "find", "0" * 64, code=11).err
    for word in (sha256[:7], f"sha256:{sha256[:6]}"):
        missing = kept("model", "find", word, code=11).err
        assert missing.startswith(f"error: no file or folder {word}, and the start of a SHA-256 needs 8 digits\n")


def test_removed_versions_are_found_if_asked_for(kept: Reg) -> None:
    kept("model", "remove", "x/both:1")
    assert len(kept("model", "find", "a.bin").lines) == 1
    assert len(kept("model", "find", "a.bin", "--removed").lines) == 2
    missing = kept("model", "find", "out/b.bin", code=11)
    assert "only removed versions hold the bytes of out/b.bin, such as x/both:1" in missing.err
    assert "hint: reg model find out/b.bin --removed" in missing.err
    kept("model", "archive", "x/one:1")
    assert len(kept("model", "find", "a.bin").lines) == 1


def test_what_is_no_file(kept: Reg) -> None:
    assert "no file or folder gone.bin" in kept("model", "find", "gone.bin", code=11).err
