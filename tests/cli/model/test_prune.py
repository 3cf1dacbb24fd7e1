"""`reg model prune`: prints the versions that would go, asks, and removes exactly those."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect
import pytest

from registry_cli.opening import Registry
from tests.cli.conftest import HERE, Reg
from tests.registry.making import add

KEEP = ("--keep", "last 1, best 1 max(metrics.acc)")


@pytest.fixture(autouse=True)
def models(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        for acc in (0.9, 0.5, 0.6, 0.7):
            add(registry, "a/b", metrics={"acc": acc})


def numbers(reg: Reg) -> list[int]:
    return [version.number for version in Registry.open(".").query(sort="number")]


def test_a_dry_run_prints_reasons_and_sizes_and_does_nothing(reg: Reg) -> None:
    found = reg("model", "prune", "project = a", *KEEP, "--dry-run")
    assert [line.split("\t")[:4] for line in found.lines] == [
        ["a/b:4", "keep", "last 1", "9"],
        ["a/b:3", "remove", "", "9"],
        ["a/b:2", "remove", "", "9"],
        ["a/b:1", "keep", "best 1 max(metrics.acc)", "9"],
    ]
    assert found.err == "would remove 2 versions of a/b; 18 B are only theirs\n"
    assert numbers(reg) == [1, 2, 3, 4]


def test_a_dry_run_in_json_and_as_ids(reg: Reg) -> None:
    found = reg("model", "prune", *KEEP, "--dry-run", "--json").json
    assert found["bytes"] == 18
    assert [(one["number"], one["fate"], one["why"]) for one in found["versions"]][:2] == [
        (4, "keep", "last 1"),
        (3, "remove", None),
    ]
    ids = [one["id"] for one in found["versions"] if one["fate"] == "remove"]
    assert reg("model", "prune", *KEEP, "--dry-run", "--quiet").lines == ids


def test_it_prints_what_is_gone(reg: Reg) -> None:
    found = reg("model", "prune", *KEEP, "--yes", "-m", "clean-up")
    assert [line.split("\t")[0] for line in found.lines] == ["a/b:3", "a/b:2"]
    assert numbers(reg) == [1, 4]
    assert reg("model", "prune", *KEEP).err == "nothing to remove\n"
    newest = reg("model", "history", "a/b", "--limit", "1", "--columns", "what,message")
    assert newest.lines == ["removed\tclean-up"] * 2


def test_without_a_terminal_it_wants_yes(reg: Reg) -> None:
    assert "--yes" in reg("model", "prune", *KEEP, code=2).err
    assert numbers(reg) == [1, 2, 3, 4]


@pytest.mark.parametrize(("answer", "left", "code"), [("n", [1, 2, 3, 4], 1), ("y", [1, 4], 0)])
def test_on_a_terminal_it_asks(
    reg: Reg, monkeypatch: pytest.MonkeyPatch, answer: str, left: list[int], code: int
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    terminal = pexpect.spawn(sys.executable, ["-m", "registry_cli", "model", "prune", *KEEP], timeout=20)
    terminal.expect_exact("Remove 2 versions of a/b; 18 B are only theirs?")
    terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == code
    assert numbers(reg) == left


def test_the_registry_s_own_rule(reg: Reg) -> None:
    reg("config", "set", "retention.keep", "last 1,  best 1 max(metrics.acc)")
    found = reg("model", "prune", "--dry-run")
    assert found.err.splitlines()[0] == "retention.keep: last 1, best 1 max(metrics.acc)"
    assert reg("model", "prune", "--dry-run", *KEEP).lines == found.lines
    assert "nothing says what to keep" in reg("model", "prune", "--keep", "", code=2).err
    reg("model", "prune", "--yes")
    assert numbers(reg) == [1, 4]


def test_mistakes(reg: Reg) -> None:
    mistake = reg("model", "prune", code=2).err
    assert "nothing says what to keep" in mistake
    assert "--keep does, as in 'last 5" in mistake
    assert "hint: reg help settings\n" in mistake
    assert "there is no field 'acc'" in reg("model", "prune", "--keep", "best 1 max(acc)", code=2).err
    reg("model", "prune", "acc >", *KEEP, code=2)
