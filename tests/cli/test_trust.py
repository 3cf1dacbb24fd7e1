"""`reg trust`, and registries of other users in every command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.cli.complete.index import open_index
from registry_cli.store.layout import DIRECTORY
from tests.cli.conftest import Reg
from tests.faults.harness import open_to_all
from tests.forks import end, fork
from tests.strange_users import STRANGER, give_away


@pytest.fixture
def stranger(iris: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a user to whom the registry of `iris` now belongs."""
    iris("status")
    return give_away(tmp_path / DIRECTORY, monkeypatch)


def test_commands_refuse_a_stranger_s_registry_until_it_is_trusted(reg: Reg, stranger: str, tmp_path: Path) -> None:
    for words in (["status"], ["model", "list"], ["fsck"], ["repair"], ["log", "--", "true"]):
        refused = reg(*words, code=125 if words[0] == "log" else 17)
        assert refused.out == ""
        assert f"belongs to {stranger}" in refused.err
        assert f"hint: reg trust {tmp_path}" in refused.err
    (line,) = reg("trust", tmp_path).lines
    assert line.split("\t")[0::2] == [str(tmp_path / DIRECTORY), "trusted"]
    assert reg("trust", "--list").lines == [line]
    assert reg("model", "list", "-q").lines == ["iris/softmax", "iris/tuned"]
    assert reg("trust", "--remove", tmp_path, "-q").lines == [str(tmp_path / DIRECTORY)]
    reg("status", code=17)


def test_a_named_registry_is_used_with_a_note(
    reg: Reg, stranger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"using the registry of {stranger} at {tmp_path / DIRECTORY}\n"
    listed = reg("--registry", tmp_path, "model", "list", "--json")
    assert (len(listed.json), listed.err) == (2, said)
    assert reg("repair", "--registry", tmp_path, "--dry-run").err.count(said) == 1
    monkeypatch.setenv(env.REG_DIR, str(tmp_path))
    assert reg("model", "list").err == said
    assert reg("model", "list", "-q").err == ""
    reg("trust", tmp_path)
    assert reg("model", "list").err == ""


def test_a_named_path_that_is_no_registry(reg: Reg, tmp_path: Path) -> None:
    assert "is not a registry" in reg("--registry", tmp_path / "none", "status", code=10).err
    assert "is not a registry" in reg("trust", tmp_path, code=10).err
    assert "not among the trusted" in reg("trust", "--remove", tmp_path, code=11).err
    for words in ([], ["--remove"], ["--list", tmp_path], ["--list", "--remove"]):
        reg("trust", *words, code=2)


def test_a_damaged_file_is_named(reg: Reg, stranger: str) -> None:
    env.config_home().mkdir(parents=True)
    (env.config_home() / "trust.toml").write_text("registries = [")
    assert "trust.toml cannot be read" in reg("status", code=14).err
    with open_index(None) as index:
        assert index.models("") == []
    (env.config_home() / "trust.toml").write_text("registries = 3")
    assert "trust.toml has no table" in reg("trust", "--list", code=14).err


def test_completion_does_not_open_a_stranger_s_index(reg: Reg, stranger: str, tmp_path: Path) -> None:
    with open_index(None) as index:
        assert index.models("") == []
    with open_index(str(tmp_path)) as index:
        assert index.models("") != []
    reg("trust", tmp_path)
    with open_index(None) as index:
        assert index.models("") != []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")
@pytest.mark.parametrize("group", [STRANGER, STRANGER + 1], ids=["member", "no member"])
def test_a_shared_registry_and_real_users(group: int, reg: Reg, tmp_path: Path) -> None:
    open_to_all(tmp_path)
    site = tmp_path / "site"
    site.mkdir(mode=0o2775)
    os.chown(site, 0, STRANGER)
    site.chmod(0o2775)
    reg("init", "--shared", site)

    def work() -> None:
        os.setgroups([group])
        os.setgid(STRANGER + 2)
        os.setuid(STRANGER)
        os.chdir(site)
        refused = group != STRANGER
        assert ("belongs to root" in reg("status", code=17 if refused else 0).err) is refused
        assert ("of root" in reg("--registry", site, "status").err) is refused

    assert end(fork(work)) == 0
