"""Whose registry is used where nobody named one: ours, our group's, and those that we trust."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.errors import RefusedError
from registry_cli.registry.api import Registry, find_registry
from registry_cli.registry.trust import distrust_registry, list_trusted, trust_registry
from registry_cli.store.format import read_format
from registry_cli.store.layout import DIRECTORY, Layout
from tests.strange_users import STRANGER, give_away

Give = Callable[[Path], str]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to somebody else")


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    return lambda path: give_away(path, monkeypatch)


def make(folder: Path, *, shared: bool = False) -> Path:
    with Registry.init(folder, shared=shared) as made:
        return made.path


def is_found(root: Path, start: Path) -> bool:
    try:
        return find_registry(start) == root
    except RefusedError:
        return False


def test_a_stranger_s_registry_above_is_not_used(tmp_path: Path, give: Give) -> None:
    root = make(tmp_path)
    (tmp_path / "work").mkdir()
    assert is_found(root, tmp_path / "work")
    name = give(root)
    with pytest.raises(RefusedError, match=f"belongs to {name}") as refused:
        Registry.find(tmp_path / "work")
    assert refused.value.exit_code == 17
    assert refused.value.hint == f"reg trust {tmp_path}"


def test_it_does_not_give_way_to_one_further_up(tmp_path: Path, give: Give) -> None:
    """Else a stranger could choose where a user's models go."""
    make(tmp_path)
    give(make(tmp_path / "near"))
    with pytest.raises(RefusedError):
        find_registry(tmp_path / "near")


def test_the_user_s_own_registry_too_is_his(give: Give) -> None:
    give(make(env.data_home()))
    with pytest.raises(RefusedError):
        find_registry()


def test_an_empty_folder_of_a_stranger_is_none_of_ours(tmp_path: Path, give: Give) -> None:
    (tmp_path / DIRECTORY).mkdir()
    give(tmp_path / DIRECTORY)
    with pytest.raises(RefusedError):
        find_registry(tmp_path)


def test_one_that_was_named_is_used(tmp_path: Path, give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(tmp_path)
    give(root)
    monkeypatch.setenv(env.REG_DIR, str(tmp_path))
    assert find_registry() == root
    assert Registry.open(tmp_path).path == root


def test_a_shared_one_is_used_by_its_group_alone(tmp_path: Path, give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    private, shared = make(tmp_path / "private"), make(tmp_path / "shared", shared=True)
    for root in (private, shared):
        give(root)
    assert not is_found(shared, tmp_path / "shared")
    for group in ("getegid", "getgroups"):
        with monkeypatch.context() as patch:
            number = shared.stat().st_gid
            patch.setattr(os, group, lambda number=number, group=group: number if group == "getegid" else [number])
            assert is_found(shared, tmp_path / "shared")
            assert not is_found(private, tmp_path / "private")


def test_trust_is_of_a_path_and_an_id(tmp_path: Path, give: Give) -> None:
    root = make(tmp_path / "a")
    give(root)
    made = trust_registry(root)
    assert (made.path, made.id, made.state) == (str(root), read_format(Layout(root)).id, "trusted")
    assert is_found(root, tmp_path / "a")
    root.rename(tmp_path / "a" / "old")
    give(make(tmp_path / "a"))
    assert not is_found(root, tmp_path / "a")
    assert [trusted.state for trusted in list_trusted()] == ["replaced"]
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "old").rename(tmp_path / "b" / DIRECTORY)
    assert not is_found(tmp_path / "b" / DIRECTORY, tmp_path / "b")


def test_trust_is_taken_back(tmp_path: Path, give: Give) -> None:
    root = make(tmp_path / "a")
    give(root)
    trust_registry(root)
    root.rename(tmp_path / "moved")
    assert [trusted.state for trusted in list_trusted()] == ["gone"]
    distrust_registry(tmp_path / "a")
    assert list_trusted() == []
    (tmp_path / "moved").rename(root)
    assert not is_found(root, tmp_path / "a")


def test_a_damaged_one_is_not_trusted(tmp_path: Path, give: Give) -> None:
    """Its id cannot be compared."""
    root = make(tmp_path)
    give(root)
    trust_registry(root)
    (root / "format.toml").write_text("id = ")
    with pytest.raises(RefusedError):
        find_registry(tmp_path)


def test_a_link_of_ours_to_a_stranger_s_registry_is_his(tmp_path: Path, give: Give) -> None:
    root = make(tmp_path / "away")
    give(root)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / DIRECTORY).symlink_to(root)
    assert not is_found(tmp_path / "work" / DIRECTORY, tmp_path / "work")
    trust_registry(tmp_path / "work" / DIRECTORY)
    assert is_found(tmp_path / "work" / DIRECTORY, tmp_path / "work")
    assert is_found(root, tmp_path / "away"), "trust is of the real path"


@needs_root
@pytest.mark.parametrize("shared", [False, True])
def test_a_stranger_s_link_to_our_registry_is_not_followed(shared: bool, tmp_path: Path, give: Give) -> None:
    """He could let it lead to another one of ours at any time."""
    root = make(tmp_path / "away", shared=shared)
    (tmp_path / "work").mkdir()
    link = tmp_path / "work" / DIRECTORY
    link.symlink_to(root)
    assert is_found(link, tmp_path / "work")
    give(link)
    assert not is_found(link, tmp_path / "work")


def test_root_may_use_what_the_caller_of_sudo_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(tmp_path)
    owner = root.stat().st_uid or STRANGER
    if os.geteuid() == 0:
        os.chown(root, owner, owner)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not is_found(root, tmp_path)
    for caller, found in (("", False), (str(owner + 1), False), ("-1", False), ("x", False), (str(owner), True)):
        monkeypatch.setenv(env.SUDO_UID, caller)
        assert is_found(root, tmp_path) is found
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert not is_found(root, tmp_path), "anybody can set a variable; only root's is sudo's"
