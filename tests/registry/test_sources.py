from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from registry_cli.errors import NotFoundError, UsageError
from registry_cli.registry.sources import find_snapshot, list_sources
from registry_cli.store.layout import DIRECTORY
from tests.builders import make_registry, write


def names(*paths: Path, follow: bool = False) -> list[str]:
    return [source.path for source in list_sources(paths, follow=follow)]


def test_a_file_keeps_its_base_name(tmp_path: Path) -> None:
    [source] = list_sources([write(tmp_path / "deep" / "m.bin", b"123")])
    assert (source.path, source.size) == ("m.bin", 3)
    assert source.file.read_bytes() == b"123"


def test_a_folder_keeps_the_names_inside(tmp_path: Path) -> None:
    for name in ("z.bin", "a/b.bin", "a/.hidden", "größe/模型.bin"):
        write(tmp_path / "out" / name)
    (tmp_path / "out" / "empty").mkdir()
    assert names(tmp_path / "out") == ["a/.hidden", "a/b.bin", "größe/模型.bin", "z.bin"]


def test_files_and_folders_together(tmp_path: Path) -> None:
    write(tmp_path / "out" / "a.bin")
    assert names(tmp_path / "out", write(tmp_path / "config.json")) == ["a.bin", "config.json"]


def test_the_working_folder_and_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "out" / "sub" / "a.bin")
    monkeypatch.chdir(tmp_path / "out" / "sub")
    assert names(Path()) == ["a.bin"]
    assert names(Path("..")) == ["sub/a.bin"]


def test_what_is_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no file or folder .*nothing"):
        list_sources([tmp_path / "nothing"])
    with pytest.raises(NotFoundError, match="no file or folder"):
        list_sources([write(tmp_path / "file") / "below"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match=r"no file in .*empty"):
        list_sources([tmp_path / "empty"])


def test_a_registry_inside_is_left_out(tmp_path: Path) -> None:
    make_registry(tmp_path / "project")
    make_registry(tmp_path / "project" / "sub")
    write(tmp_path / "project" / "m.bin")
    assert names(tmp_path / "project") == ["m.bin"]


def test_links_inside_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "out" / "real" / "m.bin", b"123")
    (tmp_path / "out" / "link.bin").symlink_to("real/m.bin")
    (tmp_path / "out" / "folder").symlink_to("real")
    found = list_sources([tmp_path / "out"])
    assert [(source.path, source.size) for source in found] == [("folder/m.bin", 3), ("link.bin", 3), ("real/m.bin", 3)]


def test_what_is_named_itself_may_be_a_link(tmp_path: Path) -> None:
    write(tmp_path / "out" / "m.bin", b"123")
    (tmp_path / "file").symlink_to("out/m.bin")
    (tmp_path / "folder").symlink_to("out")
    assert names(tmp_path / "file") == ["file"]
    assert names(tmp_path / "folder") == ["m.bin"]


@pytest.mark.parametrize("secret", ["file", "folder"])
def test_a_link_that_leaves_its_folder_is_refused_unless_followed(secret: str, tmp_path: Path) -> None:
    write(tmp_path / "outside" / "secret.bin")
    write(tmp_path / "out" / "m.bin")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "outside" / ("secret.bin" if secret == "file" else ""))
    with pytest.raises(UsageError, match="link out of its folder") as caught:
        list_sources([tmp_path / "out"])
    assert "--follow takes it in" in caught.value.message
    assert names(tmp_path / "out", follow=True) == ["link" if secret == "file" else "link/secret.bin", "m.bin"]


def test_a_folder_whose_name_begins_the_same_is_outside(tmp_path: Path) -> None:
    write(tmp_path / "out-secret" / "m.bin")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to("../out-secret/m.bin")
    with pytest.raises(UsageError, match="link out of its folder"):
        list_sources([tmp_path / "out"])


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("target", [".", "../out", "../out/a"])
def test_links_in_a_circle_end(target: str, follow: bool, tmp_path: Path) -> None:
    write(tmp_path / "out" / "a" / "m.bin")
    (tmp_path / "out" / "a" / "again").symlink_to(Path("..") / target if target.startswith("..") else target)
    with pytest.raises(UsageError, match="is a circular link"):
        list_sources([tmp_path / "out"], follow=follow)


def test_two_links_to_one_folder_are_no_circle(tmp_path: Path) -> None:
    write(tmp_path / "out" / "real" / "m.bin")
    for name in ("one", "two"):
        (tmp_path / "out" / name).symlink_to("real")
    assert names(tmp_path / "out") == ["one/m.bin", "real/m.bin", "two/m.bin"]


def test_links_to_nothing_and_to_themselves(tmp_path: Path) -> None:
    for name, target in (("broken", "gone"), ("self", "self")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).symlink_to(target)
        with pytest.raises(NotFoundError, match="link to nothing"):
            list_sources([folder])
        with pytest.raises(NotFoundError, match="link to nothing"):
            list_sources([folder], follow=True)


@pytest.mark.parametrize("inside", [False, True])
def test_pipes_sockets_and_devices_are_refused_at_once(inside: bool, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    os.mkfifo(folder / "fifo")
    with pytest.raises(UsageError, match="fifo is a pipe") as caught:
        list_sources([folder if inside else folder / "fifo"])
    assert "`-` with --filename" in caught.value.message
    (folder / "fifo").unlink()
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(UsageError, match="socket is no regular file"):
            list_sources([folder if inside else folder / "socket"])
    with pytest.raises(UsageError, match="/dev/zero is no regular file"):
        list_sources([Path("/dev/zero")])


def make_snapshot(tmp_path: Path, repo: str = "models--org--name") -> Path:
    """Lay out a repository as the Hub's cache does: bytes in `blobs`, names in a snapshot."""
    root = tmp_path / "hub" / repo
    snapshot = root / "snapshots" / "0123abc"
    write(root / "blobs" / "aaaa", b"weights")
    write(root / "blobs" / "bbbb", b"{}")
    (snapshot / "sub").mkdir(parents=True)
    (snapshot / "model.safetensors").symlink_to("../../blobs/aaaa")
    (snapshot / "sub" / "config.json").symlink_to("../../../blobs/bbbb")
    return snapshot


def test_a_snapshot_of_the_hub_is_followed(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path)
    assert names(snapshot) == ["model.safetensors", "sub/config.json"]
    found = find_snapshot(snapshot)
    assert found is not None
    assert (found.repo, found.revision) == ("org/name", "0123abc")


def test_a_snapshot_named_from_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_snapshot(tmp_path))
    assert names(Path()) == ["model.safetensors", "sub/config.json"]


def test_a_snapshot_s_links_stay_in_its_repository(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path)
    write(tmp_path / "hub" / "models--org--other" / "blobs" / "cccc")
    (snapshot / "stray").symlink_to("../../../models--org--other/blobs/cccc")
    with pytest.raises(UsageError, match="link out of its folder"):
        list_sources([snapshot])


@pytest.mark.parametrize(
    ("folder", "repo"),
    [
        ("models--bert/snapshots/r", "bert"),
        ("datasets--org--set/snapshots/r", "org/set"),
        ("models--/snapshots/r", None),
        ("models/snapshots/r", None),
        ("models--org--name/refs/r", None),
        ("tools--org--name/snapshots/r", None),
        ("r", None),
    ],
)
def test_what_is_a_snapshot(folder: str, repo: str | None, tmp_path: Path) -> None:
    found = find_snapshot(tmp_path / folder)
    assert (found.repo if found else None) == repo


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("Model.bin", "model.bin", "differ only by case"),
        ("caf\u00e9.bin", "cafe\u0301.bin", "differ only by case|two files are called"),
        ("a/X/m.bin", "a/x/n.bin", None),
    ],
)
def test_names_that_would_be_one_on_another_file_system(one: str, other: str, why: str | None, tmp_path: Path) -> None:
    write(tmp_path / "out" / one)
    write(tmp_path / "out" / other)
    if len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) < 2:
        pytest.skip("this file system folds names itself")
    if why is None:
        assert len(names(tmp_path / "out")) == 2
        return
    with pytest.raises(UsageError, match=why):
        list_sources([tmp_path / "out"])


def test_two_files_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"two files are called 'm\.bin'"):
        list_sources([write(tmp_path / "a" / "m.bin"), write(tmp_path / "b" / "m.bin")])


def test_a_decomposed_name_is_composed(tmp_path: Path) -> None:
    assert names(write(tmp_path / "cafe\u0301.bin")) == ["caf\u00e9.bin"]


@pytest.mark.parametrize("inside", [False, True])
def test_a_name_that_is_no_text_is_refused(inside: bool, tmp_path: Path) -> None:
    path = tmp_path / "out" / os.fsdecode(b"caf\xe9.bin")
    try:
        write(path)
    except OSError:
        pytest.skip("this file system keeps no such names")
    with pytest.raises(UsageError, match=r"'caf\\xe9\.bin' is no UTF-8 name"):
        list_sources([tmp_path / "out" if inside else path])


def test_a_name_with_a_control_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="control character"):
        list_sources([write(tmp_path / "a\nb.bin")])


def test_a_registry_is_no_model(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).mkdir()
    with pytest.raises(UsageError, match="is a registry, no model"):
        list_sources([tmp_path / DIRECTORY])
