"""Names that are no UTF-8 have one escaped form in messages, tables and JSON, and paths in a pipe their own bytes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from registry_cli.errors import RegError, escape_bytes
from registry_cli.views.text import dump_json, escape, escape_command
from tests.cli.lab import Lab

ODD = os.fsdecode(b"caf\xe9.bin")
SHOWN = "caf\\xe9.bin"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "lab", git=False)
    (lab.root / "folder").mkdir()
    for path in (lab.root / ODD, lab.root / "folder" / ODD):
        path.write_bytes(b"weights")
    return lab


@pytest.mark.sweep(8)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("model add p/m {}", 2), ("model add p/m folder", 2), ("model add p/m x{}", 11), ("model find {}", 2),
        ("model find x{}", 11), ("model show {}", 2), ("model query {}", 2), ("model query --name {}", 2),
        ("model query --tag {}", 2), ("model list {}", 2), ("task list --name {}", 2), ("task show {}", 11),
        ("status --registry {}", 10), ("config get {}", 2), ("events --after {}", 2), ("undo x{}", 2),
    ],
)  # fmt: skip
def test_messages_have_one_form(lab: Lab, monkeypatch: pytest.MonkeyPatch, locale: str, words: str, code: int) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    typed = words.format(ODD).split()
    said = lab.reg(*typed, code=code).stderr.decode()
    assert SHOWN in said.lower()
    assert "udce9" not in said.lower()
    told = json.loads(lab.reg(*typed, "--json", code=code).stderr)["error"]
    assert SHOWN in told["message"].lower()
    assert (told["hint"] or "").isascii()


@pytest.mark.parametrize(
    ("words", "code"),
    [("help {}", 11), ("{}", 2), ("model --{}", 2), ("log --output {} -- true", 0), ("log --data {} -- true", 0)],
)
def test_what_has_no_json_has_it_too(lab: Lab, words: str, code: int) -> None:
    said = lab.reg(*words.format(ODD).split(), code=code).stderr.decode()
    assert SHOWN in said
    assert "udce9" not in said


@pytest.mark.slow
def test_what_is_listed_is_utf_8_and_a_path_is_usable(lab: Lab) -> None:
    nested = Lab(lab.root / os.fsdecode(b"d\xe9"), git=False)
    (nested.root / "m.bin").write_bytes(b"weights")
    nested.reg("model", "add", "p/m", "m.bin")
    path = nested.reg("model", "path", "p/m").stdout.removesuffix(b"\n")
    assert Path(os.fsdecode(path)).read_bytes() == b"weights"
    assert "d\\xe9" in json.loads(nested.reg("model", "path", "p/m", "--json").stdout)[0]["path"]
    assert b"d\\xe9" in nested.reg("status").stdout
    assert "d\\xe9" in json.loads(nested.reg("status", "--json").stdout)["path"]


@pytest.mark.slow
def test_data_and_outputs_are_named_in_warnings(lab: Lab) -> None:
    warned = lab.log("--data", "*.bin", "--output", "*.bin", "--", "touch", ODD).stderr.decode()
    assert warned.count(f"'{SHOWN}'") >= 2
    assert lab.task().status == "completed"
    assert SHOWN in str(lab.task().problem)
    assert lab.json("task", "show", "@last")["problem"] == lab.task().problem


def test_a_hint_is_a_command_that_a_shell_reads_back() -> None:
    command = f"printf %s {shlex.quote(ODD)}"
    said = escape_command(command)
    assert said.isascii()
    assert subprocess.run(["bash", "-c", said], capture_output=True, check=True).stdout == os.fsencode(ODD)


def test_forms() -> None:
    assert escape(ODD) == escape_bytes(ODD) == SHOWN
    assert str(RegError(f"{ODD!r} and {ODD}")) == f"'{SHOWN}' and {SHOWN}"
    assert str(RegError("naïve …")) == "naïve …"
    assert json.loads(dump_json({"path": ODD})) == {"path": SHOWN}
