"""`reg init`: a registry is made where the user says, and one that is there is recognized."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Reg


def made(reg: Reg, *words: str | Path) -> Path:
    return Path(reg(*words, "-q").out.rstrip("\n"))


def test_one_that_is_there_is_recognized_and_said(reg: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = reg("init", "--json")
    assert first.err == "hint: reg model add --help\n"
    root = tmp_path / ".registry"
    for place in (".", root, tmp_path):
        again = reg("init", place, "--json")
        assert again.json == first.json == {"path": str(root), "id": first.json["id"]}
        assert again.err.startswith("this registry was there before; nothing was changed\n")
    monkeypatch.chdir(root)
    assert reg("init", "--json").json == first.json
    assert not (root / ".registry").exists()
    assert "lies inside the registry" in reg("init", "tasks", code=2).err


def test_it_is_made_where_an_option_or_variable_says(reg: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(reg, "--registry", "one", "init") == tmp_path / "one/.registry"
    assert made(reg, "init", "--registry", "two/.registry") == tmp_path / "two/.registry"
    monkeypatch.setenv("REG_DIR", "three")
    assert made(reg, "init") == tmp_path / "three/.registry"
    assert reg("model", "list").out == ""
    assert made(reg, "--registry", "four", "init") == tmp_path / "four/.registry"
    assert made(reg, "init", "five") == tmp_path / "five/.registry"
    assert not (tmp_path / ".registry").exists()


def test_a_place_is_said_once(reg: Reg) -> None:
    for words in (["x", "--user"], ["x", "--registry", "y"], ["--user", "--registry", "y"]):
        assert "hint: reg init --help\n" in reg("init", *words, code=2).err


def test_a_file_in_the_place_is_named(reg: Reg, tmp_path: Path) -> None:
    file = tmp_path / "w.bin"
    file.write_bytes(b"w")
    for place in ("w.bin", "w.bin/deep", "w.bin/.registry"):
        assert reg("init", place, code=2).err == f"error: {file} is a file, no folder\nhint: reg init --help\n"
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_not_shared_stays_so(reg: Reg) -> None:
    reg("init")
    assert "warning: it is not shared, and --shared does not change that\n" in reg("init", "--shared").err
